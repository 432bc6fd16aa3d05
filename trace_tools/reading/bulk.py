"""Parsing of whole blocks of regular version 1 lines into columns, without an object for each record."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from trace_tools.tap_points import CONTEXT_COLUMNS, CONTEXT_KEYS, LEVEL_KEYS, TAP_POINTS

ABSENT = -1
_SIZES = np.array([tap.size for tap in TAP_POINTS], np.uint32)
_LEVELS = np.array([tap.level for tap in TAP_POINTS], np.int8)
_INTEGER = np.array([tap.kind == "int" for tap in TAP_POINTS])
_IDS = {tap.name.encode(): number for number, tap in enumerate(TAP_POINTS) if tap.kind != "word"}
_DIGITS = b"0123456789"
_SMALL = re.compile(rb"[eE]-[0-9]{3}")
_DIGITS_ONLY = bytes(byte if byte in _DIGITS else 32 for byte in range(256))


def _pattern(keys: Sequence[str]) -> bytes:
    return " ".join(f"{key}=" for key in keys).encode()


_LEVEL_OF_PATTERN = {_pattern(keys): int(level) for level, keys in LEVEL_KEYS.items() if keys}
_COLUMNS_OF_LEVEL = {
    int(level): [CONTEXT_KEYS.index(key) for key in keys] for level, keys in LEVEL_KEYS.items()
}


@dataclass(frozen=True)
class TextBlock:
    """Columns of consecutive records: tap ids, context rows of each record, context table, values, sizes."""

    tap: NDArray[np.uint32]
    context: NDArray[np.int32]
    contexts: NDArray[np.int32]
    values: NDArray[np.float64]
    sizes: NDArray[np.uint32]


class _Numbering(dict[bytes, int]):
    """Numbers new keys in the order in which they come."""

    def __missing__(self, key: bytes) -> int:
        number = self[key] = len(self)
        return number


def parse_contexts(texts: Sequence[bytes]) -> tuple[NDArray[np.int32], NDArray[np.int8]] | None:
    """Parse contexts such as ``s=3 f=4``; None if one of them has other keys than a level has.

    Returns:
        The context table, shape (n, 9), absent keys as -1, and the level of each row.
    """
    patterns = [_LEVEL_OF_PATTERN.get(text.translate(None, _DIGITS), ABSENT) for text in texts]
    levels = np.array(patterns, np.int8)
    table = np.full((len(texts), len(CONTEXT_COLUMNS)), ABSENT, np.int32)
    for level in np.unique(levels).tolist():
        if level == ABSENT:
            return None
        columns = _COLUMNS_OF_LEVEL[level]
        chosen = [text for text, found in zip(texts, patterns, strict=True) if found == level]
        numbers = list(map(int, b" ".join(chosen).translate(_DIGITS_ONLY).split()))
        if len(numbers) != len(chosen) * len(columns) or max(numbers) >= 2**31:
            return None
        table[np.ix_(levels == level, columns)] = np.array(numbers, np.int32).reshape(len(chosen), -1)
    return table, levels


def parse_floats(text: bytes) -> NDArray[np.float64] | None:
    """Parse decimal numbers, one a line, to the nearest doubles; None if one is not a number."""
    import pandas as pd  # here, since it takes long to import

    # older pandas rounds the last digit of a decimal number unless it is told not to
    exact = {} if int(pd.__version__.split(".")[0]) >= 3 else {"float_precision": "round_trip"}
    try:
        frame = pd.read_csv(
            io.BytesIO(text), header=None, dtype=np.float64, engine="c", quoting=3,
            keep_default_na=False, na_values=["nan", "-nan"], **exact,
        )  # type: ignore[call-overload]  # fmt: skip
    except (ValueError, OverflowError):
        return None
    if frame.shape[1] != 1:
        return None
    return np.asarray(frame[0].to_numpy(), np.float64)


def _parse_values(texts: Sequence[bytes], tap: NDArray[np.uint32]) -> NDArray[np.float64] | None:
    joined = b"\n".join(texts) + b"\n"
    letters = np.frombuffer(joined, np.uint8)
    separators = letters[np.flatnonzero(letters <= 32)]
    ends = np.flatnonzero(separators == 10)
    sizes = np.diff(ends, prepend=-1)
    if len(sizes) != len(tap) or not np.array_equal(sizes, _SIZES[tap]):
        return None
    values = None if _SMALL.search(joined) else parse_floats(joined.replace(b" ", b"\n"))
    # an infinity may be a number too large for a double
    if values is None or np.isinf(values).any() or len(values) != len(separators):
        return None
    whole = values[np.repeat(_INTEGER[tap], sizes)]
    return values if np.array_equal(whole, np.floor(whole), equal_nan=True) else None


def parse_block(block: bytes, prefix: bytes) -> TextBlock | None:
    """Parse a block of whole lines that all carry a context; None if any line is not regular.

    A refused block is not necessarily wrong: it is to be parsed line by line, which names the fault.

    Args:
        block: bytes, ending in a newline.
        prefix: ``TRACE_C:`` or ``TRACE_PY:``.

    Source: trace contract, "Line format".
    """
    pieces = block.replace(b" | ", b"\n").split(b"\n")
    count = block.count(b"\n")
    if len(pieces) != 2 * count + 1:
        return None
    parts = [body.split(b" ", 2) for body in pieces[:-1:2]]
    try:
        tap = np.fromiter(map(_IDS.__getitem__, map(itemgetter(1), parts)), np.uint32, count)
        texts = list(map(itemgetter(2), parts))
    except (KeyError, IndexError):
        return None
    if set(map(itemgetter(0), parts)) != {prefix}:
        return None
    numbering = _Numbering()
    context = np.fromiter(map(numbering.__getitem__, pieces[1::2]), np.int32, count)
    parsed = parse_contexts(list(numbering))
    if parsed is None or not np.array_equal(parsed[1][context], _LEVELS[tap]):
        return None
    values = _parse_values(texts, tap)
    return None if values is None else TextBlock(tap, context, parsed[0], values, _SIZES[tap])
