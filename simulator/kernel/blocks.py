"""How the run is cut into blocks of pixels and chunks of evaluations, in loop order (spec 06 section 1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from simulator.kernel.taps import NEVER, Spot
from simulator.scene.instrument import Instrument


@dataclass(frozen=True)
class Block:
    """The pixels of one call [N], and what the order of the run means for them."""

    slow: Tensor
    fast: Tensor
    first_visit: int = -1
    """Ordinal of the (layer, sub-pixel, source) that is the first of the whole run, which is then in this
    block of one pixel; -1 for none."""
    interpolated: int = NEVER
    """Evaluations of a pixel with an ordinal below it interpolate."""
    size: int = 0
    """Number of pixels that the chunks are made for; 0 for those it has."""

    def some(self, pixels: slice | Tensor) -> Block:
        """Return the block with some of its pixels: a slice, places, or bool [N]."""
        return replace(self, slow=self.slow[pixels], fast=self.fast[pixels])


@dataclass(frozen=True)
class Chunk:
    """A part of the evaluations of a sub-pixel: ranges along K, P and M."""

    k: slice
    p: slice
    m: slice


def spots(ins: Instrument, block: Block) -> Iterator[Spot]:
    """Yield all layers and sub-pixels of a block in loop order."""
    span = range(ins.plan.sides)
    for layer in range(ins.plan.layers):
        for sub_slow in span:
            for sub_fast in span:
                yield Spot(block.slow, block.fast, layer, sub_slow, sub_fast)


def visit_of(ins: Instrument, spot: Spot) -> int:
    """Return the ordinal of (layer, sub-pixel, source 0) among the visits of a pixel to the phi loop."""
    side = ins.plan.sides
    return ((spot.layer * side + spot.sub_slow) * side + spot.sub_fast) * len(ins.wavelength_m)


def place_of(spot: Spot, chunk: Chunk) -> Spot:
    """Return the place of a chunk of evaluations of a sub-pixel."""
    counts = (chunk.k.stop - chunk.k.start, chunk.p.stop - chunk.p.start, chunk.m.stop - chunk.m.start)
    return replace(spot, source=chunk.k.start, phi=chunk.p.start, domain=chunk.m.start, counts=counts)


def chunks(ins: Instrument, block: Block, elements: int) -> Iterator[Chunk]:
    """Yield the evaluations of a sub-pixel in loop order, in parts of about so many elements each.

    A part takes all domains before it takes several phi steps, and all steps before several sources.
    """
    K, P, M = ins.counts
    room = max(1, elements // max(1, block.size or len(block.slow)))
    m = min(M, room)
    p = min(P, room // M) if m == M else 1
    k = min(K, room // (M * P)) if p == P and m == M and block.first_visit < 0 else 1
    for k0 in range(0, K, k):
        for p0 in range(0, P, p):
            for m0 in range(0, M, m):
                yield Chunk(slice(k0, min(K, k0 + k)), slice(p0, min(P, p0 + p)), slice(m0, min(M, m0 + m)))


def ordinals(ins: Instrument, visit: int, chunk: Chunk) -> Tensor:
    """Return the loop-order ordinals of the evaluations of a chunk within a pixel, [K, 1, P, M]."""
    _, P, M = ins.counts
    k, p, m = (torch.arange(part.start, part.stop, device=ins.device) for part in (chunk.k, chunk.p, chunk.m))
    return ((visit + k[:, None, None, None]) * P + p[:, None]) * M + m
