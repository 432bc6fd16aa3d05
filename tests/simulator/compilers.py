"""Compilers that tests put in the place of torch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import pytest

from simulator.engine.compiled import ROADS, Road
from simulator.engine.library_cache import CompileError


def with_compiler(
    make: Callable[..., tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, beside: bool = True
) -> None:
    """Let stages for the processor be compiled by something else, beside a run or only before it."""
    roads = {"cpu": Road(make, ROADS["cpu"].load, beside)}
    for module in ("compiled", "choose", "switching"):
        monkeypatch.setattr(f"simulator.engine.{module}.ROADS", roads)


def must_not_run(*_given: object) -> NoReturn:
    """Fail the test: a stage is compiled that should not be."""
    raise AssertionError("a stage is compiled")


def explode(*_given: object) -> NoReturn:
    """Fail as a compiler that is not there."""
    raise CompileError("the compiler is not there")
