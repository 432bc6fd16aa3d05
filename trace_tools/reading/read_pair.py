"""Reading two traces, large ones at the same time."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields, replace
from multiprocessing import get_context, parent_process
from pathlib import Path

import numpy as np

from system_io.owner import remove, scratch_folder
from system_io.watchdog import watchdog
from trace_tools.reading.trace_columns import Columns, ColumnsBuilder
from trace_tools.reading.trace_file import TraceLog, read_trace

PARALLEL_BYTES = 1 << 27
_ARRAYS = tuple(field.name for field in fields(Columns) if field.name != "keys")


def _is_large(path: str) -> bool:
    file = Path(path)
    return file.is_file() and file.stat().st_size >= PARALLEL_BYTES


def _read_into(path: str, folder: str, source: str) -> TraceLog:
    """Read a trace and leave its columns in files: a pipe would take longer than the parsing saves."""
    trace = read_trace(path, source)
    for name in _ARRAYS:
        np.save(Path(folder) / f"{name}.npy", getattr(trace.columns, name))
    return replace(trace, columns=ColumnsBuilder(trace.columns.keys).finish())


def read_pair(a: str, b: str, sources: tuple[str, str] = ("", "")) -> tuple[TraceLog, TraceLog]:
    """Read two trace files.

    Args:
        a: path of one.
        b: path of the other.
        sources: the names to call them by in messages, their paths without one.

    Raises:
        TraceError: for the first one that cannot be read.
    """
    if not (_is_large(a) and _is_large(b) and (os.cpu_count() or 1) > 1):
        return read_trace(a, sources[0]), read_trace(b, sources[1])
    folder = scratch_folder("trace-diff")
    try:
        with (
            watchdog().removing(folder),
            ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_end_with_parent) as pool,
        ):
            other = pool.submit(_read_into, b, str(folder), sources[1])
            first = read_trace(a, sources[0])
            second = other.result()
            arrays = {name: np.load(folder / f"{name}.npy") for name in _ARRAYS}
            columns = replace(second.columns, **arrays)
    finally:
        remove(folder)
    return first, replace(second, columns=columns)


def _end_with_parent() -> None:
    """End this reader when the process that wanted its columns is gone, however it ended."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
