"""The terms of a chunk, with slopes in two steps: derivatives of each evaluation, and their weighed sums.

Every other stage costs little beside this one. Its derivatives to the three indices and to quantities of the
crystal's shape are formed for so few pixels at once that a cache holds them; sums over orientations and over
pixels read them there. One loop cannot form both sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from simulator.engine.stages import Call, unpacked
from simulator.engine.tensor_tree import leaves, rebuilt
from simulator.gradients.vector_jacobian import Run, Slopes, grad_of, slopes_of
from simulator.kernel.evaluation import Part, evaluate, evaluate_at, miller_indices
from simulator.physics.vectors import Vec, apply
from simulator.scene.instrument import Instrument

EVALUATIONS_IN_CACHE = 1 << 19
"""Evaluations whose derivatives are kept at once, about."""


def summed_terms(ins: Instrument, given: Any) -> tuple[Tensor, Tensor | None]:
    """Return the sums of terms over phi steps and domains [K, N, 1, 1], and where interpolation first failed.

    Args: given: the part without cell and gain, the cell vectors. Source: spec 06 sections 7 to 12.
    """
    part, cells = given
    found = evaluate(ins, replace(part, cell=unpacked(cells)))
    return found.term.sum((2, 3), keepdim=True), found.escape


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
        found: dict[int, Tensor | None] = {}
        if grads[0] is not None:
            places = {id(part): n for n, part in enumerate(call.flat())}
            found = {places[id(part)]: slope for part, slope in _in_pieces(run, call, grads[0])}
            table = places[id(call.ins.table.values)]
            if wanted[table]:
                (found[table],) = run(slopes_of(call, grads, (table,)), pixels)
        return None, None, None, *(found.get(n) for n in range(len(wanted)))


def _in_pieces(run: Run, call: Call, weight: Tensor) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Yield scattering vectors, cell vectors and quantities of the shape, each with its slope.

    Args: call: of `summed_terms`. weight: what comes back to each sum [K, N, 1, 1].
    """
    part, cells = call.given
    shape = list(leaves(call.ins.shape))
    asked = tuple(n for n, quantity in enumerate(shape) if quantity.requires_grad)
    to = (any(q.requires_grad for q in part.q_per_m), cells.requires_grad)
    if not any(to) and not asked:
        return
    size = max(2, EVALUATIONS_IN_CACHE // (len(weight) * cells[..., 0].numel()))
    along_q: list[Slopes] = []
    totals: list[Tensor | None] = [None] * (1 + len(asked))
    for start in range(0, weight.shape[1], size):
        piece, back = _pixels(part, start, start + size), weight[:, start : start + size]
        count = back.shape[1]
        derive = replace(call, function=_derivatives, given=(piece, cells, asked), differentiates=True)
        given = (run(derive, count), piece.q_per_m, cells, back, to)
        weigh = Call("weighed", _weighed, call.ins.only((), ()), given, differentiates=True)
        q, *others = run(weigh, count)
        along_q.append(q)
        totals = [_added(total, other) for total, other in zip(totals, others, strict=True)]
    for q, slopes in zip(part.q_per_m, zip(*along_q, strict=True), strict=True):
        yield q, None if slopes[0] is None else torch.cat(slopes, 1)
    yield cells, totals[0]
    yield from zip((shape[n] for n in asked), totals[1:], strict=True)


def _pixels(part: Part, start: int, stop: int) -> Part:
    """Return what some pixels have of a part."""
    q_per_m: Vec = apply(lambda q: q[:, start:stop], part.q_per_m)
    return replace(part, q_per_m=q_per_m, alive=None if part.alive is None else part.alive[:, start:stop])


def _added(total: Tensor | None, other: Tensor | None) -> Tensor | None:
    """Return the sum of two slopes, None for 0."""
    return other if total is None else total if other is None else total.add_(other)


def _derivatives(ins: Instrument, given: Any) -> tuple[Slopes, Slopes]:
    """Return the derivatives of the terms of a chunk, pixels last [K, P, M, N], None for 0.

    Args: given: the part without cell and gain, the cell vectors, places of quantities of the shape.
    Returns: those to the three indices, and those to the quantities.
    """
    part, cells, asked = given
    with torch.no_grad():
        hkl = miller_indices(unpacked(cells), part.q_per_m)
    with torch.enable_grad():
        index: Vec = apply(lambda values: values.detach().requires_grad_(), hkl)
        own = [
            quantity.detach().expand(hkl[0].shape).requires_grad_() if n in asked else quantity.detach()
            for n, quantity in enumerate(leaves(ins.shape))
        ]
        table = replace(ins.table, values=ins.table.values.detach())
        seen = replace(ins, table=table, shape=rebuilt(ins.shape, own))
        term = evaluate_at(seen, replace(part, cell=unpacked(cells)), index).term
        back = torch.ones_like(term[:1, :1, :1, :1]).expand(term.shape)
        pairs = [(term, back)] if term.requires_grad else []
        found = grad_of(pairs, [*index, *(own[n] for n in asked)])
    slopes = tuple(None if slope is None else _pixels_last(slope.to(table.values.dtype)) for slope in found)
    return slopes[:3], slopes[3:]


def _pixels_last(values: Tensor) -> Tensor:
    """Return [K, N, P, M] as [K, P, M, N], in memory, too."""
    return values.movedim(1, -1).contiguous()


def _weighed(_: Instrument, given: Any) -> tuple[Slopes, Tensor | None, *tuple[Tensor | None, ...]]:
    """Return the sums of derivatives times what comes back: for scattering vectors, cell vectors, the shape.

    Args: given: derivatives as of `_derivatives`; scattering vectors; cell vectors; what comes back to each
        term [K, N, 1, 1]; whether scattering vectors and cell vectors are asked for.
    """
    (along_hkl, along_shape), q_per_m, cells, weight, (to_q, to_cells) = given
    with torch.enable_grad():
        q: Vec = apply(lambda part: part.detach().requires_grad_(to_q), q_per_m)
        cells = cells.detach().requires_grad_(to_cells)
        pairs = [
            (index, weight * slope.movedim(-1, 1))
            for index, slope in zip(miller_indices(unpacked(cells), q), along_hkl, strict=True)
            if slope is not None and index.requires_grad
        ]
        slopes = iter(grad_of(pairs, [*(q if to_q else ()), *((cells,) if to_cells else ())]))
    along_q = tuple(next(slopes) if to_q else None for _ in q)
    along_cells = next(slopes) if to_cells else None
    sums = (
        None if slope is None else (weight[:, :, 0, 0] * slope.sum((1, 2), dtype=weight.dtype)).sum()
        for slope in along_shape
    )
    return along_q, along_cells, *sums
