"""Fixtures that several test folders share, and the list of what a run could not check."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.surroundings import move_in

ROOT = Path(__file__).resolve().parents[1]
SURROUNDINGS = pytest.StashKey[Path]()
UNASKED = ("Fdump.bin", "floatimage.bin", "intimage.img", "image.pgm", "noiseimage.img")
"""Files that both programs write where they run; the first is read there, too, by runs without `-hkl`."""


def pytest_configure(config: pytest.Config) -> None:
    """Give the run a home and caches of its own; workers have those of the process that started them."""
    if not hasattr(config, "workerinput"):
        if left := left_here():
            raise pytest.UsageError(f"{', '.join(left)} in {Path.cwd()} would be read by tests; remove it")
        config.stash[SURROUNDINGS] = Path(tempfile.mkdtemp(prefix="nb-tests-"))
        move_in(os.environ, config.stash[SURROUNDINGS])


def left_here() -> list[str]:
    """Return the files that runs left in the working folder."""
    return [name for name in UNASKED if os.path.exists(name)]  # noqa: PTH110  for every test


@pytest.fixture(autouse=True)
def _leaves_nothing_here() -> Iterator[None]:
    """Fail a test that runs a program in the folder of all tests: the next ones would read its dump."""
    yield
    left = left_here()
    for name in left:
        Path(name).unlink(missing_ok=True)
    assert not left, f"left in {Path.cwd()}: {left}"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take the home and the caches of the run away."""
    if SURROUNDINGS in config.stash:
        shutil.rmtree(config.stash[SURROUNDINGS], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow tests, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def shared_or_none() -> Path | None:
    """Return the folder with upstream's recorded data, beside the checkout or named by NB_SHARED."""
    folder = Path(os.environ.get("NB_SHARED", ROOT.parent / "shared"))
    return folder.resolve() if (folder / "golden" / "cases.json").is_file() else None


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder with upstream's recorded data; without it the test says that it did not run."""
    folder = shared_or_none()
    if folder is None:
        pytest.skip(
            "recorded upstream data not found; lay them beside the checkout as ../shared or set NB_SHARED"
        )
    return folder


@pytest.fixture(scope="session")
def c_binary() -> Path:
    """The C reference, built here; a missing compiler is an error of the test, never a skip.

    NB_TEST_VARIANT names another build of it (`sanitize`, `O0`, `native`, `fma`).
    """
    from harness.programs.build import build_reference

    return build_reference(os.environ.get("NB_TEST_VARIANT", "default")).path


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one paragraph what was not run and why, so that a green run does not claim it."""
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    reasons: dict[str, int] = {}
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason] = reasons.get(reason, 0) + 1
    terminalreporter.section("not run")
    for reason, count in sorted(reasons.items()):
        terminalreporter.line(f"{count} tests: {reason}")
