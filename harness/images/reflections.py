"""Two images reflection by reflection: integrated intensities over the pixels that belong to each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.arrays import FloatImage, Reals
from harness.images.metrics import FAINTEST_OF_MAX, FINEST
from harness.images.peaks import CONTRAST

MISSING_SHARE = 0.01
"""A reflection is missing where at most this part of the other side's net intensity is left."""
MOST_CELLS = 1 << 26
"""Indices in the box around all reflections up to which a table of them is made; beyond, they are sorted."""


@dataclass(frozen=True, eq=False)
class ReflectionMap:
    """The predicted reflections hkl [R, 3] in ascending order, and which of them each pixel belongs to.

    number: int32 [slow, fast], the row in `hkl`; -1 for a pixel that was not computed, or that is shared with
    another reflection while enough are not. computed: which pixels were [slow, fast].
    """

    hkl: NDArray[np.int32]
    number: NDArray[np.int32]
    computed: NDArray[np.bool_]

    @classmethod
    def of(cls, indices: NDArray[np.int32], nothing: int, shared: NDArray[np.bool_]) -> ReflectionMap:
        """Return the map of the reflections that pixels come nearest to.

        Pixels that see two reflections belong to none of them, so that a fault of the one is not found in the
        other; but to the nearer one if more than half of its pixels are such.

        Args:
            indices: h, k, l [3, slow, fast].
            nothing: what stands in place of h where there is no reflection.
            shared: which pixels see another reflection at another time [slow, fast].
        """
        there = indices[0] != nothing
        number = np.full(indices.shape[1:], -1, dtype=np.int32)
        if not there.any():
            return cls(np.empty((0, 3), dtype=np.int32), number, there)
        parts = [part[there] for part in indices]
        lows = [int(part.min()) for part in parts]
        sizes = [int(part.max()) - low + 1 for part, low in zip(parts, lows, strict=True)]
        small = math.prod(sizes) <= MOST_CELLS
        h, k, l = parts if small else (part.astype(np.int64) for part in parts)
        key = ((h - lows[0]) * sizes[1] + (k - lows[1])) * sizes[2] + (l - lows[2])
        if small:
            found = np.flatnonzero(np.bincount(key))
            rows = np.zeros(int(found[-1]) + 1, dtype=np.int32)
            rows[found] = np.arange(len(found), dtype=np.int32)
            number[there] = rows[key]
        else:
            found, inverse = np.unique(key, return_inverse=True)
            number[there] = inverse.reshape(key.shape)
        _leave_out(number, shared, len(found))
        hkl = np.stack(np.unravel_index(found, sizes), axis=1) + lows
        return cls(hkl.astype(np.int32), number, there)


def _leave_out(number: NDArray[np.int32], shared: NDArray[np.bool_], rows: int) -> None:
    """Take shared pixels from reflections that have at least as many others."""
    there = number >= 0
    pixels = np.bincount(number[there], minlength=rows)
    both = shared & there
    enough = 2 * np.bincount(number[both], minlength=rows) <= pixels
    both[both] = enough[number[both]]
    number[both] = -1


@dataclass(frozen=True)
class ReflectionFigures:
    """How two images differ reflection by reflection.

    predicted: reflections that the pixels of the whole image belong to; compared: those with a pixel in the
    compared region and intensity on either side; outside: those whose integrated intensities differ by more
    than `bound`; outside_allowed: also beyond what was left out on request; worst, worst_hkl: largest
    relative difference, and of which; missing_first, missing_second: seen on the other side only.
    """

    predicted: int
    compared: int
    bound: float
    outside: int
    outside_allowed: int
    worst: float
    worst_hkl: tuple[int, ...]
    missing_first: int
    missing_second: int


@dataclass(frozen=True, eq=False)
class ReflectionTable:
    """A row for each compared reflection, the largest relative difference first.

    hkl [R, 3]; pixels: how many of the compared region belong to it; first, second: integrated intensity in
    photons; relative: their difference in parts of the sum of the larger values; missing: side on which it
    is, 0 for neither, 1 or 2.
    """

    hkl: NDArray[np.int32]
    pixels: NDArray[np.int64]
    first: Reals
    second: Reals
    relative: Reals
    outside: NDArray[np.bool_]
    missing: NDArray[np.int64]

    COLUMNS = "h,k,l,pixels,first_photons,second_photons,relative_difference,outside,missing"

    def text(self) -> str:
        """Return the table as comma-separated values."""
        return "".join(f"{line}\n" for line in self.lines())

    def lines(self) -> Iterator[str]:
        """Yield the table as lines of comma-separated values, names first."""
        yield self.COLUMNS
        sides = ("", "first", "second")
        for row in range(len(self.hkl)):
            h, k, l = self.hkl[row].tolist()
            figures = (self.first[row], self.second[row], self.relative[row])
            shown = ",".join(f"{value:.9g}" for value in figures)
            ends = f"{int(self.outside[row])},{sides[int(self.missing[row])]}"
            yield f"{h},{k},{l},{self.pixels[row]},{shown},{ends}"


