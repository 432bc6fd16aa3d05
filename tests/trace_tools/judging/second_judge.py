"""A second judge of two logs, plain and slow: one record at a time, in words of the specification.

It shares nothing with `trace_tools.judging` but the records, the table of taps and the scales on which
rounding acts, so that the two agree only where both do what the contract says.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from trace_tools.judging.diff import Comparison
from trace_tools.reading.lines import Record
from trace_tools.reading.trace_log import TraceLog
from trace_tools.tap_points import TAP_POINTS, TapPoint

INSIDE = 0
CONTRACT: Mapping[str, TapPoint] = {tap.name: tap for tap in TAP_POINTS}


@dataclass
class Row:
    """A record of either side or both, and what is found of it."""

    a: Record | None
    b: Record | None
    state: int = INSIDE
    alone: bool = field(init=False)

    def __post_init__(self) -> None:
        self.alone = self.a is None or self.b is None

    @property
    def record(self) -> Record:
        """Return the record of the one side or of the other."""
        found = self.a or self.b
        assert found is not None
        return found

    @property
    def name(self) -> str:
        """Return the tap."""
        return self.record.tap

    @property
    def turns(self) -> dict[str, int]:
        """Return the loop indices."""
        return dict(self.record.context)

    @property
    def values(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return the values of both sides."""
        assert self.a is not None
        assert self.b is not None
        return self.a.values, self.b.values


def rows_of(first: Sequence[Record], second: Sequence[Record]) -> list[Row]:
    """Pair records of equal tap and context; one of the second log alone follows the one before it there."""
    place = {(one.tap, frozenset(one.context)): n for n, one in enumerate(first)}
    partners: dict[int, Record] = {}
    behind: dict[int, list[Record]] = {}
    last = -1
    for other in second:
        found = place.get((other.tap, frozenset(other.context)))
        if found is None:
            behind.setdefault(last, []).append(other)
        else:
            partners[found] = other
            last = found
    rows = [Row(None, other) for other in behind.get(-1, [])]
    for number, one in enumerate(first):
        rows.append(Row(one, partners.get(number)))
        rows += [Row(None, other) for other in behind.get(number, [])]
    return rows


def together(one: Row, other: Row, keys: Sequence[str] | None = None) -> bool:
    """Tell whether two records have equal loop indices where both have them, in some keys or in all."""
    here, there = one.turns, other.turns
    shared = here.keys() & there.keys()
    return all(here[key] == there[key] for key in shared if keys is None or key in keys)


def same(x: float, y: float) -> bool:
    """Tell whether two values are equal."""
    return x == y or (math.isnan(x) and math.isnan(y))


def steps(x: float, y: float) -> float:
    """Return the number of doubles from one value to the other."""
    if same(x, y):
        return 0.0
    if math.isnan(x) or math.isnan(y):
        return math.inf
    numbers = []
    for value in (x, y):
        bits = struct.unpack("<q", struct.pack("<d", value))[0]
        numbers.append(bits if bits >= 0 else -(bits + 2**63))
    return float(abs(numbers[0] - numbers[1]))


def half_unit(comparison: Comparison, name: str, x: float, y: float) -> float:
    """Return half a unit of the last printed digit, of the log that prints fewer."""
    open_digits = 0.0
    for trace, value in ((comparison.a, x), (comparison.b, y)):
        digits = trace.digits
        if digits.decimals is not None:
            factors = [factor for _, tap, factor in trace.conversions if tap == name] or [1.0]
            open_digits = max(open_digits, max(factors) / 2 / 10**digits.decimals)
        elif digits.lossy and value and math.isfinite(value):
            places = math.floor(math.log10(abs(value))) + 1 - digits.significant
            open_digits = max(open_digits, 10.0**places / 2)
    return open_digits


@dataclass
class Figures:
    """What is counted of one tap."""

    compared: int = 0
    differing: int = 0
    worst: list[float] = field(default_factory=lambda: [0.0] * 4)
    outside: list[int] = field(default_factory=list)
    undefined: list[int] = field(default_factory=list)
    by_digits: int = 0


