"""The process that compiles: what it says while it lives, and at its end."""

from __future__ import annotations

import threading
import time

import pytest

from simulator.engine import making

ABORTED = b"""[1/2] made
Fatal Python error: _enter_buffered_busy: could not acquire lock at interpreter shutdown
Python runtime state: finalizing (tstate=0x0000000000000000)

Current thread 0x00007f (most recent call first):
  <no Python frame>

Extension modules: numpy._core._multiarray_umath (total: 1)
"""


def test_breath_ends_with_its_block(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(making, "BREATH_S", 0.001)
    before = set(threading.enumerate())
    with making.breathing():
        time.sleep(0.05)
    assert set(threading.enumerate()) == before
    assert set(capfd.readouterr().out) == {"\n"}
    time.sleep(0.02)
    assert not capfd.readouterr().out


def test_reason_of_an_interpreter_that_aborts_is_its_fatal_error() -> None:
    assert "_enter_buffered_busy" in making.telling_line(ABORTED)
    assert making.telling_line(b"one\ntwo\n") == "two"
    assert not making.telling_line(b"")
