"""Runs a child process with a limit of time, bounded output and a group of its own that dies with us.

A watchdog, one small process for each of ours, holds one end of a pipe whose other end only we have. When we
end in whatever way, it kills the groups that are still running and removes the scratch folders that we named.
"""

from __future__ import annotations

import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from system_io.owner import remove, scratch_folder
from system_io.watchdog import watchdog

FIRST_PAUSE_S = 0.002
LONGEST_PAUSE_S = 0.05
PAUSE_OF_ELAPSED = 0.005
DRAIN_S = 0.5
HEAD_BYTES = TAIL_BYTES = 1 << 20
READ_BYTES = 1 << 16


@dataclass(frozen=True)
class Outcome:
    """How a process ended: exit status or signal, wall time, most memory and threads that were seen."""

    exit_status: int | None
    signal_name: str | None
    timed_out: bool
    wall_s: float
    peak_bytes: int | None
    start_error: str | None = None
    threads: int | None = None

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


@dataclass
class Kept:
    """The head and the tail of a stream of any length."""

    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    left_out_bytes: int = 0

    def add(self, data: bytes) -> None:
        """Take what comes next."""
        room = HEAD_BYTES - len(self.head)
        self.head += data[:room]
        self.tail += data[room:]
        surplus = len(self.tail) - TAIL_BYTES
        if surplus > 0:
            self.left_out_bytes += surplus
            del self.tail[:surplus]

    def content(self) -> bytes:
        """Return head and tail, with a line between them that states what was left out."""
        if not self.left_out_bytes:
            return bytes(self.head + self.tail)
        return bytes(self.head) + b"\n[%d bytes left out]\n" % self.left_out_bytes + bytes(self.tail)


def execute(
    command: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    timeout_s: float,
    heard: Callable[[str, bytes], None] | None = None,
) -> tuple[Outcome, bytes, bytes]:
    """Run a command in `folder` and wait for its end.

    The command gets a process group of its own; at the time-out, and when the caller is interrupted or
    killed, the whole group is killed, so that nothing it started stays behind.

    Args:
        command: program and arguments.
        folder: working directory.
        environ: the whole environment of the process.
        timeout_s: longest wall time, s.
        heard: called with "stdout" or "stderr" and what the child wrote, as it comes.

    Returns:
        How it ended, and its standard output and error, of which at most the first and the last MiB are kept.
        A program that cannot be started is an outcome, too.
    """
    kept = {"stdout": Kept(), "stderr": Kept()}
    guard = watchdog()
    start = time.monotonic()
    try:
        process = subprocess.Popen(
            command, cwd=folder, env={**environ, **guard.environ}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, bufsize=0,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return Outcome(None, None, False, 0.0, None, start_error=reason), b"", b""
    with guard.watching(process.pid), _killed(process), _streams(process, kept, heard) as streams:
        outcome = _wait(process, start, timeout_s, streams)
        kill_group(process.pid)
        streams.drain(DRAIN_S)
    return outcome, kept["stdout"].content(), kept["stderr"].content()


@contextmanager
def _killed(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill the whole group of a process at the end, however the block ends."""
    try:
        yield
    finally:
        kill_group(process.pid)
        if process.returncode is None:
            process.wait()


@dataclass
class _Streams:
    """The two streams of a child, read as they come."""

    selector: selectors.BaseSelector
    kept: Mapping[str, Kept]
    heard: Callable[[str, bytes], None] | None

    def read(self, limit_s: float) -> bool:
        """Wait for output for at most `limit_s` and take it; return whether there was any."""
        if not self.selector.get_map():
            time.sleep(limit_s)
            return False
        ready = self.selector.select(limit_s)
        for key, _ in ready:
            data = os.read(key.fd, READ_BYTES)
            if not data:
                self.selector.unregister(key.fd)
                continue
            self.kept[key.data].add(data)
            if self.heard is not None:
                self.heard(key.data, data)
        return bool(ready)

    def drain(self, limit_s: float) -> None:
        """Take what is still in the pipes; whoever else holds them open is not waited for."""
        end = time.monotonic() + limit_s
        while self.selector.get_map() and time.monotonic() < end:
            if not self.read(FIRST_PAUSE_S) and not self.selector.get_map():
                return


@contextmanager
def _streams(
    process: subprocess.Popen[bytes], kept: Mapping[str, Kept], heard: Callable[[str, bytes], None] | None
) -> Iterator[_Streams]:
    with selectors.DefaultSelector() as selector:
        for name, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
            if stream is not None:
                selector.register(stream.fileno(), selectors.EVENT_READ, name)
        try:
            yield _Streams(selector, kept, heard)
        finally:
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


def _wait(process: subprocess.Popen[bytes], start: float, timeout_s: float, streams: _Streams) -> Outcome:
    timed_out = False
    seen_bytes: int | None = None
    threads = 0
    while True:
        seen_bytes, now = (
            new or old for new, old in zip(_status(process.pid), (seen_bytes, None), strict=True)
        )
        threads = max(threads, now or 0)
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        elapsed_s = time.monotonic() - start
        if not timed_out and elapsed_s > timeout_s:
            timed_out = True
            kill_group(process.pid)
        streams.read(min(max(FIRST_PAUSE_S, PAUSE_OF_ELAPSED * elapsed_s), LONGEST_PAUSE_S))
    wall_s = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    code = process.returncode
    return Outcome(
        exit_status=code if code >= 0 else None,
        signal_name=_signal_name(-code) if code < 0 else None,
        timed_out=timed_out,
        wall_s=wall_s,
        peak_bytes=_peak_bytes(usage, seen_bytes),
        threads=threads or None,
    )


def kill_group(pid: int) -> None:
    """Kill the process group of a child; one that is gone is no error."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"number {number}"


def _status(pid: int) -> tuple[int | None, int | None]:
    """Return the largest resident size so far of a running process, bytes, and its threads, where told."""
    try:
        text = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return None, None
    size, threads = (text.partition(key)[2].split(maxsplit=1) for key in (b"VmHWM:", b"Threads:"))
    return int(size[0]) * 1024 if size else None, int(threads[0]) if threads else None


def _peak_bytes(usage: resource.struct_rusage, seen_bytes: int | None) -> int | None:
    """Return the child's peak memory; its accounting starts with the size of us, who forked it.

    What the system counts is therefore the child's own only if it exceeds ours; below that the last
    sample of the running process is the better value.
    """
    unit = 1 if sys.platform == "darwin" else 1024
    counted = int(usage.ru_maxrss) * unit
    ours = int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit
    return counted if counted > ours or seen_bytes is None else seen_bytes


@contextmanager
def temporary_folder(stem: str) -> Iterator[str]:
    """Give an empty folder for temporary files that is gone afterwards, also if we are killed meanwhile.

    Args:
        stem: of its name.

    Raises:
        OSError: there is no temporary directory that can be written.
    """
    folder = scratch_folder(stem)
    try:
        with watchdog().removing(folder):
            yield str(folder)
    finally:
        remove(folder)
