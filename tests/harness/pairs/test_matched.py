"""A program that a user brings is probed, and the other side runs with just its quirks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.commands.nb_compare import main
from harness.commands.nb_report import main as nb_report

LINE = "-cell 79 79 38 -default_F 9 -lambda 1 -distance 99 -detpixels 16 -pixel 0.4 -N 5 -oversample 1"
SWEEP = [*LINE.split(), "-osc", "2", "-phisteps", "4"]
EXTERNAL = '[ "$1" = --version ] && exit 9'


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NB_C_BIN", raising=False)
    return tmp_path


@pytest.fixture
def mine(place, c_binary):
    """Make a program of a user's: the C reference with words behind its own, after some lines of a shell."""

    def make(words="", before=EXTERNAL):
        path = place / "mine"
        path.write_text(f'#!/bin/sh\n{before}\nexec "{c_binary}" "$@" {words}\n', encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return make


def compared(program, other, *options, args=SWEEP):
    words = ["-q", "--c-bin", program, "--py-bin", str(other), "--outdir", "out", *options]
    status = main([*words, "--", *args])
    summary = Path("out/summary.json")
    return status, json.loads(summary.read_text(encoding="utf-8")) if summary.exists() else {}


def test_a_fork_with_a_fix_agrees_bit_for_bit(mine, c_binary, capsys):
    fork = mine("-quirk Q-PHI-CARRYOVER=off")
    status, summary = compared(fork, c_binary)
    assert (status, summary["metrics"]["bitwise_equal_fraction"]) == (0, 1.0)
    assert summary["settings"]["matched"]["quirks"] == ["Q-PHI-CARRYOVER=off"]
    assert "Q-PHI-CARRYOVER=off" in summary["runs"]["py"]["command"]
    assert "c has Q-PHI-CARRYOVER=off" in capsys.readouterr().out
    assert nb_report(["verify", "out"]) == 0
    assert nb_report(["replay", "out", "--c-bin", fork, "--py-bin", str(c_binary)]) == 0


def test_a_fork_that_calls_itself_ours_agrees_with_the_simulator(mine, place):
    fork = mine("-quirk Q-PHI-CARRYOVER=off -quirk Q-OSC-ZERO=off", before="")
    words = ["-q", "--c-bin", fork, "--outdir", "out", "--", *SWEEP]
    assert main(words) == 0
    summary = json.loads(Path("out/summary.json").read_text(encoding="utf-8"))
    assert summary["metrics"]["bitwise_equal_fraction"] == 1.0
    assert summary["settings"]["matched"]["quirks"] == ["Q-OSC-ZERO=off", "Q-PHI-CARRYOVER=off"]


@pytest.mark.parametrize("options", [["--no-match-quirks"], ["--parity-mode", "c-parity"]], ids=" ".join)
def test_nothing_is_matched_where_that_is_not_wanted(mine, c_binary, options):
    status, summary = compared(mine("-quirk Q-PHI-CARRYOVER=off"), c_binary, *options)
    assert (status, summary["settings"]["matched"]) == (1, None)
    assert "Q-PHI-CARRYOVER explains it" in summary["reasons"][-1]


def test_a_bundle_that_states_other_quirks_than_ran_is_found_out(mine, c_binary):
    compared(mine("-quirk Q-PHI-CARRYOVER=off"), c_binary)
    path = Path("out/summary.json")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"Q-PHI-CARRYOVER=off"', '"Q-OSC-ZERO=off"', 1), encoding="utf-8")
    assert nb_report(["verify", "out"]) == 1


@pytest.mark.parametrize(("program", "words"), [("/bin/true", "no nanoBragg"), ("/bin/cat", "no nanoBragg")])
def test_what_is_no_nanobragg_is_refused_before_the_run(place, c_binary, capsys, program, words):
    assert compared(program, c_binary) == (2, {})
    said = capsys.readouterr().err
    assert (words in said, said.count("\n")) == (True, 1)


@pytest.mark.parametrize(("change", "why"), [
    ('for w; do shift; [ "$w" = -nopolar ] || set -- "$@" "$w"; done', "it ignores it"),
    ('case " $* " in *" -nopolar "*) exit 3;; esac', "it refuses it"),
])  # fmt: skip
def test_an_option_that_the_program_does_not_know_is_refused_before_the_run(
    mine, c_binary, capsys, change, why
):
    program = mine(before=f"{EXTERNAL}\n{change}")
    assert compared(program, c_binary, args=[*SWEEP, "-nopolar"]) == (3, {})
    said = capsys.readouterr().err
    assert "-nopolar" in said
    assert why in said
    assert compared(program, c_binary)[0] == 0  # without the option nothing is amiss


@pytest.mark.parametrize(("change", "why"), [
    ('[ "$OMP_NUM_THREADS" = 1 ] || set -- "$@" -phi 0.01', "OMP_NUM_THREADS"),
    ('case " $* " in *" -phi 3 "*) set -- "$@" -phi 3.01;; esac', "acts otherwise than nanoBragg on -phi"),
])  # fmt: skip
def test_a_wrapper_that_meddles_fails_even_where_the_images_agree(mine, c_binary, change, why):
    program = mine(before=f"{EXTERNAL}\n{change}")
    status, summary = compared(program, c_binary, args=[*LINE.split(), "-phi", "1"])
    assert (status, summary["verdict"]) == (1, "FAIL")
    assert any(why in reason for reason in summary["reasons"])


def test_a_program_that_says_it_is_ours_is_compared_however_wrong_it_is(mine, place):
    """Its image is 0 whatever it is told: a fault of the C reference, which the images show."""
    program = mine("-default_F 0.0 -hkl empty.hkl", before='echo "1 1 1 0" > empty.hkl')
    assert main(["-q", "--c-bin", program, "--outdir", "out", "--", *LINE.split()]) == 1


def test_wrong_usage_is_said_before_a_program_is_asked_anything(place, c_binary, capsys):
    assert compared("/bin/true", c_binary, args=["-lamda", "1", "--parity-mode", "spec"]) == (3, {})
    assert "--parity-mode" in capsys.readouterr().err


def test_a_program_that_hangs_ends_with_the_time_limit(mine, c_binary, capsys):
    program = mine(before=f"{EXTERNAL}\nsleep 600")
    assert compared(program, c_binary, "--timeout", "1") == (2, {})
    assert "time-out of 1." in capsys.readouterr().err


def test_a_quirk_of_the_user_stands_above_what_was_told(mine, c_binary):
    fork = mine("-quirk Q-PHI-CARRYOVER=off")
    status, summary = compared(fork, c_binary, args=[*SWEEP, "--quirk", "Q-PHI-CARRYOVER=on"])
    assert status == 1
    assert summary["settings"]["matched"]["quirks"] == ["Q-PHI-CARRYOVER=off"]
