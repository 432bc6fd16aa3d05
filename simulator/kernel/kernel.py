"""The pixel loop for a block of pixels: the one place where the physics is composed (spec 06).

Axes are [K sources, N pixels, P phi steps, M mosaic domains], always present and in this order; in memory the
pixels are the fastest axis.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from simulator.kernel.accumulate import add_terms, multiply_running_sum, running_sums
from simulator.kernel.blocks import NEVER, Block, Chunk, chunks, ordinals, place_of, spots, visit_of
from simulator.kernel.evaluation import Part, evaluate, show_cell
from simulator.kernel.factors import Factors
from simulator.kernel.rays import Rays
from simulator.kernel.taps import Level, Show, Spot, Tap, no_tap, silent
from simulator.physics.vectors import apply
from simulator.scene.instrument import CellVectors, Instrument
from simulator.sparse.bounds import Bounding
from simulator.units import R_E_SQR_M2


@dataclass(frozen=True)
class Photons:
    """What one block gives.

    pixels [N]; omega_sum_sr [N], the sums of cached solid angles; escape [N], for each pixel the ordinal of
    the first evaluation outside the range of interpolation, NEVER if none (None unless the run latches on
    it); charged [N], upper bounds of what evaluations that were left out would add, None where none were;
    left_out: their number.
    """

    pixels: Tensor
    omega_sum_sr: Tensor
    escape: Tensor | None
    charged: Tensor | None = None
    left_out: int = 0


@dataclass(frozen=True)
class Sums:
    """The sums of each pixel [N] so far: intensity, water (None without), solid angle (None for none yet)."""

    I: Tensor
    background: Tensor | None
    omega_sum_sr: Tensor | None


class Stages(Protocol):
    """How the three stages of the kernel run: as they stand here, or compiled."""

    @property
    def elements(self) -> int:
        """About how many evaluations one call of `add` may hold."""

    @property
    def pixels(self) -> int:
        """How many pixels a block should have."""

    @property
    def parallel(self) -> bool:
        """Whether blocks should run side by side, each on one core; otherwise a call uses all cores."""

    def rays(self, ins: Instrument, spot: Spot, cached: Factors | None, tap: Tap) -> Rays:
        """Do what `trace_rays` does."""

    def add(self, ins: Instrument, part: Part, I: Tensor, show: Show) -> tuple[Tensor, Tensor | None]:
        """Do what `add_evaluations` does."""

    def finish(self, ins: Instrument, sums: Sums, factors: Factors, show: Show) -> Tensor:
        """Do what `scaled` does."""

    def bound(self, ins: Instrument, given: Bounding, pixels: int) -> Tensor:
        """Do what `Bounding.largest_terms` does for the rays of so many pixels."""


def photons(ins: Instrument, block: Block, stages: Stages, tap: Tap = no_tap) -> Photons:
    """Return the expected photons of a block of pixels.

    r_e^2 PHI <F_cell^2 F_latt^2> C P W, summed over layers, averaged over sub-pixels, sources, phi and
    domains.

    Args: ins: the run on its device. block: which pixels. stages: how to run it. tap: who watches; it never
        changes a value.
    Source: spec 06.
    """
    sums = _start(ins, block)
    latching = ins.plan.latching and block.interpolated > 0
    escape = torch.full_like(block.slow, NEVER) if latching else None
    factors: Factors | None = None
    for spot in spots(ins, block):
        if factors is not None and spot.sub_slow == 0 and spot.sub_fast == 0:
            factors = factors.of_next_layer()
        rays = stages.rays(ins, spot, factors, tap)
        factors = rays.factors
        sums = _add_sub_pixel(rays, sums)
        for chunk in chunks(ins, block, stages.elements):
            place = place_of(spot, chunk)
            part = _part(ins, block, (spot, chunk), rays)
            if tap.active and chunk.m.start == 0:
                rotated = _cell(ins, block, (spot, chunk), final=False)
                show_cell(tap.at(Level.PHI, place), "rot", rotated, part.alive)
            I, escaped = stages.add(ins, part, sums.I, tap.at(Level.MOSAIC, place))
            sums = replace(sums, I=I)
            escape = escape if escape is None or escaped is None else torch.minimum(escape, escaped)
    assert factors is not None  # there is at least one sub-pixel
    pixels = stages.finish(ins, sums, factors, tap.at(Level.PIXEL, Spot(block.slow, block.fast)))
    assert sums.omega_sum_sr is not None  # nor is this sum empty
    return Photons(pixels, sums.omega_sum_sr, escape)


def add_evaluations(
    ins: Instrument, part: Part, I: Tensor, show: Show = silent
) -> tuple[Tensor, Tensor | None]:
    """Return the sums with the terms of one chunk, and where interpolation first failed.

    Args: I: the sum of each pixel so far [N]. Source: spec 06 sections 7 to 12.
    """
    terms = evaluate(ins, part, show)
    gain, weight = part.gain, part.weight
    show("I_running", partial(running_sums, I, terms.term, (gain, weight), terms.executed), terms.executed)
    if weight is None:
        return add_terms(I, terms.term, gain), terms.escape
    return multiply_running_sum(I, terms.term, (gain, weight), terms.executed), terms.escape


def scaled(ins: Instrument, sums: Sums, factors: Factors, show: Show = silent) -> Tensor:
    """Return the pixels [N]: r_e^2 PHI I / steps times the factors that were not applied inside.

    Source: spec 06 sections 13 and 15.
    """
    policy, numbers = ins.policy, ins.numbers
    show("I_before_scaling", sums.I[None, :, None, None])
    scale = R_E_SQR_M2 * numbers.fluence_photons_per_m2
    value = (scale * sums.I / numbers.steps)[None, :, None, None]
    water: Tensor | None = None
    if sums.background is not None:
        water = (scale * numbers.water_electrons_sqr * sums.background / numbers.samples)[None, :, None, None]
    assert factors.capture is not None  # some layer has begun
    last = (
        ("capture_fraction_applied", policy.capture_inside, factors.capture),
        ("polar_applied", policy.polar_each, factors.polar),
        ("omega_pixel_applied", policy.omega_each, factors.omega),
    )
    for name, inside, factor in last:
        show(name, torch.ones_like(value) if inside else factor)
        if not inside:
            value = value * factor.to(value.dtype)
            water = None if water is None else water * factor
    if water is not None:
        value = value + water.to(value.dtype)
    show("I_pixel_final", value)
    show("floatimage_accumulated", lambda: value.to(torch.float32))
    return value[0, :, 0, 0].to(ins.plan.sum_dtype)


def _start(ins: Instrument, block: Block) -> Sums:
    """Return the sums of pixels before the first layer; I starts with the water background."""
    background: Tensor | None = None
    if ins.plan.background:
        background = torch.zeros(block.slow.shape, dtype=torch.float64, device=ins.device)
    return Sums(I=ins.numbers.I_bg.expand(block.slow.shape), background=background, omega_sum_sr=None)


def _add_sub_pixel(rays: Rays, sums: Sums) -> Sums:
    """Return the sums with this sub-pixel's solid angle and its share of water that is added last."""
    background = sums.background
    if background is not None and rays.water is not None:
        background = background + rays.water.sum((0, 2, 3))
    omega_sr = rays.factors.omega[0, :, 0, 0]
    if sums.omega_sum_sr is not None:
        omega_sr = sums.omega_sum_sr + omega_sr
    return replace(sums, omega_sum_sr=omega_sr, background=background)


