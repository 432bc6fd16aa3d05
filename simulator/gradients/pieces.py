"""Pieces of blocks that are differentiated at once."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from simulator.kernel.blocks import Block
from simulator.scene.instrument import Instrument

EVALUATIONS_OF_SLOPES = 1 << 21
"""Of a piece that is differentiated at once by compiled code, on one core."""
FEWEST_PIXELS = 2
"""Of a piece, that machine code serves it."""
ALL_AT_ONCE = 1 << 62
"""Evaluations, or pixels, of a call that is not divided."""


def pieces_of_blocks(ins: Instrument, blocks: Sequence[Block], evaluations: int) -> list[Block]:
    """Return the blocks in equal parts of about so many evaluations."""
    K, P, M = ins.counts
    sides = ins.plan.sides
    pixels = max(FEWEST_PIXELS, evaluations // (K * P * M * sides * sides * ins.plan.layers))
    pieces = []
    for block in blocks:
        size = ceil(len(block.slow) / max(1, round(len(block.slow) / pixels)))
        pieces += [block.some(slice(n, n + size)) for n in range(0, len(block.slow), size)]
    return pieces
