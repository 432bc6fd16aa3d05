"""Progress of the pixel loop: a bar on a terminal, percent lines elsewhere (spec 08 "Progress meter")."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simulator.config import Detector

Progress = Callable[[int, int], None]


def percent_lines(first: int, last: int, total: int) -> list[str]:
    """Return the lines due while the number of finished pixels runs from `first` to `last` - 1.

    Every 5 percent, and every percent in the first and last tenth.

    Args:
        total: pixels by the bounds of the region of interest (Q-PROGRESS-COUNT).

    Source: spec 08.
    """
    percent, five = total // 100, total // 20
    if percent <= 0:
        return []
    due = set(range(-(-first // five) * five, last, five))
    ends = (n for n in range(-(-first // percent) * percent, last, percent))
    due.update(n for n in ends if 10 * n < total or 10 * n > 9 * total)
    return [f"{n * 100 // total}% done" for n in sorted(due)]


def bounds_count(detector: Detector) -> int:
    """Return the number of pixels by the bounds of the region of interest, which may lie past the edge."""
    fast_min, fast_max, slow_min, slow_max = detector.roi
    return max(fast_max - fast_min + 1, 0) * max(slow_max - slow_min + 1, 0)


@contextmanager
def shown(detector: Detector, wanted: bool, say: Callable[[str], None]) -> Iterator[Progress | None]:
    """Give a callback (pixels done, pixels in all) that shows progress, None where none is wanted.

    Args:
        say: prints a line.
    """
    if not wanted:
        yield None
    elif sys.stdout.isatty():
        with _bar() as advance:
            yield advance
    else:
        yield _lines(bounds_count(detector), say)


def _lines(total: int, say: Callable[[str], None]) -> Progress:
    finished = 0

    def advance(done: int, of: int) -> None:
        nonlocal finished
        for line in percent_lines(finished, done, total):
            say(line)
        finished = done

    return advance


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task("pixels", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
