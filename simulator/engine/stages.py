"""How the stages of the kernel run on a block: operation by operation, or as recorded graphs.

`Eager` calls the functions of the kernel as they stand. `Staged` calls programs made of them, which take flat
lists of tensors: here graphs of the same operations that run without the Python interpreter, so that blocks
run side by side; in `compiled`, machine code.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor

from simulator.engine.tensor_tree import leaves, rebuilt, skeleton
from simulator.kernel.evaluation import Part
from simulator.kernel.factors import Factors
from simulator.kernel.kernel import Sums, add_evaluations, scaled
from simulator.kernel.rays import Rays, trace_rays
from simulator.kernel.taps import Show, Spot, Tap, no_tap, silent
from simulator.scene.instrument import CellVectors, Instrument
from simulator.sparse.bounds import Bounding

ELSEWHERE = cast("CellVectors", ())
"""Stands for the cell vectors of a part that go to a stage as one table."""
SPOT = ("policy", "numbers", "geometry", "polarization", "incident", "wavelength_m", "relative_weight")
READ: Mapping[str, tuple[Collection[str], Collection[str]]] = {
    "rays": (SPOT, ("curved", "point_pixel", "resolution_limit", "background", "quirks")),
    "add": (("table", "shape"), ("short_cut", "sum_dtype", "quirks")),
    "terms": (("table", "shape"), ("short_cut", "sum_dtype", "quirks")),
    "finish": (("policy", "numbers"), ("sum_dtype",)),
    "weighed": ((), ()),
    "bound": ((), ()),
}
"""Parts of the instrument and decisions of its plan that each stage reads: runs that differ in others only
share its programs.
"""
Program = Callable[[list[Tensor]], Sequence[Tensor]]
"""A stage as a function of all tensors it reads."""


@dataclass(frozen=True)
class Eager:
    """The stages as they stand, operation by operation."""

    elements: int
    pixels: int
    parallel: bool = True

    def rays(self, ins: Instrument, spot: Spot, cached: Factors | None, tap: Tap) -> Rays:
        """See `trace_rays`."""
        return trace_rays(ins, spot, cached, tap)

    def add(self, ins: Instrument, part: Part, I: Tensor, show: Show) -> tuple[Tensor, Tensor | None]:
        """See `add_evaluations`."""
        return add_evaluations(ins, part, I, show)

    def finish(self, ins: Instrument, sums: Sums, factors: Factors, show: Show) -> Tensor:
        """See `scaled`."""
        return scaled(ins, sums, factors, show)

    def bound(self, ins: Instrument, given: Bounding, pixels: int) -> Tensor:
        """See `Bounding`."""
        return given.largest_terms()


@dataclass(frozen=True)
class Call:
    """One call of a stage: its name, its function of (instrument, arguments), and both of these.

    differentiates: whether the function takes derivatives.
    """

    name: str
    function: Callable[[Instrument, Any], Any]
    ins: Instrument
    given: Any
    differentiates: bool = False

    def flat(self) -> list[Tensor]:
        """Return all tensors of the call."""
        return [*leaves(self.ins), *leaves(self.given)]

    def of(self, tensors: Sequence[Tensor]) -> Call:
        """Return the call with other tensors, in the order of `flat`."""
        count = sum(1 for _ in leaves(self.ins))
        return replace(
            self, ins=rebuilt(self.ins, tensors[:count]), given=rebuilt(self.given, tensors[count:])
        )

    def form(self) -> str:
        """Return what distinguishes calls that different programs serve, of one instrument."""
        return f"{self.name}{' slopes' * self.differentiates} {skeleton(self.given)}"

    def result(self) -> Any:
        """Return what the stage gives, operation by operation."""
        return self.function(self.ins, self.given)

    def flat_result(self, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return the tensors that the stage gives for other tensors."""
        return tuple(leaves(self.of(tensors).result()))


