"""DIALS: an experiment list in JSON, which `dials.show` and `dxtbx` load."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shots.geometry.in_words.written import in_mm, plane_normal
from shots.geometry.panel import Panel, Setup
from simulator.units import A_of_m, deg_of_rad, mm_of_m
from system_io.shown import json_text

IDENTITY = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
LARGEST = sys.float_info.max
"""Stands for a panel without saturation: JSON has no infinity."""


def dials_text(setup: Setup, cells_A: Sequence[NDArray[np.float64]] = ()) -> str:
    """Return a list of experiments: beam, detector, goniometer, a scan if there is a rotation, and crystals.

    Args:
        setup: in the frame `dials`.
        cells_A: of each crystal the vectors a, b, c in Angstrom as rows, in that frame, before the rotation
            [3, 3]; each makes an experiment, and without any there is one.
    """
    rotates = setup.phi_range_rad != 0.0
    experiment = {"__id__": "Experiment", "identifier": "", "beam": 0, "detector": 0, "goniometer": 0}
    experiment |= {"scan": 0} if rotates else {}
    lattices = [{**experiment, "crystal": number} for number in range(len(cells_A))]
    return json_text(
        {
            "__id__": "ExperimentList",
            "experiment": lattices or [experiment],
            "imageset": [],
            "beam": [_beam(setup)],
            "detector": [_detector(setup)],
            "goniometer": [
                {
                    "rotation_axis": list(setup.spindle),
                    "fixed_rotation": IDENTITY,
                    "setting_rotation": IDENTITY,
                }
            ],
            "scan": [_scan(setup)] if rotates else [],
            "crystal": [_crystal(cell) for cell in cells_A],
            "profile": [],
            "scaling_model": [],
        }
    )


def _crystal(cell_A: NDArray[np.float64]) -> dict[str, Any]:
    """Return a crystal; the table of structure factors has no symmetry."""
    vectors = {f"real_space_{name}": row.tolist() for name, row in zip("abc", cell_A, strict=True)}
    return {"__id__": "crystal", **vectors, "space_group_hall_symbol": " P 1"}


def _beam(setup: Setup) -> dict[str, Any]:
    """Return the beam; DIALS points from the sample to the source."""
    return {
        "__id__": "monochromatic",
        "direction": [-part + 0.0 for part in setup.beam],
        "wavelength": A_of_m(setup.wavelength_m),
        "divergence": 0.0,
        "sigma_divergence": 0.0,
        "polarization_normal": list(plane_normal(setup)),
        "polarization_fraction": setup.polarization_fraction,
        "flux": 0.0,
        "transmission": 1.0,
        "probe": "x-ray",
        "sample_to_source_distance": 0.0,
    }


def _detector(setup: Setup) -> dict[str, Any]:
    """Return the panels, flat below one root that stands in the sample and turns nothing."""
    root = {"name": "", "type": "", "fast_axis": [1.0, 0.0, 0.0], "slow_axis": [0.0, 1.0, 0.0]}
    children = [{"panel": number} for number in range(len(setup.panels))]
    return {
        "panels": [_panel(panel) for panel in setup.panels],
        "hierarchy": {**root, "origin": [0.0, 0.0, 0.0], **_hardware(None), "children": children},
    }


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "name": panel.name,
        "type": "SENSOR_PAD",
        "fast_axis": list(panel.fast),
        "slow_axis": list(panel.slow),
        "origin": in_mm(panel.origin_m),
        **_hardware(panel),
    }


def _hardware(panel: Panel | None) -> dict[str, Any]:
    """Return the rest of a panel; a root has no hardware of its own."""
    parallax = panel is not None and panel.thickness_m > 0.0
    return {
        "raw_image_offset": [0, 0],
        "image_size": [0, 0] if panel is None else [panel.fast_pixels, panel.slow_pixels],
        "pixel_size": [0.0, 0.0] if panel is None else 2 * [mm_of_m(panel.pixel_size_m)],
        "trusted_range": [0.0, 0.0] if panel is None else [0.0, min(panel.saturation, LARGEST)],
        "thickness": 0.0 if panel is None else mm_of_m(panel.thickness_m),
        "material": "",
        "mu": 0.0 if panel is None else panel.attenuation_per_m / mm_of_m(1.0),
        "identifier": "",
        "mask": [] if panel is None else [list(region) for region in panel.bad],
        "gain": 1.0 if panel is None else panel.gain,
        "pedestal": 0.0,
        "px_mm_strategy": {"type": "ParallaxCorrectedPxMmStrategy" if parallax else "SimplePxMmStrategy"},
    }


def _scan(setup: Setup) -> dict[str, Any]:
    """Return a scan of one image."""
    return {
        "image_range": [1, 1],
        "batch_offset": 0,
        "oscillation": [deg_of_rad(setup.phi_start_rad), deg_of_rad(setup.phi_range_rad)],
        "exposure_time": [0.0],
        "epochs": [0.0],
        "valid_image_ranges": {},
    }
