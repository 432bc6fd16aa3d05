"""Orientations of a crystal from shot to shot: anywhere, or within an angle of the start."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shots.plan.distribution import Distribution, read_distribution
from simulator.units import deg_of_rad, rad_of_deg
from system_io.toml_table import TomlTable

Rotation = NDArray[np.float64]
"""A rotation matrix [3, 3]."""
HALF_TURN_DEG = 180.0
BISECTIONS = 60
ANGLES = 3
UNIFORM = "uniform"


@dataclass(frozen=True)
class Orientation:
    """How crystals lie.

    Attributes:
        kind: a key of `ORIENTATIONS`.
        within_deg: largest angle from the start, of the kind "within_deg".
        numbers: of the angle, or of the three angles about x, y and z.
    """

    kind: str
    within_deg: float = 0.0
    numbers: tuple[Distribution, ...] = ()

    def misset_deg(
        self, start_deg: Sequence[float], shot: int, generator: np.random.Generator
    ) -> tuple[float, float, float]:
        """Return the angles of -misset of a crystal.

        Args:
            start_deg: those of the command line, 0 without.
            shot: its number, from 0.
            generator: of this crystal.

        Source: spec 03 section 3.
        """
        return ORIENTATIONS[self.kind].angles(self, start_deg, shot, generator)

    @property
    def starts(self) -> bool:
        """Whether the start matters."""
        return self.kind in ("within_deg", "angle_deg")

    @property
    def differs(self) -> bool:
        """Whether two crystals of one shot lie differently."""
        return any(one.drawn for one in self.numbers) or self.kind != "misset_deg"


@dataclass(frozen=True)
class OrientationKind:
    """A kind of orientation: its form in a plan, and how the angles are made."""

    form: str
    angles: Callable[[Orientation, Sequence[float], int, np.random.Generator], tuple[float, float, float]]


def rotation_of(misset_deg: Sequence[float]) -> Rotation:
    """Return R = Rz Ry Rx of the angles of -misset.

    Args:
        misset_deg: about the fixed axes x, then y, then z.

    Source: spec 03 section 3.
    """
    x, y, z = (rad_of_deg(angle) for angle in misset_deg)
    turn_x = np.array([[1, 0, 0], [0, math.cos(x), -math.sin(x)], [0, math.sin(x), math.cos(x)]])
    turn_y = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    turn_z = np.array([[math.cos(z), -math.sin(z), 0], [math.sin(z), math.cos(z), 0], [0, 0, 1]])
    return np.asarray(turn_z @ turn_y @ turn_x)


def misset_of(rotation: Rotation) -> tuple[float, float, float]:
    """Return the angles of -misset, in degrees, that make a rotation."""
    x = math.atan2(rotation[2, 1], rotation[2, 2])
    y = math.atan2(-rotation[2, 0], math.hypot(rotation[0, 0], rotation[1, 0]))
    z = math.atan2(rotation[1, 0], rotation[0, 0])
    return deg_of_rad(x), deg_of_rad(y), deg_of_rad(z)


def uniform_rotation(generator: np.random.Generator) -> Rotation:
    """Return a rotation, each as likely as any other: that of four normal numbers taken for a quaternion."""
    return _of_quaternion(generator.standard_normal(4))


def _of_quaternion(quaternion: NDArray[np.float64]) -> Rotation:
    w, x, y, z = quaternion / math.sqrt(float(quaternion @ quaternion))
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def turn_about_any_axis(angle_rad: float, generator: np.random.Generator) -> Rotation:
    """Return a turn by an angle about an axis, each as likely as any other."""
    axis = generator.standard_normal(3)
    axis /= math.sqrt(float(axis @ axis))
    half = angle_rad / 2.0
    return _of_quaternion(np.array([math.cos(half), *(math.sin(half) * axis)]))


def drawn_angle_rad(within_rad: float, generator: np.random.Generator) -> float:
    """Return the angle of a rotation, each as likely as any other whose angle is at most `within_rad`.

    Its share below t is (t - sin t) / (within - sin within).
    """
    wanted = float(generator.random()) * (within_rad - math.sin(within_rad))
    low, high = 0.0, within_rad
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if middle - math.sin(middle) < wanted else (low, middle)
    return 0.5 * (low + high)


def _anywhere(
    _given: Orientation, _start: Sequence[float], _shot: int, generator: np.random.Generator
) -> tuple[float, float, float]:
    return misset_of(uniform_rotation(generator))


def _within(
    given: Orientation, start: Sequence[float], _shot: int, generator: np.random.Generator
) -> tuple[float, float, float]:
    angle = drawn_angle_rad(rad_of_deg(given.within_deg), generator)
    return misset_of(turn_about_any_axis(angle, generator) @ rotation_of(start))


def _turned(
    given: Orientation, start: Sequence[float], shot: int, generator: np.random.Generator
) -> tuple[float, float, float]:
    angle = rad_of_deg(given.numbers[0].value(shot, generator, False))
    return misset_of(turn_about_any_axis(angle, generator) @ rotation_of(start))


def _typed(
    given: Orientation, _start: Sequence[float], shot: int, generator: np.random.Generator
) -> tuple[float, float, float]:
    x, y, z = (one.value(shot, generator, False) for one in given.numbers)
    return x, y, z


ORIENTATIONS: Mapping[str, OrientationKind] = {
    UNIFORM: OrientationKind('"uniform"', _anywhere),
    "within_deg": OrientationKind("{within_deg = largest angle from the start}", _within),
    "angle_deg": OrientationKind("{angle_deg = distribution of the angle from the start}", _turned),
    "misset_deg": OrientationKind("{misset_deg = [x, y, z], a number or a distribution each}", _typed),
}


def read_orientation(table: TomlTable, key: str, shots: int) -> Orientation:
    """Return the orientation that stands at a key.

    Args:
        table: the table that has the key.
        key: of the orientation.
        shots: of the plan.

    Raises:
        UserError: naming place, value, rule and remedy.
    """
    if table.content.get(key) == UNIFORM:
        table.take(key, str)
        return Orientation(UNIFORM)
    if not isinstance(table.content.get(key), dict):
        forms = ", ".join(row.form for row in ORIENTATIONS.values())
        raise table.fault(key, f"is {table.content.get(key)!r:.60}; give one of {forms}")
    inner = table.table(key)
    named = [kind for kind in ORIENTATIONS if kind != UNIFORM and inner.has(kind)]
    inner.may_have(kind for kind in ORIENTATIONS if kind != UNIFORM)
    inner.close()
    if len(named) != 1:
        raise inner.fault("", f"has {len(named)} kinds of orientation; give one of {', '.join(ORIENTATIONS)}")
    return _read_kind(inner, named[0], shots)


def _read_kind(inner: TomlTable, kind: str, shots: int) -> Orientation:
    if kind == "within_deg":
        within = inner.take(kind, float)
        if not 0.0 < within <= HALF_TURN_DEG:
            raise inner.fault(kind, f"is {within:g}, must be above 0 and at most 180; give such an angle")
        return Orientation(kind, within)
    if kind == "angle_deg":
        return Orientation(kind, numbers=(read_distribution(inner, kind, shots),))
    return Orientation(kind, numbers=read_several(inner, kind, ANGLES, shots))


def read_several(table: TomlTable, key: str, count: int, shots: int) -> tuple[Distribution, ...]:
    """Return a list of so many distributions that stands at a key.

    Args:
        table: the table that has the key.
        key: of the list.
        count: of its distributions.
        shots: of the plan.

    Raises:
        UserError: naming place, value, rule and remedy.
    """
    found = table.take(key, list)
    if len(found) != count:
        raise table.fault(
            key, f"has {len(found)} entries, must have {count}; give a number or distribution each"
        )
    inner = TomlTable({str(n): one for n, one in enumerate(found)}, f"{table.where}.{key}", table.error)
    return tuple(read_distribution(inner, str(n), shots) for n in range(count))
