"""The verdict on all relations that were tried: its word, its reasons, and how many of how many ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.invariants.judged import FOUND, HOLDING, WORD_OF_STANDING, RelationOutcome, Standing
from harness.invariants.relations.relation import Relation
from harness.verdict import STRENGTH
from system_io.verdict_words import EXIT_STATUS, Word

MOST_REASONS = 8


@dataclass(frozen=True)
class InvariantsVerdict:
    """The verdict; `ran` of `relations` were tried on some base, `trials` in all."""

    word: Word
    reasons: tuple[str, ...]
    relations: int
    ran: int
    trials: int

    @property
    def exit_status(self) -> int:
        """Return the exit status that belongs to the word."""
        return EXIT_STATUS[self.word]

    @property
    def coverage(self) -> str:
        """Return in words what was tried."""
        return f"{self.ran} of {self.relations} relations tried, {self.trials} times"


def word_of_outcome(outcome: RelationOutcome, accept_quirks: bool) -> Word:
    """Return what one outcome makes of the verdict."""
    if outcome.standing is Standing.QUIRK and accept_quirks:
        return Word.LOOSENED
    return WORD_OF_STANDING[outcome.standing]


def whole_verdict(
    outcomes: Sequence[RelationOutcome], relations: Sequence[Relation], accept_quirks: bool = False
) -> InvariantsVerdict:
    """Return the verdict on all outcomes.

    Args:
        outcomes: of every relation on every base.
        relations: that were asked for.
        accept_quirks: whether a violation that a quirk explains is PASS (LOOSENED).
    """
    tried = [outcome for outcome in outcomes if outcome.standing is not Standing.APART]
    compared = {outcome.relation.id for outcome in tried if outcome.standing in (*HOLDING, *FOUND)}
    word = max(
        (word_of_outcome(outcome, accept_quirks) for outcome in tried),
        key=STRENGTH.index,
        default=Word.NOT_COMPARABLE,
    )
    against = [one for one in tried if word_of_outcome(one, accept_quirks) is not Word.PASS]
    reasons = [f"{one.relation.id} on {one.base}: {one.standing}: {one.reason}" for one in against]
    if len(reasons) > MOST_REASONS:
        reasons = [*reasons[:MOST_REASONS], f"and {len(reasons) - MOST_REASONS} more, see -v or --json"]
    if not tried:
        reasons = ["no relation applies to the command line; --list says what each needs"]
    return InvariantsVerdict(word, tuple(reasons), len(relations), len(compared), len(tried))
