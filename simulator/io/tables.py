"""Text tables: source files, amorphous tables, matrix files (spec 04 section 6, 05 sections 6 and 7)."""

from __future__ import annotations

import math
import re
from pathlib import Path

from simulator.config import SourceRow, Vec3
from simulator.errors import InputError
from simulator.io.files import read_bytes, text_lines
from simulator.io.numbers import number
from simulator.units import SOURCE_DISTANCE_M

SEPARATORS = re.compile(r"[ \t,;:!\v\f]+")
SOURCE_COLUMNS = 5
STOL_COLUMNS = 2
MATRIX_NUMBERS = 9


def _rows(data: bytes, columns: int, where: str) -> list[list[float]]:
    """Return the numbers of each line with content, NaN for the word nan; further columns are ignored."""
    rows = []
    for place, line in enumerate(text_lines(data), 1):
        words = [word for word in SEPARATORS.split(line) if word][:columns]
        if words:
            rows.append([_entry(word, f"{where} line {place}") for word in words])
    return rows


def _entry(word: str, where: str) -> float:
    if word.lower() == "nan":
        return math.nan
    value = number(word)
    if value is None:
        raise InputError(f"{where}: '{word[:40]}' is not a finite number; give numbers, or nan for a default")
    return value


def read_sources(
    path: Path, beam: Vec3, wavelength_m: float, doubts: list[str] | None = None
) -> tuple[SourceRow, ...]:
    """Return the sources of a source file with their defaults filled in.

    Args: beam, the unit beam vector; wavelength_m, of sources that give none; doubts, to which a warning is
    added. Raises: InputError if the file cannot be read, holds text or no source, or a wavelength that is not
    above 0. Source: spec 04 section 6.
    """
    where = f"source file '{path}'"
    rows = _rows(read_bytes(path, "source file", "give -sourcefile FILE"), SOURCE_COLUMNS, where)
    if not rows:
        raise InputError(f"{where} holds no source; give lines x y z weight wavelength(m)")
    missing_words = sum(math.isnan(value) for row in rows for value in row)
    if missing_words and doubts is not None:
        doubts.append(f"{where} has the word nan {missing_words} times: it counts as not given")
    defaults = [*(-SOURCE_DISTANCE_M * c for c in beam), 1.0, wavelength_m]
    sources = []
    for row in rows:
        missing = [math.nan] * (SOURCE_COLUMNS - len(row))
        filled = [b if math.isnan(a) else a for a, b in zip(row + missing, defaults, strict=True)]
        if not filled[4] > 0.0:
            raise InputError(f"{where}: wavelength {filled[4]:g} m must be above 0")
        sources.append(SourceRow((filled[0], filled[1], filled[2]), filled[3], filled[4]))
    return tuple(sources)


def check_stol(path: Path, option: str) -> None:
    """Check that an amorphous table can be read and has a line (05 section 7). Raises: InputError."""
    where = f"{option} file '{path}'"
    if not _rows(read_bytes(path, f"{option} file", "leave the option out"), STOL_COLUMNS, where):
        raise InputError(f"{where} holds no line; give lines of two numbers, or leave the option out")


def read_matrix(path: Path) -> tuple[float, ...]:
    """Return the nine numbers of a matrix file, row by row; what follows them is ignored.

    Raises: InputError if the file cannot be read or holds fewer than nine numbers. Source: spec 05 section 6.
    """
    data = read_bytes(path, "matrix file", "give -mat FILE or -cell")
    words = data.decode("latin-1").split()[:MATRIX_NUMBERS]
    values = []
    for word in words:
        value = number(word)
        if value is None:
            raise InputError(f"matrix file '{path}': '{word[:40]}' is not a finite number; nine are needed")
        values.append(value)
    if len(values) < MATRIX_NUMBERS:
        raise InputError(f"matrix file '{path}': {len(values)} numbers, nine are needed")
    return tuple(values)
