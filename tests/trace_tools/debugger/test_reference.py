"""The shipped map: the debugger reads of the C reference without taps what the one with taps prints."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest

from harness.programs.build import build_reference
from tests.trace_tools.debugger.conftest import require_gdb
from trace_tools.debugger.sources import open_debugged
from trace_tools.debugger.tap_map import load_map
from trace_tools.debugger.traced import DebugJob, trace_pixels
from trace_tools.tap_points import TAP_POINTS

BASE = (
    "-cell 60 70 80 90 95 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 8 -pixel 0.4 -N 5"
    " -default_F 100 -nonoise -nopgm -intfile int.img -noprogress -oversample 1"
)
# together they have every tap; the pixel, and how many taps it has at least
CASES = {
    "all loops": (
        "-oversample 2 -osc 2 -phisteps 2 -mosaic 1 -mosaic_domains 2 -hdivrange 5 -detector_thick 100",
        (3, 4), 90,
    ),
    "water and gauss": (
        "-parity_mode spec -water 20 -gauss_xtal -oversample_polar -oversample_omega", (0, 0), 85,
    ),
    "tophat": ("-tophat_spots -dmin 2", (7, 7), 60),
    "round, interpolated": (
        "-round_xtal -hkl table.hkl -interpolate -osc 1 -phisteps 3 -roi 2 6 1 7", (1, 5), 80,
    ),
}  # fmt: skip


def write_table(folder: Path) -> None:
    """Write structure factors of a block of indices around zero."""
    indices = itertools.product(range(-30, 31), range(-12, 13), range(-9, 9))
    rows = [f"{h} {k} {l} {100 + 7 * h + k - l}" for h, k, l in indices]
    (folder / "table.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")


@pytest.mark.parametrize("variant", ["untapped-O0", "untapped-Og"])
def test_debugger_reads_what_the_program_prints_bit_for_bit(
    variant: str, c_binary: Path, tmp_path: Path
) -> None:
    require_gdb()
    tap_map = load_map("reference")
    binary = build_reference(variant).path
    program = open_debugged(binary, {place.file for place in tap_map.places.values()})
    write_table(tmp_path)
    seen: set[str] = set()
    for options, pixel, least in CASES.values():
        words = (*BASE.split(), *options.split())
        looking = ["-trace_pixel", *map(str, pixel), "-trace_schema", "2", "-trace_file", "own.log"]
        command = [c_binary, *words, "-floatfile", "float.bin", *looking]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        made = trace_pixels(DebugJob(tap_map, program, words, tmp_path, (pixel,), 2, 60.0))
        own = (tmp_path / "own.log").read_text(encoding="utf-8").splitlines()[2:]
        assert [line for line in made.text.splitlines()[2:] if not line.startswith("#")] == own
        assert (made.proven, made.unread) == (True, {})
        assert made.tap_count >= least
        (tmp_path / "own.log").unlink()
        seen |= {line.split()[1] for line in own}
    assert seen == {tap.name for tap in TAP_POINTS}
