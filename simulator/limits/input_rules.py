"""What a value of a continuous input has to fulfil, whoever gives it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.limits.parameter_table import PARAMETERS

Components = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """A rule: which components [n] break it, and what to give instead."""

    broken: Callable[[Components], NDArray[np.bool_]]
    remedy: str


def _without_length(value: Components) -> NDArray[np.bool_]:
    return np.broadcast_to(~value.any(), value.shape)


NUMBER = Rule(lambda value: ~np.isfinite(value), "give a finite number")
ABOVE_ZERO = Rule(lambda value: ~(value > 0.0), "give a number above 0")
NOT_NEGATIVE = Rule(lambda value: ~(value >= 0.0), "give 0 or a number above")
ONE_OR_ABOVE = Rule(lambda value: ~(value >= 1.0), "give 1 or a number above")
FRACTION = Rule(lambda value: ~(abs(value) <= 1.0), "give a number from -1 to 1")
ABOVE_MINUS_ONE = Rule(
    lambda value: ~(value > -1.0), "give a number above -1, so that wavelengths are above 0"
)
ANGLE = Rule(lambda value: ~((value > 0.0) & (value < math.pi)), "give an angle above 0 and below pi")
AXIS = Rule(_without_length, "give a direction, of any length above 0")

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(
        ("cell_lengths_A", "wavelength_m", "source_wavelengths_m", "distance_m", "close_distance_m",
         "pixel_size_m"), ABOVE_ZERO,
    ),
    **dict.fromkeys(
        ("fudge", "mosaic_spread_rad", "fluence_photons_per_m2", "source_weights", "water_size_m", "layer_m",
         "attenuation_per_m", "structure_factors", "default_F"), NOT_NEGATIVE,
    ),
    **dict.fromkeys(
        ("spindle_axis", "beam_direction", "polarization_axis", "fast_axis", "slow_axis", "normal_axis",
         "twotheta_axis"), AXIS,
    ),
    "cell_angles_rad": ANGLE,
    "cells": ONE_OR_ABOVE,
    "kahn_factor": FRACTION,
    "dispersion_first": ABOVE_MINUS_ONE,
}  # fmt: skip
"""Of the inputs for which not every finite number will do."""


def check_values(name: str, value: Components, there: Components) -> None:
    """Raise InputError for a value of an input of which no run can be made.

    Args:
        name: of `PARAMETERS`.
        value: its components [n], in its unit.
        there: those of the run; where they break the rule themselves, the run does not use the input.
    """
    for rule in (NUMBER, RULES.get(name, NUMBER)):
        broken = rule.broken(value) & ~(rule.broken(there) & np.isfinite(value))
        if broken.any():
            unit = PARAMETERS[name].unit
            worst = f"{float(value[broken][0]):g}{unit and ' ' + unit}"
            raise InputError(f"parameter '{name}': {worst}: {rule.remedy}")
