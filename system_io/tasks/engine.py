"""What does tasks: this process, one task after the other, or another engine with the same results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


class TaskEngine(Protocol):
    """Calls a function with each of some tasks."""

    def results(
        self, function: Callable[[Task], Result], tasks: Sequence[Task]
    ) -> Iterator[tuple[Task, Result]]:
        """Yield each task with what the function returns for it, in any order.

        A function and a task that leave this process are pickled. What the function raises is raised here;
        tasks that were not yielded by then may have been done or not.

        Args:
            function: called once a task; again where the process that did it has died.
            tasks: what it is called with.

        Raises:
            UserError: the engine itself cannot go on.
        """
        ...


class OneProcess:
    """Does tasks in this process, in their order."""

    def results(
        self, function: Callable[[Task], Result], tasks: Sequence[Task]
    ) -> Iterator[tuple[Task, Result]]:
        """Yield each task with its result, in order."""
        for task in tasks:
            yield task, function(task)
