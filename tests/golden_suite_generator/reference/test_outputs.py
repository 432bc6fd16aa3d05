"""What the C reference writes, and what it leaves alone."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.programs.build import build_reference, reference_sources

BASE = "-cell 100 -lambda 1 -distance 100 -detpixels 4 -pixel 1 -N 3 -oversample 1 -default_F 100 -seed 1"


def run(binary: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [binary, *BASE.split(), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=20)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_default_names(c_binary: Path, tmp_path: Path) -> None:
    assert run(c_binary, tmp_path).returncode == 0
    assert names(tmp_path) == ["floatimage.bin", "image.pgm", "intimage.img", "noiseimage.img"]


def test_last_of_the_switching_options_wins(c_binary: Path, tmp_path: Path) -> None:
    run(c_binary, tmp_path, "-nonoise", "-noisefile", "n.img", "-pgmfile", "p.pgm", "-nopgm")
    assert names(tmp_path) == ["floatimage.bin", "intimage.img", "n.img"]


def test_preview_scale_switches_the_preview_on(c_binary: Path, tmp_path: Path) -> None:
    run(c_binary, tmp_path, "-nopgm", "-pgmscale", "2")
    assert (tmp_path / "image.pgm").read_bytes().startswith(b"P5\n4 4\n# pixels scaled by 2\n255\n")


def test_dump_is_written_and_read_back(c_binary: Path, tmp_path: Path) -> None:
    (tmp_path / "in.hkl").write_text("0 0 0 100\n0 1 0 50\n0 0 1 20\n-1 0 0 3\n", encoding="utf-8")
    run(c_binary, tmp_path, "-hkl", "in.hkl", "-default_F", "0", "-floatfile", "first.bin", "-nointerpolate")
    dump = (tmp_path / "Fdump.bin").read_bytes()
    assert len(dump) == 230
    assert dump.startswith(b"-1 0 0 1 0 1\n\f")
    run(c_binary, tmp_path, "-default_F", "0", "-floatfile", "second.bin", "-nointerpolate")
    assert (tmp_path / "first.bin").read_bytes() == (tmp_path / "second.bin").read_bytes()


def test_dump_with_an_entry_of_white_space_bytes_is_read_exactly(c_binary: Path, tmp_path: Path) -> None:
    (tmp_path / "in.hkl").write_text("0 0 0 100.00000000000045\n", encoding="utf-8")
    for words in (["-hkl", "in.hkl", "-floatfile", "a.bin"], ["-floatfile", "b.bin"]):
        run(c_binary, tmp_path, "-default_F", "0", *words)
    assert (tmp_path / "a.bin").read_bytes() == (tmp_path / "b.bin").read_bytes()


def test_dump_that_cannot_be_written_is_a_warning(c_binary: Path, tmp_path: Path) -> None:
    (tmp_path / "in.hkl").write_text("0 0 0 100\n", encoding="utf-8")
    (tmp_path / "Fdump.bin").mkdir()
    for words, why in (
        ((), "'Fdump.bin': Is a directory"),
        (("-dump", "no/F.bin"), "'no/F.bin': No such file"),
    ):
        result = run(c_binary, tmp_path, "-hkl", "in.hkl", *words)
        assert result.returncode == 0
        assert f"warning: cannot write dump file {why}" in result.stderr


def test_a_write_protected_dump_is_kept_with_a_warning(c_binary: Path, tmp_path: Path) -> None:
    (tmp_path / "in.hkl").write_text("0 0 0 100\n", encoding="utf-8")
    dump = tmp_path / "kept.dump"
    dump.write_bytes(b"precious")
    dump.chmod(0o444)
    result = run(c_binary, tmp_path, "-hkl", "in.hkl", "-dump", "kept.dump")
    assert result.returncode == 0
    assert "kept.dump" in result.stderr
    assert dump.read_bytes() == b"precious"


def test_old_outputs_survive_a_refused_run(c_binary: Path, tmp_path: Path) -> None:
    (tmp_path / "floatimage.bin").write_bytes(b"precious")
    assert run(c_binary, tmp_path, "-noisefile", "nowhere/n.img").returncode == 9
    assert (tmp_path / "floatimage.bin").read_bytes() == b"precious"


def test_a_device_is_written_and_not_replaced(c_binary: Path, tmp_path: Path) -> None:
    assert run(c_binary, tmp_path, "-floatfile", "/dev/null").returncode == 0
    assert Path("/dev/null").is_char_device()


def test_a_link_is_followed_and_not_replaced(c_binary: Path, tmp_path: Path) -> None:
    (tmp_path / "real.bin").write_bytes(b"old")
    (tmp_path / "link.bin").symlink_to("real.bin")
    run(c_binary, tmp_path, "-floatfile", "link.bin")
    assert (tmp_path / "link.bin").is_symlink()
    assert (tmp_path / "real.bin").stat().st_size == 64


INERT = [
    (["-density", "1.2"], "-density"), (["-MW", "20000"], "-MW"), (["-coherent"], "-coherent"),
    (["-stolout", "x.stol"], "-stolout"), (["-fudge", "2"], "-fudge"), (["-flux", "0"], "-flux"),
    (["-flux", "1e20", "-exposure", "0"], "-flux"), (["-pix0_vector", "1", "2", "3"], "-pix0_vector"),
    (["-ORGX", "3"], "-ORGX"), (["-xds", "-Xbeam", "3"], "-Xbeam"), (["-pivot", "sample"], "-pivot"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "name"), INERT, ids=str)
def test_an_option_without_effect_gets_a_warning(
    c_binary: Path, tmp_path: Path, words: list[str], name: str
) -> None:
    result = run(c_binary, tmp_path, *words)
    assert result.returncode == 0
    assert [line for line in result.stderr.splitlines() if line.startswith("warning: ") and name in line]


def test_warnings_do_not_hide_the_error(c_binary: Path, tmp_path: Path) -> None:
    result = run(c_binary, tmp_path, "-coherent", "-density", "1", "-hkl", "nofile")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("option", ["-h", "--help", "--version", "--list-quirks"])
def test_questions_are_answered_without_a_run(c_binary: Path, tmp_path: Path, option: str) -> None:
    result = subprocess.run([c_binary, option], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr, names(tmp_path)) == (0, "", [])
    assert result.stdout


def test_help_names_every_option_of_the_table(c_binary: Path) -> None:
    text = subprocess.run([c_binary, "-h"], capture_output=True, text=True, check=True).stdout
    for name in ("-lambda", "-wavelength", "-detector_thicksteps", "-binary_spots", "-trace_roi", "--quirk"):
        assert name in text


def test_no_arguments_is_an_error_with_usage(c_binary: Path, tmp_path: Path) -> None:
    result = subprocess.run([c_binary], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 9
    assert len(result.stderr.splitlines()) == 1
    assert "usage" in result.stdout


def test_progress_is_printed_every_five_percent(c_binary: Path, tmp_path: Path) -> None:
    lines = run(c_binary, tmp_path, "-detpixels", "40").stdout.splitlines()
    done = [line for line in lines if line.endswith("% done")]
    whole = 41 * 41  # upstream counts one row and one column too many
    assert done[0] == "0% done"
    assert {f"{n * 100 // whole}% done" for n in range(0, 1600, whole // 20)} <= set(done)
    assert "% done" not in run(c_binary, tmp_path, "-noprogress").stdout


def test_printout_shows_the_pixel_asked_for(c_binary: Path, tmp_path: Path) -> None:
    text = run(c_binary, tmp_path, "-printout_pixel", "2", "1").stdout
    assert text.count("F_cell") == 1
    (line,) = (line for line in text.splitlines() if " stol " in line)
    assert re.findall(r"\d+", line)[:2] == ["2", "1"]


NEW_SHAPE = r"""
#include "shapes.h"

