"""Reflections of a rotation series: sums over the images in which each crosses the Ewald sphere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shots.merging.spots import HklRows, RayMaps, SpotSums, SpotValues

LEAST_ZETA = 0.1
"""Reflections that cross the Ewald sphere more slantingly than this about the spindle are left out."""
LEAST_SHARE = 1.0 / 10_000
"""Of the brightest image of a reflection, below which an image does not show it."""


def rotation_weights(maps: RayMaps) -> SpotValues:
    """Return what makes photons of pixels the full intensity of a rotated reflection: Lorentz / polarization.

    A rotation sweeps the volume |u.(d x i)| dOmega dphi of reciprocal space, in units of 1/lambda^3.
    """
    return maps.lorentz / maps.polar


def full_reflections(sums: SpotSums, images: int) -> SpotSums:
    """Return the reflections that crossed the Ewald sphere from one side to the other during a series.

    Args:
        sums: of all images, weighted by `rotation_weights`.
        images: in the series.

    Returns:
        One row a crossing; those that the first or the last image shows are partial and left out.
    """
    order = np.lexsort((sums.shot, *sums.hkl.T))
    sums = _shown(sums.chosen(order))
    if not len(sums.shot):
        return sums
    apart = _differs(sums.hkl) | np.concatenate([[False], np.diff(sums.shot) > 1])
    begins = np.flatnonzero(apart)
    ends = np.concatenate([begins[1:], [len(sums.shot)]]) - 1
    total, slant = (np.add.reduceat(part, begins) for part in (sums.intensity, sums.intensity * sums.zeta))
    crossings = SpotSums(sums.hkl[begins], sums.shot[begins], total, slant / total)
    whole = (sums.shot[begins] > 0) & (sums.shot[ends] < images - 1)
    return crossings.chosen(whole & (crossings.zeta >= LEAST_ZETA))


def _differs(hkl: HklRows) -> NDArray[np.bool_]:
    """Return which rows differ from the row before; the first one does."""
    changed: NDArray[np.bool_] = (hkl[1:] != hkl[:-1]).any(axis=1)
    return np.concatenate([np.ones(min(1, len(hkl)), np.bool_), changed])


def _shown(sums: SpotSums) -> SpotSums:
    """Return the rows of sorted sums in which an image shows a reflection."""
    groups = np.cumsum(_differs(sums.hkl)) - 1
    brightest = np.zeros(len(sums.shot))
    np.maximum.at(brightest, groups, sums.intensity)
    return sums.chosen(sums.intensity > LEAST_SHARE * brightest[groups])
