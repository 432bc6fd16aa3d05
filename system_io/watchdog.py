"""A small process that outlives ours by a moment: it ends what we started and removes what we left."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

TOKEN = "NB_STARTED_BY"
"""Environment variable that our children inherit; it tells whose they are, whatever group they are in."""

_LOCK = threading.Lock()
_OPEN: list[int] = []
PROGRAM = r"""
import os, shutil, signal, sys
os.chdir("/")
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
token, groups, folders = sys.argv[1].encode(), set(), []
for line in sys.stdin.buffer:
    word, _, value = line.rstrip(b"\n").partition(b" ")
    if word == b"+":
        groups.add(int(value))
    elif word == b"-":
        groups.discard(int(value))
    elif word == b"folder":
        folders.append(bytes.fromhex(value.decode()))
    elif word == b"done":
        folders.remove(bytes.fromhex(value.decode()))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
for _ in range(3):
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open("/proc/" + name + "/environ", "rb") as stream:
                    ours = token in stream.read().split(b"\0")
                if ours:
                    os.kill(int(name), signal.SIGKILL)
            except OSError:
                pass
for folder in folders:
    shutil.rmtree(folder, ignore_errors=True)
"""


@dataclass(frozen=True)
class Watchdog:
    """Our end of the pipe, and the mark that our children carry in their environment."""

    pipe: int
    mark: str

    @property
    def environ(self) -> dict[str, str]:
        """Return what the environment of a child must hold."""
        return {TOKEN: self.mark}

    def tell(self, *words: str) -> None:
        """Send one line; a watchdog that is gone is no error."""
        with contextlib.suppress(OSError):
            os.write(self.pipe, (" ".join(words) + "\n").encode("ascii"))

    @contextmanager
    def watching(self, group: int) -> Iterator[None]:
        """Name a process group that is to be killed if we end within the block."""
        self.tell("+", str(group))
        try:
            yield
        finally:
            self.tell("-", str(group))

    @contextmanager
    def removing(self, folder: Path) -> Iterator[None]:
        """Name a folder that is to be removed if we end within the block."""
        name = os.fsencode(folder.absolute()).hex()
        self.tell("folder", name)
        try:
            yield
        finally:
            self.tell("done", name)


def watchdog() -> Watchdog:
    """Return the watchdog of this process; it is started at the first call."""
    with _LOCK:
        return _started(os.getpid())


@lru_cache(maxsize=1)
def _started(pid: int) -> Watchdog:
    mark = f"{pid}-{os.urandom(6).hex()}"
    theirs, ours = os.pipe()
    environ = {name: value for name, value in os.environ.items() if name != TOKEN}
    words = [sys.executable, "-I", "-S", "-c", PROGRAM, f"{TOKEN}={mark}"]
    actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
        (os.POSIX_SPAWN_DUP2, theirs, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    try:
        os.posix_spawn(sys.executable, words, environ, file_actions=actions, setsid=True)
    finally:
        os.close(theirs)
    _OPEN.append(ours)
    return Watchdog(ours, mark)


def _after_fork() -> None:
    """Leave the watchdog to the parent: a fork that held its pipe would hide the parent's end."""
    while _OPEN:
        os.close(_OPEN.pop())


os.register_at_fork(after_in_child=_after_fork)