def figures_of(comparison: Comparison, rows: Sequence[Row]) -> dict[str, Figures]:
    """Compare the pairs of every tap one value at a time."""
    found: dict[str, Figures] = {}
    wordy = {record.tap for row in rows for record in (row.a, row.b) if record and record.words}
    for number, row in enumerate(rows):
        if row.alone:
            continue
        figures = found.setdefault(row.name, Figures())
        figures.compared += 1
        if CONTRACT[row.name].kind == "word" or row.name in wordy:
            _count_words(figures, row, number)
        else:
            _count_numbers(figures, comparison, row, number)
    return found


def _count_words(figures: Figures, row: Row, number: int) -> None:
    assert row.a is not None
    assert row.b is not None
    if row.a.words or row.b.words:
        equal, both_nan = row.a.words == row.b.words, False
    else:
        equal = all(map(same, *row.values))
        both_nan = equal and any(map(math.isnan, row.a.values))
    if not equal:
        figures.outside.append(number)
        figures.differing += 1
        figures.worst = [math.inf] * 4
    if both_nan:
        figures.undefined.append(number)


def _count_numbers(figures: Figures, comparison: Comparison, row: Row, number: int) -> None:
    bounds, name = comparison.bounds, row.name
    one, other = row.values
    if bounds.arithmetic != "float64" and name.startswith("F_latt"):
        one, other = tuple(map(abs, one)), tuple(map(abs, other))
    if all(map(same, one, other)):
        if any(map(math.isnan, one)):
            figures.undefined.append(number)
        return
    figures.differing += 1
    beyond = wide = False
    entry = np.array([number])
    scales = comparison.scales.of(name, entry, len(one))[0].tolist()
    single = comparison.single_scales.of(name, entry, len(one))[0].tolist()
    for x, y, scale, rounding in zip(one, other, scales, single, strict=True):
        apart = 0.0 if same(x, y) else abs(x - y) if math.isfinite(x - y) else math.inf
        larger = max(abs(x), abs(y)) if math.isfinite(apart) else 1.0
        measures = (apart, apart / larger if apart else 0.0, _ratio(apart, scale), steps(x, y))
        figures.worst = [max(pair) for pair in zip(figures.worst, measures, strict=True)]
        limit, more = _limits(comparison, name, (x, y), scale, rounding)
        wide |= apart > limit
        beyond |= apart > limit + more
    if beyond:
        figures.outside.append(number)
    figures.by_digits += wide and not beyond


def _ratio(apart: float, scale: float) -> float:
    if apart == 0.0:
        return 0.0
    return apart / scale if scale else math.inf


def _limits(
    comparison: Comparison, name: str, pair: tuple[float, float], scale: float, rounding: float
) -> tuple[float, float]:
    """Return the bound, and what the printed digits leave open on top of it."""
    bounds = comparison.bounds
    if CONTRACT[name].kind == "int":
        return 0.0, 0.0
    if bounds.rtol is not None or bounds.atol is not None:
        sizes = [abs(value) for value in pair if math.isfinite(value)]
        return (bounds.atol or 0.0) + (bounds.rtol or 0.0) * max(sizes, default=0.0), 0.0
    limit = bounds.relative.get(name, bounds.default) * scale + bounds.single.get(name, 0.0) * rounding
    return limit, half_unit(comparison, name, *pair)


def refusal(rows: Sequence[Row], a: TraceLog, b: TraceLog) -> str:
    """Return words of the reason for which two logs cannot be compared, empty if they can."""
    pixels = [
        {(row.turns["s"], row.turns["f"]) for row in rows if getattr(row, side) and "s" in row.turns}
        for side in ("a", "b")
    ]
    if all(pixels):
        whole = not a.broken and not b.broken
        if not pixels[0] & pixels[1] or (whole and pixels[0] != pixels[1]):
            return "different pixels"
    return "" if any(not row.alone for row in rows) else "no record in common"


def reach_of(rows: Sequence[Row], a: TraceLog, b: TraceLog) -> int:
    """Return the last row that both logs reach: a broken one ends with its last pair."""
    if not (a.broken or b.broken):
        return len(rows)
    return max(n for n, row in enumerate(rows) if not row.alone)
