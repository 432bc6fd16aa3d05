"""Structure factors of the unit cell: nearest table entry or tricubic interpolation (spec 05 sections 4 and
5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.config import StructureFactors
from simulator.quirks import Quirks
from simulator.vectors import Vec

NODES = 4
"""Nodes along each axis of the interpolation."""

UPSTREAM_MARGIN = 2
"""Cells at each end of the table that Q-INTERP-MARGIN keeps out of the interpolation."""


@dataclass(frozen=True)
class Table:
    """The table with a border of default_F all round, flattened (l fastest), so that a look-up is one gather.

    `values` is flat; `lower` and `upper` are the smallest and largest whole indices of the table proper;
    `present` is False where every F is default_F.
    """

    values: Tensor
    lower: tuple[int, int, int]
    upper: tuple[int, int, int]
    present: bool

    def to(self, device: torch.device, dtype: torch.dtype) -> Table:
        """Return the table on another device, with values of another type."""
        return Table(self.values.to(device, dtype), self.lower, self.upper, self.present)


def make_table(factors: StructureFactors) -> Table:
    """Return the bordered table of a run.

    Args: factors: the dense box (electrons) and default_F. Source: spec 05 sections 1 and 2.
    """
    default = factors.default_F
    if factors.reflections == 0:
        return Table(torch.tensor([default], dtype=torch.float64), (0, 0, 0), (0, 0, 0), present=False)
    box = torch.from_numpy(factors.table).to(torch.float64)
    values = torch.nn.functional.pad(box, (1, 1, 1, 1, 1, 1), value=default)
    h, k, l = factors.hkl_min
    nh, nk, nl = box.shape
    return Table(values.flatten(), (h, k, l), (h + nh - 1, k + nk - 1, l + nl - 1), present=True)


def uses_interpolation(factors: StructureFactors, cells: tuple[int, int, int]) -> bool:
    """Return whether the pixel loop starts with interpolation on: as asked, else with 2 cells or fewer on an
    axis.

    Args: cells: the counts the automatic choice looks at (Q-INTERP-AUTO-ORDER: as typed, else final).
    Source: spec 05 section 4.
    """
    if factors.reflections == 0:
        return False
    if factors.interpolate == "auto":
        return min(cells) <= 2
    return factors.interpolate == "on"


def nearest_F(table: Table, h0: Tensor, k0: Tensor, l0: Tensor) -> Tensor:
    """Return F at whole indices; default_F outside the table.

    Args: h0, k0, l0: whole numbers as floating tensors of one shape. Returns: electrons, the same shape.
    Source: spec 05 section 5.
    """
    if not table.present:
        return table.values.expand(h0.shape)
    limits = zip((h0, k0, l0), table.lower, table.upper, strict=True)
    h, k, l = (whole.clamp(low - 1, high + 1) for whole, low, high in limits)
    stride_h, stride_k, corner = _strides(table)
    flat = (h * stride_h + k * stride_k + l - corner).to(torch.int64).clamp(min=0)
    return _gather(table.values, flat)


def _strides(table: Table) -> tuple[int, int, int]:
    """Return the strides of h and k in the bordered table, and minus the place of (0, 0, 0)."""
    _, nk, nl = (high - low + 3 for low, high in zip(table.lower, table.upper, strict=True))
    low_h, low_k, low_l = (low - 1 for low in table.lower)
    return nk * nl, nl, (low_h * nk + low_k) * nl + low_l


def _gather(values: Tensor, flat: Tensor) -> Tensor:
    """Return values[flat] for the kernel's layout, in which axis 1 is the fastest in memory."""
    moved = flat.movedim(1, -1) if flat.dim() > 1 else flat
    found = values.index_select(0, moved.reshape(-1)).view(moved.shape)
    return found.movedim(-1, 1) if flat.dim() > 1 else found


def in_range(table: Table, hkl: Vec, quirks: Quirks) -> Tensor:
    """Return where the interpolation may be used: all 64 nodes lie in the table.

    Q-INTERP-MARGIN keeps h within [h_min + 2, h_max - 2]; else floor(h) - 1 >= h_min and floor(h) + 2 <=
    h_max.

    Args: hkl: fractional indices. Returns: bool, their shape. Source: spec 05 section 5.
    """
    inside: Tensor | None = None
    for index, low, high in zip(hkl, table.lower, table.upper, strict=True):
        if "Q-INTERP-MARGIN" in quirks:
            size = high - low + 1
            ok = ~((index - low + 3.0 > size) | (index - float(UPSTREAM_MARGIN) < low))
        else:
            floor = index.floor()
            ok = (floor - 1.0 >= low) & (floor + 2.0 <= high)
        inside = ok if inside is None else inside & ok
    assert inside is not None  # hkl has three components
    return inside


def tricubic_F(
    table: Table, hkl: Vec, show: Callable[[Callable[[], Tensor]], None] = lambda values: None
) -> Tensor:
    """Return F by four-point Lagrange interpolation along l, then k, then h.

    The value is meaningless where `in_range` is false.

    Args: hkl: fractional indices of one shape. show: is offered a function that returns the 64 entries [...,
    64].
    Returns: electrons, the shape of hkl. Source: spec 05 section 5.
    """
    if any(high - low < NODES - 1 for low, high in zip(table.lower, table.upper, strict=True)):
        return torch.zeros_like(hkl[0])
    floors = [index.floor() for index in hkl]
    weights = [_basis(index, floor) for index, floor in zip(hkl, floors, strict=True)]
    limits = zip(floors, table.lower, table.upper, strict=True)
    h, k, l = (floor.clamp(low + 1, high - 2) for floor, low, high in limits)
    stride_h, stride_k, corner = _strides(table)
    base = (h * stride_h + k * stride_k + l - corner).to(torch.int64).clamp(min=stride_h + stride_k + 1)

    def entry(i: int, j: int, n: int) -> Tensor:
        return _gather(table.values, base + ((i - 1) * stride_h + (j - 1) * stride_k + (n - 1)))

    span = range(NODES)
    show(lambda: torch.stack([entry(i, j, n) for i in span for j in span for n in span], -1))
    rows = [[_polynomial(weights[2], [entry(i, j, n) for n in span]) for j in span] for i in span]
    return _polynomial(weights[0], [_polynomial(weights[1], row) for row in rows])


def _basis(x: Tensor, floor: Tensor) -> list[tuple[Tensor, float]]:
    """Return numerator and denominator of the four Lagrange polynomials on floor - 1 ... floor + 2 at x."""
    x0, x1, x2, x3 = (x - (floor + float(offset)) for offset in (-1, 0, 1, 2))
    return [(x1 * x2 * x3, -6.0), (x0 * x2 * x3, 2.0), (x0 * x1 * x3, -2.0), (x0 * x1 * x2, 6.0)]


def _polynomial(basis: list[tuple[Tensor, float]], values: list[Tensor]) -> Tensor:
    """Return the sum of value * numerator / denominator over the four nodes, left to right."""
    t0, t1, t2, t3 = (
        numerator * value / denominator for (numerator, denominator), value in zip(basis, values, strict=True)
    )
    return t0 + t1 + t2 + t3
