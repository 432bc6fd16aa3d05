"""Which pixels a recorded command line asks to trace, and what stands in the traces of each program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.errors import BundleError

PREFIXES: Mapping[str, str] = {"reference": "TRACE_C", "simulator": "TRACE_PY"}
"""With which the lines of a trace begin, for each kind of program of ours."""
CUTTING = frozenset({"-roi", "-mask", "-img"})
"""Options that may keep a pixel from being computed."""
MOST_TRACED = 1 << 22


def asked_pixels(words: Sequence[str]) -> set[tuple[int, int]]:
    """Return the pixels (slow, fast) that a command line asks to trace."""
    pixels: set[tuple[int, int]] = set()
    for place, word in enumerate(words):
        if word == "-trace_pixel":
            slow, fast = (int(text) for text in words[place + 1 : place + 3])
            pixels.add((slow, fast))
        if word == "-trace_roi":
            s0, s1, f0, f1 = (int(text) for text in words[place + 1 : place + 5])
            pixels |= block_of(s0, s1, f0, f1)
    return pixels


def block_of(s0: int, s1: int, f0: int, f1: int) -> set[tuple[int, int]]:
    """Return the pixels of a block, bounds inclusive.

    Raises:
        BundleError: for more than can be traced.
    """
    if (s1 - s0 + 1) * (f1 - f0 + 1) > MOST_TRACED:
        raise BundleError(f"a traced block of {s1 - s0 + 1} x {f1 - f0 + 1} pixels is none; it is damaged")
    return {(slow, fast) for slow in range(s0, s1 + 1) for fast in range(f0, f1 + 1)}
