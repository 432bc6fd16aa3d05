"""The wheel must carry the C sources and run from an empty directory."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def unpacked_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, tracked.decode().split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*words, "--wheel-dir", str(folder), str(source)], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_wheel_holds_the_c_sources_and_no_tests(unpacked_wheel: Path) -> None:
    sources = {path.name for path in (ROOT / "golden_suite_generator" / "reference").glob("*.[ch]")}
    packed = {path.name for path in (unpacked_wheel / "golden_suite_generator" / "reference").iterdir()}
    assert sources
    assert sources <= packed
    assert not (unpacked_wheel / "tests").exists()
    assert not (unpacked_wheel / "reports").exists()


def test_installed_harness_builds_in_an_empty_directory(unpacked_wheel: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    environment = dict(os.environ, PYTHONPATH=str(unpacked_wheel), NB_CACHE=str(tmp_path / "cache"))
    words = [sys.executable, "-m", "harness.programs.build", "--path"]
    result = subprocess.run(words, cwd=empty, env=environment, capture_output=True, text=True, check=True)
    assert Path(result.stdout.strip()).is_file()
    assert not list(empty.iterdir())
