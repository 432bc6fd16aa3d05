"""What is timed in the benchmark: the living simulator, C programs and whole processes."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.arrays import FloatImage
from harness.bench.cases import Size
from harness.errors import ProgramError
from harness.programs.arguments import prepare_arguments
from harness.programs.programs import Program
from harness.programs.run import ProgramRun, run_program
from harness.time_limits import GOODBYE_S
from system_io.children import temporary_folder

ENOUGH_S = 0.5
MOST_REPEATS = 20
CACHES = ("NB_CACHE", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")
OPERATORS = 8


def repeats_for(once_s: float) -> int:
    """Return how often something that takes `once_s` is done, so that a mean means something."""
    return min(MOST_REPEATS, max(1, round(ENOUGH_S / max(once_s, ENOUGH_S / MOST_REPEATS))))


@dataclass
class Renderer:
    """A living worker process: renders on request and tells what it took."""

    process: subprocess.Popen[str]
    complaints: Path
    timeout_s: float
    facts: Mapping[str, Any]

    @property
    def size(self) -> Size:
        """Return how much the case computes."""
        facts = self.facts
        names = ("sources", "phi_steps", "domains", "oversample")
        slow, fast = facts["shape"]
        return Size((slow, fast), facts["pixels"], facts["samples"], {name: facts[name] for name in names})

    def render(self, repeats: int) -> Mapping[str, Any]:
        """Render and return the mean times and the peak memory so far.

        Raises:
            ProgramError: the worker ended or took too long.
        """
        self._send(f"render {repeats}")
        answer = self.answer()
        runs = answer["runs"]
        means = {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}
        return {**means, "repeats": repeats, **{k: answer[k] for k in ("peak_bytes", "device_bytes")}}

    def profile(self) -> Any:
        """Return where the time of a rendering goes, as `bench_worker.profiled` tells it."""
        self._send(f"profile {OPERATORS}")
        return self.answer()

    def host_waits(self) -> int | None:
        """Return how often a rendering waits for the device, None without one."""
        self._send("waits")
        found: int | None = self.answer()["host_waits"]
        return found

    def image(self, folder: Path) -> FloatImage:
        """Return the last image [slow, fast]."""
        path = folder / "worker.bin"
        self._send(f"image {path}")
        shape = self.answer()["shape"]
        return np.fromfile(path, dtype=np.float32).reshape(shape)

    def _send(self, line: str) -> None:
        assert self.process.stdin is not None  # opened as a pipe
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except OSError:
            raise self._failure() from None

    def answer(self) -> Any:
        """Return the next line of the worker; a worker that says nothing in time is killed."""
        assert self.process.stdout is not None  # opened as a pipe
        timer = threading.Timer(self.timeout_s, self.process.kill)
        timer.start()
        try:
            line = self.process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            raise self._failure()
        return json.loads(line)

    def _failure(self) -> ProgramError:
        status = self.process.wait()
        text = self.complaints.read_text(encoding="utf-8", errors="replace")
        last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no message")
        how = f"was killed (signal {-status}, or {self.timeout_s:g} s passed)" if status < 0 else "ended"
        return ProgramError(f"rendering process {how} with status {status}: {last}")


@contextmanager
def living_renderer(program: Program, words: Sequence[str], timeout_s: float) -> Iterator[Renderer]:
    """Start a worker on a command line, wait for its first image, and end it on the way out.

    Raises:
        ProgramError: the command line is refused, or the worker fails.
    """
    with temporary_folder("nb-bench") as scratch:
        complaints = Path(scratch, "stderr.txt")
        with complaints.open("wb") as err:
            process = subprocess.Popen(
                [program.words[0], "-m", "harness.bench.worker", *words], cwd=scratch, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=err, text=True, env={**os.environ, **_paths(program)},
            )  # fmt: skip
        worker = Renderer(process, complaints, timeout_s, {})
        try:
            worker.facts = worker.answer()
            yield worker
        finally:
            _end(process)


def _paths(program: Program) -> dict[str, str]:
    """Return the search path of a child that imports the simulator and this harness."""
    known = [part for part in program.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    ours = str(Path(__file__).parents[2])
    return {**program.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys([*known, ours]))}


def _end(process: subprocess.Popen[str]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            try:
                stream.close()
            except BrokenPipeError:
                continue
    try:
        process.wait(GOODBYE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class WholeProcess:
    """Whole processes of one program: mean wall time, peak memory, and the image of the last."""

    wall_s: float
    peak_bytes: int | None
    image: FloatImage


def run_whole(
    program: Program, settings: Sequence[str], args: Sequence[str], timeout_s: float, repeats: int = 0
) -> WholeProcess:
    """Run a program from start to end, `repeats` times (0: as often as gives a steady mean).

    Raises:
        ProgramError: it fails.
    """
    first = _run_once(program, settings, args, timeout_s)
    runs = [first]
    for _ in range((repeats or repeats_for(first.outcome.wall_s)) - 1):
        runs.append(_run_once(program, settings, args, timeout_s))
    assert runs[-1].image is not None  # a run without one is a failure
    walls = [run.outcome.wall_s for run in runs]
    peaks = [run.outcome.peak_bytes for run in runs if run.outcome.peak_bytes is not None]
    return WholeProcess(float(np.mean(walls)), max(peaks, default=None), runs[-1].image)


def _run_once(program: Program, settings: Sequence[str], args: Sequence[str], timeout_s: float) -> ProgramRun:
    with temporary_folder("nb-bench") as scratch:
        arguments = prepare_arguments(args, Path.cwd())
        run = run_program(program, settings, arguments, Path(scratch, "run"), timeout_s)
    if run.failure is not None:
        raise ProgramError(run.failure)
    return run


@contextmanager
def own_caches(program: Program) -> Iterator[Program]:
    """Yield the program with empty caches for compiled code, which last as long as this."""
    with temporary_folder("nb-bench-cache") as folder:
        caches = {name: str(Path(folder, name.lower())) for name in CACHES}
        yield replace(program, environ={**program.environ, **caches})
