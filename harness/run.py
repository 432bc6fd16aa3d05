"""Runs a program in a scratch directory of its own, with a time-out, and reads the float image it writes."""

from __future__ import annotations

import hashlib
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.arguments import PreparedArguments, detector_shape
from harness.programs import Program

FLOAT_NAME = "floatimage.bin"
INT_NAME = "intimage.img"
OUTPUT_WORDS = ("-floatfile", FLOAT_NAME, "-intfile", INT_NAME, "-nonoise", "-nopgm")
STDOUT_NAME = "stdout.txt"
STDERR_NAME = "stderr.txt"
TRACE_NAME = "trace.log"
TRACE_WORDS = ("-trace_file", TRACE_NAME)
FIRST_PAUSE_S = 0.002
LONGEST_PAUSE_S = 0.05
PAUSE_OF_ELAPSED = 0.005
SMV_HEAD_BYTES = 512

FloatImage = NDArray[np.float32]


@dataclass(frozen=True)
class Outcome:
    """How a process ended: exit status or signal, wall time, and the most memory it held."""

    exit_status: int | None
    signal_name: str | None
    timed_out: bool
    wall_s: float
    peak_bytes: int | None
    start_error: str | None = None

    @property
    def failure(self) -> str | None:
        """Return in words why this is not a success, or None."""
        if self.start_error is not None:
            return f"did not start ({self.start_error})"
        if self.timed_out:
            return f"was stopped after the time-out of {self.wall_s:.1f} s"
        if self.signal_name is not None:
            return f"was ended by signal {self.signal_name} after {self.wall_s:.1f} s"
        if self.exit_status != 0:
            return f"ended with exit status {self.exit_status}"
        return None


@dataclass(frozen=True)
class ProgramRun:
    """One run of a program: what was called, how it ended, and the image or the reason why there is none."""

    program: Program
    command: tuple[str, ...]
    outcome: Outcome
    stdout: bytes
    stderr: bytes
    image: FloatImage | None
    shape_source: str | None
    failure: str | None
    trace: bytes | None = None

    def facts(self) -> dict[str, Any]:
        """Return the run as plain data for a summary."""
        return {
            "title": self.program.title,
            "command": list(self.command),
            "provenance": dict(self.program.provenance),
            "exit_status": self.outcome.exit_status,
            "signal": self.outcome.signal_name,
            "timed_out": self.outcome.timed_out,
            "wall_s": round(self.outcome.wall_s, 4),
            "peak_bytes": self.outcome.peak_bytes,
            "shape_slow_fast": None if self.image is None else list(self.image.shape),
            "shape_source": self.shape_source,
            "image_sha256": None if self.image is None else hashlib.sha256(self.image.tobytes()).hexdigest(),
            "failure": self.failure,
        }


