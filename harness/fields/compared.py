"""Two arrays of numbers, compared block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.arrays import Reals
from harness.errors import HarnessError
from harness.fields.field import BLOCK, FieldArray, element_place
from trace_tools.arrays import Index, Marks, steps_of_type
from trace_tools.element_bound import ElementBound

NUMBERS = "biufc"
"""Kinds of types that hold numbers."""
ORDERED = (np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64))
"""Types whose steps are counted."""


@dataclass
class Extreme:
    """The largest value of a measure, where it was found, and the two numbers there."""

    value: float = 0.0
    flat: int | None = None
    pair: tuple[complex, complex] = (0.0, 0.0)

    def take(self, values: Reals, places: Index, a: NDArray[Any], b: NDArray[Any]) -> None:
        """Look at more values [n]."""
        if not len(values):
            return
        best = int(np.argmax(values))
        if self.flat is None or values[best] > self.value:
            self.value = float(values[best])
            self.flat, self.pair = int(places[best]), (a[best].item(), b[best].item())


@dataclass
class FieldFigures:
    """What two arrays have in common, and what not.

    Elements that the mask leaves out are in no figure but `masked`. `one_sided` counts elements of which one
    is NaN, or of which one is infinite and the other is not the same; `no_number` those that are NaN on both
    sides. `first` is the first element outside. Sums are of the finite elements. `steps` is measured where
    the bound asks for it, else at the largest relative difference.
    """

    elements: int
    masked: int = 0
    unequal: int = 0
    outside: int = 0
    one_sided: int = 0
    no_number: int = 0
    nonzero: int = 0
    sum_first: complex = 0.0
    sum_second: complex = 0.0
    absolute: Extreme = field(default_factory=Extreme)
    relative: Extreme = field(default_factory=Extreme)
    steps: Extreme = field(default_factory=Extreme)
    first: Extreme = field(default_factory=Extreme)

    @property
    def compared(self) -> int:
        """Return the number of elements that were held against the bound."""
        return self.elements - self.masked - self.no_number


def require_comparable(a: FieldArray, b: FieldArray) -> None:
    """Check that two arrays can be held against each other element by element.

    Raises:
        HarnessError: for other shapes, or elements that are no numbers.
    """
    for side in (a, b):
        if side.dtype.kind not in NUMBERS:
            raise HarnessError(
                f"{side.source} holds elements of the type {side.dtype}, must be numbers; choose others"
            )
    if a.shape != b.shape:
        raise HarnessError(
            f"{a.source} has the shape {_shape(a)}, {b.source} {_shape(b)}; both must be of one shape"
        )


def _shape(side: FieldArray) -> str:
    return " x ".join(map(str, side.shape)) or "of one number"


def compare_fields(
    a: FieldArray, b: FieldArray, bound: ElementBound, mask: FieldArray | None = None
) -> FieldFigures:
    """Compare two arrays element by element.

    Args:
        a: of any shape, in memory or in a file.
        b: of the same shape.
        bound: how far elements may be apart.
        mask: of the same shape; elements where it is not 0 are left out.

    Returns:
        The figures; memory does not grow with the arrays.

    Raises:
        HarnessError: they cannot be held against each other.
    """
    require_comparable(a, b)
    if mask is not None and mask.shape != a.shape:
        raise HarnessError(
            f"{mask.source} has the shape {_shape(mask)}, {a.source} {_shape(a)}; a mask has the same"
        )
    figures = FieldFigures(a.size)
    for start in range(0, a.size, BLOCK):
        stop = min(start + BLOCK, a.size)
        kept = None if mask is None else mask.block(start, stop) == 0
        _add(figures, bound, start, (a.block(start, stop), b.block(start, stop)), kept)
    if bound.ulp is None and figures.relative.flat is not None:
        flat = figures.relative.flat
        one = np.array([flat])
        pair = a.block(flat, flat + 1), b.block(flat, flat + 1)
        figures.steps.take(steps_between(*pair), one, *pair)
    return figures


def _add(
    figures: FieldFigures,
    bound: ElementBound,
    start: int,
    sides: tuple[NDArray[Any], NDArray[Any]],
    kept: Marks | None,
) -> None:
    """Add a block to figures. Where all is equal, one pass and a sum are all that it takes."""
    a, b = sides
    with np.errstate(all="ignore"):
        places = None
        if kept is not None:
            figures.masked += int(len(kept) - np.count_nonzero(kept))
            places = np.flatnonzero(kept)
            a, b = a[places], b[places]
        figures.nonzero += int(np.count_nonzero(a))
        apart = np.flatnonzero(a != b)
        figures.sum_first += _finite_sum(a)
        figures.sum_second += _finite_sum(b)
        if len(apart):
            where = start + (apart if places is None else places[apart])
            _add_unequal(figures, bound, np.asarray(where, np.int64), a[apart], b[apart])


def _finite_sum(values: NDArray[Any]) -> complex:
    """Return the sum of those that are finite."""
    total = values.sum(dtype=np.complex128 if values.dtype.kind == "c" else np.float64)
    if not np.isfinite(total):
        total = values[np.isfinite(values)].sum(dtype=total.dtype)
    return complex(total) if values.dtype.kind == "c" else float(total)


def _add_unequal(
    figures: FieldFigures, bound: ElementBound, where: Index, a: NDArray[Any], b: NDArray[Any]
) -> None:
    """Add elements that are not the same number; NaN is none, on whichever side."""
    lost_a, lost_b = np.isnan(a), np.isnan(b)
    both = lost_a & lost_b
    if both.any():
        figures.no_number += int(np.count_nonzero(both))
        where, a, b = where[~both], a[~both], b[~both]
        lost_a, lost_b = lost_a[~both], lost_b[~both]
    if not len(a):
        return
    absolute, scale = distances(a, b)
    steps = steps_between(a, b) if bound.ulp is not None else absolute
    outside = np.flatnonzero(~bound.within(absolute, scale, steps))
    relative = absolute / scale
    infinite = np.isinf(absolute)
    relative[infinite] = np.inf
    figures.unequal += len(a)
    figures.one_sided += int(np.count_nonzero(infinite))
    figures.outside += len(outside)
    figures.absolute.take(absolute, where, a, b)
    figures.relative.take(relative, where, a, b)
    if bound.ulp is not None:
        figures.steps.take(steps, where, a, b)
    if len(outside) and figures.first.flat is None:
        one = outside[:1]
        figures.first.take(absolute[one], where[one], a[one], b[one])


def distances(a: NDArray[Any], b: NDArray[Any]) -> tuple[Reals, Reals]:
    """Return |a - b| [n], infinite where one is no finite number, and max(|a|, |b|) [n].

    Whole numbers are subtracted as such, without a loss of digits.
    """
    if a.dtype.kind in "biu" and b.dtype.kind in "biu":
        common = np.result_type(a.dtype, b.dtype, np.int8)
        a, b = (
            (a.astype(object), b.astype(object))
            if common.kind == "f"
            else (a.astype(common), b.astype(common))
        )
        apart = np.maximum(a, b) - np.minimum(a, b)
        unsigned = apart.astype(f"u{common.itemsize}") if common.kind == "i" else apart
        return unsigned.astype(np.float64), np.maximum(
            np.abs(a.astype(np.float64)), np.abs(b.astype(np.float64))
        )
    wide = np.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else np.float64
    a, b = a.astype(wide, copy=False), b.astype(wide, copy=False)
    absolute = np.abs(a - b)
    absolute[~np.isfinite(absolute)] = np.inf
    return absolute, np.maximum(np.abs(a), np.abs(b))


def steps_between(a: NDArray[Any], b: NDArray[Any]) -> Reals:
    """Return how many numbers of the coarser type lie between elements [n], infinite where there are none.

    Whole numbers are counted as such; of complex numbers the larger of both parts.
    """
    if a.dtype.kind in "biu" and b.dtype.kind in "biu":
        return distances(a, b)[0]
    if "c" in (a.dtype.kind, b.dtype.kind):
        a, b = (side.astype(np.complex128) if side.dtype.kind != "c" else side for side in (a, b))
        return np.maximum(steps_between(a.real, b.real), steps_between(a.imag, b.imag))
    floats = [side.dtype for side in (a, b) if side.dtype in ORDERED]
    coarser = min(floats, key=lambda kind: kind.itemsize, default=np.dtype(np.float64))
    found = steps_of_type(a.astype(coarser, copy=False), b.astype(coarser, copy=False))
    found[~(np.isfinite(a) & np.isfinite(b))] = np.inf
    return found


def shown_place(shape: Sequence[int], extreme: Extreme) -> str:
    """Return where an extreme was found, and both numbers, in words."""
    if extreme.flat is None:
        return ""
    place = ", ".join(map(str, element_place(shape, extreme.flat)))
    first, second = extreme.pair
    return f"[{place}]: {first!r} and {second!r}"
