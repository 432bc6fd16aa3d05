"""Runs a comparison of gradients again and says which of its figures come out as recorded."""

from __future__ import annotations

from harness.errors import BundleError
from harness.gradients.bundle import GradientPart
from harness.gradients.job import GradientJob, run_gradients
from harness.gradients.objective import Objective
from harness.gradients.rows import GradientRow
from harness.probing.match import Match
from harness.recorded.rerun import Chosen, Inputs, Replayed, changed_program, time_limit_s
from harness.store.stated import RELATIVE_SLACK
from system_io.verdict_words import Word

FIGURES = ("autograd", "estimate", "uncertainty", "verdict")
RUNS = ("terms", "ends", "refusal")


def replay_gradients(part: GradientPart, inputs: Inputs, chosen: Chosen) -> Replayed:
    """Compare the gradients of a folder again, with the recorded objective.

    A figure that is not bitwise the recorded one may differ by rounding (the slope of autograd) or within
    both uncertainties (the estimate); the verdict must be the same.

    Raises:
        BundleError: an input file is nowhere, or another program is to differentiate.
    """
    if chosen.py_bin is not None:
        raise BundleError("gradients are taken in this Python's simulator; leave --py-bin out")
    data = part.data
    program = chosen.program(data["programs"]["c"], "c")
    asked, settings = data["asked"], data["settings"]
    report = run_gradients(
        GradientJob(
            program, inputs.arguments(data), inputs.caller, part.mode,
            None if asked is None else tuple(asked), settings["pixels"], settings["seed"],
            time_limit_s(settings), Objective.of(data["objective"]), Match.of(settings.get("matched")),
        )
    )  # fmt: skip
    again = {row.place.component.name: row for row in report.rows}
    texts = {
        row.place.component.name: _change(row, again.get(row.place.component.name))
        for row in part.report.rows
    }
    same = sum(not text for text in texts.values())
    lines = [f"{same} of {len(texts)} parameters: slopes and verdict bitwise as recorded"]
    lines += [f"{name}: {text}" for name, text in texts.items() if text]
    now = report.verdict.word.value
    lines.append(f"verdict: recorded {data['verdict']}, now {now}")
    for side, recorded in data["programs"].items():
        lines += changed_program(side, recorded, report.about["programs"][side])
    failed = now != data["verdict"] or any(text.startswith("differs") for text in texts.values())
    return Replayed(part.mode, Word.FAIL if failed else Word.PASS, tuple(lines))


def _change(before: GradientRow, after: GradientRow | None) -> str:
    """Return in words what is not bitwise as recorded, empty for nothing."""
    if after is None:
        return "differs: it is no parameter of this command line any more"
    old, new = before.facts(), after.facts()
    if all(old[key] == new[key] for key in (*FIGURES, *RUNS)):
        return ""
    changed = [f"{key} {old[key]}, now {new[key]}" for key in FIGURES if old[key] != new[key]]
    shown = ", ".join(changed or ["single runs"])
    return f"{'not bitwise, within rounding' if _close(before, after) else 'differs'}: {shown}"


def _close(before: GradientRow, after: GradientRow) -> bool:
    if before.judged.word is not after.judged.word:
        return False
    if before.slope is None or after.slope is None or before.estimate is None or after.estimate is None:
        return before.refusal == after.refusal
    slack = RELATIVE_SLACK * (before.size or 0.0) + before.least
    apart = abs(before.estimate.value - after.estimate.value)
    return (
        abs(before.slope.value - after.slope.value) <= slack
        and apart <= before.estimate.uncertainty + after.estimate.uncertainty + slack
    )
