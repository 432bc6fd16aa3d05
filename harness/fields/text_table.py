"""Columns of numbers in a text, as C and Fortran write them, between blanks, commas or others."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np

from harness.arrays import Reals
from harness.errors import HarnessError
from harness.fields.field import FieldArray
from harness.fields.source import FieldSource, unreadable
from system_io.files import read_regular
from system_io.text import decoded, text_lines
from trace_tools.reading.numerals import NumeralError, read_number

SEPARATORS = {"text": r"\s+", "csv": ","}
REMEDY = "name the columns that hold numbers"


def read_columns(path: Path, source: FieldSource) -> FieldArray:
    """Return columns of numbers [row, column], a single one [row].

    A first line of words names the columns (`names` says so, or denies it, where it cannot be seen).

    Raises:
        HarnessError: a column is not there or holds something else than numbers, or rows differ in length.
    """
    words = source.settings
    data = read_regular(path, "text", "give an existing file", HarnessError)
    mark = words.get("comment", "#")
    lines = (line.partition(mark)[0] if mark else line for line in text_lines(decoded(data)))
    rows = [line.strip() for line in lines][int(words.get("skip", 0)) :]
    rows = [line for line in rows if line]
    separator = words.get("separator") or SEPARATORS[source.format]
    names = _names(rows, separator, words.get("names"))
    if names is not None:
        rows = rows[1:]
    if not rows:
        return FieldArray(np.zeros((0, len(names or ())), np.float64), source.name)
    table = _table(rows, separator, source)
    wanted = words.get("columns")
    if wanted is None:
        wanted = list(range(1, table.shape[1] + 1))
    numbers = [_numbers(*_column(table, names, one, source), source) for one in wanted]
    if not numbers:
        raise unreadable(source, "columns is an empty list", REMEDY)
    return FieldArray(numbers[0] if len(numbers) == 1 else np.stack(numbers, 1), source.name)


def _split(line: str, separator: str) -> list[str]:
    return [word.strip().strip('"') for word in re.split(separator, line)]


def _names(rows: list[str], separator: str, said: Any) -> list[str] | None:
    """Return the names of the columns, None where there are none."""
    if not rows or said is False:
        return None
    first = _split(rows[0], separator)
    if said or not any(_is_number(word) for word in first):
        return first
    return None


def _table(rows: list[str], separator: str, source: FieldSource) -> Any:
    import pandas as pd  # here, since it takes long to import

    widths = {len(_split(line, separator)) for line in (rows[0], rows[-1])}
    try:
        found = pd.read_csv(
            io.StringIO("\n".join(rows)), sep=separator, header=None, dtype=str, keep_default_na=False,
            skipinitialspace=True, engine="c" if separator in (",", r"\s+") else "python", quotechar='"',
        )  # fmt: skip
    except (pd.errors.ParserError, ValueError) as error:
        raise unreadable(source, str(error), "give rows of one length") from error
    padded = found.isna() | ((found == "") & (source.format == "text"))
    if len(widths) != 1 or padded.to_numpy().any():
        raise unreadable(source, "has rows of different length", "give rows of one length")
    return found


def _column(table: Any, names: list[str] | None, wanted: Any, source: FieldSource) -> tuple[Any, str]:
    """Return a column by its name, or by its number from 1, and what it is called in messages."""
    if isinstance(wanted, str) and names is not None and wanted in names:
        if names.count(wanted) > 1:
            raise unreadable(source, f"has {names.count(wanted)} columns '{wanted}'", "give a number from 1")
        return table[table.columns[names.index(wanted)]], wanted
    if isinstance(wanted, int) and not isinstance(wanted, bool) and 1 <= wanted <= table.shape[1]:
        return table[table.columns[wanted - 1]], str(wanted)
    there = f"{table.shape[1]} columns" + (f" ({', '.join(names)})" if names else ", without names")
    raise unreadable(source, f"has no column {wanted!r}", f"it has {there}; give a name or a number from 1")


def _numbers(column: Any, name: str, source: FieldSource) -> Reals:
    """Return a column of words as numbers, each the double nearest to what is written."""
    words = column.to_numpy()
    try:
        return np.array(words, np.float64)
    except ValueError:
        found = []
    for row, word in enumerate(words.tolist()):
        try:
            found.append(read_number(word.strip()))
        except NumeralError as error:
            raise unreadable(
                source, f"column {name} has '{word}' in row {row + 1}: {error}", REMEDY
            ) from None
    return np.array(found, np.float64)


def _is_number(word: str) -> bool:
    try:
        read_number(word)
    except NumeralError:
        return False
    return True
