"""Logs of named taps: of any program, with loop indices by name, and what a log says of its own taps."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

import numpy as np

from trace_tools.packed_text import ByteWords
from trace_tools.reading.bulk import EXACT_INTEGERS, LARGEST_TURN, BlockParser, TextBlock
from trace_tools.reading.lines import Record
from trace_tools.reading.numerals import NumeralError, read_number
from trace_tools.reading.trace_columns import Columns, ColumnsBuilder, numbered_repeats

NAMED_TAPS = 100
"""Stands where traces of nanoBragg have the version of their format."""
HEADER = "TAP_LOG:"
FORMAT_WORDS = "tap-log 1"
OCCURRENCE = "occurrence"
"""Key of a tap that repeats itself in one context: which one of its records it is."""
INTEGER, REAL, BOOLEAN, COMPLEX, WORD = KINDS = ("integer", "real", "boolean", "complex", "word")
COUNTED = (INTEGER, BOOLEAN)
NO_UNIT = "-"
_KEY = re.compile(r"[A-Za-z_]\w{0,62}\Z")
_TURN = re.compile(r"-?[0-9]{1,10}\Z")
_TRUTH = {"t": "1", "true": "1", ".true.": "1", "f": "0", "false": "0", ".false.": "0"}


@dataclass(frozen=True)
class TapSite:
    """What a log says of a tap: kind of value, unit (empty: not stated), and its places as ``file:line``."""

    kind: str
    unit: str
    places: tuple[str, ...]


class NamedReader:
    """What a log of named taps has said so far, and its records."""

    def __init__(self) -> None:
        self.program = "unnamed"
        self.held = ""
        self.taps: dict[str, TapSite] = {}
        self.names: dict[str, int] = {}
        self.builder = ColumnsBuilder(())

    def take_header(self, body: str) -> str:
        """Take a line that tells of the log.

        Returns:
            Why it cannot be read, empty if it can.
        """
        word, _, rest = body.partition(" ")
        if word == "program" and rest:
            self.program = rest
        elif word == "only" and rest:
            self.held = rest
        elif word == "tap":
            return self._take_tap(rest.split(" ", 3))
        elif body != FORMAT_WORDS:
            return f"'{HEADER} {body[:50]}' is none of '{FORMAT_WORDS}', 'program', 'only' and 'tap'"
        return ""

    def _take_tap(self, words: list[str]) -> str:
        if len(words) != 4 or words[1] not in KINDS:
            kinds = ", ".join(KINDS)
            return f"'{' '.join(words)[:50]}' is not 'NAME KIND UNIT FILE:LINE', KIND one of {kinds}"
        name, kind, unit, place = words
        unit = "" if unit == NO_UNIT else unit
        known = self.taps.setdefault(name, TapSite(kind, unit, ()))
        if (known.kind, known.unit) != (kind, unit):
            return (
                f"tap {name} is {kind} in '{unit}' at {place}, and {known.kind} in '{known.unit}' elsewhere"
            )
        if place not in known.places:
            self.taps[name] = replace(known, places=(*known.places, place))
        return ""

    def parser(self, prefix: str) -> BlockParser:
        """Return the parser of whole blocks of records."""
        return BlockParser(
            prefix, ByteWords({}, self._admit_name), ByteWords({}, self._admit_key),
            lambda: len(self.builder.keys), self._exact, negative=True,
        )  # fmt: skip

    def _admit_name(self, text: bytes) -> int | None:
        name = text.decode("utf-8", "replace")
        if not name or self._kind(name) == WORD:
            return None
        return self.names.setdefault(name, len(self.names))

    def _admit_key(self, text: bytes) -> int | None:
        key = text.decode("utf-8", "replace")
        return self.builder.keys.setdefault(key, len(self.builder.keys)) if _is_key(key) else None

    def _kind(self, name: str) -> str:
        return self.taps[name].kind if name in self.taps else ""

    def _exact(self, block: TextBlock) -> bool:
        """Tell whether a double holds each whole number exactly."""
        large = np.abs(block.values) >= EXACT_INTEGERS
        if not large.any():
            return True
        names = list(self.names)
        exact = np.array([self._kind(name) in ("", REAL, COMPLEX) for name in names], bool)
        return bool(np.all(exact[np.repeat(block.tap, block.sizes)][large]))

    def record(self, body: str) -> Record:
        """Read a record without its ``TRACE_C:``.

        Raises:
            ValueError: that says which rule the line breaks.
        """
        front, bar, tail = body.partition(" | ")
        name, *words = front.split()
        if not words:
            raise ValueError(f"{name}: it has no value")
        context = tuple(map(_turn, tail.split())) if bar else ()
        if len(dict(context)) < len(context):
            raise ValueError(f"{name}: context '{tail[:60]}' states an index twice")
        kind = self._kind(name)
        if kind == WORD or (not kind and not any(map(_is_number, words))):
            return Record(name, (math.nan,) * len(words), context, tuple(words))
        if kind == BOOLEAN:
            words = [_TRUTH.get(word.lower(), word) for word in words]
        values = tuple(_number(name, word) for word in words)
        large = any(EXACT_INTEGERS <= abs(value) < math.inf for value in values)
        whole = kind in COUNTED and large
        return Record(name, values, context, tuple(words) if whole else ())

    def finish(self) -> tuple[Columns, int]:
        """Return the columns, and how many records repeat a tap in one context."""
        columns = self.builder.finish()
        return numbered_repeats(columns.with_keys((*columns.keys, OCCURRENCE)))


def _is_key(key: str) -> bool:
    return bool(_KEY.match(key)) and key != OCCURRENCE


def _turn(word: str) -> tuple[str, int]:
    key, _, turn = word.partition("=")
    if not _is_key(key) or not _TURN.match(turn) or not -LARGEST_TURN <= int(turn) < 2 * LARGEST_TURN:
        raise ValueError(f"'{word[:40]}' is no loop index such as step=3, from {-LARGEST_TURN} to 2147483647")
    return key, int(turn)


def _is_number(word: str) -> bool:
    try:
        read_number(word)
    except NumeralError as error:
        return str(error) != "not a number"
    return True


def _number(name: str, word: str) -> float:
    try:
        return read_number(word)
    except NumeralError as error:
        raise ValueError(f"{name}: value '{word[:40]}' cannot be read: {error}") from None
