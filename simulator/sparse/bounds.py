"""Upper bounds of |F_cell F_latt| over groups of evaluations (spec 05 section 5, 06 section 10).

Of a group we know the indices h of its centre and its reach r on each axis: every evaluation lies within
h +- r. Both are single precision; the reach holds the rounding of h (see `clusters`), the constants here hold
that of the bound and of the evaluations themselves. A centre that is not a number gives a bound that is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.engine.stage import Axis, Stage
from simulator.physics.arithmetic import in_loops
from simulator.physics.lattice.bound import ALLOWANCE, LatticeBound
from simulator.physics.structure_factors import Table
from simulator.physics.vectors import apply, length
from simulator.scene.instrument import Instrument
from simulator.sparse.groups import Centre, RayGroups

LEAST_F = 2.0**-30
"""Relative values below are raised to it, so that no product of a bound underflows to 0."""
LEBESGUE = 1.25
"""Largest sum of |L_i(x)| of the four Lagrange polynomials on the middle interval, reached in its centre."""
MOST_ENTRIES = 1 << 22


@dataclass(frozen=True, eq=False)
class Bounding:
    """What the bound of the evaluations of some groups of rays, near one orientation, depends on."""

    bound: TermBound
    centre: Centre
    rays: RayGroups
    weight: Tensor | None
    """What multiplies each term [1, n, 1, 1], None for 1."""

    def largest_terms(self) -> Tensor:
        """Return an upper bound of weight F_cell^2 F_latt^2 of each group [n], float64."""
        amplitude = self.bound.amplitude(*self.centre.reach(self.rays)).double()
        terms = amplitude.square() * self.bound.scale
        terms = terms if self.weight is None else terms * self.weight[0, :, 0, 0]
        return terms.expand(self.rays.size_per_m.shape[1])


def _bound(_: Instrument, given: Bounding) -> Tensor:
    return given.largest_terms()


BOUND = Stage(
    "bound",
    _bound,
    in_loops,
    axes={"given.bound.factor.values": (Axis("U"),), "given.bound.lattice.caps": (None, Axis("V"))},
)
"""`Bounding.largest_terms`; its tables are those of windows and of caps."""


@dataclass(frozen=True, eq=False)
class TermBound:
    """The bound of a run.

    `scale` (float64, no dimensions) is what the square of the relative amplitude is multiplied with.
    """

    lattice: LatticeBound
    factor: FactorBound
    scale: Tensor

    @classmethod
    def of(cls, ins: Instrument) -> TermBound:
        """Return the bound of the evaluations of an instrument."""
        lattice, peak = bound_of_lattice(ins)
        factor, largest = FactorBound.of(ins.table, ins.plan.interpolate, ins.device)
        scale = ((1.0 + ALLOWANCE) * largest * peak) ** 2
        return cls(lattice, factor, torch.tensor(scale, dtype=torch.float64, device=ins.device))

    def amplitude(self, h: Tensor, r: Tensor) -> Tensor:
        """Return a bound of |F_cell F_latt| over sqrt(scale) for each group.

        Args:
            h: centre and reach [3, n].
            r: centre and reach [3, n].

        Returns:
            [n].
        """
        return self.lattice.relative(h, r) * self.factor.relative(h, r)


def bound_of_lattice(ins: Instrument) -> tuple[LatticeBound, float]:
    """Return the bound of a crystal's lattice factor, and its value at 0."""
    reach = float(largest_lengths(ins).max()) * 2.0 / float(ins.wavelength_m.min())
    return ins.shape.bound(reach)


def largest_lengths(ins: Instrument) -> Tensor:
    """Return the largest |a|, |b|, |c| in metres over all phi steps and domains [3]."""
    return torch.stack([length(apply(Tensor.detach, v)).amax() for v in ins.usual.final])


