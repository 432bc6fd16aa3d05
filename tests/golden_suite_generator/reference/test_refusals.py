"""Wrong input to the C reference: one clear line, exit status 9, nothing written."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.fixtures import malformed


@pytest.mark.parametrize("case", malformed.MALFORMED, ids=lambda case: case.id)
def test_malformed_input_is_refused(c_binary: Path, tmp_path: Path, case: object) -> None:
    malformed.make_files(tmp_path, case.files)
    run = subprocess.run(
        [c_binary, *case.argv],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
        check=False,
    )
    assert malformed.refusal_problems(case, run.returncode, run.stderr, tmp_path) == []


def test_the_table_has_enough_cases_and_no_two_alike() -> None:
    ids = [case.id for case in malformed.MALFORMED]
    assert len(ids) == len(set(ids)) >= 100


def test_the_complete_command_lines_of_the_table_run(c_binary: Path, tmp_path: Path) -> None:
    run = subprocess.run([c_binary, *malformed.BASE.split()], cwd=tmp_path, capture_output=True, check=False)
    assert run.returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.bin", "out.img"]
