"""The stages of the kernel on dual tensors: the tangents of a stage are a call like the stage itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from simulator.dual_tensors import carrying, duals_of, plain_of, tangent_of
from simulator.engine.stage import Call, Engine
from simulator.engine.tensor_tree import leaves, rebuilt
from simulator.gradients.vector_jacobian import Slopes


class Carrying:
    """Runs calls on another engine, with the tangents of what they give; see `Engine`.

    What a stage gives along directions that do not move it is formed once, until `plain` is cleared.
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
        if self.compiled:
            tangents = _filled(plain, tangents)
        result, found = self.inner.run(tangents_of(plain, tangents), pixels)
        return rebuilt(result, duals_of(list(leaves(result)), found))


def parted(call: Call) -> tuple[Call, Slopes]:
    """Return a call of plain tensors, and the tangent of each of them, None for 0."""
    flat = call.flat()
    return call.of([plain_of(part) for part in flat]), tuple(map(tangent_of, flat))


def tangents_of(call: Call, tangents: Slopes) -> Call:
    """Return the call that gives what a call gives, and the tangent of each tensor of it.

    Args:
        tangents: of each tensor of the call (`Call.flat`), None for 0.

    Returns:
        A call that gives the result and, for each of its tensors, one of the same shape, None for 0.

    Source: spec 06.
    """
    own = {f"given.1.{n}": tuple(call.stage.axes_of(*place)) for n, place in enumerate(call.named())}
    function, axes = partial(_carried, call.stage.function), {**call.stage.axes, **own}
    stage = replace(call.stage, function=function, axes=axes, differentiates=True)
    return replace(call, stage=stage, given=(call.given, tangents))


def _filled(call: Call, tangents: Slopes) -> Slopes:
    """Return tangents with zeros for None, so that all calls of a stage share one program."""
    return tuple(
        torch.zeros_like(part) if tangent is None and part.is_floating_point() else tangent
        for part, tangent in zip(call.flat(), tangents, strict=True)
    )


def _carried(function: Callable[[Any, Any], Any], ins: Any, given: Any) -> tuple[Any, Slopes]:
    """Return what a stage gives, and its tangents.

    Args:
        function: of the stage.
        given: as of the call that `tangents_of` makes.
    """
    inner, tangents = given
    flat = [*leaves(ins), *leaves(inner)]
    count = len(flat) - sum(1 for _ in leaves(inner))
    with carrying():
        duals = duals_of(flat, tangents)
        result = function(rebuilt(ins, duals[:count]), rebuilt(inner, duals[count:]))
        found: list[Tensor] = list(leaves(result))
        plain = rebuilt(result, [plain_of(part) for part in found])
        return plain, tuple(map(tangent_of, found))
