"""Structure factors of the unit cell: nearest table entry or tricubic interpolation (spec 05 sections 4 and
5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulator.config import StructureFactors
from simulator.physics.arithmetic import arithmetic
from simulator.physics.vectors import Vec, scalar, vec
from simulator.quirks import Quirks

NODES = 4
"""Nodes along each axis of the interpolation."""

UPSTREAM_MARGIN = 2
"""Cells at each end of the table that Q-INTERP-MARGIN keeps out of the interpolation."""


@dataclass(frozen=True)
class Table:
    """The table with a border of default_F all round, flattened (l fastest), so that a look-up is one gather.

    `values` is flat; `lower` and `upper` are the smallest and largest whole indices of the table proper,
    `border` those with the border, `strides` the distances in `values` of neighbours along h and k, `corner`
    minus the place of (0, 0, 0), all without dimensions; `nodes` [4, 4, 4] are the distances of the nodes of
    interpolation from the one below. All these are int32, int64 in large tables. `present` is False where
    every F is default_F; `deep` tells whether each axis has the entries that interpolation needs.
    """

    values: Tensor
    lower: Vec
    upper: Vec
    border: tuple[Vec, Vec]
    strides: tuple[Tensor, Tensor]
    corner: Tensor
    nodes: Tensor
    present: bool
    deep: bool

    def to(self, dtype: torch.dtype) -> Table:
        """Return the table with values of another type."""
        return replace(self, values=self.values.to(dtype))


_last: tuple[StructureFactors, Table] | None = None
"""The last structure factors of plain numbers, copied, and their table."""


def make_table(factors: StructureFactors) -> Table:
    """Return the bordered table of a run.

    Args:
        factors: the dense box (electrons) and default_F.

    Source: spec 05 sections 1 and 2.
    """
    number_types = (factors.default_F, factors.table)
    if factors.reflections == 0 or any(isinstance(given, Tensor) for given in number_types):
        return _made_table(factors)
    global _last  # noqa: PLW0603  a process that renders many runs of one table makes it once
    last = _last
    if last is not None and _same(last[0], factors):
        return last[1]
    own = replace(factors, table=factors.table.copy(), missing=factors.missing.copy())
    found = _made_table(own)
    if not torch.is_inference_mode_enabled():
        _last = (own, found)
    return found


def _same(one: StructureFactors, other: StructureFactors) -> bool:
    """Return whether two tables hold the same numbers, bit for bit."""
    return (one.default_F, one.hkl_min) == (other.default_F, other.hkl_min) and all(
        first.dtype == second.dtype and np.array_equal(_bits(first), _bits(second))
        for first, second in ((one.table, other.table), (one.missing, other.missing))
    )


def _bits(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers as whole numbers of their size, of which 0 and -0 are two."""
    return values.view(f"i{values.dtype.itemsize}")


def _made_table(factors: StructureFactors) -> Table:
    """Return the bordered table of a run, made anew."""
    default = scalar(factors.default_F)
    if factors.reflections == 0:
        return _table(default[None], (0, 0, 0), (1, 1, 1), present=False)
    box = torch.as_tensor(factors.table, dtype=torch.float64, device="cpu")
    if factors.missing.size:
        box = torch.where(torch.from_numpy(factors.missing), default, box)
    sizes = (box.shape[0], box.shape[1], box.shape[2])
    values = default.expand([size + 2 for size in sizes]).clone()
    values[1:-1, 1:-1, 1:-1] = box
    return _table(values.flatten(), factors.hkl_min, sizes, present=True)


def _table(values: Tensor, lower: tuple[int, int, int], sizes: tuple[int, int, int], present: bool) -> Table:
    """Return the table of a bordered, flattened box."""
    stride_h, stride_k = (sizes[1] + 2) * (sizes[2] + 2), sizes[2] + 2
    corner = (lower[0] - 1) * stride_h + (lower[1] - 1) * stride_k + lower[2] - 1
    small = len(values) + abs(corner) <= torch.iinfo(torch.int32).max
    number = partial(torch.tensor, dtype=torch.int32 if small else torch.int64, device="cpu")
    steps = number([-1, 0, 1, 2])
    upper = [low + size - 1 for low, size in zip(lower, sizes, strict=True)]
    return Table(
        values=values,
        lower=vec(number(lower)),
        upper=vec(number(upper)),
        border=(vec(number([low - 1 for low in lower])), vec(number([high + 1 for high in upper]))),
        strides=(number(stride_h), number(stride_k)),
        corner=number(corner),
        nodes=steps[:, None, None] * stride_h + steps[:, None] * stride_k + steps,
        present=present,
        deep=min(sizes) >= NODES,
    )


