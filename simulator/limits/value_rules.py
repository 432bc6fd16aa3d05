"""The one check of the values that a configuration holds, whoever made it, before anything is computed.

The ranges are those of `value_table`, which `command_line.typed_values` applies to what was typed. What
follows from several values (a volume, a geometry, the amount of work) is checked where it is made, with the
limits that stand here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from simulator.config import Crystal, RunConfig
from simulator.errors import InputError
from simulator.limits.memory import require
from simulator.limits.parameter_table import raw_value
from simulator.limits.value_table import (
    LARGEST_COUNT,
    LARGEST_EVALUATIONS,
    NORMAL,
    RANGES,
    axis_problem,
)
from simulator.units import ANGSTROM_PER_M, MM_PER_M, RTD

LARGEST_OVERSAMPLE = int(RANGES["-oversample"].most)

BYTES_OF_EACH = 1024
"""Memory that a source, an orientation or a layer may need."""

UM_PER_M = MM_PER_M * MM_PER_M
# parameter of `parameter_table`, place in `value_table`, number typed for each SI unit
PLACES: tuple[tuple[str, str, float], ...] = (
    ("wavelength_m", "-lambda", ANGSTROM_PER_M),
    ("fluence_photons_per_m2", "-fluence", 1.0),
    ("kahn_factor", "-polar", 1.0),
    ("water_size_m", "-water", UM_PER_M),
    ("distance_m", "-distance", MM_PER_M),
    ("close_distance_m", "-close_distance", MM_PER_M),
    ("pixel_size_m", "-pixel", MM_PER_M),
    ("pix0_m", "-pix0_vector", 1.0),
    ("detector_rot_rad", "-detector_rotx", RTD),
    ("twotheta_rad", "-twotheta", RTD),
    ("layer_m", "-detector_thick", UM_PER_M),
    ("misset_rad", "-misset", RTD),
    ("mosaic_spread_rad", "-mosaic", RTD),
    ("phi_first_rad", "-phi", RTD),
    ("phi_step_rad", "-phistep", RTD),
    ("fudge", "-fudge", 1.0),
    ("default_F", "-default_F", 1.0),
    ("cells", "-N", 1.0),
)
DIRECTIONS: tuple[tuple[str, str], ...] = (
    ("spindle_axis", "-spindle_axis"),
    ("beam_direction", "-beam_vector"),
    ("polarization_axis", "-polar_vector"),
    ("fast_axis", "-fdet_vector"),
    ("slow_axis", "-sdet_vector"),
    ("normal_axis", NORMAL),
    ("twotheta_axis", "-twotheta_axis"),
)
FINITE = (
    "attenuation_per_m", "dispersion_first", "dispersion_step", "hdiv_first_rad", "hdiv_step_rad",
    "vdiv_first_rad", "vdiv_step_rad", "source_weights", "matrix",
)  # fmt: skip


def refuse(name: str, shown: str, problem: str) -> None:
    """Raise InputError if there is a problem."""
    if problem:
        raise InputError(f"{name} {shown}: {problem}")


def check_config(config: RunConfig) -> None:
    """Check the values of a configuration, tensors included; headers and callers from Python can set any.

    Args:
        config: metres and radians, before anything is computed from it.

    Raises:
        InputError: naming the input, its value in the unit of the command line, and the range.
    """
    for name, place, factor in PLACES:
        _check_range(config, name, place, factor)
    if config.crystal.has_cell:
        _check_range(config, "cell_lengths_A", "-cell length a", 1.0)
        _check_range(config, "cell_angles_rad", "-cell angle", RTD)
    for name, option in DIRECTIONS:
        x, y, z = _numbers(raw_value(config, name))
        refuse(f"{name} ({option})", f"{x:g} {y:g} {z:g}", axis_problem(option, (x, y, z)))
    for name in FINITE:
        for value in _numbers(raw_value(config, name)):
            refuse(name, f"{value:g}", "" if math.isfinite(value) else "must be finite")
    if not _all_finite(config.structure_factors.table):
        raise InputError("structure_factors: every F must be a finite number")
    _check_shape(config.crystal)
    _check_sources(config)
    _check_counts(config)
    _check_region(config)


def _check_range(config: RunConfig, name: str, place: str, factor: float) -> None:
    """Check one parameter; NaN stands for a close distance that follows from the rest."""
    for value in _numbers(raw_value(config, name)):
        if not (name == "close_distance_m" and math.isnan(value)):
            refuse(f"{name} ({place})", f"{value * factor:.10g}", RANGES[place].problem(value * factor))


def _check_shape(crystal: Crystal) -> None:
    """Raise InputError for a shape factor below 0, with which a spot would grow away from its centre."""
    (fudge,) = _numbers(crystal.fudge)
    if crystal.shape != "SQUARE" and fudge < 0.0:
        raise InputError(
            f"-fudge {fudge:g}: must not be negative for a {crystal.shape} crystal; give 0 or more"
        )


def _check_sources(config: RunConfig) -> None:
    """Raise InputError for a source without direction, or a wavelength that the dispersion makes 0."""
    beam = config.beam
    for n, row in enumerate(beam.source_rows, 1):
        x, y, z = _numbers(row.position)
        refuse(f"-sourcefile source {n} at", f"{x:g} {y:g} {z:g}", axis_problem("-sourcefile", (x, y, z)))
        (wavelength_m,) = _numbers(row.wavelength_m)
        if not RANGES["-lambda"].least <= wavelength_m * ANGSTROM_PER_M < math.inf:
            raise InputError(
                f"-sourcefile source {n}: wavelength {wavelength_m:g} m is too short or not finite"
            )
    steps = beam.dispersion
    (first,), (step,) = _numbers(steps.first), _numbers(steps.step)
    shortest = 1.0 + min(first, first + step * (steps.count - 1))
    if not beam.source_rows and not shortest > 0.0:
        raise InputError(
            f"-dispersion: the shortest wavelength would be {shortest:g} of the nominal one;"
            " give less than 200 percent"
        )


def _check_counts(config: RunConfig) -> None:
    """Raise InputError for more sources, orientations, layers or sub-pixels than a run may have."""
    beam, crystal = config.beam, config.crystal
    grid = beam.hdiv_rad.count * beam.vdiv_rad.count * beam.dispersion.count
    counts = (
        (len(beam.source_rows) or grid, "sources (divergence, dispersion, -sourcefile)"),
        (crystal.phi_rad.count * crystal.mosaic_domains, "phi steps times -mosaic_domains"),
        (config.detector.thickness_m.count, "layers (-detector_thicksteps)"),
    )
    for count, what in counts:
        if not 1 <= count <= LARGEST_COUNT:
            raise InputError(f"{count} {what}: at least 1 and at most {LARGEST_COUNT} are possible")
        require(BYTES_OF_EACH * count, f"{count} {what}")
    oversample = config.sampling.oversample
    if oversample > LARGEST_OVERSAMPLE:
        raise InputError(f"-oversample {oversample}: at most {LARGEST_OVERSAMPLE} sub-pixels a side")


def _check_region(config: RunConfig) -> None:
    """Raise InputError for a region of interest without a pixel."""
    detector = config.detector
    shown = "-roi {} {} {} {}".format(*detector.roi)
    for low, high, count in zip(detector.roi[::2], detector.roi[1::2], _size(config), strict=True):
        if low > high:
            raise InputError(
                f"{shown}: the region is empty, minimum {low} above maximum {high}; give FAST_MIN FAST_MAX"
                " SLOW_MIN SLOW_MAX"
            )
        if low >= count:
            raise InputError(f"{shown}: the region is empty, {low} is beyond the last pixel {count - 1}")


def _size(config: RunConfig) -> tuple[int, int]:
    return config.detector.fpixels, config.detector.spixels


def region_doubts(config: RunConfig) -> list[str]:
    """Return a warning for a region of interest that the edge of the detector cuts."""
    detector = config.detector
    beyond = [top for top, count in zip(detector.roi[1::2], _size(config), strict=True) if top > count]
    if not beyond:
        return []
    shown = "-roi {} {} {} {}".format(*detector.roi)
    return [f"{shown} is cut to the {detector.fpixels} fast x {detector.spixels} slow pixels there are"]


def printout_doubts(config: RunConfig) -> list[str]:
    """Return a warning for a pixel that was to be printed and is not computed."""
    fast, slow = config.output.printout_pixel
    fast_min, fast_max, slow_min, slow_max = config.detector.roi
    fast_end, slow_end = _size(config)
    inside = fast_min <= fast <= min(fast_max, fast_end - 1) and slow_min <= slow <= min(
        slow_max, slow_end - 1
    )
    if fast < 0 or inside:
        return []
    return [f"-printout_pixel {fast} {slow} is outside the region: nothing is printed"]


def wavelength_doubts(config: RunConfig) -> list[str]:
    """Return a warning for the first source of a file whose wavelength looks like one in Angstrom."""
    for n, row in enumerate(config.beam.source_rows, 1):
        (wavelength_m,) = _numbers(row.wavelength_m)
        wavelength_A = wavelength_m * ANGSTROM_PER_M
        if RANGES["-lambda"].doubt(wavelength_A):
            return [
                f"-sourcefile source {n}: the wavelength {wavelength_m:g} m is {wavelength_A:g} Angstrom;"
                " the fifth column is in metres"
            ]
    return []


def check_work(pixels: int, steps: int, layers: int, oversample: int) -> None:
    """Raise InputError for more work than a run may have.

    Args:
        pixels: inside the region.
        steps: sources, phi steps, domains and sub-pixels of one.
        oversample: sub-pixels a side, typed or called for by the size of the crystal.

    Source: spec 06 section 1.
    """
    if oversample > LARGEST_OVERSAMPLE:
        raise InputError(
            f"the crystal calls for -oversample {oversample:.4g}: at most {LARGEST_OVERSAMPLE} sub-pixels a"
            " side; give -oversample, a smaller crystal or another geometry"
        )
    evaluations = pixels * steps * layers
    if evaluations > LARGEST_EVALUATIONS:
        raise InputError(
            f"{evaluations:.4g} evaluations (pixels x sources x phi steps x domains x sub-pixels x layers):"
            f" at most {LARGEST_EVALUATIONS:.4g}; ask for less, or for a part with -roi"
        )


def _numbers(value: Any) -> list[float]:
    """Return numbers, tuples of numbers, tensors or arrays as a flat list."""
    return list(_flat(value))


def _flat(value: Any) -> Iterator[float]:
    if hasattr(value, "detach"):
        value = value.detach().flatten().tolist()
    if isinstance(value, np.ndarray):
        value = value.flatten().tolist()
    if isinstance(value, (tuple, list)):
        for part in value:
            yield from _flat(part)
    else:
        yield float(value)


def _all_finite(table: Any) -> bool:
    return bool(table.isfinite().all() if hasattr(table, "isfinite") else np.isfinite(table).all())
