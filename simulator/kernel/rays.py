"""One sub-pixel of a block of pixels: its position, scattering vectors, and the factors C, P and W (spec 06
s3 to 6).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from simulator.engine.stage import Stage
from simulator.kernel.factors import Factors, capture_now, each_factor, polar_now, unitized
from simulator.kernel.taps import Level, Show, Spot, Tap, no_tap, silent
from simulator.physics.arithmetic import arithmetic, in_loops
from simulator.physics.detector import curved_position, flat_position
from simulator.physics.solid_angle import solid_angle_sr
from simulator.physics.vectors import Vec, apply, divided, dot, length, unit, vec
from simulator.scene.instrument import Instrument


@dataclass(frozen=True)
class Rays:
    """One sub-pixel of each pixel, seen from each source."""

    q_per_m: Vec
    """Scattering vector [K, N, 1, 1]."""
    alive: Tensor | None
    """Sources that pass dmin [K, N, 1, 1], None for all."""
    factors: Factors
    """The caches after this sub-pixel."""
    gain: Tensor | None
    """What multiplies each term [K, N, 1, 1], None for 1."""
    weight: Tensor | None
    """What multiplies the running sum [K, N, 1, 1], None for 1."""
    water: Tensor | None
    """What multiplies the water of this sub-pixel [K, N, 1, 1], None without water."""


def trace_rays(ins: Instrument, spot: Spot, cached: Factors | None, tap: Tap = no_tap) -> Rays:
    """Return scattering vectors and factors of one sub-pixel.

    q = (d - i)/lambda with d the unit vector to the sub-pixel.

    Args:
        spot: layer and sub-pixel.
        cached: the factors after the sub-pixel before, None at the start of a pixel.

    Source: spec 06 sections 3 to 6.
    """
    show = tap.at(Level.SUBPIXEL, spot)
    position = apply(arithmetic().kept, _position(ins, spot, tap))
    R = show("R_distance_meters", arithmetic().kept(length(position)))
    direction = show("diffracted_vec", apply(arithmetic().kept, divided(position, R)))
    close = ins.geometry.close_distance_m
    show("obliquity_factor", lambda: close / R)
    plan, numbers = ins.plan, ins.numbers
    omega = cached.omega if cached is not None and not ins.policy.omega.each else None
    if omega is None:
        omega = solid_angle_sr(R, numbers.pixel_m, close, plan.point_pixel, plan.quirks)
    omega = show("omega_pixel_sr", omega)
    capture = capture_now(
        ins.policy,
        None if cached is None else cached.capture,
        spot.layer,
        (numbers.layer_m, numbers.attenuation_per_m),
        dot(direction, vec(ins.geometry.normal)),
    )
    capture = show("capture_fraction", capture)
    rays = _scatter(ins, spot, direction, None if cached is None else cached.polar, tap)
    formed = Factors(capture, rays.polar, omega)
    show_each = _of_sources(ins, spot, tap)
    gain, weight = _applied(ins, formed, rays, show_each)
    gain, weight = (
        _shown_factor(show_each, name, part, rays)
        for name, part in (("term_factor", gain), ("sum_factor", weight))
    )
    water = _water_share(ins, formed, rays.q_per_m[0])
    if water is not None:
        water = show_each("water_factor", water)
    return Rays(rays.q_per_m, rays.alive, Factors(capture, rays.cache, omega), gain, weight, water)


def _rays(ins: Instrument, given: Any) -> Rays:
    slow, fast, layer, sub_slow, sub_fast, cached = given
    return trace_rays(ins, Spot(slow, fast, layer, sub_slow, sub_fast), cached)


RAYS = Stage(
    "rays",
    _rays,
    in_loops,
    ("policy", "numbers", "geometry", "polarization", "incident", "wavelength_m", "relative_weight"),
    ("curved", "point_pixel", "resolution_limit", "background", "quirks"),
)
"""`trace_rays`: of slow and fast numbers of the pixels, layer, sub-pixel, and the factors so far."""


def _of_sources(ins: Instrument, spot: Spot, tap: Tap) -> Show:
    """Return the receiver of values of all sources of a sub-pixel."""
    return tap.at(Level.SOURCE, replace(spot, counts=(ins.wavelength_m.shape[0], 1, 1)))


def _applied(
    ins: Instrument, formed: Factors, rays: _Scattered, show: Show = silent
) -> tuple[Tensor | None, Tensor | None]:
    """Return what multiplies the terms and the running sum of this sub-pixel (spec 06 sections 12 and 15)."""
    shape, one = rays.q_per_m[0].shape, partial(torch.ones_like, rays.polar)
    weight: Tensor | None = None
    gain = ins.relative_weight
    for stem, applied, factor in each_factor(ins.policy, formed):
        shown = show(f"{stem}_inside", factor if applied.inside else one, rays.alive)
        factor = factor if callable(shown) else shown  # noqa: PLW2901
        if applied.each and ins.policy.running:
            weight = factor if weight is None else weight * factor
        elif applied.inside:
            gain = factor if gain is None else gain * factor
    gain, weight = (None if part is None else part.expand(shape) for part in (gain, weight))
    return gain, weight


def _shown_factor(show: Show, name: str, factor: Tensor | None, rays: _Scattered) -> Tensor | None:
    """Offer a factor that is None for 1, and return what is handed back."""
    shown = show(name, partial(torch.ones_like, rays.polar) if factor is None else factor, rays.alive)
    return factor if callable(shown) else shown


def _water_share(ins: Instrument, formed: Factors, like: Tensor) -> Tensor | None:
    """Return this sub-pixel's share of water that is added last, None without."""
    if not ins.plan.background:
        return None
    share = torch.ones_like(like)  # [K, N, 1, 1]
    for _, applied, factor in each_factor(ins.policy, formed):
        share = share * factor if applied.inside else share
    return share if ins.relative_weight is None else share * ins.relative_weight


