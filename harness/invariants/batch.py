"""Runs many command lines of the simulator in one process: `python -m harness.invariants.batch FILE`.

Torch is loaded once, by a first run that is thrown away. Each command line then runs in a fork of its own, so
that no run sees another's state. FILE is JSON: `limit_s` and a list of runs `{"folder", "words", "threads"}`;
a run writes `stdout`, `stderr` and `status` beside its working directory. `--first M:F:W` before FILE calls
function F of module M with the word W before anything else is loaded, which puts a seeded fault in.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

WARM = (
    "-cell",
    "9",
    "9",
    "9",
    "90",
    "90",
    "90",
    "-default_F",
    "1",
    "-detpixels",
    "2",
    "-oversample",
    "1",
    "--reproducible",
)
FIRST = "--first"
PAUSE_S = 0.002
NOT_ENDED = 3


def _called(first: str) -> None:
    module, function, word = first.split(":")
    getattr(import_module(module), function)(word)


def _run(folder: Path, words: Sequence[str]) -> int:
    """Run one command line in a directory, its streams in files beside it, and return its exit status."""
    from simulator.cli import main

    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        handle = os.open(folder.parent / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(handle, descriptor)
        os.close(handle)
    os.chdir(folder)
    return main(list(words))


def _set_threads(count: int) -> None:
    """Let the simulator work on this many threads, as OMP_NUM_THREADS does where torch is not loaded yet."""
    import torch

    torch.set_num_threads(count)


def _warmed(folder: Path) -> None:
    """Make a run that loads all that a run loads; our own standard output is kept."""
    ours = [os.dup(descriptor) for descriptor in (1, 2)]
    (folder / "warm" / "work").mkdir(parents=True)
    _run(folder / "warm" / "work", WARM)
    sys.stdout.flush()
    for descriptor, kept in enumerate(ours, 1):
        os.dup2(kept, descriptor)
        os.close(kept)
    os.chdir(folder)
    shutil.rmtree(folder / "warm")


def _forked(run: dict[str, Any], limit_s: float) -> str:
    """Run one command line in a fork and return its status in words."""
    pid = os.fork()
    if not pid:
        status = NOT_ENDED
        try:
            _set_threads(run["threads"])
            status = _run(Path(run["folder"]), run["words"])
            sys.stdout.flush()
        finally:
            os._exit(status)
    end = time.monotonic() + limit_s
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return str(os.waitstatus_to_exitcode(status))
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return "time-out"
        time.sleep(PAUSE_S)


def main(argv: Sequence[str]) -> int:
    """Run all command lines of a file and return 0."""
    words = list(argv)
    if words[0] == FIRST:
        _called(words[1])
        words = words[2:]
    plan = json.loads(Path(words[0]).read_text(encoding="utf-8"))
    _warmed(Path(words[0]).parent)
    for count, run in enumerate(plan["runs"], 1):
        status = _forked(run, float(plan["limit_s"]))
        (Path(run["folder"]).parent / "status").write_text(status, encoding="ascii")
        sys.stdout.write(f"{100 * count // len(plan['runs'])}% done\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