def execute(
    command: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    timeout_s: float,
    logs: Path | None = None,
) -> Outcome:
    """Run a command in `folder`, its output going to files in `logs`, and wait for its end.

    The command gets a process group of its own; at the time-out, and when the caller is interrupted,
    the whole group is killed, so that nothing it started stays behind.

    Args:
        command: program and arguments.
        folder: working directory.
        environ: the whole environment of the process.
        timeout_s: longest wall time, s.
        logs: where stdout.txt and stderr.txt go; default `folder`.

    Returns:
        How it ended. A program that cannot be started is an outcome, too.
    """
    logs = logs or folder
    with (logs / STDOUT_NAME).open("wb") as out, (logs / STDERR_NAME).open("wb") as err:
        start = time.monotonic()
        try:
            process = subprocess.Popen(
                command, cwd=folder, env=dict(environ), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return Outcome(None, None, False, 0.0, None, start_error=error.strerror or str(error))
        try:
            return _wait(process, start, timeout_s)
        finally:
            _kill_group(process.pid)
            if process.returncode is None:
                process.wait()


def _wait(process: subprocess.Popen[bytes], start: float, timeout_s: float) -> Outcome:
    timed_out = False
    seen_bytes: int | None = None
    while True:
        seen_bytes = _status_peak(process.pid) or seen_bytes
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        elapsed_s = time.monotonic() - start
        if not timed_out and elapsed_s > timeout_s:
            timed_out = True
            _kill_group(process.pid)
        time.sleep(min(max(FIRST_PAUSE_S, PAUSE_OF_ELAPSED * elapsed_s), LONGEST_PAUSE_S))
    wall_s = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    code = process.returncode
    return Outcome(
        exit_status=code if code >= 0 else None,
        signal_name=_signal_name(-code) if code < 0 else None,
        timed_out=timed_out,
        wall_s=wall_s,
        peak_bytes=_peak_bytes(usage, seen_bytes),
    )


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"number {number}"


def _status_peak(pid: int) -> int | None:
    """Return the largest resident size so far of a running process, where the system tells it."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    match = re.search(r"^VmHWM:\s+(\d+) kB", text, re.MULTILINE)
    return int(match[1]) * 1024 if match else None


def _peak_bytes(usage: resource.struct_rusage, seen_bytes: int | None) -> int | None:
    """Return the child's peak memory; its accounting starts with the size of us, who forked it.

    What the system counts is therefore the child's own only if it exceeds ours; below that the last
    sample of the running process is the better value.
    """
    unit = 1 if sys.platform == "darwin" else 1024
    counted = int(usage.ru_maxrss) * unit
    ours = int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit
    return counted if counted > ours or seen_bytes is None else seen_bytes


def run_program(
    program: Program,
    settings: Sequence[str],
    arguments: PreparedArguments,
    scratch: Path,
    timeout_s: float,
) -> ProgramRun:
    """Run a program on a nanoBragg command line in a fresh directory and read its float image.

    Args:
        program: what to run.
        settings: words for parity mode, dtype, device (`Program.setting_words`).
        arguments: the prepared command line.
        scratch: directory for the run; must not exist. Only copies of input files and outputs are in it.
        timeout_s: longest wall time, s.

    Returns:
        The run, with the image [slow, fast] or the failure in words.
    """
    folder = scratch / "work"
    folder.mkdir(parents=True)
    for source, name in arguments.copies:
        shutil.copyfile(source, folder / name)
    command = (*program.words, *settings, *arguments.words, *OUTPUT_WORDS)
    command += TRACE_WORDS if arguments.traces else ()
    outcome = execute(command, folder, {**os.environ, **program.environ}, timeout_s, scratch)
    stdout, stderr = ((scratch / name).read_bytes() for name in (STDOUT_NAME, STDERR_NAME))
    image, shape_source, failure = None, None, outcome.failure
    if failure is None:
        image, shape_source, failure = read_float_image(folder, arguments.words)
    if failure is not None:
        failure = _with_last_words(f"{program.title} '{program.words[0]}' {failure}", stderr or stdout)
    trace = folder / TRACE_NAME
    lines = trace.read_bytes() if arguments.traces and trace.is_file() else None
    return ProgramRun(program, command, outcome, stdout, stderr, image, shape_source, failure, lines)


def _with_last_words(failure: str, output: bytes) -> str:
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return f"{failure}: {lines[-1][:300]}" if lines else failure


def read_float_image(folder: Path, words: Sequence[str]) -> tuple[FloatImage | None, str | None, str | None]:
    """Read the float image of a finished run; its shape is what the SMV header says, else the options.

    Returns:
        Image [slow, fast] or None, where the shape comes from, and what is wrong or None.
    """
    path = folder / FLOAT_NAME
    if not path.is_file():
        return None, None, "wrote no float image"
    shape, source = smv_shape(folder / INT_NAME), "SMV header"
    if shape is None:
        shape, source = detector_shape(words), "command line"
    if shape is None:
        return None, None, "wrote no SMV image whose header tells the shape; give -detpixels"
    expected = shape[0] * shape[1] * 4
    if path.stat().st_size != expected:
        found = path.stat().st_size
        problem = f"wrote a float image of {found} bytes, not {expected} (shape from the {source})"
        return None, source, problem
    return np.fromfile(path, dtype=np.float32).reshape(shape), source, None


def smv_shape(path: Path) -> tuple[int, int] | None:
    """Return (slow, fast) from the SIZE2 and SIZE1 of an SMV file, or None if there is no such header."""
    try:
        with path.open("rb") as stream:
            head = stream.read(SMV_HEAD_BYTES)
    except OSError:
        return None
    sizes = [re.search(rb"\bSIZE%d=\s*(\d+)" % axis, head) for axis in (2, 1)]
    if not head.startswith(b"{") or not all(sizes):
        return None
    slow, fast = (int(match[1]) for match in sizes if match)
    return slow, fast
