"""How the parameters of the simulator follow one number of a command line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from harness.gradients.table import Place
from harness.programs.run_config import resolved
from simulator import RunConfig
from simulator.fit.parameters import PARAMETERS, value_of

SECTIONS = ("beam", "detector", "crystal", "structure_factors", "sampling")
CLOCK = "crystal.misset_seed"
LINEAR_STEP = 1.0 / 256.0
"""Of the first step of the image's differences: a command line is resolved smoothly over much more."""
SAME = 1e-12


@dataclass(frozen=True)
class Driven:
    """How parameters of the simulator follow an option: d(parameter)/d(option), and the error of it."""

    slopes: Mapping[str, Tensor]
    errors: Mapping[str, Tensor]


class DiscreteChangeError(Exception):
    """A change of an option, however small, changes a decision of the run."""


def changes(one: RunConfig, other: RunConfig) -> dict[str, bool]:
    """Return the places in which two configurations differ by more than rounding, and whether in numbers."""
    mine, theirs = (
        {place: value for section in SECTIONS for place, value in _leaves(getattr(config, section), section)}
        for config in (one, other)
    )
    found = {}
    for place in mine.keys() | theirs.keys():
        if place == CLOCK:
            continue
        there = place in mine and place in theirs
        if not there or not _same(mine[place], theirs[place]):
            found[place] = there and all(_continuous(side[place]) for side in (mine, theirs))
    return found


def driven_by(place: Place, words: Sequence[str], folder: Path) -> Driven:
    """Return how the simulator's parameters follow an option, by differences of the resolved configuration.

    p' = (4 D(h) - D(2h)) / 3 with D(h) = (p(x+h) - p(x-h)) / 2h; its error is taken as |D(h) - D(2h)|/16.

    Raises:
        DiscreteChangeError: a choice or a count changes with it.
        UsageError: the simulator refuses a neighbouring value.
    """
    step = LINEAR_STEP * place.component.first_step(place.value)
    if step == 0.0:
        raise DiscreteChangeError("it is 0, and its neighbours mean another run; type a value above 0")
    ends = {}
    for times in (1, 2, -1, -2):
        ends[times] = resolved(place.moved(words, place.value + times * step), folder)
    slopes, errors = {}, {}
    for times in (1, -1, -2):
        chosen = [name for name, smooth in changes(ends[times], ends[2]).items() if not smooth]
        if chosen:
            raise DiscreteChangeError(
                f"it changes a decision of the run: {', '.join(sorted(chosen))}; fix it by its own option"
            )
    for name in PARAMETERS:
        values = {times: value_of(config, name) for times, config in ends.items()}
        if not values[1].numel() or not _moves(values[2], values[-2]):
            continue
        near, far = (
            (values[n] - values[-n]) / ((place.value + n * step) - (place.value - n * step)) for n in (1, 2)
        )
        slopes[name], errors[name] = (4.0 * near - far) / 3.0, (near - far).abs() / 16.0
    return Driven(slopes, errors)


def _moves(one: Tensor, other: Tensor) -> bool:
    return not bool(((one == other) | (one.isnan() & other.isnan())).all())


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of the parts of a configuration that have no parts."""
    if is_dataclass(value):
        for field in fields(value):
            yield from _leaves(getattr(value, field.name), f"{place}.{field.name}")
    elif isinstance(value, tuple):
        for n, part in enumerate(value):
            yield from _leaves(part, f"{place}.{n}")
    else:
        yield place, value


def _continuous(value: Any) -> bool:
    return isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return bool(np.array_equal(one, other, equal_nan=_continuous(one)))
    if isinstance(one, float) and isinstance(other, float):
        return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=SAME)
    return bool(one == other)
