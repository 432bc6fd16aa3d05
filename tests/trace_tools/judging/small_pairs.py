"""Small logs drawn by a seed: a few taps of a few loops, with values that sit on every edge of a rule."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from trace_tools.reading.lines import Record
from trace_tools.tap_points import TAP_POINTS, TapPoint

FAMILIES = (
    ("xtal_shape", "hkl_frac", "hkl_rounded", "tricubic_F", "F_cell"),
    ("xtal_shape", "rad_star_sqr", "hrad_sqr", "F_latt", "I_contribution", "I_running"),
    ("stol_m_inv", "dmin_skipped", "polar", "omega_pixel_sr", "sources"),
    ("source_weight", "I_running", "I_before_scaling", "I_pixel_final", "floatimage_accumulated"),
    ("phi_rad", "rot_a_angstroms", "mos_a_angstroms", "hkl_frac", "F_latt_a"),
    ("oversample_polar", "polar", "water_factor", "water_sum", "term_factor"),
    ("oversample_thick", "Odet_meters", "capture_fraction", "source_relative_weight", "source_weight"),
)
VALUES = (0.0, 1.0, 2.0, -1.0, 0.5, 1.5, 2.5, 3.25, 1e3, 1.0 + 2.0**-24)
DECIDERS = ("hkl_frac", "stol_m_inv", "rad_star_sqr", "hrad_sqr", "I_pixel_final")
RARE = (math.nan, math.inf, -0.0)
SHAPES = ("SQUARE", "TOPHAT")
GATES = ("+", "-", "=")
KINDS = {tap.name: tap.kind for tap in TAP_POINTS}
Numbers = random.Random
Records = list[Record]


def _contexts(tap: TapPoint, turns: Sequence[int]) -> list[dict[str, int]]:
    ranges = {
        "s": turns,
        "f": (4,),
        "t": (0,),
        "ss": (0,),
        "sf": (0,),
        "src": (0, 1),
        "phi": (0, 1),
        "mos": (0, 1),
    }
    return [
        dict(zip(tap.keys, place, strict=True))
        for place in itertools.product(*(ranges[key] for key in tap.keys))
    ]


def _value(tap: TapPoint, numbers: Numbers) -> float:
    if tap.kind == "int":
        return numbers.choice((0, 0, 1, 1, 2, 7, 1234567, 1234580))
    return numbers.choice(RARE) if numbers.random() < 0.03 else numbers.choice(VALUES)


def _drawn(tap: TapPoint, turns: Mapping[str, int], numbers: Numbers) -> Record:
    if tap.kind == "word":
        return Record(tap.name, (math.nan,), tuple(turns.items()), (numbers.choice(SHAPES),))
    return Record(tap.name, tuple(_value(tap, numbers) for _ in range(tap.size)), tuple(turns.items()))


def _moved(record: Record, numbers: Numbers) -> Record:
    """Return a record with one value that is another one."""
    if record.words:
        return replace(record, words=(numbers.choice(SHAPES),))
    at = numbers.randrange(len(record.values))
    value = record.values[at]
    moves = (
        math.nextafter(value, math.inf), math.nextafter(value, -math.inf), value * (1.0 + 3e-15), value + 1.0,
        -value, value * (1.0 + 1e-6), 0.0, value + 13.0, math.nan,
    )  # fmt: skip
    new = numbers.choice(moves) if math.isfinite(value) else 1.0
    if KINDS[record.tap] == "int":
        new = value + numbers.choice((1, 13, -1)) if value else 1
    return replace(record, values=(*record.values[:at], new, *record.values[at + 1 :]))


def _nudged(record: Record, numbers: Numbers) -> Record:
    """Return a record with each value the next double to either side, or as it is."""
    ways = (-math.inf, math.inf)
    return replace(record, values=tuple(
        value if math.isinf(value) else numbers.choice((value, math.nextafter(value, numbers.choice(ways))))
        for value in record.values
    ))  # fmt: skip


def _kept_rules(records: Records, limit: float) -> Records:
    """Give branch taps the values that follow from the records before them."""
    latest: dict[str, tuple[float, ...]] = {}
    found = []
    for record in records:
        one = record
        h, stol, final = (latest.get(name) for name in ("hkl_frac", "stol_m_inv", "I_pixel_final"))
        radius = latest.get("rad_star_sqr") or latest.get("hrad_sqr")
        if one.tap == "hkl_rounded" and h and all(map(math.isfinite, h)):
            one = replace(one, values=tuple(float(math.ceil(x - 0.5)) for x in h))
        elif one.tap == "dmin_skipped" and stol:
            one = replace(one, values=(float(limit > (0.5 / stol[0] if stol[0] else math.inf)),))
        elif one.tap == "F_latt" and radius:
            one = replace(one, values=(2.0 if radius[0] < 2.0 * limit else 0.0,))
        elif one.tap == "floatimage_accumulated" and final:
            one = replace(one, values=(float(np.float32(final[0])),))
        latest[one.tap] = one.values
        found.append(one)
    return found


def small_pair(seed: int) -> tuple[Records, Records, Numbers]:
    """Return the records of two small logs, and the numbers to go on drawing with."""
    numbers = random.Random(seed)
    names = {
        *numbers.choice(FAMILIES),
        *numbers.choice(FAMILIES),
        *(numbers.choice(TAP_POINTS).name for _ in range(2)),
    }
    kept = {name for name in sorted(names) if numbers.random() < 0.85}
    taps = [tap for tap in TAP_POINTS if tap.name in kept] or list(TAP_POINTS[:2])
    pixels = (3, 5) if numbers.random() < 0.4 else (3,)
    placed = [(turns.get("s", -1), turns.get("src", -1), turns.get("phi", -1), turns.get("mos", -1), n, turns)
              for n, tap in enumerate(taps) for turns in _contexts(tap, pixels)]  # fmt: skip
    in_loops = sorted(placed, key=lambda one: one[:5])
    first = [_drawn(taps[n], turns, numbers) for *_, n, turns in in_loops]
    limit = numbers.choice((0.25, 0.5, 1.0))
    share = numbers.choice((0.02, 0.1, 0.3))
    nudged = numbers.random() < 0.5
    second = [
        _nudged(one, numbers) if nudged and one.tap in DECIDERS
        else _moved(one, numbers) if numbers.random() < share else one
        for one in first
    ]  # fmt: skip
    if numbers.random() < 0.7:
        first, second = _kept_rules(first, limit), _kept_rules(second, limit)
    if numbers.random() < 0.3:
        at = numbers.randrange(len(second))
        second[at:] = [*second[at + 1 :], second[at]]
    lost = numbers.choice((0.0, 0.0, 0.05, 0.2))
    first, second = ([one for one in side if numbers.random() >= lost] for side in (first, second))
    return first, second, numbers


def drawn_graph(records: Records, numbers: Numbers) -> dict[str, TapPoint]:
    """Return a graph of the taps of some records with inputs, rules and memories drawn anew."""
    order = sorted({one.tap for one in records} | {numbers.choice(TAP_POINTS).name for _ in range(3)})
    numbers.shuffle(order)
    known = {tap.name: tap for tap in TAP_POINTS}
    left_out = numbers.random() < 0.2
    graph = {}
    for place, name in enumerate(order[left_out:]):
        inputs = _some(order[:place], 3, numbers)
        ruled = [other for other in inputs if numbers.random() < 0.3]
        gate = numbers.choice(("", f"!{numbers.choice(order)}"))
        graph[name] = replace(
            known[name],
            inputs=inputs,
            input_rules=tuple((other, numbers.choice(GATES) + numbers.choice(order)) for other in ruled),
            carried=(("s", "f"), gate) if numbers.random() < 0.3 else None,
            decided_by=_some(order[:place], 2, numbers),
            condition=numbers.choice(("", "", "one", "two")),
        )
    return graph


def _some(names: Sequence[str], many: int, numbers: Numbers) -> tuple[str, ...]:
    return tuple(numbers.sample(names, min(len(names), numbers.randint(0, many))))


def text_of(records: Records, side: str, form: str, numbers: Numbers) -> str:
    """Return a log of records; its numbers are printed in a form like .17g or .3f."""
    prefix = f"TRACE_{side}:"
    lines = [f"{prefix} schema nanobragg-trace 2", f"{prefix} program small {side}"]
    for one in records:
        texts = one.words or [
            f"{int(value)}" if KINDS[one.tap] == "int" else f"{value:{form}}" for value in one.values
        ]
        where = " ".join(f"{key}={turn}" for key, turn in one.context)
        lines.append(f"{prefix} {one.tap} {' '.join(texts)}" + (f" | {where}" if where else ""))
    text = "\n".join(lines) + "\n"
    return text[:-5] if numbers.random() < 0.1 else text
