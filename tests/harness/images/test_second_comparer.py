"""Figures of small drawn images are those of a second, plain comparer that goes from pixel to pixel."""

from __future__ import annotations

import itertools
import math
import struct
from dataclasses import replace

import numpy as np
import pytest

from harness.images.compare import compare_images, find_obstacle
from harness.images.judgement import PUBLISHED, STRICT, judge_images
from harness.images.metrics import compare_pixels
from harness.images.peaks import PeakComparison, compare_peaks, find_spots
from harness.images.reflections import ReflectionFigures
from harness.verdict import State
from tests.harness.images.drawn_images import CHANGES, drawn_comparison

ORIGIN = (10, 200)
FAINTEST, FINEST = 1e-30, 4 * 2.0**-149
BOUND, LEFT_OUT = 4.8e-7, 1e-3


def finite_pairs():
    """Yield drawn pairs of images of one shape that can be measured."""
    for change, seed in itertools.product(CHANGES, range(8)):
        drawn = drawn_comparison(change, seed)
        if drawn.first.shape == drawn.second.shape and not find_obstacle(drawn.first, drawn.second):
            yield f"{change}, {seed}", drawn.first, drawn.second


@pytest.fixture(scope="module")
def pairs():
    return list(finite_pairs())


def steps(value, other):
    """Number of 4-byte floats from one value to another."""
    numbers = []
    for one in (value, other):
        bits = struct.unpack("<i", struct.pack("<f", one))[0]
        numbers.append(bits if bits >= 0 else -(bits + 2**31))
    return abs(numbers[0] - numbers[1])


def first_largest(values, shape):
    at = max(range(len(values)), key=lambda n: (values[n], -n))
    return ORIGIN[0] + at // shape[1], ORIGIN[1] + at % shape[1]


def own_figures(a, b, shape):
    sizes = [max(abs(x), abs(y)) for x, y in zip(a, b, strict=True)]
    top = max(sizes)
    apart = [abs(y - x) for x, y in zip(a, b, strict=True)]
    seen = [n for n, size in enumerate(sizes) if size > FAINTEST * top]
    relative = [apart[n] / sizes[n] if n in set(seen) else 0.0 for n in range(len(a))]
    beyond = [n for n in seen if apart[n] > BOUND * sizes[n] + FINEST]
    allowed = [n for n in seen if apart[n] > BOUND * sizes[n] + FINEST + LEFT_OUT * top]
    unequal = sum(x != y for x, y in zip(a, b, strict=True)) / len(a)
    return len(seen), len(beyond), len(allowed), max(relative), first_largest(relative, shape), unequal


def test_own_scale_is_that_of_a_count_pixel_by_pixel(pairs):
    for name, first, second in pairs:
        own = compare_pixels(first, second, ORIGIN, LEFT_OUT, BOUND).own
        a, b = (image.ravel().astype(float).tolist() for image in (first, second))
        found = own.pixels, own.outside, own.outside_allowed, own.worst, own.worst_at, own.unequal_fraction
        assert found == own_figures(a, b, first.shape), name


def test_sums_and_largest_differences_are_those_of_a_count_pixel_by_pixel(pairs):
    for name, first, second in pairs:
        found = compare_pixels(first, second, ORIGIN)
        a, b = (image.ravel().astype(float).tolist() for image in (first, second))
        apart = [y - x for x, y in zip(a, b, strict=True)]
        sizes, top = [abs(x) for x in a], max(abs(x) for x in a)
        total, square = math.fsum(sizes), math.fsum((x / top) ** 2 for x in apart) if top else None
        assert found.sum_first == pytest.approx(math.fsum(a), rel=1e-12, abs=1e-14 * total), name
        assert found.max_abs_diff == max(map(abs, apart)), name
        assert found.max_abs_diff_at == first_largest([abs(x) for x in apart], first.shape), name
        assert (found.max_first_at, found.max_second_at) == (
            first_largest(a, first.shape),
            first_largest(b, first.shape),
        )
        if top:
            assert found.rmse / top == pytest.approx(math.sqrt(square / len(a)), rel=1e-9), name
            assert found.max_diff_of_max == max(map(abs, apart)) / top, name
            expected = math.fsum(apart) / total
            assert found.sum_difference == pytest.approx(
                expected, rel=1e-9, abs=1e-14 * max(map(abs, apart)) / top * len(a)
            ), name
        bright = [abs(y) / x for x, y in zip(sizes, apart, strict=True) if x > 1e-3 * top]
        assert found.bright_pixels == len(bright), name
        assert dict(found.bright_relative_diff) == pytest.approx(
            {q: np.quantile(bright, q) for q in (0.5, 0.9, 0.99, 0.999, 1.0)} if bright else {}
        )


