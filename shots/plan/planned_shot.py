"""A shot of a plan: the values that are drawn for it, and the command line of each of its crystals."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shots.plan.options import without_options
from shots.plan.shot_plan import ShotPlan, VariedOption
from shots.plan.spectrum import RUNS, SHIFT_EV, middle_words, placed_inputs, runs_of
from shots.seeds import keyed_generator
from simulator.command_line.options import parse
from simulator.command_line.resolve_beam import fluence_of
from simulator.physics.c_random import MODULUS
from system_io.errors import UserError

SCALE, LATTICES, SHIFT = "scale", "lattices", "detector_shift_mm"
ORIENTATION, CELL = "orientation", "cell"
Drawn = Mapping[str, tuple[float, ...]]
"""Numbers by key of the plan, in the unit of the command line."""


@dataclass(frozen=True)
class PlannedCrystal:
    """A crystal of a shot.

    Attributes:
        words: its nanoBragg command line, at the middle of a spectrum that has a run a bin.
        drawn: what is its own.
        fluence_photons_per_m2: of the beam, not scaled.
        runs: the command lines whose images sum up to this crystal's; `words` alone without such a spectrum.
    """

    words: tuple[str, ...]
    drawn: Drawn
    fluence_photons_per_m2: float
    runs: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class PlannedShot:
    """A shot of a plan.

    Attributes:
        number: from 0.
        drawn: what its crystals share.
        crystals: at least one.
        detector_shift_mm: of all panels.
        spectrum_shift_eV: of all bins of the spectrum.
    """

    number: int
    drawn: Drawn
    crystals: tuple[PlannedCrystal, ...]
    detector_shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    spectrum_shift_eV: float = 0.0


def planned_shot(plan: ShotPlan, number: int) -> PlannedShot:
    """Return a shot of a plan; it follows from the plan and its number, not from how many shots there are.

    Args:
        plan: the plan.
        number: of the shot, from 0.

    Raises:
        UserError: there is no such shot.
    """
    if not 0 <= number < plan.shots:
        raise UserError(f"shot {number}: the plan has the shots 0 to {plan.shots - 1}; name one of them")
    streams = _Streams(plan.seed, number)
    shared = {
        one.key: _values(one, number, streams.of(one.key))
        for one in plan.variation.options
        if not one.of_crystal
    }
    energy_shift = _spectrum_shift_eV(plan, number, streams)
    if energy_shift is not None:
        shared = {**shared, SHIFT_EV: (energy_shift,)}
    crystals = tuple(
        _crystal(plan, number, streams, shared, n) for n in range(_lattices(plan, number, streams))
    )
    shift = (0.0, 0.0, 0.0)
    if plan.variation.detector_shift_mm:
        stream = streams.of(SHIFT)
        x, y, z = (one.value(number, stream, False) for one in plan.variation.detector_shift_mm)
        shift = (x, y, z)
        shared = {**shared, SHIFT: shift}
    return PlannedShot(number, shared, crystals, shift, energy_shift or 0.0)


def place_inputs(plan: ShotPlan, shot: PlannedShot) -> None:
    """Write the files of the spectrum that the command lines of a shot name, where they are not there.

    Args:
        plan: the plan.
        shot: of it.

    Raises:
        UserError: one cannot be made or written.
    """
    if plan.spectrum is not None:
        placed_inputs(plan.path, plan.spectrum, shot.spectrum_shift_eV)


def _spectrum_shift_eV(plan: ShotPlan, number: int, streams: _Streams) -> float | None:
    if plan.spectrum is None or plan.spectrum.shift_eV is None:
        return None
    return plan.spectrum.shift_eV.value(number, streams.of(SHIFT_EV), False)


@dataclass(frozen=True)
class _Streams:
    """The random numbers of a shot: for each key of the plan and crystal a stream of its own."""

    seed: int
    shot: int

    def of(self, key: str, crystal: int = 0) -> np.random.Generator:
        return keyed_generator(self.seed, (self.shot, zlib.crc32(f"vary {key}".encode()), crystal))


def _lattices(plan: ShotPlan, number: int, streams: _Streams) -> int:
    return int(plan.variation.lattices.value(number, streams.of(LATTICES), True))


def _values(option: VariedOption, number: int, stream: np.random.Generator) -> tuple[float, ...]:
    pairs = zip(option.numbers, option.whole, strict=True)
    return tuple(one.value(number, stream, whole) for one, whole in pairs)


def _crystal(plan: ShotPlan, number: int, streams: _Streams, shared: Drawn, place: int) -> PlannedCrystal:
    """Return a crystal, and its command line: that of the plan, with what is drawn behind it."""
    variation = plan.variation
    own: dict[str, tuple[float, ...]] = {
        one.key: _values(one, number, streams.of(one.key, place))
        for one in variation.options
        if one.of_crystal
    }
    words, left_out = [], []
    for option in variation.options:
        values = (own if option.of_crystal else shared)[option.key]
        words += [option.name, *_typed(values, option.whole)]
    if variation.orientation is not None:
        own[ORIENTATION] = variation.orientation.misset_deg(
            _start_deg(plan.command), number, streams.of(ORIENTATION, place)
        )
        words += ["-misset", *_typed(own[ORIENTATION])]
        left_out.append("-misset")
    if variation.cell is not None:
        own[CELL] = variation.cell.changed(plan.cell, number, streams.of(CELL, place))
        words += ["-cell", *_typed(own[CELL])]
        left_out.append("-cell")
    for option_name in variation.seeds:
        seed = int(streams.of(option_name, place).integers(1, MODULUS))
        own[option_name[1:]] = (seed,)
        words += [option_name, str(seed)]
    line = (*without_options(plan.command, left_out), *words)
    shift_eV = shared.get(SHIFT_EV, (0.0,))[0]
    if plan.spectrum is not None:
        line = (*line, *middle_words(plan.path, plan.spectrum, shift_eV))
    fluence, _ = fluence_of(parse(line))
    if variation.scale is not None:
        own[SCALE] = (variation.scale.value(number, streams.of(SCALE, place), False),)
        line = (
            *without_options(line, ("-fluence", "-flux")),
            "-fluence",
            *_typed((own[SCALE][0] * fluence,)),
        )
    runs: tuple[tuple[str, ...], ...] = (line,)
    if plan.spectrum is not None and plan.spectrum.way == RUNS:
        runs = runs_of(line, plan.spectrum, shift_eV, fluence_of(parse(line))[0])
    return PlannedCrystal(line, own, fluence, runs)


def _start_deg(command: Sequence[str]) -> tuple[float, float, float]:
    """Return the angles of -misset of a command line, 0 without."""
    found = parse(command).last("-misset")
    if found is None:
        return (0.0, 0.0, 0.0)
    x, y, z = (float(value) for value in found.values)
    return x, y, z


def _typed(values: Sequence[float], whole: Sequence[bool] = ()) -> list[str]:
    """Return numbers as words that are read back to the last bit."""
    kinds = whole or [False] * len(values)
    return [
        str(int(value)) if is_whole else repr(float(value))
        for value, is_whole in zip(values, kinds, strict=True)
    ]
