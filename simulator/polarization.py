"""The Kahn polarization factor (spec 06 section 6)."""

from __future__ import annotations

import torch
from torch import Tensor

from simulator.vectors import Vec, cross, dot, unit


def kahn_factor(kahn: Tensor | None, incident: Vec, diffracted: Vec, axis: Vec) -> Tensor:
    """Return the polarization factor P of a scattering direction.

    P = ((1 + cos^2 2theta) - K cos(2 psi) sin^2 2theta) / 2, with psi = -atan2(d.B, d.E), B = unit(p x i) and
    E = unit(i x B).

    Args: kahn, the factor K, None for 0; incident, diffracted, axis, directions that are normalised here
        (broadcasting).
    Returns: P, no dimension. Source: spec 06 section 6.
    """
    i, d, p = unit(incident), unit(diffracted), unit(axis)
    cos_2theta = dot(i, d)
    cos_sqr = cos_2theta * cos_2theta
    if kahn is None:
        return 0.5 * (1.0 + cos_sqr)
    B = unit(cross(p, i))
    E = unit(cross(i, B))
    psi = -_angle(dot(d, B), dot(d, E))
    return 0.5 * ((1.0 + cos_sqr) - (kahn * (2.0 * psi).cos()) * (1.0 - cos_sqr))


def _angle(y: Tensor, x: Tensor) -> Tensor:
    """Return atan2(y, x) with derivative 0 at y = x = 0, where sin^2 2theta makes it not count."""
    if not (y.requires_grad or x.requires_grad):
        return torch.atan2(y, x)
    nowhere = (y == 0.0) & (x == 0.0)
    return torch.where(
        nowhere, torch.atan2(y.detach(), x.detach()), torch.atan2(y, torch.where(nowhere, 1.0, x))
    )
