"""The arrays of the trace tools by name, and the steps between two numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Index = NDArray[np.int64]
"""Numbers of records or entries."""
Marks = NDArray[np.bool_]

WHOLE_OF_SIZE: Mapping[int, tuple[type[np.signedinteger[Any]], type[np.unsignedinteger[Any]]]] = {
    2: (np.int16, np.uint16), 4: (np.int32, np.uint32), 8: (np.int64, np.uint64),
}  # fmt: skip
"""Whole numbers with and without sign, by their size in bytes."""


def steps_of_type(a: NDArray[np.floating[Any]], b: NDArray[np.floating[Any]]) -> Floats:
    """Count the numbers of a type from one value to another [n], whatever their signs; NaN has a place, too.

    Args:
        a: values of 2, 4 or 8 bytes [n].
        b: of the same type [n].
    """
    signed, unsigned = WHOLE_OF_SIZE[a.dtype.itemsize]
    least = signed(np.iinfo(signed).min)
    both = (np.ascontiguousarray(side).view(signed) for side in (a, b))
    order = [np.where(bits < 0, least - bits, bits) for bits in both]
    high, low = np.maximum(*order), np.minimum(*order)
    return np.asarray((high.view(unsigned) - low.view(unsigned)).astype(np.float64))
