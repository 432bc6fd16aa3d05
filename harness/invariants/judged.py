"""What became of a relation on a base: judged pixel by pixel, by the measure that the relation states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from harness.images.image_floor import floor_of
from harness.images.metrics import FAINTEST_OF_MAX
from harness.invariants.relations.relation import (
    BASE,
    ONLY,
    Equality,
    InconclusiveError,
    LinesByName,
    Made,
    Relation,
    Sameness,
    Situation,
)
from system_io.verdict_words import Word


class Standing(StrEnum):
    """What became of a relation."""

    EXACT = "holds bit for bit"
    FLOOR = "holds within its bound"
    VIOLATED = "violated"
    QUIRK = "violated by a quirk"
    IDLE = "says nothing"
    FAILED = "not run"
    APART = "not applicable"


HOLDING = (Standing.EXACT, Standing.FLOOR)
FOUND = (Standing.VIOLATED, Standing.QUIRK)
WORD_OF_STANDING = {
    Standing.EXACT: Word.PASS,
    Standing.FLOOR: Word.PASS,
    Standing.VIOLATED: Word.FAIL,
    Standing.QUIRK: Word.FAIL,
    Standing.IDLE: Word.NOT_COMPARABLE,
    Standing.FAILED: Word.ERROR,
    Standing.APART: Word.PASS,
}
"""What each stands for in a verdict; that something was compared at all is asked apart."""


@dataclass(frozen=True)
class Deviation:
    """How far two sides differ: pixels outside the bound, the worst in parts of its scale, and its place."""

    outside: int
    pixels: int
    worst: float
    at: tuple[int, int]
    left: float
    right: float
    bits: bool

    def in_words(self) -> str:
        """Return the deviation for a reader."""
        slow, fast = self.at
        return (
            f"{self.outside} of {self.pixels} pixels outside, worst [{slow}, {fast}]: {self.left:.9g} and "
            f"{self.right:.9g}, {self.worst:.3g} of its scale"
        )


@dataclass(frozen=True)
class RelationOutcome:
    """A relation on a base: what became of it, why, and the largest deviation where images were compared.

    quirks: those of the registry that explain a violation. lines: the command lines that were run.
    """

    relation: Relation
    base: str
    standing: Standing
    reason: str = ""
    deviation: Deviation | None = None
    quirks: tuple[str, ...] = ()
    lines: LinesByName = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """Return the outcome as plain data."""
        d = self.deviation
        return {
            "relation": self.relation.id,
            "base": self.base,
            "holds": self.relation.holds,
            "source": self.relation.source,
            "sameness": self.relation.sameness.value,
            "standing": self.standing.value,
            "reason": self.reason,
            "quirks": list(self.quirks),
            "pixels": None if d is None else d.pixels,
            "outside": None if d is None else d.outside,
            "worst": None if d is None else d.worst,
            "worst_at": None if d is None else list(d.at),
        }


def bound_of(relation: Relation, arithmetic: str) -> float:
    """Return the bound of a relation in an arithmetic, 0 for bit for bit."""
    if relation.sameness is Sameness.STATED:
        return relation.bound
    floor = floor_of(arithmetic)
    return 0.0 if relation.sameness is Sameness.BITS and floor.bits else floor.bound


def deviation_of(equality: Equality, bound: float) -> Deviation:
    """Sameness one equality against a bound, relative to its scale; the faintest pixels count as equal."""
    left, right = np.atleast_2d(equality.left), np.atleast_2d(equality.right)
    size = np.maximum(np.abs(left), np.abs(right))
    scale = size if equality.scale is None else np.atleast_2d(equality.scale)
    faintest = FAINTEST_OF_MAX * float(size.max(initial=0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.where(left == right, 0.0, np.abs(left - right) / np.maximum(scale, faintest))
    apart = np.where(np.isfinite(apart), apart, np.inf)
    apart = np.where(size <= faintest, 0.0, apart)
    slow, fast = (int(n) for n in np.unravel_index(int(apart.argmax()), apart.shape))
    return Deviation(
        outside=int(np.count_nonzero(apart > bound)),
        pixels=apart.size,
        worst=float(apart[slow, fast]),
        at=(slow, fast),
        left=float(left[slow, fast]),
        right=float(right[slow, fast]),
        bits=bool((apart == 0.0).all()),
    )


def _together(deviations: Sequence[Deviation]) -> Deviation:
    """Return all deviations as one: the worst, and the pixels of all."""
    worst = max(deviations, key=lambda d: (d.outside > 0, d.worst))
    outside, pixels = (sum(getattr(d, name) for d in deviations) for name in ("outside", "pixels"))
    return replace(worst, outside=outside, pixels=pixels, bits=all(d.bits for d in deviations))


def _blank(made: Made, equalities: Sequence[Equality]) -> str:
    """Return why the images say nothing, nothing where they do."""
    if not all(np.isfinite(image.photons).all() for image in made.values()):
        return "an image holds NaN or infinity"
    if not any(equality.left.any() or equality.right.any() for equality in equalities):
        return "the images are 0 everywhere"
    return ""


def _ignored(made: Made) -> str:
    """Return which part of a change the program ignores, nothing where it ignores none."""
    parts = [name for name in made if name.startswith(ONLY)]
    same = (name for name in parts if np.array_equal(made[name].photons, made[BASE].photons))
    return next((f"'{name}' gives the unchanged image: the program ignores it" for name in same), "")


def judge_relation(relation: Relation, situation: Situation, made: Made, arithmetic: str) -> RelationOutcome:
    """Judge a relation on the images of its command lines.

    Args:
        relation: of the table.
        situation: the base it was tried on.
        made: the image of each of its command lines.
        arithmetic: of the program.
    """
    shapes = {image.photons.shape for image in made.values()}
    try:
        equalities = relation.equalities(situation, made)
    except InconclusiveError as why:
        return RelationOutcome(relation, situation.name, Standing.IDLE, str(why))
    except (ValueError, IndexError):
        if len(shapes) == 1:
            raise
        return RelationOutcome(
            relation, situation.name, Standing.VIOLATED,
            f"the images have shapes that do not go together: {sorted(shapes)}",
        )  # fmt: skip
    if any(equality.left.shape != equality.right.shape for equality in equalities):
        return RelationOutcome(
            relation, situation.name, Standing.VIOLATED, f"the images have the shapes {sorted(shapes)}"
        )
    blank = _blank(made, equalities)
    if blank:
        return RelationOutcome(relation, situation.name, Standing.IDLE, blank)
    bound = bound_of(relation, arithmetic)
    worst = _together([deviation_of(equality, bound) for equality in equalities])
    if worst.outside:
        return RelationOutcome(relation, situation.name, Standing.VIOLATED, worst.in_words(), worst)
    ignored = _ignored(made)
    if ignored:
        return RelationOutcome(relation, situation.name, Standing.IDLE, ignored)
    standing = Standing.EXACT if worst.bits else Standing.FLOOR
    return RelationOutcome(relation, situation.name, standing, "", worst)
