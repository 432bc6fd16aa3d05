"""Places in a source that are named by their text: found, told apart, and brought to a line with code."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePath

from trace_tools.debugger.c_text import Source

BEFORE, AFTER = "before", "after"
SHOWN = 4
LIKENESS = 0.5


@dataclass(frozen=True)
class Anchor:
    """A place by its text: files, function, literal text or pattern, which match, before or after it."""

    file: str
    function: str | None
    text: str | None
    pattern: str | None
    nth: int | None
    when: str

    @property
    def shown(self) -> str:
        """Return it in words."""
        what = f"text '{self.text}'" if self.text is not None else f"pattern '{self.pattern}'"
        where = f" in function '{self.function}'" if self.function else ""
        return f"{what}{where} of '{self.file}'"

    @property
    def expression(self) -> re.Pattern[str]:
        """Return what finds it; blanks of a literal text stand for any blanks."""
        if self.text is None:
            return re.compile(self.pattern or "", re.MULTILINE)
        return re.compile(r"\s+".join(re.escape(word) for word in self.text.split()))


@dataclass(frozen=True)
class FoundPlace:
    """Where an anchor is: path, the lines of its statement that have code, and when to stop."""

    path: str
    line: int
    last_line: int
    when: str

    @property
    def shown(self) -> str:
        """Return file and line."""
        return f"{PurePath(self.path).name}:{self.line}"


@dataclass(frozen=True)
class AnchorMatch:
    """A match of an anchor's text: its statement's lines, and the first of them with code, if any."""

    source: Source
    line: int
    last_line: int
    code_line: int | None


@dataclass(frozen=True)
class Found:
    """What became of an anchor: where it is, or why it is nowhere, and what is like it."""

    spot: FoundPlace | None
    problem: str = ""
    matches: int = 0
    near: tuple[str, ...] = ()


def fits(path: str, glob: str) -> bool:
    """Tell whether a path is meant by a glob, of its name or of its last folders."""
    return fnmatch(PurePath(path).name, glob) or fnmatch(path, f"*/{glob}") or path == glob


def matches_of(anchor: Anchor, source: Source, code_lines: Sequence[int]) -> list[AnchorMatch]:
    """Return every match in one file, in its order; what stands in comments is none."""
    ranges = list(source.bodies(anchor.function)) if anchor.function else [(0, len(source.code))]
    found = []
    for start, end in ranges:
        for match in anchor.expression.finditer(source.code, start, end):
            first = match.start() + len(match[0]) - len(match[0].lstrip())
            line, last = source.line_at(first), source.line_at(source.statement_end(first))
            inside = [number for number in code_lines if line <= number <= last]
            found.append(AnchorMatch(source, line, last, min(inside) if inside else None))
    return found


def find_anchor(anchor: Anchor, sources: Iterable[Source], code: Mapping[str, Sequence[int]]) -> Found:
    """Find the place of an anchor.

    Args:
        anchor: what to look for.
        sources: the files of the program.
        code: for each path, the numbers of the lines that have code.
    """
    there = [source for source in sources if fits(source.path, anchor.file)]
    if not there:
        return Found(
            None, f"no source file of the binary is '{anchor.file}'", 0, _near_files(anchor, sources)
        )
    inside = [source for source in there if anchor.function is None or any(source.bodies(anchor.function))]
    if not inside:
        near = [name for source in there for name, _, _ in source.functions()]
        likely = difflib.get_close_matches(anchor.function or "", near, SHOWN, LIKENESS)
        return Found(None, f"no function '{anchor.function}' is defined in '{anchor.file}'", 0, tuple(likely))
    matches = [match for source in inside for match in matches_of(anchor, source, code.get(source.path, ()))]
    if not matches:
        return Found(None, f"nothing matches {anchor.shown}", 0, _near_lines(anchor, inside))
    return _chosen(anchor, matches)


def _chosen(anchor: Anchor, matches: list[AnchorMatch]) -> Found:
    live = [match for match in matches if match.code_line is not None]
    lines = ", ".join(str(match.line) for match in matches[:SHOWN]) + (
        ", ..." if len(matches) > SHOWN else ""
    )
    if not live:
        return Found(
            None, f"{anchor.shown} is at line {lines}, where the binary has no code: a declaration, or "
            "optimised away; choose a statement that computes something", len(matches),
        )  # fmt: skip
    if anchor.nth is not None:
        if anchor.nth > len(live):
            return Found(
                None, f"nth is {anchor.nth}, and {anchor.shown} matches {len(live)} times", len(live)
            )
        live = [live[anchor.nth - 1]]
    places = {(match.source.path, match.code_line) for match in live}
    if len(places) > 1:
        return Found(
            None, f"{anchor.shown} matches {len(places)} times (lines {lines}); add function, more of the "
            "text, or nth = 1, 2, ...", len(places),
        )  # fmt: skip
    match = live[0]
    return Found(
        FoundPlace(match.source.path, match.code_line or match.line, match.last_line, anchor.when), "", 1
    )


def _near_files(anchor: Anchor, sources: Iterable[Source]) -> tuple[str, ...]:
    names = sorted({PurePath(source.path).name for source in sources})
    return tuple(difflib.get_close_matches(anchor.file, names, SHOWN, LIKENESS) or names[:SHOWN])


def _near_lines(anchor: Anchor, sources: Iterable[Source]) -> tuple[str, ...]:
    """Return the lines that are most like the text of an anchor, with their places."""
    wanted = " ".join((anchor.text or re.sub(r"\\(.)", r"\1", anchor.pattern or "")).split())
    places: dict[str, str] = {}
    for source in sources:
        for number, line in enumerate(source.code.splitlines(), 1):
            if line.strip():
                places.setdefault(" ".join(line.split()), f"{PurePath(source.path).name}:{number}")
    near = difflib.get_close_matches(wanted, places, SHOWN, LIKENESS)
    return tuple(f"{places[line]}: {line}" for line in near)
