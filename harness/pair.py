"""Runs two programs on one nanoBragg command line and compares their images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.arguments import PreparedArguments, prepare_arguments
from harness.compare import Comparison, Roi, compare_images
from harness.errors import ProgramError
from harness.files import input_facts
from harness.programs import Program
from harness.run import ProgramRun, run_program
from harness.verdict import STRICT, Bounds, Verdict, Word
from system_io.children import temporary_folder

SIDES = ("c", "py")


@dataclass(frozen=True)
class PairJob:
    """What is to be run and compared.

    `args` are the words of the nanoBragg command line, relative names in them refer to `caller`.
    `dtype` and `device` are for the second program.
    """

    first: Program
    second: Program
    args: tuple[str, ...]
    caller: Path
    mode: str = "c-parity"
    dtype: str | None = None
    device: str | None = None
    roi: Roi | None = None
    bounds: Bounds = STRICT
    resample: bool = False
    timeout_s: float = 1800.0


@dataclass(frozen=True)
class PairResult:
    """The runs that were made (the second is missing if the first failed) and their comparison.

    `inputs` are the files that were read: path, sha256 and size as they were before the first run.
    """

    job: PairJob
    arguments: PreparedArguments
    runs: tuple[ProgramRun, ...]
    comparison: Comparison
    inputs: tuple[Mapping[str, Any], ...] = ()

    def computed(self) -> dict[str, str | None]:
        """Return how each program that ran says that it computed its image."""
        return {side: run.computed for side, run in zip(SIDES, self.runs, strict=False)}


def run_pair(job: PairJob) -> PairResult:
    """Run both programs, one after the other, each in a scratch directory of its own, and compare.

    Args:
        job: programs, command line, settings and bounds.

    Returns:
        The runs and the comparison; a program that fails makes the verdict ERROR.

    Raises:
        UsageError: the command line cannot be compared.
        ProgramError: a program does not know the mode, dtype or device asked for.
    """
    arguments = prepare_arguments(job.args, job.caller)
    settings = side_settings(job, arguments)
    inputs = tuple(input_facts(arguments.inputs))
    runs: list[ProgramRun] = []
    with temporary_folder("nb-run") as scratch:
        for side, program, words in zip(SIDES, (job.first, job.second), settings, strict=True):
            run = run_program(program, words, arguments, Path(scratch) / side, job.timeout_s)
            runs.append(run)
            if run.failure is not None:
                break
    return PairResult(job, arguments, tuple(runs), compared_runs(job, runs), inputs)


def side_settings(job: PairJob, arguments: PreparedArguments) -> list[tuple[str, ...]]:
    """Return the words that set parity mode, dtype and device of each program.

    Raises:
        ProgramError: a program does not know what is asked.
    """
    for program in (job.first, job.second):
        if arguments.has_quirks and program.dialect.quirk_option is None:
            raise ProgramError(f"{program.title} '{program.words[0]}' knows no quirks; leave --quirk out")
    return [
        job.first.setting_words(job.mode),
        job.second.setting_words(job.mode, job.dtype, job.device),
    ]


def compared_runs(job: PairJob, runs: Sequence[ProgramRun]) -> Comparison:
    """Return the comparison of the images of both runs; ERROR if one failed or was not made."""
    failures = tuple(run.failure for run in runs if run.failure is not None)
    images = [run.image for run in runs if run.image is not None]
    if failures or len(images) != len(SIDES):
        return Comparison(Verdict(Word.ERROR, failures), job.bounds, job.roi)
    return compare_images(images[0], images[1], job.roi, job.bounds, resample=job.resample)
