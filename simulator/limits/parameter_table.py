"""The table of the continuous inputs of a run: names, places in the configuration, units and bounds.

No part of it needs torch, so that names and components can be checked before anything is computed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.config import RunConfig
from simulator.errors import InputError
from simulator.units import M_PER_ANGSTROM

SOURCE_ROWS = "source_rows"
LEAST_SIZE = 1.0 / 1024.0
SHORTEST_M = LEAST_SIZE * M_PER_ANGSTROM


@dataclass(frozen=True)
class Parameter:
    """A continuous input."""

    name: str
    place: str
    """Section and fields of `RunConfig` joined by dots; behind `source_rows`, a field of every source."""
    unit: str
    lower: float
    """Least value of a run that means something, in its unit."""
    upper: float
    """Largest value of such a run."""
    help: str
    """One line."""


INFINITE = math.inf
_ROWS: tuple[tuple[str, str, str, float, float, str], ...] = (
    ("cell_lengths_A", "crystal.cell_lengths_A", "A", LEAST_SIZE, INFINITE, "cell edges a, b, c [3]"),
    ("cell_angles_rad", "crystal.cell_angles_rad", "rad", LEAST_SIZE, math.pi, "cell angles al, be, ga [3]"),
    ("matrix", "crystal.matrix", "lambda/A", -INFINITE, INFINITE, "MOSFLM matrix, row by row [9]"),
    ("misset_rad", "crystal.misset_rad", "rad", -INFINITE, INFINITE, "turns about x, y, z [3]"),
    ("spindle_axis", "crystal.spindle_axis", "", -INFINITE, INFINITE, "rotation axis, normalised [3]"),
    ("cells", "crystal.cells", "", 1.0, INFINITE, "cells Na, Nb, Nc [3]; no effect of TOPHAT's edge"),
    ("fudge", "crystal.fudge", "", 0.0, INFINITE, "width of ROUND and GAUSS"),
    ("mosaic_spread_rad", "crystal.mosaic_spread_rad", "rad", 0.0, INFINITE, "spread, for the domains drawn"),
    ("phi_first_rad", "crystal.phi_rad.first", "rad", -INFINITE, INFINITE, "start of the rotation"),
    ("phi_step_rad", "crystal.phi_rad.step", "rad", -INFINITE, INFINITE, "rotation from step to step"),
    ("wavelength_m", "beam.wavelength_m", "m", SHORTEST_M, INFINITE, "wavelength"),
    ("fluence_photons_per_m2", "beam.fluence_photons_per_m2", "1/m^2", 0.0, INFINITE, "photons an area"),
    ("kahn_factor", "beam.kahn_factor", "", -1.0, 1.0, "degree of polarization"),
    ("beam_direction", "beam.direction", "", -INFINITE, INFINITE, "beam vector, normalised [3]"),
    ("polarization_axis", "beam.polarization_axis", "", -INFINITE, INFINITE, "E vector, normalised [3]"),
    ("hdiv_first_rad", "beam.hdiv_rad.first", "rad", -INFINITE, INFINITE, "first horizontal divergence"),
    ("hdiv_step_rad", "beam.hdiv_rad.step", "rad", -INFINITE, INFINITE, "step of horizontal divergence"),
    ("vdiv_first_rad", "beam.vdiv_rad.first", "rad", -INFINITE, INFINITE, "first vertical divergence"),
    ("vdiv_step_rad", "beam.vdiv_rad.step", "rad", -INFINITE, INFINITE, "step of vertical divergence"),
    ("dispersion_first", "beam.dispersion.first", "", -1.0, INFINITE, "first relative wavelength shift"),
    ("dispersion_step", "beam.dispersion.step", "", -INFINITE, INFINITE, "step of the wavelength shift"),
    ("source_positions_m", "beam.source_rows.position", "m", -INFINITE, INFINITE, "sources of a file [K, 3]"),
    ("source_weights", "beam.source_rows.weight", "", 0.0, INFINITE, "weights of these [K]"),
    ("source_wavelengths_m", "beam.source_rows.wavelength_m", "m", SHORTEST_M, INFINITE, "of these [K]"),
    ("water_size_m", "beam.water_size_m", "m", 0.0, INFINITE, "edge of the water cube"),
    ("distance_m", "detector.distance_m", "m", SHORTEST_M, INFINITE, "sample to detector along the beam"),
    ("close_distance_m", "detector.close_distance_m", "m", SHORTEST_M, INFINITE, "sample to detector plane"),
    ("Fbeam_m", "detector.Fbeam_m", "m", -INFINITE, INFINITE, "beam centre, fast (pivot BEAM)"),
    ("Sbeam_m", "detector.Sbeam_m", "m", -INFINITE, INFINITE, "beam centre, slow (pivot BEAM)"),
    ("Fclose_m", "detector.Fclose_m", "m", -INFINITE, INFINITE, "near point, fast (pivot SAMPLE)"),
    ("Sclose_m", "detector.Sclose_m", "m", -INFINITE, INFINITE, "near point, slow (pivot SAMPLE)"),
    ("pix0_m", "detector.pix0_m", "m", -INFINITE, INFINITE, "corner of the first pixel, where it counts [3]"),
    ("detector_rot_rad", "detector.rot_rad", "rad", -INFINITE, INFINITE, "detector about x, y, z [3]"),
    ("twotheta_rad", "detector.twotheta_rad", "rad", -INFINITE, INFINITE, "swing of the detector"),
    ("twotheta_axis", "detector.twotheta_axis", "", -INFINITE, INFINITE, "axis of the swing [3]"),
    ("fast_axis", "detector.fast", "", -INFINITE, INFINITE, "fast direction, normalised [3]"),
    ("slow_axis", "detector.slow", "", -INFINITE, INFINITE, "slow direction, normalised [3]"),
    ("normal_axis", "detector.normal", "", -INFINITE, INFINITE, "normal direction, normalised [3]"),
    ("pixel_size_m", "detector.pixel_size_m", "m", SHORTEST_M, INFINITE, "edge of a pixel"),
    ("layer_m", "detector.thickness_m.step", "m", 0.0, INFINITE, "thickness of a sensor layer"),
    ("attenuation_per_m", "detector.attenuation_per_m", "1/m", 0.0, INFINITE, "of the sensor"),
    ("structure_factors", "structure_factors.table", "electrons", 0.0, INFINITE, "F of the box [h, k, l]"),
    ("default_F", "structure_factors.default_F", "electrons", 0.0, INFINITE, "F of what is not listed"),
)  # fmt: skip
PARAMETERS: Mapping[str, Parameter] = {row[0]: Parameter(*row) for row in _ROWS}


def parameter(name: str) -> Parameter:
    """Return a parameter by name.

    Raises:
        InputError: for an unknown one, with those there are.
    """
    if name not in PARAMETERS:
        raise InputError(f"parameter '{name}': unknown; give one of {', '.join(PARAMETERS)}")
    return PARAMETERS[name]


def raw_value(config: RunConfig, name: str) -> Any:
    """Return what stands in a configuration for a parameter; a list where it is one number of each source.

    Raises:
        InputError: for an unknown name.
    """
    section, *fields = parameter(name).place.split(".")
    value: Any = getattr(config, section)
    for field in fields:
        value = [getattr(row, field) for row in value] if isinstance(value, tuple) else getattr(value, field)
    return value


def with_raw_value(config: RunConfig, name: str, value: Any) -> RunConfig:
    """Return a configuration with another value of a parameter; one of each source where it has many.

    Raises:
        InputError: for an unknown name.
    """
    made: RunConfig = _replaced(config, parameter(name).place.split("."), value)
    return made


def _replaced(owner: Any, place: list[str], value: Any) -> Any:
    """Return a dataclass with one field of it, or of its parts, replaced."""
    field, *rest = place
    part = getattr(owner, field)
    if rest and field == SOURCE_ROWS:
        made: Any = tuple(_replaced(row, rest, entry) for row, entry in zip(part, value, strict=True))
    else:
        made = _replaced(part, rest, value) if rest else value
    return replace(owner, **{field: made})


def numbers_of(config: RunConfig, name: str) -> NDArray[np.float64]:
    """Return the components of a parameter, row by row [n].

    Raises:
        InputError: for an unknown name.
    """
    return _flat(raw_value(config, name))


def _flat(value: Any) -> NDArray[np.float64]:
    if isinstance(value, (tuple, list)):
        return np.concatenate([np.zeros(0), *map(_flat, value)])
    tensor = hasattr(value, "detach")
    return np.asarray(value.detach().cpu() if tensor else value, np.float64).reshape(-1)
