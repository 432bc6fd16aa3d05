"""Help and wrong usage answer at once: what takes long to import is imported when there is work for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = {
    **tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"],
    "nanoBragg": "simulator.cli:main",  # which the entry point calls before it ends the process
}
SLOW = ("torch", "scipy", "pandas", "matplotlib", "rich", "jinja2")
CALL = f"""
import gc, importlib, json, os, sys
import numpy
module, _, name = sys.argv[1].partition(":")
main = getattr(importlib.import_module(module), name)
lines = json.loads(sys.argv[2])
gc.freeze()
for words in lines:
    if os.fork():
        os.wait()
        continue
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    answer, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    sys.argv = [module, *words]
    try:
        status = main()
    except SystemExit as done:
        status = done.code or 0
    loaded = [word for word in {SLOW!r} if word in sys.modules]
    os.write(answer, (json.dumps([status, loaded]) + chr(10)).encode())
    os._exit(0)
"""
"""Imports a console script as it is installed, and calls it on each line in a process forked from there."""
CELL = "-default_F 1 -cell 10 10 10 90 90 90"
RUN = f"{CELL} -detpixels 64"
FINE = {
    "nanoBragg": ["--help", "--version", "--list-quirks"],
    "nbp": [
        "",
        "--help",
        "help",
        "help compare",
        "help bench",
        "help gpu",
        "help floor",
        "help faults",
        "help shots",
        "shots run --help",
        "help geometry",
        "faults list",
        "help bench-gradients",
        "--version",
        "completion bash",
        "man nbp",
        "man diff",
        "man bench",
    ],
    "nb-golden": ["--help", "verify --help"],
    "nb-invariants": ["--help", "--list"],
    "nb-probe": ["--help"],
    "nb-report": ["--help", "replay --help"],
    "trace-diff": ["--help", "explain F_latt"],
    "nb-trace-map": ["--help", "check --help", "trace --help"],
}
WRONG = {
    "nanoBragg": [
        "-lamda 1", "-lambda", "-lambda x", "", "-default_F 1", "-hkl none.hkl -cell 10 10 10 90 90 90",
        f"{CELL} -mat none.mat", f"{CELL} -lambda -1", f"{CELL} -pixel -1", f"{CELL} -sourcefile none",
        f"{CELL} -floatfile no/such/x.bin", f"{CELL} -trace_pixel 9999 0", f"{CELL} --quirk Q-NONE=on",
        f"{CELL} --epsilon 2", f"{CELL} --epsilon 0", f"{CELL} --accuracy x", f"{CELL} --accuracy 1",
        f"{CELL} --compile maybe", f"{CELL} -dtype half", f"{CELL} -device nothing",
    ],
    "nbp": ["bogus", "--bogus", "help a b", "help bogus", "completion bogus", "man bogus", "compare --bogus",
            "bench --bogus", "bench --cases none", "gpu --speed none", "floor --bogus", "faults make none",
            "bench-gradients --sets none"],
    "nb-parity": ["--bogus", "--data none"],
    "nb-probe": ["--bogus", "", "--c-bin none", "--c-bin program --timeout 0"],
    "nb-invariants": [
        "--bogus", "stray", "--only none", "--only ,", "--bin none", "--bin program --program simulator",
        "--outdir .", "--junit file", "--mode spec --bin program", "-- -trace_pixel 1 1",
        "--kill-score --bin program", "--timeout 0",
    ],
    "nb-compare": [
        "--bogus", "", "--roi 1 -- -lambda 1", "--c-bin none -- -lambda 1", "--outdir . -- -lambda 1",
    ],
    "nb-fuzz": [
        "--bogus", "--time soon", "--cases 0", "--shard 3/2", "--mode none", "--outdir .", "--resume none",
        "--resume . --seed 1", "--c-bin none",
    ],
    "nb-shrink": [
        "--bogus", "", "none", ".", "none -- -lambda 1", "--resume none", "--resume . --mode spec",
        "--time 0", "--c-bin none -- -lambda 1", "--outdir . -- -lambda 1",
    ],
    "nb-gates": [
        "--bogus", "run --only VG-9", "run --data none", "run --c-bin none", "run --gradients --py-bin x",
        "run --junit file",
    ],
    "nb-golden": ["--bogus", "generate --accept", "verify --tags"],
    "nb-gradients": [
        "--bogus", "", "--params colour -- -lambda 1", "--c-bin none -- -lambda 1", "--pixels 0 -- -lambda 1",
        "--c-bin program -- -lamda 1", "--c-bin program -- -trace_pixel 1 1",
    ],
    "nb-refine": [
        "--bogus", "stray", "--method magic", "--seed -1", "--start-cell 0", "--photons x", "--outdir .",
        "--outdir file", "--outdir program/x", "--data none", "--data .", "--image", "--image file",
        "--image none --", f"--image none -- {RUN}", f"--image file -- {RUN}", f"--image half.img -- {RUN}",
        "--free colour", f"--free colour -- {RUN}", f"--free , -- {RUN}", f"--free cell[a=b -- {RUN}",
        f"--free cell[d] -- {RUN}", f"--free cell,cell[a] -- {RUN}", f"--free pivot -- {RUN}",
        f"-- {RUN} --epsilon 1e-4", f"--free matrix -- {RUN}", f"--free structure_factors -- {RUN}",
        f"--free cell[a=b] -- {RUN} -cell 10 11 10 90 90 90", "--free cell[d] -- -mat A.mat -default_F 1",
        "-- -N 4", "-- -lamda 1", f"-- {RUN} -mat none.mat", f"-- {RUN} -roi 0 3 0 3",
        f"-- {RUN} --epsilon 2",
    ],
    "nb-report": [
        "--bogus", "verify none", "replay none", "html none", "summary none", "diff none none",
        "list --reports none", "history --reports none x",
    ],
    "trace-diff": ["--bogus", "none none", "explain none"],
    "nb-trace-map": [
        "--bogus", "", "check", "check none --binary program", "draft", "draft --binary program -- -x",
        "trace file --binary program --pixel 1 1", "trace reference --binary program --pixel 1",
    ],
    "trace-harness": [
        "--bogus", "--pixel 1 1", "--worst 1 --from none", "--pixel 1 1 --c-bin none -- -lambda 1",
        "--pixel 1 1 --c-bin program -- -trace_pixel 1 1", "--pixel 1 1 --budget --level pixel -- -lambda 1",
    ],
}  # fmt: skip


def answered(folder, script, lines):
    """Call a console script; returns by line its exit status and the slow modules it imported."""
    words = [sys.executable, "-c", CALL, SCRIPTS[script], json.dumps([line.split() for line in lines])]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return dict(zip(lines, map(json.loads, done.stderr.splitlines()), strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with an empty file, a part of an image, a matrix, and a program that does nothing."""
    made = tmp_path_factory.mktemp("start")
    (made / "file").write_text("", encoding="ascii")
    (made / "half.img").write_text("{\nHEADER_BYTES=512;\n", encoding="ascii")
    (made / "A.mat").write_text("0.1 0 0\n0 0.1 0\n0 0 0.1\n", encoding="ascii")
    (made / "program").write_text("#!/bin/sh\nexit 0\n", encoding="ascii")
    (made / "program").chmod(0o755)
    return made


