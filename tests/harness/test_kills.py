"""Ended at any moment, by whatever signal, a command leaves no child and no half result."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harness.evidence.hashes import verify_hashes
from system_io.owner import PART
from system_io.verdict_words import Word
from tests.fixtures.waiting import is_gone, wait_until

ROOT = Path(__file__).parents[2]
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL, signal.SIGINT)
COMMANDS = ("nb_compare", "trace_harness")
KILLS = 40
LONGEST_PAUSE_S = 1.5
NURSERY = """
import os, signal, sys
from harness.commands import nb_compare, trace_harness
import harness.pairs.summary
from system_io.command import ENDING
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup would have ignored, and the commands with it
print("ready", flush=True)
for line in sys.stdin:
    name, *words = line.split()
    # what runs right after a fork swallows what is raised in it, as no start of a command does
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    pid = os.fork()
    if not pid:
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 1), os.dup2(0, 2)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        os._exit({"nb_compare": nb_compare, "trace_harness": trace_harness}[name].main(words))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""
SLOW = 'echo $$ >> "$PIDS"; sleep 600 & echo $! >> "$PIDS"; wait'
QUICK = 'cp "$IMAGES/{name}.bin" floatimage.bin; cp "$IMAGES/header.img" intimage.img'


def script(path: Path, text: str) -> str:
    path.write_text(f'#!/bin/sh\ncase "$*" in *--version*) exit 9;; esac\n{text}\n', encoding="utf-8")
    path.chmod(0o755)
    return str(path)


class Nursery:
    """A process with all modules loaded, which forks the commands that are to be killed."""

    def __init__(self, folder: Path) -> None:
        self.work, self.pids, self.scratch = folder / "work", folder / "pids", folder / "scratch"
        for path in (self.work, self.scratch):
            path.mkdir()
        self.pids.touch()
        image = np.random.default_rng(1).gamma(0.5, 10.0, (20, 20)).astype(np.float32)
        image.tofile(folder / "one.bin")
        (image * np.float32(1.1)).tofile(folder / "two.bin")
        header = "{\nHEADER_BYTES=512;\nSIZE1=20;\nSIZE2=20;\n}\f"
        (folder / "header.img").write_text(header.ljust(512), encoding="ascii")
        self.slow = [script(folder / f"slow-{name}", f"{SLOW}  # {name}") for name in ("one", "two")]
        self.quick = [script(folder / name, QUICK.format(name=name)) for name in ("one", "two")]
        self.process = subprocess.Popen(
            [sys.executable, "-c", NURSERY], cwd=self.work, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={
                **os.environ, "PYTHONPATH": str(ROOT), "PIDS": str(self.pids), "IMAGES": str(folder),
                "TMPDIR": str(self.scratch), "OMP_NUM_THREADS": "1",
            },
        )  # fmt: skip
        assert self.heard() == "ready"

    def heard(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def start(self, name: str, first: str, second: str) -> int:
        assert self.process.stdin is not None
        choice = ["--pixel", "1", "1"] if name == "trace_harness" else []
        self.process.stdin.write(
            f"{name} --c-bin {first} --py-bin {second} {' '.join(choice)} -- -lambda 1\n"
        )
        self.process.stdin.flush()
        return int(self.heard())

    def none_left(self) -> bool:
        return all(is_gone(int(pid)) for pid in self.pids.read_text().split())

    def leftovers(self) -> list[Path]:
        return [
            path
            for folder in (self.work, self.scratch)
            for path in folder.iterdir()
            if PART.search(path.name)
        ]


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    made = Nursery(tmp_path)
    yield made
    with made.process:
        made.process.kill()


def test_commands_that_are_killed_at_random_leave_nothing(nursery: Nursery) -> None:
    draw = random.Random(20)
    for count in range(KILLS):
        number, name = SIGNALS[count % len(SIGNALS)], draw.choice(COMMANDS)
        pairs = [nursery.slow, [nursery.quick[0], nursery.slow[1]], nursery.quick]
        pid = nursery.start(name, *draw.choice(pairs))
        time.sleep(draw.uniform(0.0, LONGEST_PAUSE_S))
        if not is_gone(pid):
            os.kill(pid, number)
        status = int(nursery.heard())
        assert status in (-number, 128 + number, 1, 3), f"kill {count}: {name} by {number.name}"
        assert wait_until(nursery.none_left), f"the end of the children of {name} after {number.name}"
    whole = [path for path in nursery.work.iterdir() if not path.name.startswith(".")]
    assert all(verify_hashes(path).word is Word.PASS for path in whole)
    nursery.start("nb_compare", *nursery.quick)
    assert nursery.heard() == "1"
    assert wait_until(lambda: not nursery.leftovers()), "the sweep of what was left"
    assert len([path for path in nursery.work.iterdir() if not path.name.startswith(".")]) == len(whole) + 1
