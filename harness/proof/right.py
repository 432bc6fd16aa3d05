"""Who is right? Both programs of a traced pair, tap by tap, against what rounding may give (spec 06, 12).

Each program is held to its own inputs, so that what an earlier tap got wrong is not counted again. "Off" is
proven: no rounding of the formula gives the value. So is "equal up to rounding": every record on which the
programs differ is one that rounding may give on both sides, and no record is on one side only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness.proof.balls import Backend, find_backend
from harness.proof.chain import FINAL, OFF, Chain, ChainPixel, chain_data
from harness.proof.walk import INSIDE, OUTSIDE, Outside, TapProof, Walk
from harness.sides import SIDES
from simulator.config import RunConfig
from simulator.errors import InputError
from system_io.shown import markdown_text
from trace_tools.judging.arithmetic import DOUBLE, SIGNS_OPEN
from trace_tools.judging.diff import Comparison
from trace_tools.judging.lookup import DEFAULT_GRAPH
from trace_tools.reading.lines import show_context
from trace_tools.reading.numerals import ALL_DIGITS
from trace_tools.reading.trace_file import TraceLog

EQUAL = "equal up to rounding, proven"
NOT_PROVABLE = "not provable here"
BOTH_OFF = "both are off"
MOST_RECORDS = 100_000
"""Of one trace: a thousand records take about a tenth of a second."""
RecordKey = tuple[str, tuple[tuple[str, int], ...]]


@dataclass(frozen=True)
class ProofRow:
    """One tap: records that differ between the programs, and the proof of each side."""

    tap: str
    differ: int
    sides: tuple[TapProof, TapProof]

    def word(self, side: int) -> str:
        """Return inside, OFF or unknown for one side."""
        proof = self.sides[side]
        return "OFF" if proof.outside else INSIDE if proof.inside and not proof.unknown else "unknown"


@dataclass(frozen=True)
class Right:
    """The verdict on both programs: its words, why, the taps of the trace, and the library that proved it.

    chains: for each program that computes in double precision, its pixels from the command line alone.
    """

    verdict: str
    reason: str
    rows: tuple[ProofRow, ...] = ()
    library: str = ""
    chains: tuple[tuple[ChainPixel, ...], ...] = ()

    @property
    def off(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the taps at which each program is off."""
        first, second = (tuple(row.tap for row in self.rows if row.sides[n].outside) for n in (0, 1))
        return first, second


def off_words(side: str) -> str:
    """Return the verdict that one side is off."""
    return f"{side} is off"


def who_is_right(comparison: Comparison, words: Sequence[str], caller: Path) -> Right:
    """Hold the records of two programs to the formulas of the specification.

    Args:
        comparison: two traces; A is side c, B is side py.
        words: the command line in the simulator's words; it gives the options and the quirks.
        caller: directory that relative names in it refer to.

    Returns:
        The verdict; not provable, with the reason, where traces or options do not allow one.
    """
    traces = (comparison.a, comparison.b)
    hindrance = _hindrance(traces)
    if hindrance:
        return Right(NOT_PROVABLE, hindrance)
    try:
        with chdir(caller):
            config = RunConfig.from_args(list(words))
    except InputError as error:
        return Right(NOT_PROVABLE, f"the simulator refuses the command line: {error}")
    arithmetic = comparison.bounds.arithmetic
    single = frozenset(comparison.bounds.single) if arithmetic != DOUBLE else frozenset()
    backend = find_backend()
    with backend.precise():
        walks = (
            Walk(traces[0], config, backend),
            Walk(traces[1], config, backend, single, SIGNS_OPEN[arithmetic]),
        )
        found = [walk.proofs() for walk in walks]
        doubles = traces if arithmetic == DOUBLE else traces[:1]
        chains = tuple(Chain(trace, config, backend).pixels() for trace in doubles)
    return _chained(_verdict(walks, found, backend), chains)


def _chained(right: Right, chains: tuple[tuple[ChainPixel, ...], ...]) -> Right:
    """Return a verdict with the pixels of the command line, which may prove what single taps do not."""
    off = [[pixel for pixel in pixels if pixel.word == OFF] for pixels in chains]
    sides = [side for side, pixels in zip(SIDES, off, strict=False) if pixels]
    if right.verdict not in (NOT_PROVABLE, EQUAL) or not sides:
        return replace(right, chains=chains)
    verdict = off_words(sides[0]) if len(sides) == 1 else BOTH_OFF
    first = next(pixel for pixels in off for pixel in pixels)
    reason = f"{sides[0]}: {FINAL} from the command line alone, {first.text}"
    return replace(right, verdict=verdict, reason=reason, chains=chains)


