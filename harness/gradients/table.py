"""The parameters of `nb-gradients`: components of nanoBragg options and their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ProgramError, UsageError
from harness.programs.arguments import PreparedArguments, prepare_arguments
from harness.programs.programs import Program
from simulator.command_line.option_table import BY_SPELLING
from simulator.command_line.options import parse
from simulator.errors import InputError

AXES = ("x", "y", "z")
CELL = ("a", "b", "c", "alpha", "beta", "gamma")


@dataclass(frozen=True)
class Component:
    """One number of one option."""

    name: str
    """As the user says it."""
    option: str
    """Canonical spelling."""
    index: int
    """Which of its values."""
    least: float
    """Least first step, in the option's unit."""
    part: float
    """First step as a fraction of the value."""
    positive: bool = False
    """Whether the value and its neighbours must stay above 0."""

    @property
    def unit(self) -> str:
        """Return the unit in which the option is typed, empty for a pure number."""
        units = BY_SPELLING[self.option].unit.split(", ")
        return units[0] if self.index < len(AXES) else units[-1]

    def first_step(self, value: float) -> float:
        """Return the largest step of the differences at a value, in the option's unit."""
        step = max(self.least, self.part * abs(value))
        return min(step, abs(value) / 4.0) if self.positive else step


@dataclass(frozen=True)
class Place:
    """A component of a command line: which word it is, and its value."""

    component: Component
    word: int
    value: float

    def moved(self, words: Sequence[str], value: float) -> list[str]:
        """Return the command line with another value of this component, exact to the last bit."""
        moved = list(words)
        moved[self.word] = repr(value)
        return moved


def _single(option: str, least: float, part: float, positive: bool = False, name: str = "") -> Component:
    return Component(name or option.lstrip("-"), option, 0, least, part, positive)


def _vector(option: str, least: float, name: str = "") -> tuple[Component, ...]:
    stem = name or option.lstrip("-")
    return tuple(Component(f"{stem}.{axis}", option, n, least, 0.0) for n, axis in enumerate(AXES))


TURN_DEG, SHIFT, TILT = 0.05, 1.0 / 256.0, 1.0 / 512.0
COMPONENTS: tuple[Component, ...] = (
    *(
        Component(f"cell.{name}", "-cell", n, 0.0, SHIFT if n < 3 else TILT, positive=True)
        for n, name in enumerate(CELL)
    ),
    *_vector("-misset", TURN_DEG),
    _single("-mosaic", 0.0, 0.25, True),
    *_vector("-spindle_axis", 0.25, "spindle"),
    _single("-phi", TURN_DEG, 0.0),
    _single("-osc", 0.0, 0.25, True),
    _single("-phistep", 0.0, 0.25, True),
    _single("-fudge", 0.0, 0.125, True),
    _single("-lambda", 0.0, SHIFT, True),
    _single("-energy", 0.0, SHIFT, True),
    _single("-dispersion", 0.0, 0.25, True),
    _single("-divergence", 0.0, 0.25, True),
    _single("-hdivrange", 0.0, 0.25, True),
    _single("-vdivrange", 0.0, 0.25, True),
    _single("-hdivstep", 0.0, 0.125, True),
    _single("-vdivstep", 0.0, 0.125, True),
    _single("-fluence", 0.0, 0.25, True),
    _single("-flux", 0.0, 0.25, True),
    _single("-exposure", 0.0, 0.25, True),
    _single("-beamsize", 0.0, 0.125, True),
    _single("-polar", 0.125, 0.0),
    *_vector("-beam_vector", TILT),
    *_vector("-polar_vector", 0.125),
    _single("-water", 0.0, 0.25, True),
    _single("-default_F", 0.0, 0.25, True),
    _single("-distance", 0.0, SHIFT, True),
    _single("-close_distance", 0.0, SHIFT, True),
    _single("-pixel", 0.0, SHIFT, True),
    _single("-Xbeam", 0.25, 0.0),
    _single("-Ybeam", 0.25, 0.0),
    _single("-Xclose", 0.25, 0.0),
    _single("-Yclose", 0.25, 0.0),
    _single("-ORGX", 1.0, 0.0),
    _single("-ORGY", 1.0, 0.0),
    *_vector("-fdet_vector", TILT),
    *_vector("-sdet_vector", TILT),
    *_vector("-odet_vector", TILT),
    *_vector("-twotheta_axis", 0.125),
    *_vector("-pix0_vector", 1.0 / 4096.0, "pix0"),
    *_vector("-pix0_vector_mm", 0.25, "pix0_mm"),
    _single("-twotheta", TURN_DEG, 0.0),
    _single("-detector_rotx", TURN_DEG, 0.0, name="rotx"),
    _single("-detector_roty", TURN_DEG, 0.0, name="roty"),
    _single("-detector_rotz", TURN_DEG, 0.0, name="rotz"),
    _single("-detector_abs", 0.0, 0.125, True, name="abs"),
    _single("-detector_thick", 0.0, 0.125, True, name="thick"),
)
BY_NAME = {component.name: component for component in COMPONENTS}


def find_places(words: Sequence[str]) -> list[Place]:
    """Return the components that a command line types, the last of a repeated option, in the table's order.

    Raises:
        UsageError: for a command line that cannot be parsed.
    """
    try:
        given = parse(words).given
    except InputError as error:
        raise UsageError(str(error)) from error
    found: dict[str, Place] = {}
    position = 0
    for item in given:
        for component in COMPONENTS:
            if component.option != item.name:
                continue
            found.pop(component.name, None)
            typed = item.values[component.index : component.index + 1]
            if typed and isinstance(typed[0], float):
                found[component.name] = Place(component, position + 1 + component.index, typed[0])
        position += 1 + len(item.values)
    return [found[name] for name in BY_NAME if name in found]


def differenced_arguments(program: Program, args: Sequence[str], caller: Path) -> PreparedArguments:
    """Return a command line that the first program can be differenced on, for a run in any directory.

    Raises:
        UsageError: it cannot be parsed, or traces.
        ProgramError: the program does not know what is asked.
    """
    prepared = prepare_arguments(args, caller)
    if prepared.traces:
        raise UsageError("the compared command line cannot trace; leave -trace_pixel and -trace_roi out")
    if prepared.has_quirks and program.dialect.quirk_option is None:
        raise ProgramError("the first program knows no quirks; leave --quirk out")
    find_places(prepared.words)
    return prepared


def names_of(text: str | None) -> tuple[str, ...] | None:
    """Return the names that --params lists, each once; None for none.

    Raises:
        UsageError: for an unknown name.
    """
    if text is None:
        return None
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in BY_NAME:
            raise UsageError(f"--params '{name}': unknown; known are {', '.join(BY_NAME)}")
    return names


def choose_parameters(places: Sequence[Place], names: Sequence[str] | None) -> list[Place]:
    """Return the places of these names, all of them for None.

    Raises:
        UsageError: for one that the command line does not type.
    """
    if names is None:
        return list(places)
    there = {place.component.name: place for place in places}
    for name in names:
        if name not in there:
            option = BY_NAME[name].option
            raise UsageError(f"--params '{name}': the command line has no number for it; type {option}")
    return [there[name] for name in names]
