"""A failure in an output beside the float image is made small as the same failure."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from harness.commands.nb_compare import main as compare
from harness.commands.search.nb_shrink import main
from harness.outputs.request import output_request
from harness.outputs.rows import failed, held
from harness.shrink.outputs import FailingOutput, failing_output, failing_parts

LINE = (
    "-cell 60 71 80 -default_F 90 -lambda 1 -distance 97 -pixel 0.4 -detpixels 8 -N 5 -adc 30 -misset 1 2 3"
)


@pytest.fixture
def program(tmp_path: Path, c_binary: Path) -> str:
    """A C reference whose header lacks an entry."""
    path = tmp_path / "mine"
    path.write_text(f'#!/bin/sh\nexec "{c_binary}" "$@" -quirk Q-HEADER-ADC-OFFSET=off\n', encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_a_header_entry_stays_the_one_that_fails(tmp_path: Path, program: str, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = ["-q", "--c-bin", program, "--parity-mode", "c-parity"]
    assert compare([*own, "--outputs", "smv,pgm", "--outdir", "pair", "--", *LINE.split()]) == 1
    assert main(["pair", "--c-bin", program, "--outdir", "small"]) == 0
    data = json.loads((tmp_path / "small" / "shrink.json").read_text())
    assert (data["came"], data["cause"]) == ("outputs differ", "smv header ADC_OFFSET")
    assert data["options"] <= 3
    begun = json.loads((tmp_path / "small" / "original.json").read_text())
    assert FailingOutput.of(begun["outputs"]).part == "smv header ADC_OFFSET"
    words = shlex.split((tmp_path / "small" / "commands.txt").read_text().splitlines()[1])
    assert words[:3] == ["nb-compare", "--outputs", "smv,pgm"]
    assert compare(["-q", "--c-bin", program, "--outdir", "again", *words[1:]]) == 1


def test_outputs_of_a_bundle_are_told_by_the_bundle(tmp_path: Path, capsys) -> None:
    assert main([str(tmp_path), "--outputs", "smv", "--outdir", str(tmp_path / "small")]) == 3
    assert "--outputs is for a command line" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("row", "part"),
    [
        (failed("smv", "header", 2, 1, "ADC_OFFSET c '40', py 'no such key'"), "smv header ADC_OFFSET"),
        (failed("smv", "printed", 1, 1, "c 'max_I = 3', py 'max_I = 4'"), "smv printed max_I"),
        (failed("pgm", "printed", 1, 1, "c no such line, py 'pgm_scale = 4'"), "pgm printed pgm_scale"),
        (failed("noise", "pixels", 9, 3, "3 of 9 differ"), "noise pixels"),
    ],
)
def test_a_failing_part_has_a_name_that_no_value_is_in(row, part) -> None:
    assert failing_parts([held("smv", "pixels"), row]) == [part]


def test_a_float_image_that_fails_is_what_is_made_small() -> None:
    row = failed("noise", "pixels", 9, 3, "3 of 9 differ")
    asked = output_request("noise", None).facts()
    broken = {"name": "max |diff| / max", "state": "failed"}
    own = {"name": row.title, "state": "failed"}
    summary = {"outputs": [vars(row)], "settings": asked, "criteria": [own]}
    assert failing_output(summary).part == "noise pixels"
    assert failing_output({**summary, "criteria": [own, broken]}) is None
