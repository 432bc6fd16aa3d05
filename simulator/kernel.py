"""The pixel loop for a block of pixels: the one place where the physics is composed (spec 06).

Axes are [K sources, N pixels, P phi steps, M mosaic domains], always present and in this order; in memory the
pixels are the fastest axis.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from simulator.accumulate import add_terms, multiply_running_sum, running_sums
from simulator.blocks import NEVER, Block, chunks, place_of, spots, visit_of
from simulator.evaluation import Evaluation, evaluate
from simulator.factors import Factors
from simulator.instrument import Instrument
from simulator.rays import Rays, trace_rays
from simulator.taps import Level, Spot, Tap, no_tap
from simulator.units import R_E_SQR_M2


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


@dataclass(frozen=True)
class _Sums:
    """The sums of each pixel [N] so far: intensity, water (None without), solid angle, first escape."""

    I: Tensor
    background: Tensor | None
    omega_sum_sr: Tensor
    escape: Tensor | None


@dataclass(frozen=True)
class _Applied:
    """Factors inside the loops, [K, N, 1, 1] or None for 1: of each term, and of the running sum."""

    gain: Tensor | None
    weight: Tensor | None

    def of_sources(self, k: slice) -> _Applied:
        """Return the factors of some of the sources."""
        gain, weight = (None if part is None else part[k] for part in (self.gain, self.weight))
        return _Applied(gain, weight)


def photons(ins: Instrument, block: Block, tap: Tap = no_tap) -> Photons:
    """Return the expected photons of a block of pixels.

    r_e^2 PHI <F_cell^2 F_latt^2> C P W, summed over layers, averaged over sub-pixels, sources, phi and
    domains.

    Args: ins: the run on its device. block: which pixels. tap: who watches; it never changes a value.
    Source: spec 06.
    """
    sums = _start(ins, block)
    factors: Factors | None = None
    for spot in spots(ins, block):
        rays = trace_rays(ins, spot, visit_of(ins, spot), factors, tap)
        factors = rays.factors
        applied = _applied(ins, rays)
        sums = _add_sub_pixel(ins, rays, sums)
        for chunk in chunks(ins, block):
            terms = evaluate(ins, block, rays, chunk, tap)
            sums = _add_terms(terms, applied.of_sources(chunk.k), sums, tap, place_of(spot, chunk))
    assert factors is not None  # there is at least one sub-pixel
    return _finish(ins, block, sums, factors, tap)


def _start(ins: Instrument, block: Block) -> _Sums:
    """Return the sums of pixels before the first layer; I starts with the water background."""
    zeros = torch.zeros(block.slow.shape, dtype=torch.float64, device=ins.device)
    return _Sums(
        I=ins.scene.I_bg.to(ins.device, ins.sum_dtype).expand(block.slow.shape),
        background=zeros if ins.background else None,
        omega_sum_sr=zeros,
        escape=torch.full_like(block.slow, NEVER) if ins.latching and block.interpolated else None,
    )


def _applied(ins: Instrument, rays: Rays) -> _Applied:
    """Return what multiplies the terms and the running sum of this sub-pixel (spec 06 sections 12 and 15)."""
    policy, factors = ins.policy, rays.factors
    steps = (
        (policy.capture_each, policy.capture_inside, factors.capture),
        (policy.polar_each, policy.polar_each, rays.polar),
        (policy.omega_each, policy.omega_each, factors.omega),
    )
    weight: Tensor | None = None
    gain = ins.relative_weight
    for flagged, inside, factor in steps:
        if flagged and policy.running:
            weight = factor if weight is None else weight * factor
        elif inside:
            gain = factor if gain is None else gain * factor
    shape = rays.q_per_m[0].shape
    gain, weight = (None if part is None else part.expand(shape) for part in (gain, weight))
    return _Applied(gain, weight)


def _add_sub_pixel(ins: Instrument, rays: Rays, sums: _Sums) -> _Sums:
    """Return the sums with this sub-pixel's solid angle and its share of water that is added last."""
    factors, policy = rays.factors, ins.policy
    sums = replace(sums, omega_sum_sr=sums.omega_sum_sr + factors.omega[0, :, 0, 0])
    if sums.background is None:
        return sums
    share = torch.ones_like(rays.q_per_m[0])  # [K, N, 1, 1]
    if policy.capture_inside:
        share = share * factors.capture
    if policy.polar_each:
        share = share * rays.polar
    if policy.omega_each:
        share = share * factors.omega
    if ins.relative_weight is not None:
        share = share * ins.relative_weight
    return replace(sums, background=sums.background + share.sum((0, 2, 3)))


def _add_terms(terms: Evaluation, applied: _Applied, sums: _Sums, tap: Tap, place: Spot) -> _Sums:
    """Return the sums with the terms of one chunk (spec 06 section 12)."""
    gain, weight = applied.gain, applied.weight
    show = tap.at(Level.MOSAIC, place)
    show(
        "I_running", partial(running_sums, sums.I, terms.term, (gain, weight), terms.executed), terms.executed
    )
    if weight is None:
        I = add_terms(sums.I, terms.term, gain)
    else:
        I = multiply_running_sum(sums.I, terms.term, (gain, weight), terms.executed)
    escape = sums.escape
    if escape is not None and terms.escape is not None:
        escape = torch.minimum(escape, terms.escape)
    return replace(sums, I=I, escape=escape)


def _finish(ins: Instrument, block: Block, sums: _Sums, factors: Factors, tap: Tap) -> Photons:
    """Return the scaled pixels: r_e^2 PHI I / steps times the factors that were not applied inside.

    Source: spec 06 sections 13 and 15.
    """
    policy, scene = ins.policy, ins.scene
    show = tap.at(Level.PIXEL, Spot(block.slow, block.fast))
    show("I_before_scaling", sums.I[None, :, None, None])
    scale = R_E_SQR_M2 * scene.config.beam.fluence_photons_per_m2
    value = (scale * sums.I / float(scene.steps))[None, :, None, None]
    water: Tensor | None = None
    if sums.background is not None:
        samples = len(ins.wavelength_m) * scene.oversample * scene.oversample
        water = (scale * scene.water_electrons_sqr * sums.background / float(samples))[None, :, None, None]
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
    return Photons(value[0, :, 0, 0], sums.omega_sum_sr, sums.escape)
