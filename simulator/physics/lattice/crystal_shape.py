"""What every crystal shape has: quantities that its lattice factor depends on, the factor, and its bound."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from simulator.physics.lattice.bound import LatticeBound
from simulator.physics.vectors import Vec
from simulator.quirks import Quirks

ShowValue = Callable[[str, Tensor], Tensor]
"""Is called with the name of an intermediate value and the value."""


@dataclass(frozen=True)
class CrystalShape(ABC):
    """What the lattice factor depends on besides the indices; a class for each shape."""

    word: ClassVar[str]
    """What the command line prints."""
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

    @abstractmethod
    def factor(self, hkl: Vec, whole: Vec, show: ShowValue) -> Tensor:
        """Return F_latt, the Fourier transform of the stack of cells, with its slopes.

        Args:
            hkl: fractional indices, components of one shape, float64.
            whole: the nearest whole indices, of the same shape.
            show: is called with each intermediate value and its name.

        Returns:
            The shape of the indices, in `dtype` for SQUARE and GAUSS, else float64.

        Source: spec 06 sections 10 and 15.
        """

    @abstractmethod
    def bound(self, largest_index: float) -> tuple[LatticeBound, float]:
        """Return an upper bound of |F_latt|, relative to the largest F_latt, and the largest F_latt.

        Args:
            largest_index: of |h|, |k|, |l| in the run, infinite for any.
        """

    @property
    def cell_count(self) -> Tensor:
        """Na Nb Nc."""
        Na, Nb, Nc = self.cells
        return Na * Nb * Nc

    def cells_column(self) -> Tensor:
        """Return Na, Nb, Nc as one tensor without gradient [3, 1], float64."""
        return torch.stack([count.detach() for count in self.cells])[:, None]