double needle_lattice_factor(const struct crystal *c, const struct quirks *q, const vec3 *hkl,
                             const vec3 *rounded, struct trace *t)
{
    (void)q, (void)hkl, (void)rounded, (void)t;
    return c->fudge;
}
"""


def test_a_row_and_a_file_make_a_crystal_shape(tmp_path: Path) -> None:
    sources = shutil.copytree(reference_sources(), tmp_path / "sources")
    table = sources / "shapes.h"
    rows = table.read_text(encoding="utf-8")
    row = "ROW(SQUARE, square,"
    assert rows.count(row) == 1
    row = f'ROW(NEEDLE, needle, true, "-needle_xtal", "a needle", "needle-like") \\\n    {row}'
    table.write_text(rows.replace("ROW(SQUARE, square,", row), encoding="utf-8")
    (sources / "shape_needle.c").write_text(NEW_SHAPE, encoding="utf-8")
    binary = build_reference(sources=sources).path
    words = "-needle_xtal -fudge 0.25 -trace_pixel 1 1"
    printed = run(binary, tmp_path, *words.split()).stdout
    assert {"TRACE_C: xtal_shape NEEDLE", "needle-like xtal: 3x3x3 cells"} <= set(printed.splitlines())
    assert re.search(r"^TRACE_C: F_latt 0\.25 ", printed, re.MULTILINE)
    assert "-needle_xtal\n      a needle\n" in run(binary, tmp_path, "-h").stdout
    assert run(binary, tmp_path).stdout.count("parallelpiped") == 1
