"""The reference's random numbers, bit for bit (spec 07).

A uniform generator with a shuffled table, Gaussian deviates and rotations in a cap. Items that the
specification holds in 4 bytes are rounded to 4 bytes here; everything else is double. Transcendental
functions are those of the C library (module math); numpy's vectorised ones may differ in the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from ctypes import c_float
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.config import Crystal, RunConfig
from simulator.quirks import Quirks
from simulator.units import UNIFORM_LIMIT

MULTIPLIER = 16807
MODULUS = 2147483647
TABLE_SIZE = 32
WARM_UP = 8
SHIFT = 26
"""The table index is y div 2^26."""

INVERSE_MODULUS = 1.0 / MODULUS
HIGHEST_ALLOWED = 1.0 - UNIFORM_LIMIT
LARGEST_UNIFORM = float(np.float32(HIGHEST_ALLOWED))
BLOCK = 4096
THIRD = np.float32(1.0 / 3.0)

Matrix = tuple[float, float, float, float, float, float, float, float, float]


def fl32(value: float) -> float:
    """Return a double rounded to the nearest 4-byte float."""
    return c_float(value).value


def _powers() -> NDArray[np.int64]:
    """Return multiplier^1 ... multiplier^BLOCK modulo the modulus."""
    powers = np.array([MULTIPLIER], np.int64)
    while len(powers) < BLOCK:
        powers = np.concatenate([powers, powers * powers[-1] % MODULUS])
    return powers[:BLOCK]


POWERS = _powers()


@dataclass
class Shuffle:
    """The state that upstream shares between its streams: table, last output, spare Gaussian."""

    table: list[int] = field(default_factory=lambda: [0] * TABLE_SIZE)
    last: int = 0
    spare: float | None = None


class Stream:
    """One stream of deviates.

    Args:
        seed: the internal seed (minus the option's value).
        shared: the state of earlier streams (Q-RNG-SHARED), None for a fresh one.

    Source: spec 07 "Uniform deviate", "Gaussian deviate".
    """

    def __init__(self, seed: int, shared: Shuffle | None = None) -> None:
        self.state = seed
        self.shared = Shuffle() if shared is None else shared

    def uniform(self) -> float:
        """Return the next deviate between 0 and 1, a 4-byte float."""
        return self.uniforms(1)[0]

    def uniforms(self, count: int) -> list[float]:
        """Return the next deviates: y -> fl32(y / (2^31 - 1)), at most 0.99999988.

        Args:
            count: how many.

        Returns:
            4-byte values as doubles.
        """
        outputs: list[int] = []
        while len(outputs) < count:
            if self.state <= 0 or self.shared.last == 0:
                self._restart()
            outputs += self._shuffled(self._steps(min(count - len(outputs), BLOCK)))
        values = (INVERSE_MODULUS * np.array(outputs, np.float64)).astype(np.float32).astype(np.float64)
        values[values > HIGHEST_ALLOWED] = LARGEST_UNIFORM
        result: list[float] = values.tolist()
        return result

    def _steps(self, count: int) -> list[int]:
        """Return the next states of the generator s <- 16807 s mod m, as many as can be used."""
        states = self.state * POWERS[:count] % MODULUS
        self.state = int(states[-1])
        result: list[int] = states.tolist()
        return result

    def _restart(self) -> None:
        self.state = -self.state if -self.state >= 1 else 1
        filling = self._steps(WARM_UP + TABLE_SIZE)[WARM_UP:]
        self.shared.table = filling[::-1]
        self.shared.last = self.shared.table[0]

    def _shuffled(self, states: list[int]) -> list[int]:
        """Return the outputs for new states; a dead generator (state 0) gives one output only."""
        if states[-1] == 0:
            del states[1:]
        table, last = self.shared.table, self.shared.last
        outputs = []
        for state in states:
            place = last >> SHIFT
            last = table[place]
            table[place] = state
            outputs.append(last)
        self.shared.last = last
        return outputs

    def draws(self) -> Callable[[], float]:
        """Return a fast function for the next deviate; it fetches blocks, so nothing may draw after it."""
        return chain.from_iterable(iter(partial(self.uniforms, BLOCK), [])).__next__

    def one_by_one(self) -> Callable[[], float]:
        """Return a function for the next deviate that looks at the shared state only when it is called.

        Several streams with one state may take turns, as in upstream's separate noise program (spec 10);
        slower than `draws`, and for seeds that are no multiple of the modulus.
        """
        states: list[int] = []

        def draw() -> float:
            if not states:
                if self.state <= 0 or self.shared.last == 0:
                    self._restart()
                states.extend(self._steps(BLOCK)[::-1])
            (output,) = self._shuffled([states.pop()])
            value = fl32(INVERSE_MODULUS * output)
            return LARGEST_UNIFORM if value > HIGHEST_ALLOWED else value

        return draw


def gaussian(draw: Callable[[], float], shared: Shuffle) -> float:
    """Return a standard normal deviate, a 4-byte float; every other call uses up the spare.

    Args:
        draw: the next uniform deviate.
        shared: which keeps the spare.

    Source: spec 07 "Gaussian deviate".
    """
    if shared.spare is not None:
        value, shared.spare = shared.spare, None
        return value
    square = 0.0
    while not 0.0 < square < 1.0:
        first = fl32(2.0 * draw() - 1.0)
        second = fl32(2.0 * draw() - 1.0)
        square = fl32(fl32(first * first) + fl32(second * second))
    factor = fl32(math.sqrt(-2.0 * math.log(square) / square))
    shared.spare = fl32(first * factor)
    return fl32(second * factor)


@dataclass(frozen=True)
class Cap:
    """A rotation drawn in a spherical cap: its axis, its angle, and its angle for a spread of 1 rad."""

    axis: tuple[float, float, float]
    angle_rad: float
    per_spread: float

    def matrix(self) -> Matrix:
        """Return the rotation, row by row."""
        entries: Matrix = rotation_entries(self.axis, math.cos(self.angle_rad), math.sin(self.angle_rad))
        return entries


def cap_rotation(stream: Stream, spread_rad: float) -> Cap:
    """Return a random rotation by at most the spread about a random axis.

    angle = spread * (1 - r3^2)^(1/3), axis uniform on the sphere. The 4-byte power is numpy's scalar one,
    which calls the C library's.

    Args:
        stream: gives three deviates.
        spread_rad: rounded to 4 bytes here.

    Source: spec 07 "Random rotation in a spherical cap".
    """
    r1, r2, r3 = (2.0 * u - 1.0 for u in stream.uniforms(3))
    across = math.sqrt(1.0 - r2 * r2)
    axis = (across * math.sin(math.pi * r1), across * math.cos(math.pi * r1), r2)
    per_spread = np.float32(1.0 - r3 * r3) ** THIRD
    return Cap(axis, float(np.float32(spread_rad) * per_spread), float(per_spread))


def rotation_entries(axis: tuple[float, float, float], c: Any, n: Any) -> Any:
    """Return the nine entries of a rotation, row by row.

    Args:
        axis: a unit vector.
        c: cosine and sine of the angle, numbers or tensors.
        n: cosine and sine of the angle, numbers or tensors.

    Source: spec 07 "Random rotation in a spherical cap".
    """
    x, y, z = axis
    e = 1.0 - c
    return (
        c + e * (x * x), e * x * y - n * z, e * x * z + n * y,
        e * x * y + n * z, c + e * (y * y), e * y * z - n * x,
        e * x * z - n * y, e * y * z + n * x, c + e * (z * z),
    )  # fmt: skip


def misset_stream(crystal: Crystal) -> Stream:
    """Return the stream of the random orientation, the first of a run (07 "Seeds")."""
    return Stream(crystal.misset_seed)


def mosaic_stream(crystal: Crystal, quirks: Quirks) -> Stream:
    """Return the stream of the mosaic domains as the draws before it leave the shared state (07).

    Only a positive internal seed looks at that state (Q-SEED-POSITIVE), so only then are they repeated.
    """
    if crystal.mosaic_seed <= 0 or "Q-RNG-SHARED" not in quirks or not crystal.random_misset:
        return Stream(crystal.mosaic_seed)
    before = misset_stream(crystal)
    before.uniforms(3)
    return Stream(crystal.mosaic_seed, before.shared)


def noise_stream(config: RunConfig) -> Stream:
    """Return the stream of the noise image as the draws before it leave the shared state (07)."""
    seed = config.output.noise_seed
    if seed <= 0 or "Q-RNG-SHARED" not in config.quirks:
        return Stream(seed)
    before = mosaic_stream(config.crystal, config.quirks)
    before.uniforms(3 * config.crystal.mosaic_domains)
    return Stream(seed, before.shared)
