"""GAUSS: Gaussian spots (spec 06 section 10)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.physics.lattice.bound import LEAST_FACTOR, LatticeBound
from simulator.physics.lattice.crystal_shape import CrystalShape, ShowValue
from simulator.physics.lattice.radius import LeastRadius, least_spot_radius, spot_radius_sqr
from simulator.physics.vectors import Vec

GAUSS_WIDTH = 0.63


def exponential(exponent: Tensor, dtype: torch.dtype) -> Tensor:
    """Return e to an exponent in a number type that may have fewer digits than the exponent.

    exp(x) = exp(x') (1 + (x - x')), x' = x in `dtype`: far out in the tail of a spot the rounding of x would
    otherwise grow into x times the roundoff of `dtype`.

    Args:
        exponent: at most 0, any shape.
        dtype: of the result.

    Source: spec 06 section 10.
    """
    rounded = exponent.to(dtype)
    if exponent.dtype == dtype:
        return rounded.exp()
    return rounded.exp() * (1.0 + (exponent - rounded).to(dtype))


@dataclass(frozen=True, eq=False)
class GaussBound(LatticeBound):
    """exp(-(r^2/0.63 fudge)) at the least distance."""

    radius: LeastRadius

    def relative(self, h: Tensor, r: Tensor) -> Tensor:
        """See `LatticeBound.relative`."""
        exponent = self.radius.squared(h, r) * (-1.0 / GAUSS_WIDTH)
        return torch.exp(exponent).clamp(min=LEAST_FACTOR)


@dataclass(frozen=True)
class GaussCrystal(CrystalShape):
    """A crystal with Gaussian spots."""

    word = "gaussian"

    def factor(self, hkl: Vec, whole: Vec, show: ShowValue) -> Tensor:
        """Return N exp(-(r^2/0.63 fudge)), N = Na Nb Nc, in `dtype` (spec 06 section 10, Q-GAUSS-WIDTH)."""
        radius_sqr = spot_radius_sqr(self, hkl, whole, show)
        return self.cell_count * exponential(-(radius_sqr / GAUSS_WIDTH * self.fudge), self.dtype)

    def bound(self, largest_index: float) -> tuple[LatticeBound, float]:
        """Return the bound of Gaussian spots and their lattice factor at whole indices."""
        return GaussBound(least_spot_radius(self)), float(self.cell_count)
