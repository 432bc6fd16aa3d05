"""A long run begins uncompiled and goes on in machine code; the image is that of one of the two."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch

from simulator import RunConfig
from simulator.engine import making, switching
from simulator.engine.compiled import Needed
from simulator.engine.library_cache import CompileError, Making
from simulator.engine.rehearsal import UNLIMITED
from simulator.image import render
from simulator.rendered import Rendered
from simulator.scene.scene import prepare
from tests.simulator.compilers import with_compiler

BASE = (
    "-cell 40 45 50 85 95 100 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 32 -N 5 -nonoise -nopgm"
    " -default_F 100 -oversample 1 -dtype float64 -nointerpolate"
)


class SlowEngine:
    """Blocks of one row, each after a moment, as they stand."""

    compiled, parallel, elements, pixels = False, True, UNLIMITED, 32

    def run(self, call: Any, pixels: int) -> Any:
        time.sleep(0.01)
        return call.result()


class Quick(SlowEngine):
    """Stands for machine code."""

    compiled, parallel = True, False

    def __init__(self, *_given: object) -> None:
        """Take what machine code takes."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Compile beside every run, however short."""
    monkeypatch.setenv("NB_CACHE", str(tmp_path))
    monkeypatch.setattr(switching, "FIRST_LOOK_S", 0.0)
    monkeypatch.setattr(switching, "COMPILING_CORE_S", 0.0)
    monkeypatch.setattr("simulator.image.choose", lambda *_given: (SlowEngine(), ()))


def rendered(words: str = "") -> Rendered:
    return render(prepare(RunConfig.from_args(f"{BASE} {words}".split())))


@pytest.mark.parametrize("words", ["", "--parity-mode c-parity -phi 1 -osc 2 -phisteps 2", "-roi 3 30 4 29"])
def test_run_goes_on_in_machine_code_at_the_border_of_a_block(
    words: str, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Needed, "make", lambda self, wanted: None)
    monkeypatch.setattr(switching, "Compiled", Quick)
    found = rendered(words)
    assert 0.0 < found.how.begun < 1.0
    assert found.how.compiled
    share = f"{100 * found.how.begun:.0f}"
    assert str(found.how) == f"operation by operation up to {share} % of the pixels, then compiled, float64"
    monkeypatch.undo()
    assert torch.equal(found.image, rendered(f"{words} --compile off").image)


def test_failure_to_compile_is_said_and_the_run_goes_on(
    impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object) -> NoReturn:
        raise CompileError("no compiler")

    with_compiler(fail, monkeypatch)
    found = rendered()
    assert found.notes == ("no compiler; the run goes on without",)
    assert str(found.how) == "operation by operation, float64"


@pytest.mark.parametrize("words", ["--compile off", "--reproducible"])
def test_who_asks_for_operations_gets_them(
    words: str, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object) -> None:
        raise AssertionError("compiled")

    monkeypatch.setattr(switching.Switch, "look", fail)
    assert not rendered(words).how.compiled


def test_what_compiles_ends_with_the_run(impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []

    def make(_stages: Sequence[Making], wanted: Callable[[], bool]) -> tuple[str, ...]:
        while wanted():
            time.sleep(0.01)
        ended.append(True)
        return ()

    before = set(threading.enumerate())  # those of other tests in this process
    with_compiler(make, monkeypatch)
    assert not rendered().how.compiled
    assert ended == [True]
    assert not any(thread.daemon for thread in set(threading.enumerate()) - before)


def compiling() -> list[int]:
    """Return the processes that this one has started to compile stages."""
    mine = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            words, status = (folder / "cmdline").read_bytes(), (folder / "stat").read_text()
            parent = int(status.rpartition(")")[2].split()[1])
            mine += (
                [int(folder.name)] if b"simulator.engine.making" in words and parent == os.getpid() else []
            )
    return mine


def test_an_interrupt_ends_what_compiles_and_leaves_no_part_of_an_entry(
    impatient: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(_done: int, _total: int) -> None:
        if compiling():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render(prepare(RunConfig.from_args(f"{BASE} -detpixels 200".split())), progress=interrupted)
    deadline = time.monotonic() + 60.0
    while compiling() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert compiling() == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_processes_that_compile_end_when_nobody_wants_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NB_CACHE", str(tmp_path))
    start = time.monotonic()
    making.make_libraries([], lambda: time.monotonic() - start < 0.5)
    assert time.monotonic() - start < 60.0  # nothing of the compiler has been imported yet
    assert list(tmp_path.iterdir()) == []


def test_short_runs_are_not_compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NB_CACHE", str(tmp_path))
    monkeypatch.setattr("simulator.image.choose", lambda *_given: (SlowEngine(), ()))
    monkeypatch.setattr(switching.Switch, "_compile", lambda self: pytest.fail("compiled"))
    assert str(rendered().how) == "operation by operation, float64"
