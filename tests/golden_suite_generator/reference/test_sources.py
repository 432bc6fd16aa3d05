"""The rules that the C sources keep."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.programs.build import reference_sources

SOURCES = sorted(reference_sources().glob("*.[ch]"))
NO_CODE = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"", re.DOTALL)


def code_of(path: Path) -> str:
    """Return the text of a source without its comments and strings."""
    return NO_CODE.sub("", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_whole_number_depends_on_the_size_of_long(path: Path) -> None:
    """A plain long has 32 bits on some machines, where products of it would overflow unseen."""
    assert not re.search(r"\blong\b", re.sub(r"\blong long\b", "", code_of(path)))
