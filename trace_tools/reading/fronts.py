"""What loggers, terminals and launchers put in front of a record: told apart, cut off and counted."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trace_tools.arrays import Index
from trace_tools.packed_text import LONGEST_CONTEXT, ByteWords, PackedText, inside_spans, packed_word
from trace_tools.reading.log_text import SHOWN_LINES

_STAMP = r"\d{1,4}[-/.]\d\d?[-/.]\d{1,4}|\d\d?:\d\d(?::\d\d)?|\[\s*\d+\.\d+\s*\]"
_RANK = (
    r"\b(?:rank|proc|process|pe|mpi|thread|tid|pid|image|node|worker|gpu|device)\b\W{0,3}\d+"
    r"|\A\s*(?:\[\s*\d+(?:\s*[,:]\s*\d+)*\s*\]|\(\d+\)|<\d+>|\d+\s*[:>|])"
)
_METER = r"\d\s*%|\b\d+\s*(?:/|of)\s*\d+\b|[#=*]{3,}|\bit/s"
_KINDS = (
    ("time stamp", re.compile(_STAMP)),
    ("rank or thread", re.compile(_RANK, re.IGNORECASE)),
    ("progress meter", re.compile(_METER)),
)
OTHER = "other text"
_DIGITS = str.maketrans("123456789", "000000000")
_ONE, _NINE = np.uint8(ord("1")), 9
_TRACE, _LOWER = b"trace", np.uint8(0x20)
MOST_PATTERNS = 4096
_NEWLINE = ord("\n")


def kinds_of(front: str) -> tuple[str, ...]:
    """Return what stands in a text in front of a record: time stamp, rank, progress meter, or other text."""
    rest, found = front, []
    for kind, pattern in _KINDS:
        if pattern.search(rest):
            found.append(kind)
            rest = pattern.sub(" ", rest)
    return tuple(found) or (OTHER,)


def treatments(patterns: Mapping[str, int]) -> Counter[str]:
    """Count for each kind the lines from which it was taken off."""
    counts: Counter[str] = Counter()
    for pattern, count in patterns.items():
        for kind in kinds_of(pattern):
            counts[f"{kind} in front of a record, taken off"] += count
    return counts


def pattern_of(front: str) -> str:
    """Return a text in front of a record with every digit taken for a 0."""
    return front.translate(_DIGITS)


class FrontPatterns:
    """Counts texts in front of records by pattern: each digit taken for a 0; blank ones are none."""

    def __init__(self) -> None:
        self._seen: list[bytes] = []
        self._words = ByteWords({}, self._admit, LONGEST_CONTEXT)

    def _admit(self, text: bytes) -> int | None:
        self._seen.append(text)
        return len(self._seen) - 1 if len(self._seen) <= MOST_PATTERNS else None

    def count(self, text: PackedText, starts: Index, lengths: Index) -> Counter[str]:
        """Return how often each pattern stands in a text.

        Args:
            text: of a block of lines.
            starts: where each front begins [n].
            lengths: how long it is [n].
        """
        counts: Counter[str] = Counter()
        short = lengths <= LONGEST_CONTEXT
        words = text.words(starts[short], lengths[short])
        letters = words.view(np.uint8)
        above = letters - _ONE
        letters -= (above + 1) * (above < _NINE)
        numbers = self._words.number(words) if len(self._seen) < MOST_PATTERNS else None
        if numbers is None:
            short[:] = False
        else:
            found = np.bincount(numbers)
            first = np.full(len(found), len(numbers))
            first[numbers[::-1]] = np.arange(len(numbers))[::-1]  # of equal indices the last is kept
            for number in np.argsort(first)[: np.count_nonzero(found)]:
                counts[self._seen[number].decode("utf-8", "replace")] += int(found[number])
        for start, length in zip(starts[~short].tolist(), lengths[~short].tolist(), strict=True):
            front = text.bytes[start : start + length].tobytes()
            counts[pattern_of(front.decode("utf-8", "replace"))] += 1
        return Counter({pattern: count for pattern, count in counts.items() if pattern.strip()})


@dataclass(frozen=True)
class BareRecords:
    """A block of which only the records are left, blotted out what else it had.

    `starts`: where they begin [n]; `others`: the number of lines without one; `fronts`: the patterns of what
    stood in front of them, `first_fronts`: the first of these texts.
    """

    text: PackedText
    starts: Index
    others: int
    fronts: Counter[str]
    first_fronts: tuple[str, ...]


def without_fronts(block: bytes, prefix: bytes, patterns: FrontPatterns) -> BareRecords | None:
    """Blot out of a block of lines what stands in front of its records, and lines that have none.

    Args:
        block: bytes, ending in a newline.
        prefix: ``TRACE_C: `` as each record begins.
        patterns: that count what stands in front.

    Returns:
        The records, None if there are none, or a line has two of them, or something like one.
    """
    text = PackedText(block)
    letters = text.bytes
    starts, ends = _places(text, prefix), np.flatnonzero(letters == _NEWLINE)
    lines = np.searchsorted(ends, starts)
    if not len(starts) or np.any(lines[1:] == lines[:-1]):
        return None
    outside = ~inside_spans(starts, ends[lines] + 1, len(letters))
    if _has_trace_word(letters, outside):
        return None
    begins = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])[lines]
    fronts = patterns.count(text, begins, starts - begins)
    spans = ((int(begins[n]), int(starts[n])) for n in range(len(starts) if fronts else 0))
    first = (block[begin:start].decode("utf-8", "replace") for begin, start in spans)
    shown = tuple(itertools.islice((front for front in first if front.strip()), SHOWN_LINES))
    np.bitwise_or(letters, outside.view(np.uint8) << 7, out=letters)
    return BareRecords(text, starts, len(ends) - len(lines), fronts, shown)


def _has_trace_word(letters: NDArray[np.uint8], outside: NDArray[np.bool_]) -> bool:
    """Tell whether what is no record holds the beginning of one, in letters of any case."""
    bars = np.flatnonzero((letters == ord("_")) & outside)
    bars = bars[bars >= len(_TRACE)]
    for place, letter in enumerate(_TRACE):
        bars = bars[letters[bars - len(_TRACE) + place] | _LOWER == letter]
    return len(bars) > 0


def _places(text: PackedText, word: bytes) -> Index:
    """Return where a word begins."""
    found = np.flatnonzero(text.bytes[: max(0, len(text.bytes) - len(word) + 1)] == word[0])
    wanted = packed_word(word)
    for column, letters in enumerate(wanted[0]):
        lengths = np.full(len(found), min(8, len(word) - 8 * column))
        found = found[text.words(found + 8 * column, lengths)[:, 0] == letters]
    return found
