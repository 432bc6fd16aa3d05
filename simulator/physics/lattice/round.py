"""ROUND: an ellipsoid (spec 06 sections 10 and 15)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.physics.lattice.bound import LEAST_FACTOR, LatticeBound
from simulator.physics.lattice.crystal_shape import CrystalShape, ShowValue
from simulator.physics.lattice.interference import sinc3
from simulator.physics.lattice.radius import LeastRadius, index_radius_sqr, least_index_radius
from simulator.physics.vectors import Vec, square_root

ROUND_FACTOR = 0.723601254558268
"""Makes the integrated intensity of a round crystal that of the square one (close to sqrt(pi/6))."""
NOISY_ROUND = 2.0**-10
"""Below this x, rounding may exceed 1 in the closed form of the ball's transform (Q-SINC3-SMALL)."""


@dataclass(frozen=True, eq=False)
class RoundBound(LatticeBound):
    """min(1, 3 sqrt(1 + 1/x^2)/x^2)."""

    radius: LeastRadius
    noisy: bool
    """Whether the closed form is used down to x = 0 (Q-SINC3-SMALL)."""

    def relative(self, h: Tensor, r: Tensor) -> Tensor:
        """See `LatticeBound.relative`."""
        x_sqr = self.radius.squared(h, r) * math.pi**2
        bound = ((1.0 + 1.0 / x_sqr).sqrt() * 3.0 / x_sqr).clamp(LEAST_FACTOR, 1.0)
        return torch.where(x_sqr < NOISY_ROUND**2, torch.inf, bound) if self.noisy else bound


@dataclass(frozen=True)
class RoundCrystal(CrystalShape):
    """An ellipsoid."""

    word = "ellipsoidal"

    def factor(self, hkl: Vec, whole: Vec, show: ShowValue) -> Tensor:
        """Return N 0.7236 sinc3(pi sqrt(hrad^2 fudge)), N = Na Nb Nc, in float64.

        Source: spec 06 sections 10 and 15 (Q-SINC3-SMALL).
        """
        radius_sqr = index_radius_sqr(self, hkl, whole, show)
        x = math.pi * square_root(radius_sqr * self.fudge)
        return self.cell_count * ROUND_FACTOR * sinc3(x, "Q-SINC3-SMALL" not in self.quirks)

    def bound(self, largest_index: float) -> tuple[LatticeBound, float]:
        """Return the bound of a round crystal and its lattice factor at whole indices."""
        bound = RoundBound(least_index_radius(self), "Q-SINC3-SMALL" in self.quirks)
        return bound, float(self.cell_count) * ROUND_FACTOR
