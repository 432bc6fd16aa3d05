"""Reading two traces, large ones at the same time."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from trace_tools.trace_file import Trace, read_trace

PARALLEL_BYTES = 1 << 27


def _is_large(path: str) -> bool:
    file = Path(path)
    return file.is_file() and file.stat().st_size >= PARALLEL_BYTES


def read_pair(a: str, b: str) -> tuple[Trace, Trace]:
    """Read two trace files. Raises: TraceError for the first one that cannot be read."""
    if not (_is_large(a) and _is_large(b) and (os.cpu_count() or 1) > 1):
        return read_trace(a), read_trace(b)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        other = pool.submit(read_trace, b)
        first = read_trace(a)
        return first, other.result()
