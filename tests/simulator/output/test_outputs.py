"""An output file is one row of one table; whatever else names it has each of them."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from simulator import cli
from simulator.command_line.option_table import BY_SPELLING
from simulator.config import OPTION, Output, RunConfig
from simulator.output import outputs, targets
from simulator.output.outputs import OUTPUTS, FinishedImage, OutputFile, Say, always

RUN = "-default_F 1 -cell 100 -detpixels 4 -pixel 1 -N 3 -oversample 1 -seed 1"


def test_every_output_stands_in_each_table() -> None:
    options = {row.option for row in OUTPUTS}
    named = {item.metadata[OPTION]: item.default for item in fields(Output) if item.metadata}
    assert named.keys() == {row.option for row in OUTPUTS if row.write}, "simulator/config.py"
    assert options <= BY_SPELLING.keys(), "simulator/command_line/option_table.py"
    assert {option: Path(BY_SPELLING[option].default) for option in named} == named


def test_every_output_has_a_path_of_its_own() -> None:
    config = RunConfig()
    config = replace(config, output=replace(config.output, dump_file=Path("dump")))
    paths = [path for _, path in targets.targets_of(config)]
    assert len(set(paths)) == len(paths) == len(OUTPUTS) - 1  # without pixels there is no trace


def test_a_row_is_all_that_a_new_output_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(image: FinishedImage, say: Say) -> list[bytes]:
        return [b"%d" % image.photons.size]

    sizes = OutputFile("-floatfile", "size", lambda _: Path("size.txt"), always, write)
    monkeypatch.setattr(targets, "OUTPUTS", (*outputs.OUTPUTS, sizes))
    monkeypatch.chdir(tmp_path)
    assert cli.main(RUN.split()) == 0
    assert (tmp_path / "size.txt").read_bytes() == b"16"
