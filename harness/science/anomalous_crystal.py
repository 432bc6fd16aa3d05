"""The built-in crystal with anomalous scatterers: Friedel mates that differ, as a reflection list."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from golden_suite_generator.inputs.lysozyme import CELL, reflection_text
from golden_suite_generator.inputs.mixer import mixed_gaussian
from golden_suite_generator.inputs.reflections import hkl_text
from shots.merging.point_groups import group_operations, representatives

POINT_GROUP = "422"
ANOMALOUS_RMS = 0.05
"""Of the change of F of each mate, relative to F: a difference of 10 % rms between mates."""
ANOMALOUS_KEY = 71


def built_in_reflections(resolution_A: float, seed: int) -> str:
    """Return the lines `h k l F` of the built-in crystal up to a resolution, Friedel mates unlike.

    F of one mate is multiplied by 1 + g and of the other by 1 - g, g normal with `ANOMALOUS_RMS`, the
    same for all equivalents; centric reflections stay as they are.

    Args:
        resolution_A: reflections of smaller spacing are left out.
        seed: of the crystal and of the differences.
    """
    rows = np.array([line.split() for line in reflection_text(seed).splitlines()], np.float64)
    hkl = rows[:, :3].astype(np.int64)
    star = np.linalg.norm(hkl / np.array([CELL.a, CELL.b, CELL.c]), axis=1)
    near = star < 1.0 / resolution_A
    hkl, F = hkl[near], rows[near, 3]
    F = F * (1.0 + _anomalous_shares(hkl, seed))
    return hkl_text((h, k, l, value) for (h, k, l), value in zip(hkl.tolist(), F.tolist(), strict=True))


def _anomalous_shares(hkl: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Return g of each reflection, with the sign of its mate, 0 for centric ones."""
    operations = group_operations(POINT_GROUP)
    own, mate = (representatives(index, operations).tolist() for index in (hkl, -hkl))
    drawn: dict[tuple[int, ...], float] = {}
    shares = []
    for one, other in zip(own, mate, strict=True):
        pair = tuple(max(one, other))
        if pair not in drawn:
            drawn[pair] = ANOMALOUS_RMS * mixed_gaussian(seed, ANOMALOUS_KEY, *pair)
        sign = 0.0 if one == other else 1.0 if tuple(one) == pair else -1.0
        shares.append(sign * drawn[pair])
    return np.array(shares)
