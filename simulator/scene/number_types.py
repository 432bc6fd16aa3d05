"""The arithmetic of the pixel loop: what each choice means, its error, and the automatic choice."""

from __future__ import annotations

import math

import torch

from simulator.config import Precision
from simulator.physics.vectors import length, moves, plain, vec
from simulator.scene.scene import Scene
from simulator.units import R_E_SQR_M2

PRECISIONS: dict[str, tuple[torch.dtype, torch.dtype]] = {
    "float64": (torch.float64, torch.float64),
    "mixed": (torch.float32, torch.float64),
    "float32": (torch.float32, torch.float32),
}
"""Arithmetic of the lattice factor (SQUARE and GAUSS; ROUND and TOPHAT stay float64) and of the sums.

Geometry, scattering vectors, indices and their distance from whole numbers are always float64, and so is the
sum of a pixel over the calls of the kernel.
"""

SAFE_IN_SINGLE = 2.0**60
"""Up to this, and from its reciprocal on, no product of a slope leaves the range of single precision."""
ROUNDING = 2.0**-24
"""Of a single-precision value, relative."""


def precision_of(scene: Scene) -> Precision:
    """Return the arithmetic of a run, chosen if its configuration leaves it open.

    Mixed where its error stays below the accuracy asked for; float64 also where the last bits count: in a
    noise image, whose generator goes another way after the first count that differs, and with
    Q-SINCG-INTEGER, which is upstream's rounding at the peaks.
    """
    config, compute = scene.config, scene.config.compute
    if compute.precision != "auto":
        return compute.precision
    bits_count = config.output.write_noise or "Q-SINCG-INTEGER" in config.quirks
    return "float64" if bits_count or mixed_error(scene) > compute.accuracy else "mixed"


def slopes_need_float64(scene: Scene) -> bool:
    """Return whether single precision has not the slopes of a run, whatever computes its image.

    That is so for numbers of cells where sin(N pi h)/sin(pi h) is taken as it is, whole indices and all
    (Q-SINCG-INTEGER), and where factors are so large, or photons so many or few, that a slope leaves its
    range.
    """
    config = scene.config
    cells = scene.lattice.cells
    largest_F = float(scene.table.values.detach().abs().max()) * math.prod(plain(count) for count in cells)
    fluence = plain(config.beam.fluence_photons_per_m2)
    upstream = config.crystal.shape == "SQUARE" and "Q-SINCG-INTEGER" in config.quirks
    return (
        (upstream and any(moves(count) for count in cells))
        or largest_F > SAFE_IN_SINGLE
        or (fluence != 0.0 and not 1.0 / SAFE_IN_SINGLE < fluence * R_E_SQR_M2 < SAFE_IN_SINGLE)
    )


def mixed_error(scene: Scene) -> float:
    """Return an upper estimate of the error of mixed arithmetic, as a fraction of the brightest pixel.

    Four roundings for each axis of several cells (the two sines, squared), and the rounding of the phase
    pi N h in double precision, with |h| <= 2 |a| / lambda.
    """
    counts = [count for count in scene.lattice.cells if count > 1]
    edges_m = [plain(length(vec(row))) for row in scene.lattice.direct_m]
    largest = 2.0 * max(edges_m) / plain(scene.sources.wavelength_m.min())
    phase = math.pi * max(counts, default=1) * largest * 2.0**-52
    return 4.0 * ROUNDING * max(1, len(counts)) + 2.0 * phase
