"""A stage: a function of the instrument and of arguments, with all that an engine has to know of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Protocol

import torch
from torch import Tensor

from simulator.engine.tensor_tree import leaves, named_leaves, rebuilt, skeleton


@dataclass(frozen=True)
class Axis:
    """An axis whose size changes from call to call, or is 1."""

    name: str
    least: int = 2
    """Its smallest other size."""


K, N, P, M = (Axis(name) for name in "KNPM")
"""Sources, pixels, phi steps and mosaic domains, the axes of tensors with four axes or more."""


class Whole(Protocol):
    """What stages are shown parts of: the instrument."""

    @property
    def device(self) -> torch.device:
        """Where the stages run."""

    @property
    def counts(self) -> tuple[int, int, int]:
        """Number of sources, phi steps and mosaic domains."""

    def only(self, parts: Collection[str], decisions: Collection[str]) -> Any:
        """Return the instrument with these parts and decisions alone; reading others fails."""


def _never(_: Any) -> bool:
    return False


@dataclass(frozen=True, eq=False)
class Stage:
    """One row: what an engine runs as one call."""

    name: str
    """In messages, and of its programs."""
    function: Callable[[Any, Any], Any]
    """Of the instrument, as the stage sees it, and of the arguments, two structures of tensors."""
    for_compiler: Callable[[], AbstractContextManager[None]]
    """What the function runs in while a compiler takes its operations."""
    parts: tuple[str, ...] = ()
    """Of the instrument that the function reads. Runs that differ in others only share programs; reading
    another one fails."""
    decisions: tuple[str, ...] = ()
    """Of the instrument's plan that the function reads, with the same rule."""
    axes: Mapping[str, tuple[Axis | None, ...]] = field(default_factory=dict)
    """Those of tables, by the place of a tensor, or of all tensors below a place, in the call:
    `ins.table.values`, `given.slopes`. Other tensors with four axes or more have K, N, P, M, and arguments
    with one axis have N."""
    innermost: bool = False
    """Whether it forms all evaluations, of which nothing is to be kept."""
    fuses: Callable[[Any], bool] = _never
    """Whether, for an instrument, a product and a sum may be rounded once."""
    differentiates: bool = False
    """Whether the function takes derivatives."""

    def call(self, ins: Whole, given: Any) -> Call:
        """Return a call of the stage, which shows it what it declares of the instrument."""
        return Call(self, ins.only(self.parts, self.decisions), given)

    def axes_of(self, place: str, tensor: Tensor) -> Sequence[Axis | None]:
        """Return the growing axes of a tensor at a place in a call, None for one whose size is fixed."""
        for table, axes in self.axes.items():
            if place == table or place.startswith(f"{table}."):
                return axes
        if tensor.dim() >= 4:
            return (K, N, P, M)
        return (N,) if tensor.dim() == 1 and place.startswith("given.") else ()


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a stage: what it sees of the instrument, and the arguments."""

    stage: Stage
    ins: Any
    given: Any

    def flat(self) -> list[Tensor]:
        """Return all tensors of the call."""
        return [*leaves(self.ins), *leaves(self.given)]

    def places(self) -> list[str]:
        """Return the place of each tensor of `flat`: `ins.table.values`, `given.q_per_m.0`."""
        return [place for place, _ in self.named()]

    def named(self) -> Iterator[tuple[str, Tensor]]:
        """Yield the place of each tensor of `flat`, and the tensor."""
        return chain(named_leaves(self.ins, "ins"), named_leaves(self.given, "given"))

    def of(self, tensors: Sequence[Tensor]) -> Call:
        """Return the call with other tensors, in the order of `flat`."""
        count = sum(1 for _ in leaves(self.ins))
        return replace(
            self, ins=rebuilt(self.ins, tensors[:count]), given=rebuilt(self.given, tensors[count:])
        )

    def resized(self, sizes: Mapping[str, int]) -> Call:
        """Return the call with other sizes of its growing axes, whose entries are repeated or left out.

        Args:
            sizes: of the axes by name; others, and axes with one entry, stay.
        """
        made = []
        for place, part in zip(self.places(), self.flat(), strict=True):
            for number, axis in enumerate(self.stage.axes_of(place, part)):
                if axis is not None and part.shape[number] != 1 and axis.name in sizes:
                    entries = torch.arange(sizes[axis.name], device=part.device) % part.shape[number]
                    part = part.index_select(number, entries)  # noqa: PLW2901
            made.append(part)
        return self.of(made)

    def form(self) -> str:
        """Return what distinguishes calls that different programs serve, of one instrument."""
        return f"{self.stage.name}{' slopes' * self.stage.differentiates} {skeleton(self.given)}"

    def result(self) -> Any:
        """Return what the stage gives, operation by operation."""
        return self.stage.function(self.ins, self.given)

    def flat_result(self, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return the tensors that the stage gives for other tensors."""
        return tuple(leaves(self.of(tensors).result()))


class Engine(Protocol):
    """How the calls of stages run."""

    @property
    def compiled(self) -> bool:
        """Whether machine code runs, whose last bits differ from those of the single operations."""

    @property
    def elements(self) -> int:
        """About how many evaluations one call of an innermost stage may hold."""

    @property
    def pixels(self) -> int:
        """How many pixels a block should have."""

    @property
    def parallel(self) -> bool:
        """Whether blocks should run side by side, each on one core; otherwise a call uses all cores."""

    def run(self, call: Call, pixels: int) -> Any:
        """Return what the call gives for a block of so many pixels."""


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
