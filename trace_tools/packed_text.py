"""Text as words of eight bytes, so that short strings of a block are compared and numbered all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

LONGEST_NAME, LONGEST_CONTEXT = 64, 192
_PADDING = LONGEST_CONTEXT + 8
_MASKS = np.array([(1 << 8 * count) - 1 for count in range(9)], np.uint64)
_MIXERS = np.array([0x9E3779B97F4A7C15 + 2 * 0x5851F42D4C957F2D * place & (2**64 - 1) | 1
                    for place in range(LONGEST_CONTEXT // 8)], np.uint64)  # fmt: skip

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
EightBytes = NDArray[np.uint64]


class ByteWords:
    """Numbers short byte strings: those that it knows, and new ones as far as ``admit`` takes them.

    ``admit`` returns the number of a new string, None to refuse it; ``longest``: bytes of the longest.
    """

    def __init__(self, known: Mapping[bytes, int], admit: Callable[[bytes], int | None],
                 longest: int = LONGEST_NAME) -> None:  # fmt: skip
        self._admit, self._longest = admit, longest
        self._numbers = dict(known)
        self._form()

    def _form(self) -> None:
        texts = list(self._numbers)
        table = np.array(
            [np.frombuffer(text.ljust(self._longest, b"\0"), "<u8") for text in texts], np.uint64
        )
        self._table: EightBytes = table.reshape(len(texts), self._longest // 8)
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


class PackedText:
    """The bytes of a text, which may be changed, and words of eight of them from any place."""

    def __init__(self, text: bytes) -> None:
        padded = np.empty(len(text) + _PADDING, np.uint8)
        padded[: len(text)] = np.frombuffer(text, np.uint8)
        padded[len(text) :] = 0
        self.bytes: Bytes = padded[: len(text)]
        self._eight: EightBytes = np.ndarray((len(text) + LONGEST_CONTEXT,), "<u8", padded, 0, (1,))

    def words(self, starts: Places, lengths: Places) -> EightBytes:
        """Return strings as rows of words of eight bytes."""
        count = max(1, -(-int(lengths.max(initial=0)) // 8))
        whole = int(lengths.min(initial=LONGEST_CONTEXT)) // 8
        result = np.empty((len(starts), count), np.uint64)
        for column in range(count):
            result[:, column] = self._eight[starts + 8 * column]
            if column >= whole:
                result[:, column] &= _MASKS[np.clip(lengths - 8 * column, 0, 8)]
        return result


def packed_word(text: bytes) -> EightBytes:
    """Return one string as a row of words of eight bytes."""
    return PackedText(text).words(np.zeros(1, np.int64), np.array([len(text)]))


def inside_spans(starts: Places, stops: Places, length: int) -> NDArray[np.bool_]:
    """Tell of each byte of a text whether it lies in one of the spans, which follow each other."""
    edges = np.empty(2 * len(starts) + 2, np.int64)
    edges[0], edges[-1] = 0, length
    edges[1:-1:2], edges[2:-1:2] = starts, stops
    return np.repeat(np.arange(len(edges) - 1) % 2 == 1, np.diff(edges))


def joined_lines(words: EightBytes, lengths: Places) -> bytes:
    """Return strings, each as a row of words of eight bytes, as the lines of a text."""
    letters = np.zeros((len(words), words.shape[1] + 1), np.uint64)
    letters[:, :-1] = words
    table = letters.view(np.uint8)
    table[np.arange(len(words)), lengths] = ord("\n")
    return table[np.arange(table.shape[1]) <= lengths[:, None]].tobytes()