def scattering_vectors(ins: Instrument, spot: Spot) -> Vec:
    """Return the scattering vectors of one sub-pixel of each pixel, in 1/m, and nothing else.

    Returns:
        Components [K, N, 1, 1], before Q-POLAR-UNITIZE normalises a ray.

    Source: spec 06 s3 to 6.
    """
    position = _position(ins, spot, no_tap)
    return _scattering(ins, divided(position, length(position)))


def passes_dmin(ins: Instrument, spot: Spot) -> Tensor:
    """Return which sources of one sub-pixel execute the phi loop, in a run with a resolution limit.

    Returns:
        Bool [K, N, 1, 1].

    Source: spec 06 section 6.
    """
    alive = _alive(ins, scattering_vectors(ins, spot))
    assert alive is not None  # only then it is called
    return alive


def _position(ins: Instrument, spot: Spot, tap: Tap) -> Vec:
    """Return the position of a sub-pixel, components [1, N, 1, 1] in metres (spec 06 section 3)."""
    sub, count = ins.numbers.sub_pixel_m, ins.numbers.sub_pixels
    Fdet = _per_pixel(sub * (spot.fast * count + spot.sub_fast).to(torch.float64) + sub / 2.0)
    Sdet = _per_pixel(sub * (spot.slow * count + spot.sub_slow).to(torch.float64) + sub / 2.0)
    Odet = spot.layer * ins.numbers.layer_m
    show = tap.at(Level.SUBPIXEL, spot)
    Fdet, Sdet = show("Fdet_meters", Fdet), show("Sdet_meters", Sdet)
    shown = show("Odet_meters", lambda: Odet.expand(Fdet.shape))
    Odet = Odet if callable(shown) else shown
    position = flat_position(ins.geometry, Fdet, Sdet, Odet)
    if ins.plan.curved:
        position = curved_position(ins.geometry, position, Fdet, Sdet, ins.plan.quirks)
    return show("pixel_pos_meters", position)


def _per_pixel(values: Tensor) -> Tensor:
    """Return [N] as [1, N, 1, 1]."""
    return values[None, :, None, None]


def _scattering(ins: Instrument, direction: Vec) -> Vec:
    """Return q = (d - i)/lambda in 1/m, [K, N, 1, 1]."""
    x, y, z = (d - i for d, i in zip(direction, ins.incident, strict=True))
    return divided((x, y, z), ins.wavelength_m)


def _alive(ins: Instrument, q_per_m: Vec) -> Tensor | None:
    """Return where dmin <= 0.5/stol, None without a resolution limit (spec 06 section 6)."""
    return ~(ins.numbers.dmin_m > 0.5 / (0.5 * length(q_per_m))) if ins.plan.resolution_limit else None


@dataclass(frozen=True)
class _Scattered:
    """Scattering vectors of all sources, and the polarization as they use it and as it is kept."""

    q_per_m: Vec
    alive: Tensor | None
    polar: Tensor
    cache: Tensor


def _scatter(
    ins: Instrument, spot: Spot, direction: Vec, cached_polar: Tensor | None, tap: Tap
) -> _Scattered:
    """Return the rays of all sources; the polarization step may renormalise d for the sources that follow."""
    policy = ins.policy
    q = _scattering(ins, direction)
    alive = _alive(ins, q)
    polar, formed = polar_now(
        policy,
        ins.numbers.kahn,
        cached_polar,
        (ins.incident, direction, ins.polarization),
        alive,
    )
    seen = direction
    if policy.unitize and formed is not None and ins.wavelength_m.shape[0] > 1:
        seen = unitized(direction, formed)
        q = _scattering(ins, seen)
    show = _of_sources(ins, spot, tap)
    show("incident_vec", ins.incident)
    show("lambda_meters", ins.wavelength_m)
    q = show("scattering_vec_m_inv", apply(arithmetic().kept, q))
    show("stol_m_inv", lambda: 0.5 * length(q))
    show("dmin_skipped", lambda: torch.zeros_like(q[0]) if alive is None else (~alive).to(torch.float64))
    show("cos_2theta", lambda: _cos_2theta(ins.incident, seen, formed, policy.unitize), alive)
    polar = show("polar", arithmetic().kept(polar), alive)
    cache = polar if policy.polar.each or polar.shape[0] == 1 else polar[-1:]
    return _Scattered(q, alive, polar, cache)


def _cos_2theta(incident: Vec, diffracted: Vec, formed: Tensor | None, unitize: bool) -> Tensor:
    """Return i.d after the polarization step, which normalises both where it forms P (Q-POLAR-UNITIZE)."""
    plain = dot(incident, diffracted)
    if formed is None or not unitize:
        return plain
    return torch.where(formed, dot(unit(incident), unit(diffracted)), plain)
