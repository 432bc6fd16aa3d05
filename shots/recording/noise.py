"""Noise of photons and of reading: flicker, calibration, Poisson, readout; each a function of a generator."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shots.recording.seeds import ShotSeeds

PixelValues = NDArray[np.float32]
"""Photons or counts, usually [slow, fast]."""
BRIGHT = 12.0
"""Mean from which deviates are made of normal ones, several times as fast."""


def flicker_factor(rms: float, seeds: ShotSeeds) -> np.float32:
    """Return what the beam of a shot is multiplied by, 1 + rms g, at least 0; all panels have the same.

    Args:
        rms: relative, of the intensity from shot to shot.
        seeds: of the shot.

    Source: spec 10 "Quirks to know before copying it": a flicker for each shot.
    """
    return np.float32(max(0.0, 1.0 + rms * seeds.of_shot("flicker").standard_normal()))


@lru_cache(maxsize=64)
def sensitivity(rms: float, detector_seed: int, panel: int, shape: tuple[int, int]) -> PixelValues:
    """Return what the photons of each pixel are multiplied by, 1 + rms g, at least 0; the same in all shots.

    Args:
        rms: relative, of the sensitivity of pixels.
        detector_seed: of the detector.
        panel: its place in the detector.
        shape: [slow, fast].

    Source: spec 10.
    """
    generator = ShotSeeds(0, 0, detector_seed).of_detector("calibration", panel)
    factors: PixelValues = np.maximum(
        1.0 + np.float32(rms) * generator.standard_normal(shape, np.float32), np.float32(0.0)
    )
    factors.flags.writeable = False
    return factors


def photons_counted(means: PixelValues, dim: np.random.Generator, bright: np.random.Generator) -> PixelValues:
    """Return a Poisson deviate for each mean; a mean below 0 counts as 0.

    Above 2^24 a float32 does not hold all whole numbers; a deviate there is the nearest that it holds.

    Args:
        means: expected photons.
        dim: of the deviates of means below `BRIGHT`, which are exact.
        bright: of those of the others, see `poisson_quantiles`.
    """
    is_bright = means >= BRIGHT
    if is_bright.all():
        return poisson_quantiles(means, bright.standard_normal(means.shape, np.float32))
    counts = np.empty_like(means)
    counts[~is_bright] = dim.poisson(np.maximum(means[~is_bright], 0.0))
    found = means[is_bright]
    counts[is_bright] = poisson_quantiles(found, bright.standard_normal(found.shape, np.float32))
    return counts


def poisson_quantiles(means: PixelValues, normals: PixelValues) -> PixelValues:
    """Return the Poisson deviates that are as unlikely as normal ones, by an expansion in 1/sqrt(mean).

    floor( m + sqrt(m) z + (2 + z^2)/6 - (2 z + z^3)/(72 sqrt(m)) + (3 z^4 + 7 z^2 - 16)/(810 m) ): one
    deviate in 10,000 differs from the exact one at a mean of 12, one in 30,000 at 20, fewer at larger ones.

    Args:
        means: of 12 or more.
        normals: standard normal deviates.

    Source: M. B. Giles, Algorithm 955, ACM Transactions on Mathematical Software 42 (2016) 7.
    """
    z = normals
    root = np.sqrt(means)
    zz = z * z
    second = (zz * (np.float32(3.0) * zz + np.float32(7.0)) - np.float32(16.0)) / (np.float32(810.0) * means)
    first = z * ((zz + np.float32(2.0)) / (np.float32(-72.0) * root) + root)
    found: PixelValues = np.floor(means + first + ((zz + np.float32(2.0)) * np.float32(1.0 / 6.0) + second))
    return np.maximum(found, np.float32(0.0))


def readout_noise(shape: tuple[int, ...], rms: float, generator: np.random.Generator) -> PixelValues:
    """Return normal deviates of this rms, in counts."""
    deviates: PixelValues = np.float32(rms) * generator.standard_normal(shape, np.float32)
    return deviates
