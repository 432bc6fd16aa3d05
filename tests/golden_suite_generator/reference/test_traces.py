"""Traces of the C reference: which lines, in which order, and that looking changes nothing."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.programs.build import build_reference, reference_sources
from trace_tools.tap_points import TAP_ID, TAP_POINTS, TapLevel, c_header, tap_point

BASE = (
    "-cell 60 70 80 90 95 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 8 -pixel 0.4 -N 5"
    " -default_F 100 -nonoise -nopgm -floatfile float.bin -intfile int.img -noprogress"
)
RICH = "-oversample 2 -osc 2 -phisteps 2 -mosaic 1 -mosaic_domains 2 -hdivrange 5 -detector_thick 100"
LEVELS = ("setup", "pixel", "subpixel", "source", "phi", "mosaic")


def run(binary: Path, folder: Path, options: str) -> str:
    """Run in folder and return the standard output."""
    command = [binary, *BASE.split(), *options.split()]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def taps(text: str) -> list[str]:
    return re.findall(r"^TRACE_C: (\w+)", text, re.MULTILINE)


def test_the_committed_tap_header_is_the_generated_one() -> None:
    assert (reference_sources() / "tap_points.h").read_text(encoding="utf-8") == c_header()


@pytest.fixture(scope="module")
def shuffled_binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference with the rows of the tap table in another order."""
    sources = shutil.copytree(reference_sources(), tmp_path_factory.mktemp("shuffled") / "sources")
    rows = list(TAP_POINTS)
    random.Random(0).shuffle(rows)
    (sources / "tap_points.h").write_text(c_header(rows), encoding="utf-8")
    return build_reference(sources=sources).path


@pytest.mark.parametrize(
    "shape", ["-square_xtal", "-round_xtal", "-gauss_xtal", "-tophat_spots -interpolate"]
)
def test_every_tap_is_printed_by_its_name_whatever_the_order_of_the_table(
    c_binary: Path, shuffled_binary: Path, tmp_path: Path, shape: str
) -> None:
    options = f"{RICH} {shape} -trace_pixel 3 3 -trace_pixel 7 0"
    printed = run(c_binary, tmp_path, options)
    assert len(set(taps(printed))) > 70
    assert run(shuffled_binary, tmp_path, options) == printed


def test_trace_goes_to_standard_output_unless_told_otherwise(c_binary: Path, tmp_path: Path) -> None:
    printed = run(c_binary, tmp_path, "-oversample 1 -trace_pixel 3 4")
    other = run(c_binary, tmp_path, "-oversample 1 -trace_pixel 3 4 -trace_file t.log")
    lines = [line for line in printed.splitlines() if line.startswith("TRACE_")]
    assert taps(other) == []
    assert (tmp_path / "t.log").read_text(encoding="utf-8").splitlines() == lines


def test_trace_begins_with_schema_and_program(c_binary: Path, tmp_path: Path) -> None:
    run(c_binary, tmp_path, "-oversample 1 -trace_level setup -trace_file t.log")
    first, second = (tmp_path / "t.log").read_text(encoding="utf-8").splitlines()[:2]
    assert first == "TRACE_C: schema nanobragg-trace 1"
    assert re.fullmatch(r"TRACE_C: program nanobragg-reference \d+\.\d+\.\d+", second)


@pytest.mark.parametrize("level", LEVELS)
def test_level_cuts_off_inner_taps_and_keeps_the_rest(c_binary: Path, tmp_path: Path, level: str) -> None:
    run(c_binary, tmp_path, f"{RICH} -trace_pixel 2 5 -trace_file all.log")
    run(c_binary, tmp_path, f"{RICH} -trace_pixel 2 5 -trace_file cut.log -trace_level {level}")
    limit = TapLevel.mosaic_setup if level == "setup" else TapLevel[level]
    everything = taps((tmp_path / "all.log").read_text(encoding="utf-8"))
    wanted = [name for name in everything if name not in TAP_ID or tap_point(name).level <= limit]
    assert taps((tmp_path / "cut.log").read_text(encoding="utf-8")) == wanted


def test_every_record_has_the_values_and_keys_of_its_tap(c_binary: Path, tmp_path: Path) -> None:
    run(c_binary, tmp_path, f"{RICH} -trace_pixel 0 0 -trace_pixel 7 7 -trace_file t.log")
    for line in (tmp_path / "t.log").read_text(encoding="utf-8").splitlines()[2:]:
        name, _, rest = line.removeprefix("TRACE_C: ").partition(" ")
        values, _, context = rest.partition("|")
        assert len(values.split()) == tap_point(name).size, line
        assert tuple(pair.split("=")[0] for pair in context.split()) == tap_point(name).keys, line


def test_traced_pixels_come_in_loop_order_once_each(c_binary: Path, tmp_path: Path) -> None:
    text = run(c_binary, tmp_path, "-oversample 1 -trace_pixel 5 1 -trace_roi 2 3 6 7 -trace_pixel 2 6")
    found = re.findall(r"^TRACE_C: I_pixel_final \S+ \| s=(\d+) f=(\d+)$", text, re.MULTILINE)
    assert found == [("2", "6"), ("2", "7"), ("3", "6"), ("3", "7"), ("5", "1")]


@pytest.mark.parametrize("mode", ["c-parity", "spec"])
def test_tracing_changes_no_bit_of_the_image(c_binary: Path, tmp_path: Path, mode: str) -> None:
    images = []
    for words in ("", " -trace_roi 0 7 0 7 -trace_file t.log", " -printout"):
        run(c_binary, tmp_path, f"{RICH} -polar 0.9 -oversample_polar -parity_mode {mode}{words}")
        images.append((tmp_path / "float.bin").read_bytes())
    assert images[0] == images[1] == images[2]


def test_zero_lattice_factor_ends_a_domain_only_in_c_parity(c_binary: Path, tmp_path: Path) -> None:
    line = "-oversample 1 -tophat_spots -fudge 1e6 -trace_pixel 0 0"
    for mode, there in (("c-parity", False), ("spec", True)):
        assert ("F_cell" in taps(run(c_binary, tmp_path, f"{line} -parity_mode {mode}"))) is there


def test_program_without_taps_gives_the_same_image_and_refuses_to_trace(
    c_binary: Path, tmp_path: Path
) -> None:
    images = []
    for program in (c_binary, build_reference("untapped-Og").path):
        run(program, tmp_path, RICH)
        images.append((tmp_path / "float.bin").read_bytes())
    assert images[0] == images[1]
    words = [program, *BASE.split(), "-trace_pixel", "1", "1"]
    refused = subprocess.run(words, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert refused.returncode == 9
    assert "built without taps" in refused.stderr
