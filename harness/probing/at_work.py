"""A program at work on tiny runs: each in an empty folder, two at a time, within a limit of time for all."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from harness.probing.looks import Left
from harness.probing.row import TinyRun
from harness.programs.programs import Program
from harness.programs.run import pinned
from system_io.children import Outcome, execute

AT_ONCE = 2
LEAST_S = 0.5
"""Below this much time that is left, no further run begins."""


@dataclass
class AtWork:
    """A program, where it runs, and how long it may.

    Attributes:
        settings: words in front of each command line.
        scratch: folder for the folders of the runs.
        run_s: longest time of one run, s.
        end_s: when the last one must have ended, on the monotonic clock, s.
        left: what each run left, by its key.
    """

    program: Program
    settings: Sequence[str]
    scratch: Path
    run_s: float
    end_s: float
    left: dict[str, Left] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    stopped: bool = False

    def make(self, runs: Iterable[TinyRun]) -> None:
        """Run what has not run yet, in this order, until the time is over."""
        wanted = {run.key: run for run in runs if run.key not in self.left}
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            for _ in pool.map(self._one, wanted.values()):
                pass
        finally:
            self.stopped = True
            pool.shutdown(wait=True, cancel_futures=True)
            self.stopped = False

    def run(self, run: TinyRun, name: str = "") -> Left | None:
        """Return what one run left, None where the time was over. A name makes a run of its own."""
        key = f"{run.key}{name}"
        if key not in self.left:
            self._one(run, name)
        return self.left.get(key)

    def _one(self, run: TinyRun, name: str = "") -> None:
        limit_s = min(self.run_s, self.end_s - time.monotonic())
        if self.stopped or limit_s < min(LEAST_S, self.run_s):
            return
        key = f"{run.key}{name}"
        folder = self.scratch / key
        folder.mkdir()
        for file, content in run.files.items():
            (folder / file).write_bytes(content)
        command = (*self.program.words, *self.settings, *run.words)
        outcome, stdout, stderr = execute(command, folder, self._environ(run), limit_s)
        self.left[key] = Left.of(folder, outcome.failure, stdout, stderr)
        self.outcomes[key] = outcome
        shutil.rmtree(folder, ignore_errors=True)

    def _environ(self, run: TinyRun) -> dict[str, str]:
        """Return the environment of a run: on one thread unless it says otherwise."""
        asked: dict[str, str | None] = {**os.environ, **self.program.environ, **pinned(self.program, 1)}
        asked |= {"OMP_NUM_THREADS": "1", **run.environ}
        return {name: value for name, value in asked.items() if value is not None}
