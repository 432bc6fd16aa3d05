"""Children have limits, bounded output, and do not outlive us."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from system_io.children import HEAD_BYTES, TAIL_BYTES, execute
from tests.fixtures.waiting import is_gone, wait_until

PARENT = """
import os, sys
from pathlib import Path
from system_io.command import Command
from system_io.children import execute
def run(words):
    execute(["sh", "-c", words[0]], Path("."), os.environ, 600.0)
    return 0
sys.exit(Command("parent", run)(sys.argv[1:]))
"""
ROOT = Path(__file__).parents[2]
ODD_CHILDREN = [
    "echo $$ >> pids; exec sleep 600",
    "echo $$ >> pids; sleep 600 & echo $! >> pids; wait",
    "trap '' TERM HUP INT; echo $$ >> pids; sleep 600 & echo $! >> pids; wait",
    "setsid sh -c 'echo $$ >> pids; exec sleep 600' & echo $$ >> pids; wait",
]


def test_output_of_any_length_is_bounded(tmp_path: Path) -> None:
    outcome, out, _ = execute(["yes"], tmp_path, os.environ, 0.5)
    assert outcome.timed_out
    assert b"bytes left out" in out
    assert len(out) < HEAD_BYTES + TAIL_BYTES + 100


def test_streams_and_status_are_told(tmp_path: Path) -> None:
    outcome, out, err = execute(["sh", "-c", "echo out; echo err >&2; exit 3"], tmp_path, os.environ, 60.0)
    assert (outcome.exit_status, out, err) == (3, b"out\n", b"err\n")
    assert outcome.failure == "ended with exit status 3"


def test_a_program_that_cannot_start_is_an_outcome(tmp_path: Path) -> None:
    outcome, *_ = execute([str(tmp_path / "missing")], tmp_path, os.environ, 1.0)
    assert "did not start" in (outcome.failure or "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("child", ODD_CHILDREN)
def test_no_child_outlives_us(tmp_path: Path, child: str, number: signal.Signals) -> None:
    pids = tmp_path / "pids"
    count = child.count(">> pids")
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, child], cwd=tmp_path, env=environ, stderr=subprocess.DEVNULL
    ) as parent:
        assert wait_until(lambda: pids.exists() and len(pids.read_text().split()) == count), "the children"
        parent.send_signal(number)
        parent.wait()
    assert wait_until(lambda: all(is_gone(int(pid)) for pid in pids.read_text().split())), (
        "the end of the children"
    )
    assert parent.returncode == (-number if number == signal.SIGKILL else 128 + number)