@dataclass(frozen=True, eq=False)
class FactorBound:
    """Largest |F| over the table entries that a group can use, over the largest of all."""

    values: Tensor
    """Flat tables of the largest entries in windows that start at an index, 8 of them, with windows longer by
    one or not along each axis (a single one, with long windows, of a large table; a single entry without a
    table)."""
    lower: Tensor
    """First start [3, 1]."""
    upper: Tensor
    """Last start [3, 1]."""
    strides: Tensor
    """Distance in `values` of the next index [3, 1]."""
    longer: Tensor
    """Distance in `values` of the longer window [3, 1]."""
    interpolate: bool

    @classmethod
    def of(cls, table: Table, interpolate: bool, device: torch.device) -> tuple[FactorBound, float]:
        """Return the bound of a table, and the largest |F_cell| (interpolated, if so) in electrons."""
        values = table.values.detach().abs()
        largest = float(values.max())
        relative = values / largest if largest != 0.0 else values
        relative = torch.where(relative == 0.0, 0.0, relative.clamp(min=LEAST_F)).float()
        largest *= LEBESGUE**3 if interpolate else 1.0
        low = [int(part) for part in table.lower]
        sizes = [int(high) - start + 1 for start, high in zip(low, table.upper, strict=True)]
        window = 4 if interpolate else 1
        made = relative[None, None, None, None, None]
        if table.present:
            made = _windows(relative.view([size + 2 for size in sizes]), window)
        small = made.numel() <= torch.iinfo(torch.int32).max

        def column(numbers: Iterable[int]) -> Tensor:
            kind = torch.int32 if small else torch.int64
            return torch.tensor(list(numbers), dtype=kind, device=device)[:, None]

        return cls(
            values=made.flatten(),
            lower=column(start - (window + 1) for start in low),
            upper=column(start + size for start, size in zip(low, sizes, strict=True)),
            strides=column(made.stride()[3:]),
            longer=column(made.stride(axis) if made.shape[0] > 1 else 0 for axis in range(3)),
            interpolate=interpolate,
        ), largest

    def relative(self, h: Tensor, r: Tensor) -> Tensor:
        """Return the bound over the largest |F|, [n] (a number without a table)."""
        if self.values.shape[0] == 1:
            return self.values[0]
        low, high = ((end.floor() - 1.0 if self.interpolate else end.round()) for end in (h - r, h + r))
        start, more = low.to(self.lower.dtype), high - low
        start = torch.minimum(torch.maximum(start, self.lower), self.upper) - self.lower
        along = start * self.strides + more.to(self.lower.dtype).clamp(0, 1) * self.longer
        found = self.values.index_select(0, along[0] + along[1] + along[2])
        return torch.where(more.amax(0) > 1.0, 1.0, found)


def _windows(box: Tensor, window: int) -> Tensor:
    """Return the largest entry of each window that touches a bordered box, [2 or 1] * 3 + [h, k, l].

    Beyond the box every entry is that of its border.

    Args:
        window: entries along each axis, in the first table of an axis; one more in the second. Windows start
            from `window` before the border on.
    """
    border = box[0, 0, 0]
    sizes = [size + 2 * window for size in box.shape]
    padded = border.expand(sizes).clone()
    inner = tuple(slice(window, window + size) for size in box.shape)
    padded[inner] = box
    lengths = (window, window + 1) if padded.numel() <= MOST_ENTRIES else (window + 1,)
    tables = []
    for along_h in lengths:
        by_h = _largest(padded, 0, along_h)
        for along_k in lengths:
            by_k = _largest(by_h, 1, along_k)
            tables += [_largest(by_k, 2, along_l) for along_l in lengths]
    count = len(lengths)
    return torch.stack(tables).view(count, count, count, *tables[0].shape).contiguous()


def _largest(values: Tensor, axis: int, length: int) -> Tensor:
    """Return the largest of so many entries from each one on; behind the last one stands the border."""
    found = values
    last = values.narrow(axis, values.shape[axis] - 1, 1)
    shifted = values
    for _ in range(length - 1):
        shifted = torch.cat([shifted.narrow(axis, 1, values.shape[axis] - 1), last], axis)
        found = torch.maximum(found, shifted)
    return found
