"""How far the programs are is taken from what they print."""

from __future__ import annotations

import io
import sys

import pytest

from harness.programs.watching import listener, nobody, watching


@pytest.mark.parametrize(
    ("data", "shares"),
    [(b"5% done\n", [0.05]), (b"1% done\r2% done\n", [0.02]), (b"nothing", []), (b"100% done", [1.0])],
)
def test_share_is_what_the_program_says(data: bytes, shares: list[float]) -> None:
    heard: list[float] = []
    listener(heard.append)("stdout", data)
    assert heard == shares


def test_what_is_said_on_standard_error_is_no_progress() -> None:
    heard: list[float] = []
    listener(heard.append)("stderr", b"5% done")
    assert heard == []


def test_nothing_is_drawn_where_standard_error_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.StringIO()
    monkeypatch.setattr(sys, "stderr", text)
    with watching() as watch:
        assert watch is nobody
        watch("C reference")(0.5)
    assert text.getvalue() == ""
