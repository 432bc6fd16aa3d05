"""Metrics against values that are known by construction."""

import math
import time

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.images.metrics import (
    compare_pixels,
    correlation_shortfall,
    float32_distance,
    own_differences,
    ulp_histogram,
)
from harness.tracing.choice import Compared, worst_pixels


@pytest.fixture
def image():
    return np.random.default_rng(7).gamma(0.5, 10.0, (40, 50)).astype(np.float32)


def test_equal_images_have_no_difference_at_all(image):
    m = compare_pixels(image, image.copy())
    assert (m.correlation, m.correlation_shortfall, m.sum_ratio, m.bitwise_equal_fraction) == (
        1.0,
        0.0,
        1.0,
        1.0,
    )
    assert (m.rmse, m.max_abs_diff, m.ulp_histogram[0].count) == (0.0, 0.0, image.size)


def test_correlation_is_pearsons(image):
    other = np.roll(image, 3, axis=1)
    expected = np.corrcoef(image.ravel().astype(float), other.ravel().astype(float))[0, 1]
    # numpy's own formula rounds at about 1e-15
    assert compare_pixels(image, other).correlation == pytest.approx(expected, abs=1e-13)


def test_shortfall_resolves_what_correlation_cannot(image):
    """For x + e with small e independent of x, 1 - r = var(e) / (2 var(x)), here far below 1e-16."""
    x = image.astype(np.float64)
    e = 1e-10 * np.random.default_rng(3).standard_normal(x.shape)
    # 2000 samples: a chance correlation of x and e changes the variance by a few percent
    assert correlation_shortfall(x, x + e) == pytest.approx(e.var() / (2.0 * x.var()), rel=0.05)


def test_shortfall_survives_a_large_offset(image):
    x = image.astype(np.float64)
    assert correlation_shortfall(x + 1e6, x + 1e6) == 0.0


def test_constant_image_has_no_correlation(image):
    assert correlation_shortfall(np.ones((3, 3)), image[:3, :3].astype(float)) is None


def test_largest_difference_and_its_place(image):
    other = image.copy()
    other[7, 9] += np.float32(500.0)
    m = compare_pixels(image, other, origin=(100, 200))
    assert m.max_abs_diff_at == (107, 209)
    assert m.max_diff_of_max == pytest.approx(500.0 / float(image.max()), rel=1e-6)  # float32 sum
    assert m.rmse == pytest.approx(m.max_abs_diff / math.sqrt(image.size), rel=1e-12)
    assert m.bitwise_equal_fraction == 1.0 - 1.0 / image.size


def test_sums_are_float64():
    first = np.full((1000, 1000), 0.1, dtype=np.float32)
    first[0, 0] = 0.2
    # float32 sums would be off by 1e-4 or more
    assert compare_pixels(first, first).sum_first == pytest.approx(first.astype(float).sum(), rel=1e-12)


def test_ulp_distance_counts_float32_steps_across_zero():
    tiny = np.float32(1e-45)
    first = np.array([[1.0, 1.0, -0.0, tiny]], dtype=np.float32)
    second = np.array([[np.nextafter(np.float32(1), np.float32(2)), 1.0, 0.0, -tiny]], dtype=np.float32)
    assert float32_distance(first, second).tolist() == [[1, 0, 0, 2]]


def test_ulp_histogram_bins_are_complete_and_disjoint():
    bins = ulp_histogram(np.array([0, 1, 2, 3, 4, 5, 65536, 65537, 2**32], dtype=np.int64))
    counts = {(b.low, b.high): b.count for b in bins}
    assert sum(counts.values()) == 9
    assert [counts[key] for key in ((0, 0), (1, 1), (2, 2), (3, 4), (5, 8), (65537, None))] == [
        1,
        1,
        1,
        2,
        1,
        2,
    ]


def test_relative_difference_looks_at_bright_pixels_only(image):
    dim = image < 1e-3 * image.max()
    other = np.where(dim, image * 2.0, image * np.float32(1.0 + 2.0**-10)).astype(np.float32)
    m = compare_pixels(image, other)
    assert m.bright_pixels == image.size - int(dim.sum())
    # float32 rounding of the product: 2^-24
    assert all(value == pytest.approx(2.0**-10, abs=2.0**-23) for _, value in m.bright_relative_diff)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite_pixels_are_refused(image, bad):
    other = image.copy()
    other[0, 0] = bad
    with pytest.raises(HarnessError, match="NaN or infinity"):
        compare_pixels(image, other)


def test_other_shape_or_nothing_is_refused(image):
    with pytest.raises(HarnessError, match="shapes"):
        compare_pixels(image, image[:3])
    with pytest.raises(HarnessError, match="shapes"):
        compare_pixels(image[:0], image[:0])


def test_whole_detector_takes_seconds_not_minutes():
    first = np.random.default_rng(1).gamma(0.1, 1.0, (2527, 2463)).astype(np.float32)
    start = time.process_time()
    compare_pixels(first, first * np.float32(1.001))
    assert time.process_time() - start < 60.0


def test_own_differences_are_parts_of_the_larger_value():
    first = np.array([[1e9, 2.0, 0.0, np.nan, np.nan, 1e-25, 3.0]])
    second = np.array([[1e9, 1.0, 5e-3, np.nan, 1.0, 0.0, -3.0]])
    assert own_differences(first, second).tolist() == [[0.0, 0.5, 1.0, 0.0, np.inf, 0.0, 2.0]]


def test_the_worst_pixels_are_those_farthest_off_in_parts_of_their_own_value():
    first = np.full((4, 5), 1000.0, np.float32)
    first[3, 4] = 1e-3
    second = first.copy()
    second[0, 0] += 1.0
    second[3, 4] *= 2.0
    compared = Compared((), None, "c-parity", (first, second), (slice(None), slice(None)))
    assert worst_pixels(compared, 2) == ((3, 4), (0, 0))
