"""Vectors and rotations of enclosed numbers (spec 02 section 1)."""

from __future__ import annotations

from collections.abc import Sequence

from harness.proof.balls import Real

Balls = tuple[Real, ...]
"""Three components, or as many values as a tap has."""


def ball_dot(u: Balls, v: Balls) -> Real:
    """Return u . v, the sum in any order."""
    return u[0].by.total([a * b for a, b in zip(u, v, strict=True)])


def ball_cross(u: Balls, v: Balls) -> Balls:
    """Return u x v."""
    return (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])


def ball_scale(v: Balls, by: Real | float) -> Balls:
    """Return v times a number."""
    return tuple(part * by for part in v)


def ball_length(v: Balls) -> Real:
    """Return |v|."""
    return v[0].by.call("sqrt", ball_dot(v, v))


def ball_unit(v: Balls) -> Balls:
    """Return v / |v|; unknown for a vector that may be 0."""
    size = ball_length(v)
    return tuple(part / size for part in v)


def ball_rot_axis(v: Balls, axis: Balls, angle_rad: Real) -> Balls:
    """Return v turned about an axis: n (n.v)(1 - cos p) + v cos p + (n x v) sin p."""
    by = angle_rad.by
    cos, sin = by.call("cos", angle_rad), by.call("sin", angle_rad)
    along = ball_dot(axis, v) * (1.0 - cos)
    n, w = axis, v
    across = (
        by.total([-(n[2] * w[1]), n[1] * w[2]]), by.total([n[2] * w[0], -(n[0] * w[2])]),
        by.total([-(n[1] * w[0]), n[0] * w[1]]),
    )  # fmt: skip
    return tuple(by.total([n[i] * along, w[i] * cos, across[i] * sin]) for i in range(3))


def ball_rot_xyz(v: Balls, angles_rad: Balls) -> Balls:
    """Return v turned about the fixed axes x, then y, then z."""
    by = angles_rad[0].by
    x, y, z = v
    turns = [(by.call("cos", angle), by.call("sin", angle)) for angle in angles_rad]
    (cos, sin) = turns[0]
    y, z = by.total([y * cos, -(z * sin)]), by.total([y * sin, z * cos])
    (cos, sin) = turns[1]
    x, z = by.total([x * cos, z * sin]), by.total([-(x * sin), z * cos])
    (cos, sin) = turns[2]
    return by.total([x * cos, -(y * sin)]), by.total([x * sin, y * cos]), z


def ball_product(factors: Sequence[Real]) -> Real:
    """Return the product of some numbers."""
    found = factors[0]
    for factor in factors[1:]:
        found = found * factor
    return found
