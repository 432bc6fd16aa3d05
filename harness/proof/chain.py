"""The value of a pixel from the command line alone: enclosures handed on from tap to tap.

What a program prints of integers, words and taps without a formula here is what a chain starts from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.proof.balls import Rounding
from harness.proof.place import NotProvableError
from harness.proof.space import Balls
from harness.proof.walk import FORMULAS, SCALED, SETUP_LEVELS, UNIT_CHANGE_ROUNDINGS, KeptRecord, Walk
from trace_tools.judging.lookup import DEFAULT_GRAPH
from trace_tools.reading.lines import Record, show_context

FINAL = "I_pixel_final"
TOO_WIDE = 1e-6
"""Relative width of an enclosure from which on it tells nothing of a fault."""
WITHIN, OFF, WIDE, UNKNOWN = "inside", "OFF", "too wide", "unknown"


@dataclass(frozen=True)
class ChainPixel:
    """The photons of one pixel (slow, fast) of one program: printed, true, and what any rounding may give.

    starts: taps whose printed numbers the chain starts from; reason: why nothing is known.
    """

    pixel: tuple[int, int]
    value: float
    low: float
    high: float
    true: float
    starts: tuple[str, ...]
    reason: str = ""

    @property
    def width(self) -> float:
        """Return the relative width of what rounding may give."""
        size = max(abs(self.low), abs(self.high))
        return (self.high - self.low) / size if size else 0.0

    @property
    def word(self) -> str:
        """Return where the printed value is."""
        if self.reason:
            return UNKNOWN
        if not self.low <= self.value <= self.high:
            return OFF
        return WIDE if self.width > TOO_WIDE else WITHIN

    @property
    def text(self) -> str:
        """Return it in words."""
        head = f"{self.pixel[0]} {self.pixel[1]}: {self.value!r} is {self.word}"
        if self.reason:
            return f"{head}: {self.reason}"
        start = f"; printed {', '.join(self.starts)} taken for granted" if self.starts else ""
        return (
            f"{head}: any rounding gives [{self.low!r}, {self.high!r}] (relative width {self.width:.1e}),"
            f" true value {self.true!r}{start}"
        )


class Chain(Walk):
    """The records of one trace, each with the enclosure that follows from the command line."""

    def pixels(self) -> tuple[ChainPixel, ...]:
        """Return the final value of each traced pixel."""
        self._starts: set[str] = set()
        self._open: set[int] = set()
        self._reasons: dict[int, str] = {}
        found = []
        for record in self.trace.records():
            tap = DEFAULT_GRAPH.get(record.tap)
            if tap is None or tap.level in SETUP_LEVELS:
                continue
            if record.tap == FINAL:
                found.append(self._final(record))
            kept = KeptRecord(record, dict(record.context))
            if record.tap in FORMULAS and tap.kind == "float":
                self._fill(kept)
            self._append(kept)
        return tuple(found)

    def _final(self, record: Record) -> ChainPixel:
        slow, fast = (turn for _, turn in record.context[:2])
        value = record.values[0]
        try:
            low, high = self._derived(record, self.double)[0].ends
            true = sum(self._derived(record, self.exact)[0].ends) / 2.0
        except NotProvableError as reason:
            nothing = float("nan")
            return ChainPixel((slow, fast), value, nothing, nothing, nothing, (), str(reason))
        starts = tuple(tap for tap in DEFAULT_GRAPH if tap in self._starts)
        return ChainPixel((slow, fast), value, low, high, true, starts)

    def _fill(self, kept: KeptRecord) -> None:
        """Enclose a record in both arithmetics, or keep the reason why that is not possible."""
        try:
            for by in (self.exact, self.double):
                kept.made[by.u] = self._derived(kept.record, by)
        except NotProvableError as reason:
            where = f"{kept.record.tap} {show_context(kept.record.context)}".rstrip()
            self._reasons[id(kept)] = f"{where}: {reason}"

    def _derived(self, record: Record, by: Rounding) -> Balls:
        """Return what the formula of a record makes of the enclosures before it."""
        before = self.by, self._tap, self.turn
        try:
            self.by, self._tap, self.turn = by, record.tap, dict(record.context)
            found = FORMULAS[record.tap](self)
        finally:
            self.by, self._tap, self.turn = before
        if not all(part.known for part in found):
            raise NotProvableError("rounding may give any value here")
        scaled = record.tap in SCALED
        return tuple(part.widened(UNIT_CHANGE_ROUNDINGS) for part in found) if scaled else found

    def _values(self, kept: KeptRecord) -> Balls:
        """Return the enclosure of a record, made from the command line where it has a formula."""
        found = kept.made.get(self.by.u)
        if found is not None:
            return found
        tap = DEFAULT_GRAPH[kept.record.tap]
        if id(kept) in self._reasons:
            raise NotProvableError(self._reasons[id(kept)])
        if tap.name not in FORMULAS or tap.kind != "float" or id(kept) in self._open:
            if tap.kind == "float":
                self._starts.add(tap.name)
            return super()._values(kept)
        self._open.add(id(kept))
        try:
            kept.made[self.by.u] = self._derived(kept.record, self.by)
        finally:
            self._open.discard(id(kept))
        return kept.made[self.by.u]


def chain_data(sides: Sequence[Sequence[ChainPixel]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the pixels of both programs as plain data."""
    return [
        {"side": name, "pixel_slow_fast": list(one.pixel), "word": one.word, "text": one.text}
        for name, pixels in zip(names, sides, strict=True)
        for one in pixels
    ]
