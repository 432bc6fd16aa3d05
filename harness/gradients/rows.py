"""What a comparison of gradients found, as plain data that can be written, read back and judged again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from harness.gradients.estimate import (
    AGREEMENT,
    NO_EFFECT,
    Ends,
    Estimate,
    Judged,
    ObjectiveValue,
    best_estimate,
    judge_slope,
)
from harness.gradients.table import BY_NAME, Place
from harness.store.schema import GRADIENTS_SCHEMA
from harness.verdict import Verdict
from system_io.verdict_words import EXIT_STATUS, Word

IGNORED = "both programs ignore it here: other options or the parity mode decide in its place"


@dataclass(frozen=True)
class Term:
    """The part of one parameter of the simulator in a slope: sum of (dI/dp) (dp/dx), and the error of it."""

    value: float
    error: float


@dataclass(frozen=True)
class Slope:
    """d(objective)/d(option) of the simulator by the chain rule, a term for each parameter that follows."""

    terms: Mapping[str, Term]

    @property
    def value(self) -> float:
        """Return the slope."""
        return math.fsum(term.value for term in self.terms.values())

    @property
    def error(self) -> float:
        """Return the error of the chain rule's second factors."""
        return math.fsum(term.error for term in self.terms.values())


@dataclass(frozen=True)
class GradientRow:
    """The comparison of one option: both slopes as far as they could be had, else the refusal in words."""

    place: Place
    slope: Slope | None
    ends: tuple[Ends, ...]
    middle: ObjectiveValue
    """The objective of the first program at the value itself."""
    refusal: str = ""

    @cached_property
    def estimate(self) -> Estimate | None:
        """Return the derivative of the first program; the error of the chain rule is in its uncertainty."""
        if self.slope is None or not self.ends:
            return None
        estimate = best_estimate([pair.sample(self.middle) for pair in self.ends])
        return replace(estimate, uncertainty=estimate.uncertainty + self.slope.error)

    @cached_property
    def judged(self) -> Judged:
        """Return the verdict."""
        if self.slope is None or self.estimate is None:
            return Judged(Word.NOT_COMPARABLE, self.refusal)
        judged = judge_slope(self.slope.value, self.estimate, self.least)
        if judged.word is Word.NOT_COMPARABLE and not self.slope.terms:
            return Judged(judged.word, IGNORED)
        return judged

    @property
    def least(self) -> float:
        """Return the slope whose effect on the objective is its rounding."""
        step = self.place.component.first_step(self.place.value)
        return NO_EFFECT * abs(self.middle.photons) / step

    @property
    def size(self) -> float | None:
        """Return the larger of both slopes, None where there is none."""
        if self.slope is None or self.estimate is None:
            return None
        return max(abs(self.slope.value), abs(self.estimate.value)) or None

    @property
    def difference(self) -> float | None:
        """Return |autograd - estimate| over the larger of both, None where there is none."""
        if self.slope is None or self.estimate is None or self.size is None:
            return None
        return abs(self.slope.value - self.estimate.value) / self.size

    @property
    def uncertainty(self) -> float | None:
        """Return the uncertainty of the estimate over the larger of both slopes."""
        return None if self.estimate is None or self.size is None else self.estimate.uncertainty / self.size

    @property
    def bound(self) -> float | None:
        """Return the largest difference that agrees, over the larger of both slopes."""
        if self.estimate is None or self.size is None:
            return None
        return max(AGREEMENT * abs(self.estimate.value), self.estimate.uncertainty) / self.size

    def facts(self) -> dict[str, Any]:
        """Return the row as plain data: what was measured, then what follows from it."""
        component, slope, estimate = self.place.component, self.slope, self.estimate
        return {
            "parameter": component.name,
            "option": component.option,
            "index": component.index,
            "unit": component.unit,
            "word": self.place.word,
            "value": self.place.value,
            "terms": None if slope is None else {name: [t.value, t.error] for name, t in slope.terms.items()},
            "ends": [_ends_data(pair) for pair in self.ends],
            "refusal": self.refusal,
            "autograd": finite(slope.value if slope else None),
            "chain_rule_error": finite(slope.error if slope else None),
            "estimate": finite(estimate.value if estimate else None),
            "uncertainty": finite(estimate.uncertainty if estimate else None),
            "narrowest_difference": finite(estimate.width if estimate else None),
            "relative_difference": finite(self.difference),
            "relative_bound": finite(self.bound),
            "verdict": self.judged.word.value,
            "reason": self.judged.reason,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any], middle: ObjectiveValue) -> GradientRow:
        """Return the row of what `facts` says was measured.

        Raises:
            KeyError: for an unknown parameter.
        """
        terms = data["terms"]
        slope = None if terms is None else Slope({name: Term(*_number(pair)) for name, pair in terms.items()})
        ends = tuple(
            Ends(*pair[:2], *(ObjectiveValue(*_number(pair[n : n + 2])) for n in (2, 4)))
            for pair in data["ends"]
        )
        place = Place(BY_NAME[data["parameter"]], data["word"], data["value"])
        return cls(place, slope, ends, middle, data["refusal"])


