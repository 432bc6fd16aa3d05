"""From photons to counts: gain, offset, bad pixels, limits and whole numbers (spec 10)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shots.geometry.panel import Panel
from shots.recording.noise import PixelValues
from shots.recording.seeds import ShotSeeds
from shots.recording.settings import Recording

LARGEST_COUNTS = {16: 2**16 - 1, 32: 2**31 - 1}


@dataclass(frozen=True, eq=False)
class BadPixels:
    """Pixels that do not measure, the same in all shots: their places in memory order, ascending.

    Attributes:
        hot: always read the largest count.
        dead: see no photons, and read offset and readout noise.
    """

    hot: NDArray[np.int64]
    dead: NDArray[np.int64]


@lru_cache(maxsize=64)
def bad_pixels(hot: float, dead: float, detector_seed: int, panel: int, pixels: int) -> BadPixels:
    """Return the bad pixels of a panel; each pixel is hot or dead with the given probability, never both.

    Args:
        hot: share of the pixels.
        dead: share of the pixels.
        detector_seed: of the detector.
        panel: its place in the detector.
        pixels: of the panel.
    """
    seeds = ShotSeeds(0, 0, detector_seed)
    is_hot = seeds.of_detector("hot", panel).random(pixels) < hot
    of_the_rest = dead / (1.0 - hot) if hot < 1.0 else 0.0
    is_dead = (seeds.of_detector("dead", panel).random(pixels) < of_the_rest) & ~is_hot
    return BadPixels(np.flatnonzero(is_hot), np.flatnonzero(is_dead))


def largest_count(panel: Panel, recording: Recording) -> int:
    """Return the count at which a pixel is full: the least of the panel's, the recording's and the bits'."""
    limit = min(panel.saturation, recording.saturation, float(LARGEST_COUNTS[recording.bits]))
    return math.floor(limit)


def whole_counts(values: PixelValues, largest: int) -> NDArray[np.int32]:
    """Return values rounded to the nearest count, a half upwards, at least 0 and at most the largest.

    Source: spec 10 "Quirks to know before copying it": limits at 0, and rounding.
    """
    counts: NDArray[np.int32] = np.clip(np.floor(values + np.float64(0.5)), 0, largest).astype(np.int32)
    return counts
