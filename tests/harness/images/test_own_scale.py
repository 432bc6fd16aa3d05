"""Every pixel is held to its own value: no bright pixel hides a dim one, and rounding is no difference."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest

from harness.arithmetic import arithmetic_of
from harness.images.compare import ImageRequest, compare_images
from harness.images.image_floor import floor_of
from harness.images.judgement import Rules, strict_bounds
from harness.images.metrics import own_scale
from system_io.errors import UserError
from system_io.verdict_words import Word


@pytest.fixture
def image():
    """An image of spots over twelve decades, as a crystal makes them; its maximum is 1000."""
    slow, fast = np.mgrid[0:120, 0:150]
    spots = np.sin(slow * np.pi / 10.0) ** 8 * np.sin(fast * np.pi / 15.0) ** 8
    fade = 10.0 ** (-9.0 * (slow / 119.0 + fast / 149.0) / 2.0)
    return ((spots + 1e-3) * fade * 1000.0).astype(np.float32)


def word(first, second, **made):
    return compare_images(first, second, made=ImageRequest(**made)).verdict.word


def dimmest_column_dead(image, _):
    image[:, image.sum(0).argmin()] = 0.0


def dim_pixels_at_random(image, rng):
    dim = image < 4.9e-7 * image.max()
    image[dim] *= rng.choice(np.array([0.0, 2.0], np.float32), int(dim.sum()))


def false_spot(image, _):
    image[110, 140] += 9e-7 * image.max()


def one_negative_pixel(image, _):
    image[119, 149] *= -1.0


def one_dim_pixel_a_thousandth_off(image, _):
    image[119, 149] *= 1.001


def hot_pixel_and_all_else_off(image, _):
    image *= 1.3
    image[60, 60] = 1e9


FAULTS = (
    dimmest_column_dead, dim_pixels_at_random, false_spot, one_negative_pixel, one_dim_pixel_a_thousandth_off,
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("arithmetic", ["float64", "mixed", "float32"])
def test_a_fault_among_the_dim_pixels_fails_and_is_counted(image, fault, arithmetic):
    other = image.copy()
    fault(other, np.random.default_rng(1))
    compared = compare_images(image, other, made=ImageRequest(arithmetic=arithmetic))
    assert compared.verdict.word is Word.FAIL
    assert compared.metrics.own.outside >= 1
    assert "pixels outside" in compared.verdict.reasons[0]
    assert compared.metrics.max_diff_of_max <= 1e-6  # which is why the bright ones said nothing


def test_one_hot_pixel_carries_no_verdict(image):
    first, second = image.copy(), image.copy()
    first[60, 60] = 1e9
    hot_pixel_and_all_else_off(second, None)
    compared = compare_images(first, second)
    assert compared.verdict.word is Word.FAIL
    assert compared.metrics.own.outside > 0.99 * image.size - 1


def nudged(image, share):
    """Move a share of the pixels to the next float."""
    other = image.copy()
    some = np.random.default_rng(2).random(image.shape) < share
    other[some] = np.nextafter(other[some], np.float32(np.inf))
    return other


def test_a_few_unequal_pixels_are_a_pass_and_many_are_one_within_rounding(image):
    assert word(image, nudged(image, 0.0002)) is Word.PASS
    assert word(image, nudged(image, 0.5)) is Word.ROUNDING
    assert word(image, nudged(image, 0.5), arithmetic="mixed") is Word.PASS
    reasons = compare_images(image, nudged(image, 0.5)).verdict.reasons
    assert "trace-harness" in reasons[0]


def test_the_bound_of_an_arithmetic_is_that_of_its_floor(image):
    for arithmetic, tighter in (("mixed", "float64"), ("float32", "float64")):
        factor = np.float32(1.0 + 0.8 * floor_of(arithmetic).bound)
        other = np.where(image < 1e-3 * image.max(), image * factor, image)
        assert word(image, other, arithmetic=arithmetic) is Word.PASS
        assert word(image, other, arithmetic=tighter) is Word.FAIL
        assert strict_bounds(Rules.OWN_SCALE, arithmetic).own_diff == floor_of(arithmetic).bound


def test_pixels_without_digits_are_not_compared(image):
    first, second = image.copy(), image.copy()
    first[0, 140], second[0, 140] = 1e-30, 3e-30  # below 1e-30 of the maximum of 1000
    assert word(first, second) is Word.PASS
    assert compare_images(first, second).metrics.own.pixels == image.size - 1


def test_a_sum_near_zero_is_judged_by_the_magnitudes(image):
    balanced = image.copy()
    balanced[:, ::2] *= -1.0
    balanced[0, 0] -= balanced.sum(dtype=np.float64)
    other = (balanced * np.float32(1.0 + 2.0**-23)).astype(np.float32)
    assert abs(compare_images(balanced, other).metrics.sum_difference) < 1e-6
    assert word(balanced, other) in (Word.PASS, Word.ROUNDING)


def test_a_pedestal_that_leaves_few_digits_is_rounding(image):
    pedestal = (1e7 + image[:60]).astype(np.float32)
    assert word(pedestal, nudged(pedestal, 0.3)) is Word.ROUNDING


def test_what_was_left_out_on_request_is_a_loosened_pass(image):
    other = image.copy()
    other[110, 140] += 5e-4 * image.max()
    compared = compare_images(image, other, made=ImageRequest(left_out_of_max=1e-3))
    assert compared.metrics.own.outside_allowed == 0
    assert compared.metrics.own.outside == 1


def less_by(image, of_max):
    """Return an image in which each pixel lacks so much of the maximum, or all that it has."""
    return np.maximum(image - np.float32(of_max * float(image.max())), np.float32(0.0))


@pytest.mark.parametrize("of_max", [1e-7, 1e-5, 1e-4, 1e-3])
def test_no_criterion_fails_for_what_was_left_out_on_request(image, of_max):
    """Sum, largest difference and faint peaks change with the pixels that --epsilon may change."""
    made = ImageRequest(left_out_of_max=of_max)
    found = compare_images(image, less_by(image, 0.9 * of_max), made=made)
    assert found.verdict.word is Word.LOOSENED, found.verdict.reasons
    assert compare_images(image, less_by(image, 0.9 * of_max)).verdict.word is Word.FAIL


def test_more_than_was_left_out_on_request_fails(image):
    made = ImageRequest(left_out_of_max=1e-4)
    assert compare_images(image, less_by(image, 1.2e-4), made=made).verdict.word is Word.FAIL
    turned = np.ascontiguousarray(image[::-1, ::-1])
    assert "unmatched peaks" in str(compare_images(image, turned, made=made).verdict.reasons)


def test_results_of_older_rules_are_judged_by_them(image):
    made = ImageRequest(left_out_of_max=1e-3, rules=Rules.REFLECTIONS)
    assert compare_images(image, less_by(image, 9e-4), made=made).verdict.word is Word.FAIL


def test_auto_is_what_the_simulator_says_that_it_chose():
    assert arithmetic_of(None, []) == "float64"
    assert arithmetic_of("float32", [None]) == "float32"
    assert arithmetic_of("auto", [None, "operation by operation, float64"]) == "float64"
    assert arithmetic_of("auto", [None, "compiled, mixed"]) == "mixed"


def test_the_packaged_floor_holds_on_what_it_was_not_made_from():
    text = resources.files("harness.images").joinpath("data/image_floor.json").read_text("utf-8")
    rows = json.loads(text)["arithmetics"]
    assert set(rows) == {"float64", "mixed", "float32"}
    for row in rows.values():
        assert 0.0 < row["measured"] < row["bound"]
        assert row["held_out"] < row["bound"]


def test_smallest_floats_have_a_verdict():
    tiny = np.zeros((8, 8), np.float32)
    tiny[3:5, 3:5] = np.finfo(np.float32).smallest_subnormal
    other = tiny * 2
    try:
        assert word(tiny, other) in set(Word)
    except UserError as error:
        pytest.fail(str(error))


@pytest.mark.parametrize(("first", "second", "outside"), [(4.0, 5.0, 0), (4.0, 0.0, 1), (0.0, 3.0, 1)])
def test_a_pixel_is_held_to_the_larger_of_its_two_values(first, second, outside):
    a, b = np.array([[first, 1.0]]), np.array([[second, 1.0]])
    assert own_scale(a, b, (0, 0), 0.0, 0.21).outside == outside
    assert own_scale(b, a, (0, 0), 0.0, 0.21).outside == outside
