"""Stand-in programs for the tests of the harness."""

import json
import sys
from pathlib import Path

import pytest

from harness.nb_compare import main

FAKE = Path(__file__).parents[1] / "fixtures" / "fake_program.py"


@pytest.fixture
def fake(tmp_path):
    """Make an executable that behaves as named; `NAME:PROGRAM` presents itself as PROGRAM."""

    def make(behaviour):
        path = tmp_path / "bin" / behaviour.replace(":", "-as-")
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" {behaviour} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return make


@pytest.fixture
def nb_compare(fake, tmp_path, monkeypatch, capsys):
    """Compare two behaviours in an empty directory; returns (exit status, summary or None, stderr)."""
    work = tmp_path / "caller"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.delenv("NB_C_BIN", raising=False)

    def call(first, second, *options, args=("-lambda", "1")):
        words = ["--c-bin", fake(first), "--py-bin", fake(second), "--json", "--outdir", "out", *options]
        status = main([*words, "--", *args])
        captured = capsys.readouterr()
        return status, json.loads(captured.out) if captured.out else None, captured.err

    return call
