"""Complete traces made of random numbers: version 1 with two pixels, and the style of older builds."""

from __future__ import annotations

import random
from collections.abc import Iterator

from trace_tools.reading.lines import Record, format_line
from trace_tools.tap_points import TAP_POINTS, TapLevel, TapPoint

LEFT_OUT = {"hrad_sqr", "rad_star_sqr", "tricubic_F", "mos_a_angstroms", "mos_b_angstroms", "mos_c_angstroms"}
WORDS = {"convention": "MOSFLM", "pivot": "BEAM", "xtal_shape": "SQUARE"}
PIXELS = ((3, 4), (7, 2))
OLDER_NAMES = (
    "hkl_frac",
    "F_latt_a",
    "F_latt",
    "F_cell",
    "I_before_scaling",
    "polar",
    "k_frac",
    "I_pixel_final",
)


def record(tap: TapPoint, context: tuple[tuple[str, int], ...], numbers: random.Random) -> Record:
    if tap.kind == "word":
        return Record(tap.name, (float("nan"),), context, (WORDS[tap.name],))
    if tap.kind == "int":
        return Record(tap.name, tuple(float(numbers.randint(1, 9)) for _ in range(tap.size)), context)
    return Record(tap.name, tuple(numbers.uniform(1, 9) for _ in range(tap.size)), context)


def records(seed: int) -> Iterator[Record]:
    numbers = random.Random(seed)
    taps = [tap for tap in TAP_POINTS if tap.name not in LEFT_OUT]
    for level in (TapLevel.setup, TapLevel.source_setup, TapLevel.phi_setup, TapLevel.mosaic_setup):
        for tap in (tap for tap in taps if tap.level == level):
            yield record(tap, tuple((key, 0) for key in tap.keys), numbers)
    for slow, fast in PIXELS:
        for level in (TapLevel.subpixel, TapLevel.source, TapLevel.phi, TapLevel.mosaic, TapLevel.pixel):
            for tap in (tap for tap in taps if tap.level == level):
                turns = {"s": slow, "f": fast}
                yield record(tap, tuple((key, turns.get(key, 0)) for key in tap.keys), numbers)


def contract_log(seed: int, side: str) -> str:
    prefix = f"TRACE_{side}:"
    head = f"{prefix} schema nanobragg-trace 2\n{prefix} program made {side}\n"
    return head + "".join(format_line(one, prefix) + "\n" for one in records(seed))


def older_log(seed: int, side: str) -> str:
    numbers = random.Random(seed)
    lines = ["TRACE_{}: pix0_vector {!r} {!r} {!r}".format(side, *(numbers.uniform(1, 9) for _ in range(3)))]
    for slow, fast in PIXELS:
        lines.append(f"TRACE_CONFIG: tracing pixel (spixel={slow}, fpixel={fast})")
        for name in OLDER_NAMES * 2:
            values = " ".join(f"{numbers.uniform(1, 9)!r}" for _ in range(3 if name == "hkl_frac" else 1))
            lines.append(f"TRACE_{side}: {name} {values}")
    return "".join(line + "\n" for line in lines)
