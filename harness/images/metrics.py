"""Numbers that say how far two float images differ; everything is summed in float64."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.arrays import FloatImage, Reals
from harness.errors import HarnessError

BRIGHT_FRACTION = 1e-3
APART_OF_PIXEL = 1e-5
APART_OF_MAX = 1e-12
"""Two pixels are apart beyond this part of the larger one, plus this part of the largest magnitude.

Ten times the largest difference, of each pixel's own value, from the recorded cases of upstream: 6e-8
(float64), 9.7e-7 (mixed, float32). Where a lattice factor passes through zero its last digits are rounding.
"""
FAINTEST_OF_MAX = 1e-30
"""Pixels up to this part of the largest magnitude on both sides have no digits of their own to compare."""
QUANTILES = (0.5, 0.9, 0.99, 0.999, 1.0)
ULP_EDGES = (0, 1, 2, 4, 8, 16, 64, 256, 1024, 65536)

FINEST = 4.0 * float(np.finfo(np.float32).smallest_subnormal)


@dataclass(frozen=True)
class UlpBin:
    """Number of pixels whose distance in float32 steps lies in [low, high]; high None means no limit."""

    low: int
    high: int | None
    count: int


@dataclass(frozen=True)
class OwnScale:
    """Differences of pixels in parts of the larger of their own two values, which no other pixel can hide.

    `pixels` are those above `FAINTEST_OF_MAX`. `outside` counts those beyond `bound`; `outside_allowed` those
    that what was left out on request does not explain either. `unequal_fraction` is that of all pixels whose
    values are not the same number. Places are [slow, fast].
    """

    pixels: int
    bound: float
    outside: int
    outside_allowed: int
    worst: float
    worst_at: tuple[int, int]
    unequal_fraction: float


@dataclass(frozen=True)
class Metrics:
    """Comparison of a second image with a first one; a number that is not defined is None.

    Positions are [slow, fast] in the compared arrays plus the given origin. `correlation_shortfall` is
    1 - correlation without the cancellation. `sum_difference` is that of the sums, in parts of the sum of all
    magnitudes of the first image. `pixels_apart` and `pixels_apart_allowed` are what older versions counted
    in place of `own`.
    """

    pixels: int
    correlation: float | None
    correlation_shortfall: float | None
    sum_first: float
    sum_second: float
    sum_ratio: float | None
    max_first: float
    max_second: float
    max_first_at: tuple[int, int]
    max_second_at: tuple[int, int]
    rmse: float
    max_abs_diff: float
    max_abs_diff_at: tuple[int, int]
    max_diff_of_max: float | None
    bitwise_equal_fraction: float
    ulp_histogram: tuple[UlpBin, ...]
    bright_pixels: int
    bright_relative_diff: tuple[tuple[float, float], ...]
    sum_difference: float | None = None
    own: OwnScale | None = None
    pixels_apart: int | None = None
    pixels_apart_allowed: int | None = None


def compare_pixels(
    first: FloatImage,
    second: FloatImage,
    origin: tuple[int, int] = (0, 0),
    left_out_of_max: float = 0.0,
    own_bound: float = 0.0,
    *,
    apart: bool = False,
) -> Metrics:
    """Compute all metrics of two finite images of one shape.

    Args:
        first: reference image [slow, fast].
        second: image to be judged [slow, fast].
        origin: (slow, fast) of element [0, 0] on the detector.
        left_out_of_max: what one side was asked to leave out of each pixel at most, of the maximum.
        own_bound: largest difference of a pixel that rounding explains, in parts of its own value.
        apart: whether to count what older versions counted, too.

    Returns:
        The metrics. Ratios are second over first; max |diff| is taken relative to the largest
        magnitude in the first image; bright pixels are those above 1e-3 of that.

    Raises:
        HarnessError: shapes differ, nothing to compare, or a value is not finite.
    """
    _require_alike(first, second)
    a, b = first.astype(np.float64), second.astype(np.float64)
    diff = b - a
    if not np.isfinite(diff).all():
        raise HarnessError("cannot compare images that hold NaN or infinity; look for their cause first")
    magnitude = np.abs(diff)
    scale = float(np.abs(a).max())
    shortfall = correlation_shortfall(a, b)
    sum_a, sum_b = float(a.sum()), float(b.sum())
    bright = np.abs(a) > BRIGHT_FRACTION * scale
    return Metrics(
        pixels=a.size,
        correlation=None if shortfall is None else 1.0 - shortfall,
        correlation_shortfall=shortfall,
        sum_first=sum_a,
        sum_second=sum_b,
        sum_ratio=sum_b / sum_a if sum_a != 0.0 else None,
        max_first=float(a.max()),
        max_second=float(b.max()),
        max_first_at=_place(a, origin),
        max_second_at=_place(b, origin),
        rmse=math.sqrt(float(np.mean(diff * diff))),
        max_abs_diff=float(magnitude.max()),
        max_abs_diff_at=_place(magnitude, origin),
        max_diff_of_max=float(magnitude.max()) / scale if scale > 0.0 else None,
        bitwise_equal_fraction=float(np.mean(_bits(first) == _bits(second))),
        ulp_histogram=ulp_histogram(float32_distance(first, second)),
        bright_pixels=int(bright.sum()),
        bright_relative_diff=_quantiles(magnitude[bright] / np.abs(a[bright])),
        sum_difference=_sum_difference(diff, a),
        own=own_scale(a, b, origin, left_out_of_max, own_bound),
        pixels_apart=_apart(magnitude, a, b, 0.0) if apart else None,
        pixels_apart_allowed=_apart(magnitude, a, b, left_out_of_max) if apart else None,
    )


def _require_alike(first: FloatImage, second: FloatImage) -> None:
    if first.shape != second.shape or first.ndim != 2 or first.size == 0:
        raise HarnessError(
            f"cannot compare shapes {first.shape} and {second.shape}; both must be [slow, fast]"
        )


def _sum_difference(diff: Reals, a: Reals) -> float | None:
    total = float(np.abs(a).sum())
    return float(diff.sum()) / total if total > 0.0 else None


def own_scale(a: Reals, b: Reals, origin: tuple[int, int], left_out_of_max: float, bound: float) -> OwnScale:
    """Compare each pixel with its own value.

    Args:
        a: reference image [slow, fast], finite.
        b: image to be judged, of the same shape.
        origin: (slow, fast) of element [0, 0] on the detector.
        left_out_of_max: what one side was asked to leave out of each pixel at most, of the maximum.
        bound: largest difference that rounding explains, in parts of the larger of both values.
    """
    larger = np.maximum(np.abs(a), np.abs(b))
    largest = float(larger.max())
    seen = larger > FAINTEST_OF_MAX * largest
    difference = np.abs(b - a)
    left_out = left_out_of_max * largest
    rounding = bound * larger + FINEST
    outside = seen & (difference > rounding)
    allowed = seen & (difference > rounding + left_out)
    relative = own_differences(a, b)
    return OwnScale(
        pixels=int(np.count_nonzero(seen)),
        bound=bound,
        outside=int(np.count_nonzero(outside)),
        outside_allowed=int(np.count_nonzero(allowed)),
        worst=float(relative.max()),
        worst_at=_place(relative, origin),
        unequal_fraction=float(np.mean(a != b)),
    )


def own_differences(a: Reals, b: Reals) -> Reals:
    """Return |b - a| / max(|a|, |b|) of each pixel: 0 where both are up to `FAINTEST_OF_MAX` of the largest.

    Args:
        a: images [slow, fast], finite or not.
        b: images [slow, fast], finite or not.

    Returns:
        Infinity where only one side is a finite number, 0 where both are the same, be it no number.
    """
    if np.array_equal(a, b):
        return np.zeros(a.shape)
    odd = ~(np.isfinite(a) & np.isfinite(b))
    with np.errstate(all="ignore"):
        larger = np.maximum(np.abs(a), np.abs(b))
        largest = float(larger.max(where=~odd, initial=0.0))
        relative = np.divide(
            np.abs(b - a), larger, out=np.zeros(a.shape), where=larger > FAINTEST_OF_MAX * largest
        )
    first, second = a[odd], b[odd]
    same = (first == second) | (np.isnan(first) & np.isnan(second))
    relative[odd] = np.where(same, 0.0, np.inf)
    return relative


def _apart(magnitude: Reals, a: Reals, b: Reals, left_out_of_max: float) -> int:
    """Count the pixels whose values differ by more than their own rounding, which no other pixel can hide."""
    larger = np.maximum(np.abs(a), np.abs(b))
    slack = (APART_OF_MAX + left_out_of_max) * float(larger.max()) + FINEST
    return int(np.count_nonzero(magnitude > APART_OF_PIXEL * larger + slack))


def correlation_shortfall(a: Reals, b: Reals) -> float | None:
    """Return 1 - r for Pearson's r, free of cancellation near r = 1; None if an image is constant.

    With u, v the centred images scaled to length 1: 1 - r = |u - v|^2 / 2.
    """
    units = []
    for image in (a, b):
        centred = image - image.mean()
        largest = float(np.abs(centred).max())
        if largest == 0.0:
            return None
        centred /= largest
        units.append(centred / math.sqrt(float(np.sum(centred * centred))))
    return 0.5 * float(np.sum((units[0] - units[1]) ** 2))


def float32_distance(first: FloatImage, second: FloatImage) -> NDArray[np.int64]:
    """Return for each pixel how many float32 numbers lie between the two values; -0 and +0 are one."""
    distance: NDArray[np.int64] = np.abs(_ordered(second) - _ordered(first))
    return distance


def _bits(image: FloatImage) -> NDArray[np.int32]:
    return np.ascontiguousarray(image, dtype=np.float32).view(np.int32)


def _ordered(image: FloatImage) -> NDArray[np.int64]:
    """Map float32 to integers in the order of the numbers, neighbours one apart."""
    bits = _bits(image).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def ulp_histogram(distance: NDArray[np.int64]) -> tuple[UlpBin, ...]:
    """Count distances in bins 0, 1, 2, 3 to 4, 5 to 8, ...; the last bin is open."""
    edges = np.asarray(ULP_EDGES, dtype=np.int64)
    apart = distance[distance != 0]
    counts = np.bincount(np.searchsorted(edges, apart, side="left"), minlength=len(ULP_EDGES) + 1)
    counts[0] = distance.size - apart.size
    lows = (0, *(edge + 1 for edge in ULP_EDGES))
    highs: tuple[int | None, ...] = (*ULP_EDGES, None)
    return tuple(UlpBin(low, high, int(n)) for low, high, n in zip(lows, highs, counts, strict=True))


def _place(values: Reals, origin: tuple[int, int]) -> tuple[int, int]:
    slow, fast = np.unravel_index(int(values.argmax()), values.shape)
    return int(slow) + origin[0], int(fast) + origin[1]


def _quantiles(relative: Reals) -> tuple[tuple[float, float], ...]:
    if relative.size == 0:
        return ()
    return tuple((q, float(v)) for q, v in zip(QUANTILES, np.quantile(relative, QUANTILES), strict=True))