def _ends_data(pair: Ends) -> list[float | None]:
    numbers = (pair.upper.photons, pair.upper.noise, pair.lower.photons, pair.lower.noise)
    return [pair.upper_at, pair.lower_at, *map(finite, numbers)]


def _number(values: Sequence[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]


def finite(value: float | None) -> float | None:
    """Return a number that JSON knows, else None."""
    return value if value is not None and math.isfinite(value) else None


@dataclass(frozen=True)
class GradientReport:
    """All parameters of a command line."""

    rows: tuple[GradientRow, ...]
    middle: ObjectiveValue
    """The objective of the first program."""
    simulated: float
    """The objective of the simulator."""
    about: Mapping[str, Any]
    """What was asked and by whom it was answered (`gradient_job`); its `asked` says whether the
    parameters were named."""

    def count(self, word: Word) -> int:
        """Return how many parameters have a verdict."""
        return sum(row.judged.word is word for row in self.rows)

    @property
    def mode(self) -> str:
        """Return the parity mode."""
        return str(self.about["parity_mode"])

    @property
    def verdict(self) -> Verdict:
        """Return the verdict on all parameters: nothing compared is never a pass."""
        names = {
            word: [row.place.component.name for row in self.rows if row.judged.word is word] for word in Word
        }
        if names[Word.FAIL]:
            return Verdict(Word.FAIL, (f"differ: {', '.join(names[Word.FAIL])}",))
        if not names[Word.PASS]:
            return Verdict(Word.NOT_COMPARABLE, ("no parameter was compared",))
        left = names[Word.NOT_COMPARABLE]
        if left and self.about["asked"] is not None:
            return Verdict(Word.NOT_COMPARABLE, (f"asked for, but not compared: {', '.join(left)}",))
        return Verdict(Word.PASS)

    def facts(self) -> dict[str, Any]:
        """Return the report as plain data, the content of gradients.json."""
        verdict = self.verdict
        return {
            "schema": GRADIENTS_SCHEMA,
            "verdict": verdict.word.value,
            "exit_status": EXIT_STATUS[verdict.word],
            "reasons": list(verdict.reasons),
            "agree": self.count(Word.PASS),
            "differ": self.count(Word.FAIL),
            "not_compared": self.count(Word.NOT_COMPARABLE),
            **self.about,
            "objective_first": [self.middle.photons, self.middle.noise],
            "objective_simulator": finite(self.simulated),
            "parameters": [row.facts() for row in self.rows],
        }


def report_of(data: Mapping[str, Any], about: Sequence[str]) -> GradientReport:
    """Return the report of the content of gradients.json, judged anew.

    Args:
        about: the keys that are not derived.

    Raises:
        KeyError: for an unknown parameter.
    """
    middle = ObjectiveValue(*data["objective_first"])
    rows = tuple(GradientRow.of(row, middle) for row in data["parameters"])
    simulated = _number([data["objective_simulator"]])[0]
    return GradientReport(rows, middle, simulated, {key: data[key] for key in about})
