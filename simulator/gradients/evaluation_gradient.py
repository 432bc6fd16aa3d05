"""The terms of a chunk, with slopes in two steps: derivatives of each evaluation, and their weighed sums.

Every other stage costs little beside this one. Its derivatives to the three indices and to quantities of the
crystal's shape are formed for so few pixels at once that a cache holds them; sums over orientations and over
pixels read them there. One loop cannot form both sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from simulator.engine.stage import Call, K, M, N, P, Stage
from simulator.engine.tensor_tree import exchanged, leaves, named_leaves, rebuilt
from simulator.gradients.vector_jacobian import Run, Slopes, grad_of, slopes_of
from simulator.kernel.evaluation import ADD, ChunkInputs, evaluate, evaluate_at, unpacked
from simulator.kernel.miller_indices import miller_indices
from simulator.physics.arithmetic import in_loops
from simulator.physics.vectors import Vec, apply
from simulator.scene.instrument import Instrument

EVALUATIONS_IN_CACHE = 1 << 19
"""Evaluations whose derivatives are kept at once, about."""
TABLE, SHAPE = "ins.table.values", "ins.shape"
SCATTERING, CELL = "given.q_per_m", "given.cell"
"""Places in a call."""


def summed_terms(ins: Instrument, part: ChunkInputs) -> tuple[Tensor, Tensor | None]:
    """Return the sums of terms over phi steps and domains [K, N, 1, 1], and where interpolation first failed.

    Args:
        part: without gain.

    Source: spec 06 sections 7 to 12.
    """
    found = evaluate(ins, part)
    return found.term.sum((2, 3), keepdim=True), found.escape


TERMS = replace(ADD, name="terms", function=summed_terms)
"""`summed_terms`."""


class Terms(torch.autograd.Function):
    """`summed_terms` as a function of all tensors it reads."""

    @staticmethod
    def forward(ctx: Any, run: Run, call: Call, pixels: int, *flat: Tensor) -> Any:
        """Return the sums and, if asked for, where interpolation first failed."""
        found = tuple(leaves(run(call, pixels)))
        ctx.kept = (run, call, pixels, [part.requires_grad for part in flat])
        ctx.mark_non_differentiable(*found[1:])
        ctx.set_materialize_grads(False)
        return found

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        """Return the products with the slopes."""
        run, call, pixels, wanted = ctx.kept
        places = {place: n for n, place in enumerate(call.places())}
        found: dict[int, Tensor | None] = {}
        if grads[0] is not None:
            asked = [place for place, n in places.items() if wanted[n]]
            found = {places[place]: slope for place, slope in _in_pieces(run, call, asked, grads[0])}
            if TABLE in asked:
                table = places[TABLE]
                (found[table],) = run(slopes_of(call, grads, (table,)), pixels)
        return None, None, None, *(found.get(n) for n in range(len(wanted)))


def _in_pieces(
    run: Run, call: Call, asked: Sequence[str], weight: Tensor
) -> Iterator[tuple[str, Tensor | None]]:
    """Yield the slopes to scattering vectors, cell vectors and quantities of the shape, with their places.

    Args:
        call: of `TERMS`.
        asked: places in it whose slopes are asked for.
        weight: what comes back to each sum [K, N, 1, 1].
    """
    part = call.given
    shape = [place for place, _ in named_leaves(call.ins.shape, SHAPE)]
    of_shape = tuple(n for n, place in enumerate(shape) if place in asked)
    to = (any(place.startswith(SCATTERING) for place in asked), CELL in asked)
    if not any(to) and not of_shape:
        return
    size = max(2, EVALUATIONS_IN_CACHE // part.of_a_pixel)
    along_q: list[Slopes] = []
    totals: list[Tensor | None] = [None] * (1 + len(of_shape))
    for piece, pixels in pieces_of(part, size):
        back = weight[:, pixels]
        count = back.shape[1]
        *slopes, _ = run(replace(call, stage=DERIVATIVES, given=(piece, of_shape, False)), count)
        weighing = Weighing((slopes[0], slopes[1]), piece.q_per_m, part.cell, back, to)
        q, *others = run(WEIGHED.call(call.ins, weighing), count)
        along_q.append(q)
        totals = [_added(total, other) for total, other in zip(totals, others, strict=True)]
    for axis, slopes in enumerate(zip(*along_q, strict=True)):
        yield f"{SCATTERING}.{axis}", None if slopes[0] is None else torch.cat(slopes, 1)
    yield CELL, totals[0]
    yield from zip((shape[n] for n in of_shape), totals[1:], strict=True)


def pieces_of(part: ChunkInputs, size: int) -> Iterator[tuple[ChunkInputs, slice]]:
    """Yield what so many pixels at a time have of a part, and which they are."""
    for start in range(0, part.q_per_m[0].shape[1], size):
        pixels = slice(start, start + size)
        q_per_m: Vec = apply(lambda q, some=pixels: q[:, some], part.q_per_m)  # type: ignore[misc]
        alive = None if part.alive is None else part.alive[:, pixels]
        yield replace(part, q_per_m=q_per_m, alive=alive), pixels


def _added(total: Tensor | None, other: Tensor | None) -> Tensor | None:
    """Return the sum of two slopes, None for 0."""
    return other if total is None else total if other is None else total.add_(other)


def _derivatives(ins: Instrument, given: Any) -> tuple[Slopes, Slopes, Tensor | None]:
    """Return the derivatives of the terms of a chunk, pixels last [K, P, M, N], None for 0.

    Args:
        given: the part without gain, numbers of quantities of the shape, and whether the terms are summed.

    Returns:
        Those to the three indices, those to the quantities, and the sums of terms [K, N, 1, 1] or None.
    """
    part, asked, summing = given
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
    slopes = tuple(None if slope is None else _pixels_last(slope.to(table.values.dtype)) for slope in found)
    return slopes[:3], slopes[3:], term.detach().sum((2, 3), keepdim=True) if summing else None


DERIVATIVES = replace(TERMS, name="derivatives", function=_derivatives, differentiates=True)
"""`_derivatives`."""


def _pixels_last(values: Tensor) -> Tensor:
    """Return [K, N, P, M] as [K, P, M, N], in memory, too."""
    return values.movedim(1, -1).contiguous()


@dataclass(frozen=True)
class Weighing:
    """What the sums of derivatives are made of."""

    slopes: tuple[Slopes, Slopes]
    """Derivatives as of `_derivatives`."""
    q_per_m: Vec
    """Scattering vectors."""
    cell: Tensor
    """Cell vectors."""
    weight: Tensor
    """What comes back to each term [K, N, 1, 1]."""
    to: tuple[bool, bool]
    """Whether scattering vectors and cell vectors are asked for."""


def _weighed(_: Instrument, given: Weighing) -> tuple[Slopes, Tensor | None, *tuple[Tensor | None, ...]]:
    """Return the sums of derivatives times what comes back, for scattering vectors, cell and shape."""
    (along_hkl, along_shape), weight, (to_q, to_cell) = given.slopes, given.weight, given.to
    with torch.enable_grad():
        q: Vec = apply(lambda part: part.detach().requires_grad_(to_q), given.q_per_m)
        cell = given.cell.detach().requires_grad_(to_cell)
        pairs = [
            (index, weight * slope.movedim(-1, 1))
            for index, slope in zip(miller_indices(unpacked(cell), q), along_hkl, strict=True)
            if slope is not None and index.requires_grad
        ]
        slopes = iter(grad_of(pairs, [*(q if to_q else ()), *((cell,) if to_cell else ())]))
    along_q = tuple(next(slopes) if to_q else None for _ in q)
    along_cell = next(slopes) if to_cell else None
    sums = (
        None if slope is None else (weight[:, :, 0, 0] * slope.sum((1, 2), dtype=weight.dtype)).sum()
        for slope in along_shape
    )
    return along_q, along_cell, *sums


WEIGHED = Stage("weighed", _weighed, in_loops, axes={"given.slopes": (K, P, M, N)}, differentiates=True)
"""`_weighed`."""
