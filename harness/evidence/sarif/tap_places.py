"""Where a tap is recorded in a source: as a log says it, or in the two programs of this package."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path, PurePosixPath
from urllib.parse import quote

PLACE = re.compile(r"(.+):(\d{1,9})")
CALL, WORD, FIELD = r'\b(?:tap|show)\w*\(\s*"{tap}"', r'"{tap}"', r"(?m)^ +{tap}="
OWN_SOURCES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "reference": (("golden_suite_generator/reference", ".c", r"\bTAP_{tap}\b"),),
    "simulator": (
        ("simulator/kernel", ".py", CALL), ("simulator/physics/lattice", ".py", CALL),
        ("simulator/output", ".py", FIELD), ("simulator/kernel", ".py", WORD),
        ("simulator/output", ".py", WORD),
    ),
}  # fmt: skip
"""Folder, ending of files and pattern of a tap, by the kind of program; the first that is found counts."""


@dataclass(frozen=True)
class SourcePlace:
    """A line of a file: `uri` is relative to the root of the sources, or absolute where it lies outside."""

    uri: str
    line: int
    says: str

    @property
    def relative(self) -> bool:
        """Tell whether it lies below the root."""
        return not self.uri.startswith("file:")


def told_place(place: str, folder: Path, root: Path, says: str) -> SourcePlace | None:
    """Return a place that a log states as `file:line`, None where it states none.

    Args:
        place: as stated; of several, the first counts.
        folder: in which the program was built, and which relative names start from.
        root: of the sources.
        says: what is there, in words.
    """
    found = PLACE.fullmatch(place.split(", ", maxsplit=1)[0])
    if found is None or int(found[2]) == 0:
        return None
    path = Path(os.path.normpath(folder / found[1]))
    inside = path.is_relative_to(root)
    uri = quote(path.relative_to(root).as_posix()) if inside else path.as_uri()
    return SourcePlace(uri, int(found[2]), says)


def source_root(description: Path) -> Path:
    """Return what places of a described pair are relative to: its repository, or the folder of its file."""
    folder = Path(os.path.normpath(description)).parent
    homes = (home for home in (folder, *folder.parents) if (home / ".git").exists())
    return next(homes, folder)


def own_place(tap: str, program: str) -> SourcePlace | None:
    """Return where a program of this package records a tap, None as far as it does not show.

    Args:
        tap: its name.
        program: a kind of program, of which those in `OWN_SOURCES` are known.
    """
    for folder, ending, pattern in OWN_SOURCES.get(program, ()):
        for name, content in _sources(folder, ending):
            if match := re.search(pattern.format(tap=re.escape(tap)), content):
                line = content.count("\n", 0, match.start()) + 1
                return SourcePlace(f"{folder}/{name}", line, f"the {program} records {tap} here")
    return None


@cache
def _sources(folder: str, ending: str) -> tuple[tuple[str, str], ...]:
    """Return the files of a folder of this package and what is in them."""
    return tuple(_read(folder, ending))


def _read(folder: str, ending: str) -> Iterator[tuple[str, str]]:
    package, *inner = PurePosixPath(folder).parts
    home = resources.files(package).joinpath(*inner)
    for file in sorted(home.iterdir(), key=lambda one: one.name):
        if file.name.endswith(ending):
            yield file.name, file.read_text(encoding="utf-8")
