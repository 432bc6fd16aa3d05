"""Gradients of an image: blocks are computed again in the backward pass, so that memory stays bounded.

The kernel is that of the forward pass. Its inputs, the tensors of the instrument, are few and small; from
them on, torch differentiates the set-up as usual.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import ceil
from typing import Any

import torch
from torch import Tensor

from simulator.blocks import Block
from simulator.errors import InputError
from simulator.instrument import Instrument
from simulator.kernel import photons
from simulator.leaves import leaves, rebuilt
from simulator.stages import Eager
from simulator.units import R_E_SQR_M2

EVALUATIONS_OF_A_GRAPH, ALL_AT_ONCE = 1 << 18, 1 << 62
Forward = Callable[[], tuple[Tensor, Sequence[Block]]]
"""Computes the pixels [n] of all blocks, and says which blocks these were."""
Spread = Callable[[Callable[[int], Any], int], Iterable[Any]]
"""Calls a function with 0 ... n - 1, side by side, and yields the results in order."""


def wanted(ins: Instrument) -> bool:
    """Return whether the image shall have a gradient."""
    return torch.is_grad_enabled() and any(part.requires_grad for part in leaves(ins))


def differentiable(tensors: Sequence[Tensor], ins: Instrument, forward: Forward, spread: Spread) -> Tensor:
    """Return the pixels [n] of a forward pass in photons, with the gradient to the tensors of the instrument.

    Args: tensors: these in double precision. ins: in the arithmetic of the run, detached.
    Raises: InputError, in the backward pass, where a second derivative is asked for. Source: spec 06.
    """
    found: Tensor = _Pixels.apply((ins, forward, spread), *tensors)  # type: ignore[no-untyped-call]
    return found


class _Pixels(torch.autograd.Function):
    """All pixels as one function of the tensors of the instrument."""

    @staticmethod
    def forward(ctx: Any, how: tuple[Instrument, Forward, Spread], *tensors: Tensor) -> Tensor:
        """Compute the pixels and remember the blocks."""
        ins, forward, spread = how
        with torch.no_grad():
            pixels, blocks = forward()
        ctx.kept = (ins, _pieces(ins, blocks), spread)
        ctx.needed = [part.requires_grad for part in tensors]
        return pixels

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Return the sum over blocks of the products with their derivatives, in the order of the blocks.

        Raises: InputError where a derivative of the derivative is asked for.
        """
        if torch.is_grad_enabled():
            raise InputError("create_graph: an image has no second derivatives; leave create_graph=True out")
        ins, blocks, spread = ctx.kept
        starts = [0]
        for block in blocks:
            starts.append(starts[-1] + len(block.slow))

        def of_block(n: int) -> list[Tensor | None]:
            return _products(ins, ctx.needed, blocks[n], grads[0][starts[n] : starts[n + 1]])

        totals: list[Tensor | None] = [None] * len(ctx.needed)
        for parts in spread(of_block, len(blocks)):
            totals = [
                part if total is None else total if part is None else total.add_(part)
                for total, part in zip(totals, parts, strict=True)
            ]
        return None, *totals


def _products(ins: Instrument, needed: Sequence[bool], block: Block, grad: Tensor) -> list[Tensor | None]:
    """Return the product of a block's gradient with its derivative to each tensor, None where not needed.

    Returns: float64, whatever the arithmetic of the run.
    """
    unit = _unit(ins, grad)
    with torch.enable_grad():
        inputs = [part.detach().requires_grad_(need) for part, need in zip(leaves(ins), needed, strict=True)]
        asked = [part for part, need in zip(inputs, needed, strict=True) if need]
        pixels = photons(rebuilt(ins, inputs), block, Eager(ALL_AT_ONCE, len(block.slow))).pixels
        if not pixels.requires_grad:
            return [None] * len(inputs)
        given = (grad / unit).to(pixels.dtype)
        found = iter(torch.autograd.grad(pixels, asked, given, allow_unused=True))
    slopes = [next(found) if need else None for need in needed]
    return [None if slope is None else slope.to(torch.float64) * unit for slope in slopes]


def _unit(ins: Instrument, grad: Tensor) -> Tensor:
    """Return the power of two to divide a gradient by, so that no slope leaves the range of single precision.

    It makes the largest product with what a pixel is multiplied by at its end about one.
    """
    scale = R_E_SQR_M2 * ins.numbers.fluence_photons_per_m2 / ins.numbers.steps
    exponent = torch.frexp(grad.detach().to(torch.float64).abs().amax() * scale).exponent
    return exponent.to(torch.float64).exp2()


def _pieces(ins: Instrument, blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks in equal parts of about so many evaluations that their graphs fit into memory."""
    K, P, M = ins.counts
    sides = ins.plan.sides
    pixels = max(1, EVALUATIONS_OF_A_GRAPH // (K * P * M * sides * sides * ins.plan.layers))
    pieces = []
    for block in blocks:
        size = ceil(len(block.slow) / max(1, round(len(block.slow) / pixels)))
        pieces += [
            replace(block, slow=block.slow[n : n + size], fast=block.fast[n : n + size])
            for n in range(0, len(block.slow), size)
        ]
    return pieces
