"""The set-up of a run: what its options make of detector, beam and spindle (spec 02)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shots.geometry.panel import Direction, Panel, Setup
from simulator.errors import InputError

if TYPE_CHECKING:
    from simulator.config import RunConfig

ONE_PANEL = "panel"
"""Name of the panel of a command line."""
SKEW = 1e-9
"""How far axes of a file may be from unit length and a right angle."""
TYPED_SKEW = 1e-5
"""The same of a command line, whose axes are often typed with six digits; the run takes them as they are."""


def setup_of(config: RunConfig) -> Setup:
    """Return where the detector, the beam and the spindle of a run stand.

    Args:
        config: of the run, metres and radians.

    Returns:
        One panel, in the laboratory frame of the run.

    Raises:
        InputError: for a detector that is no flat panel of two axes at right angles, and for one that the
            simulator cannot place.

    Source: spec 02 sections 3 to 5.
    """
    from simulator.physics.detector import place

    if config.detector.curved:
        raise InputError("-curved_det: a curved detector is no flat panel; leave it out")
    beam, detector = config.beam, config.detector
    geometry = place(detector, beam, config.quirks)
    panel = Panel(
        name=ONE_PANEL,
        fast_pixels=detector.fpixels,
        slow_pixels=detector.spixels,
        pixel_size_m=float(detector.pixel_size_m),
        origin_m=_numbers(geometry.pix0_m),
        fast=_numbers(geometry.fast),
        slow=_numbers(geometry.slow),
        thickness_m=float(detector.thickness_m.range),
        attenuation_per_m=max(float(detector.attenuation_per_m), 0.0),
    )
    require_axes(panel, "-fdet_vector, -sdet_vector or -twotheta_axis", TYPED_SKEW)
    rows = beam.source_rows
    return Setup(
        panels=(panel,),
        beam=_numbers(geometry.beam),
        wavelength_m=float(rows[len(rows) // 2].wavelength_m if rows else beam.wavelength_m),
        polarization_axis=_numbers(geometry.polarization),
        polarization_fraction=0.5 if beam.nopolar else (1.0 + float(beam.kahn_factor)) / 2.0,
        spindle=_unit(config.crystal.spindle_axis),
        phi_start_rad=float(config.crystal.phi_rad.first),
        phi_range_rad=float(config.crystal.phi_rad.range),
        distance_m=float(geometry.distance_m),
    )


def require_axes(panel: Panel, remedy: str, skew: float = SKEW) -> None:
    """Check that the axes of a panel are unit vectors at right angles.

    Args:
        panel: with its axes.
        remedy: what gives them.
        skew: how far they may be from unit length and a right angle.

    Raises:
        InputError: naming panel and axes.
    """
    fast, slow = np.array(panel.fast), np.array(panel.slow)
    off = max(abs(fast @ fast - 1.0), abs(slow @ slow - 1.0)) / 2.0
    if not off <= skew:
        raise InputError(
            f"panel '{panel.name}': its axes must be unit vectors, one is {off:.3g} off; mend {remedy}"
        )
    if not abs(fast @ slow) <= skew:
        raise InputError(
            f"panel '{panel.name}': its axes must stand at right angles, the cosine is {fast @ slow:.3g};"
            f" mend {remedy}"
        )


def normal_of(panel: Panel) -> Direction:
    """Return the unit normal of a panel that points away from the sample.

    Raises:
        InputError: for a panel whose plane goes through the sample.
    """
    across = np.cross(panel.fast, panel.slow)
    away = float(across @ np.array(panel.origin_m))
    if not abs(away) > SKEW * panel.pixel_size_m:
        raise InputError(f"panel '{panel.name}': its plane goes through the sample; move or turn it")
    normal = across if away > 0.0 else -across
    return _numbers(normal / np.sqrt(normal @ normal) + 0.0)


def _unit(vector: Any) -> Direction:
    """Return the unit vector along a vector."""
    numbers = np.array([float(part) for part in vector])
    return _numbers(numbers / np.sqrt(numbers @ numbers))


def _numbers(vector: Any) -> Direction:
    """Return three components as numbers."""
    x, y, z = (float(part) for part in vector)
    return x, y, z
