"""The arithmetic in which two programs are compared: that of the less precise one."""

from __future__ import annotations

from collections.abc import Iterable

from trace_tools.judging.arithmetic import DOUBLE

LEAST_EXACT_FIRST = ("float32", "mixed")


def arithmetic_of(dtype: str | None, computed: Iterable[str | None]) -> str:
    """Return the least exact arithmetic of both sides.

    Args:
        dtype: as the simulator was told, None for its double precision.
        computed: what the programs say of how they computed, which tells what `auto` chose.
    """
    if dtype != "auto":
        return dtype or DOUBLE
    said = {word.strip() for words in computed if words for word in words.split(",")} or {"mixed"}
    return next((name for name in LEAST_EXACT_FIRST if name in said), DOUBLE)
