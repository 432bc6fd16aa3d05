"""Structure-factor dumps: six index limits in text, then the dense table as doubles (spec 05 section 3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from simulator.config import StructureFactors
from simulator.errors import InputError
from simulator.io.files import read_bytes
from simulator.io.numbers import whole
from simulator.limits.memory import require

LONGEST_HEAD = 6 * 12


def read_dump(path: Path, default_F: float) -> StructureFactors:
    """Return the table of a dump file; default_F applies outside its box only.

    Raises:
        InputError: naming the file if it cannot be read, is malformed or has the wrong length.

    Source: spec 05 section 3.
    """
    data = read_bytes(path, "dump file", "give -hkl FILE or another -dump FILE")
    low, high, start = _limits(data, path)
    shape = [b - a + 1 for a, b in zip(low, high, strict=True)]
    if min(shape) < 1:
        raise InputError(
            f"dump file '{path}': the index range {low} to {high} is empty; make it anew from -hkl"
        )
    wanted = 8.0 * (shape[0] + 1) * (shape[1] + 1) * (shape[2] + 1)
    if len(data) - start != wanted:
        raise InputError(
            f"dump file '{path}': {len(data) - start} bytes of values, {wanted:.0f} wanted;"
            " make it anew from -hkl"
        )
    require(wanted, f"dump file '{path}'")
    table = np.frombuffer(data, np.float64, offset=start).reshape([n + 1 for n in shape])[:-1, :-1, :-1]
    if not np.isfinite(table).all():
        raise InputError(f"dump file '{path}': holds values that are not finite; make it again from -hkl")
    count = shape[0] * shape[1] * shape[2]
    return StructureFactors(default_F, count, table.copy(), (low[0], low[1], low[2]))


def _limits(data: bytes, path: Path) -> tuple[list[int], list[int], int]:
    """Return the lower and upper index limits and the offset of the first double."""
    head, mark, _ = data[:LONGEST_HEAD].partition(b"\n\f")
    numbers = [whole(word) for word in head.decode("latin-1").split(" ")]
    limits = [value for value in numbers if value is not None]
    if not mark or len(numbers) != 6 or len(limits) != 6:
        raise InputError(f"dump file '{path}' does not start with six whole numbers, newline and form feed")
    return limits[0::2], limits[1::2], len(head) + len(mark)


def dump_chunks(factors: StructureFactors) -> Iterator[bytes]:
    """Return the dump of a table, with one plane of zeros behind the end of each axis (05 section 3)."""
    shape = factors.table.shape
    limits = [f"{low} {low + n - 1}" for low, n in zip(factors.hkl_min, shape, strict=True)]
    yield (" ".join(limits) + "\n\f").encode()
    for plane in factors.table:
        yield np.pad(plane, ((0, 1), (0, 1))).tobytes()
    yield np.zeros((shape[1] + 1, shape[2] + 1)).tobytes()
