"""Taps in C, C++, Fortran and Python: the example of each, compiled and run, and what a value becomes."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import trace_tools
from system_io.verdict_words import Word
from trace_tools.judging.judge import judge_files
from trace_tools.reading.trace_file import TraceLog, read_trace
from trace_tools.taps import command, taps

TAPS = Path(trace_tools.__file__).parent / "taps"
STRICT = ("-Wall", "-Wextra", "-Werror", "-pedantic")
COMPILERS = {
    "c": ("gcc", "-std=c99", *STRICT, "example.c"),
    "c++": ("g++", "-std=c++11", *STRICT, "-x", "c++", "example.c"),
    "fortran": ("gfortran", "-std=f2018", "-fopenmp", "taps.F90", "example.F90"),
}
EDGES = """
#include <math.h>
#include "taps.h"
void other_file(void);
int main(void)
{
    double odd[] = {NAN, INFINITY, -INFINITY, -0.0, 5e-324, 0.1, 1.7976931348623157e308};
    TAPS_START("edges", "2");
    TAP_REALS("odd", "m/s", odd, 7);
    TAP_INT("large", "", 9007199254740993LL);
    TAP_WORD("text", "a b|c%");
    TAP_WORD("empty", "");
    TAP_INDEX("ghost", -1);
    TAP_REAL("x", "m", 1);
    other_file();
    TAP_LEAVE("ghost");
    TAP_REAL("y", "m", 2);
    return 0;
}
"""
OTHER_FILE = '#include "taps.h"\nvoid other_file(void) { TAP_REAL("inner", "K", 3); }\n'


def run(words: list[str | Path], log: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    set_to = {key: value for key, value in os.environ.items() if not key.startswith("TAPS_")}
    set_to |= {"TAPS_FILE": str(log), "PYTHONPATH": str(TAPS.parents[1]), **environment}
    return subprocess.run(words, env=set_to, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str | Path]]:
    """Command that runs the example of a language."""
    made: dict[str, list[str | Path]] = {"python": [sys.executable, "-m", "trace_tools.taps.example"]}

    def of(language: str) -> list[str | Path]:
        if language not in made:
            compiler, *words = COMPILERS[language]
            if shutil.which(compiler) is None:
                assert language == "fortran", f"no {compiler}: install it"
                pytest.skip("not run: no gfortran")
            folder = tmp_path_factory.mktemp("compiled")
            for path in TAPS.iterdir():
                if path.is_file():
                    shutil.copy(path, folder)
            subprocess.run([compiler, *words, "-o", "example", "-lm"], cwd=folder, check=True)
            made[language] = [folder / "example"]
        return made[language]

    return of


@pytest.fixture(scope="module")
def reference(program: Callable[[str], list[str | Path]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Log of the example in C."""
    log = tmp_path_factory.mktemp("reference") / "c.log"
    assert run(program("c"), log).returncode == 0
    return log


@pytest.mark.parametrize("language", ["c++", "fortran", "python"])
def test_the_example_of_each_language_gives_the_records_of_c(language, program, reference, tmp_path):
    log = tmp_path / "other.log"
    assert run(program(language), log).returncode == 0
    report = judge_files(str(reference), str(log))
    assert report.verdict is (Word.PASS if language != "c++" else Word.NOT_COMPARABLE)  # one program twice
    assert report.comparison.compared == len(read_trace(reference)) == 52
    assert [diff.differing for diff in report.comparison.taps.values()] == [0] * 8


@pytest.mark.parametrize("language", ["c", "fortran", "python"])
def test_places_units_and_kinds_travel_with_the_taps(language, program, tmp_path):
    log = tmp_path / "one.log"
    run(program(language), log)
    sites = read_trace(log).taps
    assert (sites["temperature"].kind, sites["temperature"].unit) == ("real", "K")
    assert {sites[name].kind for name in ("cells", "inside", "mode", "scheme")} == {
        "integer", "boolean", "complex", "word",
    }  # fmt: skip
    (place,) = sites["temperature"].places
    path, _, line = place.rpartition(":")
    assert "temperature" in (TAPS / Path(path).name).read_text().splitlines()[int(line) - 1]


@pytest.mark.parametrize("language", ["c", "fortran", "python"])
def test_a_log_holds_what_is_asked_for_and_says_so(language, program, tmp_path):
    log = tmp_path / "part.log"
    run(program(language), log, TAPS_ONLY="step=1 cell=2", TAPS_NAMES="flux temperature mode", TAPS_FIRST="2")
    trace = read_trace(log)
    assert [(one.tap, dict(one.context)) for one in trace.records()] == [
        ("flux", {"step": 1, "cell": 2}), ("temperature", {"step": 1, "cell": 2})
    ]  # fmt: skip
    assert trace.held == "indices 'step=1 cell=2' names 'flux temperature mode' first 2"


@pytest.mark.parametrize("language", ["c", "fortran", "python"])
@pytest.mark.parametrize(("environment", "word"), [({"TAPS_FIRST": "x"}, "TAPS_FIRST"), ({}, "TAPS_FILE")])
def test_a_log_is_never_overwritten_and_a_bad_choice_is_refused(
    language, environment, word, program, tmp_path
):
    log = tmp_path / "kept.log"
    log.write_text("kept")
    found = run(program(language), log, **environment)
    assert found.returncode != 0
    assert word in found.stderr
    assert log.read_text() == "kept"


