"""How the floor of images is measured."""

from __future__ import annotations

from dataclasses import replace

from golden_suite_generator.cases import load_cases, select
from harness.images.image_floor import floor_of
from harness.suite.generate import case_inputs
from harness.suite.image_floor_runs import Moved, floor_data, moved_images
from trace_tools.judging.arithmetic import ARITHMETICS

ROW = Moved("case", "spec", "mixed", "simulator", 1e-6, 0.5, held_out=False)


def test_bounds_come_from_what_was_measured_and_not_from_what_was_held_out() -> None:
    rows = [replace(ROW, arithmetic=name) for name in ARITHMETICS]
    data = floor_data([*rows, replace(ROW, worst=5e-6, held_out=True)])["arithmetics"]
    assert data["mixed"] == {"bound": 1.2e-6, "measured": 1e-6, "held_out": 5e-6, "bits": False}
    assert data["float64"]["bound"] == 4 * 2.0**-23
    assert data["float64"]["bits"]


def test_builds_and_arithmetics_of_a_case_lie_within_the_packaged_floor() -> None:
    with case_inputs() as inputs:
        rows = list(moved_images(select(load_cases(), ("vector-e1",)), inputs))
    assert {row.arithmetic for row in rows} == set(ARITHMETICS)
    assert {row.maker for row in rows} == {"C O0", "C native", "C fma", "C held out", "simulator"}
    assert all(row.worst <= floor_of(row.arithmetic).bound for row in rows)
