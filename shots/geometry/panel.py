"""Panels, beam and spindle at their places in the laboratory frame of spec 02."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

Direction = tuple[float, float, float]
BadRegion = tuple[int, int, int, int]
"""A rectangle of pixels: fast from and to, slow from and to, the ends not in it."""


@dataclass(frozen=True)
class Panel:
    """A flat piece of a detector.

    Attributes:
        name: is its own within a detector.
        fast_pixels: along the fast axis.
        slow_pixels: along the slow axis.
        pixel_size_m: of square pixels.
        origin_m: outer corner of pixel (0, 0), from the sample.
        fast: unit vector.
        slow: unit vector.
        thickness_m: of the sensor, 0 where it absorbs nothing of note.
        attenuation_per_m: of the sensor, 0 with the thickness.
        gain: counts per photon.
        saturation: counts from which a pixel is not trusted, infinite for none.
        mask_file: pixels that do not measure; the empty path for none.
        bad: rectangles of more pixels that do not measure.

    Source: spec 02 sections 4 and 5.
    """

    name: str
    fast_pixels: int
    slow_pixels: int
    pixel_size_m: float
    origin_m: Direction
    fast: Direction
    slow: Direction
    thickness_m: float = 0.0
    attenuation_per_m: float = 0.0
    gain: float = 1.0
    saturation: float = float("inf")
    mask_file: Path = Path()
    bad: tuple[BadRegion, ...] = ()


@dataclass(frozen=True)
class Setup:
    """A detector of one or several panels, the beam and the spindle.

    Attributes:
        panels: at least one.
        beam: unit vector along which photons travel.
        wavelength_m: of the middle of the spectrum.
        polarization_axis: unit vector of the electric field.
        polarization_fraction: share of the intensity along that axis, 0 to 1.
        spindle: unit vector of the rotation axis.
        phi_start_rad: angle at which the shot begins.
        phi_range_rad: 0 for a still.
        distance_m: from sample to detector along the beam, for headers.

    Source: spec 02 section 3.
    """

    panels: tuple[Panel, ...]
    beam: Direction
    wavelength_m: float
    polarization_axis: Direction
    polarization_fraction: float
    spindle: Direction
    phi_start_rad: float
    phi_range_rad: float
    distance_m: float
