"""Runs the comparisons of a bundle again and compares with what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from harness.compare import Roi, compare_images
from harness.errors import BundleError
from harness.evidence import load_gradients, load_parts, load_trace
from harness.pair import SIDES, PairJob, PairResult, run_pair
from harness.part import Part
from harness.replay_parts import Inputs, Replayed, changed_program, recorded_program
from harness.run import ProgramRun
from harness.verdict import EXIT_STATUS, Word


def replay(folder: Path, data: Path | None, c_bin: str | None, py_bin: str | None) -> list[Replayed]:
    """Run every comparison of a bundle again.

    Args:
        folder: the bundle.
        data: where else to look for input files, by content.
        c_bin: first program in place of the recorded one.
        py_bin: second program in place of the recorded one.

    Raises:
        BundleError: nothing to run, or an input file is nowhere to be found.
    """
    parts, gradients, trace = load_parts(folder), load_gradients(folder), load_trace(folder)
    if not (parts or gradients or trace):
        raise BundleError(f"bundle '{folder}' holds no run of its own; replay the bundles that it names")
    with ExitStack() as stack:
        finder = Inputs(data, stack)
        done = [_replay_part(part, finder, c_bin, py_bin) for part in parts]
        if gradients:
            from harness.gradient_replay import replay_gradients

            done += [replay_gradients(part, finder, c_bin, py_bin) for part in gradients]
        if trace:
            from harness.trace_replay import replay_trace

            done.append(replay_trace(trace, finder, c_bin, py_bin))
    return done


def _replay_part(part: Part, inputs: Inputs, c_bin: str | None, py_bin: str | None) -> Replayed:
    result = run_pair(_job(part, inputs, c_bin, py_bin))
    lines: list[str] = []
    word = Word.PASS
    for side, run in zip(SIDES, result.runs, strict=False):
        one, text = _compare_side(part, side, run)
        word = max(word, one, key=lambda w: EXIT_STATUS[w])
        lines.append(f"{side}: {text}")
    again = result.comparison.verdict.word.value
    lines.append(f"verdict: recorded {part.summary['verdict']}, now {again}")
    if again != part.summary["verdict"]:
        word = Word.FAIL
    return Replayed(part.mode, word, (*lines, *_changed_programs(part, result)))


def _job(part: Part, inputs: Inputs, c_bin: str | None, py_bin: str | None) -> PairJob:
    summary = part.summary
    programs = [
        recorded_program(summary["runs"][side]["provenance"], side, given)
        for side, given in zip(SIDES, (c_bin, py_bin), strict=True)
    ]
    settings, asked = summary["settings"], summary["asked_region"]
    return PairJob(
        programs[0], programs[1], inputs.arguments(summary), Path.cwd(), part.mode, settings["dtype"],
        settings["device"], None if asked is None else Roi(**asked), part.bounds(), summary["resampled"],
        settings["timeout_s"],
    )  # fmt: skip


def _compare_side(part: Part, side: str, run: ProgramRun) -> tuple[Word, str]:
    recorded = part.summary["runs"].get(side, {"failure": "was not run", "image_sha256": None})
    if run.image is None or recorded["image_sha256"] is None:
        same = (run.image is None) == (recorded["image_sha256"] is None)
        return (Word.PASS if same else Word.FAIL), run.failure or f"recorded: {recorded['failure']}"
    before = part.image(side)
    if before.shape == run.image.shape and np.array_equal(before.view(np.int32), run.image.view(np.int32)):
        return Word.PASS, "bitwise the recorded image"
    compared = compare_images(before, run.image)
    reasons = "; ".join(compared.verdict.reasons)
    shown = reasons or "within the strict bounds of the recorded image"
    return compared.verdict.word, f"not bitwise: {shown}"


def _changed_programs(part: Part, result: PairResult) -> list[str]:
    return [
        line
        for side, run in zip(SIDES, result.runs, strict=False)
        for line in changed_program(
            side, part.summary["runs"].get(side, {}).get("provenance", {}), run.program.provenance
        )
    ]


def replay_word(replayed: Sequence[Replayed]) -> Word:
    """Return the worst verdict."""
    return max((one.word for one in replayed), key=lambda word: EXIT_STATUS[word])
