"""Restriction of a run to the neighbourhood of its traced pixels, in the state of the whole run (spec 12).

Windows of pixels are cut out of the blocks that the whole run would have, and the chunks of evaluations stay
those of the whole block, so that every value has the bits it has in the whole run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from simulator.config import RunConfig
from simulator.kernel.blocks import Block

WINDOW = 1024
"""Pixels that are computed together with a traced one: many times what vector instructions take at once."""


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """The places in memory order of the pixels of interest, sorted [T], and the number of fast pixels."""

    traced: Tensor
    fpixels: int

    @classmethod
    def of(cls, config: RunConfig, device: torch.device) -> Neighbourhood | None:
        """Return the neighbourhood of the traced pixels of a run, None if the whole image is wanted."""
        if not config.trace.only:
            return None
        width = config.detector.fpixels
        places = sorted(slow * width + fast for slow, fast in config.trace.pixels)
        return cls(torch.tensor(places, dtype=torch.int64, device=device), width)

    def place(self, block: Block) -> Tensor:
        """Return the place of each pixel of a block in memory order, [N]."""
        return block.slow * self.fpixels + block.fast

    def cut(self, block: Block) -> Block | None:
        """Return the windows of a block that hold traced pixels, None if there is none."""
        hits = torch.isin(self.place(block), self.traced).nonzero().flatten()
        if len(hits) == 0:
            return None
        window = torch.arange(len(block.slow), device=block.slow.device).div(WINDOW, rounding_mode="floor")
        keep = torch.isin(window, hits.div(WINDOW, rounding_mode="floor"))
        return replace(block.some(keep), size=len(block.slow))
