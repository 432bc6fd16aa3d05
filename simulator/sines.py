"""Sines and cosines of angles: radians in double precision, half turns in single precision."""

from __future__ import annotations

import math

import torch
from torch import Tensor

SINE_OF_HALF_TURNS = (
    3.1415926368954115, -5.1677096847994767, 2.5500697263299961, -0.59824212634209365, 0.077560386790797222,
)  # fmt: skip
"""Coefficients of x, x^3 ... x^9: the smallest largest relative error of sin(pi x) on |x| <= 1/2."""


def sine(angle: Tensor, in_place: bool = False) -> Tensor:
    """Return the sine of an angle.

    Args: angle: radians (float64), or half turns x (float32), |x| <= 1/2; where |x| > 1e-37 the sine keeps
        its relative accuracy. in_place: whether radians may be overwritten.
    Returns: the shape of the angle. Source: spec 06 section 10.
    """
    if angle.dtype != torch.float64:
        return _sine_of_half_turns(angle)
    return angle.sin_() if in_place else angle.sin()


def cosine(angle: Tensor) -> Tensor:
    """Return the cosine of an angle, as `sine` takes it: a new tensor, its shape (spec 06 section 10)."""
    return angle.cos() if angle.dtype == torch.float64 else (angle * math.pi).cos_()


def radians(angle: Tensor) -> Tensor:
    """Return an angle, as `sine` takes it, in radians."""
    return angle if angle.dtype == torch.float64 else angle * math.pi


def _sine_of_half_turns(x: Tensor) -> Tensor:
    """Return sin(pi x), within 5.4e-9 of its value (relative) besides rounding.

    Compiled, a polynomial needs no reduction of its argument; operation by operation, one call is less.
    """
    if not torch.compiler.is_compiling():
        return (x * math.pi).sin_()
    y = x * x
    highest, *lower = reversed(SINE_OF_HALF_TURNS)
    series = y * highest
    for coefficient in lower[:-1]:
        series = (series + coefficient) * y
    return (series + lower[-1]) * x
