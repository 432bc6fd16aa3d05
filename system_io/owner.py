"""Names of unfinished files and scratch folders that tell whose they are; the sweep of what the dead left."""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
from functools import lru_cache
from pathlib import Path

PART = re.compile(r"\.(?:part|scratch)\.([0-9a-f]{8})-(\d+)-(\d+)\.")
"""In a name: host, process number and start of the process that made it; the C reference writes the same."""
LONGEST_STEM = 64
"""Bytes of the name of the finished file in that of the unfinished one."""


@lru_cache(maxsize=1)
def host_tag() -> str:
    """Return what tells apart hosts and containers that may share a folder."""
    try:
        space = Path("/proc/self/ns/pid").readlink()
    except OSError:
        space = Path()
    return f"{_fnv1a(os.fsencode(f'{socket.gethostname()} {space}')):08x}"


def _fnv1a(data: bytes) -> int:
    """Return the 32-bit FNV-1a hash of bytes, which the C reference can compute as well."""
    value = 2166136261
    for byte in data:
        value = (value ^ byte) * 16777619 % (1 << 32)
    return value


def started(pid: int) -> int | None:
    """Return when a process started, in ticks; 0 where the system does not tell, None if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except FileNotFoundError:
        return _alive(pid) if not Path("/proc/self/stat").exists() else None
    except OSError:
        return _alive(pid)
    fields = text.rpartition(b")")[2].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def _alive(pid: int) -> int | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return 0
    return 0


def owner_tag() -> str:
    """Return the tag of this process."""
    pid = os.getpid()
    return f"{host_tag()}-{pid}-{started(pid) or 0}"


def part_prefix(name: str) -> str:
    """Return how the name of an unfinished file or folder beside `name` starts."""
    stem = os.fsdecode(os.fsencode(name)[:LONGEST_STEM])
    return f".{stem}.part.{owner_tag()}."


def is_stale(name: str) -> bool:
    """Tell whether a name is that of something which a dead process of this host left unfinished."""
    found = PART.search(name)
    if not found or found[1] != host_tag():
        return False
    now = started(int(found[2]))
    return now is None or (now != 0 and now != int(found[3]))


def sweep(folder: Path) -> list[Path]:
    """Remove what dead processes left unfinished in a folder; what cannot be removed stays.

    Returns:
        What was removed.
    """
    try:
        stale = [entry for entry in folder.iterdir() if is_stale(entry.name)]
    except OSError:
        return []
    for path in stale:
        remove(path)
    return [path for path in stale if not path.exists()]


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it; what cannot be removed stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def scratch_folder(stem: str) -> Path:
    """Make an empty folder for temporary files; one that a killed process left is swept at the next call.

    Raises:
        OSError: there is no temporary directory that can be written.
    """
    base = Path(tempfile.gettempdir())
    sweep(base)
    return Path(tempfile.mkdtemp(prefix=f".{stem}.scratch.{owner_tag()}.", dir=base))
