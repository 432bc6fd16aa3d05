"""Rotations of the mosaic domains (spec 07 "Mosaic domains")."""

from __future__ import annotations

import torch
from torch import Tensor

from simulator.c_random import cap_rotation, mosaic_stream
from simulator.config import Crystal
from simulator.quirks import Quirks


def domain_rotations(crystal: Crystal, quirks: Quirks) -> Tensor:
    """Return the rotation of each mosaic domain, drawn in order from the mosaic stream; domain 0 is the
    identity.

    Three deviates are drawn for each domain, domain 0 included (Q-MOSAIC-ALIGNED).

    Args: crystal: spread (radians), number of domains and internal seed.
    Returns: [M, 3, 3] float64, rows of the matrices. Source: spec 04 section 5, 07.
    """
    stream = mosaic_stream(crystal, quirks)
    draws = [cap_rotation(stream, crystal.mosaic_spread_rad) for _ in range(crystal.mosaic_domains)]
    matrices = torch.tensor(draws, dtype=torch.float64).reshape(-1, 3, 3)
    return torch.cat((torch.eye(3, dtype=torch.float64)[None], matrices[1:]))
