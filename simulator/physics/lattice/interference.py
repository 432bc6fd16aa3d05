"""The two interference functions with their slopes, also where their quotients are 0/0 (spec 06 section 10).

sin(N x)/sin(x), of a row of N cells, and 3 (sin(x)/x - cos(x))/x^2, the transform of a ball.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from simulator.physics.arithmetic import arithmetic
from simulator.physics.lattice.sines import angle_of, cosine, radians, sine

OFF_CENTRE = 2.0**-100
"""Added to a phase, it changes no bit of sin(N x)/sin(x) but at x = 0, where the quotient becomes N."""
SINC3_SERIES_LIMIT = 0.05
NEAR_CENTRE: Mapping[torch.dtype, float] = {torch.float64: 1.0 / 64.0, torch.float32: 1.0 / 4.0}
"""Of N e, e the distance from a peak: below it the series is more exact than the quotient."""
NEAR_BALL = 0.5
Pair = tuple[Tensor, Tensor]


def sincg(phase: Tensor, cells: Tensor) -> Tensor:
    """Return the grating function sin(N x)/sin(x), which is N at x = 0.

    Args:
        phase: x in radians, float64.
        cells: N.

    Returns:
        The shape of x.

    Source: spec 06 section 10.
    """
    return grating(phase, None, cells, 1.0, phase.dtype)


def grating(
    index: Tensor, whole: Tensor | None, cells: Tensor, index_rad: float, dtype: torch.dtype
) -> Tensor:
    """Return sin(N x)/sin(x), x = index_rad (index - whole), with slopes that stay right at whole turns.

    Args:
        index: h, k or l, in double precision.
        whole: the nearest whole number, None to take the index as it is (double precision only).
        cells: N.
        index_rad: radians of an index: pi in single precision.
        dtype: of the sines.

    Returns:
        The shape of the index, of type `dtype`; in single precision up to its sign.
    """
    if torch.is_grad_enabled() and (index.requires_grad or cells.requires_grad):
        recorded: Tensor = _Grating.apply(index, whole, cells, index_rad, dtype)  # type: ignore[no-untyped-call]
        return recorded
    return _quotient(_angles(index, whole, cells, index_rad, dtype))[0]


def _angles(index: Tensor, whole: Tensor | None, cells: Tensor, index_rad: float, dtype: torch.dtype) -> Pair:
    """Return x and N x as `sine` takes them, a hair off the centre.

    In single precision N x is reduced to at most half a turn in double precision first, so that the quotient
    of the sines keeps the relative accuracy of `dtype` for all N.

    Args:
        index: in double precision.
        whole: the nearest whole number, None to take the index as it is (double precision only).
        index_rad: radians of an index: pi in single precision.
    """
    if dtype == torch.float64:
        x = index * index_rad if whole is None else (index - whole).mul_(index_rad)
        x = x.add_(OFF_CENTRE)
        return x, x * cells
    assert whole is not None  # in single precision nothing is taken as it is
    turns = (index - whole).add_(OFF_CENTRE)
    x = angle_of(turns.to(dtype))
    turns = turns.mul_(cells)
    rest = turns.sub_(turns.round())
    return x, angle_of(rest.to(dtype))


def _quotient(angles: Pair, keep: bool = False) -> tuple[Tensor, Tensor]:
    """Return sin(N x)/sin(x), and sin(x); keep: N x, which is overwritten otherwise."""
    x, many = angles
    one = sine(x)
    return sine(many, in_place=not keep).div_(one), one


class _Grating(torch.autograd.Function):
    """`grating`, of which the angle, its sine and the quotient are kept; N x, too, where it was reduced."""

    @staticmethod
    def forward(
        ctx: Any, index: Tensor, whole: Tensor | None, cells: Tensor, index_rad: float, dtype: torch.dtype
    ) -> Tensor:
        """Return sin(N x)/sin(x)."""
        x, many = _angles(index, whole, cells, index_rad, dtype)
        reduced = many if dtype != torch.float64 else None
        grating, one = _quotient((x, many), keep=reduced is not None)
        ctx.save_for_backward(x, reduced, cells, one, grating)
        ctx.index_rad = index_rad
        return grating

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Return the products with both slopes."""
        x, reduced, cells, one, grating = ctx.saved_tensors
        angles = (x, x * cells if reduced is None else reduced)
        along_cells = ctx.needs_input_grad[2]
        along_x, along_N = grating_slopes(angles, cells, (grating, one), along_cells, ctx.index_rad)
        along_N = None if along_N is None else along_N.mul_(grads[0]).sum_to_size(cells.shape)
        return along_x.mul_(grads[0]).to(torch.float64), None, along_N, None, None


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

    Args:
        angles: x and N x as `sine` takes them; cells, N, without dimensions or of the shape of x.
        quotient: g and sin(x).
        index_rad: radians of an index.

    Returns:
        Both of the shape of x.

    Source: spec 06 section 10.
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


def sinc3(x: Tensor, series: bool) -> Tensor:
    """Return the transform of a ball, 3 (sin(x)/x - cos(x))/x^2, which is 1 at 0.

    Args:
        x: radians.
        series: whether 1 - x^2/10 + x^4/280 - x^6/15120 replaces it below 0.05.

    Source: spec 06 sections 10 and 15.
    """
    if x.requires_grad:
        ball: Tensor = _Ball.apply(x, series)  # type: ignore[no-untyped-call]
        return ball
    small = x < SINC3_SERIES_LIMIT if series else x == 0.0
    safe = torch.where(small, 1.0, x)
    closed = 3.0 * (safe.sin() / safe - safe.cos()) / (safe * safe)
    if not series:
        return torch.where(small, 1.0, closed)
    y = torch.where(small, x * x, 0.0)
    return torch.where(small, 1.0 - y / 10.0 + y * y / 280.0 - y * y * y / 15120.0, closed)


class _Ball(torch.autograd.Function):
    """`sinc3` with a slope that stays right near 0."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, series: bool) -> Tensor:
        """Return 3 (sin(x)/x - cos(x))/x^2."""
        ctx.save_for_backward(x)
        return sinc3(x.detach(), series)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        """Return the product with the slope."""
        (x,) = ctx.saved_tensors
        return grads[0] * ball_slope(x), None


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
