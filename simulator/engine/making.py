"""Stages compiled in processes of their own, side by side.

One child imports torch's compiler and then forks for each stage, so that it is imported once. What a compiler
may do to a process, a crash of what it made included, does not reach ours.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.engine.library_cache import CompileError, StageFacts, put
from simulator.engine.stage import Call
from system_io.children import execute, temporary_folder

LONGEST_REASON = 300
LONGEST_S = 3600.0
JOBS = "stages"
COMPILER_CACHE = "TORCHINDUCTOR_CACHE_DIR"
"""Where torch's compiler keeps its sources; they go with the process that made them."""


@dataclass(frozen=True)
class Making:
    """A stage that is to be compiled: one of its calls, and the entry of the cache that it becomes."""

    call: Call
    facts: StageFacts


def make(stages: Sequence[Making]) -> None:
    """Compile stages for the processor into the cache, as many at once as there are cores.

    Raises:
        CompileError: if one cannot be compiled, or crashes when it is tried; others are in the cache then.
    """
    package = Path(__file__).parents[2]
    try:
        with temporary_folder("nanobragg-compile") as folder:
            Path(folder, JOBS).write_bytes(pickle.dumps(list(stages)))
            paths = [str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
            environ = {
                **os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1",
                COMPILER_CACHE: folder, "TMPDIR": folder,
            }  # fmt: skip
            words = [sys.executable, "-m", __name__, folder]
            outcome, said, noise = execute(words, package, environ, LONGEST_S)
    except OSError as error:
        raise CompileError(
            f"the pixel loop cannot be compiled ({error.strerror or error}); --compile off does without"
        ) from error
    if outcome.failure is not None:
        last = (noise.decode(errors="replace").strip().splitlines() or [""])[-1]
        raise refusal("all stages", f"the process that compiles {outcome.failure} {last}")
    failed = json.loads(said.decode().splitlines()[-1])
    for stage, reason in failed:
        raise refusal(f"stage '{stage}'", reason)


def refusal(what: str, reason: str) -> CompileError:
    """Return the error for a stage that cannot be compiled, with what can be done."""
    short = " ".join(reason.split())[:LONGEST_REASON]
    return CompileError(
        f"{what} of the pixel loop cannot be compiled ({short}); a C++ compiler must be there, --compile off"
        " does without"
    )


def main(folder: Path) -> None:
    """Compile the stages that lie in a folder, and print those that failed with the reason, as JSON."""
    warnings.simplefilter("ignore")
    import torch
    import torch._inductor.compile_fx  # what all stages need, before the process forks
    import torch.export

    torch.set_num_threads(1)
    stages: list[Making] = pickle.loads((folder / JOBS).read_bytes())
    stages.sort(key=lambda making: not making.call.stage.innermost)
    statuses = _forked([lambda n=n: _compile(stages[n], folder / str(n)) for n in range(len(stages))])
    failed = [
        (making.call.stage.name, _reason(folder / f"{n}.failed", status))
        for n, (making, status) in enumerate(zip(stages, statuses, strict=True))
        if status != 0
    ]
    sys.stdout.write(json.dumps(failed) + "\n")


def _reason(told: Path, status: int) -> str:
    if told.exists():
        return told.read_text()
    name = signal.Signals(-status).name if status < 0 else f"exit status {status}"
    return f"what comes out crashes when it is loaded or run, {name}"


def _compile(making: Making, scratch: Path) -> None:
    """Compile one stage, try it on its own call, and put it into the cache."""
    from simulator.engine.export import library_bytes, plain_tensors
    from simulator.engine.machine_code import MachineCode

    try:
        code = library_bytes(making.call)
        tried = scratch.with_suffix(".so")
        tried.write_bytes(code)
        MachineCode(tried)(plain_tensors(making.call))
        put(making.facts, code)
    except Exception as error:
        scratch.with_suffix(".failed").write_text(str(error) or type(error).__name__)
        raise


def _forked(tasks: Sequence[Callable[[], None]]) -> list[int]:
    """Run tasks in forks of this process, one on each core, and return how they ended: 0, status, -signal."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    running: dict[int, int] = {}
    statuses = [0] * len(tasks)
    for n, task in enumerate(tasks):
        if len(running) >= cores:
            _ended(running, statuses)
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                task()
                status = 0
            finally:
                os._exit(status)
        running[pid] = n
    while running:
        _ended(running, statuses)
    return statuses


def _ended(running: dict[int, int], statuses: list[int]) -> None:
    """Wait for one of the forks."""
    pid, status = os.wait()
    statuses[running.pop(pid)] = os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