def uses_interpolation(factors: StructureFactors, cells: tuple[int, int, int]) -> bool:
    """Return whether the pixel loop starts with interpolation on: as asked, else with 2 cells or fewer on an
    axis.

    Args:
        cells: the counts the automatic choice looks at (Q-INTERP-AUTO-ORDER: as typed, else final).

    Source: spec 05 section 4.
    """
    if factors.reflections == 0:
        return False
    if factors.interpolate == "auto":
        return min(cells) <= 2
    return factors.interpolate == "on"


def nearest_F(table: Table, h0: Tensor, k0: Tensor, l0: Tensor) -> Tensor:
    """Return F at whole indices; default_F outside the table.

    Args:
        h0: whole numbers as floating tensors of one shape.
        k0: whole numbers as floating tensors of one shape.
        l0: whole numbers as floating tensors of one shape.

    Returns:
        Electrons, the same shape.

    Source: spec 05 section 5.
    """
    if not table.present:
        return table.values.expand(h0.shape)
    limits = zip((h0, k0, l0), *table.border, strict=True)
    h, k, l = (_between(whole.to(low.dtype), low, high) for whole, low, high in limits)
    stride_h, stride_k = table.strides
    return arithmetic().take(table.values, (h * stride_h).add_(k * stride_k).add_(l).sub_(table.corner))


def _between(whole: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Return whole numbers, which are overwritten, between limits (clamp is slow with tensors as limits)."""
    return torch.minimum(torch.maximum(whole, low, out=whole), high, out=whole)


def in_range(table: Table, hkl: Vec, quirks: Quirks) -> Tensor:
    """Return where the interpolation may be used: all 64 nodes lie in the table.

    Q-INTERP-MARGIN keeps h within [h_min + 2, h_max - 2]; else floor(h) - 1 >= h_min and floor(h) + 2 <=
    h_max.

    Args:
        hkl: fractional indices.

    Returns:
        Bool, their shape.

    Source: spec 05 section 5.
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
    table: Table, hkl: Vec, show: Callable[[Callable[[], Tensor]], object] = lambda values: None
) -> Tensor:
    """Return F by four-point Lagrange interpolation along l, then k, then h.

    The value is meaningless where `in_range` is false.

    Args:
        hkl: fractional indices of one shape.
        show: is offered a function that returns the 64 entries [..., 64].

    Returns:
        Electrons, the shape of hkl.

    Source: spec 05 section 5.
    """
    if not table.deep:
        return torch.zeros_like(hkl[0])
    floors = [index.floor() for index in hkl]
    as_fractions = table.values.dtype == torch.float64
    weights = [_basis(index, floor, as_fractions) for index, floor in zip(hkl, floors, strict=True)]
    limits = zip(floors, table.lower, table.upper, strict=True)
    h, k, l = (floor.to(low.dtype).clamp(low + 1, high - 2) for floor, low, high in limits)
    stride_h, stride_k = table.strides
    base = h * stride_h + k * stride_k + l - table.corner

    def row(i: int, j: int) -> list[Tensor]:
        return arithmetic().take_row(table.values, base, table.nodes[i, j])

    span = range(NODES)
    show(lambda: torch.stack([entry for i in span for j in span for entry in row(i, j)], -1))
    rows = [[_polynomial(weights[2], row(i, j)) for j in span] for i in span]
    return _polynomial(weights[0], [_polynomial(weights[1], row) for row in rows])


def _basis(x: Tensor, floor: Tensor, as_fractions: bool) -> list[tuple[Tensor, float]]:
    """Return numerator and denominator of the four Lagrange polynomials on floor - 1 ... floor + 2 at x.

    Args:
        as_fractions: whether to keep the order of operations of spec 05; else the denominators are 1.
    """
    x0, x1, x2, x3 = (x - (floor + float(offset)) for offset in (-1, 0, 1, 2))
    basis = [(x1 * x2 * x3, -6.0), (x0 * x2 * x3, 2.0), (x0 * x1 * x3, -2.0), (x0 * x1 * x2, 6.0)]
    return basis if as_fractions else [(numerator / denominator, 1.0) for numerator, denominator in basis]


def _polynomial(basis: list[tuple[Tensor, float]], values: list[Tensor]) -> Tensor:
    """Return the sum of value * numerator / denominator over the four nodes, left to right."""
    t0, t1, t2, t3 = (
        numerator * value if denominator == 1.0 else numerator * value / denominator
        for (numerator, denominator), value in zip(basis, values, strict=True)
    )
    return t0 + t1 + t2 + t3
