"""Some pixels of an image, for fits that read no others."""

from __future__ import annotations

import torch
from torch import Tensor

from simulator.config import Detector
from simulator.errors import InputError
from simulator.image import render_pixels
from simulator.scene.scene import Scene


def simulate_pixels(scene: Scene, slow: Tensor, fast: Tensor) -> Tensor:
    """Return some pixels in photons [n], as a run gives them whose mask keeps just these.

    Args: scene: from `prepare`; its region of interest and mask do not count. slow, fast: whole numbers [n],
    in memory order.
    Raises: InputError for pixels beside the detector, twice or out of order. Source: spec 06.
    """
    return render_pixels(scene, _places(scene.config.detector, slow, fast))


def _places(detector: Detector, slow: Tensor, fast: Tensor) -> Tensor:
    """Return the places of pixels in memory order [n]."""
    beside = (slow < 0) | (slow >= detector.spixels) | (fast < 0) | (fast >= detector.fpixels)
    if beside.any():
        n = int(beside.nonzero()[0])
        size = f"{detector.spixels} slow and {detector.fpixels} fast pixels"
        raise InputError(f"pixel slow {int(slow[n])} fast {int(fast[n])}: beside the detector of {size}")
    places = slow.to(torch.int64) * detector.fpixels + fast
    if not bool((places.diff() > 0).all()):
        raise InputError("pixels: given twice or out of order; sort them by slow, then fast")
    return places
