"""Beam options -> Beam (spec 01 section 4.3, 04 sections 2 and 6)."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from simulator.command_line.conventions import convention_of, frame_of
from simulator.command_line.header_input import Start
from simulator.command_line.options import RawOptions
from simulator.command_line.resolve_detector import above_zero
from simulator.command_line.step_tables import MOST_STEPS, spread_steps
from simulator.config import Beam, SourceRow, Steps, Vec3
from simulator.errors import InputError, Warnings
from simulator.io.tables import read_sources
from simulator.limits.value_table import RANGES
from simulator.quirks import Quirks
from simulator.units import (
    DEFAULT_FLUENCE_PER_M2,
    fraction_of_percent,
    m_of_mm,
    rad_of_mrad,
    water_m_of_um,
    wavelength_m_of_A,
    wavelength_m_of_eV,
)

DEFAULT_BEAMSIZE_M = m_of_mm(0.1)


def wavelength_of(raw: RawOptions, start: Start) -> float:
    """Return the central wavelength in metres: the last of -lambda and -energy, else the header's.

    Raises:
        InputError: for one that is not above 0.

    Source: spec 01 sections 4.3 and 5.
    """
    last = raw.last("-lambda", "-energy")
    if last is None:
        return above_zero(start.wavelength_m, f"wavelength {start.wavelength_m:g} m of {start.origin}")
    value = above_zero(float(last.values[0]), f"{last.name} {last.values[0]:g}")
    convert = wavelength_m_of_A if last.name == "-lambda" else wavelength_m_of_eV
    return above_zero(convert(value), f"{last.name} {value:g}")


def beamsize_of(raw: RawOptions) -> float:
    """Return the beam size in metres, negative where upstream takes it for unknown."""
    typed = raw.number("-beamsize")
    return DEFAULT_BEAMSIZE_M if typed is None else m_of_mm(typed)


def fluence_of(raw: RawOptions) -> tuple[float, Warnings]:
    """Return the fluence, -fluence or ((flux * exposure) / beamsize) / beamsize, and warnings.

    Raises:
        InputError: for a beam size of 0 together with a flux, or a fluence beyond the range of numbers.

    Source: spec 01 section 4.3.
    """
    typed = raw.number("-fluence")
    fluence = DEFAULT_FLUENCE_PER_M2 if typed is None else typed
    flux = raw.number("-flux")
    if flux is None:
        return fluence, ()
    if flux == 0.0:
        return fluence, ("-flux 0 has no effect",)
    exposure_s = raw.number("-exposure")
    exposure_s = 1.0 if exposure_s is None else exposure_s
    beamsize_m = beamsize_of(raw)
    if beamsize_m == 0.0:
        raise InputError(
            "-beamsize 0 together with -flux: the fluence has no value; give a beam size above 0"
        )
    if exposure_s <= 0.0 or beamsize_m < 0.0:
        which = f"-exposure {exposure_s:g}" if exposure_s <= 0.0 else f"-beamsize {raw.number('-beamsize'):g}"
        return fluence, (f"-flux is not used because of {which}",)
    fluence = flux * exposure_s / beamsize_m / beamsize_m
    if RANGES["-fluence"].problem(fluence):
        raise InputError(
            f"-flux {flux:g}: flux * exposure / beamsize^2 makes a fluence of {fluence:g} photons/m^2;"
            f" at most {RANGES['-fluence'].most:g} is possible"
        )
    return fluence, ()


def _spread(raw: RawOptions, axis: str, quirks: Quirks) -> Steps:
    """Return the divergence steps of one direction, h or v."""
    ranges, step = raw.number("-divergence", f"-{axis}divrange"), raw.number(f"-{axis}divstep")
    count = raw.integer("-divsteps", f"-{axis}divsteps")
    return spread_steps(
        -1.0 if ranges is None else rad_of_mrad(ranges),
        -1.0 if step is None else rad_of_mrad(step),
        -1 if count is None else count,
        quirks,
        f"-{axis}divrange",
    )


def _dispersion(raw: RawOptions, quirks: Quirks) -> Steps:
    width, count = raw.number("-dispersion"), raw.integer("-dispsteps")
    range_ = 0.0 if width is None else fraction_of_percent(width)
    return spread_steps(range_, -1.0, -1 if count is None else count, quirks, "-dispersion")


def _unit(v: Vec3) -> Vec3:
    """Return v / |v|, the zero vector for |v| = 0 (spec 02 section 1)."""
    length = math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])
    return v if length == 0.0 else (v[0] / length, v[1] / length, v[2] / length)


def _source_rows(
    raw: RawOptions, direction: Vec3, wavelength_m: float, quirks: Quirks
) -> tuple[tuple[SourceRow, ...], Warnings]:
    """Return the sources of -sourcefile, none without it, and warnings.

    Raises:
        InputError: for unusable weights.
    """
    name = raw.text("-sourcefile")
    if name is None:
        return (), ()
    rows, warnings = read_sources(Path(name), _unit(direction), wavelength_m)
    weights = [row.weight for row in rows]
    if "Q-SOURCE-WEIGHTS" not in quirks and (min(weights) < 0.0 or not 0.0 < math.fsum(weights) < math.inf):
        raise InputError(f"source file '{name}': weights must not be negative nor sum to 0")
    return rows, warnings


def beam_of(raw: RawOptions, start: Start, quirks: Quirks) -> tuple[Beam, Warnings]:
    """Return the beam and warnings.

    Raises:
        InputError: for values without meaning.

    Source: spec 01 section 4.3.
    """
    frame = frame_of(raw, convention_of(raw))
    wavelength_m = wavelength_of(raw, start)
    polar = raw.number("-polar")
    polar_switch = raw.last("-polar", "-nopolar")
    round_switch = raw.last("-round_div", "-square_div")
    water = raw.number("-water")
    fluence, warnings = fluence_of(raw)
    beam = Beam(
        wavelength_m=wavelength_m,
        fluence_photons_per_m2=fluence,
        kahn_factor=0.0 if polar is None else polar,
        nopolar=polar_switch is not None and polar_switch.name == "-nopolar",
        direction=frame["beam"],
        polarization_axis=frame["polarization"],
        hdiv_rad=_spread(raw, "h", quirks),
        vdiv_rad=_spread(raw, "v", quirks),
        dispersion=_dispersion(raw, quirks),
        round_divergence=round_switch is None or round_switch.name == "-round_div",
        water_size_m=0.0 if water is None else water_m_of_um(water),
    )
    source_rows, of_sources = _source_rows(raw, frame["beam"], wavelength_m, quirks)
    beam = replace(beam, source_rows=source_rows)
    sources = beam.hdiv_rad.count * beam.vdiv_rad.count * beam.dispersion.count
    if not beam.source_rows and sources > MOST_STEPS:
        raise InputError(f"divergence and dispersion give {sources} sources; at most {MOST_STEPS} can be")
    return beam, warnings + of_sources
