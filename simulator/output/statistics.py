"""Statistics of a float image (spec 08 "Statistics", 06 section 13)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from simulator.config import Detector
from simulator.quirks import Quirks
from simulator.scene.region import Window, bands_of, window_of

Image = NDArray[np.float32]
Flags = NDArray[np.bool_]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Statistics:
    """Maximum (photons) with its position (m, fast and slow), mean, rms and rms deviation (photons)."""

    max_I: float
    max_fast_m: float
    max_slow_m: float
    mean: float
    rms: float
    rmsd: float


def statistics_of(
    image: Image, executed: Flags, detector: Detector, oversample: int, quirks: Quirks
) -> Statistics:
    """Return the statistics of an image.

    mean = sum/count and rms = sqrt(sumsqr/(count - 1)) over the executed pixels,
    rmsd = sqrt(sum (x - mean)^2/(n - 1)) over the region of interest.

    Args:
        image: [slow, fast].
        executed: [slow, fast].
        oversample: sub-pixels a side.

    Source: spec 08.
    """
    with np.errstate(all="ignore"):
        return _statistics(image, executed, detector, oversample, quirks)


def statistics_lines(statistics: Statistics) -> list[str]:
    """Return the two lines that are printed (spec 08)."""
    return [
        f"max_I = {statistics.max_I:g}  at {statistics.max_fast_m:g} {statistics.max_slow_m:g}",
        f"mean= {statistics.mean:g} rms= {statistics.rms:g} rmsd= {statistics.rmsd:g}",
    ]


def _statistics(
    image: Image, executed: Flags, detector: Detector, oversample: int, quirks: Quirks
) -> Statistics:
    whole = (slice(0, image.shape[0]), slice(0, image.shape[1]))
    count = max(int(executed.sum()), 1)
    mean = _sum(image, executed, whole, lambda values: values.astype(np.float64)) / count
    squares = _sum(image, executed, whole, partial(_squares, quirks=quirks))
    rms = math.sqrt(squares / (max(count, 2) - 1))
    window = window_of(detector)
    deviating = executed if "Q-RMSD-MASKED" not in quirks else np.ones_like(executed)
    number = int(deviating[window].sum())
    deviations = _sum(image, deviating, window, partial(_square_deviations, mean=mean))
    rmsd = math.sqrt(deviations / (max(number, 2) - 1))
    max_I, fast_m, slow_m = _maximum(image, executed, detector, oversample, quirks)
    return Statistics(max_I, fast_m, slow_m, mean, rms, rmsd)


def for_scales(statistics: Statistics, image: Image) -> Statistics:
    """Return statistics whose maximum is that of the finite pixels: infinite ones saturate anyway."""
    if math.isfinite(statistics.max_I):
        return statistics
    return replace(statistics, max_I=float(image.max(where=np.isfinite(image), initial=0.0)))


def odd_pixels(image: Image) -> tuple[str, ...]:
    """Return a warning for pixels that are infinite or NaN, and one for pixels that are negative."""
    broken = image.size - int(np.count_nonzero(np.isfinite(image)))
    with np.errstate(invalid="ignore"):
        negative = int(np.count_nonzero(image < 0.0))
    words = (
        (
            broken,
            "infinite or NaN pixels: beyond the range of 4-byte floats; lower -default_F or the F of the -hkl"
            " file, -fluence or -N",
        ),
        (negative, "negative pixels: no photon counts; look at the signs of what was typed"),
    )
    return tuple(f"{count} {text}" for count, text in words if count)


def _sum(image: Image, chosen: Flags, window: Window, term: Callable[[Image], Doubles]) -> float:
    """Return the sum of a term of chosen pixels in memory order, each partial sum rounded as in a loop."""
    total = 0.0
    for band in bands_of(window):
        kept = chosen[band]
        terms = term(image[band].ravel() if kept.all() else image[band][kept])
        if terms.size:
            terms[0] += total
            total = float(np.add.accumulate(terms)[-1])
    return total


def _squares(values: Image, quirks: Quirks) -> Doubles:
    if "Q-SUMSQ-FLOAT" in quirks:
        return (values * values).astype(np.float64)
    doubles = values.astype(np.float64)
    return doubles * doubles


def _square_deviations(values: Image, mean: float) -> Doubles:
    deviations = values.astype(np.float64) - mean
    return deviations * deviations


def _maximum(
    image: Image, executed: Flags, detector: Detector, oversample: int, quirks: Quirks
) -> tuple[float, float, float]:
    """Return the largest pixel above 0 and its position: last sub-pixel or centre (Q-MAXI-POSITION)."""
    candidates = np.where(executed & (image > 0.0), image, np.float32(0.0))
    if not candidates.any():
        return 0.0, 0.0, 0.0
    slow, fast = divmod(int(candidates.argmax()), image.shape[1])
    if "Q-MAXI-POSITION" not in quirks:
        oversample = 1
    sub_m = detector.pixel_size_m / oversample
    positions = (sub_m * (place * oversample + oversample - 1) + sub_m / 2 for place in (fast, slow))
    return float(image[slow, fast]), *positions
