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
from simulator.region import window_of

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

OVERLOAD = 65535
BLOCK = 32
"""Pixels a side over which the background is taken as constant."""
CLIP_SIGMAS, ROUNDS = 3.0, 6
DARKEST = 1.0 / 64.0
"""Photons a pixel: the least background that is assumed, so that no weight is infinite."""


@dataclass(frozen=True, eq=False)
class Observed:
    """What was measured, all [slow, fast]: photons above the offset, usable pixels, background in photons."""

    photons: Array
    usable: Flags
    background: Array

    @classmethod
    def of(cls, photons: Array, usable: Flags) -> Observed:
        """Return an image with its background. Raises: HarnessError where too little is usable."""
        require_enough(usable)
        return cls(np.where(usable, photons, 0.0), usable, background_of(photons, usable))


def usable_pixels(config: RunConfig) -> Flags:
    """Return which pixels the region of interest and the mask of a run keep [slow, fast]."""
    kept = np.zeros((config.detector.spixels, config.detector.fpixels), bool)
    kept[window_of(config.detector)] = True
    return kept & config.detector.mask if config.detector.mask.size else kept


def require_enough(usable: Flags) -> None:
    """Check that an image has pixels to fit. Raises: HarnessError where too little is usable."""
    if int(usable.sum()) < BLOCK:
        raise HarnessError(f"only {int(usable.sum())} pixels can be used; enlarge -roi, or mend the mask")


def background_of(photons: Array, usable: Flags) -> Array:
    """Return a smooth background [slow, fast]: means of blocks without what stands out, interpolated.

    In each block, pixels farther than 3 standard deviations of a count from the mean are left out, a few
    times over; blocks without usable pixels get the median of the others.
    """
    from scipy.ndimage import zoom

    rows, columns = (max(1, round(size / BLOCK)) for size in photons.shape)
    means = np.full((rows, columns), np.nan)
    for i, strip in enumerate(np.array_split(np.where(usable, photons, np.nan), rows, axis=0)):
        for j, block in enumerate(np.array_split(strip, columns, axis=1)):
            means[i, j] = _clipped_mean(block[np.isfinite(block)])
    means = np.where(np.isnan(means), np.nanmedian(means), means)
    factors = [size / count for size, count in zip(photons.shape, means.shape, strict=True)]
    smooth = zoom(means, factors, order=1, mode="nearest", grid_mode=True)
    return np.maximum(np.asarray(smooth, np.float64), DARKEST)


def _clipped_mean(values: Array) -> float:
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


def read_image(path: Path, config: RunConfig) -> Observed:
    """Return an image file of the run's size: SMV less the run's -adc, or 4-byte floats in photons.

    Overloaded pixels, and 0 in an SMV file (gaps), are not used.

    Raises: UsageError for a file that is no such image or has another size.
    """
    shape = (config.detector.spixels, config.detector.fpixels)
    usable = usable_pixels(config)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"--image '{path}': {error.strerror}; name an SMV or float image") from error
    if raw.startswith(b"{"):
        try:
            counts = read_smv(path, "--image", exact=True).pixels
        except InputError as error:
            raise UsageError(str(error)) from error
        _check_size(path, counts.shape, shape)
        return Observed.of(
            counts.astype(np.float64) - config.output.adc, usable & (counts > 0) & (counts < OVERLOAD)
        )
    if len(raw) != 4 * shape[0] * shape[1]:
        raise UsageError(
            f"--image '{path}': {len(raw)} bytes are no SMV image, nor {shape[1]} x {shape[0]} floats;"
            " give -detpixels as the image has"
        )
    photons = np.frombuffer(raw, np.float32).reshape(shape).astype(np.float64)
    return Observed.of(photons, usable & np.isfinite(photons))


def _check_size(path: Path, found: tuple[int, ...], wanted: tuple[int, int]) -> None:
    if found != wanted:
        raise UsageError(
            f"--image '{path}': {found[1]} x {found[0]} pixels, the run has {wanted[1]} x {wanted[0]};"
            " give -detpixels as the image has"
        )