def _part(ins: Instrument, block: Block, place: tuple[Spot, Chunk], rays: Rays) -> Part:
    """Return what a chunk of the evaluations of a sub-pixel reads."""
    spot, chunk = place
    latching = ins.plan.latching and block.interpolated > 0
    given = (rays.alive, rays.gain, rays.weight)
    alive, gain, weight = (None if x is None else _sources(x, chunk.k) for x in given)
    return Part(
        q_per_m=apply(lambda x: _sources(x, chunk.k), rays.q_per_m),
        alive=alive,
        cell=_cell(ins, block, place, final=True),
        gain=gain,
        weight=weight,
        interpolate=ins.plan.interpolate and block.interpolated > 0,
        order=ordinals(ins, visit_of(ins, spot), chunk) if latching else None,
        limit=block.interpolated,
    )


def _sources(values: Tensor, some: slice) -> Tensor:
    """Return the values [K, N, 1, 1] of some sources; of all, as they are, which costs no step backwards."""
    return values if (some.start, some.stop) == (0, len(values)) else values[some]


def _cell(ins: Instrument, block: Block, place: tuple[Spot, Chunk], final: bool) -> CellVectors:
    """Return the cell vectors of a chunk, [1, 1, P, M]; the first visit of a run may see others."""
    spot, chunk = place
    first = block.first_visit >= 0 and visit_of(ins, spot) + chunk.k.start == block.first_visit
    orientations = ins.first if first else ins.usual
    m = chunk.m if final else slice(None)
    cell = orientations.final if final else orientations.rotated
    a, b, c = (apply(lambda part: part[:, :, chunk.p, m], v) for v in cell)
    return a, b, c
