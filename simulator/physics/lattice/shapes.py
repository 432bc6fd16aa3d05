"""The crystal shapes by name (spec 06 section 10)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from simulator.config import Shape
from simulator.errors import InputError
from simulator.physics.lattice.crystal_shape import CrystalShape
from simulator.physics.lattice.gauss import GaussCrystal
from simulator.physics.lattice.round import RoundCrystal
from simulator.physics.lattice.square import SquareCrystal
from simulator.physics.lattice.tophat import TophatCrystal
from simulator.physics.vectors import Vec, moves, scalar
from simulator.quirks import Quirks

SHAPES: Mapping[Shape, type[CrystalShape]] = {
    "SQUARE": SquareCrystal,
    "ROUND": RoundCrystal,
    "GAUSS": GaussCrystal,
    "TOPHAT": TophatCrystal,
}


def shape_class(name: Shape) -> type[CrystalShape]:
    """Return the class of a shape.

    Raises:
        InputError: for an unknown shape, with those there are.
    """
    if name not in SHAPES:
        raise InputError(f"crystal shape '{name}': unknown; give one of {', '.join(SHAPES)}")
    return SHAPES[name]


def crystal_shape(
    name: Shape,
    cells: tuple[int, int, int],
    fudge: float,
    reciprocal: tuple[Vec, Vec, Vec],
    quirks: Quirks,
    dtype: torch.dtype,
) -> CrystalShape:
    """Return a crystal of some shape, on the device of its reciprocal vectors.

    Args:
        name: of the shape.
        cells: Na, Nb, Nc.
        fudge: the shape factor.
        reciprocal: a*, b*, c* in 1/Angstrom, components without dimensions.
        quirks: which are on.
        dtype: the arithmetic of sines and exponentials.

    Raises:
        InputError: for an unknown shape.

    Source: spec 06 section 10.
    """
    device = reciprocal[0][0].device
    Na, Nb, Nc = (scalar(count).to(device, torch.float64) for count in cells)
    return shape_class(name)(
        cells=(Na, Nb, Nc),
        single=(_single(cells[0]), _single(cells[1]), _single(cells[2])),
        fudge=scalar(fudge).to(device),
        reciprocal=reciprocal,
        quirks=quirks,
        dtype=dtype,
    )


def _single(count: float | Tensor) -> bool:
    """Return whether an axis has one cell and stays so: its factor is 1 then."""
    return bool(count <= 1) and not moves(count)
