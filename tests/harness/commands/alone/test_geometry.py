"""nbp geometry: what is printed and written, what is refused, and panels that both programs agree on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.commands.alone.geometry import main
from simulator.command_line.options import parse

TWO = """\
schema = "nbp-detector/1"
frame = "mosflm"
[all]
pixels = [12, 10]
pixel_size_mm = 4
[[panel]]
name = "flat"
distance_mm = 100
beam_pixels = [6, 5]
fast = [0, 0, 1]
slow = [0, -1, 0]
[[panel]]
name = "../steep"
origin_mm = [70, -20, 50]
fast = [0.8, 0, -0.6]
slow = [0, 1, 0]
"""
CRYSTAL = ("-cell", "60", "-default_F", "100", "-N", "3", "-lambda", "1.5")


@pytest.fixture
def detector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.toml").write_text(TWO)
    return "two.toml"


def test_a_command_line_need_not_say_anything_of_the_crystal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--format", "xds", "--", "-distance", "70", "-hkl", "none.hkl", "-xds"]) == 0
    assert "DETECTOR_DISTANCE= 70.0\n" in capsys.readouterr().out


def test_the_parity_mode_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """c-parity turns MOSFLM about the beam, spec mode by a two-theta about the sample (Q-PIVOT-FORCED)."""
    shown = []
    for mode in ("c-parity", "spec"):
        assert main(["--parity-mode", mode, "--", "-twotheta", "20", "-distance", "70"]) == 0
        shown.append(capsys.readouterr().out)
    assert "70 mm away" in shown[0]
    assert shown[0] != shown[1]


def test_a_file_is_written_whole_and_never_over_another(
    detector: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--detector", detector, "--format", "dials", "-o", "out.expt", "--", *CRYSTAL]
    assert main(words) == 0
    panels = json.loads((tmp_path / "out.expt").read_text())["detector"][0]["panels"]
    assert [panel["name"] for panel in panels] == ["flat", "../steep"]
    assert main(words) == 3
    assert "'out.expt' exists; results are never overwritten" in capsys.readouterr().err


def test_words_are_command_lines(detector: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--detector", detector, "--format", "words", "--panel", "flat", "--", *CRYSTAL]) == 0
    name, line = capsys.readouterr().out.splitlines()
    assert name == "# flat"
    assert parse(line.split()).number("-close_distance") == 100.0
    assert line.startswith(" ".join(CRYSTAL))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no nanoBragg command line"),
        (["--"], "no nanoBragg command line"),
        (["--detector", "two.toml", "--", "-pixel_size", "1"], "-pixel: --detector places the panels"),
        (["--detector", "gone.toml", "--", "-lambda", "1"], "cannot open detector file 'gone.toml'"),
        (["--detector", "two.toml", "--panel", "round", "--", "-lambda", "1"], "give one of flat"),
        (["--detector", "two.toml", "--format", "poni", "--", "-lambda", "1"], "detector has 2; give"),
        (["--format", "mosflm", "--", "-twotheta", "3"], "MOSFLM describes a panel across the beam"),
        (["--format", "nexus", "--", "-curved_det"], "a curved detector is no flat panel"),
        (["--outdir", "x", "--", "-lambda", "1"], "--outdir is for --compare"),
        (["--compare", "-o", "x", "--", "-lambda", "1"], "--compare prints verdicts"),
        (["--compare=a$b", "--", "-lambda", "1"], "quote its words"),
        (["-o", "no/such/x", "--", "-lambda", "1"], "cannot write geometry 'no/such/x'"),
        (["--", "-lamda", "1"], "unknown option '-lamda'"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line(
    detector: str, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 3
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.startswith("nbp geometry: error: ")
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    ("statuses", "worst"), [((0, 0, 0, 0), 0), ((0, 2, 0, 3), 3), ((3, 1, 2, 0), 1), ((0, 130, 0, 1), 130)]
)
def test_the_worst_panel_decides(
    detector: str, tmp_path: Path, statuses: tuple[int, ...], worst: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, asked = list(statuses), []

    def answered(words: list[str]) -> int:
        asked.append(words)
        return answers.pop(0)

    monkeypatch.setattr("harness.commands.nb_compare.main", answered)
    words = ["--detector", detector, "--compare=--dtype float64", "--outdir", "out", "--", *CRYSTAL]
    assert main(words) == worst
    assert asked[0][:6] == [
        "--dtype",
        "float64",
        "--parity-mode",
        "c-parity",
        "--outdir",
        str(tmp_path / "out/c-parity/0-flat"),
    ]
    assert asked[1][5] == str(tmp_path / "out/c-parity/1-___steep")


def test_both_programs_agree_on_a_steep_panel(
    detector: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--detector", detector, "--panel", "../steep", "--parity-mode", "c-parity", "--compare=-q"]
    assert main([*words, "--outdir", "out", "--", *CRYSTAL]) == 0
    assert "nb-compare: PASS" in capsys.readouterr().out
    assert (tmp_path / "out/c-parity/0-___steep/summary.json").is_file()
