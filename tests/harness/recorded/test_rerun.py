"""Inputs of a recorded run are found where they are, before anything is made."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.files import sha256_of_file
from harness.recorded import rerun


def _must_not_run(_folder: Path) -> Path:
    raise AssertionError("the built-in crystal is made")


@pytest.mark.parametrize("place", ["recorded", "data"])
def test_a_file_that_is_there_is_found_without_making_the_crystal(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rerun, "write_built_in", _must_not_run)
    for folder in ("recorded", "data"):
        (tmp_path / folder).mkdir()
    file = tmp_path / place / "A.mat"
    file.write_text("1 0 0\n0 1 0\n0 0 1\n")
    recorded = {"path": str(tmp_path / "recorded" / "A.mat"), "bytes": 18, "sha256": sha256_of_file(file)}
    with ExitStack() as stack:
        assert rerun.Inputs(tmp_path / "data", stack).find(recorded) == str(file)


def test_the_built_in_crystal_is_found_last(tmp_path: Path) -> None:
    with ExitStack() as stack:
        inputs = rerun.Inputs(None, stack)
        made = rerun.write_built_in(tmp_path / "made") / "A.mat"
        item = {"path": "/nowhere/A.mat", "bytes": made.stat().st_size, "sha256": sha256_of_file(made)}
        assert Path(inputs.find(item)).read_bytes() == made.read_bytes()
