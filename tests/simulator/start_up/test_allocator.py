"""Freed memory is kept unless something was said about it, and by the command line only."""

from __future__ import annotations

import ctypes
import platform
from types import SimpleNamespace

import pytest

from simulator.start_up import allocator


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU C library is told")
@pytest.mark.parametrize("setting", ["", *allocator.SETTINGS])
def test_freed_memory_is_kept_unless_the_environment_decides(
    setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []
    for name in allocator.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    if setting:
        monkeypatch.setenv(setting, "1")
    library = SimpleNamespace(mallopt=lambda what, value: told.append((what, value)))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    allocator.keep_freed()
    assert [what for what, _ in told] == ([] if setting else [-3, -1])
