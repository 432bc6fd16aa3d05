"""Words of a command line that a program gives: numbers and paths, written out exactly."""

from __future__ import annotations

import os
from collections.abc import Iterable
from numbers import Integral, Real

import numpy as np

from simulator.errors import InputError


def words_of(args: Iterable[object]) -> list[str]:
    """Return the words of a command line.

    Args:
        args: text, numbers or paths.

    Raises:
        InputError: for one word as a whole line, or anything else.
    """
    if isinstance(args, (str, bytes)):
        raise InputError(f"command line {args!r}: one text; give a list of words, e.g. line.split()")
    try:
        return [_word(part) for part in args]
    except TypeError as error:
        raise InputError(f"command line {args!r}: {error}; give a list of words") from error


def _word(part: object) -> str:
    """Return one word; a number is written so that it is read back to the last bit."""
    if isinstance(part, str):
        return part
    if isinstance(part, (bool, np.bool_)):
        raise InputError(f"command line: {part!r} is no word; leave a flag out, or write its name")
    if isinstance(part, Integral):
        return str(int(part))
    if isinstance(part, Real):
        return repr(float(part))
    if isinstance(part, os.PathLike):
        return os.fsdecode(part)
    raise InputError(f"command line: {part!r} is no word; give text, a number or a path")
