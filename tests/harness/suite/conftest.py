"""A small selection of the suite, built and run once for the tests of the golden tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden_suite_generator.cases import load_cases, select
from harness.suite.generate import generate

FEW = ("vector-e1", "vector-d1", "conv-denzo-default", "error-pixel-zero", "mask-with-geometry")


@pytest.fixture(scope="session")
def golden_origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A golden folder of a few cases; tests copy it before they change it."""
    folder = tmp_path_factory.mktemp("golden")
    generate(folder, select(load_cases(), FEW), None, all_images=False)
    return folder