class Staged:
    """Stages that run as programs; whoever watches is served by the functions themselves.

    Args: ins: as the kernel is given it. elements, pixels: see `Stages`.
    """

    parallel = False

    def __init__(self, ins: Instrument, elements: int, pixels: int) -> None:
        self.elements = elements
        self.pixels = pixels
        self._ins = ins
        self._parts: dict[str, Instrument] = {}
        self._tensors: dict[str, list[Tensor]] = {}

    def rays(self, ins: Instrument, spot: Spot, cached: Factors | None, tap: Tap) -> Rays:
        """See `trace_rays`."""
        if tap.active:
            return trace_rays(ins, spot, cached, tap)
        layer, slow, fast = (  # filled, not copied, which a device would have to be waited for
            torch.full((), n, dtype=torch.int64, device=ins.device)
            for n in (spot.layer, spot.sub_slow, spot.sub_fast)
        )
        given = (spot.slow, spot.fast, layer, slow, fast, cached)
        rays: Rays = self.run(self._call("rays", _rays, given), len(spot.slow))
        return rays

    def add(self, ins: Instrument, part: Part, I: Tensor, show: Show) -> tuple[Tensor, Tensor | None]:
        """See `add_evaluations`."""
        if show is not silent:
            return add_evaluations(ins, part, I, show)
        given = (replace(part, cell=ELSEWHERE), packed(part.cell), I)
        sums: tuple[Tensor, Tensor | None] = self.run(self._call("add", _add, given), len(I))
        return sums

    def finish(self, ins: Instrument, sums: Sums, factors: Factors, show: Show) -> Tensor:
        """See `scaled`."""
        if show is not silent:
            return scaled(ins, sums, factors, show)
        given = (replace(sums, omega_sum_sr=None), factors)
        pixels: Tensor = self.run(self._call("finish", _finish, given), len(sums.I))
        return pixels

    def bound(self, ins: Instrument, given: Bounding, pixels: int) -> Tensor:
        """See `Bounding`."""
        terms: Tensor = self.run(self._call("bound", _bound, given), pixels)
        return terms

    def _call(self, stage: str, function: Callable[[Instrument, Any], Any], given: Any) -> Call:
        return Call(stage, function, self._seen(stage), given)

    def _seen(self, stage: str) -> Instrument:
        """Return what a stage sees of the instrument."""
        if stage not in self._parts:
            self._parts[stage] = self._ins.only(*READ[stage])
        return self._parts[stage]

    def _fixed(self, stage: str) -> list[Tensor]:
        """Return the tensors of what a stage sees of the instrument."""
        if stage not in self._tensors:
            self._tensors[stage] = [part.detach().contiguous() for part in leaves(self._seen(stage))]
        return self._tensors[stage]

    def run(self, call: Call, pixels: int) -> Any:
        """Return what the call gives for a block of so many pixels."""
        raise NotImplementedError


def _rays(ins: Instrument, given: Any) -> Rays:
    slow, fast, layer, sub_slow, sub_fast, cached = given
    return trace_rays(ins, Spot(slow, fast, layer, sub_slow, sub_fast), cached, no_tap)


def _add(ins: Instrument, given: Any) -> tuple[Tensor, Tensor | None]:
    part, cells, I = given
    return add_evaluations(ins, replace(part, cell=unpacked(cells)), I)


def packed(cell: CellVectors) -> Tensor:
    """Return cell vectors with components [1, 1, P, M] as one tensor [1, 1, P, M, 9]."""
    return torch.stack([part for v in cell for part in v], -1)


def unpacked(cells: Tensor) -> CellVectors:
    """Undo `packed`."""
    ax, ay, az, bx, by, bz, cx, cy, cz = cells.unbind(-1)
    return (ax, ay, az), (bx, by, bz), (cx, cy, cz)


def _finish(ins: Instrument, given: Any) -> Tensor:
    return scaled(ins, *given)


def _bound(_: Instrument, given: Bounding) -> Tensor:
    return given.largest_terms()


class Recorded(Staged):
    """Stages as graphs of the same operations, recorded at the second call of each form and size.

    A graph gives the bits of the operations one by one. Where nothing is recorded (a single block of its
    size, a version of Python or torch that cannot record), a call runs operation by operation.
    """

    parallel = True

    def __init__(self, ins: Instrument, elements: int, pixels: int) -> None:
        super().__init__(ins, elements, pixels)
        self._met: set[str] = set()
        self._graphs: dict[str, tuple[Program, Any]] = {}
        self._alone = threading.Lock()

    def run(self, call: Call, pixels: int) -> Any:
        """See `Staged.run`."""
        given = list(leaves(call.given))
        form = f"{call.name} {skeleton(call.given)} {[tuple(part.shape) for part in given]}"
        flat = [*self._fixed(call.name), *given]
        with self._alone:
            first = form not in self._met
            self._met.add(form)
            if not first and form not in self._graphs:
                self._graphs[form] = (recorded(call, flat) or call.flat_result, call.result())
        if first:
            return call.result()
        program, template = self._graphs[form]
        return rebuilt(template, program(flat))


def recorded(call: Call, flat: list[Tensor]) -> Program | None:
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
