"""What a relation is: command lines made from a base, and what must be equal among their images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import FloatImage, Reals
from harness.errors import HarnessError, UsageError
from harness.invariants.relations.command_line import CommandLine
from harness.programs.run_config import resolved

if TYPE_CHECKING:
    from simulator import RunConfig

BASE = "base"
"""Key of the unchanged command line among those of a relation."""
ONLY = "only "
"""Begins the key of a command line that makes a part of a change."""


class InconclusiveError(HarnessError):
    """The images of a relation are such that it says nothing."""


class Sameness(StrEnum):
    """How equal two sides must be."""

    BITS = "bit for bit"
    OWN = "within the floor of each pixel"
    SUM = "within the floor of the terms that are summed"
    STATED = "within a stated bound"


@dataclass(frozen=True)
class Images:
    """What a command line gave: float image [slow, fast], counts of the SMV image, and those of the noise."""

    photons: Reals
    counts: Reals
    noise: Reals | None = None


@dataclass(frozen=True)
class Equality:
    """Two arrays that must be equal, in parts of `scale`.

    scale: the sum of the magnitudes of the terms, None for the larger side.
    """

    left: Reals
    right: Reals
    scale: Reals | None = None


@dataclass(frozen=True, eq=False)
class Situation:
    """A base command line with what is known of it.

    kind: of the program. mode: the parity mode it is told. folder: where the made files of the base lie.
    """

    name: str
    base: CommandLine
    kind: str
    mode: str
    folder: Path

    @cached_property
    def config(self) -> RunConfig | None:
        """Return what the base means to the simulator, None where it refuses it."""
        try:
            return resolved(("--parity-mode", self.mode, *self.base.words), self.folder)
        except UsageError:
            return None

    @property
    def meaning(self) -> RunConfig:
        """Return what the base means; relations that ask for it need `is_understood`."""
        assert self.config is not None
        return self.config


Need = Callable[[Situation], str]
"""Gives the reason why a relation does not apply, nothing where it does."""
LinesByName = Mapping[str, CommandLine]
Made = Mapping[str, Images]


@dataclass(frozen=True)
class Relation:
    """One relation.

    Attributes:
        id, holds, source: its name, what must hold, and the section of the specification that says so.
        sameness, bound: how equal both sides must be, and the bound, relative, where it is `STATED`.
        lines: the command lines that it makes, by a word for each; the base stands among them as `BASE`. A
            line called `ONLY` ... makes a part of the change and must give another image, so that a program
            which ignores all of it cannot pass.
        equalities: what must be equal among the images.
        needs: why it may not apply.
        quirks: of the registry, those that break it where they are on.
        own: it has command lines of its own, and is tried once, whatever the base.
        on: the built-in bases that it is tried on, all where none is named.
    """

    id: str
    holds: str
    source: str
    sameness: Sameness
    lines: Callable[[Situation], LinesByName]
    equalities: Callable[[Situation, Made], Sequence[Equality]]
    needs: tuple[Need, ...] = ()
    quirks: tuple[str, ...] = ()
    bound: float = 0.0
    own: bool = False
    on: tuple[str, ...] = ()

    def is_tried_on(self, name: str, every: bool) -> bool:
        """Tell whether it is tried on a built-in base: those it names, or every one where it names none."""
        return every or not self.on or name in self.on

    def not_applicable(self, situation: Situation) -> str:
        """Return why it does not apply, nothing where it does."""
        return next((why for need in self.needs if (why := need(situation))), "")

    def all_lines(self, situation: Situation) -> LinesByName:
        """Return the command lines with the base among them, unless they are the relation's own."""
        return self.lines(situation) if self.own else {BASE: situation.base, **self.lines(situation)}


def same(factor: float = 1.0) -> Callable[[Situation, Made], list[Equality]]:
    """Return what says that every image is the base's times a factor, but those that must differ only."""
    return lambda _s, made: [
        Equality(made[BASE].photons * factor, made[name].photons)
        for name in made
        if name != BASE and not name.startswith(ONLY)
    ]


def sum_and_size(*terms: Reals) -> tuple[Reals, Reals]:
    """Return the sum of terms and that of their magnitudes."""
    total, size = np.zeros_like(terms[0]), np.zeros_like(terms[0])
    for term in terms:
        total, size = total + term, size + np.abs(term)
    return total, size


def sum_is(whole: Reals, *terms: Reals) -> Equality:
    """Return that an array is the sum of others."""
    total, size = sum_and_size(*terms)
    return Equality(whole, total, np.abs(whole) + size)


def at_least(larger: Reals, smaller: Reals) -> Equality:
    """Return that one array is nowhere below another."""
    return Equality(np.minimum(larger, smaller), smaller, np.abs(larger) + np.abs(smaller))


def one(value: float) -> Reals:
    """Return a number as an array of one pixel."""
    return np.full((1, 1), value)


def real(image: FloatImage) -> Reals:
    """Return a float image in double precision."""
    return image.astype(np.float64)


def having(*names: str) -> Need:
    """Return the need of at least one of some options."""
    return lambda s: "" if s.base.has(*names) else f"needs {' or '.join(names)}"


def lacking(*names: str) -> Need:
    """Return the need that none of some options is given."""
    return lambda s: next((f"not with {name}" for name in names if s.base.has(name)), "")


def is_understood(s: Situation) -> str:
    """Return why a base has no known meaning."""
    return "" if s.config is not None else "the simulator's reader refuses the command line"
