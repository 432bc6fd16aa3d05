"""Forward mode: how the pixels of an image change along some directions of the instrument, in one pass.

A direction has a tangent for each tensor of the instrument. The stages of a block run once for each
direction, in step, on dual tensors; the derivatives of its evaluations are formed once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from simulator.config import Compute
from simulator.dual_tensors import carrying, dual_tensors, duals_of, plain_and_tangent, plain_of, tangent_of
from simulator.engine.choose import choose_compiled
from simulator.engine.eager import Eager
from simulator.engine.rehearsal import Rehearsal
from simulator.engine.stage import Engine
from simulator.engine.tensor_tree import leaves, rebuilt
from simulator.engine.workers import side_by_side
from simulator.errors import InputError
from simulator.gradients.pieces import ALL_AT_ONCE, EVALUATIONS_OF_SLOPES, pieces_of_blocks
from simulator.gradients.stage_tangents import Carrying
from simulator.gradients.term_tangents import Lane, add_along
from simulator.gradients.vector_jacobian import Slopes
from simulator.kernel.blocks import Block
from simulator.kernel.evaluation import ADD
from simulator.kernel.kernel import photons_in_steps
from simulator.kernel.small_blocks import rehearse, uncompilable
from simulator.kernel.stages import Stages
from simulator.limits.transforms import SECOND
from simulator.scene.instrument import Instrument

PIXELS_OF_A_BLOCK = 1 << 20
"""Before it is cut into pieces, where no compiled code says how many it takes."""
EVALUATIONS_AT_ONCE = 1 << 20
"""Of a piece whose rays are differentiated at once, operation by operation."""


def direction_of(ins: Instrument) -> Slopes:
    """Return the tangents of the tensors of an instrument, None for 0, in double precision."""
    found = [tangent_of(part) for part in leaves(ins)]
    return tuple(None if tangent is None or not tangent.any() else tangent.detach() for tangent in found)


def has_tangents(ins: Instrument) -> bool:
    """Return whether the image shall have a tangent."""
    return any(tangent_of(part) is not None for part in leaves(ins))


def wanted(ins: Instrument) -> bool:
    """Return whether the image shall have a gradient."""
    return torch.is_grad_enabled() and any(part.requires_grad for part in leaves(ins))


def has_slopes(ins: Instrument) -> bool:
    """Return whether the image shall have a gradient or a tangent.

    Raises:
        InputError: for both.
    """
    reverse, forward = wanted(ins), has_tangents(ins)
    if reverse and forward:
        raise InputError(f"forward mode of a run that also wants a gradient, {SECOND}")
    return reverse or forward


def without_tangents(ins: Instrument) -> Instrument:
    """Return an instrument of plain tensors."""
    return rebuilt(ins, [plain_of(part).detach() for part in leaves(ins)])


@dataclass(frozen=True)
class _Dual:
    """The stages of one direction, all but the innermost one."""

    stages: Stages
    steps: Any

    @staticmethod
    def of(ins: Instrument, direction: Slopes, block: Block, carrying_engine: Carrying) -> _Dual:
        """Return those of a block."""
        dual = rebuilt(ins, duals_of(list(leaves(ins)), direction))
        steps = photons_in_steps(dual, block, carrying_engine.elements)
        return _Dual(Stages(dual, carrying_engine), steps)


def block_tangents(ins: Instrument, directions: Sequence[Slopes], block: Block, inner: Engine) -> Tensor:
    """Return how the pixels of a block change along each direction [V, N], in photons.

    Args:
        ins: of plain tensors.
        directions: a tangent for each tensor of the instrument, None for 0.
        inner: runs the stages.

    Source: spec 06.
    """
    with torch.no_grad(), carrying():
        engine = Carrying(inner)
        lanes = [_Dual.of(ins, direction, block, engine) for direction in directions]
        asked = [next(lane.steps) for lane in lanes]
        while asked[0][0] != "finish":
            answers = _answers(lanes, asked, inner)
            engine.plain.clear()
            asked = [lane.steps.send(answer) for lane, answer in zip(lanes, answers, strict=True)]
        pixels = [plain_and_tangent(part) for part in _answers(lanes, asked, inner)]
        return torch.stack([torch.zeros_like(plain) if along is None else along for plain, along in pixels])


def _answers(lanes: Sequence[_Dual], asked: Sequence[tuple[str, Any]], inner: Engine) -> list[Any]:
    """Return what a stage gives for each direction."""
    if asked[0][0] == "add":
        parts = [
            Lane(lane.stages.seen(ADD), part, I) for lane, (_, (part, I, _)) in zip(lanes, asked, strict=True)
        ]
        return list(add_along(inner, parts))
    return [getattr(lane.stages, name)(*given) for lane, (name, given) in zip(lanes, asked, strict=True)]


@dataclass(frozen=True)
class Along:
    """How the blocks are differentiated along directions."""

    programs: Engine
    """Run the stages and their tangents."""
    evaluations: int
    """Of a piece, at most."""


def choose_forward(
    compute: Compute, ins: Instrument, directions: Sequence[Slopes], evaluations: int
) -> tuple[Along, tuple[str, ...]]:
    """Return how the blocks of a run are differentiated along directions, with warnings.

    Args:
        ins: of plain tensors.
        evaluations: their number.

    Raises:
        CompileError: if compiled code is asked for and cannot be made.
    """
    patterns = sorted({tuple(tangent is not None for tangent in direction) for direction in directions})

    def play(engine: Engine) -> None:
        def one(few: Instrument, block: Block) -> None:
            along = [
                tuple(
                    torch.zeros_like(part) if moving else None
                    for part, moving in zip(leaves(few), pattern, strict=True)
                )
                for pattern in patterns
            ]
            block_tangents(few, along, block, engine)

        rehearse(ins, one)

    rehearsal = Rehearsal(play, f"tangents {patterns}", uncompilable(ins))
    programs, notes = choose_compiled(compute, ins, evaluations, rehearsal)
    if programs is None:
        return Along(Eager(ALL_AT_ONCE, PIXELS_OF_A_BLOCK), EVALUATIONS_AT_ONCE), notes
    return Along(programs, EVALUATIONS_OF_SLOPES), notes


def pixel_tangents(
    ins: Instrument, directions: Sequence[Slopes], blocks: Sequence[Block], how: Along
) -> Tensor:
    """Return how the pixels of blocks change along each direction [V, n], in photons, double precision.

    Args:
        ins: of plain tensors, in the arithmetic of the slopes.
        directions: a tangent for each tensor of the instrument, None for 0.
        how: from `choose_forward`.

    Source: spec 06.
    """
    pieces = pieces_of_blocks(ins, blocks, how.evaluations)

    def of_piece(n: int) -> Tensor:
        return block_tangents(ins, directions, pieces[n], how.programs)

    found: Iterator[Tensor] = side_by_side(of_piece, len(pieces))
    total = sum(len(block.slow) for block in blocks)
    columns = torch.empty((len(directions), total), dtype=torch.float64, device=ins.device)
    done = 0
    with dual_tensors():
        for part in found:
            columns[:, done : done + part.shape[1]] = part
            done += part.shape[1]
    return columns
