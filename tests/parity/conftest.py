"""Inputs, the built C reference, and images that several parity tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from golden_suite_generator.cases import Case
from harness.programs.build import build_reference
from harness.programs.programs import Program
from harness.suite.generate import case_inputs
from harness.suite.runner import CaseRun, reference_program, run_case
from tests.parity.agreement import Wide, simulated_image

ReferenceRun = Callable[..., CaseRun]
Simulated = Callable[..., Wide]


@pytest.fixture(scope="session")
def inputs() -> Iterator[Path]:
    """The folder with the input files of the cases."""
    with case_inputs() as folder:
        yield folder


@pytest.fixture(scope="session")
def reference() -> Program:
    """The C reference, built here; a missing compiler is an error, never a skip."""
    return reference_program(build_reference())


@pytest.fixture(scope="session")
def reference_run(reference: Program, inputs: Path) -> ReferenceRun:
    """Run the C reference on a case, once for each (case, mode, extra words)."""
    made: dict[tuple[str, str, tuple[str, ...]], CaseRun] = {}

    def run(case: Case, mode: str, *extra: str) -> CaseRun:
        key = (case.id, mode, extra)
        if key not in made:
            made[key] = run_case(reference, case, mode, inputs, extra)
        return made[key]

    return run


@pytest.fixture(scope="session")
def simulated(inputs: Path, tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Simulate a case through the Python interface, once for each (case, mode, extra words)."""
    made: dict[tuple[str, str, tuple[str, ...]], Wide] = {}

    def run(case: Case, mode: str, *extra: str) -> Wide:
        key = (case.id, mode, extra)
        if key not in made:
            made[key] = simulated_image(case, mode, inputs, tmp_path_factory.mktemp("run"), extra)
        return made[key]

    return run