def test_every_console_script_is_tried():
    assert WRONG.keys() == SCRIPTS.keys()


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_imports_nothing_slow(folder, script):
    lines = FINE.get(script, ["--help"])
    assert answered(folder, script, lines) == {line: [0, []] for line in lines}


@pytest.mark.parametrize("script", SCRIPTS)
def test_wrong_usage_imports_nothing_slow(folder, script):
    refused = 9 if script == "nanoBragg" else 3
    assert answered(folder, script, WRONG[script]) == {line: [refused, []] for line in WRONG[script]}


PARTS = """
import sys
from simulator.start_up.deferred import PARTS, complete, defer
defer()
import torch
assert not [name for name in PARTS if "__file__" in vars(sys.modules[name])]
assert torch.export.export.__name__ == "export"  # a name that is asked for
complete()
assert all("__file__" in vars(sys.modules[name]) for name in PARTS)
import torch._inductor
meta = torch.ones(3, device="meta").sin()
assert meta.shape == (3,)
"""


def test_parts_of_torch_are_loaded_when_they_are_needed() -> None:
    subprocess.run([sys.executable, "-c", PARTS], cwd=ROOT, check=True)


def test_run_loads_no_part_of_torch_that_only_the_compiler_needs(tmp_path: Path) -> None:
    code = (
        "import sys; from simulator.cli import main; from simulator.start_up.deferred import PARTS;"
        "assert main(sys.argv[1:]) == 0;"
        "assert not [name for name in PARTS if '__file__' in vars(sys.modules[name])]"
    )
    words = f"{RUN} -pixel 1 -floatfile {tmp_path / 'x.bin'} -nonoise -nopgm".split()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [sys.executable, "-c", code, *words], cwd=tmp_path, env=environment, check=True, capture_output=True
    )


READ = """
import sys
import simulator
assert "numpy" not in sys.modules
from simulator.config import RunConfig
assert RunConfig.from_args(sys.argv[1:]).detector.fpixels == 64
assert simulator.RunConfig is RunConfig
assert "torch" not in sys.modules
"""


def test_words_become_a_configuration_without_torch() -> None:
    subprocess.run([sys.executable, "-c", READ, *RUN.split()], cwd=ROOT, check=True)
