"""Occurrences of the taps in an older log: each is numbered, and spellings of one value are told apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from trace_tools.reading.lines import Record
from trace_tools.tap_points import OCCURRENCE, TAP_ID, TAP_POINTS

_FIRST_TURNS = {"s": -1, "f": -1, "t": 0, "ss": 0, "sf": 0, "src": 0, "phi": 0, "mos": 0}
_UNKNOWN_KEYS = tuple(_FIRST_TURNS)[:7]
# two roundings of a unit factor and one of the decimal text on each side
_CONVERSION_ULPS = 8 * 2.0**-53


@dataclass
class Spelling:
    """One value as a line states it: the tap or name, the phi step if it has one, and how it was spelled."""

    tap: str
    pixel: int
    phi: int | None
    spelled: str
    values: tuple[float, ...]
    words: tuple[str, ...] = ()
    place: int = 0

    @property
    def key(self) -> tuple[str, int, int]:
        """What it is a value of: tap, pixel, phi step."""
        return (self.tap, self.pixel, self.phi or 0)


@dataclass
class ValueSeries:
    """Collects the values of a log in the order of their lines."""

    pixels: list[tuple[int, int]] = field(default_factory=list)
    found: list[Spelling] = field(default_factory=list)

    def begin_pixel(self, slow: int, fast: int) -> None:
        """State that what follows belongs to a pixel."""
        self.pixels.append((slow, fast))

    def add(self, spelling: Spelling) -> None:
        """Take a value; its pixel is the one begun last."""
        spelling.pixel, spelling.place = len(self.pixels) - 1, len(self.found)
        self.found.append(spelling)

    def records(self) -> list[Record]:
        """Return the records in their order of appearance, each with its occurrence beyond the first."""
        if len(set(self.pixels)) == 1:
            for spelling in self.found:
                spelling.pixel = 0
        numbers = {pixel: self.pixels.index(pixel) for pixel in set(self.pixels)}
        groups: dict[tuple[str, int, int], dict[str, list[Spelling]]] = {}
        for spelling in self.found:
            if spelling.pixel >= 0:
                spelling.pixel = numbers[self.pixels[spelling.pixel]]
            groups.setdefault(spelling.key, {}).setdefault(spelling.spelled, []).append(spelling)
        numbered = [pair for spellings in groups.values() for pair in _numbered(list(spellings.values()))]
        return [
            self._record(spelling, turn)
            for spelling, turn in sorted(numbered, key=lambda pair: pair[0].place)
        ]

    def _record(self, spelling: Spelling, turn: int) -> Record:
        known = TAP_POINTS[TAP_ID[spelling.tap]] if spelling.tap in TAP_ID else None
        slow, fast = self.pixels[spelling.pixel] if spelling.pixel >= 0 else (-1, -1)
        turns = {**_FIRST_TURNS, "s": slow, "f": fast}
        if spelling.phi is not None:
            turns["phi"] = spelling.phi
        keys = known.keys if known else _UNKNOWN_KEYS
        if turn > 1:
            # of a later occurrence the loops are not known
            keys = tuple(
                key for key in keys if key in ("s", "f") or (key == "phi" and spelling.phi is not None)
            )
        context = tuple((key, turns[key]) for key in keys if turns[key] >= 0)
        if turn > 1:
            context = (*context, (OCCURRENCE, turn))
        return Record(spelling.tap, spelling.values, context, spelling.words)


def _numbered(spellings: Sequence[list[Spelling]]) -> Iterable[tuple[Spelling, int]]:
    """Number the occurrences of one tap; a second spelling that repeats the first is one with it."""
    main = max(spellings, key=lambda part: (part[0].spelled == part[0].tap, -part[0].place))
    whole = list(main)
    for other in spellings:
        if other is main:
            continue
        shared = min(len(whole), len(other))
        if all(map(_same, whole[:shared], other[:shared])):
            whole += other[shared:]
            continue
        for turn, spelling in enumerate(other, 1):
            spelling.tap = f"{spelling.tap} ({spelling.spelled})"
            yield spelling, turn
    yield from ((spelling, turn) for turn, spelling in enumerate(whole, 1))


def _same(one: Spelling, other: Spelling) -> bool:
    """Tell whether two spellings state one value, apart from rounding in a conversion of units."""
    if one.words or other.words:
        return one.words == other.words
    return len(one.values) == len(other.values) and all(map(_close, one.values, other.values))


def _close(one: float, other: float) -> bool:
    both_nan = math.isnan(one) and math.isnan(other)
    return both_nan or one == other or abs(one - other) <= _CONVERSION_ULPS * max(abs(one), abs(other))
