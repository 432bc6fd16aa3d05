"""A verdict: its word, the criteria that it rests on, and what else was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from system_io.verdict_words import EXIT_STATUS, Word


class State(StrEnum):
    """What became of one criterion."""

    HELD = "held"
    FAILED = "failed"
    NOT_COMPARED = "not compared"
    NOT_ASKED = "no bound"


@dataclass(frozen=True)
class Criterion:
    """One measured quantity against its bound in force, and whether the strict bound holds as well."""

    name: str
    measured: float | None
    bound: str
    state: State
    strict_held: bool


@dataclass(frozen=True)
class Verdict:
    """The judgement: a word, the reasons for anything but PASS, and the criteria it rests on."""

    word: Word
    reasons: tuple[str, ...] = ()
    criteria: tuple[Criterion, ...] = ()

    @property
    def exit_status(self) -> int:
        """Return the exit status that belongs to the word."""
        return EXIT_STATUS[self.word]


@dataclass(frozen=True)
class PairFinding:
    """Something beside the images that a verdict must take into account, and what it may be at best.

    `kind` names the check that found it. A finding with the word PASS is stated and limits nothing.
    """

    kind: str
    word: Word
    reason: str


STRENGTH = (Word.PASS, Word.ROUNDING, Word.LOOSENED, Word.NOT_COMPARABLE, Word.ERROR, Word.FAIL)
"""Which word stands when two are found: a broken bound is a fact whatever else is amiss."""


def limited_verdict(verdict: Verdict, findings: Iterable[PairFinding]) -> Verdict:
    """Return a verdict on images with what was found beside them: the stronger word, and all reasons."""
    against = [finding for finding in findings if finding.word is not Word.PASS]
    if not against or verdict.word is Word.ERROR:
        return verdict
    word = max([verdict.word, *(finding.word for finding in against)], key=STRENGTH.index)
    return replace(verdict, word=word, reasons=(*verdict.reasons, *(finding.reason for finding in against)))
