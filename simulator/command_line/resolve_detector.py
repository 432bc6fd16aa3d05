"""Detector options -> Detector (spec 01 section 4.4, 02 sections 2 and 3)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from simulator.command_line.conventions import (
    CentreGiven,
    centred,
    convention_of,
    frame_of,
    idle_centres,
    idle_pivot,
    pivot_of,
)
from simulator.command_line.header_input import Start
from simulator.command_line.options import RawOptions
from simulator.command_line.step_tables import ONE, sensor_layers
from simulator.config import UNSET, Convention, Detector, Pivot, Steps
from simulator.errors import InputError, Warnings
from simulator.io.numbers import LARGEST_INT
from simulator.io.smv import SmvFile
from simulator.limits.memory import require
from simulator.limits.value_table import LARGEST_PIXELS
from simulator.quirks import Quirks
from simulator.units import m_of_mm, rad_of_deg, sensor_m_of_um

Roi = tuple[int, int, int, int]
BYTES_PER_PIXEL = 16


def above_zero(value: float, what: str) -> float:
    """Return a value that is above 0 and finite.

    Raises:
        InputError: naming option and value.
    """
    if not 0.0 < value < math.inf:
        raise InputError(f"{what}: must be above 0 and within the range of numbers")
    return value


def not_zero(value: float, what: str) -> float:
    """Return a value other than 0.

    Raises:
        InputError: naming option and value.
    """
    if value == 0.0:
        raise InputError(f"{what}: must not be 0")
    return value


def _typed_or(raw: RawOptions, convert: Callable[[float], float], other: float, *names: str) -> float:
    """Return the converted value of the last of the named options, else the other value."""
    value = raw.number(*names)
    return other if value is None else convert(value)


def detector_of(
    raw: RawOptions, start: Start, mask: SmvFile | None, quirks: Quirks
) -> tuple[Detector, Warnings]:
    """Return the detector before any rotation, and warnings.

    Args:
        start: defaults or header values.
        mask: the mask file read before.

    Raises:
        InputError: for values without meaning or a mask of another size.

    Source: spec 02.
    """
    pixel_m = _pixel_size(raw, start)
    fpixels, fsize_m = _axis(raw, "f", start.fpixels, start.fsize_m, pixel_m)
    spixels, ssize_m = _axis(raw, "s", start.spixels, start.ssize_m, pixel_m)
    if fpixels * spixels > LARGEST_PIXELS:
        raise InputError(
            f"detector of {fpixels} x {spixels} pixels: at most {LARGEST_PIXELS} pixels are possible"
        )
    require(BYTES_PER_PIXEL * float(fpixels) * spixels, f"detector of {fpixels} x {spixels} pixels")
    convention = convention_of(raw)
    pivot = pivot_of(raw, convention, quirks)
    frame = frame_of(raw, convention)
    typed = _centre(raw, start, convention, pixel_m, ssize_m)
    centre = centred(typed, (fsize_m, ssize_m), pixel_m, convention, pivot, quirks)
    custom = convention == "CUSTOM"
    pix0 = raw.last("-pix0_vector", "-pix0_vector_mm")
    pix0_m = raw.vector("-pix0_vector") or (0.0, 0.0, 0.0)
    if pix0 is not None and pix0.name == "-pix0_vector_mm":
        x, y, z = (m_of_mm(float(v)) for v in pix0.values)
        pix0_m = (x, y, z)
    layers, attenuation_per_m, of_sensor = _sensor(raw, quirks)
    distance_m, close_distance_m = _distances(raw, start, pivot, quirks)
    detector = Detector(
        fpixels=fpixels, spixels=spixels, pixel_size_m=pixel_m, fsize_m=fsize_m, ssize_m=ssize_m,
        convention=convention, pivot=pivot, distance_m=distance_m, close_distance_m=close_distance_m,
        Xbeam_m=centre.Xbeam_m, Ybeam_m=centre.Ybeam_m, Fbeam_m=centre.Fbeam_m, Sbeam_m=centre.Sbeam_m,
        Fclose_m=centre.Fclose_m, Sclose_m=centre.Sclose_m,
        fast=frame["fast"], slow=frame["slow"], normal=frame["normal"], twotheta_axis=frame["twotheta"],
        fast_or_slow_given=custom and raw.has("-fdet_vector", "-sdet_vector"),
        normal_given=custom and raw.has("-odet_vector"),
        rot_rad=(_rotation(raw, "x"), _rotation(raw, "y"), _rotation(raw, "z")),
        twotheta_rad=_typed_or(raw, rad_of_deg, start.twotheta_rad, "-twotheta"),
        pix0_given=custom and pix0 is not None, pix0_m=pix0_m,
        curved=raw.has("-curved_det"), point_pixel=raw.has("-point_pixel"),
        thickness_m=layers, attenuation_per_m=attenuation_per_m,
        roi=_roi(raw, fpixels, spixels), mask=_kept(mask, fpixels, spixels),
    )  # fmt: skip
    return detector, (*_idle(raw, detector, quirks), *of_sensor)


def _idle(raw: RawOptions, detector: Detector, quirks: Quirks) -> Warnings:
    """Return a warning for each option of the geometry that has no effect."""
    convention, pivot = detector.convention, detector.pivot
    pix0 = raw.last("-pix0_vector", "-pix0_vector_mm")
    warnings = []
    if pix0 is not None and ("Q-PIX0-IGNORED" in quirks or convention != "CUSTOM"):
        warnings.append(f"the numbers of {pix0.name} are not used (Q-PIX0-IGNORED)")
    warnings += [
        f"{name} does not change the geometry in the {convention} convention (Q-CENTRE-IGNORED)"
        for name in idle_centres(raw, convention, pivot, quirks)
    ]
    return (*warnings, *idle_pivot(raw, convention, pivot))


def _rotation(raw: RawOptions, axis: str) -> float:
    return _typed_or(raw, rad_of_deg, 0.0, f"-detector_rot{axis}")


def _pixel_size(raw: RawOptions, start: Start) -> float:
    typed = raw.number("-pixel")
    if typed is None:
        return above_zero(start.pixel_m, f"pixel size {start.pixel_m:g} m of {start.origin}")
    return above_zero(m_of_mm(typed), f"-pixel {typed:g}")


def _axis(raw: RawOptions, axis: str, pixels: int, size_m: float, pixel_m: float) -> tuple[int, float]:
    """Return the number of pixels and the size of one detector axis (02 section 2)."""
    typed = raw.integer("-detpixels", f"-detpixels_{axis}")
    pixels = pixels if typed is None else typed
    size_m = _typed_or(raw, m_of_mm, size_m, "-detsize", f"-detsize_{axis}")
    if pixels != 0:
        size_m = pixel_m * pixels
    count = size_m / pixel_m - 0.5
    option = (
        f"-detpixels_{axis} {pixels}" if pixels else f"-detsize_{axis} ({size_m:g} m in {pixel_m:g} m pixels)"
    )
    if not 0.0 < count <= LARGEST_INT:
        raise InputError(f"{option}: must give at least one pixel and at most {LARGEST_INT} on each axis")
    return math.ceil(count), size_m


def _distances(raw: RawOptions, start: Start, pivot: Pivot, quirks: Quirks) -> tuple[float, float]:
    """Return distance and close distance.

    A header's close distance yields to -distance in spec mode, and to its own distance about a beam spot that
    it gives: together they are the detector plane, whatever it is turned by.
    """
    for option in ("-distance", "-close_distance"):
        for item in raw.every(option):
            not_zero(m_of_mm(float(item.values[0])), f"{option} {item.values[0]:g}")
    distance_m = _typed_or(raw, m_of_mm, start.distance_m, "-distance")
    close_m = start.close_distance_m
    if raw.has("-distance") and "Q-CLOSE-BEATS-DISTANCE" not in quirks:
        close_m = UNSET
    if start.spot_m is not None and pivot == "BEAM":
        close_m = UNSET
    close_m = _typed_or(raw, m_of_mm, close_m, "-close_distance")
    not_zero(distance_m if math.isnan(close_m) else close_m, f"distance 0 of {start.origin}")
    return distance_m, close_m


def _header_beam_m(
    start: Start, convention: Convention, pixel_m: float, ssize_m: float
) -> tuple[float, float]:
    """Return -Xbeam and -Ybeam of the header; a spot in the words of the convention (02 section 3)."""
    if start.spot_m is None:
        return start.Xbeam_m, start.Ybeam_m
    fast_m, slow_m = start.spot_m
    shift_m = 0.5 * pixel_m if convention == "MOSFLM" else 0.0
    if convention in ("MOSFLM", "DENZO"):
        return slow_m - shift_m, fast_m - shift_m
    return fast_m, ssize_m - slow_m if convention == "ADXV" else slow_m


def _centre(
    raw: RawOptions, start: Start, convention: Convention, pixel_m: float, ssize_m: float
) -> CentreGiven:
    Xbeam_m, Ybeam_m = _header_beam_m(start, convention, pixel_m, ssize_m)
    return CentreGiven(
        Xbeam_m=_typed_or(raw, m_of_mm, Xbeam_m, "-Xbeam"),
        Ybeam_m=_typed_or(raw, m_of_mm, Ybeam_m, "-Ybeam"),
        Xclose_m=_typed_or(raw, m_of_mm, UNSET, "-Xclose"),
        Yclose_m=_typed_or(raw, m_of_mm, UNSET, "-Yclose"),
        ORGX=_typed_or(raw, float, start.ORGX, "-ORGX"),
        ORGY=_typed_or(raw, float, start.ORGY, "-ORGY"),
    )


def _sensor(raw: RawOptions, quirks: Quirks) -> tuple[Steps, float, Warnings]:
    """Return the sensor layers, the attenuation in 1/m, and warnings.

    The options count one by one, in their order (Q-THICK-ABS-ORDER).
    """
    warnings: Warnings = ()
    attenuation_per_m, thickness_m = -1.0, 0.0
    for item in raw.every("-detector_abs", "-detector_thick"):
        value = item.values[0]
        if item.name == "-detector_thick":
            thickness_m = sensor_m_of_um(float(value))
        elif value in ("inf", 0):
            attenuation_per_m = thickness_m = 0.0
        else:
            length_m = above_zero(sensor_m_of_um(float(value)), f"-detector_abs {value:g}")
            attenuation_per_m = above_zero(_inverse(length_m), f"-detector_abs {value:g}")
    count = raw.integer("-detector_thicksteps")
    layers = sensor_layers(thickness_m, -1 if count is None else count, quirks)
    if layers.range > 0.0 and attenuation_per_m < 0.0:
        attenuation_per_m = above_zero(_inverse(layers.range), "-detector_thick")
        warnings = (f"-detector_thick without -detector_abs: attenuation length {layers.range:g} m",)
    if attenuation_per_m == 0.0 and "Q-THICK-ABS-ORDER" not in quirks:
        layers = ONE
    return layers, attenuation_per_m, warnings


def _inverse(value: float) -> float:
    return 1.0 / value


def _roi(raw: RawOptions, fpixels: int, spixels: int) -> Roi:
    """Return the region of interest, defaults where nothing or a negative bound was typed (02 section 2)."""
    item = raw.last("-roi")
    defaults = (0, fpixels, 0, spixels)
    typed = (-1, -1, -1, -1) if item is None else tuple(int(v) for v in item.values)
    a, b, c, d = (other if value < 0 else value for value, other in zip(typed, defaults, strict=True))
    return a, b, c, d


def _kept(mask: SmvFile | None, fpixels: int, spixels: int) -> NDArray[np.bool_]:
    """Return which pixels the mask keeps.

    Raises:
        InputError: if its size is not the detector's.
    """
    if mask is None:
        return np.ones((0, 0), bool)
    if (mask.fpixels, mask.spixels) != (fpixels, spixels):
        raise InputError(
            f"-mask file '{mask.path}' has {mask.fpixels} x {mask.spixels} pixels, the detector"
            f" {fpixels} x {spixels}; give a mask of the detector's size"
        )
    return np.asarray(mask.pixels != 0)
