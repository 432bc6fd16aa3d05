"""Rotations of a crystal that leave intensities as they are: the eleven groups without mirrors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Operation = tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]
"""Turns indices: rows give h', k', l' of (h, k, l)."""
TWO_C: Operation = ((-1, 0, 0), (0, -1, 0), (0, 0, 1))
TWO_B: Operation = ((-1, 0, 0), (0, 1, 0), (0, 0, -1))
TWO_AB: Operation = ((0, 1, 0), (1, 0, 0), (0, 0, -1))
FOUR_C: Operation = ((0, -1, 0), (1, 0, 0), (0, 0, 1))
THREE_C: Operation = ((0, 1, 0), (-1, -1, 0), (0, 0, 1))
THREE_ABC: Operation = ((0, 1, 0), (0, 0, 1), (1, 0, 0))
GENERATORS: Mapping[str, tuple[Operation, ...]] = {
    "1": (), "2": (TWO_B,), "222": (TWO_C, TWO_B), "4": (FOUR_C,), "422": (FOUR_C, TWO_B), "3": (THREE_C,),
    "32": (THREE_C, TWO_AB), "6": (THREE_C, TWO_C), "622": (THREE_C, TWO_C, TWO_AB),
    "23": (TWO_C, TWO_B, THREE_ABC), "432": (FOUR_C, TWO_B, THREE_ABC),
}  # fmt: skip
"""Of each point group: the axis of 2 along b, those of 3, 4, 6 along c, hexagonal axes for 3 and 6."""


def group_operations(name: str) -> NDArray[np.int64]:
    """Return all rotations of a point group [n, 3, 3], the identity first.

    Args:
        name: a key of `GENERATORS`.
    """
    found = [np.eye(3, dtype=np.int64)]
    generators = [np.array(generator, np.int64) for generator in GENERATORS[name]]
    for operation in found:  # grows while it is read
        for generator in generators:
            product = generator @ operation
            if not any((product == known).all() for known in found):
                found.append(product)
    return np.array(found)


def representatives(hkl: NDArray[np.int64], operations: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return of each reflection the one of its equivalents that comes last in the order of h, k, l.

    Args:
        hkl: [n, 3].
        operations: of the group [m, 3, 3].
    """
    equivalents = np.einsum("mij,nj->mni", operations, hkl)
    best = equivalents[0]
    for candidate in equivalents[1:]:
        better = _after(candidate, best)
        best = np.where(better[:, None], candidate, best)
    return np.asarray(best, np.int64)


def _after(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return where rows of the first come behind those of the second."""
    h, k, l = (first - second).T
    return np.asarray(np.where(h != 0, h > 0, np.where(k != 0, k > 0, l > 0)), np.bool_)
