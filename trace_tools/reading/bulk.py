"""Parsing of whole blocks of regular lines into columns, without an object for each record."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trace_tools.packed_text import (
    LONGEST_CONTEXT,
    LONGEST_NAME,
    Bytes,
    ByteWords,
    PackedText,
    Places,
    inside_spans,
    joined_lines,
)
from trace_tools.reading.numerals import FORTRAN, HEXADECIMAL, INFINITE, NAN, hexadecimal_numbers
from trace_tools.tap_points import CONTEXT_COLUMNS, CONTEXT_KEYS, TAP_POINTS

ABSENT = -1
_SIZES = np.array([tap.size for tap in TAP_POINTS], np.uint32)
_INTEGER = np.array([tap.kind == "int" for tap in TAP_POINTS])
_IDS = {tap.name.encode(): number for number, tap in enumerate(TAP_POINTS) if tap.kind != "word"}
_KEY_BITS = 1 << np.arange(len(CONTEXT_COLUMNS))
# the keys that a record of each tap has, as bits
_BITS_OF_TAP = np.array([sum(1 << CONTEXT_KEYS.index(key) for key in tap.keys) for tap in TAP_POINTS])
_NAN = ["nan", "-nan", "+nan", "NaN", "-NaN", "+NaN", "NAN", "-NAN"]
_BLANK, _NEWLINE, _BAR, _EQUALS, _MINUS, _ZERO = b" \n|=-0"
_LOWER = np.uint8(0x20)
_MOST_DIGITS = 10
# smaller numbers may be what is left of one that a double cannot hold
_SMALLEST_TRUSTED = 1e-290
EXACT_INTEGERS = 2**53
LARGEST_TURN, WRAP = 2**30, 2**31
"""Loop indices below zero are kept above all others, plus ``WRAP``: -1 stands for none."""


@dataclass(frozen=True)
class TextBlock:
    """Columns of consecutive records: tap ids, context rows of each record, context table, values, sizes.

    `hexadecimal`: which of the values were written so.
    """

    tap: NDArray[np.uint32]
    context: NDArray[np.int32]
    contexts: NDArray[np.int32]
    values: NDArray[np.float64]
    sizes: NDArray[np.uint32]
    hexadecimal: Places = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(frozen=True)
class _Numbers:
    """Values of lines, how many each line has, which are hexadecimal, how many have Fortran's exponent."""

    values: NDArray[np.float64]
    sizes: NDArray[np.uint32]
    hexadecimal: Places
    fortran: int


class _Letters:
    """A text with the places of its blanks and line ends."""

    def __init__(self, text: PackedText) -> None:
        self.bytes, self.words = text.bytes, text.words
        self.separators: Places = np.flatnonzero(self.bytes <= _BLANK)
        kinds = self.bytes[self.separators]
        self.ends: Places = np.flatnonzero(kinds == _NEWLINE)
        self.regular = len(self.ends) + np.count_nonzero(kinds == _BLANK) == len(kinds)

    def cut(self, starts: Places, ends: Places) -> Bytes:
        """Return the bytes of spans that do not overlap, each with the byte behind it."""
        inside = inside_spans(starts, np.minimum(ends + 1, len(self.bytes)), len(self.bytes))
        chosen: Bytes = self.bytes[inside]
        return chosen


def parse_floats(text: bytes) -> NDArray[np.float64] | None:
    """Parse decimal numbers, one a line, to the nearest doubles; None if one is not a number."""
    import pandas as pd  # here, since it takes long to import

    # older pandas rounds the last digit of a decimal number unless it is told not to
    exact = {} if int(pd.__version__.split(".")[0]) >= 3 else {"float_precision": "round_trip"}
    try:
        frame = pd.read_csv(
            io.BytesIO(text), header=None, dtype=np.float64, engine="c", quoting=3,
            keep_default_na=False, na_values=_NAN, **exact,
        )  # type: ignore[call-overload]  # fmt: skip
    except (ValueError, OverflowError):
        return None
    if frame.shape[1] != 1:
        return None
    return np.asarray(frame[0].to_numpy(), np.float64)


def _fits_a_double(text: Bytes, separators: Places, values: NDArray[np.float64]) -> bool:
    """Tell whether no number was too large or too small; an infinity that is written as one is none."""
    infinite = np.count_nonzero(np.isinf(values))
    if infinite and text.tobytes().lower().count(b"inf") < infinite:
        return False
    small = np.flatnonzero(np.abs(values) < _SMALLEST_TRUSTED)
    begins = np.where(small > 0, separators[small - 1] + 1, 0)
    spans = zip(begins.tolist(), separators[small].tolist(), strict=True)
    mantissas = {re.split(rb"[eE]", text[begin:end].tobytes())[0] for begin, end in spans}
    return not any(mantissa.strip(b"+-0.") for mantissa in mantissas)


