"""Taps: named intermediate values, offered by the kernel to whoever watches (spec 12).

A tap observes: the kernel computes the same numbers in the same order whether a `Recorder` listens or `no_tap`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from simulator.vectors import Vec

Value = Tensor | Vec
Offer = Value | Callable[[], Value]
"""A value, or a function that makes it: for what the kernel itself does not need."""


class Level(enum.IntEnum):
    """The loop level of a tap (spec 12 "Line format"); the number of loop keys of a level is its value plus 1."""

    SETUP = 0
    PIXEL = 1
    SUBPIXEL = 4
    SOURCE = 5
    PHI = 6
    MOSAIC = 7


@dataclass(frozen=True)
class Spot:
    """Where in the loop nest a value belongs: the pixels of the block [N] and the outer loop counters.

    source, phi, domain are the numbers of the first entry along axes K, P, M of the value.
    """

    slow: Tensor
    fast: Tensor
    layer: int = 0
    sub_slow: int = 0
    sub_fast: int = 0
    source: int = 0
    phi: int = 0
    domain: int = 0


class Show(Protocol):
    """Takes one named value; `where` (bool, broadcastable) tells for which entries the value exists."""

    def __call__(self, name: str, value: Offer, where: Tensor | None = None) -> None: ...


class Tap(Protocol):
    """Whoever watches the kernel. Values have the axes [K, N, P, M], broadcastable; a Vec is three of them."""

    @property
    def active(self) -> bool:
        """Whether anything is recorded at all."""

    def at(self, level: Level, spot: Spot) -> Show:
        """Return the receiver of values of one level and place."""


class _NoTap:
    """Watches nothing."""

    active = False

    def at(self, level: Level, spot: Spot) -> Show:
        """Return a receiver that drops everything."""
        return _drop


def _drop(name: str, value: Offer, where: Tensor | None = None) -> None:
    """Do nothing."""


no_tap: Tap = _NoTap()
