"""Reflection lists and dump files with made-up amplitudes, for the small input files of the suite."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from itertools import product

from golden_suite_generator.inputs.mixer import fraction, mixed

Reflection = tuple[int, int, int, float]
FEW = (
    (0, 0, 0), (1, 0, 0), (0, 2, 0), (0, 0, 3), (-1, 1, 0), (2, -1, 1), (-2, 0, -3), (1, 1, -1), (-1, -2, 2),
)  # fmt: skip
DUMP_LIMIT = 6


def amplitude(h: int, k: int, l: int, seed: int) -> float:
    """Return a smooth made-up amplitude with noise on it, without any symmetry.

    F = E (0.55 + 0.14 S + 0.15 (u - 1/2)), E = 20 + 110 exp(-(h^2 + k^2 + l^2)/160), S a sum of three sines
    with phases that the seed gives; F(0,0,0) = 420 + 10 seed.

    Args:
        h, k, l: Miller indices.
        seed: which table.

    Returns:
        The amplitude in electrons, above 0.
    """
    if not (h or k or l):
        return 420.0 + 10.0 * seed
    phase = [2.0 * math.pi * fraction(seed, 100 + number) for number in range(4)]
    waves = (
        math.sin(0.83 * h + 0.31 * k - 0.27 * l + phase[0])
        + math.sin(0.45 * k - 0.71 * l + phase[1] + 0.6 * math.sin(0.5 * h + phase[2]))
        + math.sin(0.62 * l + 0.39 * h + phase[3])
    )
    envelope = 20.0 + 110.0 * math.exp(-(h * h + k * k + l * l) / 160.0)
    return envelope * (0.55 + 0.14 * waves + 0.15 * (fraction(seed, 7, h, k, l) - 0.5))


def hkl_text(reflections: Iterable[Reflection]) -> str:
    """Return the lines `h k l F` of an hkl file, F with two decimals (spec 05 section 2)."""
    return "".join(f"{h:4d}{k:4d}{l:4d} {F:9.2f}\n" for h, k, l, F in reflections)


def box(h_limit: int, k_limit: int, l_limit: int, seed: int) -> list[Reflection]:
    """Return every reflection with indices of at most the limits in size, l fastest."""
    axes = (range(-limit, limit + 1) for limit in (h_limit, k_limit, l_limit))
    return [(h, k, l, amplitude(h, k, l, seed)) for h, k, l in product(*axes)]


def sparse(seed: int) -> list[Reflection]:
    """Return a shuffled list with gaps, repeats (the later counts), one zero and one negative F."""
    kept = [
        (h, k, l, amplitude(h, k, l, seed + 50))
        for h, k, l in product(range(-7, 9), range(-9, 0), range(-10, 7))
        if fraction(seed, 21, h, k, l) >= 0.30
    ]
    keys = {row: mixed(seed, 22, number) for number, row in enumerate(kept)}
    rows = sorted(kept, key=keys.__getitem__)
    repeated = [(h, k, l, 0.5 * F + 11.0) for h, k, l, F in rows[5::8]]
    zero, turned = rows[7], rows[9]
    return [*rows, *repeated, (*zero[:3], 0.0), (*turned[:3], -turned[3])]


def few(seed: int) -> list[Reflection]:
    """Return nine reflections around the origin; the corners of their range are missing."""
    return [(h, k, l, amplitude(h, k, l, seed + 70)) for h, k, l in FEW]


def dump_bytes(seed: int) -> bytes:
    """Return a structure-factor dump of |h|, |k|, |l| <= 6 with its extra last planes (spec 05 section 3).

    The first amplitude is 24: the first byte of that double is no white space, which a reader might skip.
    """
    span = range(-DUMP_LIMIT, DUMP_LIMIT + 2)
    values = [
        0.0 if max(h, k, l) > DUMP_LIMIT else round(amplitude(h, k, l, seed + 90), 2)
        for h, k, l in product(span, repeat=3)
    ]
    values[0] = 24.0
    head = " ".join(str(bound) for bound in (-DUMP_LIMIT, DUMP_LIMIT) * 3)
    return f"{head}\n\f".encode("ascii") + struct.pack(f"<{len(values)}d", *values)
