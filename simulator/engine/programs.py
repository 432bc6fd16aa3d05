"""Programs made of stages, which take flat lists of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from simulator.engine.stage import Call
from simulator.engine.tensor_tree import leaves

StageProgram = Callable[[list[Tensor]], Sequence[Tensor]]
"""A stage as a function of all tensors it reads."""


class Fixed:
    """The tensors that stages see of an instrument that stays the same, ready for programs."""

    def __init__(self) -> None:
        self._tensors: dict[str, list[Tensor]] = {}

    def of(self, call: Call) -> list[Tensor]:
        """Return those of a call's stage."""
        name = call.stage.name
        if name not in self._tensors:
            self._tensors[name] = [part.detach().contiguous() for part in leaves(call.ins)]
        return self._tensors[name]
