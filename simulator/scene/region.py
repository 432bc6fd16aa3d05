"""The region of interest as slices of an image (spec 02 section 2)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simulator.config import Detector

Window = tuple[slice, slice]
BAND_PIXELS = 1 << 16
"""Of an image that is worked on in parts, so that what is made on the way stays in the cache."""


def window_of(detector: Detector) -> Window:
    """Return the slices (slow, fast) of the pixels inside the region of interest; empty for an empty one."""
    fast_min, fast_max, slow_min, slow_max = detector.roi
    return _slice(slow_min, slow_max, detector.spixels), _slice(fast_min, fast_max, detector.fpixels)


def executed_pixels(detector: Detector) -> NDArray[np.bool_]:
    """Return which pixels a run computes, inside the region of interest and kept by the mask.

    Returns:
        bool [spixels, fpixels].

    Source: spec 06 section 2.
    """
    inside = np.zeros((detector.spixels, detector.fpixels), np.bool_)
    inside[window_of(detector)] = True
    return inside & detector.mask if detector.mask.size else inside


def pixels_of(window: Window) -> int:
    """Return the number of pixels of a window."""
    slow, fast = window
    return int((slow.stop - slow.start) * (fast.stop - fast.start))


def bands_of(window: Window) -> Iterator[Window]:
    """Yield a window in parts of whole rows, in memory order."""
    slow, fast = window
    rows = max(1, BAND_PIXELS // max(1, fast.stop - fast.start))
    for start in range(slow.start, slow.stop, rows):
        yield slice(start, min(start + rows, slow.stop)), fast


def _slice(low: int, high: int, count: int) -> slice:
    stop = min(high + 1, count)
    return slice(min(low, stop), max(stop, 0))
