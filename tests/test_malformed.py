"""Hundreds of damaged inputs over all commands: a status that is documented, one line, nothing lost.

Each trial starts from a call that works, damages one input file or one word of the command line, and runs the
command as a user would. Wanted: no traceback, no wait, status 1 only from a comparison that says FAIL, no
input changed, no file half-written.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from nbp.commands import BY_NAME
from tests.fixtures.damage import damage_file, damage_words

ROOT = Path(__file__).resolve().parents[1]
LONGEST_WAIT_S = 240
"""Of one trial, on a busy machine; each takes a second or less alone."""
RUN = "-hkl small.hkl -mat A.mat -lambda 1 -distance 50 -pixel 0.5 -detpixels 8 -N 2 -oversample 1 -nonoise"
SIMULATE = f"{RUN} -sourcefile sources.txt -mask mask.img -floatfile y.bin -intfile y.img"
CALLS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "simulate": ("nanoBragg", SIMULATE, ("small.hkl", "A.mat", "sources.txt", "mask.img")),
    "reference": ("reference", SIMULATE, ("small.hkl", "A.mat", "sources.txt", "mask.img")),
    "diff": ("trace-diff", "a.log b.log --graph graph.json", ("a.log", "b.log", "graph.json")),
    "images": ("nb-compare", "a.bin b.bin --shape 8 8 --outdir out", ("a.bin", "b.bin")),
    "verify": ("nb-report", "verify proof", ("proof/summary.json", "proof/sha256.txt", "proof/c_float.bin")),
    "page": (
        "nb-report",
        "html proof -o page.html",
        ("proof/summary.json", "proof/env.json", "proof/py_trace.log"),
    ),
    "summary": ("nb-report", "summary proof --junit s.xml", ("proof/summary.json", "proof/sha256.txt")),
    "list": ("nb-report", "list --reports .", ("proof/summary.json", "proof/env.json", "proof/sha256.txt")),
    "replay": (
        "nb-report",
        "replay proof --json",
        ("proof/summary.json", "proof/commands.txt", "proof/env.json"),
    ),
    "trace": (
        "trace-harness",
        "--worst 1 --from proof --outdir out",
        ("proof/summary.json", "proof/py_float.bin"),
    ),
    "golden": ("nb-golden", "verify --outdir golden --only none", ("golden/manifest.json",)),
    "refine": ("nb-refine", f"--image x.img --outdir out -- {RUN}", ("x.img", "small.hkl", "A.mat")),
}
TRIALS = 25
TRACEBACK = re.compile(r"Traceback|Exception ignored|RuntimeWarning: |internal fault")


class WaitedInVain(BaseException):
    """Nothing of ours takes this for an error that it knows."""


@contextmanager
def time_limit() -> Iterator[None]:
    """Fail if what is inside waits for ever; this is no measurement."""

    def hang(*_: object) -> None:
        raise WaitedInVain(f"nothing happened for {LONGEST_WAIT_S} s")

    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(LONGEST_WAIT_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, c_binary: Path) -> Path:
    """A folder in which each call of `CALLS` works."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "small.hkl").write_text(
        "".join(f"{h} {k} {m} {10 + h}\n" for h in range(-2, 3) for k in (-1, 0, 1) for m in (0, 1))
    )
    (folder / "A.mat").write_text("0.02 0 0\n0 0.018 0\n0 0 0.015\n")
    (folder / "sources.txt").write_text("-10 0 0 1 1e-10\n-10 0.01 0 1 1.01e-10\n")
    header = "{\nHEADER_BYTES=512;\nTYPE=unsigned_short;\nBYTE_ORDER=little_endian;\nSIZE1=8;\nSIZE2=8;\n}\n"
    (folder / "mask.img").write_bytes(header.encode().ljust(512) + np.ones(64, "<u2").tobytes())
    (folder / "graph.json").write_text('{"taps": [{"name": "x", "level": "mosaic", "inputs": ["hkl_frac"]}]}')
    (folder / "golden").mkdir()
    (folder / "golden" / "manifest.json").write_text('{"schema": 1, "rows": []}')
    words = SIMULATE.replace("y.bin", "a.bin").replace("y.img", "x.img").split()
    subprocess.run(
        [c_binary, *words, "-trace_pixel", "4", "4", "-trace_file", "a.log"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    for name in ("image.pgm", "Fdump.bin"):
        (folder / name).unlink(missing_ok=True)
    shutil.copy(folder / "a.bin", folder / "b.bin")
    shutil.copy(folder / "a.log", folder / "b.log")
    compare = [
        sys.executable,
        "-m",
        "harness.commands.nb_compare",
        "--c-bin",
        str(c_binary),
        "--outdir",
        "proof",
    ]
    subprocess.run(
        [*compare, "--", *RUN.split(), "-trace_pixel", "4", "4"], cwd=folder, check=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return folder


def run(
    name: str, words: list[str], folder: Path, c_binary: Path, capfd: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """Run a command and return its exit status, standard output and standard error."""
    programs = {"reference": [str(c_binary)], "nanoBragg": [sys.executable, "-m", "simulator"]}
    if name in programs:
        done = subprocess.run(
            [*programs[name], *words], cwd=folder, capture_output=True, check=False, timeout=LONGEST_WAIT_S,
            stdin=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    with time_limit():
        status = BY_NAME[name].main()(words)
    captured = capfd.readouterr()
    return status, captured.out, captured.err


def contents(folder: Path) -> dict[str, str]:
    """Return the digest of each regular file, and what else a name stands for."""
    found = {}
    for path in sorted(folder.rglob("*")):
        regular = path.is_file() and not path.is_symlink()
        found[str(path.relative_to(folder))] = (
            hashlib.sha256(path.read_bytes()).hexdigest() if regular else "other"
        )
    return found


@pytest.mark.parametrize("trial", range(TRIALS))
@pytest.mark.parametrize("call", CALLS)
def test_damaged_input_is_one_line_and_loses_nothing(
    call: str, trial: int, whole: Path, tmp_path: Path, c_binary: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    rng = random.Random(f"{call} {trial}")
    name, line, files = CALLS[call]
    folder = tmp_path / "work"
    shutil.copytree(whole, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    words, done = line.split(), "words"
    if rng.random() < 0.65:
        done = damage_file(folder / rng.choice(files), rng)
    else:
        words = damage_words(words, rng)
    before = contents(folder)
    status, out, err = run(name, words, folder, c_binary, capfd)
    told = f"{done}: {words}: status {status}\n{err[-600:]}"
    assert not TRACEBACK.search(err + out), told
    refused = 9 if name in ("nanoBragg", "reference") else 3
    assert status in (0, refused) if refused == 9 else status in (0, 1, 2, 3), told
    assert status != 1 or re.search(r"\bFAIL\b|differences", out), told
    errors = [text for text in err.splitlines() if "error: " in text]
    assert status != refused or len(errors) == 1, told
    after = contents(folder)
    assert {key: after.get(key) for key in before} == before, told
    assert not [key for key in after if ".part" in key], told
    if status == refused:
        assert not (folder / "y.bin").exists(), told
