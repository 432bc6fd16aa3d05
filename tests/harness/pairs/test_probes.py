"""A program that does not hear one of its options is found out, a sound one is not suspected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.commands.nb_compare import main
from harness.pairs.probes import MOST_PROBES, MOVES, moved_options
from simulator.command_line.option_table import BY_SPELLING

LINE = "-cell 79 79 38 -default_F 9 -lambda 1 -distance 99 -detpixels 12 -pixel 0.4 -N 5 -oversample 1"
WORDS = (*LINE.split(), "-phi", "7", "-misset", "1", "2", "3")


def compared(place: Path, text: str, words: tuple[str, ...] = WORDS) -> tuple[int, str]:
    """Compare a script in the place of the C reference; return the status and all reasons and limits."""
    program = place / "program"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    status = main(["--c-bin", str(program), "--outdir", str(place / "out"), "-q", "--", *words])
    summary = json.loads((place / "out" / "summary.json").read_text())
    return status, "; ".join([*summary["reasons"], *(row["reason"] for row in summary["findings"])])


@pytest.mark.parametrize("fixed", ["-distance 99", "-cell 79 79 38", "-phi 7"])
def test_an_option_without_effect_is_not_comparable(fixed: str, c_binary: Path, tmp_path: Path) -> None:
    status, said = compared(tmp_path, f'exec "{c_binary}" "$@" {fixed}')
    assert status == 2
    assert f"c gives the same image with {fixed.split(maxsplit=1)[0]} " in said
    assert "is not made from this command line" in said


def test_a_program_that_hears_its_options_passes(c_binary: Path, tmp_path: Path) -> None:
    status, said = compared(tmp_path, f'exec "{c_binary}" "$@"')
    assert status == 0
    assert "c answers to another -cell, -misset" in said


def test_an_option_that_is_without_effect_here_is_no_reason(c_binary: Path, tmp_path: Path) -> None:
    """A flat image: the turned crystal of one cell without a partner in the beam gives the same pixels."""
    words = ("-cell", "79", "-default_F", "9", "-detpixels", "8", "-N", "1", "-osc", "0", "-polar", "0")
    status, said = compared(tmp_path, f'exec "{c_binary}" "$@"', (*words, "-nopolar"))
    assert status == 0
    assert "-polar" not in said


def test_few_of_many_options_are_moved_one_at_a_time() -> None:
    words = " ".join(f"{name} 1.5" for name in MOVES if BY_SPELLING[name].kinds == ("f",)).split()
    moved = moved_options(words)
    assert len({option.name for option in moved}) == len(moved) == MOST_PROBES
    assert moved_options(["-distance", "0"]) == []
    assert moved_options(["-misset", "random"]) == []
    assert moved_options(["-phi", "0"])[0].words == ("-phi", "0.5")
    assert moved_options(["-cell", "60", "70", "80"])[0].words == ("-cell", "60.6", "70", "80")
    assert moved_options(["-no-such-option"]) == []
