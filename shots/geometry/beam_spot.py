"""Where the direct beam and the normal meet a panel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shots.geometry.panel import Panel, Setup
from shots.geometry.setup_of import normal_of
from simulator.limits.value_table import GRAZING


class PanelPoint(NamedTuple):
    """A point of the plane of a panel, in pixels from its outer corner; pixels have their borders there."""

    fast: float
    slow: float
    distance_m: float
    """From the sample."""


def beam_spot(panel: Panel, setup: Setup) -> PanelPoint | None:
    """Return where the direct beam meets the plane of a panel, None where it never does.

    Args:
        panel: in the frame of the set-up.
        setup: with the beam.

    Raises:
        InputError: for a panel whose plane goes through the sample.
    """
    normal, beam = np.array(normal_of(panel)), np.array(setup.beam)
    steep = float(normal @ beam)
    if not steep > GRAZING:
        return None
    distance_m = float(normal @ np.array(panel.origin_m)) / steep
    return _point(panel, distance_m * beam, distance_m)


def nearest_point(panel: Panel) -> PanelPoint:
    """Return the point of the plane of a panel that is nearest to the sample.

    Raises:
        InputError: for a panel whose plane goes through the sample.
    """
    normal = np.array(normal_of(panel))
    distance_m = float(normal @ np.array(panel.origin_m))
    return _point(panel, distance_m * normal, distance_m)


def _point(panel: Panel, place_m: np.ndarray, distance_m: float) -> PanelPoint:
    rest = place_m - np.array(panel.origin_m)
    fast, slow = (float(rest @ np.array(axis)) / panel.pixel_size_m for axis in (panel.fast, panel.slow))
    return PanelPoint(fast, slow, distance_m)
