"""The end of a pixel: from its sums to photons (spec 06 sections 13 and 15)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from simulator.engine.stage import Stage
from simulator.kernel.factors import Factors, each_factor
from simulator.kernel.taps import Show, silent
from simulator.physics.arithmetic import arithmetic, in_loops
from simulator.scene.instrument import Instrument
from simulator.units import R_E_SQR_M2


@dataclass(frozen=True)
class Sums:
    """The sums of each pixel [N] so far: intensity, water (None without), solid angle (None for none yet)."""

    I: Tensor
    background: Tensor | None
    omega_sum_sr: Tensor | None

    @classmethod
    def begun(cls, ins: Instrument, shape: torch.Size) -> Sums:
        """Return the sums of pixels before the first layer; I starts with the water background.

        Args:
            shape: of the pixels [N].
        """
        background: Tensor | None = None
        if ins.plan.background:
            background = torch.zeros(shape, dtype=torch.float64, device=ins.device)
        return cls(I=ins.numbers.I_bg.expand(shape), background=background, omega_sum_sr=None)

    def with_sub_pixel(self, omega_sr: Tensor, water: Tensor | None) -> Sums:
        """Return the sums with a sub-pixel's solid angle and its share of water that is added last.

        Args:
            omega_sr: [1, N, 1, 1].
            water: factor of the water [K, N, 1, 1], None without.
        """
        background, omega = self.background, omega_sr[0, :, 0, 0]
        if background is not None and water is not None:
            background = background + water.sum((0, 2, 3))
        if self.omega_sum_sr is not None:
            omega = self.omega_sum_sr + omega
        return replace(self, omega_sum_sr=omega, background=background)


def scaled(ins: Instrument, sums: Sums, factors: Factors, show: Show = silent) -> Tensor:
    """Return the pixels [N]: r_e^2 PHI I / steps times the factors that were not applied inside.

    Source: spec 06 sections 13 and 15.
    """
    numbers = ins.numbers
    offered = sums.I[None, :, None, None]
    shown = show("I_before_scaling", offered)
    I = sums.I if shown is offered else shown[0, :, 0, 0]
    scale = R_E_SQR_M2 * numbers.fluence_photons_per_m2
    value = arithmetic().ratio(scale * I, numbers.steps)[None, :, None, None]
    water: Tensor | None = None
    if sums.background is not None:
        water = (scale * numbers.water_electrons_sqr * sums.background / numbers.samples)[None, :, None, None]
    for stem, applied, factor in each_factor(ins.policy, factors):
        factor = show(f"{stem}_applied", torch.ones_like(value) if applied.inside else factor)  # noqa: PLW2901
        if not applied.inside:
            value = value * factor.to(value.dtype)
            water = None if water is None else water * factor
    if water is not None and sums.background is not None:
        show("water_sum", sums.background[None, :, None, None])
        water = show("water_photons", water)
        value = value + water.to(value.dtype)
    value = show("I_pixel_final", value)
    show("floatimage_accumulated", lambda: value.to(torch.float32))
    return value[0, :, 0, 0].to(ins.plan.sum_dtype)


def _finish(ins: Instrument, given: Any) -> Tensor:
    return scaled(ins, *given)


FINISH = Stage("finish", _finish, in_loops, ("policy", "numbers"), ("sum_dtype",))
"""`scaled`: of sums, but for that of solid angles, and factors."""
