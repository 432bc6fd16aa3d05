"""What `nb-gradients` shows and writes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from harness.files import sha256_lines, write_text_file
from harness.gradients.rows import GradientReport, GradientRow
from harness.kept.runs import kept_note
from harness.probing.match import Match
from harness.shown import Shown
from harness.store.bundle import files_below
from harness.store.names import GRADIENTS, HASHES
from harness.store.schema import check_gradients
from system_io.shell import shell_text
from system_io.shown import json_text, printable
from system_io.verdict_words import Word

STYLE = {Word.PASS: "green", Word.FAIL: "bold red", Word.NOT_COMPARABLE: "yellow"}


def write_gradients(
    folder: Path, report: GradientReport, environment: Mapping[str, Any], command: Sequence[str]
) -> None:
    """Write the files of a comparison into an empty folder, their hashes last.

    Args:
        folder: where they go.
        report: what was compared.
        environment: machine and Python (`describe_environment`).
        command: the words of the command that made the comparison.
    """
    facts = report.facts()
    check_gradients(facts, GRADIENTS)
    write_text_file(folder / GRADIENTS, json_text(facts))
    write_text_file(folder / "env.json", json_text({**environment, "programs": report.about["programs"]}))
    write_text_file(folder / "commands.txt", gradient_commands(report.about, command))
    write_text_file(folder / HASHES, sha256_lines(folder, files_below(folder)))


def gradient_commands(about: Mapping[str, Any], command: Sequence[str]) -> str:
    """Return the commands for copying; about: what was asked, as gradients.json has it."""
    lines = ["# the comparison, called in " + printable(shlex.quote(about["caller"])), shell_text(command)]
    lines += [
        f"# {about['programs']['c']['title']}, in an empty directory, at the values themselves",
        shell_text(about["command"]),
    ]
    lines += [f"# input {item['sha256']}  {printable(item['path'])}" for item in about["inputs"]]
    return "\n".join(lines) + "\n"


def shown_gradients(report: GradientReport, place: str) -> Shown:
    """Return what is printed below the table; place: where the files lie."""
    counts = f"{report.count(Word.PASS)} of {len(report.rows)} agree, {report.count(Word.FAIL)} differ"
    lines = [f"reason: {reason}" for reason in report.verdict.reasons]
    match = Match.of(report.about["settings"].get("matched"))
    if match is not None:
        lines += [f"note: {text}" for text in (match.statement, *match.notes, *match.faults)]
    kept = report.about["settings"].get("kept")
    if kept is not None and kept["kept"]:
        title = report.about["programs"]["c"]["title"]
        lines.append(f"note: {kept_note(title, [kept['first'], kept['last']], kept['kept'], kept['runs'])}")
    return Shown("nb-gradients", report.verdict.word.value, counts, (), lines, place)


def gradient_table(report: GradientReport) -> Table:
    """Return the table that is shown on a terminal."""
    table = Table()
    table.add_column("parameter", no_wrap=True)
    for heading in ("value", "autograd", "estimate", "uncertainty", "difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", overflow="fold", min_width=len("verdict"))
    for row in report.rows:
        table.add_row(*_cells(row))
    pixels, first = len(report.about["objective"]["weights"]), report.about["programs"]["c"]["title"]
    table.caption = Text(
        f"d(weighted photons of {pixels} pixels)/d(option), {report.mode}; "
        f"estimate: differences of the {first}\n"
        f"uncertainty and difference relative to the slope"
    )
    return table


def _cells(row: GradientRow) -> tuple[Text, ...]:
    component, judged = row.place.component, row.judged
    verdict = f"{judged.word.value}: {judged.reason}" if judged.reason else judged.word.value
    return (
        Text(component.name),
        Text(f"{row.place.value:.9g} {component.unit}".strip()),
        Text(_figure(row.slope.value if row.slope else None, 9)),
        Text(_figure(row.estimate.value if row.estimate else None, 9)),
        Text(_figure(row.uncertainty, 2)),
        Text(_figure(row.difference, 2)),
        Text(printable(verdict), style=STYLE[judged.word]),
    )


def _figure(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}g}"
