"""Every case of the suite, C against PyTorch, in both modes; a test's name tells the options it is about."""

from __future__ import annotations

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
    ("roi-empty", "c-parity"),
    ("roi-empty", "spec"),
}
RUNS = [(case, mode) for case in sorted(load_cases(), key=lambda case: case.group) for mode in case.modes]
IMAGES = [run for run in RUNS if not run[0].status[run[1]]]
REFUSALS = [run for run in RUNS if run[0].status[run[1]]]


def names(runs: list[tuple[Case, str]]) -> list[str]:
    return [f"{case.group}/{case.label}-{mode}" for case, mode in runs]


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
    case: Case, mode: str, reference_run: ReferenceRun, inputs: Path, tmp_path: Path
) -> None:
    expected = reference_run(case, mode).outputs
    outputs = simulated_outputs(case, mode, inputs, tmp_path)
    for kind in set(case.outputs) - {"float"}:
        assert_counts_equal(case, f"{mode}, {kind}", expected.images[kind], outputs.images[kind])
        assert outputs.headers[kind] == expected.headers[kind], (
            f"{case.label} in {mode}: header of the {kind} image"
        )


@pytest.mark.parametrize(("case", "mode"), REFUSALS, ids=names(REFUSALS))
def test_both_programs_refuse(
    case: Case, mode: str, reference_run: ReferenceRun, inputs: Path, tmp_path: Path
) -> None:
    assert reference_run(case, mode).status == case.status[mode]
    status, message = run_command_line(case, mode, inputs, tmp_path)
    assert status == case.status[mode]
    assert message.count("\n") >= 1
    assert "Traceback" not in message
    assert {path.name for path in tmp_path.iterdir()} == set(case.files)
