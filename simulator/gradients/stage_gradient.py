"""The stages of the kernel with their derivatives: the slopes of a stage are a call like the stage itself.

They are what torch finds for the stage's own function. As a `Call` they run operation by operation, or as
machine code. `evaluation_gradient` has those of the innermost stage.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from simulator.engine.stage import Call, Engine
from simulator.engine.tensor_tree import leaves, rebuilt
from simulator.gradients.evaluation_gradient import TERMS, Terms
from simulator.gradients.vector_jacobian import Run, slopes_of
from simulator.kernel.accumulate import add_terms
from simulator.kernel.evaluation import ChunkInputs
from simulator.kernel.stages import Stages
from simulator.kernel.taps import Show, silent
from simulator.scene.instrument import Instrument


class Sloped(Stages):
    """Stages with derivatives; all their calls, and those of their slopes, run as those of other stages do.

    Args:
        ins: the run, with the tensors that shall have gradients.
        inner: runs each call.
    """

    def __init__(self, ins: Instrument, inner: Engine) -> None:
        super().__init__(ins, Differentiable(inner))
        self._inner = inner

    def add(self, part: ChunkInputs, I: Tensor, show: Show = silent) -> tuple[Tensor, Tensor | None]:
        """Return the sums; none runs in loop order, nobody watches, and interpolation ends where it did."""
        assert part.weight is None  # such a run is not compiled
        call = self.call(TERMS, replace(part, gain=None))
        total: Tensor = Terms.apply(self._inner.run, call, len(I), *call.flat())  # type: ignore[no-untyped-call]
        return add_terms(I, total, part.gain), None


class Differentiable:
    """Runs calls on another engine, with their gradient if one is wanted; see `Engine`."""

    def __init__(self, inner: Engine) -> None:
        self._inner = inner
        self.compiled, self.parallel = inner.compiled, inner.parallel
        self.elements, self.pixels = inner.elements, inner.pixels

    def run(self, call: Call, pixels: int) -> Any:
        """See `Engine.run`."""
        flat = call.flat()
        if not any(part.requires_grad for part in flat):
            return self._inner.run(call, pixels)
        result, *found = _Stage.apply(self._inner.run, call, pixels, *flat)  # type: ignore[no-untyped-call]
        return rebuilt(result.structure, found)


@dataclass(frozen=True, eq=False)
class _Result:
    """What a stage gave, to be passed through torch's graph as it is."""

    structure: Any


class _Stage(torch.autograd.Function):
    """A stage as one function of all tensors it reads."""

    @staticmethod
    def forward(ctx: Any, run: Run, call: Call, pixels: int, *flat: Tensor) -> Any:
        """Return what the stage gives, and its tensors."""
        result = run(call, pixels)
        found = tuple(leaves(result))
        ctx.kept = (run, call, pixels, [part.requires_grad for part in flat])
        ctx.mark_non_differentiable(*(part for part in found if not part.is_floating_point()))
        ctx.set_materialize_grads(False)
        return _Result(result), *found

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        """Return the products with the slopes of the stage.

        Of the tensors of the instrument all are asked for or none, so that runs share programs.
        """
        run, call, pixels, wanted = ctx.kept
        own = sum(1 for _ in leaves(call.ins))
        all_of_own = any(wanted[:own])
        asked = tuple(
            n
            for n, (part, want) in enumerate(zip(call.flat(), wanted, strict=True))
            if want or (all_of_own and n < own and part.is_floating_point())
        )
        found: list[Tensor | None] = [None] * len(wanted)
        for n, slope in zip(asked, run(slopes_of(call, grads[1:], asked), pixels), strict=True):
            found[n] = slope
        return None, None, None, *found
