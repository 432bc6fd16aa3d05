"""The specification is part of the project: each reference in the code has its file and its section."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SPEC = ROOT / "docs" / "spec"
CODE = ("nbp", "system_io", "simulator", "shots", "trace_tools", "harness", "golden_suite_generator")
REFERENCE = re.compile(
    r"""\bspec[ /](?P<file>\d\d[ab]?)\b
        (?:,?\s(?:section\s(?P<number>\d+(?:\.\d+)?)|"(?P<title>[^"\n]+)"))?""",
    re.VERBOSE,
)
HEADING = re.compile(r"^#+ +(?:(?P<number>\d+(?:\.\d+)*)\.? +)?(?P<title>.+)$", re.MULTILINE)


def headings(file: str) -> tuple[set[str], str]:
    """Return the numbers of the sections of a file, and its headings as one text."""
    (path,) = SPEC.glob(f"{file}-*.md")
    found = list(HEADING.finditer(path.read_text(encoding="utf-8")))
    return {match["number"] for match in found if match["number"]}, "\n".join(m["title"] for m in found)


def sources() -> list[Path]:
    return sorted(
        path for name in CODE for kind in ("*.py", "*.c", "*.h") for path in (ROOT / name).rglob(kind)
    )


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_references_to_the_specification_exist(path: Path) -> None:
    for match in REFERENCE.finditer(path.read_text(encoding="utf-8")):
        files = list(SPEC.glob(f"{match['file']}*-*.md"))
        assert files, f"{path}: '{match[0]}': no such file"
        if not match["number"] and not match["title"]:
            continue
        (file,) = (one.name.split("-")[0] for one in files)
        numbers, titles = headings(file)
        assert not match["number"] or match["number"] in numbers, f"{path}: '{match[0]}': no such section"
        assert not match["title"] or match["title"] in titles, f"{path}: '{match[0]}': no such heading"


def test_the_references_are_found() -> None:
    count = sum(len(REFERENCE.findall(path.read_text(encoding="utf-8"))) for path in sources())
    assert count > 250


@pytest.mark.parametrize("path", sorted(SPEC.glob("*.md")), ids=lambda path: path.name)
def test_files_that_the_specification_names_are_there(path: Path) -> None:
    for name in re.findall(r"`(\d\d[ab]?-[a-z-]+\.md)`", path.read_text(encoding="utf-8")):
        assert (SPEC / name).is_file(), name
