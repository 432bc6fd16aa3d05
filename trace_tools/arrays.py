"""The arrays of the trace tools by name."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Index = NDArray[np.int64]
"""Numbers of records or entries."""
Marks = NDArray[np.bool_]