@pytest.mark.parametrize("language", ["c", "fortran", "python"])
def test_nothing_is_written_unless_a_file_is_named(language, program, tmp_path):
    found = run(program(language), tmp_path / "x", TAPS_FILE="")
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory) -> TraceLog:
    """Log of a C program of two files with values at the edges."""
    folder = tmp_path_factory.mktemp("edges")
    (folder / "main.c").write_text(EDGES)
    (folder / "other.c").write_text(OTHER_FILE)
    words = ["gcc", "-std=c99", *STRICT, "-I", str(TAPS), "main.c", "other.c", "-o", "edges"]
    subprocess.run(words, cwd=folder, check=True)
    assert run([folder / "edges"], folder / "e.log").returncode == 0
    return read_trace(folder / "e.log")


def test_values_at_the_edges_survive_bit_for_bit(edges):
    found = {record.tap: record for record in edges.records()}
    wanted = [math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1, 1.7976931348623157e308]
    assert np.array_equal(found["odd"].values, wanted, equal_nan=True)
    assert math.copysign(1, found["odd"].values[3]) == -1
    assert found["large"].words == ("9007199254740993",)
    assert (found["text"].words, found["empty"].words) == (("a%20b%7Cc%25",), ("%",))


def test_two_files_share_one_log_and_its_indices(edges):
    found = {record.tap: record.context for record in edges.records()}
    assert (found["inner"], found["y"]) == ((("ghost", -1),), ())


def test_nothing_is_compiled_when_taps_are_off(tmp_path):
    words = ["gcc", "-std=c99", "-DTAPS_OFF", str(TAPS / "example.c"), "-o", "off"]
    subprocess.run(words, cwd=tmp_path, check=True)
    assert b"TAP_LOG" not in (tmp_path / "off").read_bytes()


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """File that the taps of this process write to."""
    monkeypatch.setattr(taps, "_log", taps._Log())
    monkeypatch.setenv("TAPS_FILE", str(tmp_path / "here.log"))
    taps.start("here", "1")
    yield tmp_path / "here.log"
    if taps._log.file:
        taps._log.file.close()


def test_arrays_of_numpy_and_torch_are_recorded(opened):
    torch = pytest.importorskip("torch")
    single = torch.tensor([[0.1, 2.0]], requires_grad=True)
    assert taps.tap("single", single, "m") is single
    taps.tap("flag", np.True_)
    taps.tap("wave", np.array([1 + 2j]).conj())
    found = {record.tap: record.values for record in read_trace(opened).records()}
    assert found == {"single": (float(np.float32(0.1)), 2.0), "flag": (1.0,), "wave": (1.0, -2.0)}


@pytest.mark.parametrize(
    ("items", "indices"), [(range(4), [0, 1, 2, 3]), (range(5, 1, -2), [5, 3]), ([7, 9], [0, 1])]
)
def test_numbers_of_a_range_are_the_indices(opened, items, indices):
    for item in taps.over("cell", items):
        taps.tap("x", float(item))
    records = list(read_trace(opened).records())
    assert [dict(record.context)["cell"] for record in records] == indices
    assert [record.values[0] for record in records] == list(items)


def test_threads_have_their_own_indices(opened):
    def work(turn: int) -> None:
        with taps.loop("worker", turn):
            for step in taps.over("step", range(50)):
                taps.tap("x", float(step))

    threads = [threading.Thread(target=work, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    trace = read_trace(opened)
    assert (len(trace), trace.repeats, trace.aside_count) == (200, 0, 0)
    assert all(record.values[0] == dict(record.context)["step"] for record in trace.records())


@pytest.mark.parametrize(
    ("name", "value", "unit"), [("a b", 1, ""), ("a", 1, "m s"), ("", 1, ""), ("a", None, ""), ("a", [], "")]
)
def test_a_tap_that_cannot_be_written_is_refused(opened, name, value, unit):
    with pytest.raises(ValueError, match=f"tap '?{name}"):
        taps.tap(name, value, unit)


@pytest.mark.parametrize("language", command.FILES)
def test_the_command_copies_and_never_overwrites(language, tmp_path, capsys):
    assert command.main([language, "--to", str(tmp_path), "--example"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(command.FILES[language])
    assert command.main([language, "--to", str(tmp_path)]) == 0  # a build may copy it each time
    with (tmp_path / command.FILES[language][0]).open("a") as file:
        file.write("\n")
    assert command.main([language, "--to", str(tmp_path)]) == 3
    assert "there already" in capsys.readouterr().err
    assert command.main([language]) == 0
    assert capsys.readouterr().out == (TAPS / command.FILES[language][0]).read_text()
    assert len((TAPS / command.FILES[language][0]).read_text().splitlines()) <= 150


def test_the_python_file_stands_alone(tmp_path):
    command.main(["python", "--to", str(tmp_path), "--example"])
    found = run([sys.executable, "-S", "-c", "import taps"], tmp_path / "x.log", PYTHONPATH=str(tmp_path))
    assert found.returncode == 0, found.stderr
