"""The fraction of photons that a sensor layer stops (spec 06 section 5)."""

from __future__ import annotations

from torch import Tensor


def capture_fraction(
    layer: int | Tensor, layer_m: Tensor, attenuation_per_m: Tensor, cos_normal: Tensor
) -> Tensor:
    """Return the fraction of photons stopped in one layer of the sensor.

    C = exp(-t dz mu / rho) - exp(-(t+1) dz mu / rho)

    Args:
        layer: index t.
        layer_m: thickness dz in metres.
        attenuation_per_m: mu.
        cos_normal: rho = d.o.

    Returns:
        C, shape of cos_normal.

    Source: spec 06 section 5.
    """
    front = -layer * layer_m * attenuation_per_m / cos_normal
    back = -(layer + 1) * layer_m * attenuation_per_m / cos_normal
    return front.exp() - back.exp()
