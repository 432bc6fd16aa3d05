"""The region of interest as slices of an image (spec 02 section 2)."""

from __future__ import annotations

from simulator.config import Detector

Window = tuple[slice, slice]


def window_of(detector: Detector) -> Window:
    """Return the slices (slow, fast) of the pixels inside the region of interest; empty for an empty one."""
    fast_min, fast_max, slow_min, slow_max = detector.roi
    return _slice(slow_min, slow_max, detector.spixels), _slice(fast_min, fast_max, detector.fpixels)


def _slice(low: int, high: int, count: int) -> slice:
    stop = min(high + 1, count)
    return slice(min(low, stop), max(stop, 0))
