"""Comparison of aligned records in double precision, with several measures side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trace_tools.arrays import Floats, Index, Marks, steps_of_type
from trace_tools.judging.align import Alignment
from trace_tools.judging.arithmetic import DOUBLE, SIGNS_OPEN
from trace_tools.judging.scale import OPERAND_RULES, SINGLE_RULES, Scales
from trace_tools.judging.tap_bounds import TapBounds
from trace_tools.reading.named_taps import COUNTED, WORD
from trace_tools.reading.trace_file import TraceLog
from trace_tools.tap_points import TAP_ID, TAP_POINTS

_NO_ENTRIES: Index = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Bounds:
    """What counts as equal.

    A floating value is inside if |a - b| <= relative[tap] * operand scale, or, with ``rtol`` or ``atol``
    given, if |a - b| <= atol + rtol * max(|a|, |b|). Integers and words must be equal. A tap that a row of
    ``table`` fits has the bound of that row, in place of all others.

    ``arithmetic``: that of the less precise side. In mixed and float32, ``single[tap]`` times the scale on
    which single precision rounds is allowed on top, and signs that it leaves open are not compared.
    """

    relative: Mapping[str, float] = field(default_factory=dict)
    default: float = 0.0
    arithmetic: str = DOUBLE
    single: Mapping[str, float] = field(default_factory=dict)
    rtol: float | None = None
    atol: float | None = None
    loosened: bool = False
    notes: tuple[str, ...] = ()
    table: TapBounds = field(default_factory=TapBounds)
    guesses: tuple[str, ...] = ()
    """Which bounds rest on no measurement, in words."""

    @staticmethod
    def exact() -> Bounds:
        """Bounds that let no difference pass."""
        return Bounds()

    @property
    def overridden(self) -> bool:
        """Whether tolerances given by hand take the place of the noise floor."""
        return self.rtol is not None or self.atol is not None

    def override(self, rtol: float | None, atol: float | None) -> Bounds:
        """Put tolerances given by hand in place of the noise floor."""
        if rtol is None and atol is None:
            return self
        note = f"bounds given by hand: rtol {rtol or 0.0:g}, atol {atol or 0.0:g}"
        return replace(self, rtol=rtol or 0.0, atol=atol or 0.0, loosened=True, notes=(*self.notes, note))

    def limit(self, tap: str, scale: Floats, a: Floats, b: Floats) -> Floats:
        """Largest difference allowed for values of one tap; same shape as the values."""
        if self.overridden:
            size = np.fmax(np.abs(a), np.abs(b))
            size[~np.isfinite(size)] = 0.0
            return np.asarray((self.atol or 0.0) + (self.rtol or 0.0) * size)
        return self.relative.get(tap, self.default) * scale


@dataclass(frozen=True)
class Measures:
    """Differences of values, each of the shape of the values."""

    absolute: Floats
    relative: Floats
    scaled: Floats
    ulp: Floats


@dataclass(frozen=True)
class TapDiff:
    """One tap over all its pairs: counts, the largest of each measure, and the entries outside the bound.

    ``undefined``: entries that are NaN on both sides, which no comparison can judge; ``by_digits``: how many
    are inside only because half a unit of the last printed digit belongs to the bound; ``max_single``: the
    largest difference beyond the bound of float64, over the scale on which single precision rounds.
    """

    name: str
    compared: int
    differing: int = 0
    max_absolute: float = 0.0
    max_relative: float = 0.0
    max_scaled: float = 0.0
    max_ulp: float = 0.0
    outside: Index = field(default_factory=lambda: _NO_ENTRIES)
    undefined: Index = field(default_factory=lambda: _NO_ENTRIES)
    by_digits: int = 0
    max_single: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """Both traces, their alignment, and the difference of each tap."""

    a: TraceLog
    b: TraceLog
    alignment: Alignment
    bounds: Bounds
    taps: Mapping[str, TapDiff]
    scales: Scales
    single_scales: Scales
    pixels_left_out: int = 0

    @property
    def named(self) -> bool:
        """Whether a log is one of named taps, so that the names of the contract mean nothing."""
        return self.a.named or self.b.named

    def kind(self, name: str) -> str:
        """Return the kind of the values of a tap: word, int (compared exactly) or float."""
        return value_kind(self.a, self.b, name)

    @property
    def compared(self) -> int:
        """Number of pairs compared; pairs that are NaN on both sides are none."""
        return sum(diff.compared - len(diff.undefined) for diff in self.taps.values())

    @cached_property
    def wordy(self) -> frozenset[str]:
        """Names of the taps of which a record on either side is not of numbers."""
        return frozenset(
            trace.names[trace.columns.tap[index]] for trace in (self.a, self.b) for index in trace.words
        )


def value_kind(a: TraceLog, b: TraceLog, name: str) -> str:
    """Return the kind of the values of a tap in two logs: word, int (compared exactly) or float."""
    if name in TAP_ID and not (a.named or b.named):
        return TAP_POINTS[TAP_ID[name]].kind
    kinds = [trace.taps[name].kind for trace in (a, b) if name in trace.taps]
    if WORD in kinds:
        return "word"
    return "int" if kinds and all(kind in COUNTED for kind in kinds) else "float"


def equal(a: Floats, b: Floats) -> NDArray[np.bool_]:
    """Tell where values are equal; NaN equals NaN, and -0 equals 0."""
    return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)))


def ulp_distance(a: Floats, b: Floats) -> Floats:
    """Count the doubles from one value to the other; 0 for NaN and NaN, infinite for NaN and a number."""
    steps = steps_of_type(np.asarray(a, np.float64), np.asarray(b, np.float64))
    one_sided = np.isnan(a) != np.isnan(b)
    return np.where(equal(a, b), 0.0, np.where(one_sided, np.inf, steps))


def measure(a: Floats, b: Floats, scale: Floats) -> Measures:
    """Form all measures of two sets of values.

        absolute = |a - b|;  relative = |a - b| / max(|a|, |b|);  scaled = |a - b| / scale

    Equal values (NaN and NaN included) give 0, a one-sided NaN or infinity gives infinity.
    """
    same = equal(a, b)
    with np.errstate(all="ignore"):
        absolute = np.where(same, 0.0, np.abs(a - b))
        absolute[~np.isfinite(absolute)] = np.inf
        relative = np.where(same, 0.0, absolute / np.fmax(np.abs(a), np.abs(b)))
        scaled = np.where(same, 0.0, absolute / scale)
    for ratio in (relative, scaled):
        ratio[np.isinf(absolute) | np.isnan(ratio)] = np.inf
    return Measures(absolute, relative, scaled, ulp_distance(a, b))


def pair_values(comparison: Comparison, name: str, entries: Index) -> tuple[Floats, Floats] | None:
    """Values of paired entries of one tap on both sides; None if their number changes from one to another.

    Magnitudes where the arithmetic leaves the sign open.
    """
    if name in TAP_ID and not comparison.named:
        size = TAP_POINTS[TAP_ID[name]].size
    else:
        sizes = np.unique(np.concatenate(value_counts(comparison, entries)))
        if len(sizes) != 1:
            return None
        size = int(sizes[0])
    a, b = (trace.columns.matrix(records, size) for trace, records in _sides(comparison, entries))
    sign_open = name in SIGNS_OPEN[comparison.bounds.arithmetic] and not comparison.named
    return (np.abs(a), np.abs(b)) if sign_open else (a, b)


def value_counts(comparison: Comparison, entries: Index) -> tuple[Index, Index]:
    """Return how many values paired entries have in A and in B."""
    a, b = (np.diff(trace.columns.start)[records] for trace, records in _sides(comparison, entries))
    return a, b


def of_one_size(comparison: Comparison, entries: Index) -> list[Index]:
    """Return paired entries in groups, each with as many values throughout; those that differ are in none."""
    a, b = value_counts(comparison, entries)
    return [entries[(a == size) & (b == size)] for size in np.unique(a[a == b])]


def _sides(comparison: Comparison, entries: Index) -> tuple[tuple[TraceLog, Index], tuple[TraceLog, Index]]:
    alignment = comparison.alignment
    return (comparison.a, alignment.a[entries]), (comparison.b, alignment.b[entries])


def _compare_words(comparison: Comparison, name: str, entries: Index) -> TapDiff:
    """Compare records one by one: words, numbers too large for a double, and taps of changing size."""
    outside, undefined = [], []
    for entry in entries.tolist():
        one = comparison.a.record(int(comparison.alignment.a[entry]))
        other = comparison.b.record(int(comparison.alignment.b[entry]))
        if one.words or other.words:
            same, both_nan = one.words == other.words, False
        else:
            pair = np.array(one.values), np.array(other.values)
            same = len(pair[0]) == len(pair[1]) and bool(equal(*pair).all())
            both_nan = same and bool(np.isnan(pair[0]).any())
        if not same:
            outside.append(entry)
        if both_nan:
            undefined.append(entry)
    worst = np.inf if outside else 0.0
    return TapDiff(
        name, len(entries), len(outside), worst, worst, worst, worst,
        np.array(outside, np.int64), np.array(undefined, np.int64),
    )  # fmt: skip


def _compare_by_size(comparison: Comparison, name: str, entries: Index) -> TapDiff:
    """Compare the records of a tap whose number of values changes; where it differs a record is outside."""
    groups = of_one_size(comparison, entries)
    lost = np.setdiff1d(entries, np.concatenate([*groups, _NO_ENTRIES]))
    none = np.inf if len(lost) else 0.0
    parts = [
        TapDiff(name, len(lost), len(lost), none, none, none, none, lost),
        *(compare_tap(comparison, name, group) for group in groups),
    ]
    largest = {
        key: max(getattr(part, key) for part in parts)
        for key in ("max_absolute", "max_relative", "max_scaled", "max_ulp", "max_single")
    }
    outside, undefined = (
        np.sort(np.concatenate([getattr(part, key) for part in parts])) for key in ("outside", "undefined")
    )
    return TapDiff(
        name, len(entries), sum(part.differing for part in parts), outside=outside, undefined=undefined,
        by_digits=sum(part.by_digits for part in parts), **largest,
    )  # fmt: skip


def _half_units(trace: TraceLog, name: str, values: Floats) -> Floats:
    """Half a unit of the last digit that is printed of each value; 0 where doubles survive the printing."""
    digits = trace.digits
    if digits.decimals is not None:
        factor = max((factor for _, tap, factor in trace.conversions if tap == name), default=1.0)
        return np.full(values.shape, 0.5 * 10.0**-digits.decimals * factor)
    if not digits.lossy:
        return np.zeros(values.shape)
    size = np.abs(values)
    with np.errstate(all="ignore"):
        half = 0.5 * 10.0 ** (np.floor(np.log10(size)) + 1 - digits.significant)
    return np.where(np.isfinite(half), half, 0.0)


def compare_tap(comparison: Comparison, name: str, entries: Index) -> TapDiff:
    """Compare all pairs of one tap against its bound.

    A log that prints fewer digits than a double has leaves half a unit of the last one open, on top of the
    bound, unless tolerances were given by hand.
    """
    kind = comparison.kind(name)
    if kind == "word" or name in comparison.wordy:
        return _compare_words(comparison, name, entries)
    pair = pair_values(comparison, name, entries)
    if pair is None:
        return _compare_by_size(comparison, name, entries)
    a, b = pair
    same = equal(a, b)
    undefined = entries[(np.isnan(a) & np.isnan(b)).any(axis=1) & same.all(axis=1)]
    some = np.flatnonzero(~same.all(axis=1))
    if len(some) == 0:
        return TapDiff(name, len(entries), undefined=undefined)
    a, b, chosen = a[some], b[some], entries[some]
    scale = comparison.scales.of(name, chosen, a.shape[1])
    found = measure(a, b, scale)
    exact = kind == "int"
    wide, beyond = _far(comparison, name, chosen, (a, b), found)
    absolute, relative, scaled, ulp = (
        float(np.max(part)) for part in (found.absolute, found.relative, found.scaled, found.ulp)
    )
    return TapDiff(
        name, len(entries), len(some), absolute, relative, scaled, ulp, chosen[beyond], undefined,
        int(np.count_nonzero(wide & ~beyond)),
        0.0 if exact else _beyond_double(comparison, name, chosen, a, b),
    )  # fmt: skip


def _far(
    comparison: Comparison, name: str, entries: Index, pair: tuple[Floats, Floats], found: Measures
) -> tuple[Marks, Marks]:
    """Tell which entries are outside their bound, and which are so with what the printing leaves open."""
    a, b = pair
    own = comparison.bounds.table.by_tap.get(name)
    if own is not None:
        larger = np.nan_to_num(np.fmax(np.abs(a), np.abs(b)))
        far = np.asarray(np.any(~own.within(found.absolute, larger, found.ulp), axis=1))
        return far, far
    exact = comparison.kind(name) == "int"
    limit = np.zeros(a.shape) if exact else limit_of(comparison, name, entries, a, b)
    more = np.zeros(a.shape) if exact else _open_digits(comparison, name, a, b)
    wide, beyond = (np.asarray(np.any(found.absolute > bound, axis=1)) for bound in (limit, limit + more))
    return wide, beyond


def limit_of(comparison: Comparison, name: str, entries: Index, a: Floats, b: Floats) -> Floats:
    """Largest difference allowed for entries of one tap in the arithmetic of the comparison, shape of a."""
    bounds = comparison.bounds
    limit = bounds.limit(name, comparison.scales.of(name, entries, a.shape[1]), a, b)
    if bounds.overridden or not bounds.single.get(name):
        return limit
    return limit + bounds.single[name] * comparison.single_scales.of(name, entries, a.shape[1])


def _beyond_double(comparison: Comparison, name: str, entries: Index, a: Floats, b: Floats) -> float:
    if comparison.bounds.arithmetic == DOUBLE:
        return 0.0
    limit = comparison.bounds.limit(name, comparison.scales.of(name, entries, a.shape[1]), a, b)
    with np.errstate(all="ignore"):
        beyond = (np.abs(a - b) - limit) / comparison.single_scales.of(name, entries, a.shape[1])
    return float(np.nan_to_num(beyond, nan=0.0, posinf=np.inf).max(initial=0.0))


def _open_digits(comparison: Comparison, name: str, a: Floats, b: Floats) -> Floats:
    if comparison.bounds.overridden:
        return np.zeros(a.shape)
    return np.maximum(_half_units(comparison.a, name, a), _half_units(comparison.b, name, b))


def _branched(comparison: Comparison) -> tuple[NDArray[np.bool_], int]:
    """Mark the entries of pixels in which the two programs took different branches."""
    alignment = comparison.alignment
    apart = [np.flatnonzero(alignment.by == 0)]
    for name, diff in comparison.taps.items():
        if name in TAP_ID and TAP_POINTS[TAP_ID[name]].kind != "float":
            apart.append(diff.outside)
    every = alignment.contexts[:, 0].astype(np.int64) * 2**32 + alignment.contexts[:, 1]
    pixels = np.unique(every[alignment.context[np.concatenate(apart)]])
    return np.isin(every, pixels)[alignment.context], len(pixels)


def compare(a: TraceLog, b: TraceLog, alignment: Alignment, bounds: Bounds, *,
            without_branched_pixels: bool = False) -> Comparison:  # fmt: skip
    """Compare all paired records of two traces.

    Args:
        alignment: the pairs, from `align`.
        bounds: what counts as equal.
        without_branched_pixels: leave out the pixels in which an integer or word differs or a tap is missing.

    Returns:
        The comparison, one `TapDiff` for each tap that both traces have.
    """
    named = a.named or b.named
    scales, single = (Scales(alignment, a, {} if named else rules) for rules in (OPERAND_RULES, SINGLE_RULES))
    empty = Comparison(a, b, alignment, bounds, {}, scales, single)
    result = _compare_all(empty, alignment.by > 0)
    if without_branched_pixels:
        marked, count = _branched(result)
        result = replace(_compare_all(empty, (alignment.by > 0) & ~marked), pixels_left_out=count)
    return result


def _compare_all(empty: Comparison, chosen: NDArray[np.bool_]) -> Comparison:
    taps = {}
    for name in empty.alignment.names:
        entries = empty.alignment.entries(name)
        entries = entries[chosen[entries]]
        if len(entries):
            taps[name] = compare_tap(empty, name, entries)
    return replace(empty, taps=taps)
