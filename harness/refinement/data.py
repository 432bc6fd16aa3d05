"""An image to refine against: photons, usable pixels and a smooth background."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError, UsageError
from simulator import RunConfig
from simulator.errors import InputError
from simulator.io.smv import read_smv
from simulator.scene.region import window_of
from system_io.files import read_regular

FloatArray = NDArray[np.float64]
PixelFlags = NDArray[np.bool_]

OVERLOAD = 65535
BLOCK = 32
"""Pixels a side over which the background is taken as constant."""
MOST_NODES = 4
"""Along an axis, of the part of the background that is fitted with the variables."""
CLIP_SIGMAS, ROUNDS = 3.0, 6
DARKEST = 1.0 / 64.0
"""Photons a pixel: the least background that is assumed, so that no weight is infinite."""


@dataclass(frozen=True, eq=False)
class ObservedImage:
    """What was measured, all [slow, fast]: photons above the offset, usable pixels, background in photons."""

    photons: FloatArray
    usable: PixelFlags
    background: FloatArray

    @classmethod
    def of(cls, photons: FloatArray, usable: PixelFlags) -> ObservedImage:
        """Return an image with its background.

        Raises:
            HarnessError: where too little is usable.
        """
        require_enough(usable)
        return cls(np.where(usable, photons, 0.0), usable, background_of(photons, usable))


def usable_pixels(config: RunConfig) -> PixelFlags:
    """Return which pixels the region of interest and the mask of a run keep [slow, fast]."""
    kept = np.zeros((config.detector.spixels, config.detector.fpixels), bool)
    kept[window_of(config.detector)] = True
    return kept & config.detector.mask if config.detector.mask.size else kept


def require_enough(usable: PixelFlags) -> None:
    """Check that an image has pixels to fit.

    Raises:
        HarnessError: where too little is usable.
    """
    if int(usable.sum()) < BLOCK:
        raise HarnessError(f"only {int(usable.sum())} pixels can be used; enlarge -roi, or mend the mask")


def background_of(photons: FloatArray, usable: PixelFlags) -> FloatArray:
    """Return a smooth background [slow, fast]: means of blocks without what stands out, interpolated.

    In each block, pixels farther than 3 standard deviations of a count from the mean are left out, a few
    times over; blocks without usable pixels get the median of the others.
    """
    rows, columns = _blocks(photons.shape)
    means = np.full((rows, columns), np.nan)
    for i, strip in enumerate(np.array_split(np.where(usable, photons, np.nan), rows, axis=0)):
        for j, block in enumerate(np.array_split(strip, columns, axis=1)):
            means[i, j] = _clipped_mean(block[np.isfinite(block)])
    means = np.where(np.isnan(means), np.nanmedian(means), means)
    return _interpolated(means, photons.shape)


def weighted_background(observed: ObservedImage, model: FloatArray) -> FloatArray:
    """Return the background [slow, fast] that an image has besides the photons of a model.

    It is the mean of what is left, weighted by what is expected, of blocks, interpolated: a spot that the
    model explains counts as little as its noise lets it.
    """
    weights = np.where(observed.usable, 1.0 / (np.maximum(model, 0.0) + observed.background), 0.0)
    sums = _over_blocks(weights * (observed.photons - model)), _over_blocks(weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums[0] / sums[1]
    return _interpolated(np.where(np.isnan(means), np.nanmedian(means), means), observed.photons.shape)


def background_shapes(chosen: PixelFlags) -> FloatArray:
    """Return hats over some pixels, bilinear between a few nodes, with the sum 1 everywhere [n, h]."""
    slow, fast = (_hats(size, min(MOST_NODES, max(1, round(size / BLOCK)))) for size in chosen.shape)
    places = np.nonzero(chosen)
    both = slow[places[0]][:, :, None] * fast[places[1]][:, None, :]  # [n, rows, columns]
    return np.asarray(both.reshape(len(both), -1))


def _hats(size: int, count: int) -> FloatArray:
    """Return hats between so many nodes along an axis of pixels [pixels, nodes]."""
    if count == 1:
        return np.ones((size, 1))
    nodes = np.linspace(0.0, size - 1.0, count)
    return np.stack([np.interp(np.arange(size), nodes, row) for row in np.eye(count)], axis=1)


def _over_blocks(values: FloatArray) -> FloatArray:
    """Return the sums over blocks of pixels [rows, columns]."""
    rows, columns = _blocks(values.shape)
    strips = [part.sum(axis=0) for part in np.array_split(values, rows, axis=0)]
    return np.array([[part.sum() for part in np.array_split(strip, columns)] for strip in strips])


def _blocks(shape: tuple[int, ...]) -> tuple[int, int]:
    rows, columns = (max(1, round(size / BLOCK)) for size in shape)
    return rows, columns


def _interpolated(means: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Return means of blocks as a smooth background of pixels, never below the least that is assumed."""
    from scipy.ndimage import zoom

    factors = [size / count for size, count in zip(shape, means.shape, strict=True)]
    smooth = zoom(means, factors, order=1, mode="nearest", grid_mode=True)
    return np.maximum(np.asarray(smooth, np.float64), DARKEST)


def _clipped_mean(values: FloatArray) -> float:
    """Return the mean without outliers, NaN of nothing; spots do not move the median it starts from."""
    if not values.size:
        return float("nan")
    middle = float(np.median(values))
    for _ in range(ROUNDS):
        inside = values[np.abs(values - middle) <= CLIP_SIGMAS * np.sqrt(max(middle, 1.0))]
        if not inside.size:
            break
        middle = float(inside.mean())
    return middle


def read_image(path: Path, config: RunConfig) -> ObservedImage:
    """Return an image file of the run's size: SMV less the run's -adc, or 4-byte floats in photons.

    Overloaded pixels, and 0 in an SMV file (gaps), are not used.

    Raises:
        UsageError: for a file that is no such image or has another size.
    """
    shape = (config.detector.spixels, config.detector.fpixels)
    usable = usable_pixels(config)
    raw = read_regular(path, "--image", "name an SMV or float image", UsageError)
    if raw.startswith(b"{"):
        try:
            counts = read_smv(path, "--image", exact=True).pixels
        except InputError as error:
            raise UsageError(str(error)) from error
        _check_size(path, counts.shape, shape)
        return ObservedImage.of(
            counts.astype(np.float64) - config.output.adc, usable & (counts > 0) & (counts < OVERLOAD)
        )
    if len(raw) != 4 * shape[0] * shape[1]:
        raise UsageError(
            f"--image '{path}': {len(raw)} bytes are no SMV image, nor {shape[1]} x {shape[0]} floats;"
            " give -detpixels as the image has"
        )
    photons = np.frombuffer(raw, np.float32).reshape(shape).astype(np.float64)
    return ObservedImage.of(photons, usable & np.isfinite(photons))


def _check_size(path: Path, found: tuple[int, ...], wanted: tuple[int, int]) -> None:
    if found != wanted:
        raise UsageError(
            f"--image '{path}': {found[1]} x {found[0]} pixels, the run has {wanted[1]} x {wanted[0]};"
            " give -detpixels as the image has"
        )
