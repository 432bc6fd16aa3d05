"""Each bound decides alone; nothing compared is never a pass."""

from dataclasses import replace

import numpy as np
import pytest

from harness.images.compare import Region, compare_images
from harness.images.judgement import PUBLISHED, STRICT, judge_images
from harness.images.metrics import compare_pixels
from harness.images.peaks import UnmatchedSpot, compare_peaks
from harness.verdict import State
from system_io.verdict_words import Word

EXIT = {
    Word.PASS: 0,
    Word.ROUNDING: 0,
    Word.LOOSENED: 0,
    Word.FAIL: 1,
    Word.NOT_COMPARABLE: 2,
    Word.ERROR: 3,
}


@pytest.fixture
def image():
    slow, fast = np.indices((40, 40), dtype=np.float64)
    return (np.exp(-((slow - 20) ** 2 + (fast - 17) ** 2) / 3.0) * 100.0 + 0.1 + 0.001 * fast).astype(
        np.float32
    )


@pytest.fixture
def measured(image):
    return compare_pixels(image, image), compare_peaks(image, image)


def test_exact_agreement_passes(measured):
    assert judge_images(*measured, STRICT).word is Word.PASS


@pytest.mark.parametrize(
    ("metric", "inside", "outside"),
    [
        ("sum_difference", 0.99e-6, 1.01e-6),
        ("sum_difference", -0.99e-6, -1.01e-6),
        ("max_diff_of_max", 0.99e-6, 1.01e-6),
    ],
)
def test_each_strict_bound_decides_alone(measured, metric, inside, outside):
    metrics, peaks = measured
    assert judge_images(replace(metrics, **{metric: inside}), peaks, STRICT).word is Word.PASS
    assert judge_images(replace(metrics, **{metric: outside}), peaks, STRICT).word is Word.FAIL


@pytest.mark.parametrize("metric", ["sum_difference", "max_diff_of_max"])
def test_undefined_figure_fails(measured, metric):
    metrics, peaks = measured
    assert judge_images(replace(metrics, **{metric: None}), peaks, STRICT).word is Word.FAIL


def test_peak_distance_and_unmatched_peaks_decide(measured):
    metrics, peaks = measured
    alone = (UnmatchedSpot(1.0, 2.0, 3.0),)
    assert judge_images(metrics, replace(peaks, mean_distance_px=0.011), STRICT).word is Word.FAIL
    assert judge_images(metrics, replace(peaks, unmatched_first=alone), STRICT).word is Word.FAIL
    assert judge_images(metrics, replace(peaks, unmatched_second=alone), PUBLISHED).word is Word.FAIL


def test_no_peaks_on_either_side_is_shown_as_not_compared(measured):
    metrics, _ = measured
    flat = np.ones((20, 20), dtype=np.float32)
    verdict = judge_images(metrics, compare_peaks(flat, flat), STRICT)
    states = {c.name: c.state for c in verdict.criteria}
    assert verdict.word is Word.PASS
    assert states["mean peak distance (px)"] is states["unmatched peaks"] is State.NOT_COMPARED


def test_pass_within_published_bounds_only_is_loosened(measured):
    metrics, peaks = measured
    verdict = judge_images(replace(metrics, sum_difference=0.005), peaks, PUBLISHED)
    assert (verdict.word, verdict.exit_status) == (Word.LOOSENED, 0)


def test_difference_without_published_bound_still_loosens(measured):
    metrics, peaks = measured
    assert judge_images(replace(metrics, max_diff_of_max=0.5), peaks, PUBLISHED).word is Word.LOOSENED


def test_a_threshold_judges_the_correlation_which_is_only_shown_otherwise(measured):
    metrics = replace(measured[0], correlation_shortfall=1e-5)
    assert judge_images(metrics, measured[1], STRICT.with_correlation(0.999)).word is Word.PASS
    metrics = replace(measured[0], correlation_shortfall=1e-10)
    assert judge_images(metrics, measured[1], STRICT.with_correlation(1.0)).word is Word.FAIL


def test_resampled_agreement_is_loosened_even_if_exact(measured):
    assert judge_images(*measured, STRICT, resampled=True).word is Word.LOOSENED


def test_every_word_has_its_exit_status():
    from harness.verdict import Verdict

    assert {word: Verdict(word).exit_status for word in Word} == EXIT


def test_empty_images_are_not_comparable():
    nothing = np.empty((0, 5), dtype=np.float32)
    assert compare_images(nothing, nothing).verdict.word is Word.NOT_COMPARABLE
    assert (
        compare_images(nothing, np.ones((2, 2), np.float32), resample=True).verdict.word
        is Word.NOT_COMPARABLE
    )


def test_resampling_twice_the_pixels_is_said_and_loosened(image):
    finer = image.repeat(2, axis=0).repeat(2, axis=1)
    comparison = compare_images(image, finer, resample=True, bounds=replace(PUBLISHED, correlation_min=0.9))
    assert comparison.resampled
    assert "resampled from 80 x 80 to 40 x 40" in comparison.notes[0]
    assert comparison.verdict.word is Word.LOOSENED


def test_region_beyond_the_image_is_cut_and_said(image):
    comparison = compare_images(image, image, Region(10, 99, 5, 99))
    assert comparison.roi == Region(10, 39, 5, 39)
    assert "cut to the image" in comparison.notes[0]


def test_nan_outside_the_region_does_not_matter(image):
    other = image.copy()
    other[0, 0] = np.nan
    assert compare_images(image, other, Region(5, 39, 5, 39)).verdict.word is Word.PASS
    assert compare_images(image, other).verdict.word is Word.FAIL
