"""Images compared reflection by reflection: what is outside, what is missing, and no alarm from rounding."""

from __future__ import annotations

import numpy as np
import pytest

from harness.images.compare import ImageRequest, Region, compare_images
from harness.images.reflections import ReflectionMap, compare_reflections
from harness.verdict import State
from system_io.verdict_words import Word

NOTHING = -(2**31)
BOUND = 4.76837158203125e-07
SIDE = 8
"""Pixels a side of the square that belongs to a reflection."""


@pytest.fixture
def indices():
    """Indices of 6 x 5 reflections, a square of pixels each: h grows along slow, k along fast."""
    slow, fast = np.mgrid[0 : 6 * SIDE, 0 : 5 * SIDE]
    return np.stack([slow // SIDE - 3, fast // SIDE, np.full_like(slow, 7)]).astype(np.int32)


@pytest.fixture
def image():
    """A spot in the middle of each square, fainter by ten from one to the next over 29 decades."""
    slow, fast = np.mgrid[0 : 6 * SIDE, 0 : 5 * SIDE]
    spot = np.exp(-((slow % SIDE - 3.5) ** 2 + (fast % SIDE - 3.5) ** 2) / 4.0)
    fade = 10.0 ** (-0.8 * (5 * (slow // SIDE) + fast // SIDE))
    return (1e3 * (spot + 1e-3) * fade).astype(np.float32)


@pytest.fixture
def predicted(indices):
    return ReflectionMap.of(indices, NOTHING, np.zeros(indices.shape[1:], bool))


def compared(image, other, predicted, **more):
    return compare_reflections(image, other, predicted, predicted.number, BOUND, **more)


def squared(row, column):
    return slice(row * SIDE, (row + 1) * SIDE), slice(column * SIDE, (column + 1) * SIDE)


def test_map_numbers_the_reflections_in_ascending_order(predicted):
    assert predicted.hkl[0].tolist() == [-3, 0, 7]
    assert predicted.hkl[-1].tolist() == [2, 4, 7]
    assert predicted.number[SIDE, 2 * SIDE] == 7


def test_map_of_far_indices_is_the_same_without_a_table(indices, predicted):
    spread = indices * np.array([100_003, 50_021, 1])[:, None, None]
    far = ReflectionMap.of(spread.astype(np.int32), NOTHING, np.zeros(indices.shape[1:], bool))
    assert np.array_equal(far.number, predicted.number)
    assert far.hkl[0].tolist() == [-300_009, 0, 7]


def test_pixels_that_were_not_computed_belong_to_no_reflection(indices):
    indices[0, :SIDE] = NOTHING
    found = ReflectionMap.of(indices, NOTHING, np.zeros(indices.shape[1:], bool))
    assert (found.number[:SIDE] == -1).all()
    assert len(found.hkl) == 25
    nothing = ReflectionMap.of(np.full_like(indices, NOTHING), NOTHING, np.zeros(indices.shape[1:], bool))
    assert len(nothing.hkl) == 0
    assert (nothing.number == -1).all()


def test_shared_pixels_are_left_out_where_enough_are_not_shared(indices):
    shared = np.zeros(indices.shape[1:], bool)
    shared[:2] = True
    shared[SIDE : SIDE + 6, :SIDE] = True
    number = ReflectionMap.of(indices, NOTHING, shared).number
    assert (number[:2] == -1).all()
    assert (number[SIDE : 2 * SIDE, :SIDE] >= 0).all()


def test_equal_images_have_no_reflection_outside(image, predicted):
    figures = compared(image, image, predicted).figures
    assert (figures.predicted, figures.compared, figures.outside, figures.worst) == (30, 30, 0, 0.0)
    assert figures.worst_hkl == ()


@pytest.mark.parametrize("factor", [0.0, 2.0, 1.0 - 1e-6, 1.0 + 1e-5])
def test_the_faintest_reflection_alone_is_found(image, predicted, factor):
    other = image.copy()
    other[squared(5, 3)] *= np.float32(factor)
    found = compared(image, other, predicted)
    assert (found.figures.outside, found.figures.worst_hkl) == (1, (2, 3, 7))
    assert found.table.hkl[0].tolist() == [2, 3, 7]
    assert found.figures.worst == pytest.approx(abs(factor - 1.0) / max(1.0, factor), rel=0.1)


def test_missing_reflections_are_counted_on_their_side(image, predicted):
    other = image.copy()
    other[squared(2, 2)] = 0.0
    image[squared(1, 1)] = image[squared(1, 1)].min()
    figures = compared(image, other, predicted).figures
    assert (figures.missing_first, figures.missing_second, figures.outside) == (1, 1, 2)


def test_a_dimmed_reflection_is_outside_and_not_missing(image, predicted):
    other = image.copy()
    other[squared(2, 2)] *= np.float32(0.1)
    figures = compared(image, other, predicted).figures
    assert (figures.missing_first, figures.missing_second, figures.outside) == (0, 0, 1)


def test_no_reflection_is_outside_where_no_pixel_is(image, predicted):
    rng = np.random.default_rng(5)
    for _ in range(20):
        other = (image.astype(float) * (1.0 + rng.choice([-1, 1]) * 0.9 * BOUND)).astype(np.float32)
        off = np.abs(other.astype(float) - image) > BOUND * np.maximum(np.abs(other), np.abs(image))
        other[off] = image[off]
        assert compared(image, other, predicted).figures.outside == 0


def test_a_hot_pixel_hides_no_reflection_but_its_own(image, predicted):
    other = image * np.float32(1.3)
    image[4, 4] = other[4, 4] = 1e9
    figures = compared(image, other, predicted).figures
    assert figures.outside == 29


def test_what_was_left_out_on_request_is_no_fault(image, predicted):
    other = np.where(image < 1e-6 * image.max(), 0.0, image).astype(np.float32)
    figures = compared(image, other, predicted, left_out_of_max=1e-6).figures
    assert figures.outside > 0
    assert figures.outside_allowed == 0


def test_the_verdict_names_the_reflection(image, predicted):
    other = image.copy()
    other[squared(5, 0)] *= np.float32(2.0)
    found = compare_images(image, other, made=ImageRequest(predicted=predicted))
    assert found.verdict.word is Word.FAIL
    assert any("reflections outside: 1 of 30" in text and "2 0 7" in text for text in found.verdict.reasons)


def test_reflections_of_a_region_are_compared_in_it_only(image, predicted):
    other = image.copy()
    other[squared(5, 0)] *= np.float32(2.0)
    found = compare_images(image, other, Region(0, 39, 0, 23), made=ImageRequest(predicted=predicted))
    assert found.verdict.word is Word.PASS
    assert (found.coverage.reflections, found.coverage.all_reflections) == (15, 30)


def test_without_a_map_the_criterion_is_said_not_to_be_compared(image):
    found = compare_images(image, image)
    row = next(row for row in found.verdict.criteria if row.name == "reflections outside")
    assert row.state is State.NOT_COMPARED
    assert found.coverage.no_reflections


def test_the_table_has_a_line_for_each_reflection(image, predicted):
    other = image.copy()
    other[squared(1, 1)] = 0.0
    lines = compared(image, other, predicted).table.text().splitlines()
    assert len(lines) == 31
    assert lines[1].startswith("-2,1,7,64,")
    assert lines[1].endswith(",1,1,second")
