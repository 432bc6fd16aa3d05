"""TOPHAT: spots of one height with a sharp edge (spec 06 section 10)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.physics.lattice.bound import LatticeBound
from simulator.physics.lattice.crystal_shape import CrystalShape, ShowValue
from simulator.physics.lattice.radius import LeastRadius, least_spot_radius, spot_radius_sqr
from simulator.physics.vectors import Vec

TOPHAT_LIMIT = 0.3969


@dataclass(frozen=True, eq=False)
class TophatBound(LatticeBound):
    """1 up to the edge, 0 beyond."""

    radius: LeastRadius

    def relative(self, h: Tensor, r: Tensor) -> Tensor:
        """See `LatticeBound.relative`."""
        return torch.where(self.radius.squared(h, r) >= TOPHAT_LIMIT, 0.0, 1.0)


@dataclass(frozen=True)
class TophatCrystal(CrystalShape):
    """A crystal with spots of one height."""

    word = "tophat-spot"

    def factor(self, hkl: Vec, whole: Vec, show: ShowValue) -> Tensor:
        """Return N where r^2 fudge < 0.3969, else 0, N = Na Nb Nc, in float64; its edge has no slope.

        Source: spec 06 section 10 (Q-GAUSS-WIDTH).
        """
        radius_sqr = spot_radius_sqr(self, hkl, whole, show)
        return torch.where(radius_sqr * self.fudge < TOPHAT_LIMIT, self.cell_count, 0.0)

    def bound(self, largest_index: float) -> tuple[LatticeBound, float]:
        """Return the bound of top-hat spots and their height."""
        return TophatBound(least_spot_radius(self)), float(self.cell_count)
