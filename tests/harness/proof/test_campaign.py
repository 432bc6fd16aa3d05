"""Transplants name seeded faults of either program, in both directions; no proof is not counted as one."""

from __future__ import annotations

import numpy as np
import pytest

from harness.faults.fault import BOTH
from harness.faults.table import BY_ID
from harness.proof.campaign import (
    NOT_TOLD,
    NOTHING,
    TOLD,
    counted,
    farthest_pixel,
    in_own_process,
    is_told,
    units,
)
from harness.sides import SIDES
from tests.trace_tools.debugger.conftest import require_gdb


@pytest.mark.parametrize(("fault", "side"), [("c-index-single", "c"), ("py-index-single", "py")])
def test_a_fault_is_named_both_ways(fault: str, side: str) -> None:
    require_gdb()
    row = in_own_process(BY_ID[fault], side)
    assert row["outcome"] == TOLD, row
    assert [one["direction"] for one in row["transplant"]] == ["c into py", "py into c"]
    assert "gdb" in row["transplant"][1]["into"]
    assert all(one["named"] == ["hkl_frac"] for one in row["transplant"])


def test_another_tap_or_half_of_the_difference_is_not_told() -> None:
    stated = {"named": ["polar"], "roots": [], "taps": [{"tap": "polar", "together": 0.995}]}
    assert is_told(stated, ["polar"])
    assert not is_told(stated, ["omega_pixel_sr"])
    assert not is_told({**stated, "named": []}, ["polar"])
    assert not is_told({**stated, "taps": [{"tap": "polar", "together": 0.5}]}, ["polar"])


def test_faults_that_change_no_pixel_count_for_nothing() -> None:
    rows = [{"outcome": word} for word in (TOLD, NOT_TOLD, NOTHING)]
    assert counted(rows) == {"tried": 3, "differ": 2, "told": 1}


def test_drawn_faults_are_of_both_programs_and_the_same_each_time() -> None:
    drawn = units([], 6, 1)
    assert drawn == units([], 6, 1)
    assert [side for _, side in drawn] == [*SIDES] * 3
    assert {side for _, side in units(["polarization-dropped"], 1, 1)} == {*SIDES} - {BOTH}


def test_the_pixel_of_the_largest_difference_is_taken() -> None:
    one = np.zeros((2, 3), np.float32)
    other = one.copy()
    assert farthest_pixel(one, other) is None
    other[1, 2], other[0, 1] = 3.0, -4.0
    assert farthest_pixel(one, other) == (0, 1)
