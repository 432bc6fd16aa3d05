"""Where every random number of a plan comes from: a seed and a key, never anything else."""

from __future__ import annotations

import numpy as np


def keyed_generator(seed: int, key: tuple[int, ...]) -> np.random.Generator:
    """Return a generator of its own for a seed and a key: Philox, started by numpy's SeedSequence.

    Args:
        seed: 0 or more.
        key: whole numbers from 0 to 2^32 - 1; another key gives independent numbers.
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=key)))
