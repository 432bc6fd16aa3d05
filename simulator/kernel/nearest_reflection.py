"""The reflection that each pixel of a block comes nearest to (spec 06 sections 9 and 10)."""

from __future__ import annotations

import torch
from torch import Tensor

from simulator.kernel.evaluation import nearest_whole
from simulator.kernel.miller_indices import miller_indices
from simulator.kernel.rays import scattering_vectors
from simulator.kernel.taps import Spot
from simulator.physics.vectors import Vec, apply
from simulator.scene.instrument import Instrument
from simulator.scene.orientations import CellVectors

NOT_A_NUMBER = torch.iinfo(torch.int32).min
"""In place of the indices of a pixel that has none, since its scattering vector is no number."""


def nearest_reflection(ins: Instrument, spot: Spot, cells: list[CellVectors]) -> tuple[Tensor, Tensor]:
    """Return h, k, l of the reflection that each pixel of a block comes nearest to over some orientations.

    min over j of |hkl_j - round(hkl_j)|^2 with hkl_j = (a_j.q, b_j.q, c_j.q)

    Args:
        ins: with one source and one sub-pixel.
        cells: an orientation each, components [1, 1, 1, 1].

    Returns:
        Int32 [3, N], and whether another reflection is the nearest in another orientation, bool [N].

    Source: spec 06 sections 3, 9 and 10.
    """
    q_per_m = scattering_vectors(ins, spot)
    nearest, least = _rounded(cells[0], q_per_m)
    shared = torch.zeros_like(least, dtype=torch.bool)
    for cell in cells[1:]:
        whole, distance = _rounded(cell, q_per_m)
        for new, old in zip(whole, nearest, strict=True):
            shared |= new != old
        nearer = distance < least
        least = torch.minimum(least, distance)
        nearest = tuple(torch.where(nearer, new, old) for new, old in zip(whole, nearest, strict=True))
    found = torch.stack([index.flatten() for index in nearest])  # [3, N]
    known = torch.isfinite(least.flatten())
    return torch.where(known, found, float(NOT_A_NUMBER)).to(torch.int32), shared.flatten()


def _rounded(cell: CellVectors, q_per_m: Vec) -> tuple[tuple[Tensor, ...], Tensor]:
    """Return the nearest whole indices and the square of the distance to them, each [1, N, 1, 1]."""
    hkl = miller_indices(cell, q_per_m)
    whole: Vec = apply(nearest_whole, hkl)
    distance = torch.zeros_like(hkl[0])
    for index, near in zip(hkl, whole, strict=True):
        rest = index - near
        distance.addcmul_(rest, rest)
    return whole, distance
