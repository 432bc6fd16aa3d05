"""Refusal of what the memory of this machine cannot hold."""

from __future__ import annotations

import os

from simulator.errors import InputError

_GIB = float(1 << 30)


def require(needed_bytes: float, what: str) -> None:
    """Raise InputError if something would need more than the memory of this machine.

    Args:
        needed_bytes: of memory.
        what: the thing with its value, for the message.

    Source: spec 01 section 6.
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
