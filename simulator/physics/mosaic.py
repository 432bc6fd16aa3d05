"""Rotations of the mosaic domains (spec 07 "Mosaic domains")."""

from __future__ import annotations

import torch
from torch import Tensor

from simulator.config import Crystal
from simulator.physics.c_random import Cap, Matrix, cap_rotation, mosaic_stream, rotation_entries
from simulator.physics.vectors import column, plain
from simulator.quirks import Quirks


def domain_rotations(crystal: Crystal, quirks: Quirks) -> Tensor:
    """Return the rotation of each mosaic domain, drawn in order from the mosaic stream; domain 0 is the
    identity.

    Three deviates are drawn for each domain, domain 0 included (Q-MOSAIC-ALIGNED).

    Args:
        crystal: spread (radians), number of domains and internal seed.

    Returns:
        [M, 3, 3] float64, rows of the matrices.

    Source: spec 04 section 5, 07.
    """
    stream = mosaic_stream(crystal, quirks)
    spread = crystal.mosaic_spread_rad
    draws = [cap_rotation(stream, plain(spread)) for _ in range(crystal.mosaic_domains)]
    matrices = column([_entries(cap, spread) for cap in draws]).reshape(-1, 3, 3)
    return torch.cat((torch.eye(3, dtype=torch.float64, device="cpu")[None], matrices[1:]))


def _entries(cap: Cap, spread_rad: float | Tensor) -> Matrix | Tensor:
    """Return the rotation of a domain; a spread that is a tensor is not rounded to 4 bytes."""
    if not isinstance(spread_rad, Tensor):
        return cap.matrix()
    angle = cap.per_spread * spread_rad
    return torch.stack(rotation_entries(cap.axis, angle.cos(), angle.sin()))
