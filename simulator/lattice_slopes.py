"""Derivatives of the two interference functions, also where their quotients are 0/0 (spec 06 section 10)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

NEAR_CENTRE = 1.0 / 64.0
"""Of N e, e the distance from a peak: below it the series is more exact than the quotient."""
NEAR_BALL = 0.5


def grating_slopes(phase: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
    """Return the derivatives of sin(N x)/sin(x) to x and to N.

    (N cos(N x) - sin(N x) cos(x)/sin(x))/sin(x) and x cos(N x)/sin(x); near a multiple n pi the first is
    c N [-(N^2-1) e/3 + (3N^4 - 10N^2 + 7) e^3/90], with e = x - n pi and c the cosine of n pi (N - 1).

    Args: phase, x in radians; cells, N.
    """
    turns = (phase / math.pi).round()
    e = phase - turns * math.pi
    near = (e * cells).abs() < NEAR_CENTRE
    sine = torch.where(e == 0.0, 1.0, phase.sin())
    many = phase * cells
    quotient = (cells * many.cos() - many.sin() * phase.cos() / sine) / sine
    N_sqr = cells * cells
    cubic = (3.0 * N_sqr * N_sqr - 10.0 * N_sqr + 7.0) * e * e * e / 90.0
    peak = (turns * (cells - 1.0) * math.pi).cos() * cells * (cubic - (N_sqr - 1.0) * e / 3.0)
    along_N = torch.where(e == 0.0, (turns * (cells - 1.0) * math.pi).cos(), phase * many.cos() / sine)
    return torch.where(near, peak, quotient), along_N


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
