"""The terms of a chunk, with slopes in two steps: derivatives of each evaluation, and their weighed sums.

Every other stage costs little beside this one. The derivatives of an evaluation to its indices and to
quantities of the crystal's shape are formed once, with the term itself. What comes back to a sum over
orientations is the same for all of them, so sums for scattering vectors and the shape do not wait for it.
Only those for the cell, over pixels, read the derivatives again: one loop cannot form both.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from simulator.engine.stage import Call, K, M, N, P, Stage
from simulator.engine.tensor_tree import exchanged, leaves, rebuilt
from simulator.gradients.vector_jacobian import Run, Slopes, grad_of, slopes_of
from simulator.kernel.evaluation import ADD, ChunkInputs, evaluate, evaluate_at, unpacked
from simulator.kernel.miller_indices import miller_indices
from simulator.physics.arithmetic import in_loops
from simulator.physics.vectors import Vec, apply
from simulator.scene.instrument import Instrument

TABLE, SHAPE = "ins.table.values", "ins.shape."
SCATTERING, CELL = "given.q_per_m", "given.cell"
"""Places in a call."""


def summed_terms(ins: Instrument, part: ChunkInputs) -> Tensor:
    """Return the sums of terms over phi steps and domains [K, N, 1, 1].

    Args:
        part: without gain.

    Source: spec 06 sections 7 to 12.
    """
    return evaluate(ins, part).term.sum((2, 3), keepdim=True)


TERMS = replace(ADD, name="terms", function=summed_terms)
"""`summed_terms`."""


@dataclass(frozen=True)
class SlopesAsked:
    """What derivatives of terms are asked for to."""

    q: bool
    """Scattering vectors."""
    cell: bool
    """Cell vectors of each orientation, for which the derivatives of each term are given."""
    shape: tuple[int, ...]
    """Quantities of the crystal's shape, by their numbers."""
    cells: tuple[Tensor, ...] = ()
    """Changes of all cell vectors as of `packed`, in metres [1, 1, P, M, 9]."""

    @classmethod
    def of(cls, places: Sequence[str], asked: Collection[str]) -> SlopesAsked:
        """Return what some places are of all places in a call of `TERMS`."""
        shape = tuple(n for n, place in enumerate(shape_of(places)) if place in asked)
        return cls(any(place.startswith(SCATTERING) for place in asked), CELL in asked, shape)

    @property
    def anything(self) -> bool:
        """Whether anything is asked for."""
        return self.q or self.cell or bool(self.shape or self.cells)


def shape_of(places: Sequence[str]) -> list[str]:
    """Return those of all places in a call of `TERMS` where a quantity of the crystal's shape is."""
    return [place for place in places if place.startswith(SHAPE)]


@dataclass(frozen=True)
class Derivatives:
    """Of the sums of terms over phi steps and domains; None for 0, empty for what is not asked for."""

    along_q: Slopes
    """To each component of the scattering vectors [K, N, 1, 1]."""
    along_shape: Slopes
    """To quantities of the shape [K, N, 1, 1]."""
    along_cells: tuple[Tensor, ...]
    """Along changes of the cell vectors [K, N, 1, 1]."""
    along_hkl: Slopes
    """Of each term, not of a sum, to its indices, pixels last [K, P, M, N]."""


class Terms(torch.autograd.Function):
    """`summed_terms` as a function of all tensors it reads."""

    @staticmethod
    def forward(ctx: Any, run: Run, call: Call, pixels: int, *flat: Tensor) -> Tensor:
        """Return the sums."""
        places = call.places()
        asked = {place for place, part in zip(places, flat, strict=True) if part.requires_grad}
        to = SlopesAsked.of(places, asked)
        total: Tensor
        if to.anything:
            total, kept = run(replace(call, stage=DERIVATIVES, given=(call.given, to)), pixels)
        else:
            total, kept = run(call, pixels), None
        ctx.kept = (run, call, pixels, places, asked, to, kept)
        ctx.set_materialize_grads(False)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        """Return the products with the slopes."""
        run, call, pixels, places, asked, to, kept = ctx.kept
        found: dict[str, Tensor | None] = {}
        if grads[0] is not None:
            if kept is not None:
                weighing = Weighing(kept, call.given.q_per_m, call.given.cell, grads[0])
                along_q, found[CELL], along_shape = run(WEIGHED.call(call.ins, weighing), pixels)
                found |= {f"{SCATTERING}.{axis}": slope for axis, slope in enumerate(along_q)}
                shape = shape_of(places)
                found |= {shape[n]: slope for n, slope in zip(to.shape, along_shape, strict=True)}
            if TABLE in asked:
                (found[TABLE],) = run(slopes_of(call, grads, (places.index(TABLE),)), pixels)
        return None, None, None, *(found.get(place) if place in asked else None for place in places)


