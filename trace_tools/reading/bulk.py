"""Parsing of whole blocks of regular lines into columns, without an object for each record."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trace_tools.reading.numerals import FORTRAN, INFINITE, NAN
from trace_tools.tap_points import CONTEXT_COLUMNS, CONTEXT_KEYS, TAP_POINTS

ABSENT = -1
LONGEST_NAME, LONGEST_CONTEXT = 64, 192
_SIZES = np.array([tap.size for tap in TAP_POINTS], np.uint32)
_INTEGER = np.array([tap.kind == "int" for tap in TAP_POINTS])
_IDS = {tap.name.encode(): number for number, tap in enumerate(TAP_POINTS) if tap.kind != "word"}
_KEY_BITS = 1 << np.arange(len(CONTEXT_COLUMNS))
# the keys that a record of each tap has, as bits
_BITS_OF_TAP = np.array([sum(1 << CONTEXT_KEYS.index(key) for key in tap.keys) for tap in TAP_POINTS])
_NAN = ["nan", "-nan", "+nan", "NaN", "-NaN", "+NaN", "NAN", "-NAN"]
_BLANK, _NEWLINE, _BAR, _EQUALS, _MINUS, _ZERO = b" \n|=-0"
_MOST_DIGITS = 10
# smaller numbers may be what is left of one that a double cannot hold
_SMALLEST_TRUSTED = 1e-290
EXACT_INTEGERS = 2**53
LARGEST_TURN, WRAP = 2**30, 2**31
"""Loop indices below zero are kept above all others, plus ``WRAP``: -1 stands for none."""
_PADDING = b"\0" * (LONGEST_CONTEXT + 8)
_MASKS = np.array([(1 << 8 * count) - 1 for count in range(9)], np.uint64)
_MIXERS = np.array([0x9E3779B97F4A7C15 + 2 * 0x5851F42D4C957F2D * place & (2**64 - 1) | 1
                    for place in range(LONGEST_CONTEXT // 8)], np.uint64)  # fmt: skip

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
EightBytes = NDArray[np.uint64]


@dataclass(frozen=True)
class TextBlock:
    """Columns of consecutive records: tap ids, context rows of each record, context table, values, sizes."""

    tap: NDArray[np.uint32]
    context: NDArray[np.int32]
    contexts: NDArray[np.int32]
    values: NDArray[np.float64]
    sizes: NDArray[np.uint32]


class ByteWords:
    """Numbers short byte strings: those that it knows, and new ones as far as ``admit`` takes them.

    ``admit`` returns the number of a new string, None to refuse it.
    """

    def __init__(self, known: Mapping[bytes, int], admit: Callable[[bytes], int | None]) -> None:
        self._admit = admit
        self._numbers = dict(known)
        self._form()

    def _form(self) -> None:
        texts = list(self._numbers)
        table = np.array([np.frombuffer(text.ljust(LONGEST_NAME, b"\0"), "<u8") for text in texts], np.uint64)
        self._table: EightBytes = table.reshape(len(texts), LONGEST_NAME // 8)
        hashes = _hash(self._table)
        order = np.argsort(hashes)
        self._hashes, self._order = hashes[order], order
        self._ids = np.array(list(self._numbers.values()), np.int64)

    def number(self, words: EightBytes) -> NDArray[np.int64] | None:
        """Return the number of each string, None if one of them is refused.

        Args:
            words: the strings, each as a row of words of eight bytes, filled with zeros.
        """
        hashes = _hash(words)
        found, known = self._look_up(words, hashes)
        if not known.all():
            new = np.flatnonzero(~known)
            for place in np.unique(hashes[new], return_index=True)[1]:
                text = words[new[place]].astype("<u8").tobytes().rstrip(b"\0")
                number = self._admit(text)
                if number is None:
                    return None
                self._numbers[text] = number
            self._form()
            found, known = self._look_up(words, hashes)
        return self._ids[found] if known.all() else None

    def _look_up(self, words: EightBytes, hashes: EightBytes) -> tuple[Places, NDArray[np.bool_]]:
        if not len(self._hashes):
            return np.zeros(len(words), np.int64), np.zeros(len(words), bool)
        place = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        found = self._order[place]
        width = words.shape[1]
        known = self._hashes[place] == hashes
        for column in range(width):
            known &= self._table[found, column] == words[:, column]
        return found, known


def _hash(words: EightBytes) -> EightBytes:
    """One number for each row; zeros at the end of a row change nothing."""
    total = np.zeros(len(words), np.uint64)
    for column in range(words.shape[1]):
        mixed = words[:, column] * _MIXERS[column]
        total += mixed ^ (mixed >> np.uint64(29))
    return total


class _Letters:
    """The bytes of a text, and words of eight of them from any place."""

    def __init__(self, text: bytes) -> None:
        padded = np.frombuffer(text + _PADDING, np.uint8)
        self.bytes: Bytes = padded[: len(text)]
        self._eight: EightBytes = np.ndarray((len(text) + LONGEST_CONTEXT,), "<u8", padded, 0, (1,))
        self.separators: Places = np.flatnonzero(self.bytes <= _BLANK)
        kinds = self.bytes[self.separators]
        self.ends: Places = np.flatnonzero(kinds == _NEWLINE)
        self.regular = len(self.ends) + np.count_nonzero(kinds == _BLANK) == len(kinds)

    def words(self, starts: Places, lengths: Places) -> EightBytes:
        """Return strings as rows of words of eight bytes."""
        count = max(1, -(-int(lengths.max(initial=0)) // 8))
        result = np.empty((len(starts), count), np.uint64)
        for column in range(count):
            mask = _MASKS[np.clip(lengths - 8 * column, 0, 8)]
            result[:, column] = self._eight[starts + 8 * column] & mask
        return result

    def cut(self, starts: Places, ends: Places) -> Bytes:
        """Return the bytes of spans that do not overlap, each with the byte behind it."""
        edges = np.empty(2 * len(starts) + 2, np.int64)
        edges[0], edges[-1] = 0, len(self.bytes)
        edges[1:-1:2], edges[2:-1:2] = starts, np.minimum(ends + 1, len(self.bytes))
        inside = np.repeat(np.arange(len(edges) - 1) % 2 == 1, np.diff(edges))
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


def _parse_values(text: Bytes, ends: Places) -> tuple[NDArray[np.float64], NDArray[np.uint32], int] | None:
    """Parse the values of lines.

    Args:
        text: the values of all lines, each ending in any byte.
        ends: the last byte of each line.

    Returns:
        The values, how many each line has, and how many had the exponent of Fortran.
    """
    text[ends] = _NEWLINE
    separators = np.flatnonzero(text <= _BLANK)
    sizes = np.diff(np.flatnonzero(text[separators] == _NEWLINE), prepend=-1).astype(np.uint32)
    text[separators] = _NEWLINE
    fortran = (text == ord("D")) | (text == ord("d"))
    text[fortran] = ord("E")
    values = parse_floats(text.tobytes())
    if values is None or len(values) != len(separators) or not _fits_a_double(text, separators, values):
        return None
    return values, sizes, int(np.count_nonzero(fortran))


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
        self._names, self._keys, self._columns, self._allowed = names, keys, columns, allowed
        self._negative = negative
        self.fortran = 0

    def parse(self, block: bytes) -> TextBlock | None:
        """Parse a block; None if any line is not regular.

        A refused block is not necessarily wrong: it is to be parsed line by line, which names the fault.

        Args:
            block: bytes, ending in a newline.

        Source: trace contract, "Line format".
        """
        letters = _Letters(block)
        if not letters.regular or not len(letters.ends):
            return None
        ends = letters.separators[letters.ends]
        starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
        blanks = np.concatenate([np.zeros(1, np.int64), letters.ends[:-1] + 1])
        if np.any(letters.ends - blanks < 2) or not self._prefixed(letters.bytes, starts, ends):
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
        result = TextBlock(names.astype(np.uint32), found[0], found[1], parsed[0], parsed[1])
        if not self._allowed(result):
            return None
        self.fortran += parsed[2]
        return result

    def spellings(self, block: TextBlock) -> Counter[str]:
        """Count the numbers of a block just parsed that are spelled as only some languages do."""
        counts = {
            FORTRAN: self.fortran, NAN: int(np.count_nonzero(np.isnan(block.values))),
            INFINITE: int(np.count_nonzero(np.isinf(block.values))),
        }  # fmt: skip
        self.fortran = 0
        return Counter({what: count for what, count in counts.items() if count})

    def _prefixed(self, letters: Bytes, starts: Places, ends: Places) -> bool:
        if np.any(ends - starts <= len(self._prefix)):
            return False
        return all(bool((letters[starts + place] == byte).all()) for place, byte in enumerate(self._prefix))

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
        head[1:] = np.any(words[1:] != words[:-1], axis=1) | (lengths[1:] != lengths[:-1])
        heads = np.flatnonzero(head)
        stated = heads[lengths[heads] > 0]
        text = letters.cut(starts[stated], ends[stated]).tobytes()
        none = np.zeros(0, np.int64)
        parsed = self._tokens(_Letters(text)) if text else (none, none, none.astype(np.int32))
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
    whole = block.values[np.repeat(_INTEGER[block.tap], block.sizes)]
    finite = whole[np.isfinite(whole)]
    return bool(np.all(finite == np.floor(finite)) and np.all(np.abs(finite) < EXACT_INTEGERS))


def contract_parser(prefix: str) -> BlockParser:
    """Return the parser of the blocks of a trace of versions 1 and 2."""
    keys = {key.encode(): number for number, key in enumerate(CONTEXT_KEYS)}
    names, columns = ByteWords(_IDS, lambda _: None), ByteWords(keys, lambda _: None)
    return BlockParser(
        prefix, names, columns, lambda: len(CONTEXT_COLUMNS), _keeps_the_contract, negative=False
    )
