"""The other end of a serving process: started when it is needed, and again after it ended or hung."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.fuzz.worker import GREETING
from system_io.children import kill_group
from system_io.watchdog import watchdog

READ_BYTES = 1 << 16
MOST_RUNS = 400
"""Of one process: after these a fresh one takes its place, whatever it has kept."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class ServedRun:
    """How a served run ended: its exit status, or in words what ended the process or kept it from running."""

    status: int | None
    problem: str | None
    wall_s: float


@dataclass
class Server:
    """A command that serves command lines, and its process while there is one.

    `words` call it, `environ` is put over the environment of this process.
    """

    words: Sequence[str]
    environ: Mapping[str, str]
    start_s: float
    _process: subprocess.Popen[bytes] | None = None
    _runs: int = 0
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and all that it started."""
        process, self._process = self._process, None
        if process is None:
            return
        kill_group(process.pid)
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        self._stack.close()

    def serves(self) -> bool:
        """Tell whether the command greets; one that does not is no server."""
        return self._started() is not None

    def run(self, words: Sequence[str], folder: Path, limit_s: float) -> ServedRun:
        """Run a command line in a folder.

        Args:
            words: behind the name of the program.
            folder: working directory; standard output and error go to files in it.
            limit_s: longest wall time, s.
        """
        start = time.monotonic()
        said, problem = self._answered({"words": list(words), "folder": str(folder), "count": False}, limit_s)
        self._runs += 1
        if self._runs >= MOST_RUNS:
            self.close()
        return ServedRun(said.get("status"), problem, time.monotonic() - start)

    def evaluations(self, words: Sequence[str], folder: Path, limit_s: float) -> float:
        """Return how many evaluations a command line has; 0 for one that is refused or not understood."""
        said, _ = self._answered({"words": list(words), "folder": str(folder), "count": True}, limit_s)
        return float(said.get("evaluations", 0.0))

    def _answered(self, request: Mapping[str, Any], limit_s: float) -> tuple[dict[str, Any], str | None]:
        """Return the answer to a request, or nothing and in words why there is none."""
        process = self._started()
        if process is None:
            return {}, "the serving process does not start"
        start = time.monotonic()
        line = self._asked(process, json.dumps(request), limit_s)
        if line is None:
            return {}, self._ended(process, time.monotonic() - start, limit_s)
        said: dict[str, Any] = json.loads(line)
        return said, None

    def _started(self) -> subprocess.Popen[bytes] | None:
        if self._process is not None:
            return self._process
        guard = watchdog()
        environ = {**os.environ, **ONE_THREAD, **self.environ, **guard.environ}
        try:
            process = subprocess.Popen(
                list(self.words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env=environ, start_new_session=True, bufsize=0,
            )  # fmt: skip
        except OSError:
            return None
        self._process, self._runs = process, 0
        self._stack.enter_context(guard.watching(process.pid))
        if _line(process, self.start_s) == GREETING:
            return process
        self.close()
        return None

    def _asked(self, process: subprocess.Popen[bytes], line: str, limit_s: float) -> str | None:
        assert process.stdin is not None  # opened as a pipe
        try:
            process.stdin.write(line.encode("utf-8") + b"\n")
        except OSError:
            return None
        return _line(process, limit_s)

    def _ended(self, process: subprocess.Popen[bytes], wall_s: float, limit_s: float) -> str:
        """Say how the process ended, after killing one that hangs."""
        hung = wall_s >= limit_s and process.poll() is None
        code = None if hung else process.wait()
        self.close()
        if code is None:
            return f"was stopped after the time-out of {limit_s:g} s"
        return f"was ended by signal {-code}" if code < 0 else f"ended the process with status {code}"


def _line(process: subprocess.Popen[bytes], limit_s: float) -> str | None:
    """Return the next line that a process writes, None if it ends or says nothing in time."""
    assert process.stdout is not None  # opened as a pipe
    end = time.monotonic() + limit_s
    data = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout.fileno(), selectors.EVENT_READ)
        while not data.endswith(b"\n"):
            left_s = end - time.monotonic()
            if left_s <= 0.0 or not selector.select(left_s):
                return None
            part = os.read(process.stdout.fileno(), READ_BYTES)
            if not part:
                return None
            data += part
    return data.decode("utf-8").rstrip("\n")