def _hindrance(traces: Sequence[TraceLog]) -> str:
    for trace in traces:
        if len(trace) > MOST_RECORDS:
            return f"{trace.source} has {len(trace)} records, more than {MOST_RECORDS}; trace fewer pixels"
        if not trace.schema:
            return (
                f"{trace.source} is of an older format, whose units and digits are not those of the contract"
            )
        if trace.digits.significant < ALL_DIGITS - 1:
            return f"{trace.source} has {trace.digits.significant} digits; print all {ALL_DIGITS}"
    return ""


def _verdict(walks: Sequence[Walk], found: Sequence[Mapping[RecordKey, str]], backend: Backend) -> Right:
    values = [
        {(record.tap, record.context): record.words or record.values for record in walk.trace.records()}
        for walk in walks
    ]
    differing = [key for key in found[0] if key in found[1] and not _same(values[0][key], values[1][key])]
    counts: dict[str, int] = {}
    for tap, _ in differing:
        counts[tap] = counts.get(tap, 0) + 1
    rows = tuple(
        ProofRow(
            tap, counts.get(tap, 0), (walks[0].taps.get(tap, TapProof()), walks[1].taps.get(tap, TapProof()))
        )
        for tap in DEFAULT_GRAPH
        if tap in walks[0].taps or tap in walks[1].taps
    )
    right = Right("", "", rows, backend.name)
    verdict, reason = _words(right, differing, found, _alone(found))
    return Right(verdict, reason, rows, backend.name)


def _same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return repr(tuple(one)) == repr(tuple(other))


def _alone(found: Sequence[Mapping[RecordKey, str]]) -> list[RecordKey]:
    return [key for n in (0, 1) for key in found[n] if key not in found[1 - n]]


def _words(
    right: Right,
    differing: Sequence[RecordKey],
    found: Sequence[Mapping[RecordKey, str]],
    alone: Sequence[RecordKey],
) -> tuple[str, str]:
    """Return the verdict and its reason."""
    off = right.off
    if any(off):
        verdict = BOTH_OFF if all(off) else off_words(SIDES[0 if off[0] else 1])
        first = next(row for row in right.rows if any(side.outside for side in row.sides))
        return verdict, "; ".join(
            f"{side}: {first.tap} {_shown(proof.first)}"
            for side, proof in zip(SIDES, first.sides, strict=True)
            if proof.first is not None
        )
    if alone:
        return NOT_PROVABLE, f"{alone[0][0]} {show_context(alone[0][1])} is on one side only".replace(
            "  ", " "
        )
    unknown = [(key, side[key]) for key in differing for side in found if side[key] not in (INSIDE, OUTSIDE)]
    if unknown:
        (tap, context), why = unknown[0]
        return NOT_PROVABLE, f"{tap} {show_context(context)}: {why}".replace(" :", ":")
    if not differing:
        return EQUAL, "the programs agree on every record"
    return EQUAL, f"rounding may give each of the {len(differing)} records that differ"


def _shown(outside: Outside) -> str:
    """Return where, what was printed, and what rounding allows."""
    where = f"{outside.context}: " if outside.context else ""
    return (
        f"{where}{outside.value!r} is outside [{outside.low!r}, {outside.high!r}], which holds every rounding"
        f" of the formula at its own inputs; true value {outside.true!r}"
    )


def right_data(right: Right | None) -> dict[str, Any] | None:
    """Return the verdict as plain data, None where it was not asked for."""
    if right is None:
        return None
    rows = [
        {"tap": row.tap, "differ": row.differ, **{
            side: {"word": row.word(n), **asdict(proof)}
            for n, (side, proof) in enumerate(zip(SIDES, row.sides, strict=True))
        }}
        for row in right.rows
    ]  # fmt: skip
    return {"verdict": right.verdict, "reason": right.reason, "library": right.library, "taps": rows,
            "chain": chain_data(right.chains, SIDES[: len(right.chains)])}  # fmt: skip


def right_markdown(stated: Mapping[str, Any]) -> str:
    """Return the verdict as a section of a Markdown page.

    Args:
        stated: as of `right_data`.
    """
    lines = [
        "## Who is right?", "", f"**{stated['verdict']}**: {markdown_text(stated['reason'])}.", "",
        "Each value against what any rounding of its formula (docs/spec) may give at a program's own inputs",
        f"({stated['library'] or 'no library'}). inside: rounding may give it. OFF: no rounding does.", "",
        "| tap | records that differ | c | py |", "|---|---|---|---|",
    ]  # fmt: skip
    lines += [
        f"| {row['tap']} | {row['differ']} | {row['c']['word']} | {row['py']['word']} |"
        for row in stated["taps"]
        if row["differ"] or row["c"]["outside"] or row["py"]["outside"]
    ]
    chains = [f"- {one['side']}, pixel {markdown_text(one['text'])}" for one in stated.get("chain", [])]
    if chains:
        lines += [
            "",
            f"{FINAL} from the command line alone, enclosures handed on from tap to tap:",
            "",
            *chains,
        ]
    return "\n".join(lines) + "\n"
