"""Merging without images: sums over equivalents, Friedel pairs, crossings of a rotation, correlations."""

from __future__ import annotations

import math

import numpy as np
import pytest

from shots.merging.merge import (
    MergedReflections,
    agreement_with_truth,
    friedel_pairs,
    merge_reflections,
    true_intensities,
)
from shots.merging.rotation import full_reflections
from shots.merging.spots import SpotSums
from simulator.config import StructureFactors


def sums(rows: list[tuple[int, int, float]], zeta: float = 1.0) -> SpotSums:
    """Return sums of (h, shot, intensity), in any order."""
    h, shot, intensity = zip(*rows, strict=True)
    hkl = np.array([[index, 0, 0] for index in h], np.int64)
    return SpotSums(hkl, np.array(shot, np.int64), np.array(intensity), np.full(len(rows), zeta))


def table(seed: int = 3, symmetric: bool = False) -> StructureFactors:
    F = np.random.default_rng(seed).uniform(10.0, 100.0, (9, 9, 9))
    return StructureFactors(0.0, F.size, (F + F[::-1, ::-1, ::-1]) / 2.0 if symmetric else F, (-4, -4, -4))


def measured(factors: StructureFactors) -> MergedReflections:
    """Return a perfect measurement of a table in P1."""
    hkl = np.argwhere(np.ones(factors.table.shape, bool)) + np.array(factors.hkl_min)
    return MergedReflections(hkl, factors.table.ravel() ** 2, np.ones(len(hkl), np.int64))


def test_equivalents_are_summed_and_divided_by_their_shares() -> None:
    hkl = np.array([[3, 1, 2], [-3, -1, 2], [-3, -1, -2]])
    in_222 = merge_reflections(hkl, np.array([10.0, 30.0, 7.0]), np.array([0.5, 1.5, 0.1]), "222")
    assert dict(zip(map(tuple, in_222.hkl.tolist()), in_222.intensity, strict=True)) == pytest.approx(
        {(3, 1, 2): 20.0, (3, 1, -2): 70.0}
    )
    assert sorted(in_222.count.tolist()) == [1, 2]


def test_small_shares_give_no_reflection() -> None:
    merged = merge_reflections(np.array([[1, 0, 0]]), np.ones(1), np.zeros(1), "1")
    assert len(merged.hkl) == 0


def test_a_crossing_is_the_sum_over_consecutive_images() -> None:
    found = full_reflections(sums([(1, 4, 5.0), (1, 3, 1.0), (1, 7, 2.0), (2, 3, 9.0)]), 10)
    assert found.hkl[:, 0].tolist() == [1, 1, 2]
    assert found.intensity.tolist() == [6.0, 2.0, 9.0]


@pytest.mark.parametrize("rows", [[(1, 0, 5.0), (1, 1, 5.0)], [(1, 9, 5.0)], [(1, 8, 1.0), (1, 9, 1.0)]])
def test_a_crossing_that_the_series_cuts_is_left_out(rows: list[tuple[int, int, float]]) -> None:
    assert not len(full_reflections(sums(rows), 10).hkl)


def test_what_does_not_show_a_reflection_neither_joins_nor_cuts_crossings() -> None:
    rows = [(1, 0, 1e-6), (1, 2, 5.0), (1, 3, 1e-6), (1, 4, 5.0), (2, 5, 0.0)]
    assert full_reflections(sums(rows), 10).intensity.tolist() == [5.0, 5.0]


def test_slanting_crossings_are_left_out() -> None:
    assert not len(full_reflections(sums([(1, 3, 1.0)], zeta=0.05), 10).hkl)


def test_a_perfect_measurement_agrees() -> None:
    found = agreement_with_truth(measured(table()), table(), "1")
    assert (found.cc_intensity, found.cc_anomalous) == pytest.approx((1.0, 1.0))
    assert (found.reflections, found.pairs) == (9**3, (9**3 - 1) // 2)


def test_swapped_mates_are_seen_in_the_anomalous_correlation() -> None:
    factors = table()
    swapped = StructureFactors(0.0, 1, factors.table[::-1, ::-1, ::-1].copy(), factors.hkl_min)
    assert agreement_with_truth(measured(swapped), factors, "1").cc_anomalous == pytest.approx(-1.0)


def test_mates_that_do_not_differ_have_no_correlation() -> None:
    factors = table(symmetric=True)
    assert math.isnan(agreement_with_truth(measured(factors), factors, "1").cc_anomalous)
    assert agreement_with_truth(measured(factors), factors, "1").cc_intensity == pytest.approx(1.0)


def test_centric_reflections_have_no_mates() -> None:
    plus, minus = friedel_pairs(np.array([[2, 1, 0], [2, 1, 1], [2, 1, -1]]), "222")
    assert (plus.tolist(), minus.tolist()) == ([1], [2])


def test_the_truth_is_a_mean_over_equivalents_and_default_F_beyond_the_table() -> None:
    factors = table()
    hkl = np.array([[1, 2, 3], [9, 0, 0]])
    F = [factors.table[h + 4, k + 4, l + 4] for h, k, l in ((1, 2, 3), (-1, 2, -3))]
    assert true_intensities(hkl, factors, "2") == pytest.approx([(F[0] ** 2 + F[1] ** 2) / 2.0, 0.0])
