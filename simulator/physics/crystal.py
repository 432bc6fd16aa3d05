"""The crystal lattice: from cell or matrix to direct and reciprocal vectors, and its size (spec 03)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.config import Crystal
from simulator.errors import InputError
from simulator.limits.value_table import FLATTEST_CELL, RANGES
from simulator.physics.vectors import (
    Vec,
    cross,
    dot,
    length,
    plain,
    rescale,
    rot_xyz,
    scalar,
    scale,
    square_root,
    stack,
    unit,
    vec,
)
from simulator.quirks import Quirks
from simulator.units import ANGSTROM_PER_M, M_PER_ANGSTROM, TINY, deg_of_rad

Triple = tuple[Vec, Vec, Vec]


@dataclass(frozen=True)
class Lattice:
    """The lattice at phi = 0 without mosaic rotation; rows of its tensors are the three cell vectors."""

    direct_m: Tensor
    """[3, 3]"""
    direct_A: Tensor
    """The same before the conversion [3, 3]."""
    reciprocal_A_inv: Tensor
    """[3, 3]"""
    volume_A3: Tensor
    """No dimensions."""
    cells: tuple[int, int, int]
    """Na, Nb, Nc."""
    spindle: Tensor
    """Unit vector [3]."""
    misset_rad: Tensor

    def largest_edge_m(self) -> Tensor:
        """Return the largest edge of the crystal in metres, max(|a| Na, ...) (spec 03 section 6)."""
        return torch.stack(
            [length(vec(row)) * count for row, count in zip(self.direct_m, self.cells, strict=True)]
        ).max()


@dataclass(frozen=True)
class _Cell:
    """Lengths (Angstrom) and volume (Angstrom^3) of a `-cell`, and the reciprocal vectors it gives."""

    lengths_A: Vec
    volume_A3: Tensor
    reciprocal: Triple


def orient(crystal: Crystal, wavelength_m: float, quirks: Quirks) -> Lattice:
    """Return the oriented lattice and the final numbers of cells.

    The reciprocal vectors of cell or matrix are turned by the missetting angles; a = (b* x c*) V and cyclic,
    then a* = (b x c)/V and cyclic. A cell that comes with a matrix forces the lengths.

    Args:
        crystal: the resolved options.
        wavelength_m: lambda0, which scales a matrix.
        quirks: those that are on.

    Raises:
        InputError: for impossible angles, a singular matrix or a left-handed matrix with a cell.

    Source: spec 03 sections 1 to 6.
    """
    cell = _cell_of(crystal, quirks) if crystal.has_cell else None
    stars = _matrix_columns(crystal.matrix, wavelength_m) if len(crystal.matrix) else None
    if stars is None:
        if cell is None:
            raise InputError("no unit cell: give -cell or -mat")
        stars = cell.reciprocal
    misset = vec(crystal.misset_rad)
    if crystal.has_misset:
        stars = _triple(rot_xyz(v, misset) for v in stars)
    direct, volume, inverse = _direct_vectors(stars, cell, len(crystal.matrix) > 0, quirks)
    a, b, c = direct
    reciprocal = [scale(cross(u, v), inverse) for u, v in ((b, c), (c, a), (a, b))]
    metres = torch.stack([stack(scale(v, M_PER_ANGSTROM)) for v in direct])
    return Lattice(
        direct_m=metres,
        direct_A=torch.stack([stack(v) for v in direct]),
        reciprocal_A_inv=torch.stack([stack(v) for v in reciprocal]),
        volume_A3=volume,
        cells=_cell_counts(crystal, metres),
        spindle=stack(unit(vec(crystal.spindle_axis))),
        misset_rad=stack(misset),
    )


def _triple(vectors: Iterable[Vec]) -> Triple:
    """Return three vectors as a tuple."""
    first, second, third = vectors
    return first, second, third


def _direct_vectors(
    stars: Triple, cell: _Cell | None, has_matrix: bool, quirks: Quirks
) -> tuple[Triple, Tensor, Tensor]:
    """Return the direct vectors (Angstrom), the volume and its inverse (spec 03 section 4 steps 1 to 4)."""
    a_star, b_star, c_star = stars
    if has_matrix:
        _require_volume(stars)
    A, B, C = cross(a_star, b_star), cross(b_star, c_star), cross(c_star, a_star)
    inverse = dot(a_star, B)
    if cell is not None:
        if has_matrix and inverse < 0.0 and "Q-CELL-MAT-HAND" not in quirks:
            raise InputError(
                "-mat is left-handed and -cell was given too; leave out -cell or mend the matrix"
            )
        a, b, c = cell.lengths_A
        B, C, A = (rescale(v, size / cell.volume_A3) for v, size in ((B, a), (C, b), (A, c)))
        inverse = 1.0 / cell.volume_A3
    volume = 1.0 / inverse
    direct = _triple(scale(v, volume) for v in (B, C, A))
    if cell is not None and has_matrix and "Q-CELL-MAT-MIX" not in quirks:
        volume = dot(direct[0], cross(direct[1], direct[2]))
        inverse = 1.0 / volume
    numbers = [plain(part) for part in (volume, inverse, *(part for v in direct for part in v))]
    edges = [math.sqrt(sum(part * part for part in numbers[n : n + 3])) for n in (2, 5, 8)]
    allowed = RANGES["-cell length a"]
    if not all(map(math.isfinite, numbers)) or 0.0 in numbers[:2]:
        raise InputError(
            "-cell or -mat: the vectors span no finite volume; give other lengths, angles or vectors"
        )
    for name, edge in zip("abc", edges, strict=True):
        if allowed.problem(edge):
            raise InputError(
                f"-cell or -mat: the edge {name} of {edge:.10g} Angstrom {allowed.problem(edge)}"
            )
    return direct, volume, inverse


def _require_volume(stars: Triple) -> None:
    """Raise InputError for vectors that lie in a plane, or are too long or too short for their products."""
    a, b, c = (unit(v) for v in stars)
    if not abs(plain(dot(a, cross(b, c)))) > FLATTEST_CELL:
        raise InputError("the matrix file: its vectors span no finite volume; give another -mat")


def _matrix_columns(matrix: tuple[float, ...], wavelength_m: float) -> Triple:
    """Return a*, b*, c* (1/Angstrom): the columns of the matrix times 1e-10/lambda0 (spec 03 section 2)."""
    rows = scalar(matrix).reshape(3, 3)
    return _triple(scale(vec(rows[:, i]), M_PER_ANGSTROM / wavelength_m) for i in range(3))


def _cell_of(crystal: Crystal, quirks: Quirks) -> _Cell:
    """Return volume and orientation of a cell: a* along x, b* in the x-y plane (spec 03 section 1)."""
    a, b, c = vec(crystal.cell_lengths_A)
    angles = vec(crystal.cell_angles_rad)
    volume = _cell_volume(a, b, c, angles)
    if not abs(plain(volume / (a * b * c))) > FLATTEST_CELL:
        raise InputError(f"-cell {_typed(crystal)}: the vectors span no finite volume; give other angles")
    if not volume > 0.0:
        if "Q-CELL-IMPOSSIBLE" not in quirks:
            raise InputError(f"-cell {_typed(crystal)}: no cell has these angles; give angles that close")
        volume = -volume
    inverse = 1.0 / volume
    sines, cosines = tuple(v.sin() for v in angles), tuple(v.cos() for v in angles)
    a_star, b_star, c_star = (
        _positive(size)
        for size in (b * c * sines[0] * inverse, c * a * sines[1] * inverse, a * b * sines[2] * inverse)
    )
    sin_ga = (c * inverse / a_star / b_star).clamp(-1.0, 1.0)
    cos_al, cos_be, cos_ga = (
        _cut_cosine((cosines[j] * cosines[k] - cosines[i]) / (sines[j] * sines[k]))
        for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1))
    )
    zero = torch.zeros_like(a_star)
    reciprocal = (
        (a_star, zero, zero),
        (b_star * cos_ga, b_star * sin_ga, zero),
        (
            c_star * cos_be,
            c_star * (cos_al - cos_be * cos_ga) / sin_ga,
            c_star * volume / (a * b * c * sin_ga),
        ),
    )
    return _Cell((a, b, c), volume, reciprocal)


def _typed(crystal: Crystal) -> str:
    """Return the six numbers of a cell in the units of the command line."""
    lengths = " ".join(f"{plain(length_A):g}" for length_A in crystal.cell_lengths_A)
    return lengths + "".join(f" {deg_of_rad(plain(angle)):g}" for angle in crystal.cell_angles_rad)


def _cell_volume(a: Tensor, b: Tensor, c: Tensor, angles: Vec) -> Tensor:
    """Return 2 a b c sqrt|w|, negative where w < 0, no such cell (spec 03 section 1 steps 1 and 2)."""
    al, be, ga = angles
    half = (al + be + ga) / 2.0
    w = half.sin() * (half - al).sin() * (half - be).sin() * (half - ga).sin()
    return torch.where(w < 0.0, -1.0, 1.0) * (2.0 * a * b * c * square_root(w.abs()))


def _positive(size: Tensor) -> Tensor:
    """Return |size|, never 0 (spec 03 section 1 step 3)."""
    return torch.where(size == 0.0, torch.full_like(size, TINY), size.abs())


def _cut_cosine(cosine: Tensor) -> Tensor:
    """Return the cosine, or +1 where its square exceeds 1 (spec 03 section 1 step 4)."""
    return torch.where(cosine * cosine > 1.0, torch.ones_like(cosine), cosine)


def _cell_counts(crystal: Crystal, direct_m: Tensor) -> tuple[int, int, int]:
    """Return Na, Nb, Nc: ceil(size / edge) where a size was given, at least 1 (spec 03 section 6)."""
    counts = list(crystal.cells)
    for axis, size_m in enumerate(crystal.size_m):
        if size_m > 0.0:
            counts[axis] = math.ceil(size_m / plain(length(vec(direct_m[axis]))))
    Na, Nb, Nc = (max(count, 1) for count in counts)
    return Na, Nb, Nc


def cell_angles_rad(lattice: Lattice) -> Vec:
    """Return the cell angles al, be, ga for printing.

    sin al = |a*| V/|b|/|c|, cos al = b.c/|b|/|c|, al = atan2(sin, cos), cyclic for be and ga.

    Source: spec 03 section 4 step 6.
    """
    edges = [vec(row) for row in lattice.direct_A]
    stars = [vec(row) for row in lattice.reciprocal_A_inv]
    angles = []
    for i, j, k in ((0, 1, 2), (1, 0, 2), (2, 0, 1)):
        size_j, size_k = length(edges[j]), length(edges[k])
        sine = (length(stars[i]) * lattice.volume_A3 / size_j / size_k).clamp(-1.0, 1.0)
        angles.append(torch.atan2(sine, _cut_cosine(dot(edges[j], edges[k]) / size_j / size_k)))
    return angles[0], angles[1], angles[2]


def lengths_A(lattice: Lattice) -> Vec:
    """Return |a|, |b|, |c| in Angstrom for printing (spec 03 section 4 step 7)."""
    sizes = [length(vec(row)) * ANGSTROM_PER_M for row in lattice.direct_m]
    return sizes[0], sizes[1], sizes[2]
