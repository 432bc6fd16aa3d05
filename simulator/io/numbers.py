"""The one syntax of numbers, on the command line and in files (spec 01 section 2)."""

from __future__ import annotations

import math
import re

DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
ODD = re.compile(r"[+-]?(?:nan|inf)", re.IGNORECASE)
WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
LARGEST_INT = 2147483647
_LONGEST_INT = 400


def number(word: str) -> float | None:
    """Return the value of one complete, finite decimal number, or None for anything else.

    Args:
        word: without surrounding white space.

    Returns:
        The double.

    Source: spec 01 section 2.
    """
    if not DECIMAL.fullmatch(word):
        return None
    value = float(word)
    return value if math.isfinite(value) else None


def whole(word: str) -> int | None:
    """Return the value of an optional sign and digits within 32 bits, or None for anything else.

    Source: spec 01 section 2, 00 "Units and types".
    """
    if not WHOLE.fullmatch(word) or len(word) > _LONGEST_INT:
        return None
    value = int(word)
    return value if abs(value) <= LARGEST_INT else None


def leading_number(text: str, none: float = 0.0) -> float:
    """Return the number that a text starts with, NaN for nan and inf, `none` for other text (02, 8)."""
    start = text.lstrip(" \t\r\n\v\f")
    match = DECIMAL.match(start)
    if match:
        return float(match.group())
    return math.nan if ODD.match(start) else none
