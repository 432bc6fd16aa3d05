"""Programs that serve the tests of drawn command lines, one pair for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.faults.seed import make_faulty
from harness.faults.table import BY_ID
from harness.fuzz.bench import FuzzBench, open_bench
from harness.programs.programs import first_program, second_program


@pytest.fixture(scope="session")
def fuzz_bench() -> Iterator[FuzzBench]:
    """Both sound programs."""
    with open_bench(first_program(None, {}), second_program(None)) as bench:
        yield bench


@pytest.fixture(scope="session")
def unpolarized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A C reference without the polarization factor."""
    return make_faulty(BY_ID["polarization-dropped"], "c", tmp_path_factory.mktemp("unpolarized")).path
