"""The simulator in single precision against the C reference: no false alarm, on cases never measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from golden_suite_generator.inputs.write import write_lysozyme_like
from harness.suite.arithmetic_floor import SINGLE, arithmetic_pairs, with_arithmetics
from harness.suite.floor import outside_bounds
from harness.suite.floor_runs import TraceCase, split_held_out, trace_cases
from harness.suite.generate import case_inputs
from trace_tools.judging.judge import Options, judge
from trace_tools.judging.noise_floor import packaged_floor


@pytest.fixture(scope="module")
def inputs() -> Iterator[Path]:
    with case_inputs() as folder:
        write_lysozyme_like(folder / "crystal")
        yield folder


@pytest.fixture(scope="module")
def held_out(inputs: Path) -> list[TraceCase]:
    return split_held_out(trace_cases(inputs, inputs / "crystal"))[1]


def false_alarms(cases: list[TraceCase], arithmetic: str, inputs: Path) -> list[str]:
    options = Options(arithmetic=arithmetic)
    judged = ((name, judge(a, b, options)) for name, a, b in arithmetic_pairs(cases, arithmetic, inputs))
    return [f"{name}: {report.line}" for name, report in judged if report.verdict != "PASS"]


@pytest.mark.parametrize("arithmetic", SINGLE)
def test_cases_that_were_not_measured_pass(held_out: list[TraceCase], arithmetic: str, inputs: Path) -> None:
    assert false_alarms(held_out[::5], arithmetic, inputs) == []


@pytest.mark.slow
@pytest.mark.parametrize("arithmetic", SINGLE)
def test_every_case_passes(arithmetic: str, inputs: Path) -> None:
    assert false_alarms(trace_cases(inputs, inputs / "crystal"), arithmetic, inputs) == []


@pytest.mark.parametrize("arithmetic", SINGLE)
def test_check_of_the_floor_compares_in_the_arithmetic(
    held_out: list[TraceCase], arithmetic: str, inputs: Path
) -> None:
    pairs = list(arithmetic_pairs(held_out[:1], arithmetic, inputs))
    compared, outside = outside_bounds(pairs, arithmetic)
    assert compared > 100
    assert outside == []
    assert outside_bounds(pairs)[1]


def test_floor_is_measured_for_each_arithmetic_with_its_provenance(
    held_out: list[TraceCase], inputs: Path
) -> None:
    packaged = packaged_floor()
    assert packaged is not None
    (case,) = [case for case in held_out if case.case is not None][:1]
    floor = with_arithmetics(packaged, [case], [], inputs)
    assert floor.taps == packaged.taps
    assert tuple(floor.arithmetics) == SINGLE
    for part in floor.arithmetics.values():
        assert part.provenance["cases"] == [case.id]
        assert 0 < part.taps["F_latt"].scaled < 1e-6
