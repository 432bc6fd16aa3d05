"""The squared distance from the nearest whole index, of which ROUND, GAUSS and TOPHAT are functions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.physics.lattice.bound import ALLOWANCE, least_distance
from simulator.physics.lattice.crystal_shape import CrystalShape, ShowValue
from simulator.physics.vectors import Vec, dot


def index_radius_sqr(crystal: CrystalShape, hkl: Vec, whole: Vec, show: ShowValue) -> Tensor:
    """Return (h-h0)^2 Na^2 + (k-k0)^2 Nb^2 + (l-l0)^2 Nc^2 (spec 06 section 10)."""
    a, b, c = (d * d * n * n for d, n in zip(_offset(hkl, whole), crystal.cells, strict=True))
    radius_sqr = a + b + c
    return show("hrad_sqr", radius_sqr)


def spot_radius_sqr(crystal: CrystalShape, hkl: Vec, whole: Vec, show: ShowValue) -> Tensor:
    """Return the squared distance that GAUSS and TOPHAT take.

    |(h-h0) a* + (k-k0) b* + (l-l0) c*|^2 Na^2 Nb^2 Nc^2 with Q-GAUSS-WIDTH, else `index_radius_sqr`.
    """
    if "Q-GAUSS-WIDTH" not in crystal.quirks:
        return index_radius_sqr(crystal, hkl, whole, show)
    h, k, l = _offset(hkl, whole)
    x, y, z = (h * a + k * b + l * c for a, b, c in zip(*crystal.reciprocal, strict=True))
    radius_sqr = dot((x, y, z), (x, y, z))
    for n in crystal.cells:
        radius_sqr = radius_sqr * n * n
    return show("rad_star_sqr", radius_sqr)


def _offset(hkl: Vec, whole: Vec) -> Vec:
    return hkl[0] - whole[0], hkl[1] - whole[1], hkl[2] - whole[2]


@dataclass(frozen=True, eq=False)
class LeastRadius:
    """The least squared distance times fudge of a range of indices, less an allowance for rounding."""

    steepness: Tensor
    """s of r^2 = sum (d_i s_i)^2, or of the largest of them [3, 1]."""
    along_one: bool
    """Whether the largest term is taken in place of the sum."""
    fudge: Tensor

    def squared(self, h: Tensor, r: Tensor) -> Tensor:
        """Return r^2 fudge [n] of indices within h +- r [3, n]."""
        terms = (least_distance(h, r) * self.steepness).square()
        return (terms.amax(0) if self.along_one else terms.sum(0)) * self.fudge


def least_index_radius(crystal: CrystalShape) -> LeastRadius:
    """Return the least distance after `index_radius_sqr`."""
    return _least(crystal, crystal.cells_column(), along_one=False)


def least_spot_radius(crystal: CrystalShape) -> LeastRadius:
    """Return the least distance after `spot_radius_sqr`."""
    if "Q-GAUSS-WIDTH" not in crystal.quirks:
        return least_index_radius(crystal)
    return _least(crystal, _upstream_steepness(crystal)[:, None], along_one=True)


def _least(crystal: CrystalShape, steepness: Tensor, along_one: bool) -> LeastRadius:
    fudge = crystal.fudge.detach().float() * (1.0 - ALLOWANCE)
    return LeastRadius(steepness.float(), along_one, fudge)


def _upstream_steepness(crystal: CrystalShape) -> Tensor:
    """Return Na Nb Nc/|a|, ... in 1/Angstrom [3].

    |d1 a* + d2 b* + d3 c*| >= |d1|/|a| with the dual a of the reciprocal vectors, as d1 = a.(...); the same
    holds for b and c.
    """
    rows = torch.stack([torch.stack([part.detach() for part in v]) for v in crystal.reciprocal])
    dual: Tensor = torch.linalg.inv(rows)  # columns
    return crystal.cell_count.detach() / dual.square().sum(0).sqrt()
