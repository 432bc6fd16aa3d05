"""Where a formula is evaluated: the record's place in the loops, its inputs, and the options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from harness.proof.balls import Real, Rounding
from harness.proof.space import Balls
from simulator.config import RunConfig


class NotProvableError(Exception):
    """Nothing can be proven of a record; the message says why."""


class FormulaPlace(Protocol):
    """What a formula may ask for; an input that the trace does not have raises `NotProvableError`."""

    by: Rounding
    config: RunConfig
    turn: Mapping[str, int]
    """The loop counters of the record."""

    def vec(self, tap: str) -> Balls:
        """Return the values of an input tap."""

    def one(self, tap: str) -> Real:
        """Return the only value of an input tap."""

    def number(self, tap: str) -> float:
        """Return the printed number of an input tap."""

    def numbers(self, tap: str) -> tuple[float, ...]:
        """Return the printed numbers of an input tap."""

    def word(self, tap: str) -> str:
        """Return the word of an input tap."""

    def every(self, tap: str) -> Sequence[Balls]:
        """Return the values of all records of a tap so far: of the set-up, or of the pixel."""

    def before(self, *same: str) -> Balls | None:
        """Return the record before of the same tap with the same loop counters, None without."""


def quirk(place: FormulaPlace, name: str) -> bool:
    """Tell whether a quirk is on."""
    return name in place.config.quirks
