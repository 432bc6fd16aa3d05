"""The random orientation of -misset random (spec 03 section 3, 07)."""

from __future__ import annotations

import math

from simulator.config import Vec3
from simulator.physics.c_random import Matrix, Stream, cap_rotation

CAP_RAD = 90.0
"""Upstream hands 90 degrees to a routine that takes radians (Q-MISSET-RANDOM)."""


def random_misset(stream: Stream) -> Vec3:
    """Return the missetting angles of a random orientation in radians (Q-MISSET-RANDOM)."""
    return angles_of(cap_rotation(stream, CAP_RAD).matrix())


def angles_of(matrix: Matrix) -> Vec3:
    """Return angles about x, then y, then z that make up a rotation matrix.

    Args:
        matrix: nine numbers row by row, rescaled row by row twice.

    Returns:
        Radians.

    Source: spec 03 section 3.
    """
    rows: list[tuple[float, ...]] = [matrix[0:3], matrix[3:6], matrix[6:9]]
    for _ in range(2):
        rows = [_rescaled(row) for row in rows]
    (xx, xy, _), (yx, yy, _), (zx, zy, zz) = rows
    if zx * zx < 1.0:
        return math.atan2(zy, zz), math.atan2(-zx, math.sqrt(zy * zy + zz * zz)), math.atan2(yx, xx)
    return math.pi, math.pi / 2, math.atan2(xy, -yy)


def _rescaled(row: tuple[float, ...]) -> tuple[float, ...]:
    length = math.sqrt(row[0] * row[0] + row[1] * row[1] + row[2] * row[2])
    return tuple(value / length for value in row)
