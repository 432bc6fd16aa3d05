"""All stages of a pixel as one, for machine code: what goes from one to the next is written nowhere.

For pixels of one sub-pixel and one sensor layer, without interpolation, whose evaluations are one chunk.
Others take the stages one by one.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from simulator.engine.stage import Stage
from simulator.kernel.blocks import Block, Chunk
from simulator.kernel.evaluation import ADD, TABLE, ChunkInputs, add_evaluations, in_single, packed
from simulator.kernel.finish import FINISH, Sums, scaled
from simulator.kernel.kernel import Photons, cell_of, photons
from simulator.kernel.rays import RAYS, trace_rays
from simulator.kernel.stages import Stages
from simulator.kernel.taps import Spot
from simulator.physics.arithmetic import in_one_loop, quick_ratios
from simulator.scene.instrument import Instrument

DEVICES = ("cpu",)
"""Types of devices on which stages are joined."""
SMALL_CALL = 1 << 16
"""Evaluations of a call of what runs operation by operation for one pixel of a run in machine code."""


@dataclass(frozen=True)
class PixelInputs:
    """What pixels depend on besides the instrument."""

    slow: Tensor
    """Numbers of the pixels [N]."""
    fast: Tensor
    cell: Tensor
    """The cell vectors as of `packed` [1, 1, P, M, 9]."""


def joined_photons(stages: Stages, block: Block) -> Photons:
    """Return the photons of a block as `photons` does, by one stage where that can be.

    Args:
        stages: of the run, for an engine that runs machine code or is shown what there is to compile.
        block: which pixels.

    Source: spec 06.
    """
    if len(block.slow) == 1:  # machine code serves two pixels or more
        return _first(joined_photons(stages, block.some(torch.zeros_like(block.slow).expand(2))))
    if not _can_be_joined(stages.ins, block):
        return photons(stages, block)
    if block.first_visit >= 0 and stages.ins.counts[0] > 1:  # whose sources may see different orientations
        return photons(stages, block, most=SMALL_CALL)
    K, P, M = stages.ins.counts
    place = Spot(block.slow, block.fast), Chunk(slice(0, K), slice(0, P), slice(0, M))
    given = PixelInputs(
        block.slow,
        block.fast,
        packed(cell_of(stages.ins, block, place, final=True)),
    )
    pixels, omega_sr = stages.run(PIXELS, given, len(block.slow))
    return Photons(pixels, omega_sr, None)


def _first(found: Photons) -> Photons:
    """Return the photons of the first of some pixels, as those of a block of one."""
    escape = None if found.escape is None else found.escape[:1]
    return Photons(found.pixels[:1], found.omega_sum_sr[:1], escape)


def _can_be_joined(ins: Instrument, block: Block) -> bool:
    """Return whether one stage gives the pixels of a run like those of a block.

    A resolution limit compares, which rounding may decide: with it, rays are formed by operations that are
    not fused. Where structure factors are interpolated, look-ups take the time, and may end.
    """
    plan = ins.plan
    single = plan.sides == 1 and plan.layers == 1
    apart = plan.resolution_limit or _interpolates(ins, block) or ins.policy.running
    return ins.device.type in DEVICES and single and not apart


def _interpolates(ins: Instrument, block: Block) -> bool:
    """Return whether structure factors of a block are interpolated."""
    return ins.plan.interpolate and block.interpolated > 0


def _pixels(ins: Instrument, given: PixelInputs) -> tuple[Tensor, Tensor]:
    """Return the photons of pixels and their solid angles, [N] each."""
    with quick_ratios() if in_single(ins) else nullcontext():
        rays = trace_rays(ins, Spot(given.slow, given.fast), None)
        sums = Sums.begun(ins, given.slow.shape).with_sub_pixel(rays.factors.omega, rays.water)
        part = ChunkInputs(rays.q_per_m, rays.alive, given.cell, rays.gain, rays.weight, False)
        I, _ = add_evaluations(ins, part, sums.I)
        pixels = scaled(ins, replace(sums, I=I), rays.factors)
    assert sums.omega_sum_sr is not None  # there is one sub-pixel
    return pixels, sums.omega_sum_sr


PIXELS = Stage(
    "pixels",
    _pixels,
    in_one_loop,
    tuple(dict.fromkeys((*RAYS.parts, *ADD.parts, *FINISH.parts))),
    tuple(dict.fromkeys((*RAYS.decisions, *ADD.decisions, *FINISH.decisions))),
    axes={"ins.table.values": TABLE},
    innermost=True,
    fuses=in_single,
)
"""`_pixels`."""
