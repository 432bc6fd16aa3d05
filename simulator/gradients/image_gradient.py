"""Gradients of an image: blocks are computed again in the backward pass, so that memory stays bounded.

The kernel is that of the forward pass. Its inputs, the tensors of the instrument, are few and small; from
them on, torch differentiates the set-up as usual.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from simulator.config import Compute
from simulator.engine.choose import choose_compiled
from simulator.engine.eager import Eager
from simulator.engine.rehearsal import Rehearsal
from simulator.engine.stage import Engine
from simulator.engine.tensor_tree import leaves, rebuilt
from simulator.engine.workers import side_by_side
from simulator.errors import InputError
from simulator.gradients.pieces import ALL_AT_ONCE, EVALUATIONS_OF_SLOPES, pieces_of_blocks
from simulator.gradients.stage_gradient import Sloped
from simulator.gradients.vector_jacobian import grad_of
from simulator.kernel.blocks import Block
from simulator.kernel.kernel import photons
from simulator.kernel.small_blocks import rehearse, uncompilable
from simulator.kernel.stages import Stages
from simulator.limits.transforms import SECOND, require_plain
from simulator.scene.instrument import Instrument
from simulator.units import R_E_SQR_M2
from simulator.untraced import untraced

EVALUATIONS_OF_A_GRAPH = 1 << 18
"""Of a piece that is differentiated at once by torch's graph of all operations."""


@dataclass(frozen=True)
class Backward:
    """How the blocks are differentiated."""

    programs: Engine | None
    """Run the stages and their slopes, None for torch's own graph of all operations."""
    evaluations: int
    """Of a piece, at most."""


def choose_backward(
    compute: Compute, ins: Instrument, free: Sequence[bool], evaluations: int
) -> tuple[Backward, tuple[str, ...]]:
    """Return how the blocks of a run are differentiated, with warnings.

    Args:
        ins: detached.
        free: which of its tensors want a gradient.
        evaluations: their number.

    Raises:
        CompileError: if compiled code is asked for and cannot be made.
    """

    def play(engine: Engine) -> None:
        rehearse(ins, lambda few, block: block_slopes(few, free, block, engine))

    rehearsal = Rehearsal(play, f"slopes {free}", uncompilable(ins))
    programs, notes = choose_compiled(compute, ins, evaluations, rehearsal)
    if programs is None:
        return Backward(None, EVALUATIONS_OF_A_GRAPH), notes
    return Backward(programs, EVALUATIONS_OF_SLOPES), notes


def block_slopes(
    ins: Instrument, free: Sequence[bool], block: Block, inner: Engine | None, grad: Tensor | None = None
) -> list[Tensor | None]:
    """Return the product of a block's gradient with its derivative to each tensor, None for 0.

    Args:
        free: which tensors of the instrument are asked for.
        inner: runs the stages and their slopes; None for the graph that torch makes of all operations.
        grad: what comes back to each pixel [N], 1/photons, None for 1.

    Returns:
        For each tensor its shape, in 1 over its unit.

    Source: spec 06.
    """
    with torch.enable_grad():
        own = [part.detach().requires_grad_(want) for part, want in zip(leaves(ins), free, strict=True)]
        seen = rebuilt(ins, own)
        stages = Stages(seen, Eager(ALL_AT_ONCE, len(block.slow))) if inner is None else Sloped(seen, inner)
        pixels = photons(stages, block).pixels
        back = torch.ones_like(pixels) if grad is None else grad.to(pixels.dtype)
        pairs = [(pixels, back)] if pixels.requires_grad else []
        found = iter(grad_of(pairs, [part for part in own if part.requires_grad]))
    return [next(found) if want else None for want in free]


@dataclass(frozen=True)
class Forward:
    """What a forward pass gives: the pixels [n] of all blocks in photons, these blocks, and more."""

    pixels: Tensor
    blocks: Sequence[Block]
    more: Any = None


def differentiable(
    tensors: Sequence[Tensor], ins: Instrument, forward: Callable[[], Forward], backward: Backward
) -> tuple[Tensor, Any]:
    """Return the pixels [n] of a forward pass in photons, with the gradient to the tensors of the instrument.

    Args:
        tensors: those of the instrument in double precision.
        ins: the instrument in the arithmetic of the slopes, detached.
        forward: computes the pixels.
        backward: how the blocks are differentiated.

    Returns:
        The pixels, and what else the forward pass gave.

    Raises:
        InputError: in the backward pass, where a second derivative is asked for.

    Source: spec 06.
    """
    pixels, more = _Pixels.apply((ins, forward, backward), *tensors)  # type: ignore[no-untyped-call]
    return pixels, more.more


class _Pixels(torch.autograd.Function):
    """All pixels as one function of the tensors of the instrument."""

    @staticmethod
    def forward(
        ctx: Any, how: tuple[Instrument, Callable[[], Forward], Backward], *tensors: Tensor
    ) -> tuple[Tensor, Forward]:
        """Compute the pixels and remember the blocks."""
        ins, forward, backward = how
        with torch.no_grad():
            made = forward()
        ctx.kept = (ins, pieces_of_blocks(ins, made.blocks, backward.evaluations), backward)
        ctx.needed = [part.requires_grad for part in tensors]
        return of_its_own(made.pixels), made

    @staticmethod
    @untraced
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Return the sum over blocks of the products with their derivatives, in the order of the blocks.

        Raises:
            InputError: where a derivative of the derivative, or several gradients at once are asked for.
        """
        require_plain("the gradient of an image", grads[0])
        if torch.is_grad_enabled():
            raise InputError(f"create_graph=True, {SECOND}")
        ins, blocks, backward = ctx.kept
        starts = [0]
        for block in blocks:
            starts.append(starts[-1] + len(block.slow))

        def of_block(n: int) -> tuple[list[Tensor | None], float]:
            grad = grads[0][starts[n] : starts[n + 1]].to(ins.plan.sum_dtype)
            unit = _unit(ins, grad)
            return block_slopes(ins, ctx.needed, blocks[n], backward.programs, grad / unit), unit

        totals: list[Tensor | None] = [None] * len(ctx.needed)
        for parts, unit in side_by_side(of_block, len(blocks)):
            totals = [_added(total, part, unit) for total, part in zip(totals, parts, strict=True)]
        return None, *totals


def of_its_own(pixels: Tensor) -> Tensor:
    """Return a tensor in the same memory that is no view, so that it may be changed in place."""
    made = torch.empty(0, dtype=pixels.dtype, device=pixels.device)
    return made.set_(pixels)  # type: ignore[call-overload, no-any-return]


def _added(total: Tensor | None, part: Tensor | None, unit: float) -> Tensor | None:
    """Return the sum of a total in double precision, None for 0, and so many units of a part."""
    if part is None:
        return total
    return part.to(torch.float64) * unit if total is None else total.add_(part, alpha=unit)


def _unit(ins: Instrument, grad: Tensor) -> float:
    """Return the power of two to divide a gradient by, so that no slope leaves the range of single precision.

    It makes the largest product with what a pixel is multiplied by at its end about one.
    """
    scale = R_E_SQR_M2 * ins.numbers.fluence_photons_per_m2 / ins.numbers.steps
    exponent = torch.frexp(grad.detach().to(torch.float64).abs().amax() * scale).exponent
    return float(exponent.to(torch.float64).exp2())
