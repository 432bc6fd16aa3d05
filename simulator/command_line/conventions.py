"""Detector conventions: vectors, pivots and beam centres (spec 02 section 3, 01 section 5)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import get_args

from simulator.command_line.options import RawOptions
from simulator.config import Convention, Pivot, Vec3
from simulator.quirks import Quirks

X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def _minus(v: Vec3) -> Vec3:
    return tuple(-c if c else 0.0 for c in v)  # type: ignore[return-value]


@dataclass(frozen=True)
class Frame:
    """The seven vectors of a convention, and the pivot it asks for."""

    beam: Vec3
    fast: Vec3
    slow: Vec3
    normal: Vec3
    twotheta: Vec3
    polarization: Vec3
    spindle: Vec3
    pivot: Pivot


FRAMES: dict[str, Frame] = {
    "ADXV": Frame(Z, X, _minus(Y), Z, _minus(X), X, X, "BEAM"),
    "MOSFLM": Frame(X, Z, _minus(Y), X, _minus(Z), Z, Z, "BEAM"),
    "DENZO": Frame(X, Z, _minus(Y), X, _minus(Z), Z, Z, "BEAM"),
    "XDS": Frame(Z, X, Y, Z, X, X, X, "SAMPLE"),
    "DIALS": Frame(Z, X, Y, Z, Y, Y, Y, "SAMPLE"),
    "CUSTOM": Frame(X, Z, _minus(Y), X, Y, Z, Z, "BEAM"),
}
FLAGS: dict[str, Convention] = {f"-{name.lower()}": name for name in get_args(Convention) if name != "CUSTOM"}
VECTORS = {
    "beam": "-beam_vector", "fast": "-fdet_vector", "slow": "-sdet_vector", "normal": "-odet_vector",
    "twotheta": "-twotheta_axis", "polarization": "-polar_vector", "spindle": "-spindle_axis",
}  # fmt: skip
PIVOTS: dict[str, Pivot] = {"sample": "SAMPLE", "beam": "BEAM"}
MAKE_CUSTOM = (*VECTORS.values(), "-pix0_vector", "-pix0_vector_mm")
# what each option implies for a CUSTOM detector; the word of -pivot stands for itself
IMPLIED: dict[str, Pivot] = {
    "-mosflm": "BEAM", "-adxv": "BEAM", "-denzo": "BEAM", "-dials": "BEAM", "-xds": "SAMPLE",
    "-distance": "BEAM", "-Xbeam": "BEAM", "-Ybeam": "BEAM",
    "-close_distance": "SAMPLE", "-Xclose": "SAMPLE", "-Yclose": "SAMPLE",
    "-ORGX": "SAMPLE", "-ORGY": "SAMPLE", "-twotheta": "SAMPLE",
}  # fmt: skip


def convention_of(raw: RawOptions) -> Convention:
    """Return the convention: the last of the five flags and of what makes it CUSTOM (01 section 5)."""
    last = raw.last(*FLAGS, *MAKE_CUSTOM)
    return "MOSFLM" if last is None else FLAGS.get(last.name, "CUSTOM")


def frame_of(raw: RawOptions, convention: Convention) -> dict[str, Vec3]:
    """Return the vectors by name: those of the convention, for CUSTOM overwritten by the options typed."""
    frame = FRAMES[convention]
    typed = {name: raw.vector(option) for name, option in VECTORS.items()} if convention == "CUSTOM" else {}
    return {name: typed.get(name) or getattr(frame, name) for name in VECTORS}


def pivot_of(raw: RawOptions, convention: Convention, quirks: Quirks) -> Pivot:
    """Return what stays in place when the detector turns (02 section 3; Q-PIVOT-FORCED)."""
    last = raw.last(*IMPLIED, "-pivot")
    implied: Pivot = "BEAM"
    if last is not None:
        implied = IMPLIED.get(last.name) or _typed_pivot(str(last.values[0]))
    own = implied if convention == "CUSTOM" else FRAMES[convention].pivot
    if "Q-PIVOT-FORCED" in quirks:
        return own
    word = raw.text("-pivot")
    if word is not None:
        return _typed_pivot(word)
    return "SAMPLE" if raw.number("-twotheta") else own


def _typed_pivot(word: str) -> Pivot:
    return PIVOTS[word]


@dataclass(frozen=True)
class CentreGiven:
    """Beam centre options in metres and pixels; NaN where neither option nor header gave one."""

    Xbeam_m: float
    Ybeam_m: float
    Xclose_m: float
    Yclose_m: float
    ORGX: float
    ORGY: float


@dataclass(frozen=True)
class Centred:
    """The start values of the beam centre, and Xbeam, Ybeam with their defaults (for headers); metres."""

    Xbeam_m: float
    Ybeam_m: float
    Fbeam_m: float
    Sbeam_m: float
    Fclose_m: float
    Sclose_m: float


def first_set(*values: float) -> float:
    """Return the first value that is not NaN."""
    return next(value for value in values if not math.isnan(value))


def centred(
    centre: CentreGiven,
    size_m: tuple[float, float],
    pixel_m: float,
    convention: Convention,
    pivot: Pivot,
    quirks: Quirks,
) -> Centred:
    """Return the beam centre in the frame of the detector axes.

    Args:
        centre: as typed.
        size_m: fast and slow detector size.

    Source: spec 02 section 3.
    """
    Lf, Ls = size_m
    ORGX_m, ORGY_m = (centre.ORGX - 0.5) * pixel_m, (centre.ORGY - 0.5) * pixel_m
    Fclose = first_set(ORGX_m, Lf / 2)
    Sclose = first_set(ORGY_m, Ls / 2)
    if convention in ("MOSFLM", "DENZO", "ADXV"):
        Xbeam, Ybeam, Fbeam, Sbeam = _beam_pivot_centre(centre, size_m, pixel_m, convention)
        if pivot == "SAMPLE":
            Fclose = first_set(ORGX_m, centre.Xclose_m, Fbeam)
            Sclose = first_set(ORGY_m, centre.Yclose_m, Sbeam)
        return Centred(Xbeam, Ybeam, Fbeam, Sbeam, Fclose, Sclose)
    Xbeam = first_set(centre.Xbeam_m, centre.Xclose_m, Fclose)
    Ybeam = first_set(centre.Ybeam_m, centre.Yclose_m, Sclose)
    if convention == "CUSTOM":
        return Centred(Xbeam, Ybeam, Xbeam, Ybeam, Xbeam, Ybeam)
    if "Q-CENTRE-IGNORED" in quirks:
        return Centred(Xbeam, Ybeam, Xbeam, Ybeam, Fclose, Sclose)
    F = first_set(ORGX_m, centre.Xclose_m, centre.Xbeam_m, Lf / 2)
    S = first_set(ORGY_m, centre.Yclose_m, centre.Ybeam_m, Ls / 2)
    return Centred(Xbeam, Ybeam, F, S, F, S)


def _beam_pivot_centre(
    centre: CentreGiven, size_m: tuple[float, float], pixel_m: float, convention: Convention
) -> tuple[float, float, float, float]:
    """Return Xbeam, Ybeam, Fbeam, Sbeam of the conventions that pivot about the beam (02 section 3)."""
    Lf, Ls = size_m
    if convention == "ADXV":
        Xbeam = first_set(centre.Xbeam_m, (Lf + pixel_m) / 2)
        Ybeam = first_set(centre.Ybeam_m, (Ls - pixel_m) / 2)
        return Xbeam, Ybeam, Xbeam, Ls - Ybeam
    Xbeam = first_set(centre.Xbeam_m, (Ls + pixel_m) / 2)
    Ybeam = first_set(centre.Ybeam_m, (Lf + pixel_m) / 2)
    shift = 0.5 * pixel_m if convention == "MOSFLM" else 0.0
    return Xbeam, Ybeam, Ybeam + shift, Xbeam + shift


def idle_pivot(raw: RawOptions, convention: Convention, pivot: Pivot) -> list[str]:
    """Return a warning for a typed pivot that the convention overrules (Q-PIVOT-FORCED)."""
    word = raw.text("-pivot")
    if word is None or _typed_pivot(word) == pivot:
        return []
    return [f"-pivot {word} has no effect: {convention} turns about the {pivot.lower()} (Q-PIVOT-FORCED)"]


def idle_centres(raw: RawOptions, convention: Convention, pivot: Pivot, quirks: Quirks) -> list[str]:
    """Return the centre options typed that change nothing but header numbers (Q-CENTRE-IGNORED)."""
    beam, close, origin = ("-Xbeam", "-Ybeam"), ("-Xclose", "-Yclose"), ("-ORGX", "-ORGY")
    if convention in ("MOSFLM", "DENZO", "ADXV"):
        idle: tuple[str, ...] = (*close, *origin) if pivot == "BEAM" else ()
    elif convention == "CUSTOM" or "Q-CENTRE-IGNORED" not in quirks:
        idle = ()
    else:
        idle = (*beam, *close)
    return [name for name in idle if raw.has(name)]
