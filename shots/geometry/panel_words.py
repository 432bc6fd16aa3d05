"""The words of a nanoBragg command line that place one panel, the same in both parity modes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from shots.geometry.panel import Direction, Panel, Setup
from shots.geometry.setup_of import normal_of
from simulator.command_line.option_table import BY_SPELLING, GROUPS
from simulator.command_line.options import parse
from simulator.errors import InputError
from simulator.limits.value_table import GRAZING, SMALLEST
from simulator.units import m_of_mm, mm_of_m, sensor_m_of_um

AXES = ("-beam_vector", "-polar_vector", "-spindle_axis")
"""Vectors outside the group of the detector that make the convention CUSTOM."""
KEPT = ("-point_pixel", "-detector_thicksteps", "-roi", "-img", "-mask", "-curved_det")
"""Options of the detector that say nothing of its place, or that `with_panel` refuses."""
PLACING = frozenset(row[0] for row in GROUPS["detector"]) - set(KEPT) | set(AXES)
"""Options that say where a detector stands, how large it is, and in which frame."""
LAST_DIGITS = 4
UM_PER_MM = 1000.0


def panel_words(panel: Panel, setup: Setup) -> tuple[str, ...]:
    """Return words that place a panel, behind a command line without `-pix0_vector` and `-curved_det`.

    pix0 = -Fclose f - Sclose s + close o, turned by nothing

    Every panel stands by its point nearest to the sample (pivot SAMPLE), which is exact however steep it is.
    The normal o has a computed length of exactly 1, so that both parity modes keep it (Q-ODET-DISCARDED) and
    a left-handed panel keeps its side.

    Args:
        panel: in the laboratory frame of the run.
        setup: with beam, polarization axis and spindle in the same frame.

    Raises:
        InputError: for a panel whose plane goes through the sample or along the beam.

    Source: spec 02 sections 3 to 5.
    """
    normal = _exact_unit(normal_of(panel))
    if not abs(_dot(setup.beam, normal)) > GRAZING:
        raise InputError(f"panel '{panel.name}': the beam runs along its plane; turn it")
    origin = panel.origin_m
    places = (-_dot(origin, panel.fast), -_dot(origin, panel.slow), _dot(origin, normal))
    Fclose, Sclose, close = map(typed_mm, places)
    return (
        *_vectors(setup, panel, normal),
        "-twotheta", "0", "-detector_rotx", "0", "-detector_roty", "0", "-detector_rotz", "0",
        "-pixel", typed_mm(panel.pixel_size_m),
        "-detpixels_f", str(panel.fast_pixels), "-detpixels_s", str(panel.slow_pixels),
        "-Xbeam", Fclose, "-Ybeam", Sclose, "-close_distance", close, "-pivot", "sample",
        *_sensor_words(panel),
    )  # fmt: skip


def with_panel(words: Sequence[str], panel: Panel, setup: Setup) -> tuple[str, ...]:
    """Return a command line that places a panel in place of its own detector.

    Args:
        words: a nanoBragg command line, without the program name.
        panel: in the laboratory frame of the run.
        setup: with beam, polarization axis and spindle in the same frame.

    Raises:
        InputError: for words that are no command line, a curved detector, and a panel that has no place.
    """
    kept = without_placing(words)
    if any(word in BY_SPELLING["-curved_det"].spellings for word in kept):
        raise InputError("-curved_det: a curved detector has no panels; leave it out")
    return (*kept, *panel_words(panel, setup))


def without_placing(words: Sequence[str]) -> tuple[str, ...]:
    """Return a command line without the options that place the detector.

    Raises:
        InputError: for words that are no command line.
    """
    kept: list[str] = []
    for option, typed in _options(words):
        if option not in PLACING:
            kept += typed
    return tuple(kept)


def placing_options(words: Sequence[str]) -> tuple[str, ...]:
    """Return the options of a command line that a detector file takes the place of.

    Raises:
        InputError: for words that are no command line.
    """
    return tuple(option for option, _ in _options(words) if option in PLACING - {*AXES, *_CONVENTIONS})


_CONVENTIONS = ("-mosflm", "-adxv", "-denzo", "-xds", "-dials")


def _options(words: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return each option of a command line by its canonical name, with the words it was typed in."""
    found, place = [], 0
    for item in parse(words).given:
        count = 1 + len(item.values)
        found.append((item.name, list(words[place : place + count])))
        place += count
    return found


def typed_as(guess: float, read: Callable[[float], float], wanted: float) -> str:
    """Return the number to type such that reading it gives a value, to the last digit where there is one.

    Args:
        guess: in the unit typed.
        read: what the program makes of it.
        wanted: what it should be.
    """
    near = (guess, math.nextafter(guess, math.inf), math.nextafter(guess, -math.inf))
    return number_word(min(near, key=lambda number: abs(read(number) - wanted)))


def number_word(value: float) -> str:
    """Return a number as it is typed, in all its digits; 0 for one that no option takes for its smallness."""
    return repr(float(value)) if abs(value) >= SMALLEST else "0"


def _vectors(setup: Setup, panel: Panel, normal: Direction) -> list[str]:
    """Return the six vectors of the CUSTOM convention."""
    named = (
        ("-beam_vector", setup.beam),
        ("-polar_vector", setup.polarization_axis),
        ("-spindle_axis", setup.spindle),
        ("-fdet_vector", panel.fast),
        ("-sdet_vector", panel.slow),
        ("-odet_vector", normal),
    )
    return [word for option, vector in named for word in (option, *map(number_word, vector))]


def _sensor_words(panel: Panel) -> tuple[str, ...]:
    """Return thickness and attenuation length of a sensor, none for one that absorbs nothing."""
    if not (panel.thickness_m > 0.0 and panel.attenuation_per_m > 0.0):
        return ()
    thickness, attenuation = typed_sensor_um(panel)
    return ("-detector_thick", thickness, "-detector_abs", attenuation)


def typed_mm(wanted_m: float) -> str:
    """Return the number of millimetres to type for a length."""
    return typed_as(mm_of_m(wanted_m), m_of_mm, wanted_m)


def typed_sensor_um(panel: Panel) -> tuple[str, str]:
    """Return the numbers of micrometres to type for thickness and attenuation length of a sensor."""
    return (
        typed_as(mm_of_m(panel.thickness_m) * UM_PER_MM, sensor_m_of_um, panel.thickness_m),
        typed_as(
            mm_of_m(1.0 / panel.attenuation_per_m) * UM_PER_MM,
            lambda value_um: 1.0 / sensor_m_of_um(value_um),
            panel.attenuation_per_m,
        ),
    )


def _exact_unit(vector: Direction) -> Direction:
    """Return a unit vector whose length, as spec 02 section 1 computes it, is exactly 1."""
    first, second = sorted(range(3), key=lambda axis: -abs(vector[axis]))[:2]
    tries = range(-LAST_DIGITS, LAST_DIGITS + 1)
    for steps in sorted(itertools.product(tries, tries), key=lambda pair: abs(pair[0]) + abs(pair[1])):
        moved = list(vector)
        for axis, count in zip((first, second), steps, strict=True):
            moved[axis] += count * math.ulp(moved[axis])
        x, y, z = moved
        if math.sqrt(x * x + y * y + z * z) == 1.0:
            return x, y, z
    raise AssertionError(f"no unit vector of length 1 near {vector}")


def _dot(u: Sequence[float], v: Sequence[float]) -> float:
    """Return u . v."""
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2]
