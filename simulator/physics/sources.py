"""The list of X-ray sources: directions, wavelengths, weights (spec 04 sections 2, 3, 6 and 7)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.config import Beam, Steps
from simulator.errors import InputError
from simulator.physics.detector import Geometry
from simulator.physics.vectors import Vec, column, rot_axis, scale, stack, unit, vec
from simulator.quirks import Quirks
from simulator.units import SOURCE_DISTANCE_M

ROUND_LIMIT = 1.1
"""A grid point beyond this elliptic radius is left out with `-round_div` (spec 04 section 3)."""


@dataclass(frozen=True)
class Sources:
    """All sources of a run."""

    direction: Tensor
    """Unit vectors from the sample to the source [K, 3]."""
    wavelength_m: Tensor
    """[K]"""
    weight: Tensor
    """[K]"""

    def relative_weight(self, quirks: Quirks) -> Tensor:
        """Return weight over mean weight [K], or ones with Q-SOURCE-WEIGHTS (spec 04 section 7)."""
        if "Q-SOURCE-WEIGHTS" in quirks:
            return torch.ones_like(self.weight)
        return self.weight / self.weight.mean()


def list_sources(beam: Beam, geometry: Geometry, quirks: Quirks) -> Sources:
    """Return the sources of a file, or the grid of divergence and dispersion.

    Args:
        beam: the resolved options.
        geometry: gives the unit beam, polarization and vertical vectors.

    Raises:
        InputError: for unusable weights (Q-SOURCE-WEIGHTS off).

    Source: spec 04 sections 3, 6 and 7.
    """
    made = _from_rows(beam) if beam.source_rows else _from_grid(beam, geometry)
    weights = made.weight.tolist()
    if "Q-SOURCE-WEIGHTS" not in quirks and (min(weights) < 0.0 or sum(weights) <= 0.0):
        raise InputError(
            f"-sourcefile: weights sum to {sum(weights):g} with a smallest of {min(weights):g}; "
            "give weights of 0 or more that are not all 0"
        )
    return made


def _from_rows(beam: Beam) -> Sources:
    """Return the sources of a file; a position becomes a unit vector, the zero vector stays."""
    rows = beam.source_rows
    positions = vec(column([column(row.position) for row in rows]))
    return Sources(
        direction=stack(unit(positions)),
        wavelength_m=column([row.wavelength_m for row in rows]),
        weight=column([row.weight for row in rows]),
    )


def _from_grid(beam: Beam, geometry: Geometry) -> Sources:
    """Return grid points that pass the elliptic cut, each with all dispersion steps (spec 04 section 3)."""
    points = _grid_points(beam)
    if not points:
        raise InputError("-round_div leaves no source in the divergence grid; use -square_div")
    x, y = (column(angles) for angles in zip(*points, strict=True))
    start: Vec = scale(vec(geometry.beam), -SOURCE_DISTANCE_M)
    turned = rot_axis(rot_axis(start, vec(geometry.polarization), y), vec(geometry.vertical), x)
    dispersion = beam.dispersion
    factors = [1.0 + dispersion.step * i + dispersion.first for i in range(dispersion.count)]
    wavelengths = beam.wavelength_m * column(factors)
    count = len(points) * dispersion.count
    return Sources(
        direction=stack(unit(turned)).repeat_interleave(dispersion.count, dim=0),
        wavelength_m=wavelengths.repeat(len(points)),
        weight=torch.full((count,), 1.0 / count, dtype=torch.float64, device="cpu"),
    )


def _grid_points(beam: Beam) -> list[tuple[float, float]]:
    """Return the (horizontal, vertical) angles in radians that are kept; horizontal is the outer loop."""
    return [
        (x, y)
        for x in beam.hdiv_rad.values()
        for y in beam.vdiv_rad.values()
        if not (beam.round_divergence and _outside(x, beam.hdiv_rad, y, beam.vdiv_rad))
    ]


def _outside(x: float, horizontal: Steps, y: float, vertical: Steps) -> bool:
    """Return whether a grid point fails the elliptic cut, 4 (T1 + T2) > 1.1; never with a zero range."""
    if horizontal.range == 0.0 or vertical.range == 0.0:
        return False
    total = _elliptic_term(x, horizontal) + _elliptic_term(y, vertical)
    return bool(4.0 * total > ROUND_LIMIT)


def _elliptic_term(x: float, steps: Steps) -> float:
    """Return (x^2 - (D^2/4) e)/R/R with e = 1 for an even count (spec 04 section 3 step 2)."""
    even = 1.0 if steps.count % 2 == 0 else 0.0
    return (x * x - (steps.step * steps.step / 4.0) * even) / steps.range / steps.range
