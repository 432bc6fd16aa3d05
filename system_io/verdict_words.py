"""The words of a verdict, and the exit status that each stands for in every command that compares."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Word(StrEnum):
    """The six verdicts."""

    PASS = "PASS"
    ROUNDING = "PASS (ROUNDING)"
    LOOSENED = "PASS (LOOSENED)"
    FAIL = "FAIL"
    NOT_COMPARABLE = "NOT COMPARABLE"
    ERROR = "ERROR"


EXIT_STATUS: Mapping[Word, int] = {
    Word.PASS: 0,
    Word.ROUNDING: 0,
    Word.LOOSENED: 0,
    Word.FAIL: 1,
    Word.NOT_COMPARABLE: 2,
    Word.ERROR: 3,
}
