"""The pixel loop for a block of pixels: the one place where the physics is composed (spec 06).

Axes are [K sources, N pixels, P phi steps, M mosaic domains], always present and in this order; in memory the
pixels are the fastest axis.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from simulator.kernel.blocks import Block, Chunk, chunks, ordinals, place_of, spots, visit_of
from simulator.kernel.evaluation import ChunkInputs, packed, show_cell, unpacked
from simulator.kernel.factors import Factors
from simulator.kernel.finish import Sums
from simulator.kernel.rays import Rays
from simulator.kernel.stages import Stages
from simulator.kernel.taps import NEVER, Level, Spot, Tap, no_tap
from simulator.physics.vectors import apply
from simulator.scene.instrument import Instrument
from simulator.scene.orientations import CellVectors


@dataclass(frozen=True)
class Photons:
    """What one block gives.

    pixels [N]; omega_sum_sr [N], the sums of cached solid angles; escape [N], for each pixel the ordinal of
    the first evaluation outside the range of interpolation, NEVER if none (None unless the run latches on
    it).
    """

    pixels: Tensor
    omega_sum_sr: Tensor
    escape: Tensor | None


StagesInTurn = Generator[tuple[str, tuple[Any, ...]], Any, Photons]
"""Names a stage of `Stages` and what it is called with, is sent what it gives, and ends with the photons."""


def photons(stages: Stages, block: Block, tap: Tap = no_tap, most: int = NEVER) -> Photons:
    """Return the expected photons of a block of pixels.

    r_e^2 PHI <F_cell^2 F_latt^2> C P W, summed over layers, averaged over sub-pixels, sources, phi and
    domains.

    Args:
        stages: of the run.
        block: which pixels.
        tap: who watches; it never changes a value.
        most: about how many evaluations one call may hold, where the engine takes more.

    Source: spec 06.
    """
    steps = photons_in_steps(stages.ins, block, min(most, stages.elements), tap)
    name, given = next(steps)
    while True:
        try:
            name, given = steps.send(getattr(stages, name)(*given))
        except StopIteration as end:
            made: Photons = end.value
            return made


def photons_in_steps(ins: Instrument, block: Block, elements: int, tap: Tap = no_tap) -> StagesInTurn:
    """Yield each stage that the photons of a block need, be sent what it gives, and return the photons.

    Args:
        ins: the run.
        block: which pixels.
        elements: about how many evaluations one call of `Stages.add` may hold.
        tap: who watches.

    Source: spec 06.
    """
    sums = Sums.begun(ins, block.slow.shape)
    escape = torch.full_like(block.slow, NEVER) if _latches(ins, block) else None
    factors: Factors | None = None
    for spot in spots(ins, block):
        if factors is not None and spot.sub_slow == 0 and spot.sub_fast == 0:
            factors = factors.of_next_layer()
        rays: Rays = yield "rays", (spot, factors, tap)
        factors = rays.factors
        sums = sums.with_sub_pixel(factors.omega, rays.water)
        for chunk in chunks(ins, block, elements):
            part = _inputs(ins, block, (spot, chunk), rays)
            if tap.active:
                _show_cells(ins, block, (spot, chunk), part, tap)
            I, escaped = yield "add", (part, sums.I, tap.at(Level.MOSAIC, place_of(spot, chunk)))
            sums = replace(sums, I=I)
            escape = escape if escape is None or escaped is None else torch.minimum(escape, escaped)
    assert factors is not None  # there is at least one sub-pixel
    pixels = yield "finish", (sums, factors, tap.at(Level.PIXEL, Spot(block.slow, block.fast)))
    assert sums.omega_sum_sr is not None  # nor is this sum empty
    return Photons(pixels, sums.omega_sum_sr, escape)


def _latches(ins: Instrument, block: Block) -> bool:
    """Return whether an index out of range still ends the interpolation of a block."""
    return ins.plan.latching and block.interpolated > 0


def _inputs(ins: Instrument, block: Block, place: tuple[Spot, Chunk], rays: Rays) -> ChunkInputs:
    """Return what a chunk of the evaluations of a sub-pixel reads."""
    spot, chunk = place
    given = (rays.alive, rays.gain, rays.weight)
    alive, gain, weight = (None if x is None else _sources(x, chunk.k) for x in given)
    return ChunkInputs(
        q_per_m=apply(lambda x: _sources(x, chunk.k), rays.q_per_m),
        alive=alive,
        cell=packed(cell_of(ins, block, place, final=True)),
        gain=gain,
        weight=weight,
        interpolate=ins.plan.interpolate and block.interpolated > 0,
        order=ordinals(ins, visit_of(ins, spot), chunk) if _latches(ins, block) else None,
        limit=block.interpolated,
    )


def _sources(values: Tensor, some: slice) -> Tensor:
    """Return the values [K, N, 1, 1] of some sources; of all, as they are, which costs no step backwards."""
    return values if (some.start, some.stop) == (0, len(values)) else values[some]


def cell_of(ins: Instrument, block: Block, place: tuple[Spot, Chunk], final: bool) -> CellVectors:
    """Return the cell vectors of a chunk, [1, 1, P, M]; the first visit of a run may see others.

    Args:
        place: sub-pixel, and the sources, phi steps and domains.
        final: whether after the mosaic rotation; else the domains are one.
    """
    spot, chunk = place
    first = block.first_visit >= 0 and visit_of(ins, spot) + chunk.k.start == block.first_visit
    orientations = ins.first if first else ins.usual
    m = chunk.m if final else slice(None)
    cell = orientations.final if final else orientations.rotated
    a, b, c = (apply(lambda part: part[:, :, chunk.p, m], v) for v in cell)
    return a, b, c


def _show_cells(
    ins: Instrument, block: Block, place: tuple[Spot, Chunk], part: ChunkInputs, tap: Tap
) -> None:
    """Offer the cell vectors after the phi rotation, and after the mosaic rotation where there is one."""
    spot, chunk = place
    here = place_of(spot, chunk)
    if chunk.m.start == 0:
        rotated = cell_of(ins, block, place, final=False)
        show_cell(tap.at(Level.PHI, here), "rot", rotated, part.alive)
    if ins.plan.mosaic:
        show_cell(tap.at(Level.MOSAIC, here), "mos", unpacked(part.cell), part.alive)
