"""What tiny runs tell of a program: its quirks, options and threads, and that it is a nanoBragg at all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.commands.alone.nb_probe import main
from harness.probing.kept import FOLDER, known
from harness.probing.match import switched
from harness.probing.probe import probed
from harness.programs.build import build_reference, reference_sources
from harness.programs.programs import program_at
from simulator.quirks import SWITCHABLE
from system_io.children import execute

LIMIT_S = 60.0
EXTERNAL = '[ "$1" = --version ] && exit 9'
HIDDEN = {"Q-CELL-MAT-MIX", "Q-RNG-SHARED"}


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def wrapped(tmp_path, c_binary):
    """Make an external program: the C reference with words behind its own, after some lines of a shell."""

    def make(words="", before=""):
        return script(tmp_path / "mine", f'{EXTERNAL}\n{before}\nexec "{c_binary}" "$@" {words}')

    return make


def report(capsys, *words: str) -> tuple[int, dict, str]:
    status = main([*words, "--json", "--timeout", str(LIMIT_S)])
    said = capsys.readouterr()
    return status, json.loads(said.out) if said.out else {}, said.err


@pytest.mark.parametrize("off", [
    set(), {"Q-PHI-CARRYOVER"}, {"Q-THICK-STEPS", "Q-THICK-LAST-LAYER", "Q-SEED-MISSET-DEFAULT"}, SWITCHABLE,
], ids=len)  # fmt: skip
def test_the_quirks_of_a_program_are_named(wrapped, off):
    told = probed(program_at(wrapped(" ".join(f"-quirk {quirk}=off" for quirk in off)), "--c-bin"), LIMIT_S)
    states = {quirk: one.state for quirk, one in told.quirks.items()}
    hidden = {quirk for quirk, state in states.items() if state is None}
    assert hidden == (HIDDEN if len(off) == len(SWITCHABLE) else set())
    assert {quirk for quirk, state in states.items() if state == "off"} == off - hidden
    assert all(told.quirks[quirk].reason for quirk in hidden)
    assert set(told.options.values()) == {"known"}
    assert (told.faults, told.complete, told.identity.plain) == ([], True, "bit for bit")
    assert {switch.partition("=")[0] for switch in switched(told)[0]} == set(off)


def test_a_repaired_build_is_named_and_kept(tmp_path, capsys, monkeypatch):
    """The C reference with one quirk off in its sources, as a fork is."""
    sources = tmp_path / "sources"
    shutil.copytree(reference_sources(), sources)
    text = (sources / "quirks.c").read_text(encoding="utf-8")
    repaired = text.replace("    return q;", "    q.on[QUIRK_POINT_PIXEL_AREA] = false;\n    return q;")
    assert repaired != text
    (sources / "quirks.c").write_text(repaired, encoding="utf-8")
    binary = str(build_reference("O0", sources=sources).path)
    monkeypatch.setenv("NB_CACHE", str(tmp_path / "cache"))
    status, data, _ = report(capsys, "--c-bin", binary)
    assert (status, data["verdict"]) == (0, "PASS")
    assert [q for q, one in data["quirks"].items() if one["state"] == "off"] == ["Q-POINT-PIXEL-AREA"]
    (entry,) = (tmp_path / "cache" / FOLDER).iterdir()
    first = entry.read_bytes()
    assert report(capsys, "--c-bin", binary)[1]["wall_s"] == data["wall_s"]  # nothing ran again
    entry.write_bytes(first[: len(first) // 2])
    again = known(program_at(binary, "--c-bin"), LIMIT_S, os.environ)
    assert again.wall_s != data["wall_s"]
    assert json.loads(entry.read_bytes())["quirks"] == data["quirks"]
    entry.unlink()
    entry.mkdir()  # nothing can be kept
    assert known(program_at(binary, "--c-bin"), LIMIT_S, os.environ).quirks == again.quirks


def test_a_script_is_probed_each_time(wrapped, tmp_path, monkeypatch):
    monkeypatch.setenv("NB_CACHE", str(tmp_path / "cache"))
    states = []
    for words in ("", "-quirk Q-OSC-ZERO=off"):
        states.append(known(program_at(wrapped(words), "--c-bin"), LIMIT_S, os.environ, set()).quirks)
    assert [one["Q-OSC-ZERO"].state for one in states] == ["on", "off"]
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(("text", "why"), [
    ("exit 0", "wrote no float image"),
    ("echo hello >&2; exit 4", "exit status 4 on a plain command line: hello"),
    ("sleep 600", "time-out"),
    ('cp "$(dirname "$0")/old.bin" floatimage.bin', "same image"),
    ("head -c 256 /dev/urandom > floatimage.bin", "photons"),
    ("head -c 512 /dev/zero > floatimage.bin", "8-byte"),
    ("head -c 256 /dev/zero > floatimage.bin", "same image"),
    ("head -c 77 /dev/zero > floatimage.bin", "77 bytes"),
    ("mkfifo floatimage.bin", "wrote no float image"),
    ("kill -9 $$", "SIGKILL"),
])  # fmt: skip
def test_what_is_no_nanobragg_is_refused_in_one_line(tmp_path, capsys, text, why):
    (tmp_path / "old.bin").write_bytes(b"\0\0\x80?" * 64)
    begun = time.monotonic()
    status = main(["--c-bin", script(tmp_path / "no", f"{EXTERNAL}\n{text}"), "--timeout", "2"])
    said = capsys.readouterr()
    assert (status, said.out, said.err.count("\n")) == (2, "", 1)
    assert "no nanoBragg" in said.err
    assert why in said.err or (why == "photons" and "not finite" in said.err)
    assert time.monotonic() - begun < 300.0  # a hang, not a speed


def test_a_program_that_adds_to_an_angle_fails(wrapped, capsys):
    status, data, _ = report(capsys, "--c-bin", wrapped("-phi 0.01"))
    assert (status, data["verdict"]) == (1, "FAIL")
    assert "a plain run" in data["faults"][0]
    assert data["options"]["-phi"] == "ignored"


def test_a_program_that_changes_an_angle_where_it_is_given_fails(wrapped, capsys):
    change = 'case " $* " in *" -phi "*) set -- "$@" -phi 3.01;; esac'
    status, data, _ = report(capsys, "--c-bin", wrapped(before=change))
    assert (status, data["options"]["-phi"]) == (1, "acts otherwise")
    assert any("-phi" in fault for fault in data["faults"])


def test_a_program_that_depends_on_the_number_of_threads_fails(wrapped, capsys):
    change = '[ "$OMP_NUM_THREADS" = 1 ] || set -- "$@" -phi 0.01'
    status, data, _ = report(capsys, "--c-bin", wrapped(before=change))
    assert (status, data["identity"]["varies"]) == (1, ["2", "3", "4", "unset"])
    assert "OMP_NUM_THREADS" in data["faults"][0]
    assert all(one["state"] == "on" for one in data["quirks"].values())


def test_a_rotation_that_depends_on_threads_is_the_originals_quirk(wrapped, capsys):
    change = 'case "$OMP_NUM_THREADS $*" in "1 "*) ;; *"-osc 4"*) set -- "$@" -phi 0.01;; esac'
    status, data, _ = report(capsys, "--c-bin", wrapped(before=change))
    assert (status, data["identity"]["varies"]) == (0, [])
    assert data["identity"]["sweep_varies"] == ["2", "3", "4", "unset"]


def test_a_program_whose_images_do_not_repeat_fails(tmp_path, c_binary, capsys):
    text = f'{EXTERNAL}\n"{c_binary}" "$@" -phi 0.000$(od -An -N2 -tu2 /dev/urandom | tr -d " ")'
    status, data, _ = report(capsys, "--c-bin", script(tmp_path / "flaky", text))
    assert (status, data["identity"]["repeats"]) == (1, False)


def test_options_that_are_ignored_or_refused_are_told(wrapped, capsys):
    refuse = 'case " $* " in *" -water "*) exit 3;; esac'
    ignore = 'for w; do shift; [ "$w" = -nopolar ] || set -- "$@" "$w"; done'
    _, data, _ = report(capsys, "--c-bin", wrapped(before=f"{refuse}\n{ignore}"))
    assert (data["options"]["-water"], data["options"]["-nopolar"]) == ("refused", "ignored")


def test_a_slow_program_is_told_as_far_as_the_time_goes(wrapped, capsys):
    status = main(["--c-bin", wrapped(before="sleep 0.4"), "--timeout", "6", "--json"])
    data = json.loads(capsys.readouterr().out)
    assert (status, data["complete"], data["quirks"]["Q-PHI-CARRYOVER"]["state"]) == (0, False, "on")
    assert any("time" in one["reason"] for one in data["quirks"].values())


def test_threads_of_a_program_are_seen(tmp_path, c_binary):
    code = (
        "import subprocess, sys, threading, time\n"
        "for _ in range(2): threading.Thread(target=time.sleep, args=(0.5,), daemon=True).start()\n"
        f"subprocess.run([{str(c_binary)!r}, *sys.argv[1:]])\ntime.sleep(0.05)\n"
    )
    (tmp_path / "threaded.py").write_text(code, encoding="utf-8")
    words = ["python3", str(tmp_path / "threaded.py"), "--version"]
    outcome, _, _ = execute(words, tmp_path, os.environ, LIMIT_S)
    assert outcome.threads == 3


def test_a_person_gets_a_table(wrapped, capsys):
    assert main(["--c-bin", wrapped("-quirk Q-OSC-ZERO=off"), "-v"]) == 0
    said = capsys.readouterr().out
    assert "Q-OSC-ZERO" in said
    assert said.splitlines()[-1].startswith("nb-probe: PASS: 1 quirks off")


def test_an_interrupted_probe_leaves_nothing_running(wrapped):
    root = str(Path(__file__).parents[3])
    slow = wrapped(before="sleep 0.2")
    command = [sys.executable, "-m", "harness.commands.alone.nb_probe", "--c-bin", slow]
    process = subprocess.Popen(
        command, cwd=root, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": root}
    )
    time.sleep(2.0)
    process.send_signal(signal.SIGINT)
    assert process.wait(60.0) == 130
