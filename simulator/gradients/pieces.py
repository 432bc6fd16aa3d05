"""Pieces of blocks that are differentiated at once, and how they are spread over the cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import ceil
from typing import Any

from simulator.kernel.blocks import Block
from simulator.scene.instrument import Instrument

EVALUATIONS_OF_SLOPES = 1 << 22
"""Of a piece that is differentiated at once by compiled code."""
ALL_AT_ONCE = 1 << 62
"""Evaluations, or pixels, of a call that is not divided."""
Spread = Callable[[Callable[[int], Any], int], Iterable[Any]]
"""Calls a function with 0 ... n - 1, side by side, and yields the results in order."""


def pieces_of_blocks(ins: Instrument, blocks: Sequence[Block], evaluations: int) -> list[Block]:
    """Return the blocks in equal parts of about so many evaluations."""
    K, P, M = ins.counts
    sides = ins.plan.sides
    pixels = max(1, evaluations // (K * P * M * sides * sides * ins.plan.layers))
    pieces = []
    for block in blocks:
        size = ceil(len(block.slow) / max(1, round(len(block.slow) / pixels)))
        pieces += [block.some(slice(n, n + size)) for n in range(0, len(block.slow), size)]
    return pieces
