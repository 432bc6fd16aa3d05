"""Numbers from the bits that a debugger shows."""

from __future__ import annotations

import math
import struct
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trace_tools.debugger.bits import exact, printed, whole_text
from trace_tools.errors import DebuggerError

X86 = "i386:x86-64"


@settings(max_examples=200, deadline=None)
@given(st.integers(0, (1 << 64) - 1))
def test_every_double_survives_bit_for_bit(raw: int) -> None:
    value = exact(8, hex(raw), X86)
    text = printed(value)
    if math.isnan(value):
        assert text == "nan"
    else:
        assert struct.unpack(">Q", struct.pack(">d", float(text)))[0] == raw


@pytest.mark.parametrize(
    ("size", "bits", "machine", "value"),
    [
        (4, "0x3f800000", X86, 1.0),
        (4, "0x80000001", X86, -(2.0**-149)),
        (16, "0x3fff8000000000000000", X86, 1.0),
        (12, "0xbffe8000000000000000", "i386", -0.5),
        (16, "0x00000000000000000001", X86, Fraction(2) ** -16445),
        (16, "0x7fff8000000000000000", X86, math.inf),
        (16, "0x3fff0000000000000000000000000000", "aarch64", 1.0),
    ],
)
def test_other_types_are_read_exactly(size: int, bits: str, machine: str, value: float) -> None:
    assert exact(size, bits, machine) == value


def test_minus_zero_nan_and_long_double_are_printed() -> None:
    assert printed(exact(8, "0x8000000000000000", X86)) == "-0"
    assert printed(exact(16, "0x7fffc000000000000000", X86)) == "nan"
    third = exact(16, "0x3ffdaaaaaaaaaaaaaaab", X86)
    assert isinstance(third, Fraction)
    assert float(printed(third)) == float(third)
    assert abs(Fraction(printed(third)) - third) < Fraction(1, 10**35)


def test_whole_numbers_and_unknown_types() -> None:
    assert [whole_text(value) for value in (3.0, -0.0, 2.5, math.inf, math.nan)] == [
        "3",
        "0",
        None,
        None,
        None,
    ]
    with pytest.raises(DebuggerError, match=r"2 bytes on 'x'.*\(double\)x"):
        exact(2, "0x0", "x")
