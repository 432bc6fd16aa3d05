"""What is written of an examination: a summary, results for CI, and how to see each violation again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.files import write_text_file
from harness.invariants.examine import Examination
from harness.invariants.judged import FOUND, HOLDING, RelationOutcome, Standing, bound_of
from harness.invariants.runs import Runs
from harness.invariants.verdict_of import InvariantsVerdict
from harness.shown import Shown, ShownRow
from harness.verdict import State
from system_io.shown import json_text

SCHEMA = "nb-invariants 1"
NAME = "nb-invariants"
SUMMARY_NAME = "summary.json"
STATE_OF_STANDING = {
    Standing.EXACT: State.HELD,
    Standing.FLOOR: State.HELD,
    Standing.VIOLATED: State.FAILED,
    Standing.QUIRK: State.FAILED,
    Standing.IDLE: State.NOT_COMPARED,
    Standing.FAILED: State.NOT_COMPARED,
    Standing.APART: State.NOT_ASKED,
}


def stated_summary(
    job: Examination, outcomes: Sequence[RelationOutcome], verdict: InvariantsVerdict, command: Sequence[str]
) -> dict[str, Any]:
    """Return all that is stated, as plain data."""
    return {
        "schema": SCHEMA,
        "command": list(command),
        "verdict": verdict.word.value,
        "exit_status": verdict.exit_status,
        "reasons": list(verdict.reasons),
        "coverage": {"relations": verdict.relations, "tried": verdict.ran, "trials": verdict.trials},
        "program": {"title": job.program.title, "words": list(job.program.words), **job.program.provenance},
        "parity_mode": job.mode_in_force,
        "arithmetic": job.arithmetic,
        "outcomes": [one.facts() | {"bound": bound_of(one.relation, job.arithmetic)} for one in outcomes],
    }


def ci_result(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return a summary in the form that JUnit and Markdown are made from; what does not apply is left out."""
    rows = [
        {
            "name": one["relation"],
            "part": one["base"],
            "measured": one["worst"],
            "published": None,
            "strict": one["bound"],
            "state": STATE_OF_STANDING[Standing(one["standing"])].value,
            "note": one["reason"] or one["standing"],
        }
        for one in summary["outcomes"]
        if one["standing"] != Standing.APART
    ]
    return {
        "title": f"{NAME} {summary['program']['title']} {summary['parity_mode']}",
        "verdict": summary["verdict"],
        "exit_status": summary["exit_status"],
        "reasons": summary["reasons"],
        "figures": rows,
        "first_divergence": None,
        "causal_taps": [],
    }


def write_report(
    folder: Path, summary: Mapping[str, Any], outcomes: Sequence[RelationOutcome], runs: Runs
) -> None:
    """Write the summary, and a folder for each violation: command lines, their input files and images."""
    write_text_file(folder / SUMMARY_NAME, json_text(dict(summary)))
    for outcome in outcomes:
        if outcome.standing in FOUND:
            _write_violation(folder / outcome.relation.id / outcome.base, outcome, runs)


def _write_violation(folder: Path, outcome: RelationOutcome, runs: Runs) -> None:
    folder.mkdir(parents=True)
    text = [
        f"# {outcome.relation.id}: {outcome.relation.holds} (spec {outcome.relation.source})",
        f"# {outcome.reason}",
        "# Run in this folder; the images that were compared lie beside it as 4-byte floats.",
    ]
    for place, (name, line) in enumerate(outcome.lines.items(), 1):
        for file in line.used_files:
            (folder / file).write_bytes(line.files[file])
        image = runs.images[line.key].photons.astype(np.float32)
        image.tofile(folder / f"{place}.bin")
        shown = f"{image.shape[0]} x {image.shape[1]} pixels, slow x fast"
        words = [f"OMP_NUM_THREADS={line.threads}", *runs.command(line)]
        text += ["", f"# {place}.bin: {name}, {shown}", shlex.join(words)]
    write_text_file(folder / "commands.txt", "\n".join([*text, ""]))


def shown_report(
    job: Examination, outcomes: Sequence[RelationOutcome], verdict: InvariantsVerdict, place: str | None
) -> Shown:
    """Return what a person is told: a row for each relation, the worst first."""
    word = verdict.word.value
    line = "; ".join([verdict.coverage, *verdict.reasons[:1]])
    rows = [_row(relation, job) for relation in _by_relation(outcomes)]
    rows.sort(key=lambda row: (row.state != State.FAILED, row.state != State.NOT_COMPARED))
    details = [
        ShownRow(f"{one.relation.id} on {one.base}", one.reason or one.relation.holds, "", one.standing.value)
        for one in outcomes
    ]
    title = f"{job.program.title}, {job.mode_in_force} mode"
    return Shown(NAME, word, f"{title}: {line}", rows, verdict.reasons, place, details)


def _by_relation(outcomes: Sequence[RelationOutcome]) -> list[list[RelationOutcome]]:
    grouped: dict[str, list[RelationOutcome]] = {}
    for outcome in outcomes:
        grouped.setdefault(outcome.relation.id, []).append(outcome)
    return list(grouped.values())


def _row(outcomes: Sequence[RelationOutcome], job: Examination) -> ShownRow:
    """Return the row of a relation: how often it holds, its worst difference, its bound."""
    relation = outcomes[0].relation
    tried = [one.standing for one in outcomes if one.standing is not Standing.APART]
    worst = [one.deviation.worst for one in outcomes if one.deviation is not None]
    value = f"{max(worst):.3g}" if worst else "-"
    states = [STATE_OF_STANDING[standing] for standing in tried]
    order = (State.FAILED, State.NOT_COMPARED, State.HELD)
    state = next((one for one in order if one in states), State.NOT_ASKED)
    bound = bound_of(relation, job.arithmetic)
    held = sum(standing in HOLDING for standing in tried)
    said = f"holds {held} of {len(tried)}" if tried else "not applicable"
    return ShownRow(relation.id, f"{value} {said}", f"<= {bound:.2g}" if bound else "equal", state.value)
