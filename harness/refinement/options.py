"""Refined inputs as nanoBragg options: what to add to a command line so that it gives the refined image."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from simulator import RunConfig
from simulator.errors import InputError
from simulator.fit.parameters import value_of
from simulator.units import A_of_m, deg_of_rad, mm_of_m

EXACT = 2.0**-40
"""Relative difference up to which an option gives a refined value."""
HALF_PIXEL = {"MOSFLM": 0.5, "DENZO": 0.0}
"""Shift of the beam centre, in pixels, of the conventions that give it as slow, fast."""
UM_PER_MM, MRAD_PER_RAD = 1000.0, 1000.0
FLUX_OFF = ("-flux", "0")
"""A flux would win over -fluence."""
AXES = {
    "spindle_axis": "-spindle_axis", "beam_direction": "-beam_vector", "polarization_axis": "-polar_vector",
    "fast_axis": "-fdet_vector", "slow_axis": "-sdet_vector", "normal_axis": "-odet_vector",
    "twotheta_axis": "-twotheta_axis",
}  # fmt: skip
Words = list[str]


def options_of(found: RunConfig, names: Sequence[str]) -> Words:
    """Return options that set inputs of a refined run; none for those that no option sets.

    Args:
        names: of the inputs.
    """
    words: Words = []
    writers = dict.fromkeys(WRITERS[name] for name in names if name in WRITERS)
    for writer in writers:
        with_centre = _pixel in writers and writer in (_beam_centre, _close_centre)
        words += [] if with_centre else writer(found)
    words += [word for name in names if name in AXES for word in _axis(found, name)]
    return words


def replayed(words: Sequence[str], found: RunConfig, names: Sequence[str]) -> tuple[Words, tuple[str, ...]]:
    """Return the options that a command line needs in addition, and the inputs that no option sets.

    Args:
        words: of the start.
        found: the refined run.
        names: of the refined inputs.
    """
    options = options_of(found, names)
    pivot = ("-pivot", found.detector.pivot.lower())
    for more in ((), FLUX_OFF, pivot, (*FLUX_OFF, *pivot)):
        if not _missing([*words, *options, *more], found, names):
            return [*options, *more], ()
    return options, _missing([*words, *options], found, names)


def _missing(words: Sequence[str], found: RunConfig, names: Sequence[str]) -> tuple[str, ...]:
    """Return which inputs a command line does not set, with what it changes by the way."""
    try:
        made = RunConfig.from_args(words)
    except InputError:
        return tuple(names)
    missing = [name for name in names if not _same(made, found, name)]
    kept = (made.detector.pivot, made.detector.convention) == (
        found.detector.pivot,
        found.detector.convention,
    )
    return tuple(missing if kept else [*missing, "pivot"])


def _same(made: RunConfig, found: RunConfig, name: str) -> bool:
    here, there = value_of(made, name).numpy(), value_of(found, name).numpy()
    size = float(np.abs(there).max(initial=0.0))
    return here.shape == there.shape and np.allclose(here, there, rtol=EXACT, atol=EXACT * size)


def _numbers(*values: float) -> Words:
    return [f"{float(value):.15g}" for value in values]


def _mm(value_m: float) -> str:
    return _numbers(mm_of_m(value_m))[0]


def _deg(value_rad: float) -> str:
    return _numbers(deg_of_rad(value_rad))[0]


def _cell(found: RunConfig) -> Words:
    crystal = found.crystal
    return ["-cell", *_numbers(*crystal.cell_lengths_A), *(_deg(angle) for angle in crystal.cell_angles_rad)]


def _misset(found: RunConfig) -> Words:
    return ["-misset", *(_deg(angle) for angle in found.crystal.misset_rad)]


def _phi(found: RunConfig) -> Words:
    return ["-phi", _deg(found.crystal.phi_rad.first)]


def _phi_step(found: RunConfig) -> Words:
    phi = found.crystal.phi_rad
    words = ["-phistep", _deg(phi.step), "-phisteps", str(phi.count)]
    return [*words, "-osc", _deg(phi.range)] if phi.range > 0.0 else words


def _cells(found: RunConfig) -> Words:
    counts = [float(count) for count in found.crystal.cells]
    if any(count != int(count) for count in counts):
        return []
    return [
        word for axis, count in zip("abc", counts, strict=True) for word in (f"-N{axis}", str(int(count)))
    ]


def _mosaic(found: RunConfig) -> Words:
    crystal = found.crystal
    return ["-mosaic", _deg(crystal.mosaic_spread_rad), "-mosaic_domains", str(crystal.mosaic_domains)]


def _distance(found: RunConfig) -> Words:
    detector = found.detector
    if math.isnan(detector.close_distance_m):
        return ["-distance", _mm(detector.distance_m)]
    return ["-close_distance", _mm(detector.close_distance_m)]


def _pixel(found: RunConfig) -> Words:
    detector = found.detector
    counts = ["-detpixels_f", str(detector.fpixels), "-detpixels_s", str(detector.spixels)]
    centre = _beam_centre if detector.pivot == "BEAM" else _close_centre
    return ["-pixel", _mm(detector.pixel_size_m), *counts, *centre(found)]


def _beam_centre(found: RunConfig) -> Words:
    """Return -Xbeam and -Ybeam that give a beam centre in the convention of a run (spec 02 section 3)."""
    detector = found.detector
    fast_m, slow_m = detector.Fbeam_m, detector.Sbeam_m
    if detector.convention in HALF_PIXEL:
        shift_m = HALF_PIXEL[detector.convention] * detector.pixel_size_m
        return ["-Xbeam", _mm(slow_m - shift_m), "-Ybeam", _mm(fast_m - shift_m)]
    if detector.convention == "ADXV":
        return ["-Xbeam", _mm(fast_m), "-Ybeam", _mm(detector.spixels * detector.pixel_size_m - slow_m)]
    if detector.convention in ("XDS", "DIALS") and "Q-CENTRE-IGNORED" not in found.quirks:
        return _origin(found, fast_m, slow_m)
    return ["-Xbeam", _mm(fast_m), "-Ybeam", _mm(slow_m)]


def _close_centre(found: RunConfig) -> Words:
    """Return the options that give the near point of a run (spec 02 section 3)."""
    detector = found.detector
    if detector.convention == "CUSTOM":
        return ["-Xbeam", _mm(detector.Fclose_m), "-Ybeam", _mm(detector.Sclose_m)]
    return _origin(found, detector.Fclose_m, detector.Sclose_m)


def _origin(found: RunConfig, fast_m: float, slow_m: float) -> Words:
    pixel_m = found.detector.pixel_size_m
    x, y = _numbers(fast_m / pixel_m + 0.5, slow_m / pixel_m + 0.5)
    return ["-ORGX", x, "-ORGY", y]


def _rotation(found: RunConfig) -> Words:
    turns = zip("xyz", found.detector.rot_rad, strict=True)
    return [word for axis, angle in turns for word in (f"-detector_rot{axis}", _deg(angle))]


def _sensor(found: RunConfig) -> Words:
    detector = found.detector
    layers = detector.thickness_m
    words = ["-detector_thick", *_numbers(UM_PER_MM * mm_of_m(layers.step * layers.count))]
    words += ["-detector_thicksteps", str(layers.count)]
    if detector.attenuation_per_m > 0.0:
        words += ["-detector_abs", *_numbers(UM_PER_MM * mm_of_m(1.0 / detector.attenuation_per_m))]
    return words


def _divergence(axis: str) -> Callable[[RunConfig], Words]:
    def words(found: RunConfig) -> Words:
        steps = getattr(found.beam, f"{axis}div_rad")
        mrad = [MRAD_PER_RAD * part for part in (-2.0 * steps.first, steps.step)]
        return [f"-{axis}divrange", *_numbers(mrad[0]), f"-{axis}divstep", *_numbers(mrad[1]),
                f"-{axis}divsteps", str(steps.count)]  # fmt: skip

    return words


_HDIV, _VDIV = _divergence("h"), _divergence("v")


def _dispersion(found: RunConfig) -> Words:
    steps = found.beam.dispersion
    return ["-dispersion", *_numbers(-200.0 * steps.first), "-dispsteps", str(steps.count)]


def _axis(found: RunConfig, name: str) -> Words:
    """Return the option of an axis where the run has its own vectors; elsewhere it would change them all."""
    if found.detector.convention != "CUSTOM":
        return []
    return [AXES[name], *_numbers(*value_of(found, name).tolist())]


WRITERS: Mapping[str, Callable[[RunConfig], Words]] = {
    "cell_lengths_A": _cell,
    "cell_angles_rad": _cell,
    "misset_rad": _misset,
    "cells": _cells,
    "fudge": lambda found: ["-fudge", *_numbers(found.crystal.fudge)],
    "mosaic_spread_rad": _mosaic,
    "phi_first_rad": _phi,
    "phi_step_rad": _phi_step,
    "wavelength_m": lambda found: ["-lambda", *_numbers(A_of_m(found.beam.wavelength_m))],
    "fluence_photons_per_m2": lambda found: ["-fluence", *_numbers(found.beam.fluence_photons_per_m2)],
    "kahn_factor": lambda found: ["-polar", *_numbers(found.beam.kahn_factor)],
    "hdiv_first_rad": _HDIV,
    "hdiv_step_rad": _HDIV,
    "vdiv_first_rad": _VDIV,
    "vdiv_step_rad": _VDIV,
    "dispersion_first": _dispersion,
    "dispersion_step": _dispersion,
    "water_size_m": lambda found: ["-water", *_numbers(UM_PER_MM * mm_of_m(found.beam.water_size_m))],
    "distance_m": _distance,
    "close_distance_m": _distance,
    "pixel_size_m": _pixel,
    "Fbeam_m": _beam_centre,
    "Sbeam_m": _beam_centre,
    "Fclose_m": _close_centre,
    "Sclose_m": _close_centre,
    "pix0_m": lambda found: ["-pix0_vector", *_numbers(*found.detector.pix0_m)],
    "detector_rot_rad": _rotation,
    "twotheta_rad": lambda found: ["-twotheta", _deg(found.detector.twotheta_rad)],
    "layer_m": _sensor,
    "attenuation_per_m": _sensor,
    "default_F": lambda found: ["-default_F", *_numbers(found.structure_factors.default_F)],
}
"""The options of each input that has some, but for axes."""
