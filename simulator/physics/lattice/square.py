"""SQUARE: a parallelepiped of Na x Nb x Nc cells (spec 06 section 10)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.physics.lattice.bound import ALLOWANCE, LatticeBound, least_distance
from simulator.physics.lattice.crystal_shape import CrystalShape, ShowValue
from simulator.physics.lattice.interference import grating, sincg
from simulator.physics.products import product
from simulator.physics.vectors import Vec

NEIGHBOURS = 8
"""Numbers on each side of a multiple of pi whose grating function is computed for Q-SINCG-INTEGER."""
MOST_INDICES = 1 << 16


def _at_whole_turns(crystal: CrystalShape) -> bool:
    """Return whether the sines take pi h as it is, whole turns and their rounding included."""
    return crystal.dtype == torch.float64 and "Q-SINCG-INTEGER" in crystal.quirks


@dataclass(frozen=True, eq=False)
class SquareBound(LatticeBound):
    """The product of min(1, 1/(N sin(pi d))), with sin(pi d) >= d (3 - 4 d^2) on [0, 1/2]."""

    cells: Tensor
    """Na, Nb, Nc [3, 1], single precision."""
    several: tuple[int, ...]
    """Axes with more than one cell."""

    def relative(self, h: Tensor, r: Tensor) -> Tensor:
        """See `LatticeBound.relative`."""
        least = least_distance(h, r)
        sine = least * (3.0 - 4.0 * least.square())
        quotient = 1.0 / (sine * self.cells)
        if self.caps is None:
            quotient = quotient.clamp(max=1.0)
        else:
            quotient = torch.minimum(quotient, _cap(self.caps, h.round(), r))
        bound = torch.ones((), device=least.device)
        for axis in self.several:
            bound = bound * quotient[axis]
        return bound


def _cap(caps: Tensor, whole: Tensor, r: Tensor) -> Tensor:
    """Return the caps at the nearest whole numbers, or the largest where the reach holds more of them."""
    middle = caps.shape[1] // 2
    place = whole.clamp(-middle, middle).nan_to_num().to(torch.int64) + middle
    return torch.where(r < 0.5, caps.gather(1, place), caps.amax(1, keepdim=True))


def _caps(cells: Tensor, largest_index: float) -> Tensor:
    """Return bounds of |sin(N x)/sin(x)|/N for doubles x near m pi, [3, 2 m + 1] (Q-SINCG-INTEGER).

    The nearest doubles are tried; behind them the rounding of N x, a unit of x times N, is less than
    1/NEIGHBOURS of sin(x) N. Beyond MOST_INDICES there is no bound.
    """
    count = MOST_INDICES
    if math.isfinite(largest_index):
        count = int(min(MOST_INDICES, math.ceil(largest_index) + 1))
    m = torch.arange(-count, count + 1, device=cells.device, dtype=torch.float64)
    x = (math.pi * m)[:, None]
    unit = torch.nextafter(x.abs(), torch.full_like(x, torch.inf)) - x.abs()
    steps = torch.arange(-2 * NEIGHBOURS, 2 * NEIGHBOURS + 1, device=cells.device)
    near = x + steps * (0.5 * unit)  # [m, neighbours]; below a power of two, units are half as large
    found = torch.stack([(sincg(near, N) / N).abs().amax(1) for N in cells[:, 0]])
    caps = found.clamp(min=1.0 + 1.0 / NEIGHBOURS)
    caps[:, count] = 1.0
    if count == MOST_INDICES:
        caps[:, 0] = caps[:, -1] = torch.inf
    return caps.float() * (1.0 + ALLOWANCE)


@dataclass(frozen=True)
class SquareCrystal(CrystalShape):
    """A parallelepiped of cells."""

    word = "parallelpiped"

    def factor(self, hkl: Vec, whole: Vec, show: ShowValue) -> Tensor:
        """Return the product of sin(N pi h)/sin(pi h) over the axes with more than one cell, in `dtype`.

        Source: spec 06 section 10 (Q-SINCG-INTEGER).
        """
        one = torch.ones((), dtype=self.dtype, device=hkl[0].device)
        factors = []
        axes = zip("abc", hkl, whole, self.cells, self.single, strict=True)
        for axis, index, nearest, cells, single in axes:
            made = one
            if not single:
                start = None if _at_whole_turns(self) else nearest
                made = grating(index, start, cells, math.pi, self.dtype)
            made = show(f"F_latt_{axis}", made)
            if not single:
                factors.append(made)
        if len(factors) < 2:
            return factors[0] if factors else one.expand(hkl[0].shape)
        return product(factors)

    def bound(self, largest_index: float) -> tuple[LatticeBound, float]:
        """Return the bound of a square crystal and its lattice factor at whole indices."""
        cells = self.cells_column()
        return SquareBound(
            cells=cells.float(),
            several=tuple(axis for axis in range(3) if not self.single[axis]),
            caps=_caps(cells, largest_index) if _at_whole_turns(self) else None,
        ), float(self.cell_count)
