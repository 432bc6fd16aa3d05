"""The frames of reference that programs describe an experiment in, and the turn from one to another.

A program fixes its axes by the beam and the spindle: XDS sees the beam along +z and the spindle along +x,
and so on. Two frames are turned into one another by the rotation that brings beam to beam and the spindle, as
far as it stands across the beam, to the spindle; nothing is ever mirrored. The laboratory frame of a run is
whatever its vectors are written in (spec 02 section 3), so that its own beam and spindle say where it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shots.geometry.panel import Direction, Panel, Setup
from simulator.errors import InputError

X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
MINUS_X, MINUS_Z = (-1.0, 0.0, 0.0), (0.0, 0.0, -1.0)
ALONG = 1e-6
"""Sine of the angle to the beam below which a spindle says nothing about the axes across the beam."""


@dataclass(frozen=True)
class ReferenceFrame:
    """Where a program sees the beam and the spindle.

    Attributes:
        beam: unit vector along which photons travel.
        spindle: unit vector of the rotation axis, across the beam.
    """

    beam: Direction
    spindle: Direction


REFERENCE_FRAMES: Mapping[str, ReferenceFrame] = {
    "mosflm": ReferenceFrame(X, Z),
    "xds": ReferenceFrame(Z, X),
    "dials": ReferenceFrame(MINUS_Z, X),
    "nexus": ReferenceFrame(Z, MINUS_X),
    "crystfel": ReferenceFrame(Z, MINUS_X),
    "poni": ReferenceFrame(Z, Y),
}
"""By name. `dials` is that of imgCIF, `nexus` that of McStas; both and `crystfel` have y upwards where the
spindle is level. The axes of `poni` are those that pyFAI numbers 1 (upwards), 2 and 3 (along the beam)."""


def frame_named(name: str) -> ReferenceFrame:
    """Return a frame by its name.

    Raises:
        InputError: for an unknown one.
    """
    if name not in REFERENCE_FRAMES:
        raise InputError(f"frame '{name}': unknown; give one of {', '.join(REFERENCE_FRAMES)}")
    return REFERENCE_FRAMES[name]


def laboratory_of(setup: Setup) -> ReferenceFrame:
    """Return the frame that the vectors of a set-up are written in.

    The polarization axis stands for a spindle that lies along the beam.

    Raises:
        InputError: where both lie along the beam.
    """
    for axis in (setup.spindle, setup.polarization_axis):
        if _across(setup.beam, axis) is not None:
            return ReferenceFrame(setup.beam, axis)
    raise InputError(
        "spindle and polarization axis both lie along the beam: no frame follows; turn one of them"
    )


def turn_between(start: ReferenceFrame, end: ReferenceFrame) -> NDArray[np.float64]:
    """Return the rotation matrix [3, 3] that takes components in one frame to those in another.

    R = T_end T_start^T with the columns of T beam, spindle across it, and beam x spindle

    Args:
        start: in which the components are.
        end: in which they are wanted.

    Raises:
        InputError: for a spindle along the beam.
    """
    return _triad(end) @ _triad(start).T + 0.0  # no -0.0


def turned_vector(turn: NDArray[np.float64], vector: Sequence[float]) -> Direction:
    """Return a vector after a rotation, without zeros that have a sign."""
    x, y, z = (float(part) for part in turn @ np.array(vector, dtype=np.float64) + 0.0)
    return x, y, z


def turned_panel(panel: Panel, turn: NDArray[np.float64]) -> Panel:
    """Return a panel after a rotation of everything about the sample."""
    return replace(
        panel,
        origin_m=turned_vector(turn, panel.origin_m),
        fast=turned_vector(turn, panel.fast),
        slow=turned_vector(turn, panel.slow),
    )


def setup_in(setup: Setup, frame: ReferenceFrame) -> Setup:
    """Return a set-up with its vectors written in another frame.

    Args:
        setup: in the laboratory frame of its run.
        frame: of `REFERENCE_FRAMES`.

    Raises:
        InputError: where spindle and polarization axis lie along the beam.
    """
    turn = turn_between(laboratory_of(setup), frame)
    return replace(
        setup,
        panels=tuple(turned_panel(panel, turn) for panel in setup.panels),
        beam=turned_vector(turn, setup.beam),
        polarization_axis=turned_vector(turn, setup.polarization_axis),
        spindle=turned_vector(turn, setup.spindle),
    )


def _across(beam: Sequence[float], axis: Sequence[float]) -> NDArray[np.float64] | None:
    """Return the unit vector of an axis across the beam, None for an axis along it."""
    b, a = np.array(beam), np.array(axis)
    rest = a - (a @ b) * b
    length = float(np.sqrt(rest @ rest))
    return rest / length if length > ALONG else None


def _triad(frame: ReferenceFrame) -> NDArray[np.float64]:
    """Return beam, spindle across it, and their product as columns."""
    across = _across(frame.beam, frame.spindle)
    if across is None:
        raise InputError("the spindle lies along the beam: no frame follows; give another axis")
    return np.stack([np.array(frame.beam), across, np.cross(frame.beam, across)], axis=1)
