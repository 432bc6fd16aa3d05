"""Which engine does the tasks of a command: its options --workers and --scheduler."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from system_io.parser import UsageError
from system_io.tasks.processes import usable_cores

if TYPE_CHECKING:
    from system_io.tasks.engine import TaskEngine

MOST_WORKERS = 4096


def workers_count(text: str) -> int:
    """Return a number of processes above 0 (an argparse type)."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of processes from 1 to {MOST_WORKERS}")
    return int(text)


def add_engine_options(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup, usual: str = "one a core"
) -> None:
    """Add --workers and --scheduler to a command.

    Args:
        parser: of the command.
        usual: number of processes without --workers, in words.
    """
    parser.add_argument(
        "--workers", type=workers_count, metavar="N", help=f"processes side by side; default {usual}"
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="dask scheduler, or the .json file that it wrote"
    )


def chosen_engine(options: argparse.Namespace, tasks: int, usual: int | None = None) -> TaskEngine:
    """Return what does the tasks of a command.

    Args:
        options: with those of `add_engine_options`.
        tasks: their number.
        usual: number of processes without --workers; None for one a core.

    Raises:
        UsageError: workers of a scheduler and of our own.
    """
    from system_io.tasks.cluster import DaskCluster
    from system_io.tasks.engine import OneProcess
    from system_io.tasks.processes import Processes

    if options.scheduler is not None and options.workers is not None:
        raise UsageError("--scheduler has its own workers; leave --workers out")
    if options.scheduler is not None:
        return DaskCluster(options.scheduler)
    workers = min(options.workers or usual or usable_cores(), max(1, tasks))
    return OneProcess() if workers == 1 else Processes(workers)
