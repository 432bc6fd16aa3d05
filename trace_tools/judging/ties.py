"""Branch taps: whether a flip is a tie, both programs keeping the rule on inputs that rounding separates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from trace_tools.arrays import Floats, Index, Marks
from trace_tools.judging.diff import Comparison, equal
from trace_tools.judging.lookup import DEFAULT_GRAPH, NONE, input_entries


@dataclass(frozen=True)
class Sides:
    """Output and input values of both traces for some entries, and the whole comparison."""

    comparison: Comparison
    out_a: Floats
    out_b: Floats
    in_a: Floats
    in_b: Floats


TieRule = Callable[[Sides], tuple[Marks, Floats]]


def _rounding(sides: Sides) -> tuple[Marks, Floats]:
    """Index = ceil(h - 0.5): margin is the distance of h to the next half."""
    keeps = (sides.out_a == np.ceil(sides.in_a - 0.5)) & (sides.out_b == np.ceil(sides.in_b - 0.5))
    flipped = sides.out_a != sides.out_b
    margin = np.fmax(*(np.abs(x - 0.5 - np.rint(x - 0.5)) for x in (sides.in_a, sides.in_b)))
    return keeps.all(axis=1), np.where(flipped, margin, 0.0).max(axis=1)


def _nodes(sides: Sides) -> tuple[Marks, Floats]:
    """Interpolation nodes start at floor(h) - 1: margin is the distance of h to the whole number."""
    flipped = ~equal(np.floor(sides.in_a), np.floor(sides.in_b))
    margin = np.fmax(*(np.abs(x - np.rint(x)) for x in (sides.in_a, sides.in_b)))
    return np.asarray(flipped.any(axis=1)), np.where(flipped, margin, 0.0).max(axis=1)


def _resolution(sides: Sides) -> tuple[Marks, Floats]:
    """Skipped if dmin > 0.5/stol, dmin between what both skip and what both keep."""
    comparison = sides.comparison
    d_a, d_b = 0.5 / sides.in_a[:, 0], 0.5 / sides.in_b[:, 0]
    skipped_a = sides.out_a[:, 0] == 1
    skipped, kept = np.where(skipped_a, d_a, d_b), np.where(skipped_a, d_b, d_a)
    low, high = _agreed_resolution(comparison)
    return (skipped < kept) & (kept > low) & (skipped < high), np.abs(d_a - d_b)


def _agreed_resolution(comparison: Comparison) -> tuple[float, float]:
    alignment = comparison.alignment
    entries = alignment.entries("dmin_skipped")
    entries = entries[alignment.by[entries] > 0]
    source = input_entries(alignment, DEFAULT_GRAPH, entries, "stol_m_inv")
    both = (source != NONE) & (alignment.by[np.maximum(source, 0)] > 0)
    entries, source = entries[both], source[both]
    flag_a, flag_b = both_values(comparison, entries, 1)
    stol = both_values(comparison, source, 1)
    d = [0.5 / side[:, 0] for side in stol]
    same = flag_a[:, 0] == flag_b[:, 0]
    skipped, kept = same & (flag_a[:, 0] == 1), same & (flag_a[:, 0] == 0)
    return (float(np.maximum(*d)[skipped].max(initial=0.0)), float(np.minimum(*d)[kept].min(initial=np.inf)))


def _top_hat(sides: Sides) -> tuple[Marks, Floats]:
    """F_latt is the number of cells inside the limit and 0 beyond it."""
    zero_a, zero_b = sides.out_a[:, 0] == 0, sides.out_b[:, 0] == 0
    outer, inner = (
        np.where(zero_a, sides.in_a[:, 0], sides.in_b[:, 0]),
        np.where(zero_a, sides.in_b[:, 0], sides.in_a[:, 0]),
    )
    return (zero_a != zero_b) & (inner < outer), outer - inner


def _single(sides: Sides) -> tuple[Marks, Floats]:
    """The image value is the final value rounded to 4 bytes."""
    keeps = [np.float32(value).astype(np.float64) == out for value, out in
             ((sides.in_a, sides.out_a), (sides.in_b, sides.out_b))]  # fmt: skip
    return (keeps[0] & keeps[1])[:, 0], np.abs(sides.in_a - sides.in_b)[:, 0]


# branch tap -> (the inputs that decide it, the first one in the trace counts; the rule)
_RULES: Mapping[str, tuple[tuple[str, ...], TieRule]] = {
    "hkl_rounded": (("hkl_frac",), _rounding),
    "tricubic_F": (("hkl_frac",), _nodes),
    "dmin_skipped": (("stol_m_inv",), _resolution),
    "F_latt": (("rad_star_sqr", "hrad_sqr"), _top_hat),
    "floatimage_accumulated": (("I_pixel_final",), _single),
}


def both_values(comparison: Comparison, entries: Index, size: int) -> tuple[Floats, Floats]:
    """Values of paired entries on both sides, shape (entries, size)."""
    alignment = comparison.alignment
    return (comparison.a.columns.matrix(alignment.a[entries], size),
            comparison.b.columns.matrix(alignment.b[entries], size))  # fmt: skip


def _shape_allows(comparison: Comparison, name: str) -> bool:
    if name != "F_latt":
        return True
    return ("TOPHAT",) in (*comparison.a.words.values(), *comparison.b.words.values())


def ties(comparison: Comparison, name: str, entries: Index) -> tuple[Marks, Floats]:
    """Tell which flips of a branch tap are ties, and their margins.

    A flip is a tie if the deciding input differs between the two programs, by no more than its bound, and
    each program kept the rule on its own input; the margin to the threshold is then inside the bound. A flip
    on equal inputs is never a tie.

    Args:
        entries: entries of the tap outside their bound, all of whose inputs are inside theirs.

    Returns:
        Tie flags and margins in the unit of the input, shape (entries,); NaN margin without a rule.
    """
    found, margin = np.zeros(len(entries), bool), np.full(len(entries), np.nan)
    if comparison.named or name not in _RULES or not _shape_allows(comparison, name):
        return found, margin
    deciders, rule = _RULES[name]
    alignment = comparison.alignment
    for decider in deciders:
        source = input_entries(alignment, DEFAULT_GRAPH, entries, decider)
        there = np.flatnonzero((source != NONE) & (alignment.by[np.maximum(source, 0)] > 0))
        if len(there) == 0:
            continue
        outs = both_values(comparison, entries[there], DEFAULT_GRAPH[name].size)
        ins = both_values(comparison, source[there], DEFAULT_GRAPH[decider].size)
        with np.errstate(all="ignore"):
            is_tie, margin[there] = rule(Sides(comparison, *outs, *ins))
        found[there] = is_tie & ~equal(*ins).all(axis=1)
        break
    return found, margin
