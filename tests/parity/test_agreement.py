"""The comparisons of these tests fail when they should: seeded faults in otherwise equal images."""

from __future__ import annotations

import numpy as np
import pytest

from golden_suite_generator.cases import load_cases
from tests.parity.agreement import assert_counts_equal, assert_floats_agree

CASE = next(case for case in load_cases() if case.id == "roty-mosflm")
IMAGE = np.linspace(0.0, 200.0, 48).reshape(6, 8)


def changed(slow: int, fast: int, by: float) -> np.ndarray:
    image = IMAGE.copy()
    image[slow, fast] += by
    return image


def test_equal_images_agree() -> None:
    assert_floats_agree(CASE, "same", IMAGE, IMAGE.copy())
    assert_floats_agree(CASE, "rounding", IMAGE, changed(1, 2, 1.9e-5))


@pytest.mark.parametrize("by", [2.1e-5, -2.1e-5, np.inf, np.nan])
def test_one_wrong_pixel_is_named_with_the_options(by: float) -> None:
    with pytest.raises(AssertionError, match=r"roty-mosflm\[-detector_roty\].*pixel \[4,3\]"):
        assert_floats_agree(CASE, "fault", IMAGE, changed(4, 3, by))


def test_nan_in_the_expected_image_is_no_agreement() -> None:
    image = changed(0, 0, np.nan)
    with pytest.raises(AssertionError, match="not finite"):
        assert_floats_agree(CASE, "fault", image, image)


def test_another_shape_is_no_agreement() -> None:
    with pytest.raises(AssertionError, match="shape"):
        assert_floats_agree(CASE, "fault", IMAGE, IMAGE[:, :-1])
    with pytest.raises(AssertionError, match="shape"):
        assert_counts_equal(CASE, "fault", IMAGE.astype(np.uint16), IMAGE.T.astype(np.uint16))


def test_one_count_too_many_is_counted() -> None:
    counts = IMAGE.astype(np.uint16)
    wrong = counts.copy()
    wrong[2, 5] += 1
    assert_counts_equal(CASE, "same", counts, counts.copy())
    with pytest.raises(AssertionError, match=r"1 of 48 pixels differ, first \(2, 5\)"):
        assert_counts_equal(CASE, "fault", counts, wrong)
