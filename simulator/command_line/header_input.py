"""Geometry that the headers of -img and -mask files set before any option (spec 02 section 8)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from simulator.config import UNSET
from simulator.errors import InputError
from simulator.io.smv import SmvFile, header_value
from simulator.quirks import Quirks
from simulator.units import M_PER_ANGSTROM, m_of_mm, rad_of_deg, wavelength_m_of_A


@dataclass(frozen=True)
class Start:
    """The values that options start from: upstream's defaults, or what headers say; NaN where unset."""

    fpixels: int = 0
    spixels: int = 0
    pixel_m: float = m_of_mm(0.1)
    fsize_m: float = m_of_mm(102.4)
    ssize_m: float = m_of_mm(102.4)
    distance_m: float = m_of_mm(100.0)
    close_distance_m: float = UNSET
    wavelength_m: float = M_PER_ANGSTROM
    Xbeam_m: float = UNSET
    Ybeam_m: float = UNSET
    spot_m: tuple[float, float] | None = None
    """Direct beam along fast and slow of a header in the ADXV convention, in place of Xbeam_m and Ybeam_m."""
    ORGX: float = UNSET
    ORGY: float = UNSET
    phi_rad: float = 0.0
    osc_rad: float = -1.0
    """-1 where unset (spec 04 section 1)."""
    twotheta_rad: float = 0.0
    origin: str = "the defaults"
    """Where the values come from, in messages."""


def _same(value: float) -> float:
    return value


# key, field, conversion; in the order in which headers are read
KEYS: tuple[tuple[str, str, Callable[[float], float]], ...] = (
    ("DISTANCE", "distance_m", m_of_mm),
    ("CLOSE_DISTANCE", "close_distance_m", m_of_mm),
    ("WAVELENGTH", "wavelength_m", wavelength_m_of_A),
    ("BEAM_CENTER_X", "Xbeam_m", m_of_mm),
    ("BEAM_CENTER_Y", "Ybeam_m", m_of_mm),
    ("ORGX", "ORGX", _same),
    ("ORGY", "ORGY", _same),
    ("PHI", "phi_rad", rad_of_deg),
    ("OSC_RANGE", "osc_rad", rad_of_deg),
    ("TWOTHETA", "twotheta_rad", rad_of_deg),
)
ADXV_KEYS = (("BEAM_CENTER_X", "ADXV_CENTER_X"), ("BEAM_CENTER_Y", "ADXV_CENTER_Y"))
ALSO_EXACT = {"ORGX": ("ORGX", "XDS_ORGX"), "ORGY": ("ORGY", "XDS_ORGY")}


def _value(file: SmvFile, key: str, quirks: Quirks) -> float | None:
    """Return the number of a header key.

    Raises:
        InputError: if it is too large for a double.
    """
    exact = "Q-HEADER-SUBSTRING" not in quirks
    value = header_value(file.header, ALSO_EXACT.get(key, (key,)) if exact else (key,), exact)
    if value is not None and not math.isfinite(value):
        raise InputError(f"header of '{file.path}': {key} is not a finite number")
    return value


def _spot_m(file: SmvFile, ssize_m: float, quirks: Quirks) -> tuple[float, float] | None:
    """Return the direct beam of a header that says that its BEAM_CENTER is in the ADXV convention.

    It says so by an ADXV_CENTER with the same numbers; other headers leave it to the options.

    Args:
        ssize_m: the slow size.

    Returns:
        Places along fast and slow (m), or None (Q-HEADER-BEAM-CENTER).
    """
    if "Q-HEADER-BEAM-CENTER" in quirks or header_value(file.header, ("DISTANCE",), exact=True) is None:
        return None
    beam, adxv = ([header_value(file.header, (keys[i],), exact=True) for keys in ADXV_KEYS] for i in (0, 1))
    if beam != adxv or beam[0] is None or beam[1] is None:
        return None
    return m_of_mm(beam[0]), ssize_m - m_of_mm(beam[1])


def with_header(start: Start, file: SmvFile, is_mask: bool, quirks: Quirks) -> Start:
    """Return the start values after one header; keys that it lacks keep what they were.

    Args:
        is_mask: whether the file came from -mask (Q-MASK-BEAM-Y).

    Raises:
        InputError: for a number beyond a double.

    Source: spec 02 section 8 "Keys, in this order".
    """
    pixel_mm = _value(file, "PIXEL_SIZE", quirks)
    pixel_m = start.pixel_m if pixel_mm is None else m_of_mm(pixel_mm)
    changes: dict[str, float] = {}
    for key, field, convert in KEYS:
        value = _value(file, key, quirks)
        if value is not None and not (key == "TWOTHETA" and "Q-HEADER-TWOTHETA" in quirks):
            changes[field] = convert(value)
    ssize_m = pixel_m * file.spixels
    spot_m = _spot_m(file, ssize_m, quirks)
    if spot_m is not None:
        changes |= {"Xbeam_m": UNSET, "Ybeam_m": UNSET}
    elif "Xbeam_m" not in changes and "Ybeam_m" not in changes:
        spot_m = start.spot_m
    if is_mask and spot_m is None and "Ybeam_m" in changes and "Q-MASK-BEAM-Y" in quirks:
        changes["Ybeam_m"] = ssize_m - changes["Ybeam_m"]
    fields: dict[str, float | int | str | tuple[float, float] | None] = {
        "fpixels": file.fpixels,
        "spixels": file.spixels,
        "pixel_m": pixel_m,
        "fsize_m": pixel_m * file.fpixels,
        "ssize_m": ssize_m,
        "spot_m": spot_m,
        "origin": f"the header of '{file.path}'",
        **changes,
    }
    return replace(start, **fields)  # type: ignore[arg-type]
