"""Stages as graphs of the same operations, which run without the interpreter: blocks run side by side."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from simulator.engine.stage import Call, Fixed, StageProgram
from simulator.engine.tensor_tree import leaves, rebuilt, skeleton


class Recorded:
    """Graphs, recorded at the second call of each form and size; see `Engine`. For one instrument.

    A graph gives the bits of the operations one by one. Where nothing is recorded (a single block of its
    size, a version of Python or torch that cannot record), a call runs operation by operation.
    """

    compiled, parallel = False, True

    def __init__(self, elements: int, pixels: int) -> None:
        self.elements, self.pixels = elements, pixels
        self._fixed = Fixed()
        self._met: set[str] = set()
        self._graphs: dict[str, tuple[StageProgram, Any]] = {}
        self._alone = threading.Lock()

    def run(self, call: Call, pixels: int) -> Any:
        """See `Engine.run`."""
        given = list(leaves(call.given))
        form = f"{call.stage.name} {skeleton(call.given)} {[tuple(part.shape) for part in given]}"
        with self._alone:
            flat = [*self._fixed.of(call), *given]
            first = form not in self._met
            self._met.add(form)
            if not first and form not in self._graphs:
                self._graphs[form] = (recorded(call, flat) or call.flat_result, call.result())
        if first:
            return call.result()
        program, template = self._graphs[form]
        return rebuilt(template, program(flat))


def recorded(call: Call, flat: list[Tensor]) -> StageProgram | None:
    """Return the graph of a stage, None where this Python or torch cannot record one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = torch.jit.trace(  # type: ignore[no-untyped-call]
                lambda *tensors: call.flat_result(tensors), tuple(flat), check_trace=False
            )
    except (AttributeError, RuntimeError, NotImplementedError):
        return None

    def program(tensors: list[Tensor]) -> Sequence[Tensor]:
        found: Sequence[Tensor] = graph(*tensors)
        return found

    return program
