"""Stages compiled in processes of their own, side by side.

One child imports torch's compiler and then forks for each stage, so that it is imported once. What a compiler
may do to a process, a crash of what it made included, does not reach ours.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from simulator.engine.library_cache import CompileError, Making, put_library
from system_io.children import execute, temporary_folder

LONGEST_REASON = 300
LONGEST_S = 3600.0
BREATH_S = 0.2
STDOUT = 1
FATAL = "Fatal Python error"
"""How an interpreter begins that aborts; where each thread stood and what was loaded follow."""
JOBS = "stages"
COMPILER_CACHE = "TORCHINDUCTOR_CACHE_DIR"
"""Where torch's compiler keeps its sources; they go with the process that made them."""


class _UnwantedError(Exception):
    """Nobody wants any more what is being compiled."""


def going_on() -> bool:
    """Return that work goes on."""
    return True


def make_libraries(stages: Sequence[Making], wanted: Callable[[], bool] = going_on) -> tuple[str, ...]:
    """Compile stages for the processor into the cache, side by side.

    Args:
        wanted: asked several times a second whether to go on; the processes end at once if not.

    Returns:
        No warnings: what cannot be kept is an error here.

    Raises:
        CompileError: if one cannot be compiled, or crashes when it is tried; others are in the cache then.
    """
    package = Path(__file__).parents[2]

    def heard(_stream: str, _said: bytes) -> None:
        if not wanted():
            raise _UnwantedError

    try:
        with temporary_folder("nanobragg-compile") as folder:
            Path(folder, JOBS).write_bytes(pickle.dumps(list(stages)))
            paths = [str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
            environ = {
                **os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1",
                COMPILER_CACHE: folder, "TMPDIR": folder,
            }  # fmt: skip
            words = [sys.executable, "-m", __name__, folder]
            outcome, said, noise = execute(words, package, environ, LONGEST_S, heard)
    except _UnwantedError:
        return ()
    except OSError as error:
        raise CompileError(
            f"the pixel loop cannot be compiled ({error.strerror or error}); --compile off does without"
        ) from error
    if outcome.failure is not None:
        raise refusal("all stages", f"the process that compiles {outcome.failure} {telling_line(noise)}")
    failed = json.loads(said.decode().strip().splitlines()[-1])
    for stage, reason in failed:
        raise refusal(f"stage '{stage}'", reason)
    return ()


def telling_line(noise: bytes) -> str:
    """Return the line of what an interpreter wrote at its end that says why: the last, or its fatal error."""
    lines = noise.decode(errors="replace").strip().splitlines() or [""]
    return next((line for line in lines if line.startswith(FATAL)), lines[-1])


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
    gc.disable()  # the compiler makes many objects and ends soon
    with breathing():
        failed = _failed(folder)
    sys.stdout.write(f"\n{json.dumps(failed)}\n")
    sys.stdout.flush()


def _failed(folder: Path) -> list[tuple[str, str]]:
    import torch
    import torch._inductor.compile_fx  # what all stages need, before the process forks
    import torch.export

    torch.set_num_threads(1)
    stages: list[Making] = pickle.loads((folder / JOBS).read_bytes())
    statuses = _forked([partial(_compile, making, folder / str(n)) for n, making in enumerate(stages)])
    return [
        (making.call.stage.name, _reason(folder / f"{n}.failed", status))
        for n, (making, status) in enumerate(zip(stages, statuses, strict=True))
        if status != 0
    ]


@contextmanager
def breathing() -> Iterator[None]:
    """Say now and then that we live, so that whoever waits can ask whether we are still wanted.

    The thread has ended when the block has, and takes no lock of a stream: an interpreter that ends while a
    thread holds one aborts.
    """
    ended = threading.Event()

    def breathe() -> None:
        while not ended.wait(BREATH_S):
            os.write(STDOUT, b"\n")

    thread = threading.Thread(target=breathe)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


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
        put_library(making.facts, code)
    except Exception as error:
        scratch.with_suffix(".failed").write_text(str(error) or type(error).__name__)
        raise


def _forked(tasks: Sequence[Callable[[], None]]) -> list[int]:
    """Run tasks in forks of this process, side by side, and return how they ended: 0, status, -signal."""
    pids = [_fork(task) for task in tasks]
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


def _fork(task: Callable[[], None]) -> int:
    """Return the process number of a fork that runs a task and ends."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        task()
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
