"""Matrix files as MOSFLM writes them: reciprocal vectors as columns, times the wavelength in Angstrom."""

from __future__ import annotations

import math
from dataclasses import dataclass

RowMatrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Cell:
    """Unit cell: lengths in Angstrom, angles in degrees."""

    a: float
    b: float
    c: float
    alpha: float = 90.0
    beta: float = 90.0
    gamma: float = 90.0

    def numbers(self) -> tuple[float, ...]:
        """Return a, b, c, alpha, beta, gamma."""
        return (self.a, self.b, self.c, self.alpha, self.beta, self.gamma)


def reciprocal_columns(cell: Cell) -> RowMatrix:
    """Return the matrix with columns a*, b*, c* in 1/Angstrom: a* along x, b* in the x-y plane.

    Source: spec 03 section 1.
    """
    cos_a, cos_b, cos_g = (math.cos(math.radians(angle)) for angle in cell.numbers()[3:])
    sin_a, sin_b, sin_g = (math.sin(math.radians(angle)) for angle in cell.numbers()[3:])
    root = math.sqrt(1.0 - cos_a**2 - cos_b**2 - cos_g**2 + 2.0 * cos_a * cos_b * cos_g)
    star = (sin_a / (cell.a * root), sin_b / (cell.b * root), sin_g / (cell.c * root))
    cos_as = (cos_b * cos_g - cos_a) / (sin_b * sin_g)
    cos_bs = (cos_g * cos_a - cos_b) / (sin_g * sin_a)
    cos_gs = (cos_a * cos_b - cos_g) / (sin_a * sin_b)
    sin_gs = math.sqrt(1.0 - cos_gs**2)
    return (
        (star[0], star[1] * cos_gs, star[2] * cos_bs),
        (0.0, star[1] * sin_gs, star[2] * (cos_as - cos_bs * cos_gs) / sin_gs),
        (0.0, 0.0, 1.0 / cell.c),
    )


def turned(degrees: float, first: int, second: int) -> RowMatrix:
    """Return the rotation that turns axis `first` (0, 1, 2) towards axis `second`."""
    rows = [[float(row == column) for column in range(3)] for row in range(3)]
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    rows[first][first] = rows[second][second] = cosine
    rows[first][second], rows[second][first] = -sine, sine
    return tuple(tuple(row) for row in rows)


def matrix_product(left: RowMatrix, right: RowMatrix) -> RowMatrix:
    """Return the matrix product."""
    columns = tuple(zip(*right, strict=True))
    return tuple(
        tuple(sum(x * y for x, y in zip(row, column, strict=True)) for column in columns) for row in left
    )


def rotation(x_deg: float, y_deg: float, z_deg: float) -> RowMatrix:
    """Return the rotation about x, then y, then z: Rz Ry Rx."""
    return matrix_product(turned(z_deg, 0, 1), matrix_product(turned(y_deg, 2, 0), turned(x_deg, 1, 2)))


def matrix_text(cell: Cell, u: RowMatrix, wavelength_A: float, with_tail: bool = False) -> str:
    """Return a matrix file: three lines of lambda U B, and what MOSFLM puts behind them if asked for.

    Args:
        cell: unit cell.
        u: orientation, [3, 3].
        wavelength_A: wavelength in Angstrom, which the reader divides by.
        with_tail: append missetting angles, U and the cell.

    Source: spec 05 section 6.
    """
    scaled = tuple(tuple(wavelength_A * value for value in row) for row in reciprocal_columns(cell))
    lines = ["".join(f"{value:12.8f}" for value in row) for row in matrix_product(u, scaled)]
    if with_tail:
        zeros = f"{0:12.3f}" * 3
        rows = ["".join(f"{value:12.7f}" for value in row) for row in u]
        lines += [zeros, *rows, "".join(f"{value:12.4f}" for value in cell.numbers()), zeros]
    return "\n".join(lines) + "\n"
