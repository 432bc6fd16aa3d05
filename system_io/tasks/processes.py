"""Tasks done side by side by processes of this machine."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from system_io.errors import UserError
from system_io.tasks.engine import Result, Task

MOST_DEATHS = 3
"""Times that processes may die in turn without a task done between."""
LOOK_S = 0.5
_watched: set[int] = set()
"""The parent that this process dies with, once it has been told."""


@dataclass(frozen=True)
class Processes:
    """Does tasks in several processes; one that dies is replaced, and what it did is done again.

    Attributes:
        workers: number of processes, 2 or more; `OneProcess` needs none besides this one.
    """

    workers: int

    def results(
        self, function: Callable[[Task], Result], tasks: Sequence[Task]
    ) -> Iterator[tuple[Task, Result]]:
        """Yield each task with its result as it comes.

        Raises:
            UserError: processes die again and again.
        """
        left, deaths = dict(enumerate(tasks)), 0
        while left:
            before = len(left)
            try:
                for place, result in self._once(function, dict(left)):
                    task = left.pop(place)
                    yield task, result
                return
            except _worker_death():
                deaths = deaths + 1 if len(left) == before else 1
                if deaths == MOST_DEATHS:
                    raise UserError(
                        f"a working process died {deaths} times in turn, with {len(left)} tasks left (killed,"
                        " or out of memory); give fewer --workers"
                    ) from None

    def _once(
        self, function: Callable[[Task], Result], tasks: dict[int, Task]
    ) -> Iterator[tuple[int, Result]]:
        from joblib import Parallel, delayed

        calls = (delayed(_called)(function, place, task, os.getpid()) for place, task in tasks.items())
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "A worker stopped", UserWarning)
            yield from Parallel(self.workers, backend="loky", return_as="generator_unordered", batch_size=1)(
                calls
            )


def _worker_death() -> type[BaseException]:
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    found: type[BaseException] = TerminatedWorkerError
    return found


def _called(function: Callable[[Task], Result], place: int, task: Task, parent: int) -> tuple[int, Result]:
    """Return the place of a task and its result; called in a working process."""
    end_with(parent)
    return place, function(task)


def end_with(parent: int) -> None:
    """Let this process end when its parent has ended, however that came.

    Args:
        parent: process number.
    """
    if parent in _watched or parent == os.getpid():
        return
    _watched.add(parent)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
