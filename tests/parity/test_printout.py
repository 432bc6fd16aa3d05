"""What both programs print for a pixel and after the loop, and the quirks that show there alone."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from golden_suite_generator.cases import Case, load_cases
from harness.programs.programs import Program
from harness.suite.runner import run_case
from tests.parity.agreement import run_command_line
from tests.parity.test_programs_agree import report_lines

BY_ID = {case.id: case for case in load_cases()}
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan)")
PRINTED_ONLY = {
    "Q-MAXI-POSITION": ("vector-e2", ()),
    "Q-SOLID-ANGLE-PRINT": ("vector-e8", ()),
    "Q-SUMSQ-FLOAT": ("vector-e1", ("-default_F", "1e12")),
    "Q-PRINTOUT-ANGLE": ("conv-adxv-xbeam-ybeam", ("-printout_pixel", "33", "21")),
}
PIXELS = {
    "vector-e18": ("5", "2"),
    "conv-xds-orgx-orgy": ("19", "39"),
    "shape-gauss-phi": ("12", "30"),
    "thick-and-abs-thicksteps": ("3", "8"),
    "interpolate-in-range": ("20", "9"),
}


def both_texts(
    case: Case, mode: str, reference: Program, inputs: Path, folder: Path, *extra: str
) -> tuple[str, str]:
    run = run_case(reference, case, mode, inputs, extra)
    status, printed, message = run_command_line(case, mode, inputs, folder, extra)
    assert status == 0, message
    return run.stdout, printed


def printout_numbers(text: str) -> list[float]:
    """Return the numbers of the block of a pixel, from its stol to the last row of the cell."""
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if "stol" in line)
    last = max(number for number, line in enumerate(lines) if line.strip().startswith("Z:"))
    return [float(word) for line in lines[first : last + 1] for word in NUMBER.findall(line)]


PRINTED = [(case_id, mode) for case_id in PIXELS for mode in ("c-parity", "spec")]


@pytest.mark.parametrize(("case_id", "mode"), PRINTED)
def test_printed_pixel_is_the_same(
    case_id: str, mode: str, reference: Program, inputs: Path, tmp_path: Path
) -> None:
    """Ten digits are printed; one unit of the last may differ."""
    case = replace(BY_ID[case_id], args=(*BY_ID[case_id].args, "-printout_pixel", *PIXELS[case_id]))
    expected, printed = (
        printout_numbers(text) for text in both_texts(case, mode, reference, inputs, tmp_path)
    )
    assert len(expected) >= 28
    assert printed == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("quirk", PRINTED_ONLY)
def test_quirks_that_are_printed_only(quirk: str, reference: Program, inputs: Path, tmp_path: Path) -> None:
    case_id, words = PRINTED_ONLY[quirk]
    case = replace(BY_ID[case_id], args=(*BY_ID[case_id].args, *words))
    seen = []
    for state in ("on", "off"):
        texts = both_texts(case, "c-parity", reference, inputs, tmp_path, "--quirk", f"{quirk}={state}")
        numbers = [printout_numbers(text) if "-printout_pixel" in words else [] for text in texts]
        assert report_lines(texts[0]) == report_lines(texts[1])
        assert numbers[0] == pytest.approx(numbers[1], rel=1e-9, abs=1e-12)
        seen.append((report_lines(texts[0]), numbers[0]))
    assert seen[0] != seen[1], f"{quirk} changes nothing that is printed"