def _parse_values(text: Bytes, ends: Places) -> _Numbers | None:
    """Parse the values of lines.

    Args:
        text: the values of all lines, each ending in any byte.
        ends: the last byte of each line.
    """
    text[ends] = _NEWLINE
    separators = np.flatnonzero(text <= _BLANK)
    sizes = np.diff(np.flatnonzero(text[separators] == _NEWLINE), prepend=-1).astype(np.uint32)
    text[separators] = _NEWLINE
    places = np.unique(np.searchsorted(separators, np.flatnonzero((text | _LOWER) == ord("x"))))
    hexadecimal = _taken_out(text, separators, places) if len(places) else []
    fortran = (text == ord("D")) | (text == ord("d"))
    text[fortran] = ord("E")
    values = None if hexadecimal is None else parse_floats(text.tobytes())
    if values is None or len(values) != len(separators) or not _fits_a_double(text, separators, values):
        return None
    if len(places):
        values = values.copy()
        values[places] = hexadecimal
    return _Numbers(values, sizes, places, int(np.count_nonzero(fortran)))


def _taken_out(text: Bytes, separators: Places, places: Places) -> list[float] | None:
    """Parse the hexadecimal ones of numbers, and leave zeros where they stood; None if one is no such number.

    Args:
        text: numbers, one a line.
        separators: where the lines end.
        places: which of them are hexadecimal.
    """
    starts = np.where(places > 0, separators[places - 1] + 1, 0)
    found = hexadecimal_numbers(text[inside_spans(starts, separators[places] + 1, len(text))].tobytes())
    text[inside_spans(starts, separators[places], len(text))] = _ZERO
    return found


def _parse_turns(text: Bytes, starts: Places, ends: Places) -> NDArray[np.int32] | None:
    """Parse whole numbers of at most ten digits below 2^31, and of at least -2^30."""
    negative = text[starts] == _MINUS
    lengths = ends - starts - negative
    if len(lengths) and (lengths.min() < 1 or lengths.max() > _MOST_DIGITS):
        return None
    total = np.zeros(len(starts), np.int64)
    for place in range(int(lengths.max(initial=0))):
        inside = lengths > place
        digit = text[np.maximum(ends - 1 - place, 0)].astype(np.int64) - _ZERO
        if np.any(inside & ((digit < 0) | (digit > 9))):
            return None
        total += np.where(inside, digit, 0) * 10**place
    if np.any(total >= np.where(negative, LARGEST_TURN + 1, WRAP)) or np.any(negative & (total == 0)):
        return None
    return np.where(negative, WRAP - total, total).astype(np.int32)


