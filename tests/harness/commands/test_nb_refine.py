"""The command nb-refine: its options, its files, its refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from harness.commands.nb_refine import main
from harness.refinement.data import read_image
from harness.refinement.fit import METHODS
from harness.refinement.request import METHOD_NAMES, selections
from simulator import RunConfig, simulate

CELL = "-cell 60 60 40 90 90 90 -misset 20 30 40 -default_F 100"
CAMERA = "-N 4 -lambda 1 -distance 80 -pixel 0.5 -detpixels 120 -oversample 1 -osc 0.3 -phisteps 1"
RUN = f"{CELL} {CAMERA}".split()
FAST = [
    "--photons",
    "60000",
    "--start-centre",
    "0.3",
    "--free",
    "cell[a=b,c],misset,distance,centre",
    "--start-cell",
    "0.3",
    "--start-misset",
    "0.1",
]


def test_own_image_is_found_again_and_written_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "result"
    assert main([*FAST, "--outdir", str(folder), "--", *RUN]) == 0
    result = json.loads((folder / "refine.json").read_text())
    assert result["verdict"] == "PASS"
    assert {path.name for path in folder.iterdir()} == {"refine.json", "refine.png"}
    for row in result["variables"][:-1]:
        assert abs(row["refined"] - row["truth"]) <= row["bound"]
        assert abs(row["start"] - row["truth"]) > row["bound"]
    out = capsys.readouterr().out
    assert "cell_lengths_A[a=b]" in out
    assert "-cell" in out


def test_image_files_are_refined_against(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.cli import main as simulate_command

    monkeypatch.chdir(tmp_path)
    words = [
        *RUN,
        "-fluence",
        "1e30",
        "-nopgm",
        "-noprogress",
        "-seed",
        "5",
        "-noisefile",
        "noise.img",
        "-floatfile",
        "f.bin",
    ]
    assert simulate_command(words) == 0
    start = f"{CELL} {CAMERA}".replace("-distance 80", "-distance 80.2").split()
    for name in ("noise.img", "f.bin"):
        options = ["--image", name, "--free", "distance,cell[a=b,c]", "--outdir", f"result-{name}"]
        assert main([*options, "--", *start]) == 0
        result = json.loads((tmp_path / f"result-{name}" / "refine.json").read_text())
        found = {row["name"]: row["refined"] for row in result["variables"]}
        assert (result["verdict"], result["reasons"]) == ("REFINED", [])
        assert found["distance_m"] == pytest.approx(80.0, rel=5e-4)
        assert found["cell_lengths_A[c]"] == pytest.approx(40.0, rel=5e-4)
        assert result["correlation"][1] > 0.99 > result["correlation"][0]


def test_refined_options_give_the_refined_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    config = RunConfig.from_args([*RUN, "-fluence", "1e30", "-dtype", "float64"])
    simulate(config).numpy().astype(np.float32).tofile("f.bin")
    start = [*f"{CELL} {CAMERA}".replace("-distance 80", "-distance 80.1").split(), "-flux", "1e20"]
    free = "distance,wavelength_m,misset,kahn_factor,phi_first_rad"
    main(["--image", "f.bin", "--free", free, "--outdir", "result", "--", *start])
    result = json.loads(Path("result/refine.json").read_text())
    printed = capsys.readouterr().out.split("refined options: ")[1].splitlines()[0].split()
    assert printed == result["options"]
    assert result["without_option"] == []
    assert {"-distance", "-lambda", "-misset", "-polar", "-phi", "-fluence"} <= set(printed)
    again = simulate(RunConfig.from_args([*start, *printed, "-dtype", "float64"]))
    assert float((again - simulate(config)).abs().max()) < 1e-3 * float(again.max())


def test_an_image_of_something_else_is_not_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    other = "-cell 40 50 60 90 90 90 -misset 10 20 30 -default_F 50 -N 3 -lambda 1 -distance 50 -pixel 0.5"
    line = f"{other} -detpixels 40 -oversample 1".split()
    image = simulate(RunConfig.from_args(line)).numpy().astype(np.float32)
    np.random.default_rng(0).permutation(image.ravel()).tofile("mixed.bin")
    assert main(["--image", "mixed.bin", "--free", "misset", "--outdir", "result", "--", *line]) == 2
    result = json.loads(Path("result/refine.json").read_text())
    assert result["verdict"] == "NOT COMPARABLE"
    assert any("does not explain the image" in reason for reason in result["reasons"])
    assert "does not explain the image" in capsys.readouterr().out


def test_what_an_image_cannot_tell_apart_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--free", "misset,phi_first_rad,default_F", "--start-misset", "0.1", "--photons", "60000"]
    assert main([*words, "--outdir", "result", "--", *RUN]) == 2
    result = json.loads(Path("result/refine.json").read_text())
    out = capsys.readouterr().out
    assert "misset_rad[z] and phi_first_rad cannot be told apart" in out
    assert "default_F and brightness cannot be told apart" in out
    certain = {row["name"]: row["sd"] for row in result["variables"]}
    assert certain["misset_rad[z]"] is None
    assert 0.0 < certain["misset_rad[x]"] < 0.01
    assert len(result["correlations"]) == len(certain)
    assert abs(result["correlations"][0][1]) < 1.0


def test_free_words_are_selections_of_an_experiment() -> None:
    config = RunConfig.from_args(RUN)
    found = selections("cell[a=b,c], centre,kahn_factor", config)
    assert found == ("cell_lengths_A[a=b,c]", "Fbeam_m", "Sbeam_m", "kahn_factor")
    near = RunConfig.from_args([*RUN, "-pivot", "sample", "-close_distance", "80"])
    assert selections("distance,centre", near) == ("close_distance_m", "Fclose_m", "Sclose_m")


def test_every_optimiser_can_be_asked_for() -> None:
    assert tuple(METHODS) == METHOD_NAMES


def test_ties_of_a_matrix_are_judged_by_its_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "A.mat").write_text("0.02 0 0\n0 0.02 0\n0 0 0.03\n")
    run = ["--", "-mat", "A.mat", "-default_F", "100", *CAMERA.split()]
    assert selections("cell[a=b,c]", RunConfig.from_args(run[1:])) == ("cell_lengths_A[a=b,c]",)
    assert main(["--free", "cell[a=c]", *run]) == 3
    assert "tied, but the run has" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["A.mat"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--free", "colour", "--", *RUN], "unknown"),
        (["--free", "", "--", *RUN], "nothing is named"),
        (["--free", "cell[a=b", "--", *RUN], "no partner"),
        (["--free", "cell[d]", "--", *RUN], "no such component"),
        (["--free", "cell[a=c]", "--", *RUN], "tied, but the run has 60.0, 40.0"),
        (["--free", "matrix", "--", *RUN], "the run has no value of it"),
        (["--seed", "-1"], "whole number"),
        (["--start-cell", "0"], "above 0"),
        (["--method", "magic"], "invalid choice"),
        (["--image", "none.img"], "behind --"),
        (["--image", "none.img", "--", *RUN], "no such file"),
        (["--photons", "1e300", "--", *RUN], "give a number near 20000"),
        (["--data", "nowhere"], "holds no A.mat and no scaled.hkl"),
        (["--", "-N", "4"], "no structure factors"),
        (["--", *RUN, "-default_F", "0"], "no structure factors"),
        (["--", *RUN, "-fluence", "0"], "empty"),
        (["--", *RUN, "-roi", "0", "3", "0", "3"], "only 16 pixels can be used"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(words) == 3
    err = capsys.readouterr().err.strip().splitlines()
    assert len(err) == 1
    assert err[0].startswith("nb-refine: error: ")
    assert message in err[0]
    assert not list(tmp_path.iterdir())


def test_images_of_another_size_are_refused(tmp_path: Path) -> None:
    from harness.errors import UsageError

    config = RunConfig.from_args(RUN)
    path = tmp_path / "image.bin"
    path.write_bytes(b"\0" * 12)
    with pytest.raises(UsageError, match="12 bytes are no SMV image, nor 120 x 120 floats"):
        read_image(path, config)
    simulate(config).numpy().astype(np.float32).tofile(path)
    assert read_image(path, config).photons.shape == (120, 120)


def test_results_are_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "old").write_text("kept")
    assert main(["--outdir", str(tmp_path), "--", *RUN]) == 3
    assert "not empty" in capsys.readouterr().err
