"""The cell vectors that evaluations see."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.physics.vectors import Vec

CellVectors = tuple[Vec, Vec, Vec]
"""a, b and c in metres."""


@dataclass(frozen=True)
class Orientations:
    """The cell vectors a, b, c in metres of every phi step and mosaic domain."""

    rotated: CellVectors
    """After the phi rotation, components [1, 1, P, 1]."""
    final: CellVectors
    """After the mosaic rotation too, components [1, 1, P, M]."""
