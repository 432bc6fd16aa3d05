"""What a case comes to: every kind of disagreement is seen, and agreement is not called one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.faults.seed import make_faulty
from harness.faults.table import BY_ID
from harness.fuzz.bench import FuzzBench, SideRun, open_bench
from harness.fuzz.case import FuzzCase
from harness.fuzz.cause import cause_of
from harness.fuzz.outcome import Came, outcome_of
from harness.kept.shelf import Shelf
from harness.programs.programs import program_at, second_program

WORDS = ("-cell", "60", "70", "80", "-default_F", "100", "-lambda", "1", "-distance", "100", "-pixel", "1",
         "-detpixels", "6", "-N", "4", "-oversample", "1", "-seed", "1")  # fmt: skip
CASE = FuzzCase(WORDS)
FLOAT, INT = "floatimage.bin", "intimage.img"


@pytest.fixture(scope="module")
def run(fuzz_bench: FuzzBench) -> SideRun:
    return fuzz_bench.run(CASE, "c")


def changed(run: SideRun, name: str, place: int, factor: float = 1.001) -> SideRun:
    """Return a run of which one number of a file is another one."""
    if name == FLOAT:
        values = np.frombuffer(run.files[name], "<f4").copy()
        values[place] *= factor
        data = values.tobytes()
    else:
        data = run.files[name][:place] + b"\1\7" + run.files[name][place + 2 :]
    return replace(run, files={**run.files, name: data})


def came(first: SideRun, second: SideRun) -> Came:
    return outcome_of(CASE, {"c": first, "py": second}).came


def test_both_programs_agree_in_every_file(fuzz_bench: FuzzBench, run: SideRun) -> None:
    outcome = outcome_of(CASE, {"c": run, "py": fuzz_bench.run(CASE, "py")})
    assert (outcome.came, outcome.bitwise) == (Came.AGREED, True)
    assert set(run.files) == {FLOAT, INT, "image.pgm", "noiseimage.img"}


def test_a_kept_run_is_what_was_run(fuzz_bench: FuzzBench, run: SideRun, tmp_path: Path) -> None:
    bench = replace(fuzz_bench, shelf=Shelf(tmp_path / "results"))
    made, kept = (bench.run(CASE, "c") for _ in range(2))
    assert (made.kept, kept.kept is None) == (None, False)
    assert replace(kept, kept=None, wall_s=0.0) == replace(made, wall_s=0.0) == replace(run, wall_s=0.0)
    assert bench.run(CASE, "c", fresh=True).kept is None
    clock = replace(CASE, words=CASE.words[:-2])
    assert [bench.run(clock, "c").kept for _ in range(2)] == [None, None]
    assert bench.shelf.told()["kept"] == 1


def test_each_disagreement_has_its_kind(run: SideRun) -> None:
    refused = SideRun(9, None, 0.0, {}, "no such file")
    assert came(run, changed(run, FLOAT, 5)) is Came.IMAGE
    assert came(run, changed(run, FLOAT, 5, float("nan"))) is Came.IMAGE
    assert came(run, changed(run, INT, 520)) is Came.OUTPUT
    assert came(run, changed(run, "noiseimage.img", 520)) is Came.OUTPUT
    assert came(run, changed(run, INT, 20)) is Came.OUTPUT
    assert came(run, replace(run, files={FLOAT: run.files[FLOAT]})) is Came.OUTPUT
    assert came(run, refused) is Came.REFUSAL
    assert came(refused, refused) is Came.REFUSED
    assert came(run, SideRun(None, "was ended by signal 11", 0.0, {})) is Came.ENDING
    assert came(run, SideRun(1, None, 0.0, {})) is Came.ENDING
    assert came(refused, replace(refused, said="internal fault (KeyError)")) is Came.ENDING
    assert came(SideRun(0, None, 0.0, {}), SideRun(0, None, 0.0, {})) is Came.ANSWERED


def test_the_worst_pixel_is_named(run: SideRun) -> None:
    assert outcome_of(CASE, {"c": run, "py": changed(run, FLOAT, 8)}).worst == (1, 2)


TRACED = FuzzCase((*WORDS, "-trace_pixel", "2", "3", "-trace_file", "t.log"))


@pytest.mark.parametrize("tap", ["polar", "distance_meters"])
def test_a_difference_of_traces_has_its_pixel(fuzz_bench: FuzzBench, tap: str) -> None:
    run = fuzz_bench.run(TRACED, "c")
    lines = run.files["t.log"].decode().splitlines(keepends=True)
    place = next(n for n, line in enumerate(lines) if f" {tap} " in line)
    value = next(word for word in lines[place].split() if word[0].isdigit())
    lines[place] = lines[place].replace(f" {value}", f" {1.001 * float(value):.17g}", 1)
    other = replace(run, files={**run.files, "t.log": "".join(lines).encode()})
    outcome = outcome_of(TRACED, {"c": run, "py": other})
    assert (outcome.came, outcome.worst) == (Came.TRACE, (2, 3))
    assert tap in outcome.reasons[0]


def test_a_cause_may_be_one_of_the_newest_taps(tmp_path: Path) -> None:
    faulty = make_faulty(BY_ID["c-water-1e-5"], "c", tmp_path / "c")
    case = FuzzCase((*WORDS, "-water", "50"))
    with open_bench(program_at(str(faulty.path), "--c-bin"), second_program(None)) as bench:
        assert cause_of(bench, case, (2, 3)).taps == ("water_electrons_sqr",)


def test_one_rounded_pixel_is_left_to_its_trace(run: SideRun) -> None:
    found = outcome_of(CASE, {"c": run, "py": changed(run, FLOAT, 5, 1.0 + 1e-7)})
    assert (found.came, found.rounding, found.worst) == (Came.IMAGE, True, (0, 5))


MATRIX = b"""0.01124694 0.00657704 0.00634734
0.00198314 0.00806861 -0.01187454
-0.00892263 0.01008366 0.00536157
"""
SPARSE = FuzzCase(
    ("-detpixels", "21", "-matrix", "in.mat", "--epsilon", "0.0001", "-seed", "7751", "-N", "12",
     "-phistep", "0.25", "-default_F", "16.785"),
    {"in.mat": MATRIX}, "spec",
)  # fmt: skip
"""A line of which the simulator leaves out half of the evaluations, by up to 2.5e-5 of the maximum."""


def test_what_epsilon_leaves_out_is_no_difference(fuzz_bench: FuzzBench) -> None:
    runs = {side: fuzz_bench.run(SPARSE, side) for side in ("c", "py")}
    assert runs["c"].files[FLOAT] != runs["py"].files[FLOAT]
    assert outcome_of(SPARSE, runs).came is Came.AGREED


def test_more_than_epsilon_leaves_out_is_a_difference(fuzz_bench: FuzzBench) -> None:
    first = fuzz_bench.run(SPARSE, "c")
    brightest = int(np.frombuffer(first.files[FLOAT], "<f4").argmax())
    assert (
        outcome_of(SPARSE, {"c": first, "py": changed(first, FLOAT, brightest, 1.0 - 2e-4)}).came
        is Came.IMAGE
    )
    counts = changed(first, INT, 512 + 2 * brightest)
    assert outcome_of(SPARSE, {"c": first, "py": counts}).came is Came.OUTPUT
