"""Starts the simulator with a fault in it: on the command line of the process, or on many in turn."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.faults.changes import begin_run
from harness.faults.python_seams import PySeam, PyText, put
from harness.faults.table import BY_ID
from harness.fuzz.worker import SERVE, serve

NOT_PUT_IN = 3
STATUS, SAID, PRINTED = "exit_status", "stderr.txt", "stdout.txt"
"""Files in which a run leaves its exit status and what it wrote."""


def run_with_fault(fault_id: str) -> int:
    """Run the nanoBragg command line of this process with a fault and return the exit status."""
    return _with_seams(
        fault_id, BY_ID[fault_id].py, lambda main: serve(main) if sys.argv[1:] == [SERVE] else main()
    )


def run_lines(fault_id: str, jobs: Path) -> int:
    """Run many command lines in this process, one after the other, with a fault or (no id) without.

    Args:
        fault_id: name of the fault in the table, empty for the sound program or one with other texts.
        jobs: JSON: `texts`, by module, and `runs`, a list of [folder, log folder, words].

    Returns:
        0; each run leaves its exit status and streams in its log folder, once it has ended.
    """
    listed = json.loads(jobs.read_text(encoding="utf-8"))
    texts = tuple(PyText(module, text) for module, text in listed["texts"].items())
    seams = (*texts, *(BY_ID[fault_id].py if fault_id else ()))
    return _with_seams(fault_id, seams, lambda main: _run_each(main, listed["runs"]))


def _with_seams(
    fault_id: str, seams: Sequence[PySeam | PyText], run: Callable[[Callable[..., int]], int]
) -> int:
    try:
        put(seams)
    except HarnessError as error:
        sys.stderr.write(f"fault '{fault_id}': error: {error}\n")
        return NOT_PUT_IN
    from simulator.cli import main

    return run(main)


def _run_each(main: Callable[[Sequence[str]], int], jobs: Sequence[tuple[str, str, list[str]]]) -> int:
    for folder, logs, words in jobs:
        begin_run()
        printed, said = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(folder), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said),
        ):  # fmt: skip
            status = main(words)
        _leave(Path(logs), {PRINTED: printed.getvalue(), SAID: said.getvalue(), STATUS: str(status)})
    return 0


def _leave(logs: Path, texts: Mapping[str, Any]) -> None:
    for name, text in texts.items():
        (logs / name).write_text(text, encoding="utf-8")
