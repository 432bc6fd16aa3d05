"""The arrays of the harness by name."""

import numpy as np
from numpy.typing import NDArray

FloatImage = NDArray[np.float32]
"""Photons of each pixel [slow, fast]."""
Reals = NDArray[np.float64]
"""Whatever is summed or measured."""
