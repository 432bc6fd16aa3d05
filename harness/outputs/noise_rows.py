"""Noise images of two programs as samples of their float images: which pixels take part, and the row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.arrays import FloatImage, Reals
from harness.images.compare import Region
from harness.outputs.noise_test import FALSE_ALARM, NoiseSample, noise_test
from harness.outputs.request import NOISE_NAME
from harness.outputs.rows import OutputRow, failed, held, not_compared
from harness.outputs.sides import OutputSide
from simulator import RunConfig
from simulator.output.integer_images import SATURATION
from simulator.scene.region import window_of
from system_io.verdict_words import Word

PART = "statistics"
FAR_SIGMAS = 8.0
"""Beyond which no photons of a pixel are expected in an image of any size."""
MOST_NAMED = 2


def noise_statistics(
    sides: tuple[OutputSide, OutputSide],
    counts: tuple[NDArray[np.uint16], NDArray[np.uint16]],
    region: Region | None,
) -> OutputRow:
    """Return the row of two noise images that need not have random numbers in common.

    Args:
        sides: what both programs left.
        counts: their noise images [slow, fast].
        region: the compared pixels, None for all.
    """
    area = region or Region.whole(counts[0].shape)
    samples = []
    for side, image in zip(sides, counts, strict=True):
        config = side.config
        if config is None or (config.detector.spixels, config.detector.fpixels) != image.shape:
            text = "the simulator cannot set up the command line, which tells the offset of the counts"
            return not_compared(NOISE_NAME, PART, text, Word.NOT_COMPARABLE)
        odd = strangely_saturated(side.image, image, config, area)
        if odd:
            return failed(
                NOISE_NAME,
                PART,
                odd,
                odd,
                f"{odd} pixels of {side.name} are not at the limit that they must reach",
            )
        samples.append(_sample(side, image, config, area))
    used = samples[0][1] & samples[1][1]
    if not np.any(used & (samples[0][0].mean > 0.0)):
        return not_compared(
            NOISE_NAME, PART, "no pixel expects photons within the limits of a count", Word.NOT_COMPARABLE
        )
    kept = [NoiseSample(one.name, one.photons * used, one.mean * used) for one, _ in samples]
    test = noise_test(kept)
    if not test.beyond:
        return held(NOISE_NAME, PART)
    named = "; ".join(
        f"{one.what}: {one.measured:.10g} where {one.expected:.10g} are expected (chance {one.chance:.1e})"
        for one in test.beyond[:MOST_NAMED]
    )
    count = len(test.beyond)
    text = f"{count} of {test.tested} bins beyond chance at a false-alarm rate of {FALSE_ALARM:g}: {named}"
    return failed(NOISE_NAME, PART, count, count, text)


def offset_of(config: RunConfig) -> float:
    """Return the counts that stand for no photons (spec 08 "Noise image", Q-NOISE-TRUNC)."""
    adc = config.output.adc
    return float(np.trunc(adc) if "Q-NOISE-TRUNC" in config.quirks else np.floor(adc + 0.5))


def _range(image: FloatImage, config: RunConfig) -> tuple[Reals, Reals]:
    """Return the fewest and the most counts that a pixel may come to."""
    mean = np.nan_to_num(image.astype(np.float64), nan=-1.0, posinf=1e30, neginf=-1.0)
    far = FAR_SIGMAS * np.sqrt(np.maximum(mean, 0.0)) + FAR_SIGMAS**2
    return np.maximum(mean - far, 0.0) + config.output.adc, mean + far + config.output.adc


def strangely_saturated(
    image: FloatImage, counts: NDArray[np.uint16], config: RunConfig, area: Region
) -> int:
    """Return how many pixels must be at the upper limit of a count and are not."""
    inside = np.zeros(image.shape, np.bool_)
    inside[window_of(config.detector)] = True
    least, _ = _range(image, config)
    return int(np.count_nonzero(area.crop(inside & (least > SATURATION) & (counts != SATURATION))))


def _sample(
    side: OutputSide, counts: NDArray[np.uint16], config: RunConfig, area: Region
) -> tuple[NoiseSample, NDArray[np.bool_]]:
    """Return photons and their expectation in an area, and which pixels stay within the limits of a count."""
    used = np.zeros(counts.shape, np.bool_)
    used[window_of(config.detector)] = True
    least, most = _range(side.image, config)
    used &= (most < SATURATION) & (least >= 0.0) & (side.image >= 0.0)
    photons = counts.astype(np.float64) - offset_of(config)
    sample = NoiseSample(side.name, area.crop(photons), area.crop(side.image).astype(np.float64))
    return sample, area.crop(used)
