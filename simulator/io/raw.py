"""Float images (spec 08)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.io.files import bytes_of


def float_chunks(image: NDArray[np.float32]) -> list[memoryview]:
    """Return the file of an image [slow, fast]: 4-byte floats in host byte order without a header (08)."""
    return [bytes_of(image)]
