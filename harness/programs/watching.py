"""Shows how far the programs are: side, share and elapsed time, from what they print themselves.

The bar goes to standard error, and only to a terminal; where standard error is a file nothing is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Watch = Callable[[str], Callable[[float], None]]
"""Called with the title of a run when it starts; gives what is called with the share that is done, 0 to 1."""

DONE = re.compile(rb"(\d+)% done")


def nobody(_title: str) -> Callable[[float], None]:
    """Watch nothing."""
    return lambda _share: None


def listener(advance: Callable[[float], None]) -> Callable[[str, bytes], None]:
    """Return what hears a program's output and calls `advance` with the share that it says is done."""

    def hear(stream: str, data: bytes) -> None:
        found = DONE.findall(data) if stream == "stdout" else []
        if found:
            advance(min(int(found[-1]), 100) / 100)

    return hear


@contextmanager
def watching(quiet: bool = False, title: str = "") -> Iterator[Watch]:
    """Give a watch that draws a bar for each run: title, side, share, elapsed time and time left."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import TimeRemainingColumn as TimeLeftColumn

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield nobody
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("left"), TimeLeftColumn(), console=console, transient=True) as bars:

        def watch(side: str) -> Callable[[float], None]:
            task = bars.add_task(f"{title} {side}".strip(), total=1.0)
            return lambda share: bars.update(task, completed=share)

        yield watch
