"""PONI: one panel in the words of pyFAI, as a file of version 2.1."""

from __future__ import annotations

import json
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shots.geometry.in_words.written import digits, only_panel, unsaid
from shots.geometry.panel import Panel, Setup
from shots.geometry.setup_of import normal_of
from simulator.errors import InputError

GIMBAL = 1e-12
"""Cosine of rot2 below which rot1 and rot3 turn about one axis."""


class Poni(NamedTuple):
    """The place of a panel as pyFAI counts it: metres and radians."""

    distance_m: float
    poni1_m: float
    poni2_m: float
    rot1_rad: float
    rot2_rad: float
    rot3_rad: float
    orientation: int
    """1 to 4: which corner of the panel the first pixel is in; 2 and 4 are mirrored."""


FLIPS = {3: (False, False), 1: (True, True), 2: (True, False), 4: (False, True)}
"""Whether an orientation counts slow and fast backwards."""


def poni_text(setup: Setup) -> str:
    """Return a PONI file.

    Args:
        setup: in the frame `poni`, whose axes are those that pyFAI calls 1, 2 and 3.

    Raises:
        InputError: for several panels, and a panel that its rotations do not reach.
    """
    panel = only_panel(setup, "a PONI file")
    found = poni_of(panel)
    config = {
        "pixel1": panel.pixel_size_m,
        "pixel2": panel.pixel_size_m,
        "max_shape": [panel.slow_pixels, panel.fast_pixels],
        "orientation": found.orientation,
    }
    lines = [
        "# beam along +3, 1 upwards where the spindle, along +2, is level",
        "poni_version: 2.1",
        "Detector: Detector",
        f"Detector_config: {json.dumps(config)}",
        f"Distance: {digits([found.distance_m])}",
        f"Poni1: {digits([found.poni1_m])}",
        f"Poni2: {digits([found.poni2_m])}",
        f"Rot1: {digits([found.rot1_rad])}",
        f"Rot2: {digits([found.rot2_rad])}",
        f"Rot3: {digits([found.rot3_rad])}",
        f"Wavelength: {digits([setup.wavelength_m])}",
        *(f"# {text}" for text in unsaid(setup, ())),
    ]
    return "\n".join(lines) + "\n"


def poni_of(panel: Panel) -> Poni:
    """Return the words of pyFAI for a panel: of the orientations that reach it, that of the least rotation.

    Args:
        panel: in the frame `poni`.

    Raises:
        InputError: for a panel whose plane goes through the sample, or that its rotations do not reach.
    """
    made = [_placed(panel, orientation) for orientation in FLIPS]
    reached = [poni for poni in made if poni is not None]
    if not reached:
        raise InputError(
            f"a PONI file has no unique rotations for panel '{panel.name}'; give another --format"
        )
    return min(reached, key=lambda poni: (abs(poni.rot3_rad), poni.orientation != 3))


def _placed(panel: Panel, orientation: int) -> Poni | None:
    """Return the words with one orientation, None where the panel has the other hand."""
    slow_back, fast_back = FLIPS[orientation]
    first = -np.array(panel.slow) if slow_back else np.array(panel.slow)
    second = -np.array(panel.fast) if fast_back else np.array(panel.fast)
    normal = np.array(normal_of(panel))
    if np.cross(first, second) @ normal < 0.0:
        return None
    angles = _angles(np.stack([first, second, normal], axis=1))
    if angles is None:
        return None
    origin = np.array(panel.origin_m)
    edges = (panel.slow_pixels * slow_back, panel.fast_pixels * fast_back)
    poni1, poni2 = (
        edge * panel.pixel_size_m - float(origin @ axis)
        for edge, axis in zip(edges, (first, second), strict=True)
    )
    return Poni(float(origin @ normal), poni1, poni2, *angles, orientation)


def _angles(turn: NDArray[np.float64]) -> tuple[float, float, float] | None:
    """Return rot1, rot2 (left-handed) and rot3 of R = R3 R2 R1, None where rot2 is a right angle."""
    level = math.hypot(turn[0, 0], turn[1, 0])
    if level < GIMBAL:
        return None
    rot1, rot2 = -math.atan2(turn[2, 1], turn[2, 2]), -math.atan2(-turn[2, 0], level)
    return rot1 + 0.0, rot2 + 0.0, math.atan2(turn[1, 0], turn[0, 0]) + 0.0
