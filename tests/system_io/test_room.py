"""A process that may have too little memory says so on one line, with the status of an error."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from system_io import room
from system_io.errors import UserError
from system_io.room import NUMPY_BYTES, TORCH_BYTES, check_room

ROOT = Path(__file__).resolve().parents[2]
SMALL = "-cell 79 79 38 90 90 90 -default_F 10 -N 3 -lambda 1 -distance 100 -detpixels 16 -nonoise"


@pytest.mark.parametrize("which", range(2))
@pytest.mark.parametrize("least_bytes", [NUMPY_BYTES, TORCH_BYTES])
def test_a_limit_is_named_with_what_is_needed(
    which: int, least_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = dict.fromkeys(room.LIMITS, (-1, -1)) | {room.LIMITS[which]: (least_bytes - 1, -1)}
    monkeypatch.setattr(resource, "getrlimit", limits.__getitem__)
    with pytest.raises(UserError, match=f"less than the {least_bytes >> 20} MiB"):
        check_room(least_bytes)
    limits[room.LIMITS[which]] = (least_bytes, -1)
    check_room(least_bytes)


@pytest.mark.parametrize("limit_kib", [60_000, 100_000, 400_000, 520_000])
@pytest.mark.parametrize(
    ("words", "status"),
    [(f"nanoBragg {SMALL}", 9), (f"simulate {SMALL}", 9), (f"trace --pixel 1 1 -- {SMALL}", 3)],
)
def test_too_little_memory_is_one_line(words: str, status: int, limit_kib: int, tmp_path: Path) -> None:
    module = "simulator" if words.startswith("nanoBragg") else "nbp"
    given = words.split()[1:] if module == "simulator" else words.split()
    script = f'ulimit -v {limit_kib}; exec "{sys.executable}" -m {module} "$@"'
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", script, "bash", *given],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (status, "", 1), done.stderr
    assert "memory" in done.stderr
