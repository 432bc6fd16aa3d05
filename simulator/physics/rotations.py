"""Right-handed rotations of vectors (spec 02 section 1, 06 section 7)."""

from __future__ import annotations

from torch import Tensor

from simulator.physics.vectors import Vec, dot


def rot_xyz(v: Vec, angles_rad: Vec) -> Vec:
    """Return v turned about the fixed axes x, then y, then z.

    A zero angle reproduces v (cos 0 = 1, sin 0 = 0), so nothing has to be left out.

    Args: v, any shape; angles_rad, three angles in radians.
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

    Args: v and axis, any shapes that broadcast with angle_rad (radians).
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

    Args: matrix, [..., 3, 3]; v, shapes that broadcast with [...].
    Source: spec 03 section 5.
    """
    rows = [[matrix[..., i, j] for j in range(3)] for i in range(3)]
    x, y, z = (row[0] * v[0] + row[1] * v[1] + row[2] * v[2] for row in rows)
    return x, y, z
