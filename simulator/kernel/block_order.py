"""The pixels of a run in blocks, in the order of the run (spec 06 sections 1, 2 and 7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from simulator.kernel.blocks import Block, spots, visit_of
from simulator.kernel.rays import passes_dmin
from simulator.kernel.taps import NEVER
from simulator.scene.instrument import Instrument
from simulator.scene.region import window_of
from simulator.scene.scene import Scene

SEARCHED = 1 << 14
"""Pixels that are looked through at once for the first visit."""


def blocks_in_order(
    scene: Scene, ins: Instrument, executed: Tensor, size: int, begun: bool = False
) -> Iterator[Block]:
    """Yield the executed pixels in order, the one with the first visit of the run apart if it matters.

    Args:
        executed: bool [all pixels], or the places of those to compute.
        size: of a block, in pixels.
        begun: whether the first visit has been before these.
    """
    searching = scene.first_block_differs and not begun
    for block in _pixel_blocks(scene, ins.device, executed, size):
        found = _first_visit(ins, block) if searching else None
        if found is None:
            yield block
            continue
        searching = False
        n, visit = found
        for part, first in zip(split(block, n), (-1, visit, -1), strict=True):
            if len(part.slow):
                yield replace(part, first_visit=first)


def split(block: Block, n: int) -> tuple[Block, Block, Block]:
    """Return the pixels before, at and after position n; the outer parts may be empty."""
    return block.some(slice(0, n)), block.some(slice(n, n + 1)), block.some(slice(n + 1, None))


def _pixel_blocks(scene: Scene, device: torch.device, executed: Tensor, size: int) -> Iterator[Block]:
    """Yield the executed pixels in memory order, about so many at a time.

    Whole rows of the region of interest are counted out; a mask, or rows that are longer, are searched.
    """
    detector, listed = scene.config.detector, executed.dtype != torch.bool
    slow, fast = window_of(detector)
    columns = torch.arange(fast.start, fast.stop, device=device)
    if not listed and not detector.mask.size and 0 < len(columns) <= size:
        height = size // len(columns)
        for first in range(slow.start, slow.stop, height):
            rows = torch.arange(first, min(first + height, slow.stop), device=device)
            shape = (len(rows), len(columns))
            yield Block(slow=rows[:, None].expand(shape).flatten(), fast=columns.expand(shape).flatten())
        return
    for start in range(0, executed.numel(), size):
        part = executed[start : start + size]
        index = (part if listed else part.nonzero().flatten() + start).to(device, non_blocking=True)
        if len(index):
            width = detector.fpixels
            yield Block(slow=index.div(width, rounding_mode="floor"), fast=index.remainder(width))


def _first_visit(ins: Instrument, block: Block) -> tuple[int, int] | None:
    """Return position in the block and ordinal of the first visit to the phi loop; None if dmin allows none.

    Source: spec 06 section 7 rule 3.
    """
    if not ins.plan.resolution_limit:
        return 0, 0
    for start in range(0, len(block.slow), SEARCHED):
        part = block.some(slice(start, start + SEARCHED))
        best = torch.full_like(part.slow, NEVER)
        for spot in spots(ins, part):
            alive = passes_dmin(ins, spot)[:, :, 0, 0]  # [K, N]
            order = visit_of(ins, spot) + torch.arange(len(alive), device=alive.device)[:, None]
            best = torch.minimum(best, torch.where(alive, order, NEVER).amin(0))
        found = (best != NEVER).nonzero().flatten()
        if len(found):
            return start + int(found[0]), int(best[found[0]])
    return None
