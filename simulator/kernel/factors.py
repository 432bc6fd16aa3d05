"""Solid angle, capture fraction and polarization as the pixel loop keeps them (spec 06 sections 2 to 6, 15).

Without its oversample flag a factor is formed once and cached; the flags form it anew in each iteration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from simulator.physics.absorption import capture_fraction
from simulator.physics.polarization import kahn_factor
from simulator.physics.vectors import Vec, unit
from simulator.scene.policy import Application, Policy


@dataclass(frozen=True)
class Factors:
    """The caches of a block, each [1, N, 1, 1]: capture fraction C (None: to be formed), P and W."""

    capture: Tensor | None
    polar: Tensor
    omega: Tensor

    def of_next_layer(self) -> Factors:
        """Return the caches at the start of a layer, where the capture fraction is formed anew."""
        return replace(self, capture=None)


def each_factor(policy: Policy, factors: Factors) -> Iterator[tuple[str, Application, Tensor]]:
    """Yield the three factors in the order in which they multiply.

    Returns:
        The stem of its taps, where each is applied, and its value.

    Source: spec 06 sections 12, 13 and 15.
    """
    assert factors.capture is not None  # some layer has begun
    yield "capture_fraction", policy.capture, factors.capture
    yield "polar", policy.polar, factors.polar
    yield "omega_pixel", policy.omega, factors.omega


def capture_now(
    policy: Policy,
    cached: Tensor | None,
    layer: int | Tensor,
    sensor: tuple[Tensor, Tensor],
    cos_normal: Tensor,
) -> Tensor:
    """Return the capture fraction of this sub-pixel, formed anew or cached.

    Args:
        cached: the value of an earlier sub-pixel of the layer, None in the first.
        sensor: thickness of a layer (metres) and attenuation (1/m).
        cos_normal: d.o.

    Source: spec 06 section 5.
    """
    if policy.no_sensor:
        return torch.ones_like(cos_normal)
    fraction = capture_fraction(layer, *sensor, cos_normal)
    if cached is None or policy.capture.each:
        return fraction
    return torch.where(cached == 0.0, fraction, cached)


def polar_now(
    policy: Policy,
    kahn: Tensor | None,
    cached: Tensor | None,
    rays: tuple[Vec, Vec, Vec],
    alive: Tensor | None,
) -> tuple[Tensor, Tensor | None]:
    """Return the polarization after each source, and for which sources it was formed anew.

    Without -oversample_polar P is that of the first source that passes dmin, in the first sub-pixel that has
    one.

    Args:
        cached: the value so far [1, N, 1, 1], None in the first sub-pixel of a pixel.
        rays: incident [K, 1, 1, 1], diffracted [1, N, 1, 1] and polarization vectors.
        alive: sources that pass dmin, None for all.

    Returns:
        P [K or 1, N, 1, 1] and bool [K, N or 1, 1, 1] (None for nowhere).

    Source: spec 06 section 6.
    """
    incident, diffracted, axis = rays
    if policy.unpolarized:
        return torch.ones_like(diffracted[0]), None
    if policy.polar.each:
        everywhere = torch.ones_like(incident[0], dtype=torch.bool)
        return kahn_factor(kahn, incident, diffracted, axis), everywhere if alive is None else alive
    if not policy.polar_everywhere:
        if cached is not None:
            return cached, None
        first = torch.arange(incident[0].shape[0], device=incident[0].device)[:, None, None, None] == 0
        x, y, z = incident
        return kahn_factor(kahn, (x[:1], y[:1], z[:1]), diffracted, axis), first
    cache = torch.zeros_like(diffracted[0]) if cached is None else cached
    P = kahn_factor(kahn, incident, diffracted, axis)  # [K, N, 1, 1]
    usable = (P != 0.0) if alive is None else alive & (P != 0.0)
    found = usable.cumsum(0)
    chosen = P.gather(0, usable.to(torch.int8).argmax(0, keepdim=True))
    after = torch.where(cache != 0.0, cache, torch.where(found > 0, chosen, 0.0))
    empty_before = (cache == 0.0) & (found - usable.to(found.dtype) == 0)
    return after, empty_before if alive is None else empty_before & alive


def unitized(diffracted: Vec, formed: Tensor) -> Vec:
    """Return the diffracted vector that each source sees after Q-POLAR-UNITIZE normalised it for the ones
    before.

    Args:
        diffracted: [1, N, 1, 1].
        formed: for which sources P was formed anew [K, N or 1, 1, 1].

    Source: spec 06 section 6.
    """
    times = formed.cumsum(0) - formed.to(torch.int64)
    once = unit(diffracted)
    twice = unit(once)
    x, y, z = (
        torch.where(times == 0, d, torch.where(times == 1, d1, d2))
        for d, d1, d2 in zip(diffracted, once, twice, strict=True)
    )
    return x, y, z
