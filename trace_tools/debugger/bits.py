"""Numbers from the bits that a debugger shows: exact, whatever their type."""

from __future__ import annotations

import math
import struct
from decimal import Context, Decimal
from fractions import Fraction

from trace_tools.errors import DebuggerError

SINGLE, DOUBLE = 4, 8
X87_MACHINES = ("i386", "x86")
DIGITS = 17
MORE_DIGITS = 36
_FORMATS = {SINGLE: (">f", 4), DOUBLE: (">d", 8)}

Exact = float | Fraction
"""A number: a float where it is one, else (long double) a fraction."""


def exact(size: int, bits: str, machine: str) -> Exact:
    """Return the number of a floating type.

    Args:
        size: of the type, bytes.
        bits: as a hexadecimal number.
        machine: as gdb names the architecture; it decides what a long double is.

    Raises:
        DebuggerError: a type that is not known.
    """
    raw = int(bits, 16)
    if size in _FORMATS:
        code, length = _FORMATS[size]
        return float(struct.unpack(code, raw.to_bytes(length, "big"))[0])
    if machine.startswith(X87_MACHINES):
        return _extended(raw & ((1 << 80) - 1))
    if size == 16:
        return _wide(raw >> 127, raw >> 112 & 0x7FFF, raw & ((1 << 112) - 1), 112)
    raise DebuggerError(f"a number of {size} bytes on '{machine}' cannot be read; write (double)x in the map")


def _extended(raw: int) -> Exact:
    """Return a number of the x87: 64 bits of mantissa, the first of them written out."""
    sign, exponent, mantissa = raw >> 79, raw >> 64 & 0x7FFF, raw & ((1 << 64) - 1)
    if exponent == 0x7FFF:
        return _special(sign, mantissa & ((1 << 63) - 1))
    return _made(sign, mantissa, max(exponent, 1) - 16383 - 63)


def _wide(sign: int, exponent: int, mantissa: int, digits: int) -> Exact:
    if exponent == 0x7FFF:
        return _special(sign, mantissa)
    full = mantissa | (1 << digits if exponent else 0)
    return _made(sign, full, max(exponent, 1) - 16383 - digits)


def _special(sign: int, mantissa: int) -> float:
    return float("nan") if mantissa else (-1) ** sign * float("inf")


def _made(sign: int, mantissa: int, power: int) -> Exact:
    if mantissa == 0:
        return -0.0 if sign else 0.0
    value = Fraction(-mantissa if sign else mantissa) * Fraction(2) ** power
    try:
        near = float(value)
    except OverflowError:
        return value
    return near if Fraction(near) == value else value


def printed(value: Exact) -> str:
    """Return a number as the trace contract prints it; one that is no double with more digits."""
    if isinstance(value, Fraction):
        context = Context(prec=MORE_DIGITS)
        quotient = context.divide(Decimal(value.numerator), Decimal(value.denominator))
        return f"{quotient.normalize(context):e}"
    return "nan" if math.isnan(value) else f"{value:.{DIGITS}g}"


def whole_text(value: Exact) -> str | None:
    """Return a number that is whole as the contract prints it, None for another one."""
    if isinstance(value, float) and (not math.isfinite(value)):
        return None
    return str(int(value)) if value == int(value) else None
