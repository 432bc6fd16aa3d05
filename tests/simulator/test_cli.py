"""What nanoBragg prints and writes (spec 08, 11 section 15)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simulator import cli
from simulator.io.smv import read_smv
from simulator.output.progress import percent_lines

BASE = (
    "-cell 100 100 100 90 90 90 -misset 10 20 30 -lambda 1 -distance 100"
    " -detpixels 8 -pixel 0.4 -N 5 -default_F 100"
)
PIXELS = ((0, 0), (2, 5), (4, 2), (4, 4), (7, 7), (1, 2))
# options; lines printed; integer image, preview and noise image at PIXELS, then their sums
DERIVED = {
    "D1": ("-oversample 1 -seed 1",
           ["max_I = 683.319  at 0.001 0.0006", "mean= 26.4501 rms= 107.929 rmsd= 104.585",
            "intfile_scale = 80.4895",
            "pgm_scale = 0.478081", "1609 photons on noise image (0 overloads)"],
           [43, 40, 1204, 55, 114, 55040, 138819], [0, 0, 6, 0, 0, 255, 723],
           [40, 40, 52, 40, 42, 701, 4169]),
    "D2": ("-oversample 1 -seed 12345 -fluence 1e32",
           ["max_I = 542609  at 0.001 0.0006", "mean= 21003.5 rms= 85704.2 rmsd= 83048.6",
            "intfile_scale = 0.101362",
            "pgm_scale = 0.000602057", "1343208 photons on noise image (3 overloads)"],
           [43, 40, 1204, 55, 114, 55040, 138819], [0, 0, 6, 0, 0, 255, 723],
           [64, 40, 11688, 192, 795, 65535, 446371]),
    "D3": ("-oversample 1 -seed 1 -roi 1 5 2 6",
           ["max_I = 82.1792  at 0.001 0.0026", "mean= 4.31605 rms= 17.0632 rmsd= 16.4848",
            "intfile_scale = 669.269",
            "pgm_scale = 3.03311", "109 photons on noise image (0 overloads)"],
           [0, 40, 9720, 162, 0, 0, 73214], [0, 0, 43, 0, 0, 0, 321],
           [0, 40, 55, 40, 0, 0, 1109]),
    "D4": ("-oversample 1 -seed 1 -mosaic 1 -mosaic_domains 3 -scale 3 -adc 10 -pgmscale 0.4",
           ["max_I = 595.68  at 0.001 0.0006", "mean= 26.7841 rms= 106.079 rmsd= 102.587",
            "intfile_scale = 3",
            "pgm_scale = 0.4", "1705 photons on noise image (0 overloads)"],
           [10, 10, 63, 11, 15, 1797, 5779], [0, 0, 7, 0, 0, 238, 668], [10, 10, 25, 10, 12, 646, 2345]),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(options: str, capsys: pytest.CaptureFixture[str], mode: str = "c-parity") -> str:
    assert cli.main([*BASE.split(), *options.split(), "--parity-mode", mode]) == 0
    return capsys.readouterr().out


def figures(image: np.ndarray) -> list[int]:
    return [*(int(image[place]) for place in PIXELS), int(image.astype(np.int64).sum())]


@pytest.mark.parametrize("row", DERIVED)
def test_derived_images_and_statistics(row: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options, lines, counts, shades, noise = DERIVED[row]
    printed = run(options, capsys).splitlines()
    assert [line for line in lines if line not in printed] == []
    assert figures(read_smv(folder / "intimage.img", "-img", True).pixels) == counts
    assert figures(np.fromfile(folder / "image.pgm", np.uint8)[-64:].reshape(8, 8)) == shades
    assert figures(read_smv(folder / "noiseimage.img", "-img", True).pixels) == noise


def test_files_are_named_in_the_order_of_writing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = [line for line in run("-oversample 1", capsys).splitlines() if line.startswith("writing")]
    assert written == [
        "writing floatimage.bin as 64 4-byte floats",
        "writing intimage.img as 2-byte integers",
        "writing image.pgm as 1-byte integers",
        "writing noiseimage.img as 2-byte integers",
    ]


def test_switched_off_images_are_not_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("-oversample 1 -nonoise -nopgm", capsys)
    assert sorted(path.name for path in folder.iterdir()) == ["floatimage.bin", "intimage.img"]


@pytest.mark.parametrize(("mode", "area"), [("c-parity", "0.000255916"), ("spec", "0.00102367")])
def test_printed_solid_angle(mode: str, area: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = run("-oversample 2 -phisteps 4 -nonoise -nopgm", capsys, mode)
    assert f"solid angle subtended by detector = {area} steradian ( " in printed


def test_dump_is_written_with_a_reflection_list_and_read_without(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "f.hkl").write_text("0 0 -1 50\n1 0 0 30\n")
    run("-oversample 1 -hkl f.hkl -default_F 0", capsys)
    first = (folder / "floatimage.bin").read_bytes()
    assert (folder / "Fdump.bin").is_file()
    run("-oversample 1 -default_F 0", capsys)
    assert (folder / "floatimage.bin").read_bytes() == first


def test_dump_that_cannot_be_written_is_a_warning(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "f.hkl").write_text("0 0 0 50\n")
    (folder / "Fdump.bin").mkdir()
    assert cli.main([*BASE.split(), "-oversample", "1", "-hkl", "f.hkl"]) == 0
    assert "warning: the dump file 'Fdump.bin' is not written: is a directory" in capsys.readouterr().err
    assert cli.main([*BASE.split(), "-oversample", "1", "-hkl", "f.hkl", "-dump", "none/F.bin"]) == 0
    assert "warning: the dump file 'none/F.bin' is not written" in capsys.readouterr().err


def test_printout_shows_one_pixel(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = run("-oversample 2 -printout_pixel 0 0", capsys).splitlines()
    assert "omega   1.598268763e-05" in printed
    assert sum(line.startswith("pixel ") for line in printed) == 1
    assert not any("done" in line for line in printed)


@pytest.mark.parametrize(("mode", "second"), [("c-parity", "0.71274"), ("spec", "1.13")])
def test_second_angle_of_the_printout_assumes_a_beam_along_x(
    mode: str, second: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = next(
        line for line in run("-oversample 1 -adxv -printout", capsys, mode).splitlines() if "stol" in line
    )
    assert line.split()[-1].startswith(second)


def test_printout_shows_every_pixel_inside_the_region(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = run("-oversample 1 -printout -roi 2 3 4 5", capsys).splitlines()
    heads = [line.split(" stol ")[0] for line in printed if "stol" in line]
    assert heads == ["fast 2 slow 4", "fast 3 slow 4", "fast 2 slow 5", "fast 3 slow 5"]
    image = np.fromfile(folder / "floatimage.bin", np.float32).reshape(8, 8)
    shown = [float(line.split()[1]) for line in printed if line.startswith("pixel ")]
    # ten digits are printed
    assert shown == pytest.approx(image[4:6, 2:4].flatten().tolist(), rel=1e-9)


def test_progress_every_5_percent_and_every_percent_at_both_ends() -> None:
    numbers = [int(line.split("%")[0]) for line in percent_lines(0, 10000, 10000)]
    assert numbers == sorted({*range(10), *range(10, 100, 5), *range(91, 100)})


def test_progress_in_parts_prints_the_same_lines() -> None:
    parts = percent_lines(0, 150, 400) + percent_lines(150, 151, 400) + percent_lines(151, 400, 400)
    assert parts == percent_lines(0, 400, 400)


def test_small_pictures_print_no_progress() -> None:
    assert percent_lines(0, 99, 99) == []


def test_noprogress_prints_no_percentages(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "% done" in run("-oversample 1 -detpixels 16", capsys)
    assert "% done" not in run("-oversample 1 -detpixels 16 -noprogress", capsys)


def test_list_of_quirks_says_what_each_mode_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--list-quirks"]) == 0
    printed = capsys.readouterr().out
    assert "Q-PHI-CARRYOVER" in printed
    assert "phi 0 is the unrotated crystal" in printed


def test_version_and_help_do_not_need_torch() -> None:
    code = (
        "import sys; from simulator.cli import main; status = main(['--help']) + main(['--version'])"
        " + (main(['-lamda']) != 9); sys.exit(status + ('torch' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_module_runs_as_a_program(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "simulator", "--version"]
    found = subprocess.run(words, capture_output=True, text=True, check=True)
    assert found.stdout == f"nanoBragg {cli.VERSION}\n"


def test_trace_goes_to_a_file_or_among_the_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pixels = "-trace_pixel 2 3 -trace_roi 4 4 0 1"
    run(f"-oversample 1 {pixels} -trace_file t.txt", capsys)
    lines = (folder / "t.txt").read_text().splitlines()
    assert lines[0] == "TRACE_PY: schema nanobragg-trace 1"
    assert {line.split("| ")[1] for line in lines if "floatimage" in line} == {
        "s=2 f=3",
        "s=4 f=0",
        "s=4 f=1",
    }
    printed = run(f"-oversample 1 {pixels}", capsys).splitlines()
    assert [line for line in printed if line.startswith("TRACE_")] == lines


def test_trace_and_printout_change_no_image(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = "-oversample 2 -phi 0 -osc 4 -phisteps 2 -mosaic 1 -mosaic_domains 2 -nonoise -nopgm"
    run(options, capsys)
    plain = (folder / "floatimage.bin").read_bytes()
    run(f"{options} -printout -trace_pixel 0 0", capsys)
    assert (folder / "floatimage.bin").read_bytes() == plain


def test_set_up_is_traced_without_a_pixel(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        line for line in run("-oversample 1 -trace_level setup", capsys).splitlines() if "TRACE_" in line
    ]
    assert "TRACE_PY: convention MOSFLM" in lines
    assert not any("| s=" in line for line in lines)


def test_cell_and_matrix_that_disagree_are_warned_of(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.mat").write_text("0.0109 -0.0072 -0.0031 -0.0061 -0.0103 0.0017 0.0044 -0.0011 -0.0122\n")
    words = [*BASE.split(), "-mat", "a.mat", "-cell", "90", "92", "93", "-oversample", "1"]
    assert cli.main([*words, "--parity-mode", "c-parity"]) == 0
    assert "-cell and -mat disagree: volumes 770040 and" in capsys.readouterr().err


@pytest.mark.parametrize(("mode", "count"), [("c-parity", 1), ("spec", 0)])
def test_the_end_of_interpolation_is_one_warning(
    mode: str, count: int, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    span = range(-4, 5)
    rows = [f"{h} {k} {n} 10\n" for h in span for k in span for n in span]
    (folder / "box.hkl").write_text("".join(rows), encoding="utf-8")
    words = f"{BASE} -hkl box.hkl -interpolate -oversample 1 -distance 20 --parity-mode {mode}"
    assert cli.main(words.split()) == 0
    assert capsys.readouterr().err.count("range of interpolation") == count
