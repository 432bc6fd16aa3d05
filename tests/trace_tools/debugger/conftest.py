"""A small program without taps, built with debug information, and its tap map."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.programs.build import find_compiler

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
NO_GDB = "gdb with Python not found: taps read by a debugger are not tested; install gdb"


def require_gdb() -> None:
    """Say that a test did not run where there is no gdb."""
    gdb = shutil.which("gdb")
    words = [gdb or "gdb", "-nx", "-batch", "-ex", "python print(6 * 7)"]
    if gdb is None or b"42" not in subprocess.run(words, check=False, capture_output=True).stdout:
        pytest.skip(NO_GDB)


def built(target: Path, *flags: str) -> Path:
    """Build the small program."""
    source = target.parent / "tapless.c"
    if not source.exists():
        shutil.copy(FIXTURES / "tapless.c", source)
    compiler = find_compiler(os.environ).words
    subprocess.run([*compiler, "-std=c11", *flags, "-o", target, source, "-lm"], check=True)
    return target


@pytest.fixture(scope="session")
def tapless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small program, -g -O0."""
    require_gdb()
    return built(tmp_path_factory.mktemp("tapless") / "tapless", "-g", "-O0")


@pytest.fixture(scope="session")
def map_text() -> str:
    """The map of the small program."""
    return (FIXTURES / "tapless.toml").read_text(encoding="utf-8")
