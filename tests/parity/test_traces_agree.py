"""The traces of both programs on the suite in spec mode, within the measured noise floor on every tap."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest

from golden_suite_generator.cases import Case, load_cases
from harness.programs.build import build_reference
from harness.suite.floor_runs import TraceCase, trace_of
from harness.suite.runner import lay_out
from simulator import RunConfig
from simulator.image import render
from simulator.output.trace import recorder_of, trace_text
from simulator.scene.scene import prepare
from trace_tools.judging.judge import judge
from trace_tools.reading.trace_file import read_stream

DIFFERENT_FORMULAS = ("gauss", "tophat", "water", "vector-e12")
CORNER = ((0, 0), (1, 1))
CASES = [
    case
    for case in load_cases()
    if "spec" in case.modes
    and not case.status["spec"]
    and (case.trace_pixels or any(word in case.id for word in DIFFERENT_FORMULAS))
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_tap_agrees_in_spec_mode(case: Case, inputs: Path, tmp_path: Path) -> None:
    pixels = case.trace_pixels or CORNER
    words = tuple(case.words(inputs))
    first = trace_of(build_reference(), TraceCase(case.id, words, pixels, case), words, "spec", inputs)
    lay_out(case, inputs, tmp_path)
    chosen = [word for slow, fast in pixels for word in ("-trace_pixel", str(slow), str(fast))]
    with contextlib.chdir(tmp_path):
        config = RunConfig.from_args(
            ["--parity-mode", "spec", "-dtype", "float64", *words, *chosen, "-trace_only"]
        )
        scene, recorder = prepare(config), recorder_of(config)
        render(scene, recorder)
    second = read_stream(io.BytesIO(trace_text(scene, recorder).encode()), "simulator")
    report = judge(first, second)
    assert report.verdict == "PASS", report.first or report.error
    assert report.comparison.compared > 50
