"""Runs a program on a case in an empty folder and keeps what it wrote."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.described.built import BuiltProgram
from harness.described.description import DescribedCase, Description
from harness.described.placeholders import filled_source, placeholder_values
from harness.described.read_description import STREAMS
from harness.errors import HarnessError
from harness.files import sha256_of_file
from harness.programs.run import with_last_words
from system_io.children import Outcome, execute, temporary_folder
from system_io.files import irregular
from system_io.shown import printable


@dataclass(frozen=True)
class DescribedRun:
    """One run: the command, how it ended, and why it counts as failed, None if it does not."""

    command: tuple[str, ...]
    outcome: Outcome
    failure: str | None

    def facts(self) -> dict[str, Any]:
        """Return the run as plain data."""
        return {
            "command": list(self.command), "exit_status": self.outcome.exit_status,
            "signal": self.outcome.signal_name, "timed_out": self.outcome.timed_out,
            "wall_s": round(self.outcome.wall_s, 4), "peak_bytes": self.outcome.peak_bytes,
            "failure": self.failure,
        }  # fmt: skip


def stored_name(side: str, kind: str, name: str, file: str) -> str:
    """Return the name under which a file of a run is kept: `first_output_T.npy`, or `first_stdout.txt`."""
    if file in STREAMS:
        return f"{side}_{file}.txt"
    return f"{side}_{kind}_{name}{''.join(Path(file).suffixes[-1:])}"


def run_on_case(
    description: Description, side: str, program: BuiltProgram, case: DescribedCase, target: Path
) -> DescribedRun:
    """Run a program on a case and move its outputs and traces into a folder.

    Args:
        description: what is compared.
        side: whose run.
        program: ready to run.
        case: its words and files.
        target: existing folder that gets the files; see `stored_name`.

    Returns:
        The run. A program that does not start, ends with a failure or leaves an output unwritten has failed.

    Raises:
        HarnessError: an input file is not there, or a name in braces stands for nothing.
    """
    where = f"case.{case.name}"
    values = placeholder_values(case, program.described.folder)
    command = program.command(values, case.arguments, where)
    with temporary_folder("nb-case") as scratch:
        folder = Path(scratch)
        inputs = _copied(case, folder)
        outcome, stdout, stderr = execute(command, folder, program.environ, program.described.timeout_s)
        for stream, content in zip(STREAMS, (stdout, stderr), strict=True):
            (target / f"{side}_{stream}.txt").write_bytes(content)
        failure = outcome.failure
        if failure is not None:
            failure = with_last_words(failure, stderr or stdout)
        else:
            failure = _kept(_wanted(description, side, case, values), folder, target, inputs)
    if failure is not None:
        failure = f"{program.described.name} {printable(failure)}"
    return DescribedRun(tuple(command), outcome, failure)


def _copied(case: DescribedCase, folder: Path) -> dict[str, str]:
    """Copy the input files of a case; returns their sha256 by name."""
    found = {}
    for source in case.files:
        if odd := irregular(source) if source.exists() else "not there":
            raise HarnessError(
                f"case.{case.name}: input file '{printable(str(source))}' is {odd}; name an existing one"
            )
        shutil.copyfile(source, folder / source.name)
        found[source.name] = sha256_of_file(source)
    return found


def _wanted(
    description: Description, side: str, case: DescribedCase, values: dict[str, str]
) -> Iterable[tuple[str, str]]:
    """Yield the files that a run must have written, each with the name that it is kept under."""
    for output in description.outputs_of(case.name):
        source = filled_source(output.sources[side], values, f"output.{output.name}")
        if source.path not in STREAMS:
            yield source.path, stored_name(side, "output", output.name, source.path)
    for trace in description.traces_of(case.name):
        file = trace.files[side]
        if file not in STREAMS:
            yield file, stored_name(side, "trace", trace.name, file)


def _kept(
    wanted: Iterable[tuple[str, str]], folder: Path, target: Path, inputs: dict[str, str]
) -> str | None:
    """Move files of a run to where they are kept; returns what is wrong, None for nothing."""
    for file, name in wanted:
        path = folder / file
        if not path.exists():
            return f"wrote no '{file}'"
        if path.is_symlink() or (odd := irregular(path)):
            return f"wrote '{file}', which is {'a link' if path.is_symlink() else odd}"
        if file in inputs and inputs[file] == sha256_of_file(path):
            return f"left '{file}' as the input file that it was"
        if not (target / name).exists():
            shutil.copyfile(path, target / name)
    return None
