"""The spots of a shot: each reflection on each panel, where its photons fell and how many they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shots.truth.pixel_shares import PixelShares, hkl_of


@dataclass(frozen=True, eq=False)
class SpotList:
    """Spots by panel, lattice and indices, one a row of each column [n].

    Attributes:
        panel: number of the panel.
        lattice: number of the crystal.
        hkl: Miller indices, int32 [n, 3].
        fast: middle of the photons, in pixels from the outer corner of the panel.
        slow: the same along the slow axis.
        photons: of the noise-free image that belong to the reflection, without background.
        pixels: how many of them it fell on.
    """

    panel: NDArray[np.int32]
    lattice: NDArray[np.int32]
    hkl: NDArray[np.int32]
    fast: NDArray[np.float64]
    slow: NDArray[np.float64]
    photons: NDArray[np.float64]
    pixels: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.photons)


def spot_list(shares: Sequence[Sequence[PixelShares]], least_photons: float = 0.0) -> SpotList:
    """Return the spots of a shot.

    Args:
        shares: of each panel, of each lattice.
        least_photons: of a spot that is listed.
    """
    found = [
        _spots_of(one, panel, lattice)
        for panel, lattices in enumerate(shares)
        for lattice, one in enumerate(lattices)
    ]
    columns = [np.concatenate(column) for column in zip(*found, strict=True)]
    bright = columns[5] >= least_photons
    return SpotList(*(column[bright] for column in columns))


def _spots_of(shares: PixelShares, panel: int, lattice: int) -> tuple[NDArray[np.generic], ...]:
    """Return the columns of `SpotList` of one lattice on one panel."""
    keys, which = np.unique(shares.keys, return_inverse=True)
    slow, fast = np.divmod(shares.places, shares.shape[1])
    photons = np.bincount(which, shares.photons, len(keys))
    middles = [
        np.divide(
            np.bincount(which, shares.photons * (numbers + 0.5), len(keys)),
            photons,
            out=np.zeros(len(keys)),
            where=photons > 0.0,
        )
        for numbers in (fast, slow)
    ]
    pixels = np.bincount(which, minlength=len(keys)).astype(np.int32)
    whose = (np.full(len(keys), number, np.int32) for number in (panel, lattice))
    return (*whose, hkl_of(keys), *middles, photons, pixels)