class BlockParser:
    """Parses blocks of whole lines that all are records of one program.

    ``names``: the numbers of taps; ``keys``: the columns of loop indices, by ``columns``, which says how many
    there are now; ``allowed``: tells whether the records of a block keep the rules of the format.
    """

    def __init__(self, prefix: str, names: ByteWords, keys: ByteWords, columns: Callable[[], int],
                 allowed: Callable[[TextBlock], bool], *, negative: bool) -> None:  # fmt: skip
        self._prefix = prefix.encode() + b" "
        self._prefix_words = PackedText(self._prefix).words(
            np.zeros(1, np.int64), np.array([len(self._prefix)])
        )
        self._names, self._keys, self._columns, self._allowed = names, keys, columns, allowed
        self._negative = negative
        self.fortran = 0

    def parse(self, block: PackedText, starts: Places | None = None) -> TextBlock | None:
        """Parse a block; None if any line is not regular.

        A refused block is not necessarily wrong: it is to be parsed line by line, which names the fault.

        Args:
            block: lines, the last of which has its newline, too.
            starts: where the record of each line begins, with no blank before it; at the beginning without.

        Source: trace contract, "Line format".
        """
        letters = _Letters(block)
        if not letters.regular or not len(letters.ends):
            return None
        ends = letters.separators[letters.ends]
        if starts is None:
            starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
        blanks = np.concatenate([np.zeros(1, np.int64), letters.ends[:-1] + 1])
        if np.any(letters.ends - blanks < 2) or not self._prefixed(letters, starts, ends):
            return None
        name_starts, name_ends = starts + len(self._prefix), letters.separators[blanks + 1]
        value_ends = _value_ends(letters.bytes, ends)
        if value_ends is None or np.any(value_ends <= name_ends):
            return None
        names = _numbered(letters, self._names, name_starts, name_ends, LONGEST_NAME)
        found = self._contexts(letters, np.minimum(value_ends + 3, ends), ends)
        spans = value_ends - name_ends
        parsed = _parse_values(letters.cut(name_ends + 1, value_ends), np.cumsum(spans) - 1)
        if names is None or found is None or parsed is None:
            return None
        result = TextBlock(names.astype(np.uint32), *found, parsed.values, parsed.sizes, parsed.hexadecimal)
        if not self._allowed(result):
            return None
        self.fortran += parsed.fortran
        return result

    def spellings(self, block: TextBlock) -> Counter[str]:
        """Count the numbers of a block just parsed that are spelled as only some languages do."""
        counts = {
            FORTRAN: self.fortran, NAN: int(np.count_nonzero(np.isnan(block.values))),
            INFINITE: int(np.count_nonzero(np.isinf(block.values))), HEXADECIMAL: len(block.hexadecimal),
        }  # fmt: skip
        self.fortran = 0
        return Counter({what: count for what, count in counts.items() if count})

    def _prefixed(self, letters: _Letters, starts: Places, ends: Places) -> bool:
        if np.any(ends - starts <= len(self._prefix)):
            return False
        words = letters.words(starts, np.full(len(starts), len(self._prefix)))
        return bool((words == self._prefix_words).all())

    def _contexts(
        self, letters: _Letters, starts: Places, ends: Places
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]] | None:
        """Parse the contexts of lines; one that repeats that of the line before is parsed once.

        Returns:
            The row of each line in the table of contexts, and the table.
        """
        lengths = ends - starts
        if lengths.max() > LONGEST_CONTEXT:
            return None
        words = letters.words(starts, lengths)
        head = np.ones(len(starts), bool)
        head[1:] = lengths[1:] != lengths[:-1]
        for column in words.T:
            head[1:] |= column[1:] != column[:-1]
        heads = np.flatnonzero(head)
        stated = heads[lengths[heads] > 0]
        text = joined_lines(words[stated], lengths[stated])
        none = np.zeros(0, np.int64)
        parsed = self._tokens(_Letters(PackedText(text))) if text else (none, none, none.astype(np.int32))
        if parsed is None:
            return None
        lines, columns, turns = parsed
        table = np.full((len(heads), self._columns()), ABSENT, np.int32)
        table[np.searchsorted(heads, stated)[lines], columns] = turns
        if np.count_nonzero(table != ABSENT) != len(turns):
            return None
        return np.cumsum(head).astype(np.int32) - 1, table

    def _tokens(self, text: _Letters) -> tuple[Places, NDArray[np.int64], NDArray[np.int32]] | None:
        """Parse ``key=turn`` words; return for each its line, column and turn."""
        equals, ends = np.flatnonzero(text.bytes == _EQUALS), text.separators
        starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
        if len(equals) != len(ends) or np.any(equals <= starts) or np.any(equals >= ends):
            return None
        columns = _numbered(text, self._keys, starts, equals, LONGEST_NAME)
        turns = _parse_turns(text.bytes, equals + 1, ends)
        if columns is None or turns is None:
            return None
        if not self._negative and np.any(text.bytes[equals + 1] == _MINUS):
            return None
        lines = np.zeros(len(ends), np.int64)
        lines[1:] = np.cumsum(text.bytes[ends[:-1]] == _NEWLINE)
        if not self._negative and np.any((lines[1:] == lines[:-1]) & (columns[1:] <= columns[:-1])):
            return None
        return lines, columns, turns


def _numbered(
    letters: _Letters, words: ByteWords, starts: Places, ends: Places, longest: int
) -> NDArray[np.int64] | None:
    lengths = ends - starts
    return None if lengths.max() > longest else words.number(letters.words(starts, lengths))


def _value_ends(letters: Bytes, ends: Places) -> Places | None:
    """Return where the values of each line end: at the bar, or at the end of the line."""
    bars = np.flatnonzero(letters == _BAR)
    if not len(bars):
        return ends
    lines = np.arange(len(ends)) if len(bars) == len(ends) else np.searchsorted(ends, bars)
    begins = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])[lines]
    apart = (letters[bars - 1] == _BLANK) & (letters[np.minimum(bars + 1, len(letters) - 1)] == _BLANK)
    if not np.all((begins < bars) & (bars < ends[lines]) & apart) or np.any(lines[1:] <= lines[:-1]):
        return None
    result = ends.copy()
    result[lines] = bars - 1
    return result


def _keeps_the_contract(block: TextBlock) -> bool:
    """Tell whether records have the shape, the loop level and the whole numbers of their taps."""
    stated = (block.contexts != ABSENT) @ _KEY_BITS
    if not np.array_equal(block.sizes, _SIZES[block.tap]):
        return False
    if not np.array_equal(stated[block.context], _BITS_OF_TAP[block.tap]):
        return False
    counted = np.repeat(_INTEGER[block.tap], block.sizes)
    if counted[block.hexadecimal].any():
        return False
    whole = block.values[counted]
    finite = whole[np.isfinite(whole)]
    return bool(np.all(finite == np.floor(finite)) and np.all(np.abs(finite) < EXACT_INTEGERS))


def contract_parser(prefix: str) -> BlockParser:
    """Return the parser of the blocks of a trace of versions 1 and 2."""
    keys = {key.encode(): number for number, key in enumerate(CONTEXT_KEYS)}
    names, columns = ByteWords(_IDS, lambda _: None), ByteWords(keys, lambda _: None)
    return BlockParser(
        prefix, names, columns, lambda: len(CONTEXT_COLUMNS), _keeps_the_contract, negative=False
    )
