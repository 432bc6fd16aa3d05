"""Numbers as programs print them: C and Python, Fortran, Java and JSON, MATLAB, Microsoft's C library."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping

_DECIMAL = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:[eEdDqQ]([+-]?[0-9]+))?\Z")
# Fortran leaves the letter out where the exponent has three digits
_BARE_EXPONENT = re.compile(r"([+-]?[0-9]*\.[0-9]+)([+-][0-9]{3})\Z")
_HEX_FORM = r"[+-]?0x[0-9a-f]+(?:\.[0-9a-f]*)?p[+-]?[0-9]+"
_HEXADECIMAL = re.compile(rf"{_HEX_FORM}\Z", re.IGNORECASE)
_HEXADECIMAL_LINES = re.compile(rf"(?:{_HEX_FORM}\n)+".encode(), re.IGNORECASE)
_NOT_A_NUMBER = re.compile(r"[+-]?(?:nan(?:\(\w*\))?|1\.#(?:q?nan|snan|ind)0*)\Z", re.IGNORECASE)
_INFINITE = re.compile(r"([+-]?)(?:inf(?:inity)?|1\.#inf0*)\Z", re.IGNORECASE)
_SPELLINGS: Mapping[str, re.Pattern[str]] = {
    "exponent of Fortran, read as a power of ten": re.compile(
        r"(?<![\w.])(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)[dDqQ][+-]?[0-9]+|[0-9]*\.[0-9]+[+-][0-9]{3})(?![\w.])"
    ),
    "hexadecimal number, read to the last bit": re.compile(r"(?<!\w)0x[0-9a-f.]+p[+-]?[0-9]+", re.IGNORECASE),
    "NaN, read as no number": re.compile(r"(?<!\w)nan(?!\w)|1\.#(?:q?nan|snan|ind)", re.IGNORECASE),
    "infinity, read as such": re.compile(r"(?<!\w)inf(?:inity)?(?!\w)|1\.#inf", re.IGNORECASE),
}
"""What is counted of the numbers of a log, since not every reader would take it as it is meant."""
FORTRAN, HEXADECIMAL, NAN, INFINITE = _SPELLINGS
_UNUSUAL = re.compile(r"[0-9.][dDqQ+-][0-9+-]|0x|nan|inf|1\.#", re.IGNORECASE)
DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+(?:[eEdD][+-]?[0-9]+)?\Z")
FEWEST_DIGITS, ALL_DIGITS = 6, 17
FEWEST_DECIMALS = 5


def spellings(text: str) -> Counter[str]:
    """Count the numbers of a line that are spelled as only some languages do."""
    found: Counter[str] = Counter()
    if _UNUSUAL.search(text):
        for what, pattern in _SPELLINGS.items():
            if count := sum(1 for _ in pattern.finditer(text)):
                found[what] = count
    return found


class NumeralError(ValueError):
    """A text that is no number of double precision; the message says why."""


def read_number(text: str) -> float:
    """Return the double that a text stands for.

    Raises:
        NumeralError: for anything else, for a number too large or too small for a double as well.
    """
    if found := _DECIMAL.match(text) or _BARE_EXPONENT.match(text):
        return _in_range(text, found[1], float(f"{found[1]}e{found[2] or 0}"))
    if infinite := _INFINITE.match(text):
        return -math.inf if infinite[1] == "-" else math.inf
    if _NOT_A_NUMBER.match(text):
        return math.nan
    if _HEXADECIMAL.match(text):
        try:
            return float.fromhex(text)
        except OverflowError:
            raise NumeralError("out of the range of a double") from None
    if DECIMAL_COMMA.match(text):
        raise NumeralError("a decimal comma; print numbers with a point")
    raise NumeralError("not a number")


def _in_range(text: str, mantissa: str, value: float) -> float:
    if math.isinf(value) or (value == 0 and mantissa.strip("+-0.")):
        raise NumeralError("out of the range of a double")
    return value


def hexadecimal_numbers(lines: bytes) -> list[float] | None:
    """Return the doubles that hexadecimal numbers stand for, one a line; None if one is no such number."""
    if not _HEXADECIMAL_LINES.fullmatch(lines):
        return None
    try:
        return [float.fromhex(word) for word in lines.decode("ascii").split()]
    except OverflowError:
        return None


class PrintedDigits:
    """How many digits a program prints, from the numbers of one log.

    ``significant`` is the most significant digits seen, ``decimals`` the one number of digits behind the
    point where all numbers have it and some end in 0, as a fixed format writes them.
    """

    def __init__(self) -> None:
        self.significant = 0
        self._decimals: set[int] = set()
        self._padded = False

    def note(self, text: str) -> None:
        """Take a number as it is printed; whole numbers tell nothing."""
        found = _DECIMAL.match(text)
        if not found or "." not in found[1]:
            return
        whole, _, decimals = found[1].lstrip("+-").partition(".")
        self.significant = max(self.significant, len((whole + decimals).lstrip("0")))
        self._decimals.add(-1 if found[2] else len(decimals))
        self._padded |= decimals.endswith("0")

    @property
    def decimals(self) -> int | None:
        """Digits behind the point of a fixed format, None for any other."""
        fixed = self._padded and len(self._decimals) == 1 and min(self._decimals) >= FEWEST_DECIMALS
        return min(self._decimals) if fixed else None

    @property
    def lossy(self) -> bool:
        """Whether a double does not survive the printing, as far as so many digits can tell."""
        return self.decimals is not None or FEWEST_DIGITS <= self.significant < ALL_DIGITS

    def describe(self) -> str:
        """Return the precision in words, empty where nothing is lost."""
        if self.decimals is not None:
            return f"{self.decimals} decimals"
        return f"{self.significant} significant digits" if self.lossy else ""