def test_steps_between_pixels_are_binned_as_counted_one_by_one(pairs):
    for name, first, second in pairs:
        found = compare_pixels(first, second)
        apart = [steps(x, y) for x, y in zip(first.ravel().tolist(), second.ravel().tolist(), strict=True)]
        counts = [sum(low <= n and (high is None or n <= high) for n in apart)
                  for low, high in ((b.low, b.high) for b in found.ulp_histogram)]  # fmt: skip
        assert [b.count for b in found.ulp_histogram] == counts, name
        assert sum(counts) == first.size, name


def test_correlation_is_that_of_the_textbook(pairs):
    for name, first, second in pairs:
        found = compare_pixels(first, second)
        with np.errstate(all="ignore"):
            expected = np.corrcoef(
                first.ravel().astype(float) / abs(first).max(),
                second.ravel().astype(float) / abs(second).max(),
            )[0, 1]
        if np.isfinite(expected):
            assert found.correlation == pytest.approx(expected, abs=1e-9), name


def spots_of(image, floor):
    """Plateaus of values that are the largest within two pixels and stand out by 5 %: middles and heights."""
    rows, columns = image.shape
    around = {
        (y, x): [
            float(image[v, u])
            for v in range(max(y - 2, 0), min(y + 3, rows))
            for u in range(max(x - 2, 0), min(x + 3, columns))
        ]
        for y, x in np.ndindex(image.shape)
    }
    high = {
        at
        for at, values in around.items()
        if image[at] >= np.float32(max(values)) * (1.0 - 1e-5) and image[at] >= 0.9 * floor
        if image[at] - min(values) >= 0.9 * 0.05 * image[at] and image[at] > min(values)
    }
    found = []
    while high:
        plateau, edge = set(), [high.pop()]
        while edge:
            y, x = edge.pop()
            plateau.add((y, x))
            new = {(y + v, x + u) for v in (-1, 0, 1) for u in (-1, 0, 1)} & high
            high -= new
            edge += new
        middle = tuple(round(sum(at[axis] for at in plateau) / len(plateau)) for axis in (0, 1))
        if all(2 <= at <= size - 3 for at, size in zip(middle, image.shape, strict=True)):
            top, low = max(around[middle]), min(around[middle])
            if top >= floor and top - low >= 0.05 * top:
                found.append((middle, top))
    return sorted(found)


def test_spots_are_those_of_a_search_pixel_by_pixel(pairs):
    some = 0
    for name, first, _ in pairs:
        image = first.astype(np.float32)
        floor = max(0.02 * float(image.max()), float(np.finfo(np.float32).tiny))
        found = find_spots(image, floor)
        assert found.places_px.shape == (len(found.heights), 2), name
        expected = spots_of(image, floor) if min(image.shape) >= 5 and image.max() >= floor else []
        assert sorted(found.heights[found.counted].tolist()) == sorted(height for _, height in expected), name
        for place in found.places_px[found.counted]:
            assert min(np.abs(np.array(middle) - place).max() for middle, _ in expected) <= 2.0, name
        some += len(expected)
    assert some > 50


def best_pairing(first, second, gate):
    """As many pairs as possible within the gate, then the least total distance: all pairings tried."""
    best = (0, 0.0)
    for count in range(1, min(len(first), len(second)) + 1):
        for ones in itertools.combinations(range(len(first)), count):
            for others in itertools.permutations(range(len(second)), count):
                far = [math.dist(first[i], second[j]) for i, j in zip(ones, others, strict=True)]
                if max(far) <= gate and (count, -sum(far)) > best:
                    best = (count, -sum(far))
    return best


