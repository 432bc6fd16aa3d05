"""The stages of the kernel on dual tensors: a stage with its tangents is a call like the stage itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from simulator.dual_tensors import dual_operations, duals_of, plain_of, tangent_of
from simulator.engine.stage import Call, Engine
from simulator.engine.tensor_tree import leaves, rebuilt
from simulator.gradients.vector_jacobian import Slopes, grad_of
from simulator.physics.arithmetic import arithmetic


class Carrying:
    """Runs calls on another engine, with the tangents of what they give; see `Engine`.

    The innermost stage, which takes most of the time, is not called here. What a stage gives along directions
    that do not move it is formed once, until `plain` is cleared.
    """

    def __init__(self, inner: Engine) -> None:
        self.inner = inner
        self.plain: dict[str, Any] = {}
        self.compiled, self.parallel = inner.compiled, inner.parallel
        self.elements, self.pixels = inner.elements, inner.pixels

    def run(self, call: Call, pixels: int) -> Any:
        """See `Engine.run`."""
        plain, tangents = parted(call)
        if all(tangent is None for tangent in tangents):
            if call.stage.name not in self.plain:
                self.plain[call.stage.name] = self.inner.run(plain, pixels)
            return self.plain[call.stage.name]
        result, along = self.inner.run(tangents_of(plain, tangents), pixels)
        return rebuilt(result, duals_of(list(leaves(result)), along))


def parted(call: Call) -> tuple[Call, Slopes]:
    """Return a call of plain tensors, and the tangent of each of them, None for 0."""
    flat = call.flat()
    return call.of([plain_of(part) for part in flat]), tuple(map(tangent_of, flat))


def tangents_of(call: Call, tangents: Slopes) -> Call:
    """Return the call that gives what a call gives, and how that changes along a direction.

    Args:
        call: of plain tensors.
        tangents: the change of each of them (`Call.flat`), None for 0.

    Returns:
        A call that gives the result, and for each tensor of it a tangent of its shape, None for 0.

    Source: spec 06.
    """
    function = partial(_tangents, call.stage.function)
    named = enumerate(zip(call.places(), tangents, strict=True))
    axes = {f"given.1.{n}": call.stage.axes_of(place, part) for n, (place, part) in named if part is not None}
    stage = replace(
        call.stage,
        name=f"{call.stage.name} along",
        function=function,
        axes={**call.stage.axes, **{place: tuple(own) for place, own in axes.items()}},
        differentiates=True,
    )
    return replace(call, stage=stage, given=(call.given, tangents))


def _tangents(function: Callable[[Any, Any], Any], ins: Any, given: Any) -> tuple[Any, Slopes]:
    """Return the result of a stage, and the tangents of its tensors.

    Args:
        function: of the stage.
        given: as of the call that `tangents_of` makes.
    """
    inner, tangents = given
    flat = [*leaves(ins), *leaves(inner)]
    count = len(flat) - sum(1 for _ in leaves(inner))

    def of(own: Sequence[Tensor]) -> Any:
        return function(rebuilt(ins, own[:count]), rebuilt(inner, own[count:]))

    by = _by_slopes if arithmetic().loops else _by_duals
    return by(of, flat, tangents)


def _by_duals(
    of: Callable[[Sequence[Tensor]], Any], flat: Sequence[Tensor], tangents: Slopes
) -> tuple[Any, Slopes]:
    """Return the result of a function of tensors and its tangents, by torch's forward mode."""
    with dual_operations():
        result = of(duals_of(flat, tangents))
        found = list(leaves(result))
        return rebuilt(result, [plain_of(part) for part in found]), tuple(map(tangent_of, found))


def _by_slopes(
    of: Callable[[Sequence[Tensor]], Any], flat: Sequence[Tensor], tangents: Slopes
) -> tuple[Any, Slopes]:
    """Return the same by reverse mode, taken twice: forward mode fixes sizes that a compiler leaves open.

    What comes back to the arguments, u J, is linear in u: its product with the tangents t has the slope J t.
    """
    with torch.enable_grad():
        own = [
            part.detach().requires_grad_(tangent is not None)
            for part, tangent in zip(flat, tangents, strict=True)
        ]
        result = of(own)
        found = list(leaves(result))
        moving = [part for part in found if part.requires_grad]
        u = [torch.zeros_like(part).requires_grad_() for part in moving]
        asked = [(part, along) for part, along in zip(own, tangents, strict=True) if along is not None]
        back = torch.autograd.grad(
            moving, [part for part, _ in asked], u, create_graph=True, allow_unused=True
        ) if moving else ()  # fmt: skip
        pairs = [
            (slope, along.to(slope.dtype))
            for slope, (_, along) in zip(back, asked, strict=False)
            if slope is not None and slope.requires_grad
        ]
        along = iter(grad_of(pairs, u))
    tangents = tuple(next(along) if part.requires_grad else None for part in found)
    return rebuilt(result, [part.detach() for part in found]), tangents
