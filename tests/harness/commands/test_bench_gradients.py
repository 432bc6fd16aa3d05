"""The benchmark of gradients on a run of a few pixels: what it measures, never how long it takes."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from harness.bench.gradients import SETS, USUAL, inputs_of_set, measure_set
from harness.commands import bench_gradients
from simulator import RunConfig

LINE = "-cell 40 45 50 90 90 90 -N 5 -default_F 100 -lambda 1 -distance 100 -detpixels 8 -oversample 1"


def test_sets_grow_and_the_last_has_the_structure_factors() -> None:
    config = RunConfig.from_args(LINE.split())
    usual, geometry, everything = (inputs_of_set(config, name) for name in SETS)
    assert set(usual) < set(geometry)
    assert set(everything) - set(geometry) == {"default_F"}
    assert {"cell_lengths_A", "distance_m", "wavelength_m"} <= set(usual)
    assert "matrix" not in geometry


@pytest.mark.parametrize("name", SETS)
def test_a_row_has_both_clocks_and_their_ratios(name: str) -> None:
    row = measure_set(RunConfig.from_args(LINE.split()), name, rounds=3)
    for clock in ("wall", "cpu"):
        middle, least, most = row[f"ratio_{clock}"]
        assert 0.0 < least <= middle <= most
        assert row[f"both_{clock}_s"] > 0.0


def test_all_usual_inputs_are_there_in_a_run_with_a_matrix(tmp_path: Path) -> None:
    (tmp_path / "A.mat").write_text("0.020 0.003 0.001\n-0.002 0.018 0.004\n0.001 -0.003 0.016\n")
    words = f"{LINE} -mat {tmp_path / 'A.mat'} -misset 0 0 0".split()
    assert measure_set(RunConfig.from_args(words), "usual", rounds=1)["inputs"] == len(USUAL)


def test_unknown_sets_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_gradients.main(["--sets", "colour"]) == 3
    assert "colour" in capsys.readouterr().err


def test_the_command_prints_a_line_for_each_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_gradients, "data_folder", lambda data: nullcontext((Path(), "none")))
    monkeypatch.setattr(bench_gradients, "authoritative_args", lambda folder: LINE.split())
    monkeypatch.setattr(bench_gradients, "SOME_ROWS", ())
    assert bench_gradients.main(["--rounds", "1"]) == 0
    head, *rows = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert head["compile"] == "off"
    assert [row["set"] for row in rows] == list(SETS)
    assert all(row["peak_MiB_above_import"] >= 0 for row in rows)
