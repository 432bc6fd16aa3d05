"""Text tables: source files, amorphous tables, matrix files (spec 04 section 6, 05 sections 6 and 7)."""

from __future__ import annotations

import math
import re
from pathlib import Path

from simulator.config import SourceRow, Vec3
from simulator.errors import InputError, Warnings
from simulator.io.numbers import number
from simulator.io.text import TextFile, read_text, refuse_comment, words_in
from simulator.units import SOURCE_DISTANCE_M

SEPARATORS = re.compile(r"[ \t,;:!\v\f]+")
SOURCE_COLUMNS = 5
STOL_COLUMNS = 2
MATRIX_NUMBERS = 9


def _rows(file: TextFile, columns: int) -> list[list[float]]:
    """Return the numbers of each line with content, NaN for the word nan; further columns are ignored."""
    rows = []
    for place, line in enumerate(file.lines(), 1):
        words = words_in(line, SEPARATORS)[:columns]
        if words:
            rows.append([_entry(word, line, f"{file.where} line {place}") for word in words])
    return rows


def _entry(word: str, line: str, where: str) -> float:
    if word.lower() == "nan":
        return math.nan
    value = number(word)
    if value is None:
        refuse_comment(where, line, word)
        raise InputError(f"{where}: '{word[:40]}' is not a finite number; give numbers, or nan for a default")
    return value


def read_sources(path: Path, beam: Vec3, wavelength_m: float) -> tuple[tuple[SourceRow, ...], Warnings]:
    """Return the sources of a source file with their defaults filled in.

    Args:
        beam: the unit beam vector.
        wavelength_m: of sources that give none.

    Returns:
        The sources, and warnings of a file that may be cut off and of values left open.

    Raises:
        InputError: if the file cannot be read, holds text or no source, or a wavelength that is not above 0.

    Source: spec 04 section 6.
    """
    file = read_text(path, "source file", "give -sourcefile FILE")
    where, rows = file.where, _rows(file, SOURCE_COLUMNS)
    if not rows:
        raise InputError(f"{where} holds no source; give lines x y z weight wavelength(m)")
    missing_words = sum(math.isnan(value) for row in rows for value in row)
    warnings = file.warnings
    if missing_words:
        warnings += (f"{where} has the word nan {missing_words} times: it counts as not given",)
    defaults = [*(-SOURCE_DISTANCE_M * c for c in beam), 1.0, wavelength_m]
    sources = []
    for row in rows:
        missing = [math.nan] * (SOURCE_COLUMNS - len(row))
        filled = [b if math.isnan(a) else a for a, b in zip(row + missing, defaults, strict=True)]
        if not filled[4] > 0.0:
            raise InputError(f"{where}: wavelength {filled[4]:g} m must be above 0")
        sources.append(SourceRow((filled[0], filled[1], filled[2]), filled[3], filled[4]))
    return tuple(sources), warnings


def check_stol(path: Path, option: str) -> Warnings:
    """Return the warnings of an amorphous table.

    Raises:
        InputError: if it cannot be read or has no line.

    Source: spec 05 section 7.
    """
    return _stol_table(path, f"{option} file", "leave the option out")[1]


def stol_rows(path: Path, what: str, remedy: str) -> list[list[float]]:
    """Return the numbers of each line of an amorphous table, two or fewer, NaN for the word nan.

    Args:
        what: its name in messages.
        remedy: what the user can do.

    Raises:
        InputError: if it cannot be read or has no line.

    Source: spec 05 section 7.
    """
    return _stol_table(path, what, remedy)[0]


def _stol_table(path: Path, what: str, remedy: str) -> tuple[list[list[float]], Warnings]:
    file = read_text(path, what, remedy)
    rows = _rows(file, STOL_COLUMNS)
    if not rows:
        raise InputError(f"{file.where} holds no line; give lines of two numbers, or {remedy}")
    return rows, file.warnings


def read_matrix(path: Path) -> tuple[tuple[float, ...], Warnings]:
    """Return the nine numbers of a matrix file, row by row; what follows them is ignored.

    Returns:
        The numbers, and a warning of a file that may be cut off.

    Raises:
        InputError: if the file cannot be read or holds fewer than nine numbers.

    Source: spec 05 section 6.
    """
    file = read_text(path, "matrix file", "give -mat FILE or -cell")
    values: list[float] = []
    for place, line in enumerate(file.lines(), 1):
        for word in words_in(line)[: MATRIX_NUMBERS - len(values)]:
            value = number(word)
            if value is None:
                where = f"{file.where} line {place}"
                refuse_comment(where, line, word)
                raise InputError(f"{where}: '{word[:40]}' is not a finite number; nine are needed")
            values.append(value)
    if len(values) < MATRIX_NUMBERS:
        raise InputError(f"{file.where}: {len(values)} numbers, nine are needed")
    return tuple(values), file.warnings
