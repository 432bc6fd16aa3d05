"""nb-trace-map on a small program: traces, and a clear statement with status 2 where there is none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.trace_tools.debugger.conftest import built
from trace_tools.debugger.command import main
from trace_tools.judging.judge import judge
from trace_tools.reading.trace_file import TraceLog, read_trace


@pytest.fixture
def call(tapless: Path, map_text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch):  # type: ignore[no-untyped-def]
    """Call `trace` with a changed map; gives status, standard output and error."""
    monkeypatch.chdir(tmp_path)

    def called(
        *words: str,
        change: tuple[str, str] = ("", ""),
        binary: Path = tapless,
        pixel: Sequence[str] = ("3", "4"),
    ) -> tuple[int, str, str]:
        assert change[0] in map_text
        (tmp_path / "map.toml").write_text(map_text.replace(*change, 1), encoding="utf-8")
        own = [word for word in words if word.startswith("--")]
        told = [word for word in words if not word.startswith("--")]
        status = main(["trace", "map.toml", "--binary", str(binary), "--pixel", *pixel, *own, "--", *told])
        said = capsys.readouterr()
        return status, said.out, said.err

    return called


def records(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def log_of(text: str, folder: Path) -> TraceLog:
    (folder / "made.log").write_text(text, encoding="utf-8")
    return read_trace(folder / "made.log")


def test_trace_has_the_values_and_the_state_of_the_whole_run(call, tmp_path):
    status, text, said = call("-steps", "2")
    assert status == 0
    assert "1 earlier pixel was run; the image has the bits of the whole run there" in said
    log = log_of(text, tmp_path)
    assert (log.schema, log.program, log.pixels()) == (2, "tapless 1.0", {(3, 4)})
    found = {(r.tap, dict(r.context).get("phi")): r for r in log.records()}
    assert found["rot_a_angstroms", 0].values == found["rot_a_angstroms", 1].values
    assert found["rot_a_angstroms", 0].values[1] > 0.9  # carried over: not the cell of the first pixel
    assert found["xtal_shape", None].words == ("SQUARE",)
    assert found["I_running", 1].values[0] / 3 == pytest.approx(
        found["I_pixel_final", None].values[0], rel=1e-15
    )
    assert " -0 | " in text
    assert not list(tmp_path.glob("*.bin"))


def test_first_pixel_has_the_state_of_the_start(call, tmp_path):
    status, text, said = call("-steps", "2", pixel=("0", "0"))
    assert status == 0
    assert "0 earlier pixels were run; the image has the bits" in said
    assert "rot_a_angstroms 100 0 0 | s=0 f=0 t=0 ss=0 sf=0 src=0 phi=0" in text


def test_region_of_the_command_line_decides_which_pixel_is_first(call):
    status, text, said = call("-roi", "4", "7", "3", "7", "-steps", "2")
    assert status == 0
    assert "0 earlier pixels" in said
    assert "rot_a_angstroms 100 0 0 | s=3 f=4" in text


def test_program_without_region_and_gate_is_run_whole(call, map_text):
    start = map_text.index("[pixel]")
    gate = map_text[start : map_text.index("[context]")]
    plain = '[context]\ns = "spixel"\nf = "fpixel"\n'
    whole = call(change=(gate + "[context]\n", plain.replace("spixel", "in main: spixel")))
    assert whole[0] == 0
    roi = next(line for line in map_text.splitlines() if line.startswith("roi"))
    status, text, said = call(change=(roi, "roi = []"))
    assert status == 0
    assert "the whole command line was run; the image has the bits" in said
    assert records(text) == records(whole[1])


F_LATT = 'value = "F_latt"'
CHANGES = {
    "no such name": (F_LATT, 'value = "F_lat"', r"tap 'F_latt' cannot be read: 'F_lat': No symbol"),
    "does not parse": (F_LATT, 'value = "F_latt +"', "tap 'F_latt' cannot be read: .*syntax error"),
    "whole for floating": (F_LATT, 'value = "phi_tic"', "type 'float', and phi_tic is the whole number"),
    "floating for whole": ('"steps"', '"steps + 0.5"', "type 'int', and .* 2.5; give a whole"),
    "number for word": ('"xtal_shape"', '"roi"', "tap 'xtal_shape' .*(string|word|array|Trying)"),
    "wrong shape": ('["h", "k", "l"]', '["h", "k"]', "tap 'hkl_frac' has 3 values, and h, k gives 2"),
    "a pointer": ('"*exact"', '"exact"', r"is 'long double \*', which is no number"),
    "a loop not named": ('phi = "phi_tic"', 'phi = "0"', "has two values in one context .*loop indices"),
    "no such text": ("return photons;", "return photon;", "nothing matches .*near: .*return photons"),
    "many": ("return photons;", "double", "matches [0-9]+ times .*add function, more of the text, or nth"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_map_that_does_not_fit_is_explained(call, name):
    old, new, said = CHANGES[name]
    status, text, error = call(change=(old, new))
    assert (status, text) == (2, "")
    assert re.search(said, error), error
    assert error.count("\n") == 1


def test_unreadable_taps_can_be_skipped_and_are_stated(call, tmp_path):
    status, text, error = call("--skip-unreadable", change=('value = "F_latt"', 'value = "F_lat"'))
    assert status == 2
    assert "warning: tap 'F_latt' was left out: 'F_lat': No symbol" in error
    assert "# not read: F_latt: " in text
    assert "F_latt" not in {record.tap for record in log_of(text, tmp_path).records()}


def test_pixel_that_is_not_computed(call):
    status, text, error = call(pixel=("9", "4"))
    assert (status, text) == (2, "")
    assert "was not reached: [pixel] was reached 0 times, and never with slow 9 fast 4" in error
    status, _, error = call("-roi", "0", "2", "0", "7", pixel=("3", "4"))
    assert status == 2
    assert "pixel slow 3 fast 4 is not computed; the command line has '-roi 0 2 0 7'" in error


def test_crash_in_the_debugger_says_where(call):
    status, text, error = call("--no-whole-run", "-crash", "3")
    assert (status, text) == (2, "")
    assert "was ended by SIGABRT in " in error


def test_program_that_does_not_end_is_stopped(call):
    start = time.monotonic()
    status, text, error = call("--no-whole-run", "--timeout=3", "-stuck", "3")
    assert (status, text) == (2, "")
    assert re.search(r"stopped after the time-out of [345]\.\d s", error)
    assert time.monotonic() - start < 30


def test_optimised_and_stripped_binaries_are_explained(call, tapless, capsys):
    fast = built(tapless.with_name("fast"), "-g", "-O2")
    status, text, error = call(binary=fast)
    assert (status, text) == (2, "")
    assert re.search("optimi[sz]ed|no code|build with -Og", error)
    assert main(["check", "map.toml", "--binary", str(fast)]) == 2
    assert "BAD" in capsys.readouterr().out
    bare = built(tapless.with_name("bare"), "-O0", "-s")
    status, text, error = call(binary=bare)
    assert (status, text) == (2, "")
    assert "has no debug information (stripped, or built without -g); build it with -g -Og" in error


FAKES = {
    "missing": (None, "no debugger: '.*' is not on the path; install one"),
    "no Python": (
        "echo 'Scripting in the \"python\" language is not supported'; exit 0",
        "built without Python",
    ),
    "fails": ("echo oops >&2; exit 1", "ended with exit status 1; it said: oops"),
    "ptrace": ("echo 'warning: ptrace: Operation not permitted'", "may not trace a process here"),
}


@pytest.mark.parametrize("name", FAKES)
def test_gdb_that_cannot_do_it_is_explained(call, name, tmp_path, monkeypatch):
    body, said = FAKES[name]
    fake = tmp_path / "fake-gdb"
    if body is not None:
        fake.write_text(f"#!/bin/sh\n{body}\n", encoding="ascii")
        fake.chmod(0o755)
    monkeypatch.setenv("NB_GDB", str(fake))
    status, text, error = call()
    assert (status, text) == (2, "")
    assert re.search(said, error), error


def test_gdb_that_hangs_is_stopped(call, tmp_path, monkeypatch):
    monkeypatch.setattr("trace_tools.debugger.sources.DESCRIBE_S", 0.5)
    fake = tmp_path / "fake-gdb"
    fake.write_text("#!/bin/sh\nsleep 60\n", encoding="ascii")
    fake.chmod(0o755)
    monkeypatch.setenv("NB_GDB", str(fake))
    status, _, error = call()
    assert status == 2
    assert "was stopped after the time-out of 0." in error


def test_script_and_missing_program_are_refused(call, tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n", encoding="ascii")
    for binary, said in ((script, "is no compiled program"), (tmp_path / "none", "no such file")):
        status, _, error = call(binary=binary)
        assert status == 2
        assert said in error


def test_sources_that_moved_are_found_with_source(call, tapless, tmp_path, capsys):
    copy = tmp_path / "elsewhere"
    copy.mkdir()
    source = built(copy / "moved", "-g", "-O0")
    (copy / "now").mkdir()
    shutil.move(copy / "tapless.c", copy / "now" / "tapless.c")
    status, _, error = call(binary=source)
    assert status == 2
    assert "give --source DIR" in error
    assert call(f"--source={copy / 'now'}", binary=source)[0] == 0


def test_check_says_what_is_there_and_what_is_like_the_rest(call, tapless, tmp_path, capsys, map_text):
    (tmp_path / "map.toml").write_text(map_text, encoding="utf-8")
    assert main(["check", "map.toml", "--binary", str(tapless)]) == 0
    assert "7 of 7 places match, 10 of 10 taps can be read" in capsys.readouterr().out
    wrong = map_text.replace('value = "F_latt"', 'value = "F_lat"').replace(
        "return photons;", "return photon;"
    )
    (tmp_path / "map.toml").write_text(wrong, encoding="utf-8")
    assert main(["check", "map.toml", "--binary", str(tapless)]) == 2
    text = capsys.readouterr().out
    assert re.search(r"BAD  F_latt +tapless.c:\d+: no 'F_lat' there; near: F_latt", text)
    assert re.search(
        r"BAD  I_pixel_final +nowhere: nothing matches .*; near: tapless.c:\d+: return photons;", text
    )


def test_draft_is_a_map_that_fits_and_traces(tapless, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["draft", "--binary", str(tapless)]) == 0
    text = capsys.readouterr().out
    assert "# unsure: only like it by name" in text
    (tmp_path / "draft.toml").write_text(text, encoding="utf-8")
    assert main(["check", "draft.toml", "--binary", str(tapless)]) == 0
    assert main(["trace", "draft.toml", "--binary", str(tapless), "--pixel", "3", "4"]) == 0
    log = log_of(capsys.readouterr().out.partition("TRACE_C")[2].join(["TRACE_C", ""]), tmp_path)
    taps = {record.tap for record in log.records()}
    assert {"pixel_pos_meters", "R_distance_meters", "hkl_frac", "F_latt", "I_running"} <= taps


def test_nothing_is_left_when_the_command_is_killed(tapless, map_text, tmp_path):
    root = Path(__file__).resolve().parents[3]
    (tmp_path / "map.toml").write_text(map_text, encoding="utf-8")
    words = ["trace", "map.toml", "--binary", str(tapless), "--pixel", "3", "4", "--no-whole-run"]
    code = f"from trace_tools.debugger.command import main; main({[*words, '--', '-stuck', '3']!r})"
    environ = {**os.environ, "PYTHONPATH": str(root)}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=environ)
    assert waited(lambda: bool(running(tapless)))
    process.kill()
    process.wait()
    assert waited(lambda: not running(tapless))


def running(program: Path) -> list[str]:
    """Return the processes of a program."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/exe"):
        try:
            if entry.readlink() == program:
                found.append(entry.parent.name)
        except OSError:
            continue
    return found


def waited(there) -> bool:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if there():
            return True
        time.sleep(0.05)
    return False


def test_trace_of_some_taps_is_compared_in_these(call, tmp_path):
    _, text, _ = call()
    assert text.splitlines()[2].startswith("TRACE_C: taps xtal_shape phisteps ")
    log = log_of(text, tmp_path)
    more = text.replace(": taps ", ": taps convention ").replace(": xtal", ": convention ADXV\nTRACE_C: xtal")
    more = more.replace("TRACE_C", "TRACE_PY")
    report = judge(log, log_of(more, tmp_path))
    assert report.verdict == "PASS (LOOSENED)", report.line
    assert "but 1 record of taps that the other log says it has not" in report.line
    report = judge(log, log_of(more.replace("F_latt 2.8", "F_latt 2.9"), tmp_path))
    assert report.verdict == "FAIL"
    assert report.first is not None
    assert report.first.tap == "F_latt"
    lacking = [line for line in more.splitlines(keepends=True) if "I_running" not in line or "taps" in line]
    assert judge(log, log_of("".join(lacking), tmp_path)).verdict == "FAIL"
