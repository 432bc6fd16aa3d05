"""The process that runs one nanoBragg command line after another, so that torch is imported once.

It says `GREETING` on standard output and answers each line of standard input, a request in JSON, with one
line of JSON. A program that can do so is called with the single word `SERVE`; any other one refuses the word.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

SERVE = "--serve-command-lines"
GREETING = "command lines are served"
STDOUT, STDERR = "stdout.txt", "stderr.txt"
Main = Callable[[Sequence[str]], int]


def serve(main: Main) -> int:
    """Run command lines until standard input ends, and return the exit status.

    Each request names words and a folder to run in, and whether only the number of evaluations is asked for.
    The answer is the exit status, or that number.

    Args:
        main: takes the words of a command line and returns its exit status.
    """
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
        _say(channel, GREETING)
        for line in sys.stdin:
            _say(channel, json.dumps(_answer(main, json.loads(line))))
    return 0


def _say(channel: Any, line: str) -> None:
    channel.write(line + "\n")
    channel.flush()


def _answer(main: Main, request: Any) -> dict[str, Any]:
    folder, words = Path(request["folder"]), list(request["words"])
    with contextlib.chdir(folder):
        if request["count"]:
            return {"status": 0, "evaluations": _evaluations(words)}
        with (
            Path(STDOUT).open("w", encoding="utf-8") as out,
            Path(STDERR).open("w", encoding="utf-8") as err,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            status = main(words)
    return {"status": status}


def _evaluations(words: Sequence[str]) -> float:
    """Return the evaluations of a run; 0 for one that is refused, or that only answers a question."""
    from simulator import RunConfig
    from simulator.errors import InputError
    from simulator.scene.scene import prepare

    try:
        config = RunConfig.from_args(words)
        scene = prepare(config)
    except (InputError, ArithmeticError):
        return 0.0
    return float(max(scene.evaluations, config.detector.fpixels * config.detector.spixels))


def main(argv: Sequence[str] | None = None) -> int:
    """Serve command lines with the simulator of this Python."""
    from simulator.cli import main as nanobragg

    return serve(nanobragg)


if __name__ == "__main__":
    sys.exit(main())
