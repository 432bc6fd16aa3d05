"""One line of a version 1 trace: parsing and writing."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from trace_tools.reading.numerals import NumeralError, read_number
from trace_tools.tap_points import LEVEL_KEYS, TAP_ID, TAP_POINTS

_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_TURN = re.compile(r"([a-z]+)=([0-9]{1,10})\Z")
_ORDERS = set(LEVEL_KEYS.values())


@dataclass(frozen=True)
class Record:
    """One tap value with its loop context; ``words`` instead of ``values`` where they are not numbers."""

    tap: str
    values: tuple[float, ...]
    context: tuple[tuple[str, int], ...] = ()
    words: tuple[str, ...] = ()


def show_context(context: Iterable[tuple[str, int]]) -> str:
    """Return the context as it stands in a trace, ``s=3 f=4``."""
    return " ".join(f"{key}={turn}" for key, turn in context)


def parse_number(text: str, *, integer: bool = False) -> float | None:
    """Parse one number as a double; None if the text is not a number (a whole one with ``integer``)."""
    if integer and not _INTEGER.match(text):
        return None
    try:
        return read_number(text)
    except NumeralError:
        return None


def _parse_context(text: str) -> tuple[tuple[str, int], ...]:
    found = [_TURN.match(word) for word in text.split()]
    if not all(found) or not found:
        raise ValueError(f"context '{text}' is not of the form 's=0 f=0'")
    context = tuple((match[1], int(match[2])) for match in found if match)
    if tuple(key for key, _ in context) not in _ORDERS:
        raise ValueError(f"context '{text}' does not have the keys of a loop level in their order")
    if any(turn >= 2**31 for _, turn in context):
        raise ValueError(f"context '{text}' has an index beyond 2147483647")
    return context


def _parse_unknown(name: str, words: list[str], context: tuple[tuple[str, int], ...]) -> Record:
    numbers = [parse_number(word) for word in words]
    if all(number is not None for number in numbers):
        return Record(name, tuple(number for number in numbers if number is not None), context)
    return Record(name, (math.nan,) * len(words), context, tuple(words))


def parse_line(text: str) -> Record:
    """Parse a line of a version 1 trace, without its ``TRACE_C:``.

    Any white space counts as one blank. Whole numbers that a double cannot hold exactly keep their text in
    ``words``.

    Raises:
        ValueError: that says which rule the line breaks.

    Source: trace contract, "Line format".
    """
    body, bar, tail = " ".join(text.split()).partition(" | ")
    name, _, rest = body.partition(" ")
    words = rest.split()
    if not name or not words:
        raise ValueError(f"'{text[:60]}' is not '<tap> <value> [<value> ...] [| <key>=<int> ...]'")
    context = _parse_context(tail) if bar else ()
    if name not in TAP_ID:
        return _parse_unknown(name, words, context)
    tap = TAP_POINTS[TAP_ID[name]]
    if len(words) != tap.size:
        raise ValueError(f"{name} has {len(words)} values where its shape is {tap.size}")
    if tuple(key for key, _ in context) != tap.keys:
        raise ValueError(f"{name} has the context '{tail}' where its keys are '{' '.join(tap.keys)}'")
    if tap.kind == "word":
        return Record(name, (math.nan,) * len(words), context, tuple(words))
    values = tuple(_strict_number(name, word, integer=tap.kind == "int") for word in words)
    exact = tap.kind != "int" or not any(2**53 <= abs(value) < math.inf for value in values)
    return Record(name, values, context, () if exact else tuple(words))


def _strict_number(name: str, word: str, *, integer: bool) -> float:
    try:
        value = read_number(word)
        # an index computed from NaN is NaN as well
        if integer and math.isfinite(value) and not _INTEGER.match(word):
            raise ValueError(f"{name} has the value '{word}', which is not a whole number")
        return value
    except NumeralError as error:
        reason = "which is not a number" if str(error) == "not a number" else f"which is {error}"
        raise ValueError(f"{name} has the value '{word}', {reason}") from None


def format_line(record: Record, prefix: str = "TRACE_C:") -> str:
    """Write a record as a line of a version 1 trace, floating values with 17 significant digits."""
    words = record.words or tuple(f"{value:.17g}" for value in record.values)
    context = show_context(record.context)
    return f"{prefix} {record.tap} {' '.join(words)}" + (f" | {context}" if context else "")
