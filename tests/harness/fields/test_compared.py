"""Two arrays compared block by block: the figures are those of the whole arrays."""

import math

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.fields import compared
from harness.fields.compared import compare_fields, steps_between
from harness.fields.field import FieldArray
from trace_tools.element_bound import ElementBound
from trace_tools.errors import TraceError

EXACT = ElementBound()


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(compared, "BLOCK", 7)


def figures(a, b, bound=EXACT, mask=None):
    wrapped = None if mask is None else FieldArray(np.asarray(mask), "mask")
    return compare_fields(FieldArray(np.asarray(a), "a"), FieldArray(np.asarray(b), "b"), bound, wrapped)


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_those_of_the_whole_arrays(seed):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((5, 4, 3)) * 10.0 ** rng.integers(-8, 8, (5, 4, 3))
    b = np.where(rng.random(a.shape) < 0.5, a, a * (1 + rng.standard_normal(a.shape) * 1e-9))
    found = figures(a, b, ElementBound(rel=1e-9))
    absolute = np.abs(a - b)
    relative = absolute / np.maximum(np.abs(a), np.abs(b))
    assert found.unequal == np.count_nonzero(a != b)
    assert found.outside == np.count_nonzero(relative > 1e-9)
    assert found.absolute.value == absolute.max()
    assert found.relative.value == relative.max()
    assert found.relative.flat == int(relative.argmax())
    assert found.first.flat == int(np.flatnonzero(relative.ravel() > 1e-9)[0])
    assert found.sum_first == pytest.approx(a.sum(), rel=1e-12)
    assert found.sum_second == pytest.approx(b.sum(), rel=1e-12)


@pytest.mark.parametrize(
    ("bound", "held"),
    [
        (ElementBound(rel=2e-9), True), (ElementBound(rel=0.9e-9), False), (ElementBound(abs=2e-8), True),
        (ElementBound(abs=0.9e-8), False), (ElementBound(rel=0.9e-9, abs=2e-8), True), (EXACT, False),
        (ElementBound(rel=0.6e-9, abs=0.6e-8, combined=True), True),
        (ElementBound(rel=0.4e-9, abs=0.4e-8, combined=True), False), (ElementBound(ulp=1e7), True),
        (ElementBound(ulp=10), False),
    ],
)  # fmt: skip
def test_bounds_hold_or_not(bound, held):
    assert (figures([10.0], [10.0 + 1e-8], bound).outside == 0) == held


def test_one_element_beyond_is_found_wherever_it_lies():
    a = np.ones(50)
    for place in (0, 6, 7, 29, 49):
        b = a.copy()
        b[place] = np.nextafter(1.0, 2.0)
        found = figures(a, b)
        assert (found.outside, found.first.flat, found.steps.value) == (1, place, 1.0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_on_one_side_is_outside_whatever_the_bound(value):
    found = figures([1.0, 2.0], [1.0, value], ElementBound(rel=1.0, abs=1e308, ulp=1e30))
    assert (found.outside, found.one_sided) == (1, 1)


def test_equal_infinities_are_equal_and_opposite_ones_are_not():
    assert figures([math.inf], [math.inf]).outside == 0
    assert figures([math.inf], [-math.inf], ElementBound(abs=1e300)).outside == 1


def test_nan_on_both_sides_is_not_compared():
    found = figures([math.nan, 1.0], [math.nan, 1.0])
    assert (found.no_number, found.compared, found.outside) == (1, 1, 0)


def test_masked_elements_are_in_no_figure():
    found = figures([1.0, 2.0, 3.0], [1.0, 9.0, 3.0], EXACT, [0, 1, 0])
    assert (found.masked, found.unequal, found.compared, found.sum_second) == (1, 0, 2, 4.0)


def test_steps_count_the_numbers_of_the_coarser_type():
    one = np.array([1.0], np.float32)
    assert steps_between(one, np.nextafter(one, np.float32(2)))[0] == 1
    assert steps_between(one, np.nextafter(one, np.float32(2)).astype(np.float64))[0] == 1
    assert steps_between(np.array([-5e-324]), np.array([5e-324]))[0] == 2
    assert steps_between(np.array([-1.7e308]), np.array([1.7e308]))[0] > 9e18


@pytest.mark.parametrize("kind", ["i1", "u1", "i8", "u8", "bool"])
def test_whole_numbers_are_subtracted_without_loss(kind):
    low, high = (0, 1) if kind == "bool" else (np.iinfo(kind).min, np.iinfo(kind).max)
    found = figures(np.array([low, high], kind), np.array([high, high], kind), ElementBound(abs=0.5))
    assert found.outside == 1
    assert found.absolute.value == float(high) - float(low)


def test_signed_and_unsigned_64_bits_are_compared_as_numbers():
    found = figures(np.array([2**63], np.uint64), np.array([-1], np.int64))
    assert (found.outside, found.absolute.value) == (1, 2.0**63 + 1)
    near = figures(np.array([2**62 + 1], np.uint64), np.array([2**62], np.int64))
    assert (near.unequal, near.absolute.value) == (1, 1.0)


def test_complex_numbers_are_compared_by_both_parts():
    found = figures(np.array([1 + 1j]), np.array([1 + 1.5j]), ElementBound(rel=0.1))
    assert (found.outside, found.absolute.value) == (1, 0.5)


@pytest.mark.parametrize("layout", ["C", "F"])
def test_the_layout_in_memory_does_not_matter(layout):
    a = np.arange(60.0).reshape(3, 4, 5)
    b = np.array(a, order=layout)
    b[2, 1, 3] += 1
    found = figures(a, b)
    assert found.first.flat == np.ravel_multi_index((2, 1, 3), a.shape)
    assert found.outside == 1


def test_foreign_byte_order_and_types_are_compared_as_numbers():
    a = np.arange(1.0, 30.0)
    assert figures(a, a.astype(">f8")).unequal == 0
    assert figures(a, a.astype(np.int16)).unequal == 0


@pytest.mark.parametrize(
    ("a", "b"),
    [(np.zeros(3), np.zeros(4)), (np.zeros((2, 3)), np.zeros((3, 2))), (np.array(["x"]), np.zeros(1))],
)
def test_what_cannot_be_held_against_each_other_is_refused(a, b):
    with pytest.raises(HarnessError):
        figures(a, b)


def test_a_bound_that_bounds_nothing_is_refused():
    for words in ({"rel": -1.0}, {"abs": math.inf}, {"ulp": math.nan}, {"rel": 1e-3, "combined": True}):
        with pytest.raises(TraceError):
            ElementBound(**words)
