"""Frames of shots as writers get them: two panels that lie askew, in the frame of any convention."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from shots.frames import Frames
from shots.geometry.panel import Direction, Panel, Setup
from shots.geometry.reference_frames import ReferenceFrame, setup_in

COS, SIN = math.cos(0.3), math.sin(0.3)
MASKED_PIXEL = (2, 3)


def made_setup(distance_m: float = 0.1, wavelength_m: float = 1.1e-10) -> Setup:
    """Return a set-up in the MOSFLM frame, neither panel across the beam."""
    first = Panel(
        "upper", 12, 8, 1e-4, (distance_m, 5e-4, -6e-4), (0.0, 0.0, 1.0), (SIN, -COS, 0.0), saturation=60000.0
    )
    turned = ((0.0, COS, SIN), (COS, -SIN * SIN, SIN * COS))
    second = Panel("lower", 10, 6, 1e-4, (distance_m + 0.003, -1.5e-3, 2e-4), *turned)
    return Setup(
        panels=(first, second),
        beam=(1.0, 0.0, 0.0),
        wavelength_m=wavelength_m,
        polarization_axis=(0.0, 0.0, 1.0),
        polarization_fraction=0.95,
        spindle=(0.0, 0.0, 1.0),
        phi_start_rad=0.25,
        phi_range_rad=0.0125,
        distance_m=distance_m,
    )


def made_frames(number: int = 0, setup: Setup | None = None) -> Frames:
    """Return the frames of a shot; small and large counts, one pixel masked."""
    setup = setup or made_setup()
    draw = np.random.default_rng(number)
    counts = tuple(
        draw.choice(np.array([0, 1, 7, 300, 40000, 2_000_000], np.int32), (p.slow_pixels, p.fast_pixels))
        for p in setup.panels
    )
    counts[0][MASKED_PIXEL] = -1
    photons = tuple(np.float32(0.37) * image.astype(np.float32) for image in counts)
    return Frames(number, setup, photons, counts, (("-N", "5"), ("-N", "5", "-pivot", "sample")))


def odd_setup() -> Setup:
    """Return the set-up in a laboratory frame along no axis."""
    beam = np.array([0.8, 0.36, -0.48])
    across = np.cross(beam, [0.0, 0.0, 1.0])
    x, y, z = (float(part) for part in across / np.linalg.norm(across))
    return setup_in(made_setup(), ReferenceFrame((0.8, 0.36, -0.48), (x, y, z)))


SETUPS = {
    "mosflm": made_setup(),
    "xds": setup_in(made_setup(), ReferenceFrame((0.0, 0.0, 1.0), (1.0, 0.0, 0.0))),
    "dials": setup_in(made_setup(), ReferenceFrame((0.0, 0.0, 1.0), (0.0, 1.0, 0.0))),
    "odd": odd_setup(),
    "across": replace(made_setup(), spindle=(0.0, 0.6, 0.8), polarization_axis=(0.0, 0.8, -0.6)),
    "one": replace(made_setup(), panels=made_setup().panels[1:]),
}
"""Set-ups in several laboratory frames."""


def relations(
    corner: Direction | NDArray[np.float64],
    fast: Direction | NDArray[np.float64],
    slow: Direction | NDArray[np.float64],
    beam: Direction,
    spindle: Direction | NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return what no frame changes: products of corner and axes of a panel with beam, spindle and both.

    Args:
        corner: of the first pixel, millimetres.
        fast: unit vector.
        slow: unit vector.
        beam: unit vector along which photons travel.
        spindle: unit vector.
    """
    panel = np.array([corner, fast, slow])
    laboratory = np.array([beam, spindle, np.cross(beam, spindle)])
    return np.asarray(panel @ laboratory.T)


def relations_of(setup: Setup, index: int) -> NDArray[np.float64]:
    """Return the relations of a panel of a set-up."""
    panel = setup.panels[index]
    return relations(1000.0 * np.array(panel.origin_m), panel.fast, panel.slow, setup.beam, setup.spindle)
