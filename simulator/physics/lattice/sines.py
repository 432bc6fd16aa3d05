"""Sines and cosines of angles: radians; half turns in compiled single precision."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from simulator.physics.arithmetic import arithmetic

SINE_OF_HALF_TURNS = (
    3.1415926368954115, -5.1677096847994767, 2.5500697263299961, -0.59824212634209365, 0.077560386790797222,
)  # fmt: skip
"""Coefficients of x, x^3 ... x^9: the smallest largest relative error of sin(pi x) on |x| <= 1/2."""


def in_half_turns(dtype: torch.dtype) -> bool:
    """Return whether angles of a number type are half turns.

    Compiled, a polynomial needs no reduction of its argument; operation by operation, one call is less.
    """
    return dtype != torch.float64 and arithmetic().loops


def angle_of(half_turns: Tensor) -> Tensor:
    """Return the angle of x half turns, |x| <= 1/2, as the functions here take it; may overwrite x."""
    return half_turns if in_half_turns(half_turns.dtype) else half_turns.mul_(math.pi)


def radians(angle: Tensor) -> Tensor:
    """Return an angle in radians."""
    return angle * math.pi if in_half_turns(angle.dtype) else angle


def sine(angle: Tensor, in_place: bool = False) -> Tensor:
    """Return the sine of an angle, in half turns x where `in_half_turns` says so.

    Of half turns it is within 5.4e-9 of its value (relative) besides rounding; where |x| > 1e-37 it keeps its
    relative accuracy.

    Args:
        in_place: whether the angle may be overwritten.

    Returns:
        The shape of the angle.

    Source: spec 06 section 10.
    """
    if not in_half_turns(angle.dtype):
        return angle.sin_() if in_place else angle.sin()
    y = angle * angle
    highest, *lower = reversed(SINE_OF_HALF_TURNS)
    series = y * highest
    for coefficient in lower[:-1]:
        series = (series + coefficient) * y
    return (series + lower[-1]) * angle


def cosine(angle: Tensor) -> Tensor:
    """Return the cosine of an angle, as `sine` takes it: a new tensor, its shape (spec 06 section 10)."""
    if not in_half_turns(angle.dtype):
        return angle.cos()
    half = sine(0.5 * angle)
    return 1.0 - 2.0 * half * half
