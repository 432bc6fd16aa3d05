"""The quantities that the gates judge, each measured on the stored files of a compared pair.

A measure returns a number at or above 0 (smaller is better), infinity where one side only has a value, and
None where there was nothing to compare.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.images.compare import ImageComparison, Region, compare_images
from harness.pairs.pair_traces import records_of
from harness.pairs.part import PairPart
from harness.verdict import State
from system_io.verdict_words import Word
from trace_tools.errors import TraceError
from trace_tools.reading.trace_file import TraceLog

Context = tuple[tuple[str, int], ...]
Measure = Callable[[PairPart, "Setting"], float | None]


@dataclass(frozen=True)
class Setting:
    """Where the gates look: the region of the acceptance plan and the one around the brightest reflection."""

    roi: Region
    bright: Region

    def data(self) -> dict[str, Any]:
        """Return the setting as plain data."""
        return {name: [r.x_min, r.x_max, r.y_min, r.y_max] for name, r in vars(self).items()}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Setting:
        """Return the setting that `data` made."""
        return cls(Region(*data["roi"]), Region(*data["bright"]))


def _values(trace: TraceLog, tap: str, phi: int | None) -> dict[Context, tuple[float, ...]]:
    found = {record.context: record.values for record in records_of(trace, tap)}
    return {key: value for key, value in found.items() if phi is None or ("phi", phi) in key}


def _largest(
    part: PairPart,
    tap: str,
    difference: Callable[[float, float], float],
    *,
    phi: int | None = None,
    axis: int = 0,
) -> float | None:
    """Return the largest difference of one component of a tap over all contexts."""
    try:
        first, second = (_values(trace, tap, phi) for trace in part.traces)
    except TraceError:
        return None
    if first.keys() != second.keys():
        return math.inf
    pairs = [(first[key][axis], second[key][axis]) for key in first]
    if not pairs:
        return None
    found = [difference(a, b) for a, b in pairs]
    return math.inf if any(math.isnan(value) for value in found) else max(found)


def _absolute(a: float, b: float) -> float:
    return abs(a - b)


def relative(a: float, b: float) -> float:
    """Return |a - b| / max(|a|, |b|), 0 for equal values."""
    return 0.0 if a == b else abs(a - b) / max(abs(a), abs(b))


def phi_zero_k(part: PairPart, _: Setting) -> float | None:
    """Return the largest |delta k_frac| at phi step 0."""
    return _largest(part, "hkl_frac", _absolute, phi=0, axis=1)


def phi_zero_b_y(part: PairPart, _: Setting) -> float | None:
    """Return the largest |delta b_y| of the rotated cell at phi step 0, in Angstrom."""
    return _largest(part, "rot_b_angstroms", _absolute, phi=0, axis=1)


def relative_of(tap: str) -> Measure:
    """Return the measure of the largest relative difference of a tap over all traced pixels."""

    def measure(part: PairPart, _: Setting) -> float | None:
        return _largest(part, tap, relative)

    return measure


def divergences(part: PairPart, _: Setting) -> float | None:
    """Return 0 if the traces have no divergence, 1 if they have one."""
    traces = part.summary["traces"]
    if traces is None or traces["verdict"] == Word.NOT_COMPARABLE:
        return None
    return float(traces["first_divergence"] is not None or traces["exit_status"] != 0)


def in_region(name: str, quantity: Callable[[ImageComparison], float | None]) -> Measure:
    """Return the measure of a quantity of the images in one of the regions of the setting, or 'whole'."""

    def measure(part: PairPart, setting: Setting) -> float | None:
        compared = _compared(part, None if name == "whole" else getattr(setting, name))
        if compared.metrics is None:
            return math.inf if compared.verdict.word is Word.FAIL else None
        return quantity(compared)

    return measure


def _compared(part: PairPart, roi: Region | None) -> ImageComparison:
    whole = part.comparison
    if roi is None and part.summary["asked_region"] is None:
        return whole
    return compare_images(part.first, part.second, roi)


def shortfall(compared: ImageComparison) -> float | None:
    """Return 1 - correlation."""
    return compared.metrics.correlation_shortfall if compared.metrics else None


def sum_ratio(compared: ImageComparison) -> float | None:
    """Return |sum ratio - 1|."""
    ratio = compared.metrics.sum_ratio if compared.metrics else None
    return None if ratio is None else abs(ratio - 1.0)


def largest_difference(compared: ImageComparison) -> float | None:
    """Return max |diff| / max."""
    return compared.metrics.max_diff_of_max if compared.metrics else None


def pixels_outside(compared: ImageComparison) -> float | None:
    """Return the number of pixels that differ, of their own value, by more than rounding."""
    own = compared.metrics.own if compared.metrics else None
    return None if own is None else float(own.outside)


def reflections_outside(part: PairPart, _: Setting) -> float | None:
    """Return the number of reflections whose integrated intensity differs by more than rounding."""
    found = part.summary.get("reflections")
    return None if found is None else float(found["outside"])


def peak_distance(compared: ImageComparison) -> float | None:
    """Return the mean distance of matched peaks, px."""
    return compared.peaks.mean_distance_px if compared.peaks else None


def lonely_peaks(compared: ImageComparison) -> float | None:
    """Return how many peaks have no partner."""
    if compared.peaks is None or not compared.peaks.compared:
        return None
    return float(len(compared.peaks.unmatched_first) + len(compared.peaks.unmatched_second))


def figure(
    name: str, part: PairPart, measured: float | None, published: float | None, strict: float
) -> dict[str, Any]:
    """Return a measured quantity with both bounds as plain data; the strict one decides its state."""
    state = State.NOT_COMPARED if measured is None else State.HELD if measured <= strict else State.FAILED
    finite = measured is not None and math.isfinite(measured)
    return {
        "name": name,
        "part": part.folder.name,
        "measured": measured if finite else None,
        "published": published,
        "strict": strict,
        "published_held": None if measured is None or published is None else measured <= published,
        "state": state.value,
        "note": "" if measured is None or finite else "only one side has a value",
    }
