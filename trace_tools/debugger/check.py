"""A tap map held against a binary, without running it: places, names, and what is optimised away."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trace_tools.debugger.anchors import Found, FoundPlace
from trace_tools.debugger.driver import found_places, read_places
from trace_tools.debugger.sources import Debugged, ask_debugger, open_debugged
from trace_tools.debugger.tap_map import PUT_IN, TapMap

NEAR = 3
LIKENESS = 0.5
_OUTER = re.compile(r"in\s+([\w:~]+):\s+(.+)\Z", re.DOTALL)
_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_NAME = re.compile(r"(?<![\w$.>])(?<!->)(?:struct\s+|union\s+|enum\s+)?([A-Za-z_]\w*)")
_MEMBER = re.compile(r"(?:\.|->)\s*[A-Za-z_]\w*")
_WORDS = frozenset({
    "double", "float", "long", "int", "short", "char", "unsigned", "signed", "void", "bool", "_Bool", "const",
    "volatile", "sizeof", "struct", "union", "enum", "size_t", "true", "false",
})  # fmt: skip


@dataclass(frozen=True)
class CheckedValue:
    """One expression of a map: what it is for, its place, and why it cannot be read there, if it cannot."""

    name: str
    place: str
    expression: str
    spot: FoundPlace | None
    problem: str
    near: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True)
class MapCheck:
    """What a map and a binary have in common."""

    tap_map: TapMap
    places: Mapping[str, Found]
    rows: tuple[CheckedValue, ...]
    newer: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Tell whether every place is there, and every name that is read has a value at its place."""
        read = [row for row in self.rows if not row.name.endswith(PUT_IN)]
        wanted = read_places(self.tap_map)
        there = all(found.spot for name, found in self.places.items() if name in wanted)
        return there and not any(row.problem for row in read)


def check_map(tap_map: TapMap, binary: Path, folder: Path | None) -> MapCheck:
    """Hold a map against a binary.

    Args:
        tap_map: the map.
        binary: the program, with debug information.
        folder: where its sources are now, None for where they were compiled.

    Raises:
        DebuggerError: no debugger, no debug information, or no sources.
    """
    binary = binary.absolute()
    program = open_debugged(
        binary, {anchor.file for anchor in tap_map.places.values()}, folder, variables=True
    )
    places = found_places(tap_map, program)
    spots = [found.spot for found in places.values() if found.spot is not None]
    asked = list(tap_map.expressions())
    names = {name for _, _, text in asked for name in used_names(text)[1]}
    facts = ask_debugger(binary, ["*"], spots=[(spot.path, spot.line) for spot in spots], names=names)
    at = dict(zip(((spot.path, spot.line) for spot in spots), facts["spots"], strict=True))
    scopes = _Scopes(program, facts["global"])
    rows = []
    for name, place, text in dict.fromkeys(asked):
        spot = places[place].spot
        if spot is None:
            rows.append(CheckedValue(name, place, text, None, places[place].problem, places[place].near))
        else:
            copies = scopes.of_line(spot, at[spot.path, spot.line]["at"])
            rows.append(scopes.checked(name, place, text, spot, copies))
    return MapCheck(tap_map, places, tuple(rows), program.newer)