def _derivatives(ins: Instrument, given: Any) -> tuple[Tensor, Derivatives]:
    """Return sums of terms [K, N, 1, 1] and their derivatives, as `SlopesAsked`, of a part without gain."""
    part, to = given
    term, along_hkl, along_shape = slopes_of_terms(ins, part, to.shape)
    # one loop forms what is kept, others read it: written out in each of them it takes minutes to compile
    kind = ins.table.values.dtype
    term = _kept(term.to(kind))
    along_hkl, along_shape = (
        tuple(None if values is None else _kept(values.to(kind)) for values in parts)
        for parts in (along_hkl, along_shape)
    )
    dtype = ins.plan.sum_dtype

    def sums(values: Tensor) -> Tensor:
        return values.sum((2, 3), keepdim=True, dtype=dtype)

    with torch.enable_grad():
        q: Vec = apply(lambda values: values.detach().requires_grad_(to.q), part.q_per_m)
        along_q = grad_of(_paired(miller_indices(unpacked(part.cell), q), along_hkl), q) if to.q else ()
    changes = (miller_indices(unpacked(cell), part.q_per_m) for cell in to.cells)
    return sums(term), Derivatives(
        along_q=along_q,
        along_shape=tuple(None if slope is None else sums(slope) for slope in along_shape),
        along_cells=tuple(sums(weighed_sum(indices, along_hkl)) for indices in changes),
        along_hkl=tuple(None if slope is None else slope.movedim(1, -1) for slope in along_hkl)
        if to.cell
        else (),
    )


def slopes_of_terms(
    ins: Instrument, part: ChunkInputs, asked: Sequence[int]
) -> tuple[Tensor, Slopes, Slopes]:
    """Return the terms of a chunk and their derivatives to indices and quantities of the shape [K, N, P, M].

    Args:
        part: without gain.
        asked: numbers of the quantities.

    Source: spec 06 sections 10 to 12.
    """
    with torch.no_grad():
        hkl = miller_indices(unpacked(part.cell), part.q_per_m)
    with torch.enable_grad():
        index: Vec = apply(lambda values: values.detach().requires_grad_(), hkl)
        own = [
            quantity.detach().expand(hkl[0].shape).requires_grad_() if n in asked else quantity.detach()
            for n, quantity in enumerate(leaves(ins.shape))
        ]
        table = replace(ins.table, values=ins.table.values.detach())
        seen = exchanged(ins, table=table, shape=rebuilt(ins.shape, own))
        term = evaluate_at(seen, part, index).term
        back = torch.ones_like(term[:1, :1, :1, :1]).expand(term.shape)
        pairs = [(term, back)] if term.requires_grad else []
        found = grad_of(pairs, [*index, *(own[n] for n in asked)])
    return term.detach(), found[:3], found[3:]


def _paired(indices: Sequence[Tensor], slopes: Slopes) -> list[tuple[Tensor, Tensor]]:
    """Return indices, or changes of them, with the derivatives to them that are not 0."""
    return [(index, slope) for index, slope in zip(indices, slopes, strict=True) if slope is not None]


def weighed_sum(changes: Sequence[Tensor], slopes: Slopes) -> Tensor:
    """Return the sum of changes of indices times the derivatives to them, of the shape of a change."""
    total = torch.zeros_like(changes[0])
    for change, slope in _paired(changes, slopes):
        total = total + change * slope
    return total


def _kept(values: Tensor) -> Tensor:
    """Return values [K, N, P, M], pixels last in memory, which a compiler writes and does not form again."""
    laid = values.movedim(1, -1).contiguous()
    return laid.as_strided(laid.shape, laid.stride()).movedim(-1, 1)


DERIVATIVES = replace(TERMS, name="derivatives", function=_derivatives, differentiates=True)
"""Sums of terms of a part without gain and their `Derivatives`, as `SlopesAsked`."""


@dataclass(frozen=True)
class Weighing:
    """What the weighed sums of derivatives are made of."""

    slopes: Derivatives
    q_per_m: Vec
    """Scattering vectors."""
    cell: Tensor
    """Cell vectors."""
    weight: Tensor
    """What comes back to each sum [K, N, 1, 1]."""


def _weighed(_: Instrument, given: Weighing) -> tuple[Slopes, Tensor | None, Slopes]:
    """Return the slopes to scattering vectors, cell vectors, and quantities of the shape."""
    slopes, weight = given.slopes, given.weight
    along_q = tuple(None if slope is None else weight * slope for slope in slopes.along_q)
    along_shape = tuple(None if slope is None else (weight * slope).sum() for slope in slopes.along_shape)
    if not slopes.along_hkl:
        return along_q, None, along_shape
    back = tuple(None if slope is None else weight * slope.movedim(-1, 1) for slope in slopes.along_hkl)
    with torch.enable_grad():
        cell = given.cell.detach().requires_grad_()
        (along_cell,) = grad_of(_paired(miller_indices(unpacked(cell), given.q_per_m), back), (cell,))
    return along_q, along_cell, along_shape


def _always(_: Instrument) -> bool:
    return True


WEIGHED = Stage(
    "weighed",
    _weighed,
    in_loops,
    axes={"given.slopes.along_hkl": (K, P, M, N)},
    fuses=_always,
    differentiates=True,
)
"""`_weighed`."""
