"""Vector arithmetic and rotations of triples of tensors, in the order of operations of spec 02 section 1.

A `Vec` is a tuple of three tensors that broadcast against each other. Keeping the components apart makes
every product and sum a separate rounded operation, as in a scalar program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from simulator.dual_tensors import tangent_of
from simulator.physics.arithmetic import arithmetic

Vec = tuple[Tensor, Tensor, Tensor]


def scalar(value: object) -> Tensor:
    """Return a number as a float64 tensor without dimensions; a tensor stays what it is."""
    return value if isinstance(value, Tensor) else torch.tensor(value, dtype=torch.float64, device="cpu")


def plain(value: Tensor | float) -> float:
    """Return a number, or a tensor of one entry, as a number, for decisions and print."""
    return float(value.detach() if isinstance(value, Tensor) else value)


def moves(value: Tensor | float) -> bool:
    """Return whether a quantity is a tensor that a gradient is wanted of, or that has a tangent."""
    return isinstance(value, Tensor) and (value.requires_grad or tangent_of(value) is not None)


def column(values: Sequence[object]) -> Tensor:
    """Return numbers, or tensors of one shape, as one tensor [n, ...] (float64)."""
    if any(isinstance(value, Tensor) for value in values):
        return torch.stack([scalar(value) for value in values])
    return torch.tensor(values, dtype=torch.float64, device="cpu")


def vec(values: object) -> Vec:
    """Return a Vec from a tensor [..., 3] or from three numbers (float64)."""
    x, y, z = (column(values) if isinstance(values, (tuple, list)) else scalar(values)).unbind(-1)
    return x, y, z


def stack(v: Vec) -> Tensor:
    """Return a Vec as one tensor [..., 3]."""
    shape = (v[0] + v[1] + v[2]).shape
    return torch.stack([part.expand(shape) for part in v], dim=-1)


def apply(function: Callable[[Tensor], Tensor], v: Vec) -> Vec:
    """Return the Vec whose components are `function` of the components of v."""
    x, y, z = v
    return function(x), function(y), function(z)


def dot(u: Vec, v: Vec) -> Tensor:
    """Return u1 v1 + u2 v2 + u3 v3, summed left to right (spec 02 section 1)."""
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2]


def cross(u: Vec, v: Vec) -> Vec:
    """Return (u2 v3 - u3 v2, u3 v1 - u1 v3, u1 v2 - u2 v1) (spec 02 section 1)."""
    return (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])


def length(v: Vec) -> Tensor:
    """Return |v| = sqrt(v1^2 + v2^2 + v3^2) (spec 02 section 1)."""
    return square_root(dot(v, v))


def square_root(x: Tensor) -> Tensor:
    """Return the correctly rounded square root of a float64 tensor; its derivative at 0 is taken as 0."""
    if moves(x):
        root: Tensor = _SquareRoot.apply(x)  # type: ignore[no-untyped-call]
        return root
    return arithmetic().root(x)


class _SquareRoot(torch.autograd.Function):
    """`square_root` with its slope, 1/(2 s), taken as 0 at 0."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Return the root s."""
        root = arithmetic().root(x.detach())
        ctx.save_for_backward(root)
        ctx.save_for_forward(root)
        return root

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        """Return the product with the slope."""
        (root,) = ctx.saved_tensors
        slope: Tensor = grads[0] / (2.0 * root)
        return slope.masked_fill_(root == 0.0, 0.0)

    jvp = backward


def scale(v: Vec, factor: Tensor | float) -> Vec:
    """Return factor * v (spec 02 section 1)."""
    return v[0] * factor, v[1] * factor, v[2] * factor


def unit(v: Vec) -> Vec:
    """Return v / |v| by division of each component; the zero vector stays zero (spec 02 section 1)."""
    size = length(v)
    return divided(v, size.masked_fill(size == 0.0, 1.0))


def divided(v: Vec, divisor: Tensor) -> Vec:
    """Return v / divisor by division of each component (spec 02 section 1)."""
    x, y, z = (arithmetic().ratio(part, divisor) for part in v)
    return x, y, z


def rescale(v: Vec, size: Tensor | float) -> Vec:
    """Return v with the given length: q = size/|v| (|v| <= 0 counts as 1), then q v (spec 02 section 1)."""
    old = length(v)
    return scale(v, size / torch.where(old <= 0.0, torch.ones_like(old), old))


def negative(v: Vec) -> Vec:
    """Return -v."""
    return -v[0], -v[1], -v[2]


def rot_xyz(v: Vec, angles_rad: Vec) -> Vec:
    """Return v turned about the fixed axes x, then y, then z.

    A zero angle reproduces v (cos 0 = 1, sin 0 = 0), so nothing has to be left out.

    Args:
        v: any shape.
        angles_rad: three angles in radians.

    Source: spec 02 section 1.
    """
    x, y, z = v
    cos, sin = angles_rad[0].cos(), angles_rad[0].sin()
    y, z = y * cos + z * (-sin), y * sin + z * cos
    cos, sin = angles_rad[1].cos(), angles_rad[1].sin()
    x, z = x * cos + z * sin, x * (-sin) + z * cos
    cos, sin = angles_rad[2].cos(), angles_rad[2].sin()
    return x * cos + y * (-sin), x * sin + y * cos, z


def rot_axis(v: Vec, axis: Vec, angle_rad: Tensor) -> Vec:
    """Return v turned about an axis n, which is not normalised here.

    w = n (n.v)(1 - cos p) + v cos p + (n x v) sin p

    Args:
        v: any shapes that broadcast with angle_rad (radians).
        axis: any shapes that broadcast with angle_rad (radians).

    Source: spec 02 section 1, 06 section 7.
    """
    cos, sin = angle_rad.cos(), angle_rad.sin()
    along = dot(axis, v) * (1.0 - cos)
    n1, n2, n3 = axis
    return (
        n1 * along + v[0] * cos + (-n3 * v[1] + n2 * v[2]) * sin,
        n2 * along + v[1] * cos + (n3 * v[0] - n1 * v[2]) * sin,
        n3 * along + v[2] * cos + (-n2 * v[0] + n1 * v[1]) * sin,
    )


def turn(matrix: Tensor, v: Vec) -> Vec:
    """Return U v, each row of U dotted with v from left to right.

    Args:
        matrix: [..., 3, 3].
        v: shapes that broadcast with [...].

    Source: spec 03 section 5.
    """
    rows = [[matrix[..., i, j] for j in range(3)] for i in range(3)]
    x, y, z = (row[0] * v[0] + row[1] * v[1] + row[2] * v[2] for row in rows)
    return x, y, z
