"""Both programs against the traces recorded from upstream: every tap, in c-parity mode."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
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
from trace_tools.judging.judge import Report, judge
from trace_tools.reading.trace_file import TraceLog, read_stream, read_trace

CASES = [case for case in load_cases() if case.recorded and case.trace_pixels]
SCALE_BOUND = 1e-12
PIXEL = (685, 1039)


def golden(case: Case, shared_dir: Path) -> TraceLog:
    return read_trace(shared_dir / "golden" / "traces" / f"{case.id}.trace")


def simulator_trace(words: list[str], pixels: tuple[tuple[int, int], ...]) -> TraceLog:
    chosen = [word for slow, fast in pixels for word in ("-trace_pixel", str(slow), str(fast))]
    config = RunConfig.from_args(["--parity-mode", "c-parity", *words, *chosen, "-trace_only"])
    scene, recorder = prepare(config), recorder_of(config)
    render(scene, recorder)
    return read_stream(io.BytesIO(trace_text(scene, recorder).encode()), "simulator")


def assert_passes(report: Report) -> None:
    assert report.verdict == "PASS", report.first or report.error
    assert report.first is None
    assert len(report.comparison.alignment.entries("I_pixel_final")) > 0


def largest_scaled(report: Report) -> float:
    return max(diff.max_scaled for diff in report.comparison.taps.values())


def test_all_recorded_traces_are_compared(shared_dir: Path) -> None:
    recorded = {path.stem for path in (shared_dir / "golden" / "traces").glob("*.trace")}
    assert {case.id for case in CASES} == recorded


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_reference_has_upstreams_value_on_every_tap(case: Case, shared_dir: Path) -> None:
    inputs = shared_dir / "golden"
    words = tuple(case.words(inputs))
    build = build_reference()
    traced = trace_of(build, TraceCase(case.id, words, case.trace_pixels, case), words, "c-parity", inputs)
    report = judge(golden(case, shared_dir), traced)
    assert_passes(report)
    assert largest_scaled(report) <= SCALE_BOUND


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_simulator_is_within_the_measured_floor_of_upstream(
    case: Case, shared_dir: Path, tmp_path: Path
) -> None:
    lay_out(case, shared_dir / "golden", tmp_path)
    with contextlib.chdir(tmp_path):
        traced = simulator_trace(case.words(shared_dir / "golden"), case.trace_pixels)
    assert_passes(judge(golden(case, shared_dir), traced))


@pytest.fixture(scope="module")
def authoritative(shared_dir: Path) -> tuple[list[str], tuple[tuple[int, int], ...], TraceLog]:
    """Command line, pixels and recorded trace of the authoritative run."""
    folder = shared_dir / "golden" / "lysozyme"
    facts = json.loads((folder / "authoritative.json").read_text(encoding="utf-8"))
    words = [word.replace("lysozyme/", f"{folder}/") for word in facts["args"]]
    pixels = tuple((slow, fast) for slow, fast in facts["trace_pixels"])
    return words, pixels, read_trace(folder / "authoritative.trace")


def values_at(trace: TraceLog, tap: str, phi: int | None) -> list[float]:
    where = [("s", PIXEL[0]), ("f", PIXEL[1])] + ([] if phi is None else [("phi", phi)])
    return [r.values[0] for r in trace.records() if r.tap == tap and set(where) <= set(r.context)]


def assert_published_values(trace: TraceLog) -> None:
    """The values of the pixel that every port is judged by; step 0 shows the orientation of step 9."""
    assert values_at(trace, "F_latt", 0) == pytest.approx([-2.38319665299058], rel=1e-9)
    assert values_at(trace, "F_latt", 0) == values_at(trace, "F_latt", 9)
    assert values_at(trace, "F_cell", 0) == pytest.approx([190.27], rel=1e-9)
    assert values_at(trace, "I_before_scaling", None) == pytest.approx([943654.80923755], rel=1e-9)


def test_simulator_traces_the_authoritative_run(
    authoritative: tuple[list[str], tuple[tuple[int, int], ...], TraceLog],
) -> None:
    words, pixels, recorded = authoritative
    traced = simulator_trace(words, pixels)
    assert_passes(judge(recorded, traced))
    assert_published_values(traced)


def test_reference_traces_the_authoritative_run(
    authoritative: tuple[list[str], tuple[tuple[int, int], ...], TraceLog], c_binary: Path, tmp_path: Path
) -> None:
    words, pixels, recorded = authoritative
    chosen = [word for slow, fast in pixels for word in ("-trace_pixel", str(slow), str(fast))]
    command = [c_binary, *words, *chosen, "-trace_file", "t.log", "-nopgm", "-noprogress"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    report = judge(recorded, read_trace(tmp_path / "t.log"))
    assert_passes(report)
    assert largest_scaled(report) <= SCALE_BOUND
    assert_published_values(read_trace(tmp_path / "t.log"))


def test_spec_mode_shows_the_unrotated_crystal_at_the_first_step(
    authoritative: tuple[list[str], tuple[tuple[int, int], ...], TraceLog],
) -> None:
    words, _, _ = authoritative
    traced = simulator_trace([*words, "--parity-mode", "spec"], (PIXEL,))
    cell = next(r.values for r in traced.records() if r.tap == "b_angstroms")
    first = next(r.values for r in traced.records() if r.tap == "rot_b_angstroms")
    assert first == pytest.approx(cell, rel=1e-14)  # metres to Angstrom and back: two roundings
    assert values_at(traced, "F_latt", 0) != values_at(traced, "F_latt", 9)
