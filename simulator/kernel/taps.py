"""Taps: named intermediate values, offered by the kernel to whoever watches (spec 12).

A tap observes: the kernel computes the same numbers in the same order whether a `Recorder` listens or
`no_tap`. The kernel goes on with what the receiver hands back, which is the very value that it was offered;
only an experiment on one pixel, outside any run, may hand back another one (a transplant).
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from simulator.physics.vectors import Vec

NEVER = torch.iinfo(torch.int64).max
"""An ordinal that no evaluation reaches."""
Value = Tensor | Vec
Offer = Value | Callable[[], Value]
"""A value, or a function that makes it: for what the kernel itself does not need."""
Offered = TypeVar("Offered", bound=Offer)


class Level(enum.IntEnum):
    """The loop level of a tap, growing inwards (spec 12 "Line format")."""

    SETUP = 0
    PIXEL = 1
    SUBPIXEL = 4
    SOURCE = 5
    PHI = 6
    MOSAIC = 7


@dataclass(frozen=True)
class Spot:
    """Where in the loop nest a value belongs: the pixels of the block [N] and the outer loop counters.

    source, phi, domain are the numbers of the first entry along axes K, P, M of the value, counts their
    extents.
    """

    slow: Tensor
    fast: Tensor
    layer: int = 0
    sub_slow: int = 0
    sub_fast: int = 0
    source: int = 0
    phi: int = 0
    domain: int = 0
    counts: tuple[int, int, int] = (1, 1, 1)


class Show(Protocol):
    """Takes one named value; `where` (bool, broadcastable) tells for which entries the value exists."""

    def __call__(self, name: str, value: Offered, where: Tensor | None = None) -> Offered:
        """Take a value and hand it back."""


class Tap(Protocol):
    """Whoever watches the kernel. Values broadcast to the axes [K, N, P, M]; a Vec is three of them."""

    @property
    def active(self) -> bool:
        """Whether anything is recorded at all."""

    def at(self, level: Level, spot: Spot) -> Show:
        """Return the receiver of values of one level and place; `silent` where nothing is to be recorded."""


class _NoTap:
    """Watches nothing."""

    active = False

    def at(self, level: Level, spot: Spot) -> Show:
        """Return a receiver that drops everything."""
        return silent


def silent(name: str, value: Offered, where: Tensor | None = None) -> Offered:
    """Hand the value back."""
    return value


def made_value(value: Offer) -> Value:
    """Return what was offered, made if it is offered as a function."""
    return value() if callable(value) else value


no_tap: Tap = _NoTap()

CONTEXT_KEYS = ("s", "f", "t", "ss", "sf", "src", "phi", "mos")
"""Names of the loop counters, outermost first (spec 12)."""

_KEY_COUNT = {Level.PIXEL: 2, Level.SUBPIXEL: 5, Level.SOURCE: 6, Level.PHI: 7, Level.MOSAIC: 8}
_OUTSIDE, _AFTER = -1, 1 << 40
"""Stand for the counters of inner loops in the order of records: before them, and after all of them."""

Number = int | float


@dataclass(frozen=True)
class TapRecord:
    """One value of one tap."""

    name: str
    values: tuple[Number, ...]
    context: tuple[int, ...]
    """The loop counters of its level, outermost first."""


class Recorder:
    """Keeps the taps of chosen pixels, down to a level (spec 12).

    Args:
        pixels: (slow, fast) of each.
        level: the innermost level to keep.
    """

    active = True

    def __init__(self, pixels: Sequence[tuple[int, int]], level: Level = Level.MOSAIC) -> None:
        self._order = {pixel: number for number, pixel in enumerate(dict.fromkeys(pixels))}
        self._level = level
        self._kept: list[tuple[tuple[int, ...], TapRecord]] = []
        self._block: tuple[Tensor, list[tuple[int, tuple[int, int]]]] | None = None

    def at(self, level: Level, spot: Spot) -> Show:
        """Return the receiver of values of one level and place."""
        rows = self._rows(spot)
        if not rows or level > self._level:
            return silent

        def show(name: str, value: Offered, where: Tensor | None = None) -> Offered:
            made = made_value(value)
            parts = made if isinstance(made, tuple) else made.unbind(-1) if made.dim() > 4 else (made,)
            for n, pixel in rows:
                self._keep(level, spot, (n, pixel), name, (parts, where))
            return value

        return show

    def records(self) -> list[TapRecord]:
        """Return what was kept, nested as the loops are; pixels in memory order."""
        return [record for _, record in sorted(self._kept, key=lambda pair: pair[0])]

    def _rows(self, spot: Spot) -> list[tuple[int, tuple[int, int]]]:
        """Return place in the block and (slow, fast) of the chosen pixels that a block holds."""
        if self._block is None or self._block[0] is not spot.fast:
            found = [
                (int(place), pixel)
                for pixel in self._order
                for place in ((spot.slow == pixel[0]) & (spot.fast == pixel[1])).nonzero().flatten()
            ]
            self._block = (spot.fast, found)
        return self._block[1]

    def _keep(
        self,
        level: Level,
        spot: Spot,
        row: tuple[int, tuple[int, int]],
        name: str,
        made: tuple[tuple[Tensor, ...], Tensor | None],
    ) -> None:
        """Keep the values of one pixel, one record for each source, phi step and domain of the level."""
        (n, pixel), (parts, where) = row, made
        inner = level - Level.SUBPIXEL
        counts = tuple(count if axis < inner else 1 for axis, count in enumerate(spot.counts))
        columns = [_of_pixel(part, n, counts) for part in parts]
        exists = [True] * len(columns[0]) if where is None else _of_pixel(where, n, counts)
        starts = (spot.source, spot.phi, spot.domain)
        outer = (*pixel, spot.layer, spot.sub_slow, spot.sub_fast)
        places = itertools.product(
            *(range(first, first + count) for first, count in zip(starts, counts, strict=True))
        )
        for place, there, *values in zip(places, exists, *columns, strict=True):
            if there:
                context = (*outer, *place)[: _KEY_COUNT[level]]
                filler = _AFTER if level == Level.PIXEL else _OUTSIDE
                order = (*context, *[filler] * (len(CONTEXT_KEYS) - len(context)), len(self._kept))
                self._kept.append((order, TapRecord(name, tuple(values), context)))


def _of_pixel(part: Tensor, n: int, counts: tuple[int, ...]) -> list[Number]:
    """Return the values of pixel n of a tensor [K, N, P, M], broadcast to K, P, M and flattened in loop
    order.
    """
    if part.dim() > 0:
        part = part.select(1, n if part.shape[1] > 1 else 0)
    values: list[Number] = part.expand(counts).flatten().tolist()
    return values
