"""Two dumps of structure factors: index limits in text, then 8-byte floats (spec 05 section 3)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from harness.outputs.request import DUMP_NAME
from harness.outputs.rows import OutputRow, failed, held, not_compared

HEAD = re.compile(rb"(-?\d{1,9}) (-?\d{1,9}) (-?\d{1,9}) (-?\d{1,9}) (-?\d{1,9}) (-?\d{1,9})\n\f", re.ASCII)
VALUE_BYTES = 8


def compare_dumps(dumps: tuple[bytes, bytes], names: Sequence[str]) -> OutputRow:
    """Return the row of two dumps, which hold what was read from one file and must be equal bit for bit.

    Args:
        dumps: content of both files.
        names: of the sides.
    """
    troubles = [f"{name} {_trouble(data)}" for name, data in zip(names, dumps, strict=True) if _trouble(data)]
    if troubles:
        return not_compared(DUMP_NAME, "file", "; ".join(troubles))
    if dumps[0] == dumps[1]:
        return held(DUMP_NAME, "file")
    heads = [found for data in dumps if (found := HEAD.match(data))]
    if heads[0].groups() != heads[1].groups():
        limits = [head[0].decode("ascii").strip() for head in heads]
        return failed(
            DUMP_NAME, "file", 1, 1, f"index limits {names[0]} '{limits[0]}', {names[1]} '{limits[1]}'"
        )
    values = [np.frombuffer(data, "<f8", offset=head.end()) for data, head in zip(dumps, heads, strict=True)]
    differ = np.flatnonzero(values[0].view(np.int64) != values[1].view(np.int64))
    place = int(differ[0])
    hkl = [
        int(n) + low for n, low in zip(np.unravel_index(place, _shape(heads[0])), _low(heads[0]), strict=True)
    ]
    first = [f"{name} {float(table[place])!r}" for name, table in zip(names, values, strict=True)]
    text = f"{differ.size} of {values[0].size} values differ; first hkl {hkl}: {', '.join(first)}"
    return failed(DUMP_NAME, "file", differ.size, differ.size, text)


def _trouble(data: bytes) -> str:
    """Return what is wrong with a dump by itself, empty for nothing."""
    head = HEAD.match(data)
    if head is None:
        return "does not start with six index limits"
    shape = _shape(head)
    wanted = head.end() + VALUE_BYTES * math.prod(shape)
    if min(shape) < 1 or len(data) != wanted:
        return f"has {len(data)} bytes, {wanted} are needed for its index limits"
    return ""


def _low(head: re.Match[bytes]) -> list[int]:
    return [int(head[place]) for place in (1, 3, 5)]


def _shape(head: re.Match[bytes]) -> list[int]:
    """Return the counts of values along h, k and l: one plane of zeros stands behind the end of each axis."""
    return [int(head[place + 1]) - int(head[place]) + 2 for place in (1, 3, 5)]
