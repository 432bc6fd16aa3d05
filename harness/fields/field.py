"""An array of numbers that is read block by block, in memory or in a file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

BLOCK = 1 << 15
"""Elements of a block: those of both sides stay in the cache of a core."""


class SlicedRows(Protocol):
    """What numpy, h5py and others give for an array: shape, type, and slices of the first axis."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the number of elements of each axis."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return their type."""

    def __getitem__(self, rows: Any) -> Any:
        """Return a part."""


@dataclass(frozen=True)
class FieldArray:
    """An array, and where it comes from in words for messages."""

    rows: SlicedRows
    source: str
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the number of elements of each axis."""
        return tuple(int(size) for size in self.rows.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the type of the elements in the byte order of this machine."""
        return np.dtype(self.rows.dtype).newbyteorder("=")

    @property
    def size(self) -> int:
        """Return the number of elements."""
        return math.prod(self.shape)

    def block(self, start: int, stop: int) -> NDArray[Any]:
        """Return elements [stop - start] by their place in C order, in the byte order of this machine."""
        flat = _flat(self.rows, start, stop)
        return np.ascontiguousarray(flat, dtype=self.dtype)


def _flat(rows: Any, start: int, stop: int) -> NDArray[Any]:
    """Return elements in C order; of an array that does not lie so, no more than the rows that hold them."""
    if isinstance(rows, np.ndarray) and rows.flags.c_contiguous:
        return rows.reshape(-1)[start:stop]
    if len(rows.shape) == 0:
        return np.asarray(rows[()]).reshape(-1)[start:stop]
    row = math.prod(rows.shape[1:]) or 1
    first, last = start // row, -(-stop // row)
    if last - first == 1 and len(rows.shape) > 1:
        return _flat(rows[first], start - first * row, stop - first * row)
    part = np.asarray(rows[first:last]).reshape(-1)
    return part[start - first * row : stop - first * row]


def element_place(shape: Sequence[int], flat: int) -> tuple[int, ...]:
    """Return the indices of an element by its place in C order."""
    return tuple(int(index) for index in np.unravel_index(flat, tuple(shape))) if shape else ()
