"""trace-harness on a program that a user brings: it is traced with its own quirks, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.commands.nb_compare import main as nb_compare
from harness.commands.nb_report import main as nb_report
from harness.commands.trace_harness import main

LINE = "-cell 79 79 38 -default_F 9 -lambda 1 -distance 99 -detpixels 16 -pixel 0.4 -N 5 -oversample 1"
SWEEP = [*LINE.split(), "-osc", "2", "-phisteps", "4"]


@pytest.fixture
def fork(tmp_path, c_binary, monkeypatch):
    """Make a fork with a repaired carryover, after some lines of a shell."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NB_C_BIN", raising=False)

    def make(before=""):
        path = tmp_path / "fork"
        quirk = "-quirk Q-PHI-CARRYOVER=off"
        path.write_text(
            f'#!/bin/sh\n[ "$1" = --version ] && exit 9\n{before}\nexec "{c_binary}" "$@" {quirk}\n',
            encoding="utf-8",
        )
        path.chmod(0o755)
        return str(path)

    return make


def stated(folder: str) -> dict:
    return json.loads(Path(folder, "traces.json").read_text(encoding="utf-8"))


def test_a_fork_is_traced_with_its_own_quirks(fork, c_binary, capsys):
    programs = ["--c-bin", fork(), "--py-bin", str(c_binary)]
    assert nb_compare(["-q", *programs, "--outdir", "pair", "--", *SWEEP]) == 0
    assert main(["--worst", "1", "--from", "pair", "--outdir", "kept"]) == 0
    assert main(["--pixel", "3", "4", *programs, "--outdir", "anew", "--", *SWEEP]) == 0
    assert "c has Q-PHI-CARRYOVER=off" in capsys.readouterr().out
    for folder in ("kept", "anew"):
        assert stated(folder)["settings"]["matched"]["quirks"] == ["Q-PHI-CARRYOVER=off"]
        assert "Q-PHI-CARRYOVER=off" in stated(folder)["runs"]["py"]["command"]
        assert nb_report(["verify", folder]) == 0
    assert nb_report(["replay", "kept", *programs]) == 0


def test_without_matching_the_carryover_is_the_first_divergence(fork, c_binary):
    programs = ["--c-bin", fork(), "--py-bin", str(c_binary), "--no-match-quirks"]
    assert main(["--pixel", "3", "4", *programs, "--outdir", "out", "--", *SWEEP]) == 1
    assert stated("out")["settings"]["matched"] is None


def test_a_program_without_taps_is_refused_and_no_other_is_traced(fork, c_binary, capsys):
    each = 'for w; do shift; case "$w" in -trace_*) f=1;; -*) f=; set -- "$@" "$w";;'
    taken = f'f=; {each} *) [ "$f" ] || set -- "$@" "$w";; esac; done'
    programs = ["--c-bin", fork(taken), "--py-bin", str(c_binary)]
    assert nb_compare(["-q", *programs, "--outdir", "pair", "--", *SWEEP]) == 0
    capsys.readouterr()
    assert main(["--worst", "1", "--from", "pair", "--outdir", "out"]) == 3
    said = capsys.readouterr().err
    assert "fork' wrote no trace" in said
    assert not Path("out").exists()
