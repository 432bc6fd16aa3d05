"""CrystFEL: a geometry file; panels lie below each other in one array."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from shots.geometry.in_words.written import digits, unsaid, with_first_rows
from shots.geometry.panel import Panel, Setup
from simulator.errors import InputError
from simulator.units import A_of_m
from system_io.shown import printable

SAID = ("gain", "saturation", "bad pixels")
"""What a panel is made of, as `unsaid` calls it, that this format has words for."""
NAME = re.compile(r"(?!bad|mask|dim|group|rigid)[A-Za-z_][A-Za-z0-9_]*")
"""Of a panel: letters, digits and _, and no beginning that CrystFEL keeps for something else."""


def crystfel_text(setup: Setup) -> str:
    """Return a geometry file.

    Corners are in pixels and `coffset` in metres, `clen` is 0, so that each panel says all of its place.

    Args:
        setup: in the frame `crystfel`.

    Raises:
        InputError: for a panel whose name means something else to CrystFEL.
    """
    for panel in setup.panels:
        if NAME.fullmatch(panel.name) is None:
            raise InputError(
                f"panel '{printable(panel.name)}': no name for CrystFEL; give letters, digits and _, not at"
                " first bad, mask, dim, group or rigid"
            )
    lines = [
        "; beam along +z, y upwards; panels below each other in one array, in this order",
        f"wavelength = {digits([A_of_m(setup.wavelength_m)])} A",
        "clen = 0.0 m",
    ]
    for panel, row in with_first_rows(setup.panels):
        lines += ["", *_panel(panel, row), *_bad_lines(panel, row)]
    lines += [f"; {text}" for text in unsaid(setup, SAID)]
    return "\n".join(lines) + "\n"


def _panel(panel: Panel, row: int) -> list[str]:
    x, y, z = panel.origin_m
    facts = {
        "min_fs": 0,
        "max_fs": panel.fast_pixels - 1,
        "min_ss": row,
        "max_ss": row + panel.slow_pixels - 1,
        "res": digits([1.0 / panel.pixel_size_m]),
        "fs": _axis(panel.fast),
        "ss": _axis(panel.slow),
        "corner_x": digits([x / panel.pixel_size_m]),
        "corner_y": digits([y / panel.pixel_size_m]),
        "coffset": digits([z]),
        "adu_per_photon": digits([panel.gain]),
    }
    if math.isfinite(panel.saturation):
        facts["max_adu"] = digits([panel.saturation])
    return [f"{panel.name}/{key} = {value}" for key, value in facts.items()]


def _bad_lines(panel: Panel, row: int) -> Iterator[str]:
    """Yield the keys of the bad rectangles of a panel, their ends in them; rows are those of the array."""
    for number, (fast, fast_end, slow, slow_end) in enumerate(panel.bad):
        limits = {
            "panel": panel.name, "min_fs": fast, "max_fs": fast_end - 1,
            "min_ss": row + slow, "max_ss": row + slow_end - 1,
        }  # fmt: skip
        yield from (f"bad_{panel.name}_{number}/{key} = {value}" for key, value in limits.items())


def _axis(axis: tuple[float, float, float]) -> str:
    """Return a vector in the way of CrystFEL: +1.0x -0.5y +0.0z."""
    return " ".join(f"{part + 0.0:+.17g}{letter}" for part, letter in zip(axis, "xyz", strict=True))
