"""What all formats share: numbers in all their digits, and panels laid below each other in one array."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from shots.geometry.panel import Direction, Panel, Setup
from simulator.errors import InputError
from simulator.units import mm_of_m
from system_io.shown import printable


def digits(values: Iterable[float], between: str = " ") -> str:
    """Return numbers in all their digits."""
    return between.join(repr(float(value) + 0.0) for value in values)


def in_mm(values_m: Iterable[float]) -> list[float]:
    """Return lengths in millimetres."""
    return [mm_of_m(value) for value in values_m]


def only_panel(setup: Setup, program: str) -> Panel:
    """Return the panel of a set-up of one panel.

    Raises:
        InputError: for several, which the program has no words for.
    """
    if len(setup.panels) > 1:
        raise InputError(
            f"{program} describes one flat panel, the detector has {len(setup.panels)}; give another"
            " --format, or --panel NAME for one of them"
        )
    return setup.panels[0]


def one_pixel_size(setup: Setup, program: str) -> float:
    """Return the pixel size of all panels in metres.

    Raises:
        InputError: if they differ, which the program has no words for.
    """
    sizes = {panel.pixel_size_m for panel in setup.panels}
    if len(sizes) > 1:
        raise InputError(
            f"{program} has one pixel size for all panels, these have"
            f" {digits(sorted(map(mm_of_m, sizes)), ', ')} mm; give another --format, or --panel NAME"
        )
    return sizes.pop()


def with_first_rows(panels: Sequence[Panel]) -> Iterator[tuple[Panel, int]]:
    """Yield each panel with its first row in an array that holds them below each other, in their order."""
    row = 0
    for panel in panels:
        yield panel, row
        row += panel.slow_pixels


MADE_OF: Mapping[str, Callable[[Panel], bool]] = {
    "sensor": lambda panel: panel.thickness_m > 0.0,
    "gain": lambda panel: panel.gain != 1.0,
    "saturation": lambda panel: math.isfinite(panel.saturation),
    "bad pixels": lambda panel: bool(panel.bad),
    "mask": lambda panel: bool(panel.mask_file.name),
}
"""What a panel may have besides its place, and whether it has."""


def unsaid(setup: Setup, said: Sequence[str]) -> list[str]:
    """Return in words what panels have and a format has no words for, a sentence for each panel.

    Args:
        setup: with the panels.
        said: keys of `MADE_OF` that the format has words for.
    """
    sentences = []
    for panel in setup.panels:
        left = [name for name, has in MADE_OF.items() if name not in said and has(panel)]
        if left:
            sentences.append(f"not said here of panel '{printable(panel.name)}': {', '.join(left)}")
    return sentences


def plane_normal(setup: Setup) -> Direction:
    """Return the unit normal of the plane of polarization, which beam and electric field span.

    Raises:
        InputError: for a polarization axis along the beam.
    """
    across = np.cross(setup.beam, setup.polarization_axis)
    length = float(np.sqrt(across @ across))
    if not length > 0.0:
        raise InputError(
            "the polarization axis lies along the beam: no plane follows; give another -polar_vector"
        )
    x, y, z = (float(part) + 0.0 for part in across / length)
    return x, y, z
