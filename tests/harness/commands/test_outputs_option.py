"""nb-compare --outputs: rows, verdict line, JUnit, page, and the bundle checked and run again."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.commands.nb_compare import main
from harness.commands.nb_report import main as report
from harness.files import sha256_lines

WORDS = (
    "-cell 60 70 80 90 95 90 -lambda 1 -distance 100 -pixel 1 -detpixels 16 -N 5 -oversample 1 -default_F 100"
    " -fluence 3e28"
)


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def wrapped(tmp_path_factory: pytest.TempPathFactory, c_binary: Path) -> Callable[[str, str], Path]:
    """Return a maker of programs that run the C reference and something else around it."""
    folder = tmp_path_factory.mktemp("programs")
    return lambda name, text: script(folder / name, text.replace("REFERENCE", f'"{c_binary}" "$@"'))


@pytest.fixture(scope="module")
def other_seed(wrapped: Callable[[str, str], Path]) -> Path:
    return wrapped("other-seed", "case $* in *-seed*) exec REFERENCE -seed 5;; esac; exec REFERENCE")


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory, c_binary: Path, other_seed: Path) -> Path:
    """A pair of which the second program draws its noise from another seed."""
    folder = tmp_path_factory.mktemp("pair") / "pair"
    own = ["--c-bin", str(c_binary), "--py-bin", str(other_seed), "--outputs", "all", "--outdir", str(folder)]
    assert main([*own, "-q", "--", *WORDS.split(), "-nopgm"]) == 1
    return folder


def summary_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return found


def test_a_difference_of_noise_images_fails_and_says_where(failed: Path) -> None:
    summary = summary_of(failed)
    assert summary["verdict"] == "FAIL"
    rows = {row["name"]: row["state"] for row in summary["criteria"]}
    assert rows["noise image, pixels"] == "failed"
    assert rows["SMV image, pixels"] == rows["SMV image, header"] == rows["noise image, header"] == "held"
    assert rows["PGM image"] == "no bound"
    assert any(
        re.search(r"noise image, pixels: .*\[slow, fast\] \[\d+, \d+\]: c \d+, py \d+", line)
        for line in summary["reasons"]
    )
    assert (failed / "c_noiseimage.img").read_bytes() != (failed / "py_noiseimage.img").read_bytes()


def test_junit_and_page_have_a_row_for_each_output(failed: Path, tmp_path: Path) -> None:
    assert report(["summary", str(failed), "--junit", str(tmp_path / "j.xml")]) == 1
    assert '<testcase name="c-parity: noise image, pixels"' in (tmp_path / "j.xml").read_text()
    assert report(["html", str(failed), "-o", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<h2>Outputs</h2>" in page
    assert "not asked for (-nopgm)" in page


def test_a_bundle_is_derived_again_from_its_files(failed: Path) -> None:
    assert report(["verify", str(failed)]) == 0


def forged(folder: Path, change: Callable[[Path], object]) -> int:
    change(folder)
    names = [path.name for path in folder.iterdir() if path.name != "sha256.txt"]
    (folder / "sha256.txt").write_text(sha256_lines(folder, names), encoding="utf-8")
    return report(["verify", str(folder)])


def as_held(folder: Path) -> None:
    """State that the noise images agree."""
    summary = summary_of(folder)
    for row in summary["criteria"]:
        row.update(state="held", measured=0.0, strict_held=True)
    for row in summary["outputs"]:
        row.update(state="held", unequal=0, apart=0, word="PASS", text="")
    summary.update(verdict="PASS", exit_status=0, reasons=[], findings=[])
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")


def without_outputs(folder: Path) -> None:
    """State that only float images were to be compared."""
    summary = summary_of(folder)
    del summary["outputs"], summary["settings"]["outputs"], summary["settings"]["noise"]
    summary["criteria"] = [row for row in summary["criteria"] if "image" not in row["name"]]
    summary.update(verdict="PASS", exit_status=0, reasons=[], findings=[])
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")


FORGERIES: dict[str, Callable[[Path], object]] = {
    "held": as_held,
    "not asked": without_outputs,
    "one for both": lambda folder: shutil.copyfile(folder / "c_noiseimage.img", folder / "py_noiseimage.img"),
    "gone": lambda folder: (folder / "py_noiseimage.img").unlink(),
    "one too many": lambda folder: (folder / "c_image.pgm").write_bytes(b"P5"),
}


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_bundle_is_found(
    failed: Path, tmp_path: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(failed, tmp_path / "copy"))
    assert forged(copy, FORGERIES[how]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_a_replay_compares_outputs_too(
    failed: Path, other_seed: Path, c_binary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(["replay", str(failed), "--c-bin", str(c_binary), "--py-bin", str(other_seed)]) == 0
    assert "py: intimage.img, noiseimage.img as recorded" in capsys.readouterr().out


ONLY_PREVIEW = "REFERENCE && [ ! -f image.pgm ] ||"
"""Behind it stands what happens in the runs that write a preview."""
WAYS = {
    "sound": ("exec REFERENCE", ["all"], 0, "outputs compared: float, smv, pgm, noise; dump not asked for"),
    "as samples": (
        "exec REFERENCE -seed 9", ["smv,noise", "--noise", "statistics"], 0, r"smv, noise \(as statistics\)",
    ),
    "missing": ("REFERENCE && rm -f noiseimage.img", ["all"], 3, "noise image: py wrote no noise image"),
    "cut": (f"{ONLY_PREVIEW} truncate -s 50 image.pgm", ["pgm"], 3, "PGM image, pixels: py has 50 bytes"),
    "a link": (f"{ONLY_PREVIEW} ln -sf intimage.img image.pgm", ["pgm"], 3, "py wrote no PGM image"),
    "left over": ("REFERENCE && echo P5 >image.pgm", ["all"], 1, "PGM image: py wrote it in spite of -nopgm"),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_verdict_on(
    way: str,
    wrapped: Callable[[str, str], Path],
    c_binary: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text, outputs, status, said = WAYS[way]
    other = wrapped(way.replace(" ", "-"), f"{text} #{way}")
    own = [
        "--c-bin",
        str(c_binary),
        "--py-bin",
        str(other),
        "--outdir",
        str(tmp_path / "out"),
        "--outputs",
        *outputs,
    ]
    words = [*WORDS.split(), "-seed", "2", *(["-nopgm"] if way == "left over" else [])]
    assert main([*own, "--outputs", *outputs, "--", *words]) == status
    assert re.search(said, capsys.readouterr().out)


@pytest.mark.parametrize(
    "own",
    [["--outputs", "int"], ["--noise", "statistics"], ["--outputs", "noise", "a.bin", "b.bin"]],
)
def test_wrong_usage_is_one_line(own: list[str], c_binary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [] if "a.bin" in own else ["--c-bin", str(c_binary), "--", "-lambda", "1"]
    assert main([*own, *words]) == 3
    assert capsys.readouterr().err.count("\n") == 1
