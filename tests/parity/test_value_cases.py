"""Values that mean nothing together or in a file: both programs refuse them, or compute with a warning."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from simulator import cli
from tests.fixtures.malformed import smv

CELL = "-cell 40 50 60 90 90 90"
CAMERA = "-lambda 1 -distance 50 -pixel 0.5 -detpixels 6"
RUN = "-N 3 -oversample 1 -noprogress -nonoise -nopgm"
F = "-default_F 50"
BASE = f"{CELL} {F} {CAMERA} {RUN}"
NO_CELL = f"{F} {CAMERA} {RUN}"
NO_CAMERA = f"{CELL} {F} {RUN}"
C, SPEC = "--parity-mode c-parity", "--parity-mode spec"
SIZE = {"SIZE1": "6", "SIZE2": "6"}
Files = Mapping[str, bytes]


def header(**keys: str) -> Files:
    return {"input": smv(72, **SIZE, **keys)}


# id, command line, files, word that both programs must say
REFUSED: list[tuple[str, str, Files, str]] = [
    ("region-empty", f"{BASE} -roi 3 2 0 3", {}, "-roi 3 2 0 3"),
    ("region-empty-slow", f"{BASE} -roi 0 3 5 4", {}, "empty"),
    ("region-beyond-the-edge", f"{BASE} -roi 6 9 0 3", {}, "last pixel 5"),
    ("source-zero", f"{BASE} -sourcefile input", {"input": b"-1 0 0\n0 0 0 1 1e-10\n"}, "source 2"),
    ("source-too-long", f"{BASE} -sourcefile input", {"input": b"1e200 0 0\n"}, "source 1"),
    ("source-wavelength-tiny", f"{BASE} -sourcefile input", {"input": b"-1 0 0 1 1e-300\n"}, "wavelength"),
    ("matrix-huge", f"{NO_CELL} -mat input", {"input": b"1e300 0 0 0 1e300 0 0 0 1e300\n"}, "volume"),
    ("matrix-tiny", f"{NO_CELL} -mat input", {"input": b"1e-300 0 0 0 1e-300 0 0 0 1e-300\n"}, "volume"),
    ("matrix-flat", f"{NO_CELL} -mat input", {"input": b"1 2 3 2 4 6 1 0 0\n"}, "volume"),
    ("matrix-nearly-flat", f"{NO_CELL} -mat input", {"input": b"1 2 3 2 4 6.000000001 1 2 4\n"}, "volume"),
    ("matrix-of-zeros", f"{NO_CELL} -mat input", {"input": b"0 0 0 0 0 0 0 0 0\n"}, "volume"),
    ("matrix-in-metres", f"{NO_CELL} -mat input", {"input": b"1e8 0 0 0 1e8 0 0 0 1e8\n"}, "edge a"),
    ("cell-flat", f"{BASE} -cell 40 50 60 90 90 180", {}, "-cell 40 50 60 90 90 180"),
    ("cell-flat-by-its-sum", f"{BASE} -cell 40 50 60 60 60 120", {}, "-cell 40 50 60 60 60 120"),
    ("cell-length-negative", f"{BASE} -cell -40 50 60 90 90 90", {}, "length a -40"),
    ("cell-angle-beyond-180", f"{BASE} -cell 40 50 60 90 90 270", {}, "angle 270"),
    ("fluence-of-a-flux", f"{BASE} -flux 1e50 -beamsize 1e-6", {}, "-flux 1e+50"),
    ("fluence-of-an-exposure", f"{BASE} -flux 1e50 -exposure 1e12", {}, "-flux 1e+50"),
    ("axis-that-squares-to-0", f"{BASE} -osc 1 -spindle_axis 1e-200 0 0", {}, "-spindle_axis"),
    ("axes-parallel", f"{BASE} -fdet_vector 0 1 0 -sdet_vector 0 2 0", {}, "parallel"),
    ("curved-along-the-beam", f"{BASE} -odet_vector 0 1 0 -curved_det {C}", {}, "-curved_det"),
    ("axes-nearly-parallel", f"{BASE} -fdet_vector 0 1 0 -sdet_vector 0 1 1e-11", {}, "parallel"),
    ("fudge-negative", f"{BASE} -round_xtal -fudge -0.5", {}, "-fudge -0.5"),
    ("oversample-called-for", f"{BASE} -oversample 0 -twotheta 90 {C}", {}, "calls for -oversample"),
    ("crystal-too-large", f"{BASE} -oversample 0 -xtalsize 0.09 -distance 1", {}, "calls for -oversample"),
    ("work", f"{BASE} -oversample 10000 -mosaic 1 -mosaic_domains 999", {}, "evaluations"),
    ("work-of-layers", f"{BASE} -oversample 9999 -detector_thick 9 -thicksteps 999", {}, "evaluations"),
    ("orientations", f"{BASE} -phisteps 9999 -mosaic 1 -mosaic_domains 9999", {}, "phi steps times"),
    ("sources", f"{BASE} -divergence 1 -divsteps 9999", {}, "sources"),
    ("steps-of-a-range", f"{BASE} -osc 360 -phistep 1e-6", {}, "-osc"),
    ("header-distance", f"{NO_CAMERA} -img input", header(DISTANCE="1e300"), "-distance 1e+300"),
    ("header-pixel-tiny", f"{NO_CAMERA} -img input", header(PIXEL_SIZE="1e-320"), "input"),
    ("header-wavelength", f"{NO_CAMERA} -mask input", header(WAVELENGTH="1e100"), "-lambda 1e+100"),
    ("header-phi", f"{NO_CAMERA} -img input", header(PHI="1e308"), "-phi 1e+308"),
    ("header-range", f"{NO_CAMERA} -img input", header(OSC_RANGE="1e308"), "-osc 1e+308"),
    ("header-centre", f"{NO_CAMERA} -img input", header(BEAM_CENTER_X="-1e300"), "-Xbeam -1e+300"),
    ("flag-with-a-word", f"{BASE} -oversample_thick 0", {}, "-oversample_thick takes no value, it is a flag"),
    ("flag-with-a-negative-number", f"{BASE} -curved_det -1", {}, "-curved_det takes no value, it is a flag"),
]
DOUBTED: list[tuple[str, str, Files, str]] = [
    ("infinite-pixels", f"{BASE} -default_F 1e30", {}, "36 infinite or NaN pixels"),
    ("negative-pixels", f"{BASE} -close_distance -50", {}, "negative pixels"),
    ("source-in-angstrom", f"{BASE} -sourcefile input", {"input": b"-1 0 0 1 1.0\n"}, "is in metres"),
    ("source-with-nan", f"{BASE} -sourcefile input", {"input": b"-1 0 nan\n"}, "the word nan 1 times"),
    ("source-cut", f"{BASE} -sourcefile input", {"input": b"-1 0 0 1 1e-10"}, "middle of a line"),
    ("energy-in-keV", f"{BASE} -energy 12.4", {}, "-energy 12.4 is unusually low; the unit is eV"),
    ("wavelength-in-metres", f"{BASE} -lambda 1e-6", {}, "-lambda 1e-06 is unusually short"),
    ("wavelength-in-nm", f"{BASE} -lambda 0.1", {}, "the unit is Angstrom"),
    ("distance-in-metres", f"{BASE} -distance 0.05", {}, "-distance 0.05 is unusually small; the unit is mm"),
    ("pixel-in-micrometres", f"{BASE} -pixel 172", {}, "-pixel 172 is unusually large; the unit is mm"),
    ("mosaic-beyond-90", f"{BASE} -mosaic 91 -mosaic_domains 2", {}, "-mosaic 91"),
    ("cells-negative", f"{BASE} -N -1", {}, "-N -1 counts as 1"),
    ("scale-negative", f"{BASE} -scale -1", {}, "-scale -1 counts as not given"),
    ("fluence-0", f"{BASE} -fluence 0", {}, "-fluence 0 leaves no photons"),
    ("exposure-negative", f"{BASE} -flux 1e9 -exposure -2", {}, "-exposure -2"),
    ("region-cut", f"{BASE} -roi 0 9 0 3", {}, "is cut to the 6 fast x 6 slow pixels"),
    ("hkl-cut", f"{CELL} {CAMERA} {RUN} -hkl input", {"input": b"0 0 0 10\n1 0 0 1"}, "middle of a line"),
    ("matrix-cut", f"{NO_CELL} -mat input", {"input": b".02 0 0 0 .02 0 0 0 .02"}, "middle of a line"),
    ("polarization-along-the-beam", f"{BASE} -polar 0.9 -polar_vector 1 0 0", {}, "parallel to the beam"),
    ("divergence-without-axis", f"{BASE} -hdivrange 3 -polar_vector 2 0 0", {}, "parallel to the beam"),
    ("printout-outside", f"{BASE} -printout_pixel 6 0", {}, "-printout_pixel 6 0 is outside"),
    ("printout-slow-negative", f"{BASE} -printout_pixel 0 -2", {}, "-printout_pixel 0 -2 is outside"),
    ("mask-of-zeros", f"{BASE} -mask input", {"input": smv(0, **SIZE) + bytes(72)}, "leaves out every pixel"),
    ("beam-along-the-plane", f"{BASE} -twotheta 90 {C}", {}, "runs along the detector plane"),
    (
        "header-distance-in-metres",
        f"{NO_CAMERA} -img input",
        header(DISTANCE="0.05"),
        "-distance 0.05 is unus",
    ),
]


def make(folder: Path, files: Files) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


def run_reference(c_binary: Path, words: list[str], folder: Path) -> tuple[int, str]:
    run = subprocess.run(
        [c_binary, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    return run.returncode, run.stderr


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(rows: list[tuple[str, str, Files, str]]) -> list[str]:
    return [row[0] for row in rows]


def in_both_modes(line: str) -> list[list[str]]:
    return [line.split()] if "--parity-mode" in line else [f"{line} {mode}".split() for mode in (C, SPEC)]


@pytest.mark.parametrize(("name", "line", "files", "word"), REFUSED, ids=names(REFUSED))
def test_both_programs_refuse_with_one_line(
    name: str,
    line: str,
    files: Files,
    word: str,
    c_binary: Path,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make(folder, files)
    for words in in_both_modes(line):
        answers = {"reference": run_reference(c_binary, words, folder)}
        answers["simulator"] = (cli.main(words), capsys.readouterr().err)
        for program, (status, said) in answers.items():
            assert (status, said.count("\n")) == (9, 1), f"{program}: {said}"
            assert word in said, program
        assert {path.name for path in folder.iterdir()} == set(files)


@pytest.mark.parametrize(("name", "line", "files", "word"), DOUBTED, ids=names(DOUBTED))
def test_both_programs_compute_with_a_warning(
    name: str,
    line: str,
    files: Files,
    word: str,
    c_binary: Path,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make(folder, files)
    for words in in_both_modes(line):
        answers = {"reference": run_reference(c_binary, words, folder)}
        answers["simulator"] = (cli.main([*words, "--compile", "off"]), capsys.readouterr().err)
        for program, (status, said) in answers.items():
            assert status == 0, f"{program}: {said}"
            assert any("warning" in text and word in text for text in said.splitlines()), f"{program}: {said}"


@pytest.mark.parametrize("scale", ["", "-scale 3"])
@pytest.mark.parametrize("size", ["1e30", "3.2e20"])
def test_images_with_infinite_pixels_are_the_same_and_saturate(
    size: str, scale: str, c_binary: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = f"{BASE} -default_F {size} {scale} -seed 3 -noisefile n.img -pgmfile p.pgm -printout_pixel 0 0 {C}"
    images = []
    for program in ("reference", "simulator"):
        words = line.split()
        if program == "reference":
            printed = subprocess.run([c_binary, *words], capture_output=True, text=True, check=True).stdout
        else:
            assert cli.main(words) == 0
            printed = capsys.readouterr().out
        lines = [
            text for text in printed.splitlines() if text.startswith(("max_I", "mean=", "intfile_scale"))
        ]
        files = [Path(name).read_bytes() for name in ("floatimage.bin", "intimage.img", "n.img", "p.pgm")]
        images.append((lines, files))
    assert images[0] == images[1]
    counts = np.frombuffer(images[0][1][1][512:], "<u2")
    broken = ~np.isfinite(np.frombuffer(images[0][1][0], "<f4"))
    assert broken.any()
    assert (counts[broken] == 65535).all()


def test_an_infinite_image_is_written_whole_where_python_warnings_are_errors(folder: Path) -> None:
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    words = [sys.executable, "-m", "simulator", *f"{BASE} -default_F 1e30".split()]
    run = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "RuntimeWarning" not in run.stderr
    assert {path.name for path in folder.iterdir()} == {"floatimage.bin", "intimage.img"}
