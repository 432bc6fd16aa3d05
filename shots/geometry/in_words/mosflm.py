"""MOSFLM: keywords for one flat panel that stands across the beam."""

from __future__ import annotations

import numpy as np

from shots.geometry.beam_spot import beam_spot
from shots.geometry.in_words.written import digits, only_panel, unsaid
from shots.geometry.panel import Panel, Setup
from simulator.errors import InputError
from simulator.units import A_of_m, deg_of_rad, mm_of_m

AXES = {"fast": (0.0, 0.0, 1.0), "slow": (0.0, -1.0, 0.0)}
STRAIGHT = 1e-9
"""How far an axis may be from that of MOSFLM."""


def mosflm_text(setup: Setup) -> str:
    """Return keywords of MOSFLM; BEAM has its two numbers in the order slow, fast, less half a pixel.

    Args:
        setup: in the frame `mosflm`.

    Raises:
        InputError: for several panels, and for a panel that is turned or mirrored.
    """
    panel = only_panel(setup, "MOSFLM")
    _require_straight(panel)
    spot = beam_spot(panel, setup)
    if spot is None:
        raise InputError("MOSFLM: the beam does not meet the panel; give another --format")
    X, Y = ((place - 0.5) * mm_of_m(panel.pixel_size_m) for place in (spot.slow, spot.fast))
    start, end = (
        deg_of_rad(angle) for angle in (setup.phi_start_rad, setup.phi_start_rad + setup.phi_range_rad)
    )
    lines = [
        "! beam along +x, spindle along +z",
        f"WAVELENGTH {digits([A_of_m(setup.wavelength_m)])}",
        f"DISTANCE {digits([mm_of_m(spot.distance_m)])}",
        f"BEAM {digits([X, Y])}",
        f"PIXEL {digits([mm_of_m(panel.pixel_size_m)])}",
        f"SIZE {panel.slow_pixels} {panel.fast_pixels}",
        f"! IMAGE 1 PHI {digits([start])} TO {digits([end])}",
        *_polarization(setup),
        *(f"! {text}" for text in unsaid(setup, ())),
    ]
    return "\n".join(lines) + "\n"


def _require_straight(panel: Panel) -> None:
    """Raise InputError for a panel that MOSFLM's words cannot place."""
    for name, wanted in AXES.items():
        axis = np.array(getattr(panel, name))
        off = float(np.abs(axis - np.array(wanted)).max())
        if not off <= STRAIGHT:
            raise InputError(
                f"MOSFLM describes a panel across the beam whose fast axis is along the spindle; the {name}"
                f" axis of '{panel.name}' is {digits(axis)}, must be {digits(wanted)}; give another --format"
            )


def _polarization(setup: Setup) -> list[str]:
    """Return the polarization of a field along or across the spindle, else why there is none."""
    along = abs(float(np.dot(setup.polarization_axis, (0.0, 0.0, 1.0))))
    factor = 2.0 * setup.polarization_fraction - 1.0
    if factor == 0.0:
        return ["! not polarized"]
    if min(along, abs(along - 1.0)) > STRAIGHT:
        return ["! polarized neither along nor across the spindle: MOSFLM has no word for it"]
    return [f"SYNCHROTRON POLARISATION {digits([factor if along > 0.5 else -factor])}"]
