"""Runs one case with one program in a folder of its own and reads what it wrote."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from golden_suite_generator.cases import Case
from harness.errors import HarnessError
from harness.programs.build import Build
from harness.programs.programs import Program
from harness.suite.images import Outputs, read_outputs
from harness.time_limits import CASE_RUN_S
from system_io.children import execute, temporary_folder


@dataclass(frozen=True)
class CaseRun:
    """How a case ended and what it wrote; no images where an error was expected."""

    status: int
    outputs: Outputs
    stdout: str
    stderr: str


def reference_program(build: Build) -> Program:
    """Return the built C reference as a program."""
    return Program("reference", (str(build.path),), build.provenance)


def lay_out(case: Case, inputs: Path, folder: Path) -> None:
    """Put the files that a case finds in its working directory into `folder`."""
    for name, source in case.files.items():
        shutil.copyfile(inputs / source, folder / name)


def run_case(program: Program, case: Case, mode: str, inputs: Path, extra: Sequence[str] = ()) -> CaseRun:
    """Run a case and read its images.

    Args:
        program: what to run.
        case: the row of the suite.
        mode: c-parity or spec.
        inputs: folder with inputs/ and lysozyme/.
        extra: words behind those of the case, for single quirks.

    Returns:
        Exit status, images and printed text.

    Raises:
        HarnessError: it did not end with the expected status, left files behind after an error, or wrote an
            image that cannot be read.
    """
    with temporary_folder("nb-case") as scratch:
        folder = Path(scratch, "work")
        folder.mkdir()
        lay_out(case, inputs, folder)
        command = [*program.words, *program.settings(mode).words, *case.words(inputs), *extra]
        outcome, *streams = execute(command, folder, {**os.environ, **program.environ}, CASE_RUN_S)
        texts = [stream.decode("utf-8", "replace") for stream in streams]
        if outcome.exit_status != case.status[mode]:
            ended = outcome.failure or "ended with exit status 0"
            last = " ".join(texts[1].split()[-40:])
            raise HarnessError(
                f"case {case.id} ({mode}): {program.title} {ended}, {case.status[mode]} expected: {last}"
            )
        if case.status[mode]:
            left = sorted(path.name for path in folder.iterdir() if path.name not in case.files)
            if left:
                raise HarnessError(
                    f"case {case.id} ({mode}): an error left '{left[0]}' behind; nothing may be written"
                )
            return CaseRun(case.status[mode], Outputs({}), *texts)
        return CaseRun(0, read_outputs(folder, case.outputs), *texts)
