"""Noise of photons and of reading: flicker, calibration, Poisson, readout; each a function of a generator."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shots.recording.seeds import ShotSeeds

PixelValues = NDArray[np.float32]
"""Photons or counts, usually [slow, fast]."""


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


def photons_counted(means: PixelValues, generator: np.random.Generator) -> PixelValues:
    """Return a Poisson deviate for each mean; a mean below 0 counts as 0.

    Above 2^24 a float32 does not hold all whole numbers; a deviate there is the nearest that it holds.
    """
    deviates: PixelValues = generator.poisson(np.maximum(means, 0.0)).astype(np.float32)
    return deviates


def readout_noise(shape: tuple[int, ...], rms: float, generator: np.random.Generator) -> PixelValues:
    """Return normal deviates of this rms, in counts."""
    deviates: PixelValues = np.float32(rms) * generator.standard_normal(shape, np.float32)
    return deviates