@dataclass(frozen=True)
class Reflections:
    """The figures of two images reflection by reflection, and the table that they come from.

    table: None where only the figures are known.
    """

    figures: ReflectionFigures
    table: ReflectionTable | None


def compare_reflections(
    first: FloatImage,
    second: FloatImage,
    predicted: ReflectionMap,
    number: NDArray[np.int32],
    bound: float,
    left_out_of_max: float = 0.0,
) -> Reflections:
    """Compare the integrated intensity of each predicted reflection.

    I = sum over the pixels of a reflection; d = |I2 - I1| / sum of max(|p1|, |p2|) over the same pixels.

    The bound on single pixels holds for d, too, so that no further one has to be measured: where each pixel
    keeps |p2 - p1| <= bound max(|p1|, |p2|) + slack, the sum over them gives
    |I2 - I1| <= sum |p2 - p1| <= bound sum max(|p1|, |p2|) + n slack. Rounding mostly cancels in the sum.

    A reflection is seen on a side where its brightest pixel stands out from its dimmest one by `CONTRAST` of
    its height, or where it has one pixel only. It is missing on a side where it is seen on the other, and its
    net intensity (the sum over what exceeds its dimmest pixel) is at most `MISSING_SHARE` of the other one.

    Args:
        first: reference image [slow, fast], finite.
        second: image to be judged, of the same shape.
        predicted: reflections of the whole image.
        number: which of them the pixels of the compared region belong to.
        bound: largest difference of a pixel that rounding explains, in parts of its own value.
        left_out_of_max: what one side was asked to leave out of each pixel at most, of the maximum.
    """
    there = number.ravel() >= 0
    of = number.ravel()[there].astype(np.int64)
    a, b = (image.ravel()[there].astype(np.float64) for image in (first, second))
    rows = len(predicted.hkl)
    pixels = np.bincount(of, minlength=rows)
    I1, I2 = _sums(of, a, rows), _sums(of, b, rows)
    larger = np.maximum(np.abs(a), np.abs(b))
    scale = _sums(of, larger, rows)
    brightest = float(larger.max(initial=0.0))
    difference = np.abs(I2 - I1)
    slack = pixels * (FINEST + FAINTEST_OF_MAX * brightest) + rounding_of_sums(scale, pixels)
    outside = difference > bound * scale + slack
    allowed = difference > bound * scale + slack + pixels * left_out_of_max * brightest
    relative = np.divide(difference, scale, out=np.zeros(rows), where=scale > 0.0)
    missing = _missing(a, b, of, rows)
    compared = scale > 0.0
    order = np.flatnonzero(compared)
    order = order[np.lexsort((order, -scale[order], -relative[order]))]
    table = ReflectionTable(
        predicted.hkl[order], pixels[order], I1[order], I2[order], relative[order], outside[order],
        missing[order],
    )  # fmt: skip
    figures = ReflectionFigures(
        rows, int(compared.sum()), bound, int(outside.sum()), int(allowed.sum()),
        float(relative.max(initial=0.0)),
        tuple(table.hkl[0].tolist()) if relative.any() else (),
        int((missing == 1).sum()), int((missing == 2).sum()),
    )  # fmt: skip
    return Reflections(figures, table)


def _sums(of: NDArray[np.int64], values: Reals, rows: int) -> Reals:
    """Return the sum of the values of each reflection [rows]."""
    return np.bincount(of, weights=values, minlength=rows).astype(np.float64)


def rounding_of_sums(scale: Reals, pixels: NDArray[np.int64]) -> Reals:
    """Return how far the rounding of float64 moves sums of so many values with these sums of magnitudes."""
    rounded: Reals = 2.0 * np.finfo(np.float64).eps * pixels * scale
    return rounded


def _missing(a: Reals, b: Reals, of: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    """Return the side on which each reflection is missing: 1, 2, or 0 for neither."""
    missing = np.zeros(rows, dtype=np.int64)
    changed = np.bincount(of, weights=a != b, minlength=rows) > 0.0
    some = changed[of]
    if not some.any():
        return missing
    order = np.argsort(of[some], kind="stable")
    names, starts, pixels = np.unique(of[some][order], return_index=True, return_counts=True)
    seen, net = [], []
    for side in (a, b):
        values = side[some][order]
        low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        low[pixels == 1] = 0.0
        seen.append((high > 0.0) & (high - low >= CONTRAST * high))
        net.append(np.add.reduceat(values, starts) - pixels * low)
    missing[names[seen[1] & (net[0] <= MISSING_SHARE * net[1])]] = 1
    missing[names[seen[0] & (net[1] <= MISSING_SHARE * net[0])]] = 2
    return missing
