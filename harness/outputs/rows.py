"""What became of each part of an output: a row of the verdict, a finding, plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from harness.outputs.request import FLOAT_NAME, ROWS, OutputRequest
from harness.verdict import Criterion, PairFinding, State, Verdict
from system_io.verdict_words import Word

OUTPUT, COMPARED = "output", "outputs compared"
"""Kinds of findings: about one output, and which outputs were compared."""
NO_BOUND, NONE_APART = "-", "<= 0"
WHOLE = "file"
"""The part of a row about all of an output."""


@dataclass(frozen=True)
class OutputRow:
    """One part of one output, compared.

    Attributes:
        output: name of the output.
        part: what of it: pixels, header, printed, statistics, file.
        unequal: how many differ at all, None where nothing was compared.
        apart: how many of those the float images and the quirks in force do not account for.
        state: held, failed, not compared, or not asked for (no bound).
        word: the best that the verdict can be.
        text: the first difference with both values, or why nothing was compared; may be empty where it held.
    """

    output: str
    part: str
    unequal: int | None
    apart: int | None
    state: State
    word: Word
    text: str

    @property
    def title(self) -> str:
        """Return what a reader is told that this is."""
        what = ROWS[self.output].what
        return what if self.part == WHOLE else f"{what}, {self.part}"

    def criterion(self) -> Criterion:
        """Return the row among the criteria of a verdict: nothing may be apart."""
        bound = NONE_APART if self.apart is not None else NO_BOUND
        measured = None if self.apart is None else float(self.apart)
        return Criterion(self.title, measured, bound, self.state, strict_held=self.state is State.HELD)

    def finding(self) -> PairFinding | None:
        """Return what a verdict must take into account or say beside the coverage, None for nothing."""
        said = self.text and self.state is not State.NOT_ASKED
        return PairFinding(OUTPUT, self.word, f"{self.title}: {self.text}") if said else None


def held(output: str, part: str, unequal: int = 0, text: str = "") -> OutputRow:
    """Return the row of what agrees."""
    return OutputRow(output, part, unequal, 0, State.HELD, Word.PASS, text)


def failed(output: str, part: str, unequal: int, apart: int, text: str) -> OutputRow:
    """Return the row of what differs."""
    return OutputRow(output, part, unequal, apart, State.FAILED, Word.FAIL, text)


def not_compared(output: str, part: str, text: str, word: Word = Word.ERROR) -> OutputRow:
    """Return the row of what could not be compared."""
    return OutputRow(output, part, None, None, State.NOT_COMPARED, word, text)


def not_asked(output: str, why: str) -> OutputRow:
    """Return the row of an output that a command line has no run write."""
    return OutputRow(output, WHOLE, None, None, State.NOT_ASKED, Word.PASS, f"not asked for ({why})")


def output_findings(request: OutputRequest, rows: Sequence[OutputRow]) -> list[PairFinding]:
    """Return what a verdict must take into account of some rows, and say of what was compared."""
    if not rows:
        return []
    found = [finding for row in rows if (finding := row.finding())]
    return [coverage_finding(request, rows), *found]


def with_rows(verdict: Verdict, rows: Sequence[OutputRow]) -> Verdict:
    """Return a verdict with the rows among its criteria."""
    return replace(verdict, criteria=(*verdict.criteria, *(row.criterion() for row in rows)))


def coverage_finding(request: OutputRequest, rows: Sequence[OutputRow]) -> PairFinding:
    """Return in words which outputs were compared and which were not, for the verdict line."""
    off = [f"{row.output} {row.text}" for row in rows if row.state is State.NOT_ASKED]
    lacking = {row.output for row in rows if row.state is State.NOT_COMPARED}
    there = {row.output for row in rows if row.apart is not None} - lacking
    known = [name for name in ROWS if name == FLOAT_NAME or name in there]
    parts = [", ".join(_with_way(name, rows) for name in known), *off]
    parts += [f"{name} not compared" for name in ROWS if name in lacking]
    left_out = [name for name in ROWS if name not in request.names and name != FLOAT_NAME]
    parts += [f"not among --outputs: {', '.join(left_out)}"] if left_out else []
    return PairFinding(COMPARED, Word.PASS, "outputs compared: " + "; ".join(parts))


def _with_way(name: str, rows: Sequence[OutputRow]) -> str:
    parts = {row.part for row in rows if row.output == name}
    return f"{name} (as statistics)" if "statistics" in parts else name


def rows_data(rows: Sequence[OutputRow]) -> list[dict[str, Any]]:
    """Return rows as plain data."""
    return [asdict(row) for row in rows]


def stated_row(data: Mapping[str, Any]) -> OutputRow:
    """Return a row from plain data."""
    return OutputRow(**{**data, "state": State(data["state"]), "word": Word(data["word"])})
