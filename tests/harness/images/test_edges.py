"""Edges of the comparison of images: both signs, the last row and column, one side, the smallest region."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.images.compare import ImageRequest, Region, compare_images
from harness.images.judgement import PUBLISHED, STRICT, judge_images
from harness.images.metrics import compare_pixels
from harness.images.peaks import RADIUS_PX, compare_peaks, find_spots
from system_io.verdict_words import Word


@pytest.fixture
def image():
    slow, fast = np.indices((24, 30), dtype=np.float64)
    spot = np.exp(-((slow - 12) ** 2 + (fast - 15) ** 2) / 3.0) * 100.0
    return (spot + 1.0 + 0.01 * fast).astype(np.float32)


def word(first, second, region=None, **made):
    return compare_images(first, second, region, made=ImageRequest(**made)).verdict.word


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_brighter_and_darker_pixels_differ_alike(image, sign):
    other = image.copy()
    other[3, 4] += np.float32(sign * 0.5)
    m = compare_pixels(image, other, own_bound=1e-7)
    assert m.max_abs_diff == pytest.approx(0.5, rel=1e-6)  # float32 sum
    assert m.max_abs_diff_at == m.own.worst_at == (3, 4)
    assert m.sum_difference == pytest.approx(sign * 0.5 / image.sum(dtype=np.float64), rel=1e-6)
    assert (m.own.outside, m.own.outside_allowed) == (1, 1)
    assert m.own.unequal_fraction == 1.0 / image.size


def test_largest_difference_is_told_in_parts_of_the_largest_magnitude(image):
    other = -image
    other[0, 0] += np.float32(1.0)
    assert compare_pixels(-image, other).max_diff_of_max == pytest.approx(1.0 / float(image.max()), rel=1e-6)


def test_a_pixel_is_told_in_parts_of_the_larger_of_both_values(image):
    other = image.copy()
    other[3, 4] = 4.0 * image[3, 4]
    for pair in ((image, other), (other, image)):
        assert compare_pixels(*pair).own.worst == pytest.approx(0.75, rel=1e-6)


def test_what_was_left_out_is_allowed_no_further(image):
    other = image.copy()
    other[3, 4] += np.float32(0.5)
    for share, allowed in ((0.6, 0), (0.4, 1)):
        m = compare_pixels(image, other, left_out_of_max=share / float(image.max()), own_bound=1e-7)
        assert m.own.outside_allowed == allowed


@pytest.mark.parametrize("place", [(0, 0), (0, 29), (23, 0), (23, 29), (12, 29), (23, 15)])
def test_each_corner_row_and_column_is_compared(image, place):
    other = image.copy()
    other[place] *= np.float32(1.01)
    assert word(image, other) is Word.FAIL
    assert word(image, other, Region(0, 29, 0, 23)) is Word.FAIL


@pytest.mark.parametrize("value", [0.0, 5.0, -5.0, np.nan, np.inf, -np.inf])
def test_image_without_contrast_or_numbers_is_never_compared(image, value):
    bad = np.full_like(image, value)
    assert word(bad, bad) is Word.NOT_COMPARABLE
    assert word(image, bad) is word(bad, image) is Word.FAIL


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_bad_pixel_on_one_side_fails_and_on_both_says_nothing(image, value):
    bad = image.copy()
    bad[3, 4] = value
    assert word(image, bad) is word(bad, image) is Word.FAIL
    assert word(bad, bad) is Word.NOT_COMPARABLE


def test_nine_pixels_are_compared_and_eight_are_not(image):
    assert word(image, image, Region(14, 16, 11, 13)) is Word.PASS
    assert word(image, image, Region(14, 17, 11, 12)) is Word.NOT_COMPARABLE


def test_pixels_that_were_not_computed_are_not_compared(image):
    other = image.copy()
    other[20:] = 7.0
    assert word(image, other) is Word.FAIL
    assert word(image, other, executed=Region(0, 29, 0, 19)) is Word.PASS
    assert word(image, other, executed=Region(0, 29, 0, 20)) is Word.FAIL


def spot_at(slow, fast, height=100.0):
    rows, columns = np.indices((40, 50), dtype=np.float64)
    return (height * np.exp(-((rows - slow) ** 2 + (columns - fast) ** 2) / 2.0)).astype(np.float32)


@pytest.mark.parametrize(
    "place", [(RADIUS_PX, 20), (39 - RADIUS_PX, 20), (20, RADIUS_PX), (20, 49 - RADIUS_PX)]
)
def test_spot_whose_window_just_fits_is_found(place):
    assert find_spots(spot_at(*place), floor=1.0).count == 1
    step = np.sign(np.array([19.5, 24.5]) - place) * (np.array(place) != 20)
    assert find_spots(spot_at(*(np.array(place) - step)), floor=1.0).count == 0


def test_floor_of_the_peaks_is_that_of_the_first_image():
    first = spot_at(10, 10) + spot_at(25, 30, 20.0)
    second = first.copy()
    second[35, 45] = 1e4
    peaks = compare_peaks(first, second, floor_of_max=0.1)
    assert (peaks.count_first, peaks.count_second, len(peaks.unmatched_second)) == (2, 3, 1)


def test_centre_of_a_spot_does_not_depend_on_the_background():
    found = [
        find_spots(spot_at(20, 20.4) + np.float32(level), floor=1.0).places_px[0] for level in (0.0, 50.0)
    ]
    assert found[0] == pytest.approx(found[1], abs=1e-4)  # float32 of the sum


@pytest.mark.parametrize("part", [1.0 - 1e-6, 1.0 + 1e-6])
def test_sums_have_a_bound_on_both_sides(image, part):
    measured = compare_pixels(image, image), compare_peaks(image, image)
    metrics = replace(measured[0], sum_difference=1.5 * (part - 1.0))
    assert judge_images(metrics, measured[1], STRICT).word is Word.FAIL
    assert judge_images(metrics, measured[1], PUBLISHED).word is Word.LOOSENED


def test_nothing_that_can_be_judged_is_not_comparable(image):
    metrics, peaks = compare_pixels(image, image), compare_peaks(image[:4], image[:4])
    open_bounds = replace(PUBLISHED, correlation_min=None)
    assert judge_images(metrics, peaks, open_bounds).word is Word.PASS  # the sums are still judged
