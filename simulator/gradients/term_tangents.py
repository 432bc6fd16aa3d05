"""The innermost stage on dual tensors, for several directions at once.

The derivatives of each evaluation to its indices and to quantities of the crystal's shape are formed once, as
for a gradient; a direction takes a few products of them. The terms are quadratic in the structure factors F:
their change along D is (t(F + D) - t(F - D))/2, whatever the length of D.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from simulator.dual_tensors import dual_of, plain_of
from simulator.engine.stage import Call, Engine
from simulator.engine.tensor_tree import exchanged, named_leaves
from simulator.gradients.evaluation_gradient import (
    CELL,
    DERIVATIVES,
    EVALUATIONS_IN_CACHE,
    SCATTERING,
    SHAPE,
    TABLE,
    TERMS,
    WEIGHED,
    Weighing,
    pieces_of,
)
from simulator.gradients.stage_tangents import parted
from simulator.gradients.vector_jacobian import Slopes
from simulator.kernel.accumulate import add_terms, summed
from simulator.kernel.evaluation import ChunkInputs, evaluate, unpacked
from simulator.kernel.miller_indices import changes_with_cells, miller_indices
from simulator.scene.instrument import Instrument

EVALUATIONS_BY_OPERATION = 1 << 16
"""Evaluations whose derivatives are formed at once where no compiled code does it."""
AXES = tuple(f"{SCATTERING}.{n}" for n in range(3))
Tangents = Mapping[str, Tensor | None]
"""Of what a stage reads, by place in its call, None for 0."""


@dataclass(frozen=True, eq=False)
class Lane:
    """One direction: the instrument as the stage sees it, its chunk and its sums so far, all dual."""

    ins: Instrument
    part: ChunkInputs
    I: Tensor


def add_along(engine: Engine, lanes: Sequence[Lane]) -> list[tuple[Tensor, None]]:
    """Return for each direction the sums with the terms of one chunk, with their tangents.

    Args:
        engine: runs the stages.
        lanes: of the same plain values.

    Returns:
        The sums [N] as `Stages.add` gives them, which here does not tell where interpolation failed.

    Source: spec 06 sections 7 to 12.
    """
    calls = [Call(TERMS, lane.ins, replace(lane.part, gain=None, weight=None)) for lane in lanes]
    found = [parted(call) for call in calls]
    places = calls[0].places()
    chunk = _Chunk(engine, found[0][0], [dict(zip(places, tangents, strict=True)) for _, tangents in found])
    if lanes[0].part.weight is not None:
        return [(total, None) for total in chunk.running_sums(lanes)]
    total, changes = chunk.sums()
    return [
        (add_terms(lane.I, dual_of(total, change[..., None, None]), lane.part.gain), None)
        for lane, change in zip(lanes, changes, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Chunk:
    """A chunk of evaluations, and the tangents of what it reads for each direction."""

    engine: Engine
    call: Call
    """Of `TERMS`, of plain tensors."""
    tangents: Sequence[Tangents]

    def moves(self, *places: str) -> list[int]:
        """Return the numbers of the directions along which something at these places moves."""
        return [n for n, own in enumerate(self.tangents) if any(own[place] is not None for place in places)]

    def shape(self) -> dict[str, int]:
        """Return the quantities of the crystal's shape that move, by place, with their numbers."""
        places = [place for place, _ in named_leaves(self.call.ins.shape, SHAPE)]
        return {place: n for n, place in enumerate(places) if self.moves(place)}

    def derivatives(self, part: ChunkInputs) -> tuple[Slopes, Slopes, Tensor]:
        """Return those of a part to its indices and quantities of the shape, and its sums of terms."""
        given = (part, tuple(self.shape().values()), True)
        found: tuple[Slopes, Slopes, Tensor] = self._run(replace(self.call, stage=DERIVATIVES, given=given))
        return found

    def sums(self) -> tuple[Tensor, Tensor]:
        """Return the sums of terms over phi steps and domains [K, N, 1, 1], and their tangents [V, K, N]."""
        part: ChunkInputs = self.call.given
        totals, changes = [], []
        at_once = EVALUATIONS_IN_CACHE if self.engine.compiled else EVALUATIONS_BY_OPERATION
        moving = bool(self.moves(*AXES, CELL, *self.shape()))
        for piece, pixels in pieces_of(part, max(2, at_once // part.of_a_pixel)):
            if moving:
                *slopes, total = self.derivatives(piece)
                changes.append(self._changes(piece, (slopes[0], slopes[1]), pixels))
            else:
                total = self._run(replace(self.call, given=piece))[0]
                changes.append(total.new_zeros((len(self.tangents), *total.shape[:2])))
            totals.append(total)
        total, change = torch.cat(totals, 1), torch.cat(changes, 2)
        for n in self.moves(TABLE):
            up, down, part_of = self._beside(n)
            change[n] += ((self._run(up)[0] - self._run(down)[0]) * part_of)[..., 0, 0]
        return total, change

    def _changes(self, piece: ChunkInputs, slopes: tuple[Slopes, Slopes], pixels: slice) -> Tensor:
        """Return how the sums of a piece change along each direction [V, K, n] but with structure factors."""
        along_hkl, along_shape = slopes
        ins, one = self.call.ins, torch.ones_like(piece.q_per_m[0])
        K, n = one.shape[:2]
        change = one.new_zeros((len(self.tangents), K, n), dtype=ins.plan.sum_dtype)
        if moving := self.moves(*AXES):
            weighing = Weighing((along_hkl, ()), piece.q_per_m, piece.cell, one, (True, False))
            along_q = self._run(WEIGHED.call(ins, weighing))[0]
            for axis, slope in zip(AXES, along_q, strict=True):
                for v in moving:
                    tangent = self.tangents[v][axis]
                    if slope is not None and tangent is not None:
                        change[v] += (slope * tangent[:, pixels])[..., 0, 0]
        if moving := self.moves(CELL):
            cells = torch.stack([self._tangent(v, CELL) for v in moving])
            change[moving] += changes_with_cells(along_hkl, cells, piece.q_per_m)
        for place, slope in zip(self.shape(), along_shape, strict=True):
            if slope is not None:
                total = slope.sum((1, 2), dtype=change.dtype)
                for v in self.moves(place):
                    change[v] += total * self._tangent(v, place)
        return change

    def running_sums(self, lanes: Sequence[Lane]) -> Iterator[Tensor]:
        """Yield for each direction the running sums after a chunk, with their tangents."""
        ins, weight = self.call.ins, lanes[0].part.weight
        assert weight is not None  # only then the sum runs in loop order
        part = replace(self.call.given, weight=plain_of(weight))
        found = evaluate(ins, part)
        along_hkl, along_shape, _ = self.derivatives(self.call.given)
        for v, lane in enumerate(lanes):
            change = torch.zeros_like(found.term)
            hkl = self._indices(v, part)
            for slope, moved in zip(along_hkl, hkl, strict=True):
                change += 0.0 if slope is None or moved is None else slope.movedim(-1, 1) * moved
            for place, slope in zip(self.shape(), along_shape, strict=True):
                tangent = self.tangents[v][place]
                change += 0.0 if slope is None or tangent is None else slope.movedim(-1, 1) * tangent
            if v in self.moves(TABLE):
                up, down, part_of = self._beside(v)
                change += (evaluate(up.ins, part).term - evaluate(down.ins, part).term) * part_of
            term = dual_of(found.term, change)
            yield summed(lane.I, term, (lane.part.gain, lane.part.weight), found.executed)

    def _indices(self, v: int, part: ChunkInputs) -> Sequence[Tensor | None]:
        """Return how the indices change along a direction [K, N, P, M], None for not at all."""
        found: list[Any] = []
        if v in self.moves(CELL):
            found.append(miller_indices(unpacked(self._tangent(v, CELL)), part.q_per_m))
        if v in self.moves(*AXES):
            x, y, z = (self._tangent(v, axis) for axis in AXES)
            found.append(miller_indices(unpacked(part.cell), (x, y, z)))
        return [sum(parts) for parts in zip(*found, strict=True)] if found else [None] * 3

    def _beside(self, v: int) -> tuple[Call, Call, float]:
        """Return the call with structure factors moved along a direction and against it, and the part of the
        difference that is their change.
        """
        values, tangent = self.call.ins.table.values, self._tangent(v, TABLE)
        most = float(tangent.abs().max())
        length = max(float(values.abs().max()), 1.0) / most if most else 1.0
        up, down = (
            exchanged(self.call.ins, table=replace(self.call.ins.table, values=values + side * tangent))
            for side in (length, -length)
        )
        return replace(self.call, ins=up), replace(self.call, ins=down), 0.5 / length

    def _tangent(self, v: int, place: str) -> Tensor:
        """Return a tangent, zeros where there is none."""
        tangent = self.tangents[v][place]
        return torch.zeros_like(dict(self.call.named())[place]) if tangent is None else tangent

    def _run(self, call: Call) -> Any:
        return self.engine.run(call, len(self.call.given.q_per_m[0][0]))
