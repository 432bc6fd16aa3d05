"""Memory: refusal of what this machine cannot hold, and reuse of what was freed."""

from __future__ import annotations

import ctypes
import os
import platform
from functools import lru_cache

from simulator.errors import InputError

_GIB = float(1 << 30)
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt in the GNU C library."""
KEPT_BYTES, LARGEST_BYTES = 512 << 20, 32 << 20
"""Freed memory that stays with the process, and the largest piece that is taken from it."""
SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


@lru_cache(maxsize=1)
def keep_freed() -> None:
    """Let the C library keep memory that is freed, unless the environment says something about it.

    By default it goes back to the system and is paged in again for the next block of pixels, which takes as
    long as computing one. Only the GNU C library is told.
    """
    if platform.libc_ver()[0] != "glibc" or any(name in os.environ for name in SETTINGS):
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(MMAP_THRESHOLD, LARGEST_BYTES)
    mallopt(TRIM_THRESHOLD, KEPT_BYTES)


def require(needed_bytes: float, what: str) -> None:
    """Raise InputError if something would need more than the memory of this machine.

    Args: needed_bytes; what, the thing with its value, for the message. Source: spec 01 section 6.
    """
    try:
        present = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return
    if needed_bytes > present:
        raise InputError(
            f"{what}: would need {needed_bytes / _GIB:.3g} GiB of memory,"
            f" this machine has {present / _GIB:.3g} GiB"
        )
