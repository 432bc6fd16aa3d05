"""Reflection lists: text of four columns h k l F (spec 05 section 2)."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.config import StructureFactors
from simulator.errors import InputError, Warnings
from simulator.io.numbers import LARGEST_INT, number
from simulator.io.text import TextFile, read_text, refuse_comment, words_in
from simulator.limits.memory import require

COLUMNS = 4
BYTES_PER_ENTRY = 8
LARGEST_KEPT_BYTES = 1 << 25
FLAWLESS = b"0123456789+-.eE \t\r\n\v\f"
Rows = NDArray[np.float64]


def read_hkl(path: Path, default_F: float) -> tuple[StructureFactors, Warnings]:
    """Return the dense table of a reflection list; a reflection listed twice keeps its last value.

    Args:
        default_F: electrons, for entries of the box that are not listed.

    Returns:
        The table, and a warning of a file that may be cut off.

    Raises:
        InputError: naming file and line for anything but four numbers a line with whole indices, or a file
            without reflections.

    Source: spec 05 section 2.
    """
    file = read_text(path, "HKL file", "give -hkl FILE or -default_F F")
    rows = _kept_rows(file.data) if len(file.data) <= LARGEST_KEPT_BYTES else _fast_rows(file.data)
    if rows is None:
        rows = _checked_rows(file)
    if len(rows) == 0:
        raise InputError(f"{file.where} holds no reflection; give lines of four numbers h k l F")
    indices = rows[:, :3].astype(np.int64)
    low, high = indices.min(axis=0), indices.max(axis=0)
    shape = tuple(int(n) for n in high - low + 1)
    entries = float(shape[0]) * shape[1] * shape[2]
    ranges = ", ".join(f"{name} {a}..{b}" for name, a, b in zip("hkl", low, high, strict=True))
    require(2 * entries * BYTES_PER_ENTRY, f"HKL file '{path}' with the range {ranges}")
    table = np.full(shape, default_F)
    place = indices - low
    table[place[:, 0], place[:, 1], place[:, 2]] = rows[:, 3]
    missing = np.ones(shape, bool)
    missing[place[:, 0], place[:, 1], place[:, 2]] = False
    corner = (int(low[0]), int(low[1]), int(low[2]))
    return StructureFactors(default_F, len(rows), table, corner, missing=missing), file.warnings


def _fast_rows(data: bytes) -> Rows | None:
    """Return the rows [n, 4] of a flawless file, or None where the slow reader has to look."""
    if data.translate(None, FLAWLESS):
        return None
    if not data.strip():
        return np.zeros((0, COLUMNS))
    try:
        rows = np.loadtxt(io.BytesIO(data), comments=None, ndmin=2, encoding="latin-1")
    except ValueError:
        return None
    flawless = rows.shape[1] == COLUMNS and bool(np.isfinite(rows).all())
    return rows if flawless and _whole_indices(rows) else None


@lru_cache(maxsize=2)
def _kept_rows(data: bytes) -> Rows | None:
    """Do what `_fast_rows` does, once for files of the same content: many runs in a process share one."""
    rows = _fast_rows(data)
    if rows is not None:
        rows.flags.writeable = False
    return rows


def _whole_indices(rows: Rows) -> bool:
    indices = rows[:, :3]
    return bool((indices == np.floor(indices)).all() and (np.abs(indices) <= LARGEST_INT).all())


def _checked_rows(file: TextFile) -> Rows:
    """Return the rows read line by line.

    Raises:
        InputError: naming the first bad line.
    """
    rows = []
    for place, line in enumerate(file.lines(), 1):
        if words_in(line):
            rows.append(_checked_row(line, f"{file.where} line {place}"))
    return np.array(rows).reshape(-1, COLUMNS)


def _checked_row(line: str, where: str) -> list[float]:
    words, row = words_in(line), []
    for word in words[: COLUMNS + 1]:
        value = number(word)
        if value is None:
            refuse_comment(where, line, word)
            raise InputError(f"{where}: '{word[:40]}' is not a finite number; give four: h k l F")
        row.append(value)
    if len(words) != COLUMNS:
        raise InputError(f"{where}: {len(words)} columns; give four: h k l F")
    if any(value != int(value) or abs(value) > LARGEST_INT for value in row[:3]):
        raise InputError(f"{where}: indices '{' '.join(words[:3])[:80]}' must be whole and within 32 bits")
    return row