def used_names(expression: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the outer function that an expression is for (or None), and the names in it."""
    outer = _OUTER.match(expression)
    text = _MEMBER.sub("", _STRING.sub("", outer[2] if outer else expression))
    found = [name for name in _NAME.findall(text) if name not in _WORDS]
    return (outer[1] if outer else None), tuple(dict.fromkeys(found))


class _Scopes:
    """Looks names up where the debugger would."""

    def __init__(self, program: Debugged, known: Mapping[str, bool]) -> None:
        self.known = known
        self.of_function: dict[str, set[str]] = {}
        for rows in program.facts["variables"].values():
            for function, name, _, _ in rows:
                self.of_function.setdefault(function, set()).add(name)
        self.ranges = {source.path: source.functions() for source in program.sources}
        self.functions = {name for rows in self.ranges.values() for name, _, _ in rows}

    def of_line(self, spot: FoundPlace, copies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return what is in scope for the function that a line stands in.

        Where the first thing that a line does is a function put in line, the debugger stops before that.
        """
        rows = self.ranges[spot.path]
        holder = next((name for name, first, last in rows if first <= spot.line <= last), None)
        found = []
        for copy in copies:
            names = [name for name, _ in copy["scopes"]]
            start = names.index(holder) if holder in names else 0
            hidden = {name for _, words in copy["scopes"][:start] for name in words}
            live = {name: there for name, there in copy["live"].items() if name not in hidden}
            found.append({"scopes": copy["scopes"][start:], "live": live})
        return found

    def checked(
        self, name: str, place: str, text: str, spot: FoundPlace, copies: Sequence[Mapping[str, Any]]
    ) -> CheckedValue:
        """Check the names of one expression at one place; a line may have several copies of its code."""
        outer, words = used_names(text)
        problem, note = "", ""
        near: tuple[str, ...] = ()
        if outer is not None and outer not in self.functions:
            near = tuple(difflib.get_close_matches(outer, self.functions, NEAR, LIKENESS))
            return CheckedValue(
                name, place, text, spot, f"no function '{outer}' is defined in the sources", near
            )
        for word in words:
            here = self._lookup(word, outer, copies)
            if here == "none":
                problem = f"no '{word}' there"
                near = self._near(word, outer, copies)
                break
            if here == "gone":
                problem = f"'{word}' is optimised out there"
                near = self._live(copies)
                break
            if here == "partly":
                note = f"'{word}' is optimised out in one of {len(copies)} copies of this line's code"
        return CheckedValue(name, place, text, spot, problem, near, note)

    def _lookup(self, word: str, outer: str | None, copies: Sequence[Mapping[str, Any]]) -> str:
        if outer is not None:
            names = self._names(outer, copies)
            return "there" if word in names or self.known.get(word) else "none"
        local = [copy for copy in copies if copy["scopes"] and word in copy["scopes"][0][1]]
        if not local:
            member = any("this" in copy["scopes"][0][1] for copy in copies if copy["scopes"])
            return "there" if member or self.known.get(word) or word in self.functions else "none"
        live = sum(bool(copy["live"].get(word, True)) for copy in local)
        return "gone" if live == 0 else "there" if live == len(local) else "partly"

    def _names(self, function: str, copies: Iterable[Mapping[str, Any]]) -> set[str]:
        found = set(self.of_function.get(function, ()))
        for copy in copies:
            for name, words in copy["scopes"]:
                if name == function:
                    found |= set(words)
        return found

    def _near(self, word: str, outer: str | None, copies: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        if outer is None and copies and copies[0]["scopes"]:
            names = {name for copy in copies for name in copy["scopes"][0][1]}
        else:
            names = self._names(outer or "", copies)
        return tuple(difflib.get_close_matches(word, sorted(names), NEAR, LIKENESS)) or tuple(
            sorted(names)[:NEAR]
        )

    def _live(self, copies: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """Return what has a value at a place."""
        names = {name for copy in copies if copy["scopes"] for name in copy["scopes"][0][1]}
        return tuple(name for name in sorted(names) if all(copy["live"].get(name, False) for copy in copies))[
            : 2 * NEAR
        ]


def report_lines(found: MapCheck) -> list[str]:
    """Return the check in words: a line for each tap, what is wrong first."""
    lines = [f"note: source '{path}' is newer than the binary; build it again" for path in found.newer]
    bad = [row for row in found.rows if row.problem]
    for row in {(row.name, row.spot, row.problem): row for row in bad}.values():
        where = row.spot.shown if row.spot else "nowhere"
        near = f"; near: {', '.join(row.near)}" if row.near else ""
        if "optimised out" in row.problem and row.near:
            near = f"; with a value there: {', '.join(row.near)}; or build with -Og or -O0"
        lines.append(f"BAD  {row.name:26s} {where}: {row.problem}{near}")
    wrong = {row.name for row in bad}
    for tap in found.tap_map.taps:
        name = tap.point.name
        if name not in wrong:
            spots = [found.places[place].spot for place in tap.places]
            where = ", ".join(spot.shown for spot in spots if spot is not None)
            notes = "; ".join(dict.fromkeys(row.note for row in found.rows if row.name == name and row.note))
            lines.append(
                f"ok   {name:26s} {where}: {', '.join(tap.values)}" + (f" ({notes})" if notes else "")
            )
    taps = {tap.point.name for tap in found.tap_map.taps}
    there = sum(1 for place in found.places.values() if place.spot)
    lines.append(
        f"{there} of {len(found.places)} places match, {len(taps - wrong)} of {len(taps)} taps can be read"
        + ("" if found.is_good else "; nothing can be traced until the map fits (or with --skip-unreadable)")
    )
    return lines
