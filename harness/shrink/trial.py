"""Tries command lines: what each comes to and why, once; the journal remembers it for the next run."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import IO, Any

from harness.fuzz.bench import FuzzBench
from harness.fuzz.case import FuzzCase
from harness.fuzz.cause import WITHOUT, cause_of, explained_by_rounding
from harness.fuzz.outcome import FINDINGS, RAN, Came, outcome_of
from harness.journal import note
from harness.shrink.items import pixel_of
from harness.shrink.outputs import FailingOutput, compared_outputs, failing_parts
from harness.sides import SIDES

LEAST_WORK = 60_000.0
"""Evaluations that a trial may have, even where the first command line had fewer."""
NO_CAUSE = ""
TOO_MUCH = "too much work"
FIRST_PIXEL = (0, 0)


@dataclass(frozen=True)
class Tried:
    """What a command line came to, the first causal tap (empty for none), and the worst pixel."""

    came: str
    cause: str = NO_CAUSE
    pixel: tuple[int, int] | None = None

    def same(self, other: Tried) -> bool:
        """Tell whether another command line fails the same way: verdict and cause."""
        return (self.came, self.cause) == (other.came, other.cause)

    @property
    def fails(self) -> bool:
        """Tell whether the programs disagree."""
        return self.came in {came.value for came in FINDINGS}

    @property
    def passes(self) -> bool:
        """Tell whether the programs agree on an image."""
        return self.came in {Came.AGREED.value, Came.FLAT.value}


class OutOfTimeError(Exception):
    """The time for trials is used up."""


@dataclass
class Trials:
    """The trials of one shrinking.

    `end` is the monotonic time after which none is begun; `most` the evaluations that one may have; `wanted`
    the outcome that counts as the same failure, once it is known. `look`: the traces of one pixel decide, not
    the images; (slow, fast) of it where the command line does not compute one pixel only. `outputs`: a part
    of an output decides.
    """

    bench: FuzzBench
    journal: IO[bytes]
    known: dict[str, Tried]
    end: float = float("inf")
    most: float = float("inf")
    wanted: Tried | None = None
    look: tuple[int, int] | None = None
    outputs: FailingOutput | None = None
    made: int = 0
    cases: dict[str, FuzzCase] = field(default_factory=dict)

    def try_out(self, case: FuzzCase) -> Tried:
        """Return what a command line comes to.

        Raises:
            OutOfTimeError: if no time is left for a run.
        """
        key = case.digest
        self.cases[key] = case
        if key not in self.known:
            if time.monotonic() > self.end:
                raise OutOfTimeError
            self.known[key] = self._run(case)
            self.made += 1
            self._note(key, self.known[key])
        return self.known[key]

    def holds(self, case: FuzzCase) -> bool:
        """Tell whether a command line fails in the same way as the first one."""
        return self.wanted is not None and self.try_out(case).same(self.wanted)

    def _run(self, case: FuzzCase) -> Tried:
        if self.bench.evaluations(case) > self.most:
            return Tried(TOO_MUCH)
        if self.look is not None:
            return self._traced(case, pixel_of(case.words) or self.look)
        if self.outputs is not None:
            return self._outputs(case, self.outputs)
        quick = self.wanted is not None and self.wanted.came == Came.IMAGE.value
        more = WITHOUT if quick else ()
        first = self.bench.run(case, SIDES[0], *more)
        if quick and first.status != 0:
            return Tried(Came.REFUSED.value)
        runs = {SIDES[0]: first, SIDES[1]: self.bench.run(case, SIDES[1], *more)}
        outcome = outcome_of(case, runs)
        if outcome.worst is None or outcome.came not in FINDINGS:
            return Tried(outcome.came.value)
        if explained_by_rounding(self.bench, case, outcome):
            return Tried(Came.AGREED.value)
        pixel = pixel_of(case.words) or outcome.worst
        return Tried(outcome.came.value, cause_of(self.bench, case, pixel).tap, pixel)

    def _traced(self, case: FuzzCase, pixel: tuple[int, int]) -> Tried:
        """Return what the traces of a pixel come to; of a smaller detector, those of its first pixel."""
        found = cause_of(self.bench, case, pixel)
        if found.unknown and pixel != FIRST_PIXEL:
            pixel, found = FIRST_PIXEL, cause_of(self.bench, case, FIRST_PIXEL)
        if found.unknown:
            return Tried(Came.REFUSED.value)
        return Tried(Came.TRACE.value, found.tap, pixel) if found.taps else Tried(Came.AGREED.value)

    def _outputs(self, case: FuzzCase, asked: FailingOutput) -> Tried:
        """Return whether the part of an output fails that is to; of several, the one that failed at first."""
        runs = self.bench.pair(case)
        outcome = outcome_of(case, runs)
        if outcome.came not in (*RAN, Came.OUTPUT):
            return Tried(outcome.came.value)
        parts = failing_parts(compared_outputs(self.bench, case, runs, asked.request))
        wanted = asked.part or (self.wanted.cause if self.wanted is not None else None)
        if wanted is None and parts:
            return Tried(Came.OUTPUT.value, parts[0])
        return Tried(Came.OUTPUT.value, wanted or "") if wanted in parts else Tried(Came.AGREED.value)

    def _note(self, key: str, tried: Tried) -> None:
        row = {"digest": key, "came": tried.came, "cause": tried.cause, "pixel": tried.pixel}
        note(self.journal, row)


def tried_row(item: Any) -> tuple[str, Tried]:
    """Return digest and outcome of a line of the journal.

    Raises:
        KeyError: if a field is missing.
        TypeError: if the line is no row.
        IndexError: if the pixel lacks a number.
    """
    pixel = None if item["pixel"] is None else (int(item["pixel"][0]), int(item["pixel"][1]))
    return str(item["digest"]), Tried(str(item["came"]), str(item["cause"]), pixel)
