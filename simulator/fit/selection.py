"""Which components of the continuous inputs are free, and which move together, as a user writes it.

`distance_m`, `cell_lengths_A` (all of it), `cell_lengths_A[a,c]` (some components), `cell_lengths_A[a=b,c]`
(a and b are one variable). Components are named, or counted from 0, row by row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from simulator.config import Beam, Crystal, Detector, RunConfig, Sampling, StructureFactors
from simulator.errors import InputError
from simulator.limits.parameter_table import PARAMETERS, numbers_of, parameter

XYZ = ("x", "y", "z")
COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "cell_lengths_A": ("a", "b", "c"),
    "cell_angles_rad": ("alpha", "beta", "gamma"),
    "cells": ("Na", "Nb", "Nc"),
    "misset_rad": XYZ,
    "spindle_axis": XYZ,
    "beam_direction": XYZ,
    "polarization_axis": XYZ,
    "pix0_m": XYZ,
    "detector_rot_rad": XYZ,
    "twotheta_axis": XYZ,
    "fast_axis": XYZ,
    "slow_axis": XYZ,
    "normal_axis": XYZ,
}
PATTERN = re.compile(r"(\w+)(?:\[([^\[\]]*)\])?")
Groups = list[tuple[int, ...]]
"""The components of each variable of an input, counted row by row."""
REMEDIES: Mapping[str, str] = {
    "matrix": "give -mat",
    "cell_lengths_A": "free 'matrix', give -cell, or make one with simulator.fit.experiment.with_cell",
    "cell_angles_rad": "free 'matrix', give -cell, or make one with simulator.fit.experiment.with_cell",
    "close_distance_m": "it follows from distance_m; free that",
    "structure_factors": "give -hkl, or free default_F",
}
"""What to do where a run has no value of an input."""


def selected(config: RunConfig, free: str | Iterable[str]) -> dict[str, Groups]:
    """Return the variables of each free input, in the order in which they were named.

    Args:
        free: selections as in the head of this module; an input may be named more than once.

    Raises:
        InputError: for an unknown name, a choice, a component that is not there or named twice, an input
            without a value in this run, ties of unlike values, or nothing at all.
    """
    found: dict[str, Groups] = {}
    for text in [free] if isinstance(free, str) else free:
        match = PATTERN.fullmatch(text.strip())
        if match is None:
            raise InputError(f"free '{text}': write NAME, NAME[0,2] or NAME[0=1,2]")
        name, inside = match.groups()
        _check_continuous(name)
        value = _present(config, name)
        found.setdefault(name, []).extend(_groups(name, inside, value))
    if not found:
        raise InputError(f"free: nothing is named; give some of {', '.join(PARAMETERS)}")
    for name, groups in found.items():
        _check_once(name, groups)
    return found


def label(name: str, group: tuple[int, ...], count: int) -> str:
    """Return the name of a variable as a user would select it; count: components of the input."""
    words = COMPONENTS.get(name, ())
    if count == 1:
        return name
    return f"{name}[{'='.join(words[n] if words else str(n) for n in group)}]"


def _check_continuous(name: str) -> None:
    choices = {f.name for part in (Beam, Crystal, Detector, StructureFactors, Sampling) for f in fields(part)}
    if name not in PARAMETERS and name in choices:
        raise InputError(
            f"free '{name}': a choice, or no input on its own; free some of {', '.join(PARAMETERS)}"
        )
    parameter(name)


def _present(config: RunConfig, name: str) -> NDArray[np.float64]:
    """Return the components [n] of an input that the run has.

    Raises:
        InputError: where it has none.
    """
    value = numbers_of(config, name)
    without_cell = name.startswith("cell_") and not config.crystal.has_cell
    if without_cell or not value.size or np.isnan(value).any():
        remedy = REMEDIES.get(name, "give the option that sets it")
        raise InputError(f"free '{name}': the run has no value of it; {remedy}")
    return value


def _groups(name: str, inside: str | None, value: NDArray[np.float64]) -> Groups:
    """Return the variables that a selection names."""
    count = value.size
    if inside is None:
        return [(n,) for n in range(count)]
    groups = [
        tuple(_index(name, word.strip(), count) for word in part.split("=")) for part in inside.split(",")
    ]
    for group in groups:
        if any(value[n] != value[group[0]] for n in group):
            values = ", ".join(repr(float(value[n])) for n in group)
            raise InputError(
                f"free '{label(name, group, count)}': tied, but the run has {values}; give equal values"
            )
    return groups


def _index(name: str, word: str, count: int) -> int:
    """Return the place of a component."""
    words = COMPONENTS.get(name, ())
    if word in words:
        return words.index(word)
    if word.isdecimal() and int(word) < count:
        return int(word)
    known = ", ".join(words) if words else f"0 to {count - 1}"
    raise InputError(f"free '{name}[{word}]': no such component; there are {known}")


def _check_once(name: str, groups: Groups) -> None:
    everything = [n for group in groups for n in group]
    twice = (
        [n for n in everything if everything.count(n) > 1] if len(everything) != len(set(everything)) else []
    )
    if twice:
        words = COMPONENTS.get(name)
        raise InputError(
            f"free '{name}[{words[twice[0]] if words else twice[0]}]': named twice; name it once"
        )
