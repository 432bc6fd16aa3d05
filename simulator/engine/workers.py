"""Calls side by side on all cores."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch

Submit = Callable[..., "Future[Any]"]
"""Starts a call of a function with what it is given."""


@contextmanager
def workers(parallel: bool) -> Iterator[tuple[Submit, int]]:
    """Give a function that starts a call, and how many calls may wait: a thread on each core, or this one."""
    cores = torch.get_num_threads()
    if not parallel:
        yield _at_once, 0
        return
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool.submit, 2 * cores
    finally:
        torch.set_num_threads(cores)


def _at_once(function: Callable[..., Any], *given: object) -> Future[Any]:
    """Return the result of a call that is made now."""
    done: Future[Any] = Future()
    done.set_result(function(*given))
    return done


def side_by_side(function: Callable[[int], Any], count: int) -> Iterator[Any]:
    """Yield the results of a function of 0 ... count - 1, called on all cores, in order."""
    pending: deque[Future[Any]] = deque()
    with workers(parallel=True) as (submit, waiting):
        for n in range(count):
            pending.append(submit(function, n))
            while len(pending) > waiting:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
