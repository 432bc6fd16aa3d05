"""A finding on disk: words, inputs, what both programs wrote, the cause, and a bundle of nb-compare."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.files import TargetFolder, filled_folder
from harness.fuzz.bench import FuzzBench, SideRun
from harness.fuzz.case import FuzzCase
from harness.fuzz.cause import Cause, cause_of
from harness.fuzz.journal import FINDINGS_FOLDER
from harness.fuzz.outcome import Came, FuzzOutcome
from harness.pairs.pair import PairJob, run_pair
from harness.pairs.sides import as_said, check_sides
from harness.programs.arguments import REFUSED
from harness.programs.environment import described
from harness.programs.side_words import without, without_traces
from harness.sides import SIDES
from simulator.command_line.option_table import BY_SPELLING
from simulator.errors import InputError
from system_io.shell import shell_text
from system_io.shown import json_text

SCHEMA = "nb-fuzz-finding 1"
FINDING, INPUTS, PAIR, COMMAND = "finding.json", "inputs", "pair", "command.txt"


def keep_finding(
    root: Path,
    index: int,
    bench: FuzzBench,
    case: FuzzCase,
    runs: Mapping[str, SideRun],
    outcome: FuzzOutcome,
) -> str:
    """Write a finding into a folder that appears when it is whole, and return its name.

    Args:
        root: folder of the fuzzing run.
        index: number of the case.
        bench: both programs.
        case: words and files.
        runs: of each side.
        outcome: what they disagree about.
    """
    name = f"{index:06d}-{outcome.came.name.lower()}"
    target = TargetFolder(root / FINDINGS_FOLDER / name)
    if target.path.exists():  # of a run that ended before it could note the case
        return name
    cause = cause_of(bench, case, outcome.worst) if outcome.worst is not None else None
    with filled_folder(target) as folder:
        case.write_files(folder / INPUTS)
        for side, run in runs.items():
            (folder / side).mkdir()
            for file, data in run.files.items():
                (folder / side / file).write_bytes(data)
        (folder / FINDING).write_text(
            json_text(_facts(index, bench, case, runs, outcome, cause)), encoding="utf-8"
        )
        (folder / COMMAND).write_text(_commands(case, name), encoding="utf-8")
        with suppress(HarnessError, InputError):  # the rest of the finding is whole without a bundle
            _write_pair(folder, bench, case, outcome)
    return target.path.name


def _facts(
    index: int,
    bench: FuzzBench,
    case: FuzzCase,
    runs: Mapping[str, SideRun],
    outcome: FuzzOutcome,
    cause: Cause | None,
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "index": index,
        "came": outcome.came.value,
        "reasons": list(outcome.reasons),
        "mode": case.mode,
        "words": list(case.words),
        "files": sorted(case.files),
        "pixel": None if outcome.worst is None else list(outcome.worst),
        "cause": None if cause is None else cause.tap,
        "causes": [] if cause is None else list(cause.taps),
        "programs": {side: dict(bench.programs[side].provenance) for side in SIDES},
        "runs": {
            side: {
                "status": run.status,
                "problem": run.problem,
                "said": run.said,
                "computed": run.computed,
                "kept": run.kept,
            }
            for side, run in runs.items()
        },
    }


def _commands(case: FuzzCase, name: str) -> str:
    words = ["nb-compare", "--parity-mode", case.mode, "--", *comparable(case).words]
    lines = [
        f"# in {FINDINGS_FOLDER}/{name}/{INPUTS}: the comparison; the smallest command line that shows it",
        shell_text(words),
        shell_text(["nb-shrink", "--mode", case.mode, "--", *case.words]),
    ]
    return "\n".join(lines) + "\n"


def comparable(case: FuzzCase) -> FuzzCase:
    """Return a case without the words that cannot stand behind the -- of nb-compare, and without traces."""
    words = without_traces(case.words)
    for option in sorted({word for word in words if word in REFUSED}):
        words, _ = without(words, {option}, len(BY_SPELLING[option].kinds))
    return replace(case, words=tuple(words))


def _write_pair(folder: Path, bench: FuzzBench, case: FuzzCase, outcome: FuzzOutcome) -> None:
    """Write what nb-compare finds of the same words, with a trace of the worst pixel."""
    from harness.pairs.summary import write_pair_results

    if outcome.came is Came.STATE:
        return
    traced = () if outcome.worst is None else ("-trace_pixel", *map(str, outcome.worst))
    words = (*comparable(case).words, *traced)
    first, second = (bench.programs[side] for side in SIDES)
    job = PairJob(
        first, second, words, folder / INPUTS, case.mode, timeout_s=bench.limit_s, shelf=bench.shelf
    )
    result = run_pair(job)
    pair = folder / PAIR
    pair.mkdir()
    sides = as_said(check_sides(job), result.computed())
    command = ["nb-compare", "--parity-mode", case.mode, "--", *words]
    write_pair_results(pair, result, {**described(os.environ), "sides": sides}, command)
