"""The solid angle of a pixel (spec 06 section 4)."""

from __future__ import annotations

from torch import Tensor

from simulator.quirks import Quirks


def solid_angle_sr(R_m: Tensor, pixel_m: float, close_m: Tensor, point_pixel: bool, quirks: Quirks) -> Tensor:
    """Return the solid angle of a whole pixel seen from the sample.

    W = px^2/R^2 * D_close/R; for a point pixel px^2/R^2, or 1/R^2 (in 1/m^2) with Q-POINT-PIXEL-AREA.

    Args: R_m, distance to the pixel; pixel_m, pixel size; close_m, distance of the detector plane (all metres).
    Returns: W in steradian, shape of R_m. Source: spec 06 section 4.
    """
    if not point_pixel:
        return pixel_m * pixel_m / R_m / R_m * close_m / R_m
    area = 1.0 if "Q-POINT-PIXEL-AREA" in quirks else pixel_m * pixel_m
    return area / R_m / R_m
