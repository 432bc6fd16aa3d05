"""Help and wrong usage answer at once: what takes long to import is imported when there is work for it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
SLOW = ("torch", "scipy", "pandas", "matplotlib", "rich", "jinja2")
CALL = f"""
import importlib, json, sys
module, _, name = sys.argv[1].partition(":")
main = getattr(importlib.import_module(module), name)
sys.argv = sys.argv[1:]
try:
    status = main()
except SystemExit as done:
    status = done.code or 0
sys.stderr.write(json.dumps([status, [word for word in {SLOW!r} if word in sys.modules]]))
"""
CELL = "-default_F 1 -cell 10 10 10 90 90 90"
FINE = {
    "nanoBragg": ["--help", "--version", "--list-quirks"],
    "nb-golden": ["--help", "verify --help"],
    "nb-report": ["--help", "replay --help"],
    "trace-diff": ["--help", "explain F_latt"],
}
WRONG = {
    "nanoBragg": [
        "-lamda 1", "-lambda", "-lambda x", "", "-default_F 1", "-hkl none.hkl -cell 10 10 10 90 90 90",
        f"{CELL} -mat none.mat", f"{CELL} -lambda -1", f"{CELL} -pixel -1", f"{CELL} -sourcefile none",
        f"{CELL} -floatfile no/such/x.bin", f"{CELL} -trace_pixel 9999 0", f"{CELL} --quirk Q-NONE=on",
    ],
    "nb-compare": [
        "--bogus", "", "--roi 1 -- -lambda 1", "--c-bin none -- -lambda 1", "--outdir . -- -lambda 1",
    ],
    "nb-gates": [
        "--bogus", "run --only VG-9", "run --data none", "run --c-bin none", "run --gradients --py-bin x",
        "run --junit file",
    ],
    "nb-golden": ["--bogus", "generate --accept", "verify --tags"],
    "nb-gradients": [
        "--bogus", "", "--params colour -- -lambda 1", "--c-bin none -- -lambda 1", "--pixels 0 -- -lambda 1",
        "--c-bin program -- -lamda 1", "--c-bin program -- -trace_pixel 1 1",
    ],
    "nb-report": [
        "--bogus", "verify none", "replay none", "html none", "summary none", "diff none none",
        "list --reports none", "history --reports none x",
    ],
    "trace-diff": ["--bogus", "none none", "explain none"],
    "trace-harness": [
        "--bogus", "--pixel 1 1", "--worst 1 --from none", "--pixel 1 1 --c-bin none -- -lambda 1",
        "--pixel 1 1 --c-bin program -- -trace_pixel 1 1", "--pixel 1 1 --budget --level pixel -- -lambda 1",
    ],
}  # fmt: skip


def answered(folder, script, line):
    """Call a console script as it is installed; returns its exit status and the slow modules it imported."""
    words = [sys.executable, "-c", CALL, SCRIPTS[script], *line.split()]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stderr.splitlines()[-1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one file, and a program that does nothing."""
    made = tmp_path_factory.mktemp("start")
    (made / "file").write_text("", encoding="ascii")
    (made / "program").write_text("#!/bin/sh\nexit 0\n", encoding="ascii")
    (made / "program").chmod(0o755)
    return made


def test_every_console_script_is_tried():
    assert WRONG.keys() == SCRIPTS.keys()


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_imports_nothing_slow(folder, script):
    for line in FINE.get(script, ["--help"]):
        assert answered(folder, script, line) == [0, []], line


@pytest.mark.parametrize("script", SCRIPTS)
def test_wrong_usage_imports_nothing_slow(folder, script):
    refused = 9 if script == "nanoBragg" else 3
    for line in WRONG[script]:
        assert answered(folder, script, line) == [refused, []], line
