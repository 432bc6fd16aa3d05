"""Which pixels of an image a fit reads that reads no others."""

from __future__ import annotations

import torch
from torch import Tensor

from simulator.config import Detector
from simulator.errors import InputError


def places_of(detector: Detector, slow: Tensor, fast: Tensor) -> Tensor:
    """Return the places of pixels in memory order [n].

    Args:
        slow: whole numbers [n], in memory order; region of interest and mask do not count.
        fast: whole numbers [n], in memory order; region of interest and mask do not count.

    Raises:
        InputError: for pixels beside the detector, twice or out of order.

    Source: spec 06.
    """
    beside = (slow < 0) | (slow >= detector.spixels) | (fast < 0) | (fast >= detector.fpixels)
    if beside.any():
        n = int(beside.nonzero()[0])
        size = f"{detector.spixels} slow and {detector.fpixels} fast pixels"
        raise InputError(f"pixel slow {int(slow[n])} fast {int(fast[n])}: beside the detector of {size}")
    places = slow.to(torch.int64) * detector.fpixels + fast
    if not bool((places.diff() > 0).all()):
        raise InputError("pixels: given twice or out of order; sort them by slow, then fast")
    return places
