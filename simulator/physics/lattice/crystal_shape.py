"""What the lattice factor of a crystal depends on, and what each shape of a crystal is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.config import Shape
from simulator.physics.lattice.bound import LatticeBound
from simulator.physics.vectors import Vec, moves, scalar
from simulator.quirks import Quirks

ShowValue = Callable[[str, Tensor], None]
"""Is called with the name of an intermediate value and the value."""


@dataclass(frozen=True)
class CrystalShape:
    """What the lattice factor depends on besides the indices."""

    name: Shape
    cells: Vec
    """Na, Nb, Nc: float64, no dimensions."""
    single: tuple[bool, bool, bool]
    """Which axes have one cell."""
    fudge: Tensor
    """Shape factor: float64, no dimensions."""
    reciprocal: tuple[Vec, Vec, Vec]
    """a*, b*, c* in 1/Angstrom."""
    quirks: Quirks
    dtype: torch.dtype
    """The arithmetic of sines and exponentials."""

    @classmethod
    def of(
        cls,
        name: Shape,
        cells: tuple[int, int, int],
        fudge: float,
        reciprocal: tuple[Vec, Vec, Vec],
        quirks: Quirks,
        dtype: torch.dtype,
    ) -> CrystalShape:
        """Return the shape of a crystal of so many cells, on the device of its reciprocal vectors."""
        device = reciprocal[0][0].device
        Na, Nb, Nc = (scalar(count).to(device, torch.float64) for count in cells)
        return cls(
            name=name,
            cells=(Na, Nb, Nc),
            single=(_single(cells[0]), _single(cells[1]), _single(cells[2])),
            fudge=scalar(fudge).to(device),
            reciprocal=reciprocal,
            quirks=quirks,
            dtype=dtype,
        )

    @property
    def cell_count(self) -> Tensor:
        """Na Nb Nc."""
        Na, Nb, Nc = self.cells
        return Na * Nb * Nc

    def cells_column(self) -> Tensor:
        """Return Na, Nb, Nc as one tensor without gradient [3, 1], float64."""
        return torch.stack([count.detach() for count in self.cells])[:, None]


def _single(count: float | Tensor) -> bool:
    """Return whether an axis has one cell and stays so: its factor is 1 then."""
    return bool(count <= 1) and not moves(count)


@dataclass(frozen=True)
class ShapeRow:
    """One shape of a crystal, as the table of shapes has it."""

    word: str
    """What the command line prints."""
    value: Callable[[CrystalShape, Vec, Vec, ShowValue], Tensor]
    """The lattice factor of (crystal, fractional indices, nearest whole indices), with its slopes."""
    bound: Callable[[CrystalShape, float], tuple[LatticeBound, float]]
    """Its bound for (crystal, largest |index| of the run), and the largest lattice factor."""
