"""The ranges of pyproject.toml begin where requirements/lowest.txt tests, and hold what is pinned."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DECLARED = dict(word.split(">=") for word in PROJECT["project"]["dependencies"])


def numbers(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in version.split(".")]
    return (*parts, *[0] * (3 - len(parts)))


def pinned(name: str) -> dict[str, tuple[int, ...]]:
    lines = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    found = (re.fullmatch(r"([\w-]+)==([\d.]+)", line) for line in lines)
    return {match[1]: numbers(match[2]) for match in found if match}


@pytest.mark.parametrize("name", DECLARED)
def test_the_lowest_declared_version_is_the_one_that_is_tested(name: str) -> None:
    assert pinned("lowest")[name] == numbers(DECLARED[name])


@pytest.mark.parametrize("name", DECLARED)
def test_what_the_sessions_use_lies_in_the_declared_range(name: str) -> None:
    assert pinned("run")[name] >= numbers(DECLARED[name])


def test_tools_of_the_tests_are_the_same_in_both() -> None:
    assert pinned("tests").items() <= pinned("lowest").items()
