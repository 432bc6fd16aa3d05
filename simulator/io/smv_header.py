"""SMV header text (spec 08 "SMV file layout")."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

from simulator.config import RunConfig, Vec3
from simulator.io.smv import BLOCK_BYTES
from simulator.quirks import Quirks
from simulator.units import A_of_m, deg_of_rad, mm_of_m

Item = tuple[str, str]


@dataclass(frozen=True)
class FinalGeometry:
    """The final geometry in plain numbers (02 section 5): metres, pixels, and the DIALS origin in mm."""

    distance_m: float
    close_distance_m: float
    Fbeam_m: float
    Sbeam_m: float
    ORGX_pixels: float
    ORGY_pixels: float
    dials_origin_mm: Vec3


def _g(value: float) -> str:
    return f"{value:g}"


def _items(config: RunConfig, final: FinalGeometry, header_bytes: int) -> list[Item]:
    """Return the keys and values of the header, in order."""
    detector, crystal = config.detector, config.crystal
    px_m = detector.pixel_size_m
    adxv_m = (final.Fbeam_m, detector.ssize_m - final.Sbeam_m)
    typed = "Q-HEADER-BEAM-CENTER" in config.quirks
    beam_m = (detector.Xbeam_m, detector.Ybeam_m) if typed else adxv_m
    offset = [] if "Q-HEADER-ADC-OFFSET" in config.quirks else [("ADC_OFFSET", _g(config.output.adc))]
    numbers = [
        ("PIXEL_SIZE", mm_of_m(px_m)),
        ("DISTANCE", mm_of_m(final.distance_m)),
        ("WAVELENGTH", A_of_m(config.beam.wavelength_m)),
        ("BEAM_CENTER_X", mm_of_m(beam_m[0])),
        ("BEAM_CENTER_Y", mm_of_m(beam_m[1])),
        ("ADXV_CENTER_X", mm_of_m(adxv_m[0])),
        ("ADXV_CENTER_Y", mm_of_m(adxv_m[1])),
        ("MOSFLM_CENTER_X", mm_of_m(final.Sbeam_m - 0.5 * px_m)),
        ("MOSFLM_CENTER_Y", mm_of_m(final.Fbeam_m - 0.5 * px_m)),
        ("DENZO_X_BEAM", mm_of_m(final.Sbeam_m)),
        ("DENZO_Y_BEAM", mm_of_m(final.Fbeam_m)),
    ]
    more_numbers = [
        ("XDS_ORGX", final.ORGX_pixels),
        ("XDS_ORGY", final.ORGY_pixels),
        ("CLOSE_DISTANCE", mm_of_m(final.close_distance_m)),
        ("PHI", deg_of_rad(crystal.phi_rad.first)),
        ("OSC_START", deg_of_rad(crystal.phi_rad.first)),
        ("OSC_RANGE", deg_of_rad(crystal.phi_rad.range)),
        ("TWOTHETA", deg_of_rad(detector.twotheta_rad)),
    ]
    return [
        ("HEADER_BYTES", str(header_bytes)),
        ("DIM", "2"),
        ("BYTE_ORDER", f"{sys.byteorder}_endian"),
        ("TYPE", "unsigned_short"),
        ("SIZE1", str(detector.fpixels)),
        ("SIZE2", str(detector.spixels)),
        *((key, _g(value)) for key, value in numbers),
        ("DIALS_ORIGIN", ",".join(_g(value) for value in final.dials_origin_mm)),
        *((key, _g(value)) for key, value in more_numbers),
        *offset,
        ("DETECTOR_SN", "000"),
        ("BEAMLINE", "fake"),
    ]


def _text(items: list[Item], quirks: Quirks) -> str:
    bare = {"DIALS_ORIGIN"} if "Q-HEADER-SEMICOLON" in quirks else set()
    return "{\n" + "".join(f"{key}={value}{'' if key in bare else ';'}\n" for key, value in items) + "}\f"


def smv_header(config: RunConfig, final: FinalGeometry) -> bytes:
    """Return the header of the integer and noise images, filled up with blanks.

    A text beyond 512 bytes is neither cut nor announced with Q-HEADER-OVERFLOW; else HEADER_BYTES is the next
    multiple of 512. Source: spec 08 "SMV file layout".
    """
    size = BLOCK_BYTES
    text = _text(_items(config, final, size), config.quirks)
    if "Q-HEADER-OVERFLOW" not in config.quirks:
        while len(text) > size:
            size = BLOCK_BYTES * math.ceil(len(text) / BLOCK_BYTES)
            text = _text(_items(config, final, size), config.quirks)
    return text.encode().ljust(size)


def overflows(header: bytes, quirks: Quirks) -> bool:
    """Return whether a header is longer than its HEADER_BYTES says (Q-HEADER-OVERFLOW)."""
    return "Q-HEADER-OVERFLOW" in quirks and len(header) > BLOCK_BYTES
