"""What `nb-gradients` shows and writes."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from harness.bundle import HASHES, files_below
from harness.files import json_text, sha256_lines, write_whole
from harness.gradient_estimate import Estimate, Judged
from harness.gradient_sides import Objective, Slope
from harness.gradient_table import Place
from harness.programs import Program
from harness.verdict import Verdict, Word

SCHEMA = "nb-gradients 1"
STYLE = {Word.PASS: "green", Word.FAIL: "bold red", Word.NOT_COMPARABLE: "yellow"}


@dataclass(frozen=True)
class Row:
    """The comparison of one parameter; a slope that could not be had is None."""

    place: Place
    slope: Slope | None
    estimate: Estimate | None
    judged: Judged

    @property
    def difference(self) -> float | None:
        """Return |autograd - estimate| over the larger of both, None where there is none."""
        if self.slope is None or self.estimate is None:
            return None
        size = max(abs(self.slope.value), abs(self.estimate.value))
        return abs(self.slope.value - self.estimate.value) / size if size > 0.0 else None

    def facts(self) -> dict[str, Any]:
        """Return the row as plain data."""
        component = self.place.component
        return {
            "parameter": component.name,
            "option": component.option,
            "index": component.index,
            "unit": component.unit,
            "value": self.place.value,
            "autograd": _finite(self.slope.value if self.slope else None),
            "chain_rule_error": _finite(self.slope.error if self.slope else None),
            "estimate": _finite(self.estimate.value if self.estimate else None),
            "uncertainty": _finite(self.estimate.uncertainty if self.estimate else None),
            "narrowest_difference": _finite(self.estimate.width if self.estimate else None),
            "relative_difference": _finite(self.difference),
            "verdict": self.judged.word.value,
            "reason": self.judged.reason,
        }


@dataclass(frozen=True)
class Report:
    """All parameters of a command line; objective_values: of the first program and of the simulator."""

    rows: tuple[Row, ...]
    first: Program
    mode: str
    objective: Objective
    objective_values: tuple[float, float]
    command: tuple[str, ...]
    notes: tuple[str, ...]
    all_asked: bool

    def count(self, word: Word) -> int:
        """Return how many parameters have a verdict."""
        return sum(row.judged.word is word for row in self.rows)

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
        if left and self.all_asked:
            return Verdict(Word.NOT_COMPARABLE, (f"asked for, but not compared: {', '.join(left)}",))
        return Verdict(Word.PASS)

    def facts(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict.word.value,
            "reasons": list(self.verdict.reasons),
            "agree": self.count(Word.PASS),
            "differ": self.count(Word.FAIL),
            "not_compared": self.count(Word.NOT_COMPARABLE),
            "parity_mode": self.mode,
            "first_program": {"title": self.first.title, **self.first.provenance},
            "command": list(self.command),
            "objective": self.objective.facts(),
            "objective_first": _finite(self.objective_values[0]),
            "objective_simulator": _finite(self.objective_values[1]),
            "parameters": [row.facts() for row in self.rows],
            "notes": list(self.notes),
        }


def write_report(folder: Path, report: Report, environment: Mapping[str, Any], argv: Sequence[str]) -> None:
    """Write the files of a comparison into a folder, their hashes last."""
    write_whole(folder / "gradients.json", json_text(report.facts()))
    write_whole(folder / "env.json", json_text(environment))
    lines = (shlex.join(argv), shlex.join((*report.first.words, *report.command)))
    write_whole(folder / "commands.txt", "".join(f"{line}\n" for line in lines))
    write_whole(folder / HASHES, sha256_lines(folder, files_below(folder)))


def gradient_table(report: Report, place: str) -> Table:
    """Return the table that is shown on a terminal; place: where the files lie."""
    verdict = report.verdict
    counts = f"{report.count(Word.PASS)} of {len(report.rows)} agree, {report.count(Word.FAIL)} differ"
    table = Table(title=f"nb-gradients: {verdict.word.value} ({counts})", title_style=STYLE[verdict.word])
    table.add_column("parameter")
    for heading in ("value", "autograd", "estimate", "uncertainty", "difference"):
        table.add_column(heading, justify="right")
    table.add_column("verdict", overflow="fold")
    for row in report.rows:
        table.add_row(*_cells(row))
    pixels, first = len(report.objective.pixels), report.first.title
    table.caption = (
        f"d(weighted photons of {pixels} pixels)/d(option), {report.mode}; "
        f"estimate: differences of the {first}\n"
        f"uncertainty and difference relative to the slope; files in {place}"
    )
    return table


def _cells(row: Row) -> tuple[Text, ...]:
    component, judged = row.place.component, row.judged
    verdict = f"{judged.word.value}: {judged.reason}" if judged.reason else judged.word.value
    uncertain = None
    if row.slope and row.estimate and row.difference is not None:
        uncertain = row.estimate.uncertainty / max(abs(row.estimate.value), abs(row.slope.value))
    return (
        Text(component.name),
        Text(f"{row.place.value:.9g} {component.unit}".strip()),
        Text(_figure(row.slope.value if row.slope else None, 9)),
        Text(_figure(row.estimate.value if row.estimate else None, 9)),
        Text(_figure(uncertain, 2)),
        Text(_figure(row.difference, 2)),
        Text(verdict, style=STYLE[judged.word]),
    )


def _figure(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}g}"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
