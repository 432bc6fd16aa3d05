"""The pytest plugin of the package: `@pytest.mark.parity`, the fixture `parity`, and `--parity-bundle`.

Nothing but the standard library and pytest is loaded until a test asks for a comparison.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.described.for_tests import ParityFixture

MARK = "parity"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --parity-bundle."""
    group = parser.getgroup(MARK, "parity of two programs")
    group.addoption(
        "--parity-bundle", type=Path, metavar="DIR", help="keep a bundle of each comparison below this folder"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers",
        "parity(case=None, file='parity.toml'): run a case of a described pair (all without case) before the"
        " test, which fails unless it passes",
    )


@pytest.fixture
def parity(request: pytest.FixtureRequest) -> Generator[ParityFixture, None, None]:
    """Compare arrays, traces and described pairs with the verdicts of this package."""
    from harness.described.for_tests import ParityFixture

    with tempfile.TemporaryDirectory(prefix="parity") as scratch:
        kept: Path | None = request.config.getoption("--parity-bundle")
        yield ParityFixture(request.path.parent, kept or Path(scratch), session_of(request.config))


def session_of(config: pytest.Config) -> str:
    """Return what all workers of one call of pytest have in common."""
    return os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid()}-{id(config)}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Run the pair of a marked test before its body."""
    mark = item.get_closest_marker(MARK)
    if mark is not None:
        from harness.described.for_tests import ParityFixture

        with tempfile.TemporaryDirectory(prefix="parity") as scratch:
            kept: Path | None = item.config.getoption("--parity-bundle")
            made = ParityFixture(item.path.parent, kept or Path(scratch), session_of(item.config))
            made.require_pair(*mark.args, **mark.kwargs)
    yield
