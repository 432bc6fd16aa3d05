"""Seconds of CPU of tests and fixtures, children included: `pytest -p tests.cost`, in one process."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator

import pytest

SHOWN = 25
SECONDS: Counter[str] = Counter()
"""By test with what is set up and taken down for it, and by fixture."""


def cpu_s() -> float:
    """Return the CPU time of this process and of its children that have ended."""
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    start = cpu_s()
    result = yield
    SECONDS[item.nodeid] += cpu_s() - start
    return result


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
    start = cpu_s()
    result = yield
    SECONDS[f"fixture {fixturedef.baseid} {fixturedef.argname}"] += cpu_s() - start
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what costs most, and what all tests cost together."""
    terminalreporter.section("seconds of CPU")
    for name, seconds in SECONDS.most_common(SHOWN):
        terminalreporter.line(f"{seconds:8.2f} {name}")
    total = sum(seconds for name, seconds in SECONDS.items() if not name.startswith("fixture "))
    terminalreporter.line(f"{total:8.2f} all tests")
