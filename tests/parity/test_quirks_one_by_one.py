"""Each quirk switched off alone: the image changes, in both programs, and both still agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from golden_suite_generator.cases import Case, quirk_cases
from harness.suite.images import Outputs
from tests.parity.agreement import assert_counts_equal, assert_floats_agree, simulated_outputs
from tests.parity.conftest import ReferenceRun, Simulated

QUIRKS = sorted(quirk_cases().items())


def differs(first: Outputs, second: Outputs) -> bool:
    return first.headers != second.headers or any(
        not np.array_equal(image, second.images[kind]) for kind, image in first.images.items()
    )


@pytest.mark.parametrize(("quirk", "case"), QUIRKS, ids=[f"{quirk}/{case.id}" for quirk, case in QUIRKS])
def test_quirk_changes_its_case_in_the_reference(quirk: str, case: Case, reference_run: ReferenceRun) -> None:
    on, off = reference_run(case, "c-parity"), reference_run(case, "c-parity", "-quirk", f"{quirk}=off")
    assert differs(on.outputs, off.outputs), f"{quirk} changes nothing in {case.label}"


@pytest.mark.parametrize(("quirk", "case"), QUIRKS, ids=[f"{quirk}/{case.id}" for quirk, case in QUIRKS])
def test_programs_agree_without_the_quirk(
    quirk: str, case: Case, reference_run: ReferenceRun, simulated: Simulated, inputs: Path, tmp_path: Path
) -> None:
    expected = reference_run(case, "c-parity", "-quirk", f"{quirk}=off").outputs
    image = simulated(case, "c-parity", "--quirk", f"{quirk}=off")
    what = f"c-parity without {quirk}, PyTorch against C"
    assert_floats_agree(case, what, expected.images["float"].astype(np.float64), image)
    outputs, _ = simulated_outputs(case, "c-parity", inputs, tmp_path, ("--quirk", f"{quirk}=off"))
    for kind in set(case.outputs) - {"float"}:
        assert_counts_equal(case, f"{what}, {kind}", expected.images[kind], outputs.images[kind])
        assert outputs.headers[kind] == expected.headers[kind]


@pytest.mark.parametrize(("quirk", "case"), QUIRKS, ids=[f"{quirk}/{case.id}" for quirk, case in QUIRKS])
def test_spec_mode_is_not_changed_by_switching_the_quirk_off(
    quirk: str, case: Case, reference_run: ReferenceRun
) -> None:
    plain, off = reference_run(case, "spec"), reference_run(case, "spec", "-quirk", f"{quirk}=off")
    assert not differs(plain.outputs, off.outputs)
