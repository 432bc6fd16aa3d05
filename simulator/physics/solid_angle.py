"""The solid angle of a pixel (spec 06 section 4)."""

from __future__ import annotations

from torch import Tensor

from simulator.physics.arithmetic import arithmetic
from simulator.quirks import Quirks


def solid_angle_sr(
    R_m: Tensor, pixel_m: Tensor, close_m: Tensor, point_pixel: bool, quirks: Quirks
) -> Tensor:
    """Return the solid angle of a whole pixel seen from the sample.

    W = px^2/R^2 * D_close/R; for a point pixel px^2/R^2, or 1/R^2 (in 1/m^2) with Q-POINT-PIXEL-AREA.

    Args:
        R_m: distance to the pixel.
        pixel_m: pixel size.
        close_m: distance of the detector plane (all metres).

    Returns:
        W in steradian, shape of R_m.

    Source: spec 06 section 4.
    """
    bare = point_pixel and "Q-POINT-PIXEL-AREA" in quirks
    # a tensor in any case, since torch divides a plain number with one rounding more
    area = pixel_m.new_ones(()) if bare else pixel_m * pixel_m
    ratio = arithmetic().ratio
    per_distance = ratio(ratio(area, R_m), R_m)
    return per_distance if point_pixel else ratio(per_distance * close_m, R_m)