def test_spots_are_matched_as_well_as_by_trying_all_ways(pairs):
    for name, first, second in pairs:
        found = compare_peaks(first, second, ORIGIN)
        sides = [find_spots(image, found.floor) for image in (first, second)]
        if not all(side.counted.all() and side.count <= 4 for side in sides):
            continue
        count, distance = best_pairing(*(side.places_px.tolist() for side in sides), 2.0)
        assert found.matched == count, name
        assert (found.mean_distance_px or 0.0) * count == pytest.approx(-distance, abs=1e-9), name
        assert [found.count_first - count, found.count_second - count] == [
            len(found.unmatched_first), len(found.unmatched_second),
        ], name  # fmt: skip


NO_PEAKS = PeakComparison(0.0, 2.0, 1, 1, 1, 0.0, 0.0, (), ())
STRIPES = np.arange(40, dtype=np.float32).reshape(5, 8)
SOUND = compare_pixels(STRIPES, STRIPES, own_bound=BOUND)
FIGURES = ReflectionFigures(3, 2, BOUND, 0, 0, 0.0, (), 0, 0)
EDGES = (
    ("sum difference / sum |first|", STRICT, {"sum_difference": 1e-6}, (0.99999, 1.00001)),
    ("sum difference / sum |first|", STRICT, {"sum_difference": -1e-6}, (0.99999, 1.00001)),
    ("sum difference / sum |first|", PUBLISHED, {"sum_difference": 0.01}, (0.99999, 1.00001)),
    ("sum difference / sum |first|", PUBLISHED, {"sum_difference": -0.01}, (0.99999, 1.00001)),
    ("max |diff| / max", STRICT, {"max_diff_of_max": 1e-6}, (1.0, 1.0 + 1e-12)),
    ("1 - correlation", PUBLISHED, {"correlation_shortfall": 5e-4}, (0.99999, 1.00001)),
    ("1 - correlation", STRICT.with_correlation(0.75), {"correlation_shortfall": 0.25}, (1.0, 1.0 + 1e-12)),
    ("mean peak distance (px)", STRICT, {"mean_distance_px": 0.01}, (1.0, 1.0 + 1e-12)),
    ("mean peak distance (px)", PUBLISHED, {"mean_distance_px": 1.0}, (1.0, 1.0 + 1e-12)),
)  # fmt: skip


@pytest.mark.parametrize(("name", "bounds", "at", "factors"), EDGES)
def test_each_criterion_breaks_just_beyond_its_bound(name, bounds, at, factors):
    (key, value), states = next(iter(at.items())), []
    for factor in factors:
        changed = {key: value * factor}
        peaks = replace(NO_PEAKS, **changed) if hasattr(NO_PEAKS, key) else NO_PEAKS
        metrics = SOUND if hasattr(NO_PEAKS, key) else replace(SOUND, **changed)
        criteria = judge_images(metrics, peaks, bounds, bounds).criteria
        states.append(next(c.state for c in criteria if c.name == name))
    assert states == [State.HELD, State.FAILED]


def test_images_of_other_shapes_are_resampled_only_when_asked():
    assert compare_images(STRIPES, STRIPES[1:]).verdict.word == "NOT COMPARABLE"


@pytest.mark.parametrize("key", ["own", "reflections", "peaks"])
def test_a_single_one_outside_breaks_what_is_counted(key):
    own = replace(SOUND.own, outside_allowed=1, outside=1) if key == "own" else SOUND.own
    figures = replace(FIGURES, outside=1, outside_allowed=1) if key == "reflections" else FIGURES
    peaks = replace(NO_PEAKS, unmatched_second=(None,)) if key == "peaks" else NO_PEAKS
    found = judge_images(replace(SOUND, own=own), peaks, STRICT, reflections=figures, by_reflections=True)
    assert [c.state for c in found.criteria].count(State.FAILED) == 1


@pytest.mark.parametrize(("share", "word"), [(1e-3, "PASS"), (1.001e-3, "PASS (ROUNDING)")])
def test_unequal_pixels_are_a_word_beyond_one_in_a_thousand(share, word):
    metrics = replace(SOUND, own=replace(SOUND.own, unequal_fraction=share))
    assert judge_images(metrics, NO_PEAKS, STRICT).word == word
