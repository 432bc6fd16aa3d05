"""Upper bounds of |F_latt| over a range of indices, each decreasing in the distance from a whole index.

Centres and reaches of the ranges are single precision; the constants here hold the rounding of a bound and of
the lattice factors themselves.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from torch import Tensor

ALLOWANCE = 2.0**-16
"""Relative, for roundings of single precision: of the bound, and of factors computed in it."""
LEAST_FACTOR = 2.0**-60
"""Relative bounds below are raised to it, so that no product of bounds underflows to 0."""


@dataclass(frozen=True, eq=False)
class LatticeBound(ABC):
    """The bound of the lattice factor of one crystal."""

    caps: Tensor | None = field(default=None, kw_only=True)
    """Of |sin(N x)/sin(x)|/N at whole numbers [3, 2 m + 1], None for 1."""

    @abstractmethod
    def relative(self, h: Tensor, r: Tensor) -> Tensor:
        """Return the bound over the largest lattice factor.

        Args:
            h: centres and reaches of the indices [3, n], single precision.
            r: centres and reaches of the indices [3, n], single precision.

        Returns:
            [n], or a number where it is the same for all.
        """


def least_distance(h: Tensor, r: Tensor) -> Tensor:
    """Return the least distance of indices within h +- r from a whole number [3, n]."""
    return ((h - h.round()).abs() - r).clamp(min=0.0)
