"""Counts of trials: what was killed by what, whose cause was right, and which faults survived."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.faults.fault import BOTH, DRAWN
from harness.trials.summary import TrialRow
from harness.trials.trace_findings import FAILS, RIGHT
from system_io.verdict_words import Word


@dataclass(frozen=True)
class Score:
    """Of single faults, numbers and names of trials.

    `changed`: those whose image is another one; of these `failed` by the image verdict, `rounded` those that
    it calls within rounding and asks for a trace, `traced` those of them that the trace then fails,
    `published` those that fail within the published bounds, and `passed` by name those that it passes.
    `killed` by any check; `causes` counts what the trace verdict blames, `wrong` names all but the right.
    """

    trials: int
    changed: int
    failed: int
    rounded: int
    traced: int
    published: int
    killed: int
    checks: Mapping[str, int]
    criteria: Mapping[str, int]
    causes: Mapping[str, int]
    passed: tuple[str, ...]
    survivors: tuple[str, ...]
    wrong: tuple[str, ...]


def fails(row: TrialRow) -> bool:
    """Tell whether the image verdict failed on a line."""
    return bool(row["image"] == Word.FAIL)


def rounds(row: TrialRow) -> bool:
    """Tell whether the image verdict failed nowhere, and asked for a trace."""
    return bool(row["image"] == Word.ROUNDING)


def trace_fails(row: TrialRow) -> bool:
    """Tell whether the trace verdict failed."""
    return row["trace"] is not None and row["trace"]["verdict"] == FAILS


def trial_name(row: TrialRow) -> str:
    """Return fault and program in words."""
    return f"`{row['fault']}` ({row['side']})"


def single_faults(rows: Iterable[TrialRow]) -> list[TrialRow]:
    """Return the trials of the tables' faults that one program has."""
    return [row for row in rows if row["side"] != BOTH and not row["fault"].startswith(DRAWN)]


def drawn(rows: Iterable[TrialRow]) -> list[TrialRow]:
    """Return the trials of faults that a seed drew."""
    return [row for row in rows if row["fault"].startswith(DRAWN)]


def shared(rows: Iterable[TrialRow]) -> list[TrialRow]:
    """Return the trials of faults that both programs have."""
    return [row for row in rows if row["side"] == BOTH]


def score_of(rows: Sequence[TrialRow]) -> Score:
    """Count trials of single faults."""
    moved = [row for row in rows if row["changed"]]

    def count(holds: Callable[[TrialRow], bool]) -> int:
        return sum(map(holds, moved))

    traced = [row for row in rows if trace_fails(row)]
    return Score(
        trials=len(rows),
        changed=len(moved),
        failed=count(fails),
        rounded=count(rounds),
        traced=count(lambda row: rounds(row) and trace_fails(row)),
        published=count(lambda row: bool(row["published"])),
        killed=sum(bool(row["killed_by"]) for row in rows),
        checks=Counter(name for row in rows for name in row["killed_by"]),
        criteria=Counter(name for row in rows for name in row["criteria"]),
        causes=Counter(str(row["trace"]["cause"]) for row in traced),
        passed=tuple(trial_name(row) for row in moved if not fails(row) and not rounds(row)),
        survivors=tuple(trial_name(row) for row in rows if not row["killed_by"]),
        wrong=tuple(trial_name(row) for row in traced if row["trace"]["cause"] != RIGHT),
    )
