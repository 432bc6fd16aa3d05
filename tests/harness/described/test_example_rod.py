"""The worked example: ten bugs in its port are told by their taps, and sound builds raise no alarm."""

import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.commands.nb_report import main as report
from harness.commands.own.pair import main as pair
from trace_tools.judging.judge import Options, judge_files
from trace_tools.taps.command import main as taps

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "rod"
PAGE = (ROOT / "docs" / "walk_through.md").read_text()
BUGS = runpy.run_path(str(EXAMPLE / "bugs.py"))["BUGS"]
ARGUMENTS = ("6", "40")
PORTS = """import os, sys, torch
sys.path.insert(0, ".")
for name in sys.argv[3:]:
    if not os.fork():
        os.environ["TAPS_FILE"] = f"{name}.log"
        sys.argv[:] = [f"{name}.py", *sys.argv[1:3]]
        exec(compile(open(f"{name}.py").read(), f"{name}.py", "exec"), {"__name__": "__main__"})
        os.rename("field.bin", f"{name}.bin")
        os._exit(0)
    assert os.wait()[1] == 0, name
"""
"""Runs ports one after the other in forks of a process that has loaded torch."""
FLAGS = {
    "O0": "-O0", "O1": "-O1", "O2": "-O2", "O3": "-O3", "native": "-O3 -march=native -ffp-contract=fast",
}  # fmt: skip


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """A folder with log and field of the C program, of the port, and of the port with each bug."""
    folder = tmp_path_factory.mktemp("rod") / "rod"
    shutil.copytree(EXAMPLE, folder)
    for language in ("c", "python"):
        assert taps([language, "--to", str(folder)]) == 0
    subprocess.run([sys.executable, folder / "bugs.py", *BUGS], check=True)
    built(folder, "C", "cc", "-O2 -ffp-contract=off")
    ports = ["rod", *(f"rod-{name}" for name in BUGS)]
    words = [sys.executable, "-c", PORTS, *ARGUMENTS, *ports]
    subprocess.run(words, cwd=folder, check=True)
    return folder


def built(folder, name, compiler, flags):
    """Build and run the C program; its log and field get a name."""
    binary = folder / f"rod-{name}"
    command = [compiler, *flags.split(), "rod.c", "-o", binary, "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    environ = {**os.environ, "TAPS_FILE": f"{name}.log"}
    subprocess.run([binary, *ARGUMENTS], cwd=folder, env=environ, check=True)
    (folder / "field.bin").rename(folder / f"{name}.bin")


def judged(folder, first, second):
    return judge_files(
        str(folder / f"{first}.log"), str(folder / f"{second}.log"), Options(graph=str(folder / "taps.json"))
    )


def test_the_cause_of_each_bug_is_told_and_nothing_else(logs):
    told = [name for name in BUGS if causes(judged(logs, "C", f"rod-{name}")) == [BUGS[name][0]]]
    assert f"In {len(told)} of {len(BUGS)} the tap is right, and named alone" in PAGE
    assert len(told) >= 9


def causes(report):
    assert report.verdict == "FAIL"
    return [found.tap for found in report.causes]


def test_sound_builds_raise_no_alarm(logs):
    compilers = [("cc", name, flags) for name, flags in FLAGS.items()]
    compilers += [("clang", "clang", "-O2")] if shutil.which("clang") else []
    for compiler, name, flags in compilers:
        built(logs, name, compiler, flags)
        assert judged(logs, name, "rod").verdict == "PASS"
        fields = [np.fromfile(logs / f"{one}.bin") for one in (name, "rod")]
        np.testing.assert_allclose(*fields, rtol=1e-12)  # the bound in parity.toml
    assert f"{len(FLAGS)} builds of the C program by gcc raise none" in PAGE


def run(folder, *words):
    """Run the pair; returns exit status, what is printed last, and the bundle."""
    reports = folder / "reports"
    status = pair(["run", "--file", str(folder / "parity.toml"), "--reports", str(reports), *words])
    return status, sorted(reports.rglob("metrics.json"))[-1].parent


def test_the_page_walks_from_red_to_cause(tmp_path, capsys):
    folder = tmp_path / "rod"
    shutil.copytree(EXAMPLE, folder)
    subprocess.run([sys.executable, folder / "bugs.py", "branch"], check=True)
    status, bundle = run(folder, "--set", "port=rod-branch.py")
    assert status == 1
    shown = capsys.readouterr().out
    for line in ("glows step=4  [causal]", "A: 1 1 0 0 0 0", "A records it at rod.c:"):
        assert line in shown
        assert line in PAGE
    metrics = json.loads((bundle / "metrics.json").read_text())
    assert metrics["causal_taps"] == ["glows"]
    assert report(["verify", str(bundle)]) == 0
    assert run(folder)[0] == 0  # the port as it is, built once more in the same folder
