"""Arithmetics in which a program may compute, and what single precision leaves open beside its rounding."""

from __future__ import annotations

from collections.abc import Mapping

DOUBLE = "float64"
_UP_TO_SIGN = frozenset({"F_latt_a", "F_latt_b", "F_latt_c", "F_latt"})
# taps that are compared as magnitudes: only their squares count, and single precision reduces N*h modulo 1
SIGNS_OPEN: Mapping[str, frozenset[str]] = {
    DOUBLE: frozenset(),
    "mixed": _UP_TO_SIGN,
    "float32": _UP_TO_SIGN,
}
ARITHMETICS = tuple(SIGNS_OPEN)
