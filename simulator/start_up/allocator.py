"""Reuse of freed memory in place of giving it back to the system."""

from __future__ import annotations

import ctypes
import os
import platform

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt in the GNU C library."""
KEPT_BYTES, LARGEST_BYTES = 512 << 20, 32 << 20
"""Freed memory that stays with the process, and the largest piece that is taken from it."""
SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


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
