"""Spots that were put into an image are found where they were put, and matched one to one."""

import numpy as np
import pytest

from harness.images.peaks import compare_peaks, find_spots, match_spots

SHAPE = (120, 150)


def spots_at(places, height=100.0, width_px=1.0):
    slow, fast = np.indices(SHAPE, dtype=np.float64)
    image = np.zeros(SHAPE)
    for s, f in places:
        image += height * np.exp(-((slow - s) ** 2 + (fast - f) ** 2) / (2.0 * width_px**2))
    return image.astype(np.float32)


PLACES = [(20.0, 30.0), (60.3, 40.6), (80.8, 120.2), (100.0, 70.5)]


def test_spots_are_found_at_their_centroids():
    found = find_spots(spots_at(PLACES), floor=1.0)
    assert found.count == len(PLACES)
    # a window of 5 px cuts the wings of a spot whose centre lies between pixels
    assert found.places_px == pytest.approx(np.array(PLACES), abs=0.1)


def test_moved_spot_is_measured():
    moved = [(s, f + 0.25) for s, f in PLACES]
    peaks = compare_peaks(spots_at(PLACES), spots_at(moved))
    assert peaks.matched == len(PLACES)
    # the cut window takes off up to a fifth of the movement
    assert 0.18 < peaks.mean_distance_px <= peaks.max_distance_px < 0.3


def test_rounding_moves_nothing():
    first = spots_at(PLACES)
    noise = 1.0 + 1e-7 * np.random.default_rng(2).standard_normal(SHAPE)
    peaks = compare_peaks(first, (first * noise).astype(np.float32))
    assert peaks.mean_distance_px < 1e-5
    assert peaks.unmatched_first == peaks.unmatched_second == ()


def test_equal_neighbours_are_one_spot_whichever_rounding_makes_larger():
    """A spot centred between two pixels: the last bit decides which of them is the maximum."""
    first = spots_at([(40.5, 50.5)])
    second = first.copy()
    second[41, 51] = np.nextafter(second[41, 51], np.float32(np.inf))
    second[40, 50] = np.nextafter(second[40, 50], np.float32(0.0))
    peaks = compare_peaks(first, second)
    assert (peaks.count_first, peaks.count_second, peaks.matched) == (1, 1, 1)
    assert peaks.max_distance_px < 1e-5


def test_missing_and_extra_spots_are_named_with_their_place():
    peaks = compare_peaks(spots_at(PLACES), spots_at([*PLACES[1:], (30.0, 100.0)]), origin=(1000, 2000))
    assert [(p.slow_px, p.fast_px) for p in peaks.unmatched_first] == [(1020.0, 2030.0)]
    assert [(p.slow_px, p.fast_px) for p in peaks.unmatched_second] == [(1030.0, 2100.0)]


def test_spot_at_the_floor_is_not_unmatched_because_of_rounding():
    first = spots_at([(20.0, 30.0)], height=1000.0) + spots_at([(60.0, 90.0)], height=1.0)
    second = first.copy()
    second[50:70, 80:100] *= np.float32(1.0 - 1e-4)
    peaks = compare_peaks(first, second, floor_of_max=1e-3)
    assert (peaks.count_first, peaks.count_second) == (2, 1)
    assert (peaks.matched, peaks.unmatched_first) == (2, ())


def test_a_spot_counts_however_dim_it_is_beside_the_brightest():
    first = spots_at([(20.0, 30.0)], height=1e6) + spots_at([(60.0, 90.0)], height=1e-3)
    second = spots_at([(20.0, 30.0)], height=1e6)
    peaks = compare_peaks(first, second)
    assert (peaks.count_first, peaks.count_second) == (2, 1)
    assert [(p.slow_px, p.fast_px) for p in peaks.unmatched_first] == [(60.0, 90.0)]


def test_smooth_background_has_no_spots():
    slow, fast = np.indices(SHAPE, dtype=np.float64)
    hill = np.exp(-((slow - 60.0) ** 2 + (fast - 75.0) ** 2) / 5000.0).astype(np.float32)
    assert not compare_peaks(hill, hill).compared


def test_spots_cut_by_the_border_are_left_out():
    assert find_spots(spots_at([(0.0, 50.0), (119.0, 149.0)]), floor=1.0).count == 0


def test_matching_is_one_to_one_and_best_in_total():
    first = np.array([[0.0, 0.0], [0.0, 1.0]])
    second = np.array([[0.0, 0.9], [0.0, 2.0]])
    pairs, distance_px = match_spots(first, second, gate_px=2.0)
    assert sorted(map(tuple, pairs.tolist())) == [(0, 0), (1, 1)]
    assert sorted(distance_px) == pytest.approx([0.9, 1.0])


def test_nothing_is_matched_beyond_the_gate():
    pairs, _ = match_spots(np.array([[0.0, 0.0]]), np.array([[0.0, 2.5]]), gate_px=2.0)
    assert len(pairs) == 0


def test_coinciding_places_match_at_distance_zero():
    places = np.array(PLACES)
    pairs, distance_px = match_spots(places, places[::-1].copy(), gate_px=2.0)
    assert len(pairs) == len(places)
    assert distance_px.tolist() == [0.0] * len(places)


def test_matching_agrees_with_the_dense_hungarian_method():
    from scipy.optimize import linear_sum_assignment

    rng = np.random.default_rng(5)
    first, second = rng.uniform(0, 12, (30, 2)), rng.uniform(0, 12, (30, 2))
    cost = np.linalg.norm(first[:, None] - second[None], axis=2)
    penalised = np.where(cost <= 2.0, cost, 1e4)
    chosen = penalised[linear_sum_assignment(penalised)]
    _, distance_px = match_spots(first, second, gate_px=2.0)
    assert len(distance_px) == int((chosen < 1e4).sum())
    assert distance_px.sum() == pytest.approx(chosen[chosen < 1e4].sum(), rel=1e-12)
