"""Labels of pixels: the reflection that gave most, of which lattice, and its share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shots.truth.pixel_shares import PixelShares, hkl_of

NO_INDEX = np.iinfo(np.int32).min
"""Miller index of a pixel without a label, which `predicted_reflections` has for one that is not computed."""
NO_LATTICE = -1


@dataclass(frozen=True, eq=False)
class PixelLabels:
    """What the pixels of a panel show most of.

    Attributes:
        hkl: Miller indices, int32 [3, slow, fast], `NO_INDEX` where nothing was looked at or nothing shows.
        lattice: number of the crystal, int16 [slow, fast], `NO_LATTICE` there.
        share: of the photons of the pixel, float32 [slow, fast], 0 there.
    """

    hkl: NDArray[np.int32]
    lattice: NDArray[np.int16]
    share: NDArray[np.float32]


def label_pixels(shares: Sequence[PixelShares], photons: NDArray[np.floating]) -> PixelLabels:
    """Return the strongest reflection of each pixel.

    Args:
        shares: of one panel, one for each lattice.
        photons: of the pixels, all lattices and backgrounds together [slow, fast].
    """
    count = photons.size
    hkl = np.full((count, 3), NO_INDEX, np.int32)
    lattice = np.full(count, NO_LATTICE, np.int16)
    most = np.zeros(count)
    for number, one in enumerate(shares):
        strongest = _strongest(one)
        places = one.places[strongest]
        better = one.photons[strongest] > most[places]
        places, chosen = places[better], strongest[better]
        hkl[places], lattice[places], most[places] = hkl_of(one.keys[chosen]), number, one.photons[chosen]
    flat = photons.astype(np.float64).ravel()
    share = np.divide(most, flat, out=np.zeros(count), where=flat > 0.0)
    shape = photons.shape
    return PixelLabels(
        np.moveaxis(hkl.reshape(*shape, 3), -1, 0),
        lattice.reshape(shape),
        share.reshape(shape).astype(np.float32),
    )


def _strongest(shares: PixelShares) -> NDArray[np.int64]:
    """Return the number of the entry with most photons of each pixel; of equal ones that of the least key."""
    order = np.lexsort((shares.keys, -shares.photons, shares.places))
    places = shares.places[order]
    first = np.ones(len(places), bool)
    first[1:] = places[1:] != places[:-1]
    return np.asarray(order[first], np.int64)
