"""What is told of a judged contract: reasons with their place, a line for each rule, criteria, plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from harness.contract.pixels import PixelJudgement
from harness.contract.rules import PIXELS, QUIRK, TAPS, Contract, DeclaredRule, Mask, Pixel
from harness.contract.tap_records import TapJudgement
from harness.images.compare import ImageComparison
from harness.sides import SIDES
from harness.verdict import Criterion, State
from trace_tools.arrays import Index

HELD_BOUND = "0, bit for bit"
UNUSED = "declared but unused"
MOST_NAMED = 3


@dataclass(frozen=True)
class JudgedContract:
    """The judged parts of a contract; `taps` is None where no traces were compared."""

    contract: Contract
    compared: ImageComparison
    pixels: PixelJudgement
    chosen: Sequence[Pixel]
    taps: TapJudgement | None

    @property
    def undeclared(self) -> Mask:
        """Return the pixels that differ, and that no rule can allow."""
        undecided = self.contract.taps or (self.contract.quirks and self.pixels.quirks is None)
        return np.zeros_like(self.pixels.differ) if undecided else self.pixels.open

    def undeclared_pixels(self) -> list[str]:
        """Return the reason with the first undeclared pixel, none where there is none."""
        places = np.argwhere(self.undeclared)
        if not len(places):
            return []
        slow, fast = self.pixels.place(places[0])
        quirks, why = self.pixels.quirks, ""
        if quirks is not None and quirks.foreign[tuple(places[0])]:
            why = "; a declared quirk changes this pixel, but not to this value"
        return [
            f"undeclared change in {len(places)} of {self.pixels.differ.size} pixels; the first, slow {slow} "
            f"fast {fast}: {self._values(places[0])}{why}"
        ]

    def _values(self, index: Index) -> str:
        images = (self.compared.first, self.compared.second)
        values = [image[tuple(index)] for image in images if image is not None]
        return ", ".join(
            f"{side} {value:.9g} (bits {int(value.view(np.uint32)):08x})"
            for side, value in zip(SIDES, values, strict=True)
        )

    def undeclared_taps(self) -> list[str]:
        """Return the reason with the first undeclared tap, none where there is none."""
        if self.taps is None or not self.taps.undeclared:
            return []
        names = self.taps.undeclared
        return [
            f"undeclared change of {len(names)} taps ({_named(names)}) in {len(self.chosen)} traced pixels; "
            f"the first, {self.taps.place}"
        ]

    def open_traced(self) -> list[Pixel]:
        """Return the traced pixels that differ, and that only a tap can explain."""
        there = {self.pixels.place(index) for index in np.argwhere(self.pixels.open)}
        return [pixel for pixel in self.chosen if pixel in there]

    def held_to_values(self) -> Mask:
        """Return the pixels whose values are held: to each other, or to what declared quirks make of them."""
        quirks, free = self.pixels.quirks, self.pixels.allowed
        if quirks is not None and not quirks.held:
            free = free | quirks.allowed
        return np.asarray(~free)

    def said(self) -> list[str]:
        """Return what a reader must know of a pass, for the verdict line."""
        size = self.pixels.differ.size
        differ = int(np.count_nonzero(self.pixels.differ))
        said = [f"contract: {size - differ} of {size} pixels equal bit for bit, {differ} differ"]
        by_text: dict[str, list[str]] = {}
        for row in self.rows():
            by_text.setdefault(row["text"], []).append(row["rule"])
        said += [f"{', '.join(rules)}: {text}" for text, rules in by_text.items()]
        images = [image for image in (self.compared.first, self.compared.second) if image is not None]
        odd = int(np.count_nonzero(np.isfinite(images[0]) != np.isfinite(images[1])))
        return [*said, *([f"{odd} pixels are no number on one side only"] if odd else [])]

    def rows(self) -> list[dict[str, Any]]:
        """Return of each rule how many pixels it allows to differ, how many of them do, and words on it."""
        return [self._row(rule) for rule in self.contract.rules]

    def _row(self, rule: DeclaredRule) -> dict[str, Any]:
        declared, used, text = TELLERS[rule.kind](self, rule)
        return {"rule": rule.text, "declared": declared, "used": used, "text": text}

    def criteria(self, behind: int) -> tuple[Criterion, ...]:
        """Return the criteria of the contract.

        Args:
            behind: changes behind the last tap that were found.
        """
        if self.contract.taps:
            found = None if self.taps is None else len(self.taps.undeclared) + behind
            return (_criterion("undeclared taps", found),)
        decided = self.pixels.quirks is not None or not self.contract.quirks
        return (_criterion("undeclared pixels", _count(self.undeclared) if decided else None),)

    def data(self, against: Sequence[str]) -> dict[str, Any]:
        """Return all of it as plain data.

        Args:
            against: the reasons for a FAIL, the first place first.
        """
        return {
            "rules": self.rows(),
            "compared": int(self.pixels.differ.size),
            "differ": int(np.count_nonzero(self.pixels.differ)),
            "held": int(np.count_nonzero(self.held_to_values())),
            "undeclared": int(np.count_nonzero(self.undeclared)),
            "traced": [list(pixel) for pixel in self.chosen],
            "undeclared_taps": [] if self.taps is None else list(self.taps.undeclared),
            "first_undeclared": against[0] if against else None,
        }


class Teller(Protocol):
    """Tells of a rule how many pixels it allows to differ, how many of them do, and words on it."""

    def __call__(self, judged: JudgedContract, rule: DeclaredRule) -> tuple[int | None, int, str]:
        """Return declared (None: not counted in pixels), used, text."""


def _of_pixels(judged: JudgedContract, rule: DeclaredRule) -> tuple[int | None, int, str]:
    mask = judged.pixels.by_rule[rule.text]
    declared, used = _count(mask), _count(mask & judged.pixels.differ)
    return declared, used, f"{used} of {declared} declared pixels differ" if used else UNUSED


def _of_quirk(judged: JudgedContract, rule: DeclaredRule) -> tuple[int | None, int, str]:
    quirks = judged.pixels.quirks
    if quirks is None:
        return None, 0, "not decided"
    declared, used = _count(quirks.changed), _count(quirks.allowed & judged.pixels.differ)
    if not declared:
        return 0, 0, f"{UNUSED} in the float image, of which the declared quirks change no pixel"
    text = f"the declared quirks change {declared} pixels, {used} of them differ ({'; '.join(quirks.said)})"
    return declared, used, text if used else f"{UNUSED} ({'; '.join(quirks.said)})"


def _of_taps(judged: JudgedContract, rule: DeclaredRule) -> tuple[int | None, int, str]:
    taps = judged.taps
    if taps is None:
        return None, 0, "not decided"
    differ, explained = _count(judged.pixels.open), len(judged.open_traced())
    equal = len(judged.chosen) - explained
    digits = "" if taps.exact else " (as many digits as are printed)"
    text = (
        f"{explained} of {differ} pixels that differ and {equal} equal ones were traced, "
        f"{taps.records} records of {taps.taps} taps, {taps.held} of them held{digits}; "
        f"{len(taps.differing)} taps differ"
    )
    return None, len(taps.differing), text if taps.differing else f"{UNUSED}: {text}"


TELLERS: Mapping[str, Teller] = {PIXELS: _of_pixels, QUIRK: _of_quirk, TAPS: _of_taps}
"""What is told of a rule, by its kind."""


def _count(mask: Mask) -> int:
    return int(np.count_nonzero(mask))


def _named(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _criterion(name: str, count: int | None) -> Criterion:
    state = State.NOT_COMPARED if count is None else State.FAILED if count else State.HELD
    return Criterion(name, None if count is None else float(count), HELD_BOUND, state, strict_held=not count)
