import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trace_tools.judging.align import align
from trace_tools.judging.diff import Bounds, compare, measure, ulp_distance

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def ulp(one, other):
    return float(ulp_distance(np.array([one]), np.array([other]))[0])


@given(FLOATS, st.integers(1, 40))
def test_ulp_distance_counts_the_doubles_between(value, steps):
    other = value
    for _ in range(steps):
        other = math.nextafter(other, math.inf)
    if math.isfinite(other):
        assert ulp(value, other) == ulp(other, value) == steps


def test_ulp_distance_crosses_zero_and_meets_nan():
    assert ulp(-0.0, 0.0) == 0
    assert ulp(-5e-324, 5e-324) == 2
    assert ulp(math.nan, math.nan) == 0
    assert ulp(math.nan, 1.0) == math.inf
    assert ulp(-1.7976931348623157e308, 1.7976931348623157e308) > 2.0**63


@pytest.mark.parametrize(
    ("a", "b", "absolute"),
    [
        (math.nan, math.nan, 0),
        (math.nan, 1, math.inf),
        (math.inf, math.inf, 0),
        (math.inf, -math.inf, math.inf),
        (math.inf, 1, math.inf),
        (0.0, -0.0, 0),
    ],
)
def test_special_values_are_equal_or_infinitely_apart(a, b, absolute):
    found = measure(np.array([float(a)]), np.array([float(b)]), np.array([1.0]))
    assert found.absolute[0] == absolute
    assert found.scaled[0] == absolute


def test_measures_stand_side_by_side():
    found = measure(np.array([4.0]), np.array([5.0]), np.array([10.0]))
    assert (found.absolute[0], found.relative[0], found.scaled[0], found.ulp[0]) == (1.0, 0.2, 0.1, 2.0**50)


def test_identical_traces_have_no_difference(golden_text, read):
    a, b = read(golden_text("mosaic-phi")), read(golden_text("mosaic-phi"))
    result = compare(a, b, align(a, b), Bounds.exact())
    assert result.compared == len(a)
    assert all(diff.differing == 0 for diff in result.taps.values())


def test_cancelled_index_is_judged_by_its_operands(golden_text, judge_texts):
    """h = 0.277 is a sum of terms near 10: one unit in the last place of a term is many of h."""
    text = golden_text("mosaic-phi").replace("hkl_frac 5.8464174410535152", "hkl_frac 5.8464174410535418")
    report = judge_texts(golden_text("mosaic-phi"), text)
    assert report.verdict == "PASS"
    assert report.comparison.taps["hkl_frac"].max_ulp == 30
    assert 0 < report.comparison.taps["hkl_frac"].max_scaled < 2.0**-50


@pytest.mark.parametrize("by_hand", [{"rtol": 0.0, "atol": 1.0}, {"rtol": 0.1, "atol": 0.0}])
def test_infinity_is_within_no_tolerance_of_a_number(read, by_hand):
    head = "TRACE_C: schema nanobragg-trace 2\nTRACE_C: program x\nTRACE_C: polar_vec"
    pair = [read(f"{head} {value} 0 1\n") for value in ("inf", "2")]
    found = compare(*pair, align(*pair), Bounds.exact().override(**by_hand))
    assert len(found.taps["polar_vec"].outside) == 1
