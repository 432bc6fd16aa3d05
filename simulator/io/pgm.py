"""Grey-scale previews in binary PGM (spec 08)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.io.files import bytes_of


def pgm_chunks(pixels: NDArray[np.uint8], scale: float) -> list[bytes | memoryview]:
    """Return the file of a preview [slow, fast]; the header names the scale of the pixels (08)."""
    height, width = pixels.shape
    header = f"P5\n{width} {height}\n# pixels scaled by {scale:g}\n255\n"
    return [header.encode(), bytes_of(pixels)]
