"""The three stages of the kernel, called on an engine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from simulator.engine.stage import Call, Engine, Stage
from simulator.kernel.evaluation import ADD, ChunkInputs, add_evaluations
from simulator.kernel.factors import Factors
from simulator.kernel.finish import FINISH, Sums, scaled
from simulator.kernel.rays import RAYS, Rays, trace_rays
from simulator.kernel.taps import Show, Spot, Tap, no_tap, silent
from simulator.scene.instrument import Instrument


class Stages:
    """The stages of the kernel; whoever watches is served by their functions themselves.

    Args:
        ins: the run on its device.
        engine: runs their calls.
    """

    def __init__(self, ins: Instrument, engine: Engine) -> None:
        self.ins, self.engine = ins, engine
        self._seen: dict[str, Instrument] = {}

    @property
    def elements(self) -> int:
        """About how many evaluations one call of `add` may hold."""
        return self.engine.elements

    def rays(self, spot: Spot, cached: Factors | None, tap: Tap = no_tap) -> Rays:
        """Do what `trace_rays` does."""
        if tap.active:
            return trace_rays(self.seen(RAYS), spot, cached, tap)
        layer, slow, fast = (  # filled, not copied, which a device would have to be waited for
            torch.full((), n, dtype=torch.int64, device=self.ins.device)
            for n in (spot.layer, spot.sub_slow, spot.sub_fast)
        )
        rays: Rays = self.run(RAYS, (spot.slow, spot.fast, layer, slow, fast, cached), len(spot.slow))
        return rays

    def add(self, part: ChunkInputs, I: Tensor, show: Show = silent) -> tuple[Tensor, Tensor | None]:
        """Do what `add_evaluations` does."""
        if show is not silent:
            return add_evaluations(self.seen(ADD), part, I, show)
        sums: tuple[Tensor, Tensor | None] = self.run(ADD, (part, I), len(I))
        return sums

    def finish(self, sums: Sums, factors: Factors, show: Show = silent) -> Tensor:
        """Do what `scaled` does."""
        if show is not silent:
            return scaled(self.seen(FINISH), sums, factors, show)
        pixels: Tensor = self.run(FINISH, (replace(sums, omega_sum_sr=None), factors), len(sums.I))
        return pixels

    def run(self, stage: Stage, given: Any, pixels: int) -> Any:
        """Return what a stage gives for a block of so many pixels."""
        return self.engine.run(self.call(stage, given), pixels)

    def call(self, stage: Stage, given: Any) -> Call:
        """Return a call of a stage."""
        return Call(stage, self.seen(stage), given)

    def seen(self, stage: Stage) -> Instrument:
        """Return what a stage sees of the instrument."""
        if stage.name not in self._seen:
            self._seen[stage.name] = self.ins.only(stage.parts, stage.decisions)
        return self._seen[stage.name]
