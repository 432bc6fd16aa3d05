"""A test run sees nothing of its user: neither home nor caches nor settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from system_io.cache import cache_folder
from tests.surroundings import ROOT, own_surroundings

POISON = {
    "NB_CACHE": "/nowhere/cache", "NB_C_BIN": "/nowhere/nanoBragg", "NB_REPORTS": "/nowhere/reports",
    "HOME": "/nowhere", "XDG_CACHE_HOME": "/nowhere/xdg", "XDG_CONFIG_HOME": "/nowhere/config",
    "PYTHONWARNINGS": "error", "PYTHONPATH": "/nowhere/python", "PYTHONOPTIMIZE": "2", "COLUMNS": "20",
    "FORCE_COLOR": "1", "NO_COLOR": "1", "LC_ALL": "POSIX", "MPLBACKEND": "TkAgg",
    "MPLCONFIGDIR": "/nowhere/mpl", "TORCHINDUCTOR_CACHE_DIR": "/nowhere/t", "OMP_WAIT_POLICY": "ACTIVE",
    "MALLOC_TRIM_THRESHOLD_": "1", "GIT_DIR": "/nowhere/.git",
}  # fmt: skip


def inside(path: Path, folder: Path) -> bool:
    return folder in path.resolve().parents


@pytest.mark.parametrize("name", POISON)
def test_settings_of_the_user_do_not_reach_the_tests(name: str, tmp_path: Path) -> None:
    plain, poisoned = (
        own_surroundings({"PATH": "/bin", **more}, tmp_path) for more in ({}, {name: POISON[name]})
    )
    assert plain == poisoned


def test_what_the_tests_are_told_on_purpose_stays(tmp_path: Path) -> None:
    told = {
        "NB_SHARED": "/data",
        "NB_TEST_VARIANT": "O0",
        "OMP_NUM_THREADS": "3",
        "CC": "clang",
        "TMPDIR": "/scratch",
    }
    assert told.items() <= own_surroundings(told, tmp_path).items()


def test_home_and_caches_are_those_of_the_run() -> None:
    folder = Path(os.environ["HOME"]).parent
    assert folder.name.startswith("nb-tests-")
    assert inside(Path.home(), folder)
    assert inside(cache_folder(os.environ), folder)
    assert not inside(cache_folder(os.environ), ROOT)


def test_a_run_under_a_poisoned_environment_is_green() -> None:
    words = [
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/test_surroundings.py",
        "-k",
        "those_of_the_run",
    ]
    given = {**os.environ, **POISON, "PYTHONPATH": str(ROOT)}
    del given["PYTHONWARNINGS"], given["PYTHONOPTIMIZE"]  # these act on pytest itself
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=given, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout + done.stderr
