"""Derivatives of the two interference functions, also where their quotients are 0/0 (spec 06 section 10)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from simulator.physics.arithmetic import arithmetic
from simulator.physics.lattice.sines import cosine, radians

NEAR_CENTRE: Mapping[torch.dtype, float] = {torch.float64: 1.0 / 64.0, torch.float32: 1.0 / 4.0}
"""Of N e, e the distance from a peak: below it the series is more exact than the quotient."""
NEAR_BALL = 0.5


def grating_slopes(
    angles: tuple[Tensor, Tensor],
    cells: Tensor,
    quotient: tuple[Tensor, Tensor],
    along_cells: bool,
    index_rad: float = 1.0,
) -> tuple[Tensor, Tensor | None]:
    """Return the derivatives of g = sin(N x)/sin(x) to x/index_rad and, if asked for, to N.

    index_rad times (N cos(N x) - g cos(x))/sin(x) and x cos(N x)/sin(x); near a multiple n pi the first is
    g [N cot(N e) - cot(e)] with e = x - n pi, by the series of the cotangents: -(N^2-1) e/3 - (N^4-1) e^3/45
    - 2 (N^6-1) e^5/945.

    Args: angles: x and N x as `sine` takes them; cells, N, without dimensions or of the shape of x;
        quotient: g and sin(x); index_rad: radians of an index.
    Returns: both of the shape of x. Source: spec 06 section 10.
    """
    (x, many), (grating, one) = angles, quotient
    cos_many = cosine(many)
    along_N = (radians(x) * cos_many).div_(one) if along_cells else None
    slope = cos_many.mul_(index_rad * cells).addcmul_(cosine(x), grating, value=-index_rad).div_(one)
    if arithmetic().loops or cells.dim():
        near = one.abs() < NEAR_CENTRE[one.dtype] / cells
        return torch.where(near, _slope_near_peak(radians(x), grating, cells, index_rad), slope), along_N
    near = (_flat(one).abs() < NEAR_CENTRE[one.dtype] / cells).nonzero().squeeze(1)
    x, g = radians(_flat(x)[near]), _flat(grating)[near]
    _flat(slope)[near] = _slope_near_peak(x, g, cells, index_rad)
    return slope, along_N


def _slope_near_peak(x: Tensor, grating: Tensor, cells: Tensor, index_rad: float) -> Tensor:
    """Return the slope by the series of the cotangents (see `grating_slopes`), x in radians."""
    e = x - (x / math.pi).round() * math.pi if x.dtype == torch.float64 else x
    y, N_sqr = e * e, cells * cells
    N_4, N_6 = N_sqr * N_sqr, N_sqr * N_sqr * N_sqr
    series = (N_sqr - 1.0) / 3.0 + y * ((N_4 - 1.0) / 45.0 + y * (2.0 * (N_6 - 1.0) / 945.0))
    return -index_rad * grating * e * series


def _flat(values: Tensor) -> Tensor:
    """Return [K, N, P, M] as one row that shares its memory, in which the pixels are the fastest axis."""
    return values.movedim(1, -1).view(-1) if values.dim() > 1 else values


def ball_slope(x: Tensor) -> Tensor:
    """Return the derivative of 3 (sin(x) - x cos(x))/x^3.

    3 ((x^2 - 3) sin(x) + 3 x cos(x))/x^4; near 0 -x/5 + x^3/70 - x^5/2520 + x^7/166320 - x^9/17297280.
    """
    y = x * x
    series = 1.0 / 2520.0 - y * (1.0 / 166320.0 - y / 17297280.0)
    series = x * (-1.0 / 5.0 + y * (1.0 / 70.0 - y * series))
    small = x.abs() < NEAR_BALL
    safe = torch.where(small, 1.0, x)
    quotient = 3.0 * ((safe * safe - 3.0) * safe.sin() + 3.0 * safe * safe.cos()) / safe**4
    return torch.where(small, series, quotient)
