"""Detectors read from files of several formats, checked, and put into the set-up of a run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shots.geometry.crystfel_file import read_geom
from shots.geometry.detector_file import read_detector_toml
from shots.geometry.dials_file import read_expt
from shots.geometry.panel import Panel, Setup
from shots.geometry.reference_frames import (
    REFERENCE_FRAMES,
    laboratory_of,
    turn_between,
    turned_panel,
)
from simulator.errors import InputError
from simulator.units import A_of_m
from system_io.shown import printable


class DetectorFile(Protocol):
    """What a reader makes of a file: panels in the frame `mosflm` of `REFERENCE_FRAMES`, and a wavelength."""

    @property
    def panels(self) -> tuple[Panel, ...]:
        """The panels."""

    @property
    def wavelength_m(self) -> float:
        """NaN where the file says nothing of it."""


@dataclass(frozen=True)
class PanelsAlone:
    """What a file says that says nothing of the beam; see `DetectorFile`."""

    panels: tuple[Panel, ...]
    wavelength_m: float = math.nan


READERS: Mapping[str, Callable[[Path], DetectorFile]] = {
    ".toml": lambda path: PanelsAlone(read_detector_toml(path)),
    ".expt": read_expt,
    ".geom": read_geom,
}
"""By the ending of the file."""
SAME_WAVELENGTH = 1e-6
"""Relative difference that is rounding of a file."""
SAME_PLANE = 1e-9
"""How far the cosine of two normals may be from 1."""
TOUCHING = 1e-3
"""Of a pixel: so much of an overlap is rounding of the file."""


def read_detector(path: Path) -> tuple[Panel, ...]:
    """Return the panels of a detector file; its ending says which format it has.

    Args:
        path: of the file.

    Returns:
        At least one panel, in the frame `mosflm` of `REFERENCE_FRAMES`: the beam along +x, the spindle along
        +z. `setup_with` puts them into the laboratory frame of a run.

    Raises:
        InputError: for an unknown ending, a file without sense, two panels of one name or in one place.
    """
    panels = _read(path).panels
    require_detector(panels, f"detector file '{printable(str(path))}'")
    return panels


def require_same_wavelength(path: Path, wavelength_m: float) -> None:
    """Check that a detector file says nothing of the wavelength, or that of a run.

    Args:
        path: of the file.
        wavelength_m: of the run.

    Raises:
        InputError: naming both.
    """
    stated_m = _read(path).wavelength_m
    if abs(stated_m - wavelength_m) > SAME_WAVELENGTH * wavelength_m:
        told = f"detector file '{printable(str(path))}' has a wavelength of {A_of_m(stated_m):.10g} A"
        raise InputError(
            f"{told}, the run {A_of_m(wavelength_m):.10g} A; give -lambda {A_of_m(stated_m):.10g}"
        )


def _read(path: Path) -> DetectorFile:
    if path.suffix not in READERS:
        raise InputError(f"detector file '{printable(str(path))}': unknown ending; give {', '.join(READERS)}")
    return READERS[path.suffix](path)


def setup_with(setup: Setup, panels: Sequence[Panel]) -> Setup:
    """Return a set-up with other panels.

    Args:
        setup: whose beam and spindle say where its laboratory frame is.
        panels: of `read_detector`.

    Raises:
        InputError: where spindle and polarization axis lie along the beam.
    """
    turn = turn_between(REFERENCE_FRAMES["mosflm"], laboratory_of(setup))
    return replace(setup, panels=tuple(turned_panel(panel, turn) for panel in panels))


def require_detector(panels: Sequence[Panel], where: str) -> None:
    """Check that there are panels, each of its own name and in its own place.

    Args:
        panels: of one detector.
        where: they come from, for messages.

    Raises:
        InputError: naming the panels.
    """
    if not panels:
        raise InputError(f"{where}: no panel; give at least one")
    name, count = Counter(panel.name for panel in panels).most_common(1)[0]
    if count > 1:
        raise InputError(f"{where}: {count} panels are called '{printable(name)}'; give each its own name")
    for one, other in _near(panels):
        if _overlap(one, other):
            raise InputError(
                f"{where}: panels '{printable(one.name)}' and '{printable(other.name)}' lie on each other;"
                " move one"
            )


def corners_m(panel: Panel) -> NDArray[np.float64]:
    """Return the outer corners of a panel in order around it [4, 3], metres."""
    origin = np.array(panel.origin_m)
    across = panel.fast_pixels * panel.pixel_size_m * np.array(panel.fast)
    down = panel.slow_pixels * panel.pixel_size_m * np.array(panel.slow)
    return np.stack([origin, origin + across, origin + across + down, origin + down])


def _near(panels: Sequence[Panel]) -> Iterator[tuple[Panel, Panel]]:
    """Yield pairs whose circles about their middles meet."""
    corners = np.stack([corners_m(panel) for panel in panels])  # [n, 4, 3]
    middles = corners.mean(1)
    radii = np.sqrt(((corners[:, 0] - middles) ** 2).sum(-1))
    for n in range(len(panels) - 1):
        apart = np.sqrt(((middles[n + 1 :] - middles[n]) ** 2).sum(-1))
        for m in np.flatnonzero(apart < radii[n + 1 :] + radii[n]).tolist():
            yield panels[n], panels[n + 1 + m]


def _overlap(one: Panel, other: Panel) -> bool:
    """Return whether two panels lie in one plane and share some of it: no axis of either separates them."""
    normals = [np.cross(panel.fast, panel.slow) for panel in (one, other)]
    slack = TOUCHING * min(one.pixel_size_m, other.pixel_size_m)
    apart = np.array(other.origin_m) - np.array(one.origin_m)
    if abs(normals[0] @ normals[1]) < 1.0 - SAME_PLANE or abs(apart @ normals[0]) > slack:
        return False
    shapes = [corners_m(panel) for panel in (one, other)]
    for axis in (one.fast, one.slow, other.fast, other.slow):
        (low, high), (least, most) = (
            (s.min(), s.max()) for s in (shape @ np.array(axis) for shape in shapes)
        )
        if min(high, most) - max(low, least) <= slack:
            return False
    return True
