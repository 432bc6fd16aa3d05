"""Every command runs for a user who has no home, is on no list of users, or may not write at home."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from simulator.engine.library_cache import CompileError, library_folder
from system_io import cache

ROOT = Path(__file__).resolve().parents[1]
SMALL = "-cell 79 79 38 90 90 90 -default_F 10 -N 3 -lambda 1 -distance 100 -detpixels 16 -nonoise"


def test_without_any_place_compiled_code_is_refused_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NB_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(cache, "_listed_home", lambda: "")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(CompileError, match=r"no place for compiled code: .*; set NB_CACHE"):
        library_folder()


@pytest.mark.parametrize("home", [None, "nowhere", "file"])
@pytest.mark.parametrize(
    "words",
    [
        f"-m simulator {SMALL}",
        f"-m simulator {SMALL} --reproducible",
        "-m harness.programs.build --path --variant O0",
        f"-m harness.commands.nb_compare --json --c-bin {{reference}} -- {SMALL}",
    ],
)
def test_commands_run_without_a_home_and_say_nothing_of_it(
    words: str, home: str | None, tmp_path: Path, c_binary: Path
) -> None:
    for folder in ("tmp", "work"):
        (tmp_path / folder).mkdir()
    (tmp_path / "file").touch()
    kept = {name: os.environ[name] for name in ("PATH", "LANG")} | {"TMPDIR": str(tmp_path / "tmp")}
    environ = kept | {"PYTHONPATH": str(ROOT)} | ({"HOME": str(tmp_path / home)} if home else {})
    code = (
        "import pwd, runpy, sys\n"
        "def unknown(number): raise KeyError(number)\n"
        "pwd.getpwuid = unknown\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)\n"
    )
    given = [sys.executable, "-c", code, *words.format(reference=c_binary).split()[1:]]
    done = subprocess.run(
        given, cwd=tmp_path / "work", env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
