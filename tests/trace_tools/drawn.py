"""Pairs of traces that are drawn by a seed: values that keep the rules of branches and sums, then one change.

The loops have two pixels, two sources, two phi steps and two domains, so that every rule of alignment, scale,
tie and blame has something to choose from.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from trace_tools.tap_points import TAP_POINTS, TapLevel, TapPoint

LEFT_OUT = {"tricubic_F", "mos_a_angstroms", "mos_b_angstroms", "mos_c_angstroms"}
WORDS = {"convention": "MOSFLM", "pivot": "BEAM"}
PIXELS = ((3, 4), (7, 2))
TURNS = (0, 1)
SHAPES = ("SQUARE", "TOPHAT")
Numbers = random.Random
Context = tuple[tuple[str, int], ...]


def single(value: float) -> float:
    """Return a value as a 4-byte float."""
    return float(np.float32(value))


@dataclass(frozen=True)
class Drawn:
    """A record to be written."""

    name: str
    values: tuple[float | str, ...]
    context: Context

    def line(self, prefix: str, digits: int) -> str:
        """Return the line of the log."""
        texts = [one if isinstance(one, str) else f"{one:.{digits}g}" for one in self.values]
        where = " ".join(f"{key}={turn}" for key, turn in self.context)
        return f"{prefix} {self.name} {' '.join(texts)}" + (f" | {where}" if where else "") + "\n"


def _levels(*levels: TapLevel) -> list[TapPoint]:
    return [tap for level in levels for tap in TAP_POINTS if tap.level == level and tap.name not in LEFT_OUT]


class _Trace:
    """Records with values that fit each other where a rule looks at them."""

    def __init__(self, numbers: Numbers, shape: str) -> None:
        self.numbers, self.shape = numbers, shape
        self.kept: dict[str, tuple[float | str, ...]] = {}
        self.total = 0.0

    def records(self) -> Iterator[Drawn]:
        for level, key in ((TapLevel.setup, ""), (TapLevel.source_setup, "src"), (TapLevel.phi_setup, "phi"),
                           (TapLevel.mosaic_setup, "mos")):  # fmt: skip
            for turn in TURNS if key else (0,):
                yield from self.of(_levels(level), {key: turn})
        for slow, fast in PIXELS:
            self.total = 0.0
            at = {"s": slow, "f": fast}
            yield from self.of(_levels(TapLevel.subpixel), at)
            for source in TURNS:
                yield from self.of(_levels(TapLevel.source), at | {"src": source})
                for phi in TURNS:
                    yield from self.of(_levels(TapLevel.phi), at | {"src": source, "phi": phi})
                    for domain in TURNS:
                        turns = {"src": source, "phi": phi, "mos": domain}
                        yield from self.of(_levels(TapLevel.mosaic), at | turns)
            yield from self.of(_levels(TapLevel.pixel), at)

    def of(self, taps: list[TapPoint], turns: dict[str, int]) -> Iterator[Drawn]:
        for tap in taps:
            self.kept[tap.name] = self.value(tap)
            yield Drawn(tap.name, self.kept[tap.name], tuple((key, turns.get(key, 0)) for key in tap.keys))

    def value(self, tap: TapPoint) -> tuple[float | str, ...]:
        fitting: dict[str, Callable[[], tuple[float | str, ...]]] = {
            "xtal_shape": lambda: (self.shape,),
            "hkl_rounded": lambda: tuple(math.ceil(h - 0.5) for h in self.floats("hkl_frac")),
            "dmin_skipped": lambda: (0,),
            "N_cells": lambda: (3, 4, 5),
            "F_latt": lambda: (math.prod(self.floats("F_latt_a", "F_latt_b", "F_latt_c")),),
            "I_contribution": lambda: (math.prod(self.floats("F_cell", "F_latt")) ** 2,),
            "I_running": self.summed,
            "I_before_scaling": lambda: (self.total,),
            "floatimage_accumulated": lambda: tuple(map(single, self.floats("I_pixel_final"))),
        }
        if tap.name in fitting:
            return fitting[tap.name]()
        if tap.kind == "word":
            return (WORDS[tap.name],)
        if tap.kind == "int":
            return tuple(self.numbers.randint(0, 3) for _ in range(tap.size))
        return tuple(self.numbers.uniform(-2.0, 9.0) for _ in range(tap.size))

    def floats(self, *names: str) -> tuple[float, ...]:
        return tuple(float(value) for name in names for value in self.kept[name])

    def summed(self) -> tuple[float | str, ...]:
        term, inside = self.floats("I_contribution", "term_factor")
        self.total = (self.total + term * inside) * self.floats("sum_factor")[0]
        return (self.total,)


Records = list[Drawn]
Change = Callable[[Records, Numbers], Records]
"""Makes the second trace out of the first one."""


def _changed(records: Records, at: int, values: tuple[float | str, ...]) -> Records:
    return [*records[:at], replace(records[at], values=values), *records[at + 1 :]]


def _chosen(records: Records, numbers: Numbers, names: tuple[str, ...] = ()) -> int:
    fits = [n for n, one in enumerate(records) if (not names or one.name in names)
            and not isinstance(one.values[0], str)]  # fmt: skip
    return numbers.choice(fits)


def _off(by: float, *names: str) -> Change:
    def change(records: Records, numbers: Numbers) -> Records:
        at = _chosen(records, numbers, names)
        place = numbers.randrange(len(records[at].values))
        values = [float(value) * (1.0 + by * (n == place)) + (n == place) * (by >= 1.0)
                  for n, value in enumerate(records[at].values)]  # fmt: skip
        return _changed(records, at, tuple(values))

    return change


def _set(value: float, *names: str) -> Change:
    def change(records: Records, numbers: Numbers) -> Records:
        at = _chosen(records, numbers, names)
        return _changed(records, at, (value,) * len(records[at].values))

    return change


def _noise(size: float) -> Change:
    def change(records: Records, numbers: Numbers) -> Records:
        return [
            replace(one, values=tuple(
                value * (1.0 + size * numbers.uniform(-1.0, 1.0)) if isinstance(value, float) else value
                for value in one.values
            ))
            for one in records
        ]  # fmt: skip

    return change


def _flip_index(distance: float) -> Change:
    """An index on either side of a half, each program keeping the rule."""

    def change(records: Records, numbers: Numbers) -> Records:
        at = _chosen(records, numbers, ("hkl_frac",))
        below, above = (math.floor(float(records[at].values[0])) + 0.5 + sign * distance for sign in (-1, 1))
        rest = records[at].values[1:]
        records[:] = _changed(records, at, (below, *rest))
        rounded = next(n for n in range(at, len(records)) if records[n].name == "hkl_rounded")
        others = records[rounded].values[1:]
        records[:] = _changed(records, rounded, (math.ceil(below - 0.5), *others))
        return _changed(_changed(records, at, (above, *rest)), rounded, (math.ceil(above - 0.5), *others))

    return change


def _flip_limit(distance: float, flipped: int = 2, first_skipped: int = 2) -> Change:
    """A resolution that one program skips and the other keeps; both agree on all others.

    Args:
        distance: from the one to the other.
        flipped: which of the four, in ascending order.
        first_skipped: both skip those from this one on.
    """

    def change(records: Records, numbers: Numbers) -> Records:
        at = [n for n, one in enumerate(records) if one.name == "stol_m_inv"]
        skipped = [n for n, one in enumerate(records) if one.name == "dmin_skipped"]
        for order, (place, flag) in enumerate(zip(at, skipped, strict=True)):
            records[:] = _changed(records, place, (1.0 + order,))
            records[:] = _changed(records, flag, (int(order >= first_skipped or order == flipped),))
        moved = _changed(records, at[flipped], (1.0 + flipped - distance,))
        return _changed(moved, skipped[flipped], (0,))

    return change


def _flip_edge(distance: float) -> Change:
    """A lattice factor inside the limit of a top hat in one program only."""

    def change(records: Records, numbers: Numbers) -> Records:
        deciders = {one.name for one in records} & {"rad_star_sqr", "hrad_sqr"}
        at = _chosen(records, numbers, (max(deciders),))
        factor = next(n for n in range(at, len(records)) if records[n].name == "F_latt")
        inner = float(records[at].values[0])
        return _changed(_changed(records, at, (inner + distance,)), factor, (0.0,))

    return change


def _flip_single(keeps: tuple[bool, bool]) -> Change:
    """A final value on either side of the middle of two 4-byte floats, each program rounding it or not."""

    def change(records: Records, numbers: Numbers) -> Records:
        at = _chosen(records, numbers, ("I_pixel_final",))
        image = next(n for n in range(at, len(records)) if records[n].name == "floatimage_accumulated")
        middle = (
            single(float(records[at].values[0])) + float(np.spacing(np.float32(records[at].values[0]))) / 2
        )
        traces = []
        for value, kept in zip((middle * (1.0 - 2e-16), middle * (1.0 + 4e-16)), keeps, strict=True):
            shown = single(value) if kept else single(value) * (1.0 + 3e-7)
            traces.append(_changed(_changed(records, at, (value,)), image, (shown,)))
        records[:] = traces[0]
        return traces[1]

    return change


def _turned(change: Change) -> Change:
    """The first trace is what the second one was, and the other way round."""

    def changed(records: Records, numbers: Numbers) -> Records:
        other = change(records, numbers)
        first = list(records)
        records[:] = other
        return first

    return changed


def _lacking(*names: str) -> Change:
    """Neither trace has some taps."""

    def change(records: Records, numbers: Numbers) -> Records:
        records[:] = [one for one in records if one.name not in names]
        return list(records)

    return change


def _without(count: int, *names: str) -> Change:
    def change(records: Records, numbers: Numbers) -> Records:
        lost = {_chosen(records, numbers, names) for _ in range(count)}
        return [one for n, one in enumerate(records) if n not in lost]

    return change


def _exchanged(records: Records, numbers: Numbers) -> Records:
    at = numbers.randrange(len(records) - 1)
    return [*records[:at], records[at + 1], records[at], *records[at + 2 :]]


def _without_end(records: Records, numbers: Numbers) -> Records:
    return records[: numbers.randrange(len(records) // 2, len(records) - 1)]


def _both(first: Change, second: Change) -> Change:
    return lambda records, numbers: second(first(records, numbers), numbers)


def _in_both(change: Change) -> Change:
    def changed(records: Records, numbers: Numbers) -> Records:
        records[:] = change(records, numbers)
        return list(records)

    return changed


DOMAIN = ("hkl_frac", "F_latt_a", "F_latt", "F_cell", "I_contribution", "I_running")
CHANGES: dict[str, Change] = {
    "nothing": lambda records, numbers: list(records),
    "rounding": _noise(2e-16),
    "single rounding": _noise(6e-8),
    "far off": _off(1.5),
    "a domain off": _off(1e-6, *DOMAIN),
    "hardly off": _off(3e-15, *DOMAIN),
    "a factor off": _off(1e-9, "polar", "term_factor", "sum_factor", "capture_fraction", "omega_pixel_sr"),
    "an end off": _off(1e-9, "I_before_scaling", "I_pixel_final", "floatimage_accumulated", "water_sum"),
    "the set-up off": _off(1e-7, "pix0_vector_meters", "a_star_A_inv", "source_vec", "lambda0_meters"),
    "two off": _both(_off(1e-6, "F_cell"), _off(1e-6, "polar", "pix0_vector_meters")),
    "the other sign": _off(-2.0, "F_latt_a", "F_latt_b", "F_latt_c", "hkl_frac"),
    "zero": _set(0.0, *DOMAIN),
    "not a number": _set(math.nan),
    "not a number in both": _in_both(_set(math.nan, *DOMAIN, "polar")),
    "infinite": _set(math.inf, *DOMAIN, "polar"),
    "negative zero": _both(_in_both(_set(0.0, "F_cell", "polar")), _noise(0.0)),
    "an index at a half": _flip_index(1e-16),
    "an index near a half": _flip_index(4e-15),
    "an index far from a half": _flip_index(1e-3),
    "a limit met": _flip_limit(1e-15),
    "a limit missed": _flip_limit(1e-3),
    "a limit beyond all kept": _flip_limit(1e-15, 0),
    "a limit beyond all skipped": _flip_limit(1e-15, 3),
    "a limit met the other way": _flip_limit(-1e-15),
    "a limit of equals": _flip_limit(0.0),
    "an image value": _flip_single((True, True)),
    "an image value rounded by the first": _flip_single((True, False)),
    "an image value rounded by the second": _flip_single((False, True)),
    "an edge met": _flip_edge(1e-15),
    "an edge missed": _flip_edge(1e-2),
    "an edge of the other measure": _both(_lacking("rad_star_sqr"), _flip_edge(1e-15)),
    "an edge without a measure": _both(_lacking("rad_star_sqr", "hrad_sqr"), _set(0.0, "F_latt")),
    "an edge met by the first": _turned(_flip_edge(1e-15)),
    "a limit met by the first": _turned(_flip_limit(1e-15)),
    "an index of the first at a half": _turned(_flip_index(4e-15)),
    "records lost by the first": _turned(_without(3, *DOMAIN, "polar")),
    "broken off by the first": _turned(_without_end),
    "lacking inputs": _both(
        _lacking("F_latt", "I_contribution", "polar_inside"), _off(1e-6, "F_latt_a", "polar")
    ),
    "a record lost": _without(1),
    "records lost": _without(4, *DOMAIN, "polar", "steps"),
    "records lost in both": _in_both(_without(3, *DOMAIN, "polar", "steps")),
    "in another order": _exchanged,
    "broken off": _without_end,
}  # fmt: skip
HEAD = "{prefix} schema nanobragg-trace {version}\n{prefix} program drawn {side}\n"


def drawn_pair(
    change: str, seed: int, digits: tuple[int, int] = (17, 17), version: int = 2
) -> tuple[str, str]:
    """Return the texts of two logs, the second of which is the first one with a change.

    Args:
        change: one of `CHANGES`.
        seed: of all numbers.
        digits: that each log prints.
        version: of the format.
    """
    numbers = random.Random(f"{change} {seed}")
    records = list(_Trace(numbers, SHAPES[seed % 2]).records())
    other = CHANGES[change](records, numbers)
    return _text(records, "C", digits[0], version), _text(other, "PY", digits[1], version)


def _text(records: Records, side: str, digits: int, version: int) -> str:
    prefix = f"TRACE_{side}:"
    head = HEAD.format(prefix=prefix, version=version, side=side)
    return head + "".join(one.line(prefix, digits) for one in records)


def every_pair() -> Iterator[tuple[str, int]]:
    """Yield the changes with two seeds each."""
    yield from itertools.product(CHANGES, (0, 1))
