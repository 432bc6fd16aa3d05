"""The lattice factor F_latt of each crystal shape, by name (spec 06 section 10)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from simulator.config import Shape
from simulator.errors import InputError
from simulator.physics.lattice.bound import LatticeBound
from simulator.physics.lattice.crystal_shape import CrystalShape, ShapeRow, ShowValue
from simulator.physics.lattice.gauss import GAUSS
from simulator.physics.lattice.round import ROUND
from simulator.physics.lattice.square import SQUARE
from simulator.physics.lattice.tophat import TOPHAT
from simulator.physics.vectors import Vec

SHAPES: Mapping[Shape, ShapeRow] = {"SQUARE": SQUARE, "ROUND": ROUND, "GAUSS": GAUSS, "TOPHAT": TOPHAT}


def shape_row(name: Shape) -> ShapeRow:
    """Return a shape by name. Raises: InputError for an unknown one, with those there are."""
    if name not in SHAPES:
        raise InputError(f"crystal shape '{name}': unknown; give one of {', '.join(SHAPES)}")
    return SHAPES[name]


def lattice_factor(
    crystal: CrystalShape, hkl: Vec, whole: Vec, show: ShowValue = lambda name, value: None
) -> Tensor:
    """Return the Fourier transform of the stack of cells at fractional indices.

    Args: crystal: its shape and size. hkl, whole: fractional and nearest whole indices (float64, one shape).
        show: is called with each intermediate value and its name.
    Returns: F_latt, in `crystal.dtype` for SQUARE and GAUSS, else float64. Raises: InputError for an unknown
    shape. Source: spec 06 sections 10 and 15.
    """
    return shape_row(crystal.name).value(crystal, hkl, whole, show)


def lattice_bound(crystal: CrystalShape, largest_index: float) -> tuple[LatticeBound, float]:
    """Return an upper bound of |F_latt|, relative to the largest F_latt, and the largest F_latt.

    Args: largest_index: of |h|, |k|, |l| in the run, infinite for any.
    Raises: InputError for an unknown shape.
    """
    return shape_row(crystal.name).bound(crystal, largest_index)
