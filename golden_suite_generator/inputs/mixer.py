"""Reproducible pseudo-random numbers: a 64-bit integer mixer, the same on every machine and Python."""

from __future__ import annotations

WORD = (1 << 64) - 1
INCREMENT = 0x9E3779B97F4A7C15
ROUNDS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


def mixed(*keys: int) -> int:
    """Return a 64-bit word that depends on all keys and their order (splitmix64, one step a key).

    Args:
        keys: integers of either sign, taken modulo 2^64.

    Returns:
        An integer in [0, 2^64).
    """
    word = INCREMENT
    for key in keys:
        word = (word + key + INCREMENT) & WORD
        for shift, factor in ROUNDS:
            word = ((word ^ (word >> shift)) * factor) & WORD
        word ^= word >> 31
    return word


def fraction(*keys: int) -> float:
    """Return the number in [0, 1) that belongs to the keys: the mixed word divided by 2^64."""
    return mixed(*keys) / 2.0**64


def mixed_gaussian(*keys: int) -> float:
    """Return a nearly normal deviate (mean 0, width 1): the sum of twelve fractions, less six.

    Only sums are used, so the value does not depend on a mathematical library.
    """
    return sum(fraction(*keys, draw) for draw in range(12)) - 6.0
