"""The Kahn polarization factor (spec 06 section 6)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from simulator.physics.arithmetic import arithmetic
from simulator.physics.vectors import Vec, apply, cross, dot, moves, unit


def kahn_factor(kahn: Tensor | None, incident: Vec, diffracted: Vec, axis: Vec) -> Tensor:
    """Return the polarization factor P of a scattering direction.

    P = ((1 + cos^2 2theta) - K cos(2 psi) sin^2 2theta) / 2, with psi = -atan2(d.B, d.E), B = unit(p x i) and
    E = unit(i x B).

    Args:
        kahn: the factor K, None for 0.
        incident: directions that are normalised here (broadcasting).
        diffracted: directions that are normalised here (broadcasting).
        axis: directions that are normalised here (broadcasting).

    Returns:
        P, no dimension.

    Source: spec 06 section 6.
    """
    i, d, p = (apply(arithmetic().kept, unit(v)) for v in (incident, diffracted, axis))
    cos_2theta = dot(i, d)
    cos_sqr = cos_2theta * cos_2theta
    if kahn is None:
        return 0.5 * (1.0 + cos_sqr)
    kept = arithmetic().kept
    B = apply(kept, unit(cross(p, i)))
    E = apply(kept, unit(cross(i, B)))
    psi = -_angle(dot(d, B), dot(d, E))
    return 0.5 * ((1.0 + cos_sqr) - (kahn * (2.0 * psi).cos()) * (1.0 - cos_sqr))


def _angle(y: Tensor, x: Tensor) -> Tensor:
    """Return atan2(y, x) with derivative 0 at y = x = 0, where sin^2 2theta makes it not count."""
    if not (moves(y) or moves(x)):
        return torch.atan2(y, x)
    angle: Tensor = _Angle.apply(y, x)  # type: ignore[no-untyped-call]
    return angle


class _Angle(torch.autograd.Function):
    """`_angle` with its slopes, x/(x^2 + y^2) and -y/(x^2 + y^2)."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, x: Tensor) -> Tensor:
        """Return atan2(y, x)."""
        ctx.save_for_backward(y, x)
        ctx.save_for_forward(y, x)
        return torch.atan2(y, x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        """Return the products with both slopes."""
        along_y, along_x = _angle_slopes(*ctx.saved_tensors)
        return grads[0] * along_y, grads[0] * along_x

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor) -> Tensor:
        """Return the sum of the products with both slopes."""
        along_y, along_x = _angle_slopes(*ctx.saved_tensors)
        return tangents[0] * along_y + tangents[1] * along_x


def _angle_slopes(y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the derivatives of atan2(y, x) to y and x, 0 at y = x = 0."""
    square = x * x + y * y
    share = (1.0 / square).masked_fill_(square == 0.0, 0.0)
    return share * x, -share * y
