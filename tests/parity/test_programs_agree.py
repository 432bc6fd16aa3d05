"""Every case of the suite, C against PyTorch, in both modes; a test's name tells the options it is about."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from golden_suite_generator.cases import Case, load_cases
from tests.parity.agreement import (
    assert_counts_equal,
    assert_floats_agree,
    run_command_line,
    simulated_outputs,
)
from tests.parity.conftest import ReferenceRun, Simulated

ALL_ZERO = {
    ("oversample-thick-without-thickness", "c-parity"),
    ("abs-inf-thick", "c-parity"),
    ("abs-zero", "c-parity"),
    ("water-dmin-all-cut", "c-parity"),
}
REPORT = r"solid angle|max_I =|mean=|intfile_scale|pgm_scale|\d+ photons on noise image"
RUNS = [(case, mode) for case in sorted(load_cases(), key=lambda case: case.group) for mode in case.modes]
IMAGES = [run for run in RUNS if not run[0].status[run[1]]]
REFUSALS = [run for run in RUNS if run[0].status[run[1]]]


def names(runs: list[tuple[Case, str]]) -> list[str]:
    return [f"{case.group}/{case.label}-{mode}" for case, mode in runs]


def report_lines(text: str) -> list[str]:
    """Return the lines of the report after the loop that tools look for (spec 08)."""
    return [line.strip() for line in text.splitlines() if re.match(REPORT, line.strip())]


def error_lines(text: str) -> list[str]:
    """Return the lines that are no warning: a refusal is one of them."""
    return [line for line in text.splitlines() if "warning:" not in line]


@pytest.mark.parametrize(("case", "mode"), IMAGES, ids=names(IMAGES))
def test_float_images_agree(case: Case, mode: str, reference_run: ReferenceRun, simulated: Simulated) -> None:
    expected = reference_run(case, mode).outputs.images["float"].astype(np.float64)
    assert_floats_agree(case, f"{mode}, PyTorch against C", expected, simulated(case, mode))
    assert (expected.max() > 0.0) != ((case.id, mode) in ALL_ZERO), (
        "an image that is zero everywhere compares nothing"
    )


DERIVED = [run for run in IMAGES if set(run[0].outputs) - {"float"}]


@pytest.mark.parametrize(("case", "mode"), DERIVED, ids=names(DERIVED))
def test_derived_images_and_headers_are_equal(
    case: Case, mode: str, reference_run: ReferenceRun, simulated: Simulated, inputs: Path, tmp_path: Path
) -> None:
    run = reference_run(case, mode)
    expected = run.outputs
    outputs, printed = simulated_outputs(case, mode, inputs, tmp_path)
    rounded = simulated(case, mode).astype(np.float32)
    assert np.array_equal(outputs.images["float"], rounded), "command line and Python interface differ"
    assert len(report_lines(printed)) >= 4
    assert report_lines(printed) == report_lines(run.stdout), f"{case.label} in {mode}: printed statistics"
    for kind in set(case.outputs) - {"float"}:
        assert_counts_equal(case, f"{mode}, {kind}", expected.images[kind], outputs.images[kind])
        assert outputs.headers[kind] == expected.headers[kind], (
            f"{case.label} in {mode}: header of the {kind} image"
        )


@pytest.mark.parametrize(("case", "mode"), REFUSALS, ids=names(REFUSALS))
def test_both_programs_refuse(
    case: Case, mode: str, reference_run: ReferenceRun, inputs: Path, tmp_path: Path
) -> None:
    run = reference_run(case, mode)
    assert run.status == case.status[mode]
    assert len(error_lines(run.stderr)) == 1, run.stderr
    status, _, message = run_command_line(case, mode, inputs, tmp_path)
    assert status == case.status[mode]
    assert len(error_lines(message)) == 1, message
    assert {path.name for path in tmp_path.iterdir()} == set(case.files)
