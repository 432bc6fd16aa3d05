"""What the words of a command of the harness may be: the types of its options, and where its -- stands."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence

MOST_THREADS = 1024
DURATION = re.compile(r"(\d+(?:\.\d+)?)([smh]?)")
UNIT_S = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def split_arguments(argv: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """Return the words before the first -- and those behind it, None if there is no --."""
    words = list(argv)
    if "--" not in words:
        return words, None
    cut = words.index("--")
    return words[:cut], words[cut + 1 :]


def positive_seconds(text: str) -> float:
    """Return `text` as a finite number of seconds above zero (an argparse type)."""
    value = _finite(text)
    if value <= 0.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds above 0")
    return value


def duration(text: str) -> float:
    """Return a time in seconds: a number, with s, m or h behind it (an argparse type)."""
    found = DURATION.fullmatch(text)
    if found is None or float(found[1]) <= 0.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a time such as 90s, 10m or 1h")
    return float(found[1]) * UNIT_S[found[2]]


def thread_count(text: str) -> int:
    """Return `text` as a number of threads, 1 or more (an argparse type)."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST_THREADS:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of threads from 1 to {MOST_THREADS}")
    return int(text)


def correlation(text: str) -> float:
    """Return `text` as a correlation in (0, 1] (an argparse type)."""
    value = _finite(text)
    if not 0.0 < value <= 1.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a correlation above 0 and up to 1")
    return value


def _finite(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"'{text}' is not a finite number")
    return value
