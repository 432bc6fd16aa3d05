"""Runs a compared pair again and says whether its images and its verdict come out again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.contract.files import stated_contract
from harness.images.compare import Region, compare_images
from harness.images.judgement import Rules
from harness.outputs.request import stated_request
from harness.pairs.pair import PairJob, PairResult, run_pair
from harness.pairs.part import PairPart
from harness.probing.match import Match
from harness.programs.programs import Program
from harness.programs.run import ProgramRun
from harness.recorded.rerun import Chosen, Inputs, Replayed, changed_program, time_limit_s
from harness.sides import SIDES
from harness.store.names import output_name
from harness.store.untrusted import read_plain
from system_io.verdict_words import EXIT_STATUS, Word

BITWISE = "bitwise the recorded image"
NOT_RUN: Mapping[str, Any] = {"kind": "simulator", "sources_sha256": ""}


def replay_pair(part: PairPart, inputs: Inputs, chosen: Chosen) -> Replayed:
    """Run both programs of a folder again.

    An image that is not bitwise the recorded one is compared with it within the strict bounds.

    Raises:
        BundleError: an input file is nowhere, or a program has changed.
    """
    result = run_pair(_job(part, inputs, chosen))
    lines: list[str] = []
    word = Word.PASS
    for side, run in zip(SIDES, result.runs, strict=False):
        one, text = _compare_side(part, side, run)
        word = max(word, one, key=lambda w: EXIT_STATUS[w])
        lines.append(f"{side}: {text}")
        again, texts = _compare_outputs(part, side, run, bitwise=text == BITWISE)
        word = max(word, again, key=lambda w: EXIT_STATUS[w])
        lines += texts
    now = result.comparison.verdict.word.value
    lines.append(f"verdict: recorded {part.summary['verdict']}, now {now}")
    if now != part.summary["verdict"]:
        word = Word.FAIL
    return Replayed(part.label, word, (*lines, *_changed_programs(part, result)))


def _job(part: PairPart, inputs: Inputs, chosen: Chosen) -> PairJob:
    summary = part.summary
    first, second = _programs(summary["runs"], chosen)
    settings, asked = summary["settings"], summary["asked_region"]
    return PairJob(
        first, second, inputs.arguments(summary), inputs.caller, part.mode, settings["dtype"],
        settings["device"], None if asked is None else Region(**asked), part.bounds(), summary["resampled"],
        time_limit_s(settings), settings.get("threads", 1), settings.get("determinism", False),
        settings.get("small_region", part.rules < Rules.REFLECTIONS), stated_request(settings),
        Match.of(settings.get("matched")), contract=stated_contract(part.folder, settings),
    )  # fmt: skip


def _programs(runs: Mapping[str, Any], chosen: Chosen) -> tuple[Program, Program]:
    """Return both programs; one that was not run, since the first failed, is the simulator unless given."""
    programs = [chosen.program(runs[side]["provenance"] if side in runs else NOT_RUN, side) for side in SIDES]
    return programs[0], programs[1]


def _compare_side(part: PairPart, side: str, run: ProgramRun) -> tuple[Word, str]:
    recorded = part.summary["runs"].get(side, {"failure": "was not run", "image_sha256": None})
    if run.image is None or recorded["image_sha256"] is None:
        same = (run.image is None) == (recorded["image_sha256"] is None)
        return (Word.PASS if same else Word.FAIL), run.failure or f"recorded: {recorded['failure']}"
    before = part.image(side)
    if before.shape == run.image.shape and np.array_equal(before.view(np.int32), run.image.view(np.int32)):
        return Word.PASS, BITWISE
    compared = compare_images(before, run.image)
    reasons = "; ".join(compared.verdict.reasons)
    shown = reasons or "within the strict bounds of the recorded image"
    return compared.verdict.word, f"not bitwise: {shown}"


def _compare_outputs(part: PairPart, side: str, run: ProgramRun, *, bitwise: bool) -> tuple[Word, list[str]]:
    """Return whether further outputs are those recorded; of another float image they need not be."""
    recorded = {name: part.folder / output_name(side, name) for name in run.files}
    other = [
        name for name, path in recorded.items() if not path.is_file() or read_plain(path) != run.files[name]
    ]
    if not other:
        return Word.PASS, [f"{side}: {', '.join(recorded)} as recorded"] if recorded else []
    return (Word.FAIL if bitwise else Word.PASS), [f"{side}: {', '.join(other)} not as recorded"]


def _changed_programs(part: PairPart, result: PairResult) -> list[str]:
    return [
        line
        for side, run in zip(SIDES, result.runs, strict=False)
        for line in changed_program(
            side, part.summary["runs"].get(side, {}).get("provenance", {}), run.program.provenance
        )
    ]
