"""Merging: equivalent reflections made one, Friedel mates kept apart, and held to the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shots.merging.point_groups import group_operations, representatives
from shots.merging.spots import HklRows, SpotValues
from simulator.config import StructureFactors

LEAST_PAIRS = 3
"""A correlation of fewer says nothing."""
SAME_F = 1e-6
"""Of the largest F; where no mates differ by more, there is no anomalous signal to find."""


@dataclass(frozen=True, eq=False)
class MergedReflections:
    """Reflections of which none is equivalent to another but by Friedel's law.

    Attributes:
        hkl: representatives [n, 3].
        intensity: [n].
        count: of the measurements that were merged [n].
    """

    hkl: HklRows
    intensity: SpotValues
    count: HklRows


def merge_reflections(
    hkl: HklRows, intensity: SpotValues, share: SpotValues, point_group: str, least_share: float = 0.0
) -> MergedReflections:
    """Return I = sum of intensities / sum of shares over the equivalents of each reflection.

    Args:
        hkl: of the measurements [n, 3].
        intensity: of the measurements, on one scale [n].
        share: of the full intensity that each measurement holds [n]: 1 for full reflections and for
            a plain mean, the partiality of partial ones.
        point_group: a key of `GENERATORS`.
        least_share: sums of shares that are not above it give no reflection.
    """
    found, places = np.unique(
        representatives(hkl, group_operations(point_group)), axis=0, return_inverse=True
    )
    places = places.ravel()
    sums, shares = (np.bincount(places, values, len(found)) for values in (intensity, share))
    count = np.bincount(places, minlength=len(found))
    kept = shares > least_share
    return MergedReflections(found[kept], sums[kept] / shares[kept], count[kept])


def true_intensities(hkl: HklRows, factors: StructureFactors, point_group: str) -> SpotValues:
    """Return F^2 of reflections, averaged over their equivalents, electrons^2.

    Args:
        hkl: [n, 3].
        factors: of the run; a reflection beyond its table has `default_F`.
        point_group: a key of `GENERATORS`.
    """
    operations = group_operations(point_group)
    total = np.zeros(len(hkl))
    for operation in operations:
        total += table_F(hkl @ operation.T, factors) ** 2
    return total / len(operations)


def table_F(hkl: HklRows, factors: StructureFactors) -> SpotValues:
    """Return F of reflections as the table has them, `default_F` beyond it."""
    places = hkl - np.array(factors.hkl_min)
    inside = ((places >= 0) & (places < np.array(factors.table.shape))).all(axis=1)
    found = np.full(len(hkl), float(factors.default_F))
    found[inside] = factors.table[tuple(places[inside].T)]
    return found


@dataclass(frozen=True)
class Agreement:
    """How merged intensities agree with the truth.

    Attributes:
        reflections: that were compared, Friedel mates apart.
        pairs: of Friedel mates that were compared.
        measurements: that went into them.
        cc_intensity: correlation of I with F^2; NaN for too few.
        cc_anomalous: correlation of the differences of mates, of sqrt(I) with those of F; NaN for too few.
    """

    reflections: int
    pairs: int
    measurements: int
    cc_intensity: float
    cc_anomalous: float


def agreement_with_truth(merged: MergedReflections, factors: StructureFactors, point_group: str) -> Agreement:
    """Return how merged intensities agree with the structure factors that the images were made of.

    Args:
        merged: of one crystal.
        factors: of the runs.
        point_group: a key of `GENERATORS`.
    """
    truth = true_intensities(merged.hkl, factors, point_group)
    plus, minus = friedel_pairs(merged.hkl, point_group)
    F_found, F_true = (np.sqrt(np.maximum(I, 0.0)) for I in (merged.intensity, truth))
    differences = F_true[plus] - F_true[minus]
    if np.abs(differences).max(initial=0.0) < SAME_F * F_true.max(initial=0.0):
        differences = np.zeros_like(differences)
    return Agreement(
        reflections=len(truth),
        pairs=len(plus),
        measurements=int(merged.count.sum()),
        cc_intensity=_correlation(merged.intensity, truth),
        cc_anomalous=_correlation(F_found[plus] - F_found[minus], differences),
    )


def friedel_pairs(hkl: HklRows, point_group: str) -> tuple[HklRows, HklRows]:
    """Return the places of Friedel mates among representatives; centric reflections have none.

    Args:
        hkl: representatives, each once [n, 3].
        point_group: a key of `GENERATORS`.
    """
    place = {tuple(index): n for n, index in enumerate(hkl.tolist())}
    mates = representatives(-hkl, group_operations(point_group)).tolist()
    pairs = [(n, place.get(tuple(mate), -1)) for n, mate in enumerate(mates)]
    plus, minus = np.array([pair for pair in pairs if pair[0] < pair[1]], np.int64).reshape(-1, 2).T
    return plus, minus


def _correlation(found: SpotValues, truth: SpotValues) -> float:
    """Return Pearson's coefficient, NaN for too few values or values that are all equal."""
    if len(found) < LEAST_PAIRS or np.ptp(found) == 0.0 or np.ptp(truth) == 0.0:
        return float("nan")
    return float(np.corrcoef(found, truth)[0, 1])
