"""Delta debugging: a list with fewer parts that still passes a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Part = TypeVar("Part")


def fewer(parts: Sequence[Part], holds: Callable[[Sequence[Part]], bool]) -> list[Part]:
    """Return a part of a list of which no single member can be left out (ddmin, by complements).

    Args:
        parts: for which `holds` is true.
        holds: tells of a list in the same order whether it will do.
    """
    kept, size = list(parts), max(1, len(parts) // 2)
    while kept:
        place, dropped = 0, False
        while place < len(kept):
            rest = kept[:place] + kept[place + size :]
            if holds(rest):
                kept, dropped = rest, True
            else:
                place += size
        if size == 1 and not dropped:
            break
        size = max(1, min(size // 2, len(kept)))
    return kept
