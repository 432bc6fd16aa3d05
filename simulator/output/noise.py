"""The image with Poisson noise (spec 08 "Noise image", 07)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.config import RunConfig
from simulator.output.integer_images import SATURATION
from simulator.output.poisson import deviates
from simulator.output.statistics import Image
from simulator.physics.c_random import Stream, noise_stream
from simulator.quirks import Quirks
from simulator.scene.region import window_of

INT32_MIN = -(1 << 31)
LOW_16_BITS = 0xFFFF


@dataclass(frozen=True, eq=False)
class NoiseImage:
    """Counts [slow, fast] with photon noise, the photons in them, and how many pixels were cut at 65535."""

    counts: NDArray[np.uint16]
    photons: float
    overloads: int


def noise_image(image: Image, config: RunConfig) -> NoiseImage:
    """Return the image with photon noise; every pixel of the region of interest draws in row order.

    Args:
        image: expected photons [slow, fast].

    Source: spec 08 "Noise image", 07.
    """
    counts = np.zeros(image.shape, np.uint16)
    window = window_of(config.detector)
    photons, overloads = 0.0, 0
    for row, values in zip(counts[window], _rows(image[window], noise_stream(config)), strict=True):
        photons = float(np.add.accumulate(np.concatenate([[photons], values]))[-1])
        row[:], over = _counts(values, config.output.adc, config.quirks)
        overloads += over
    return NoiseImage(counts, photons, overloads)


def _rows(image: Image, stream: Stream) -> Iterator[NDArray[np.float64]]:
    """Return the deviates row by row; a mean that is not finite stands for a largest one, NaN for 0."""
    draw, largest = stream.draws(), float(np.finfo(np.float32).max)
    for row in np.nan_to_num(image, nan=0.0, posinf=largest, neginf=0.0):
        yield np.array(deviates(row.tolist(), draw, stream.shared), np.float64)


def _counts(photons: NDArray[np.float64], adc: float, quirks: Quirks) -> tuple[NDArray[np.uint16], int]:
    """Return counts and overloads of one row (Q-NOISE-TRUNC, Q-NOISE-NEGATIVE)."""
    values = photons + adc
    over = values > SATURATION
    values[over] = SATURATION
    if "Q-NOISE-NEGATIVE" not in quirks:
        values = np.maximum(values, 0.0)
    whole = np.trunc(values) if "Q-NOISE-TRUNC" in quirks else np.minimum(np.floor(values + 0.5), SATURATION)
    low_bits = np.maximum(whole, INT32_MIN).astype(np.int64) & LOW_16_BITS
    return low_bits.astype(np.uint16), int(over.sum())
