"""The slopes of a stage, made of the stage's own function by torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from simulator.engine.stage import Call
from simulator.engine.tensor_tree import leaves, rebuilt

Run = Callable[[Call, int], Any]
"""Returns what a call gives for a block of so many pixels."""
Slopes = tuple[Tensor | None, ...]
"""What comes back to some tensors, None for 0."""


def slopes_of(call: Call, grads: Slopes, asked: tuple[int, ...]) -> Call:
    """Return the call that gives the products of what comes back to a call with its derivatives.

    Args:
        grads: what comes back to each tensor of its result.
        asked: places of the tensors that are asked for among those of the call (`Call.flat`).

    Returns:
        A call that gives for each of these a tensor of its shape, None for 0.

    Source: spec 06.
    """
    stage = replace(call.stage, function=partial(_slopes, call.stage.function), differentiates=True)
    return replace(call, stage=stage, given=(call.given, grads, asked))


def grad_of(pairs: Sequence[tuple[Tensor, Tensor]], asked: Sequence[Tensor]) -> Slopes:
    """Return what comes back to tensors from pairs of a result and what comes back to it, each of one shape.

    Args:
        asked: the tensors.

    Returns:
        For each its shape, None for 0.
    """
    if not pairs or not asked:
        return (None,) * len(asked)
    results, grads = zip(*pairs, strict=True)
    return torch.autograd.grad(results, list(asked), grads, allow_unused=True)


def _slopes(function: Callable[[Any, Any], Any], ins: Any, given: Any) -> Slopes:
    """Return the products of what comes back to a stage with its derivatives.

    Args:
        function: of the stage.
        given: as of the call that `slopes_of` makes.
    """
    inner, grads, asked = given
    flat = [*leaves(ins), *leaves(inner)]
    count = len(flat) - sum(1 for _ in leaves(inner))
    with torch.enable_grad():
        own = [part.detach().requires_grad_(n in asked) for n, part in enumerate(flat)]
        result = function(rebuilt(ins, own[:count]), rebuilt(inner, own[count:]))
        pairs = [
            (part, grad)
            for part, grad in zip(leaves(result), grads, strict=True)
            if grad is not None and part.requires_grad
        ]
        return grad_of(pairs, [own[n] for n in asked])
