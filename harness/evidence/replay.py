"""Runs the comparisons of a bundle again and compares with what it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import BundleError
from harness.evidence.verify import load_gradients, load_parts, load_trace
from harness.images.compare import Roi, compare_images
from harness.images.pair import PairJob, PairResult, run_pair
from harness.images.part import Part
from harness.programs.programs import Program
from harness.programs.run import ProgramRun
from harness.recorded.rerun import Chosen, Inputs, Replayed, changed_program, time_limit_s
from harness.sides import SIDES
from system_io.shown import printable
from system_io.verdict_words import EXIT_STATUS, Word

NOT_RUN: Mapping[str, Any] = {"kind": "simulator", "sources_sha256": ""}


def replay(folder: Path, data: Path | None, chosen: Chosen) -> list[Replayed]:
    """Run every comparison of a bundle again, which must have been verified before.

    Args:
        folder: the bundle.
        data: where else to look for input files, by content.
        chosen: which programs may be run.

    Raises:
        BundleError: nothing to run, an input file is nowhere to be found, or what would be run is not ours.
    """
    parts, gradients, trace = load_parts(folder), load_gradients(folder), load_trace(folder)
    if not (parts or gradients or trace):
        raise BundleError(
            f"bundle '{printable(str(folder))}' holds no run of its own; replay the bundles that it names"
        )
    with ExitStack() as stack:
        finder = Inputs(data, stack)
        done = [_replay_part(part, finder, chosen) for part in parts]
        if gradients:
            from harness.gradients.replay import replay_gradients

            done += [replay_gradients(part, finder, chosen) for part in gradients]
        if trace:
            from harness.tracing.replay import replay_trace

            done.append(replay_trace(trace, finder, chosen))
    return done


def _replay_part(part: Part, inputs: Inputs, chosen: Chosen) -> Replayed:
    result = run_pair(_job(part, inputs, chosen))
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


def _job(part: Part, inputs: Inputs, chosen: Chosen) -> PairJob:
    summary = part.summary
    first, second = _programs(summary["runs"], chosen)
    settings, asked = summary["settings"], summary["asked_region"]
    return PairJob(
        first, second, inputs.arguments(summary), inputs.caller, part.mode, settings["dtype"],
        settings["device"], None if asked is None else Roi(**asked), part.bounds(), summary["resampled"],
        time_limit_s(settings), settings.get("threads", 1), settings.get("determinism", False),
    )  # fmt: skip


def _programs(runs: Mapping[str, Any], chosen: Chosen) -> tuple[Program, Program]:
    """Return both programs; one that was not run, since the first failed, is the simulator unless given."""
    programs = [chosen.program(runs[side]["provenance"] if side in runs else NOT_RUN, side) for side in SIDES]
    return programs[0], programs[1]


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
