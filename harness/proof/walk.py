"""One trace, record by record: each value against what rounding may make of its formula and its inputs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.proof.balls import DOUBLE_U, SINGLE_U, Backend, Real, Rounding
from harness.proof.crystal_formulas import CRYSTAL_FORMULAS
from harness.proof.origin_formulas import ORIGIN_FORMULAS
from harness.proof.place import NotProvableError
from harness.proof.ray_formulas import RAY_FORMULAS
from harness.proof.setup_formulas import SETUP_FORMULAS, SETUP_WORDS, Formula
from harness.proof.space import Balls
from simulator.config import RunConfig
from trace_tools.judging.lookup import DEFAULT_GRAPH
from trace_tools.reading.lines import Record, show_context
from trace_tools.reading.trace_file import TraceLog
from trace_tools.tap_points import TapLevel
from trace_tools.tap_table import NEWER

FORMULAS: Mapping[str, Formula] = {**SETUP_FORMULAS, **ORIGIN_FORMULAS, **RAY_FORMULAS, **CRYSTAL_FORMULAS}
"""Every tap that has a formula here; the others are what the chain starts from."""
SCALED = frozenset(name for name in DEFAULT_GRAPH if name.endswith(("_angstroms", "_A_inv")))
"""Taps that a program prints in another unit than it computes in."""
UNIT_CHANGE_ROUNDINGS = 2.0
NEWER_SINCE = 2
"""Version of the traces that has the taps of `NEWER`."""
INSIDE, OUTSIDE = "inside", "outside"
INDEX_OF_SETUP = {TapLevel.source_setup: "src", TapLevel.phi_setup: "phi", TapLevel.mosaic_setup: "mos"}
SETUP_LEVELS = {TapLevel.setup, *INDEX_OF_SETUP}


@dataclass(frozen=True)
class Outside:
    """A record outside its enclosure: place, component, value, what rounding may give, and the true value.

    Of a tap that is a word: the word that the options end on.
    """

    context: str
    component: int
    value: float | str
    low: float | str
    high: float | str
    true: float | str


@dataclass
class TapProof:
    """What is proven of one tap of one program, in records; `reasons` says why of those that are not."""

    inside: int = 0
    outside: int = 0
    unknown: int = 0
    first: Outside | None = None
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass
class KeptRecord:
    """A record that later ones may need, with its enclosures, made where they are asked for."""

    record: Record
    turn: Mapping[str, int]
    made: dict[float, Balls] = field(default_factory=dict)


class Walk:
    """The records of one trace in their order, and the place of the one that is looked at.

    Args:
        trace: of one program.
        config: the options of the run, with its quirks.
        backend: of enclosures.
        single: taps that the program computes in single precision.
        magnitudes: taps whose sign is open.
    """

    def __init__(
        self,
        trace: TraceLog,
        config: RunConfig,
        backend: Backend,
        single: frozenset[str] = frozenset(),
        magnitudes: frozenset[str] = frozenset(),
    ) -> None:
        self.trace = trace
        self.config = config
        self.single, self.magnitudes = single, magnitudes
        self.exact = Rounding(backend)
        self.double, self.short = Rounding(backend, DOUBLE_U), Rounding(backend, SINGLE_U)
        self.by = self.double
        self.turn: Mapping[str, int] = {}
        self._tap = ""
        self._setup: dict[tuple[str, int], KeptRecord] = {}
        self._lists: dict[str, list[KeptRecord]] = defaultdict(list)
        self._prepare()

    def _prepare(self) -> None:
        """Keep the whole set-up first: its taps may come from later ones."""
        for record in self.trace.records():
            tap = DEFAULT_GRAPH.get(record.tap)
            if tap is not None and tap.level in SETUP_LEVELS:
                turn = dict(record.context)
                kept = KeptRecord(record, turn)
                self._setup[record.tap, turn.get(INDEX_OF_SETUP.get(tap.level, ""), -1)] = kept
                self._lists[record.tap].append(kept)

    def proofs(self) -> dict[tuple[str, tuple[tuple[str, int], ...]], str]:
        """Return of each record "inside", or "outside", or why nothing is known; details in `taps`."""
        self.taps: dict[str, TapProof] = defaultdict(TapProof)
        found = {}
        for record in self.trace.records():
            if record.tap not in DEFAULT_GRAPH:
                continue
            found[record.tap, record.context] = self._judge(record)
            self._keep(record)
        return found

    def _keep(self, record: Record) -> None:
        if DEFAULT_GRAPH[record.tap].level not in SETUP_LEVELS:
            self._append(KeptRecord(record, dict(record.context)))

    def _append(self, new: KeptRecord) -> None:
        kept = self._lists[new.record.tap]
        if kept and any(kept[0].turn.get(key) != new.turn.get(key) for key in ("s", "f")):
            kept.clear()  # another pixel has begun
        kept.append(new)

    def _judge(self, record: Record) -> str:
        proof = self.taps[record.tap]
        try:
            outside = self._outside(record)
        except NotProvableError as reason:
            proof.unknown += 1
            proof.reasons[str(reason)] = proof.reasons.get(str(reason), 0) + 1
            return str(reason)
        if outside is None:
            proof.inside += 1
            return INSIDE
        proof.outside += 1
        proof.first = proof.first or outside
        return OUTSIDE

    def _outside(self, record: Record) -> Outside | None:
        """Return the first component outside its enclosure, None if all are inside."""
        if record.tap in SETUP_WORDS and record.words:
            meant = SETUP_WORDS[record.tap](self.config)
            return None if record.words == (meant,) else Outside("", 0, record.words[0], meant, meant, meant)
        if record.tap not in FORMULAS:
            raise NotProvableError("no formula here: the chain starts from it")
        self._finite(record)
        enclosed = self._enclosed(record, self.short if record.tap in self.single else self.double)
        for number, (value, real) in enumerate(zip(record.values, enclosed, strict=True)):
            if not real.known:
                raise NotProvableError("rounding may give any value here")
            signs = (value, -value) if record.tap in self.magnitudes else (value,)
            if not any(real.holds(sign, sign) for sign in signs):
                return Outside(
                    show_context(record.context), number, value, *real.ends, self._true(record, number)
                )
        return None

    def _true(self, record: Record, number: int) -> float:
        try:
            low, high = self._enclosed(record, self.exact)[number].ends
        except NotProvableError:
            return math.nan
        return 0.5 * (low + high)

    def _enclosed(self, record: Record, by: Rounding) -> Balls:
        """Return the enclosures of a record's values in an arithmetic."""
        self.by, self._tap, self.turn = by, record.tap, dict(record.context)
        found = FORMULAS[record.tap](self)
        if record.tap in SCALED:
            return tuple(part.widened(UNIT_CHANGE_ROUNDINGS) for part in found)
        return found

    def _input(self, tap: str) -> KeptRecord:
        level = DEFAULT_GRAPH[tap].level
        if level in SETUP_LEVELS:
            kept = self._setup.get((tap, self.turn.get(INDEX_OF_SETUP.get(level, ""), -1)))
        else:
            kept = self._latest(tap)
        if kept is None:
            raise NotProvableError(f"the trace has no {tap}")
        return kept

    def _latest(self, tap: str) -> KeptRecord | None:
        """Return the latest record of a tap that agrees in the loop counters which both have."""
        kept = self._lists[tap]
        if not kept or any(self.turn.get(key, n) != n for key, n in kept[-1].turn.items()):
            return None
        return kept[-1]

    def _values(self, kept: KeptRecord) -> Balls:
        found = kept.made.get(self.by.u)
        if found is None:
            found = tuple(self.by.of(value) for value in self._finite(kept.record))
            if kept.record.tap in SCALED:
                found = tuple(part.widened(UNIT_CHANGE_ROUNDINGS) for part in found)
            kept.made[self.by.u] = found
        return found

    @staticmethod
    def _finite(record: Record) -> Sequence[float]:
        """Return the numbers of a record that has those of its tap, all finite."""
        tap = DEFAULT_GRAPH[record.tap]
        if len(record.values) != tap.size or tuple(key for key, _ in record.context) != tap.keys:
            raise NotProvableError(f"{record.tap} has other values or loop counters than its tap")
        if not all(map(math.isfinite, record.values)):
            raise NotProvableError(f"{record.tap} is no finite number")
        return record.values

    def vec(self, tap: str) -> Balls:
        """See `FormulaPlace.vec`; what a trace of version 1 does not have yet is made of what it has."""
        if tap in NEWER and self.trace.schema < NEWER_SINCE:
            return FORMULAS[tap](self)
        return self._values(self._input(tap))

    def one(self, tap: str) -> Real:
        """See `FormulaPlace.one`."""
        return self.vec(tap)[0]

    def number(self, tap: str) -> float:
        """See `FormulaPlace.number`."""
        return self.numbers(tap)[0]

    def numbers(self, tap: str) -> tuple[float, ...]:
        """See `FormulaPlace.numbers`."""
        return tuple(self._finite(self._input(tap).record))

    def word(self, tap: str) -> str:
        """See `FormulaPlace.word`."""
        words = self._input(tap).record.words
        if len(words) != 1:
            raise NotProvableError(f"{tap} is no word")
        return words[0]

    def every(self, tap: str) -> Sequence[Balls]:
        """See `FormulaPlace.every`."""
        return [
            self._values(kept)
            for kept in self._lists[tap]
            if all(self.turn.get(key, n) == n for key, n in kept.turn.items() if key in ("s", "f"))
        ]

    def before(self, *same: str) -> Balls | None:
        """See `FormulaPlace.before`."""
        kept = self._lists[self._tap]
        if not kept or any(kept[-1].turn.get(key) != self.turn.get(key) for key in same):
            return None
        return self._values(kept[-1])
