"""Checks of the numbers that were typed, or that a header holds, in the units of the command line."""

from __future__ import annotations

import math

from simulator.command_line.header_input import Start
from simulator.command_line.options import Given, RawOptions
from simulator.limits.value_rules import refuse
from simulator.limits.value_table import AXES, NORMAL, RANGES, axis_problem, range_of
from simulator.units import ANGSTROM_PER_M, MM_PER_M, RTD

# option, field of the values that a header sets, number typed for each SI unit
HEADER: tuple[tuple[str, str, float], ...] = (
    ("-pixel", "pixel_m", MM_PER_M),
    ("-distance", "distance_m", MM_PER_M),
    ("-close_distance", "close_distance_m", MM_PER_M),
    ("-lambda", "wavelength_m", ANGSTROM_PER_M),
    ("-Xbeam", "Xbeam_m", MM_PER_M),
    ("-Ybeam", "Ybeam_m", MM_PER_M),
    ("-ORGX", "ORGX", 1.0),
    ("-ORGY", "ORGY", 1.0),
    ("-phi", "phi_rad", RTD),
    ("-osc", "osc_rad", RTD),
    ("-twotheta", "twotheta_rad", RTD),
)
ALSO = {"-lambda": ("-lambda", "-energy")}


def typed_doubts(raw: RawOptions) -> list[str]:
    """Return a warning for each typed number that is odd but has a meaning.

    Raises:
        InputError: for one without meaning, naming option, value, range and unit.

    Source: spec 01 section 2.
    """
    doubts: dict[str, None] = {}
    for item in raw.given:
        if item.name in (*AXES, NORMAL):
            refuse(item.name, _shown(item), axis_problem(item.name, _three(item)))
        for index, value in enumerate(item.values):
            allowed = range_of(item.name, index)
            if allowed is None or isinstance(value, str):
                continue
            name = allowed.place if item.name == "-cell" else item.name
            refuse(name, f"{value:.10g}", allowed.problem(float(value)) or allowed.tiny(float(value)))
            doubt = allowed.doubt(float(value))
            if doubt:
                doubts[f"{name} {value:.10g} {doubt}"] = None
    return list(doubts)


def header_doubts(raw: RawOptions, start: Start) -> list[str]:
    """Return a warning for each odd number that comes from a header; 0 is refused where it is used.

    Raises:
        InputError: for one out of range, with its key's option and unit.

    Source: spec 02 section 8.
    """
    doubts = []
    for option, field, factor in HEADER:
        value = getattr(start, field) * factor
        if start.origin == Start.origin or raw.has(*ALSO.get(option, (option,))) or math.isnan(value):
            continue
        name, allowed = f"{start.origin}: {option}", RANGES[option]
        refuse(name, f"{value:.10g}", "" if value == 0.0 else allowed.problem(value))
        if allowed.doubt(value) and value != 0.0 and getattr(start, field) != getattr(Start, field):
            doubts.append(f"{name} {value:.10g} {allowed.doubt(value)}")
    return doubts


def _three(item: Given) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in item.values)
    return x, y, z


def _shown(item: Given) -> str:
    return " ".join(f"{value:g}" for value in item.values)
