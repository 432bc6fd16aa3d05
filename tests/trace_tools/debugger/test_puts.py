"""Values put into a program by the debugger: bit for bit, in loops, and what it says where it cannot."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from harness.programs.build import build_reference
from tests.trace_tools.debugger.conftest import built, require_gdb
from trace_tools.debugger.puts import FINAL, PutJob, PutRun, PutSet, put_names, put_values, unscaled
from trace_tools.debugger.sources import open_debugged
from trace_tools.debugger.tap_map import TapMap, load_map
from trace_tools.debugger.traced import DebugJob, trace_pixels
from trace_tools.errors import DebuggerError, TraceError
from trace_tools.reading.trace_file import read_trace

PIXEL = (3, 4)
Records = dict[str, dict[tuple[int, ...], tuple[float, ...]]]
Putting = Callable[..., list[PutRun]]
REPLACED = {
    'unit = "m" }\nhkl_frac': (
        'unit = "m", put = { text = "vector pos =", value = "carried[1]@3", times = "2.0 / 2" } }\nhkl_frac'
    ),
    'value = "F_latt" }': 'value = "F_latt", put = { text = "hkl_used += (int)" } }',
    'value = "pos", take': 'value = "pos", put = { text = "double airpath =" }, take',
}  # fmt: skip


def records_of(log: Path) -> Records:
    """Return the numbers of a trace by tap and loop indices."""
    found: Records = {}
    for record in read_trace(log).records():
        if not record.words:
            found.setdefault(record.tap, {})[tuple(turn for _, turn in record.context)] = record.values
    return found


def job_of(tap_map: TapMap, binary: Path, folder: Path, words: tuple[str, ...], wanted: float) -> PutJob:
    program = open_debugged(binary, {place.file for place in tap_map.places.values()})
    return PutJob(tap_map, program, words, folder, PIXEL, wanted, 60.0)


@pytest.fixture(scope="module")
def small_map(map_text: str, tmp_path_factory: pytest.TempPathFactory) -> TapMap:
    for old, new in REPLACED.items():
        assert old in map_text
        map_text = map_text.replace(old, new)
    path = tmp_path_factory.mktemp("map") / "puts.toml"
    path.write_text(map_text, encoding="utf-8")
    return load_map(str(path))


@pytest.fixture(scope="module")
def own(small_map: TapMap, tapless: Path, tmp_path_factory: pytest.TempPathFactory) -> Records:
    """What the small program has at the pixel."""
    folder = tmp_path_factory.mktemp("own")
    program = open_debugged(tapless, {place.file for place in small_map.places.values()})
    made = trace_pixels(DebugJob(small_map, program, (), folder, (PIXEL,), 2, 60.0))
    (folder / "own.log").write_text(made.text, encoding="utf-8")
    return records_of(folder / "own.log")


@pytest.fixture(scope="module")
def putting(
    small_map: TapMap, tapless: Path, own: Records, tmp_path_factory: pytest.TempPathFactory
) -> Putting:
    """Function that puts sets of values into the small program."""

    def put(*sets: PutSet) -> list[PutRun]:
        folder = tmp_path_factory.mktemp("put")
        return put_values(job_of(small_map, tapless, folder, (), own[FINAL][PIXEL][0]), sets)

    return put


def test_values_go_in_bit_for_bit_and_into_each_turn_of_a_loop(putting: Putting, own: Records) -> None:
    odd = math.nextafter(3.0, 4.0)
    steps = own["F_latt"]
    first, second = sorted(steps)
    sets: list[PutSet] = [
        {tap: own[tap]} for tap in ("pixel_pos_meters", "rot_a_angstroms", "F_latt", "I_running", FINAL)
    ]
    sets += [{"F_latt": {first: (odd,)}}, {"F_latt": {first: (odd,), second: (7.0,)}}]
    sets += [{"I_running": {second: (odd,)}}, {FINAL: {PIXEL: (odd,)}}]
    found = putting(*sets)
    assert all(run.problems == {} and not run.failure for run in found)
    photons = own[FINAL][PIXEL][0]
    assert [run.final for run in found[:5]] == [photons] * 5
    kept = steps[second][0]
    assert found[5].final == float((odd * odd * 100.0 + kept * kept * 100.0) / 3.0)
    assert found[6].final == pytest.approx((odd * odd + 49.0) * 100.0 / 3.0, rel=1e-15)
    assert [run.final for run in found[7:]] == [pytest.approx(odd / 3.0, rel=1e-16), odd]


def test_what_cannot_be_put_in_is_said(putting: Putting, own: Records) -> None:
    far = {(3, 4, 0, 0, 0, 0, 9, 0): (1.0,)}
    hkl = {"hkl_frac": own["hkl_frac"]}
    runs = putting({"F_latt": far}, {"phisteps": {(): (3.0,)}}, hkl)
    assert "does not come to its place" in runs[0].problems["F_latt"]
    assert runs[1].problems == {}
    assert runs[1].final != own[FINAL][PIXEL][0]
    assert runs[2].final == own[FINAL][PIXEL][0]


def test_another_program_than_the_traced_one_gets_nothing(
    small_map: TapMap, tapless: Path, tmp_path: Path
) -> None:
    job = job_of(small_map, tapless, tmp_path, (), 1.0)
    with pytest.raises(DebuggerError, match=r"under the debugger, and 1\.0 in the trace"):
        put_values(job, [{}])


def test_a_variable_that_is_optimised_out_is_said(small_map: TapMap, own: Records, tmp_path: Path) -> None:
    require_gdb()
    job = job_of(small_map, built(tmp_path / "fast", "-g", "-O2"), tmp_path, (), own[FINAL][PIXEL][0])
    with pytest.raises(DebuggerError, match=r"is not read under the debugger|optimized out"):
        put_values(job, [{"F_latt": own["F_latt"]}])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('put = { text = "double airpath =" }', "put = 3", "it must be a table, or false"),
        ('put = { text = "double airpath =" }', 'put = { txt = "x" }', "did you mean 'text'"),
        ('put = { text = "double airpath =" }', 'put = { at = "nowhere" }', "no \\[place.nowhere\\]"),
    ],
)
def test_a_wrong_put_is_one_clear_error(map_text: str, tmp_path: Path, old: str, new: str, said: str) -> None:
    for before, after in REPLACED.items():
        map_text = map_text.replace(before, after)
    (tmp_path / "wrong.toml").write_text(map_text.replace(old, new), encoding="utf-8")
    with pytest.raises(TraceError, match=said):
        load_map(str(tmp_path / "wrong.toml"))


@pytest.mark.parametrize(("value", "factor"), [(38.0, 1e10), (0.1, 3.0), (-7e-8, 1e10), (0.0, 1e10)])
def test_a_number_comes_back_from_its_unit(value: float, factor: float) -> None:
    assert unscaled(value, factor) * factor == pytest.approx(value, rel=2.0**-52)
    assert unscaled(0.3 * factor, factor) * factor == 0.3 * factor


OPTIONS = (
    "-cell 60 70 80 90 95 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 8 -pixel 0.4 -N 5"
    " -noprogress -default_F 100 -oversample 2 -osc 2 -phi 1 -phisteps 2 -mosaic 1 -mosaic_domains 2"
    " -hdivrange 5 -hdivsteps 2 -detector_abs 300 -detector_thick 100 -detector_thicksteps 2 -water 10"
    " -nonoise -nopgm -intfile int.img"
)  # fmt: skip


@pytest.mark.parametrize("variant", ["untapped-O0", "untapped-Og"])
def test_its_own_values_leave_the_reference_as_it_is(variant: str, c_binary: Path, tmp_path: Path) -> None:
    require_gdb()
    tap_map, words = load_map("reference"), tuple(OPTIONS.split())
    looking = ["-trace_pixel", *map(str, PIXEL), "-trace_schema", "2", "-trace_file", "own.log"]
    subprocess.run([c_binary, *words, *looking], cwd=tmp_path, check=True, capture_output=True)
    own = records_of(tmp_path / "own.log")
    (tmp_path / "own.log").unlink()
    photons = own[FINAL][PIXEL][0]
    job = job_of(tap_map, build_reference(variant).path, tmp_path, words, photons)
    names = [name for name in put_names(tap_map, job.program) if name in own]
    assert len(names) >= 60
    twice: Mapping[str, Mapping[tuple[int, ...], tuple[float, ...]]] = {
        "fluence_photons_per_m2": {(): (2.0 * own["fluence_photons_per_m2"][()][0],)}
    }
    same, doubled = put_values(job, [{name: own[name] for name in names}, twice])
    assert same.problems == {}
    assert same.final == pytest.approx(photons, rel=1e-14)
    assert doubled.final != photons
