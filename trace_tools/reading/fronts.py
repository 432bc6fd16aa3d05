"""What loggers, terminals and launchers put in front of a record: told apart, cut off and counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trace_tools.arrays import Index

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
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_NEWLINE = ord("\n")


def kinds_of(front: str) -> tuple[str, ...]:
    """Return what stands in a text in front of a record: time stamp, rank, progress meter, or other text."""
    rest, found = front, []
    for kind, pattern in _KINDS:
        if pattern.search(rest):
            found.append(kind)
            rest = pattern.sub(" ", rest)
    return tuple(found) or (OTHER,)


def front_patterns(fronts: bytes) -> Counter[str]:
    """Count texts in front of records, one a line, with every digit taken for a 0; blank ones are none."""
    counts = Counter(fronts.translate(_DIGITS).split(b"\n"))
    return Counter({found.decode("utf-8", "replace"): counts[found] for found in counts if found.strip()})


def treatments(patterns: Mapping[str, int]) -> Counter[str]:
    """Count for each kind the lines from which it was taken off."""
    counts: Counter[str] = Counter()
    for pattern, count in patterns.items():
        for kind in kinds_of(pattern):
            counts[f"{kind} in front of a record, taken off"] += count
    return counts


@dataclass(frozen=True)
class BareRecords:
    """Records as whole lines, what stood in front of them, a line each, and the number of other lines."""

    records: bytes
    fronts: bytes
    others: int


def without_fronts(block: bytes, prefix: bytes) -> BareRecords | None:
    """Take from a block of lines what stands in front of its records, and lines that have none.

    Args:
        block: bytes, ending in a newline.
        prefix: ``TRACE_C: `` as each record begins.

    Returns:
        The records, None if there are none, or a line has two of them, or something like one.
    """
    letters = np.frombuffer(block, np.uint8)
    starts, ends = _places(letters, prefix), np.flatnonzero(letters == _NEWLINE)
    lines = np.searchsorted(ends, starts)
    if not len(starts) or np.any(lines[1:] == lines[:-1]):
        return None
    begins = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
    plain = np.ones(len(ends), bool)
    plain[lines] = False
    left = _spans(letters, begins[plain], ends[plain] + 1)
    ended = letters.copy()
    ended[starts] = _NEWLINE
    fronts = _spans(ended, begins[lines], starts + 1)
    if b"trace_" in left.lower() or b"trace_" in fronts.lower():
        return None
    return BareRecords(_spans(letters, starts, ends[lines] + 1), fronts, int(np.count_nonzero(plain)))


def _places(letters: NDArray[np.uint8], word: bytes) -> Index:
    """Return where a word begins."""
    found = np.flatnonzero(letters[: max(0, len(letters) - len(word) + 1)] == word[0])
    for place, letter in enumerate(word):
        found = found[letters[found + place] == letter]
    return found


def _spans(letters: NDArray[np.uint8], starts: Index, stops: Index) -> bytes:
    """Return the bytes of spans that follow each other."""
    edges = np.concatenate([np.zeros(1, np.int64), np.column_stack([starts, stops]).ravel(), [len(letters)]])
    inside = np.repeat(np.arange(len(edges) - 1) % 2 == 1, np.diff(edges))
    found: bytes = letters[inside].tobytes()
    return found
