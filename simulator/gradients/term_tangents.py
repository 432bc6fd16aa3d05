"""The innermost stage on dual tensors, for several directions at once.

The derivatives of the sums of a chunk are formed once, as for a gradient; a direction takes a few products of
them. The terms are quadratic in the structure factors F: their change along D is (t(F + D) - t(F - D))/2,
whatever the length of D.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from simulator.dual_tensors import dual_of, plain_of
from simulator.engine.stage import Call, Engine
from simulator.engine.tensor_tree import exchanged
from simulator.gradients.evaluation_gradient import (
    CELL,
    DERIVATIVES,
    SCATTERING,
    TABLE,
    TERMS,
    Derivatives,
    SlopesAsked,
    shape_of,
    slopes_of_terms,
    weighed_sum,
)
from simulator.gradients.stage_tangents import parted
from simulator.kernel.accumulate import add_terms, summed
from simulator.kernel.evaluation import ChunkInputs, evaluate, unpacked
from simulator.kernel.miller_indices import changes_with_cells, miller_indices
from simulator.physics.vectors import Vec, apply
from simulator.scene.instrument import Instrument

EVALUATIONS_BY_OPERATION = 1 << 16
"""Evaluations whose derivatives are formed at once where no compiled code does it."""
CELLS_IN_A_LOOP = 3
"""Changes of the cell that machine code sums by themselves; of more it gives the derivatives of each term."""
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
        return {place: n for n, place in enumerate(shape_of(self.call.places())) if self.moves(place)}

    def asked(self) -> SlopesAsked:
        """Return the derivatives that the directions take."""
        cells = tuple(self._tangent(v, CELL) for v in self.moves(CELL))
        alone = self.engine.compiled and len(cells) <= CELLS_IN_A_LOOP
        shape = tuple(self.shape().values())
        return SlopesAsked(bool(self.moves(*AXES)), bool(cells) and not alone, shape, cells if alone else ())

    def sums(self) -> tuple[Tensor, Tensor]:
        """Return the sums of terms over phi steps and domains [K, N, 1, 1], and their tangents [V, K, N]."""
        part: ChunkInputs = self.call.given
        totals, changes = [], []
        at_once = len(part.q_per_m[0][0])
        if not self.engine.compiled:
            at_once = max(1, EVALUATIONS_BY_OPERATION // part.of_a_pixel)
        asked = self.asked()
        for piece, pixels in _pieces_of(part, at_once):
            if asked.anything:
                total, slopes = self._run(replace(self.call, stage=DERIVATIVES, given=(piece, asked)))
            else:
                total, slopes = self._run(replace(self.call, given=piece)), None
            change = total.new_zeros((len(self.tangents), *total.shape[:2]))
            if slopes is not None:
                self._add_changes(change, piece, slopes, pixels)
            totals.append(total)
            changes.append(change)
        total, change = torch.cat(totals, 1), torch.cat(changes, 2)
        for n in self.moves(TABLE):
            up, down, part_of = self._beside(n)
            change[n] += ((self._run(up) - self._run(down)) * part_of)[..., 0, 0]
        return total, change

    def _add_changes(self, change: Tensor, piece: ChunkInputs, slopes: Derivatives, pixels: slice) -> None:
        """Add how the sums of a piece change along each direction [V, K, n] but with structure factors."""
        along = [
            *zip(AXES, slopes.along_q, strict=False),
            *zip(self.shape(), slopes.along_shape, strict=True),
        ]
        for place, slope in along:
            if slope is None:
                continue
            for v in self.moves(place):
                tangent = self._tangent(v, place)
                change[v] += (slope * (tangent[:, pixels] if tangent.dim() else tangent))[..., 0, 0]
        moving = self.moves(CELL)
        for v, along_cell in zip(moving, slopes.along_cells, strict=False):
            change[v] += along_cell[..., 0, 0]
        if moving and slopes.along_hkl:
            cells = torch.stack([self._tangent(v, CELL) for v in moving])
            change[moving] += changes_with_cells(slopes.along_hkl, cells, piece.q_per_m).to(change.dtype)

    def running_sums(self, lanes: Sequence[Lane]) -> Iterator[Tensor]:
        """Yield for each direction the running sums after a chunk, with their tangents."""
        ins, weight = self.call.ins, lanes[0].part.weight
        assert weight is not None  # only then the sum runs in loop order
        part = replace(self.call.given, weight=plain_of(weight))
        found = evaluate(ins, part)
        _, along_hkl, along_shape = slopes_of_terms(ins, self.call.given, tuple(self.shape().values()))
        for v, lane in enumerate(lanes):
            moved = self._indices(v, part)
            change = torch.zeros_like(found.term) if moved is None else weighed_sum(moved, along_hkl)
            for place, slope in zip(self.shape(), along_shape, strict=True):
                tangent = self.tangents[v][place]
                change += 0.0 if slope is None or tangent is None else slope * tangent
            if v in self.moves(TABLE):
                up, down, part_of = self._beside(v)
                change += (evaluate(up.ins, part).term - evaluate(down.ins, part).term) * part_of
            term = dual_of(found.term, change)
            yield summed(lane.I, term, (lane.part.gain, lane.part.weight), found.executed)

    def _indices(self, v: int, part: ChunkInputs) -> Sequence[Tensor] | None:
        """Return how the indices change along a direction [K, N, P, M], None for not at all."""
        found: list[Any] = []
        if v in self.moves(CELL):
            found.append(miller_indices(unpacked(self._tangent(v, CELL)), part.q_per_m))
        if v in self.moves(*AXES):
            x, y, z = (self._tangent(v, axis) for axis in AXES)
            found.append(miller_indices(unpacked(part.cell), (x, y, z)))
        return [sum(parts) for parts in zip(*found, strict=True)] if found else None

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


def _pieces_of(part: ChunkInputs, size: int) -> Iterator[tuple[ChunkInputs, slice]]:
    """Yield what so many pixels at a time have of a part, and which they are."""
    count = len(part.q_per_m[0][0])
    if size >= count:
        yield part, slice(None)
        return
    for start in range(0, count, size):
        pixels = slice(start, start + size)
        q_per_m: Vec = apply(lambda q, some=pixels: q[:, some], part.q_per_m)  # type: ignore[misc]
        alive = None if part.alive is None else part.alive[:, pixels]
        yield replace(part, q_per_m=q_per_m, alive=alive), pixels
