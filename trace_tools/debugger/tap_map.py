"""Tap maps: for each tap of the contract where and how a debugger reads it from one program (TOML)."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from system_io.files import read_regular
from system_io.shown import printable
from trace_tools.debugger.anchors import AFTER, BEFORE, Anchor
from trace_tools.errors import TraceError
from trace_tools.reading.field_names import UNITS, unit_factor
from trace_tools.tap_points import CONTEXT_KEYS, LEVEL_KEYS, TAP_ID, TAP_POINTS, TapLevel, TapPoint

SCHEMA = 1
SUFFIX = ".toml"
SHIPPED = "data/tap_maps"
KINDS = ("float", "int", "word")
TAKES = ("only", "first", "last")
REPEATED = frozenset({TapLevel.source_setup, TapLevel.phi_setup, TapLevel.mosaic_setup})
ROI_FIELDS = ("{fast_min}", "{fast_max}", "{slow_min}", "{slow_max}")
TOP = ("schema", "program", "place", "pixel", "context", "tap")
PROGRAM = ("name", "version", "roi", "float_file")
WHERE = ("file", "function", "text", "pattern", "nth", "when")
PIXEL = ("at", *WHERE, "s", "f")
CAPTURE = ("at", *WHERE, "value")
TAP = ("at", *WHERE, "value", "type", "unit", "if", "context", "repeat", "take", "put")
PUT_IN = " (put)"
"""Behind the name of a tap, where an expression is for another value that is put in."""
PUT = ("at", *WHERE, "value", "unit", "if", "context", "times")


@dataclass(frozen=True)
class ProgramFacts:
    """What a map says of its program: name, version, how it is told a region and an image file."""

    name: str
    version: str
    roi: tuple[str, ...]
    float_file: tuple[str, ...]


@dataclass(frozen=True)
class MappedPut:
    """Where another value of a tap is put in; as of `MappedTap`, ``times`` is what it is multiplied by."""

    places: tuple[str, ...]
    values: tuple[str, ...]
    factor: float
    condition: str | None
    context: Mapping[str, str]
    repeat: str | None
    times: str | None


@dataclass(frozen=True)
class MappedTap:
    """One tap of a map.

    ``places`` name its anchors; ``values`` are expressions of the debugger; ``factor`` brings their unit
    to that of the tap; ``condition`` says when it is read; ``context`` are loop indices of its own;
    ``repeat`` counts the turns of `$i`; ``take`` says which of several values in one context counts;
    ``put`` is where another value is put in, None where there is no such place.
    """

    point: TapPoint
    places: tuple[str, ...]
    values: tuple[str, ...]
    factor: float
    condition: str | None
    context: Mapping[str, str]
    repeat: str | None
    take: str
    put: MappedPut | None = None


@dataclass(frozen=True)
class PixelStart:
    """The start of a pixel: its place, and the expressions of its slow and fast index."""

    place: str
    s: str
    f: str


@dataclass(frozen=True)
class TapMap:
    """A whole map; ``captures`` are loop indices read at places of their own: key, place, value."""

    source: str
    program: ProgramFacts
    places: Mapping[str, Anchor]
    gate: PixelStart | None
    context: Mapping[str, str]
    captures: tuple[tuple[str, str, str], ...]
    taps: tuple[MappedTap, ...]

    def expressions(self) -> Iterable[tuple[str, str, str]]:
        """Yield (what it is for, place, expression) of everything that the debugger evaluates."""
        if self.gate is not None:
            yield "pixel.s", self.gate.place, self.gate.s
            yield "pixel.f", self.gate.place, self.gate.f
        for key, place, value in self.captures:
            yield f"context.{key}", place, value
        for tap in self.taps:
            extra = [text for text in (tap.condition, tap.repeat) if text is not None]
            indices = [] if tap.repeat is not None else self.indices(tap).values()
            for place in tap.places:
                yield from ((tap.point.name, place, text) for text in (*tap.values, *extra, *indices))
            if tap.put is not None and tap.put.places != tap.places:
                extra = [text for text in (tap.put.condition, tap.put.times) if text is not None]
                for text in (*tap.put.values, *extra, *tap.put.context.values()):
                    yield f"{tap.point.name}{PUT_IN}", tap.put.places[0], text

    def indices(self, tap: MappedTap) -> dict[str, str]:
        """Return the expressions of the loop indices of a tap that are read where the tap is."""
        return self._indices(tap.point, tap.context)

    def put_indices(self, tap: MappedTap, put: MappedPut) -> dict[str, str]:
        """Return the expressions of the loop indices of a tap that are read where it is put in."""
        return self._indices(tap.point, put.context)

    def _indices(self, point: TapPoint, own: Mapping[str, str]) -> dict[str, str]:
        found = {**self.context, **own}
        return {key: found[key] for key in point.keys if key in found}


def shipped_maps() -> dict[str, Path]:
    """Return the maps that come with the package, by name."""
    folder = Path(str(resources.files("trace_tools"))) / SHIPPED
    return {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}"))}


def map_path(name: str) -> Path:
    """Return the path of a map: of one that is shipped if it has that name, else the name is the path."""
    return shipped_maps().get(name, Path(name))


def load_map(name: str) -> TapMap:
    """Read a tap map.

    Args:
        name: a file, or the name of a map that is shipped.

    Raises:
        TraceError: it cannot be read, or breaks a rule of maps.
    """
    remedy = f"give a file, or one of the shipped maps: {', '.join(shipped_maps())}"
    data = read_regular(map_path(name), "tap map", remedy, TraceError)
    try:
        content = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TraceError(f"tap map '{printable(name)}' is not TOML: {error}; correct that line") from None
    return _Reader(printable(name)).read(content)


class _Reader:
    """Turns the tables of a file into a map; each rule that is broken is an error of its own words."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.places: dict[str, Anchor] = {}

    def fail(self, where: str, text: str) -> TraceError:
        return TraceError(f"tap map '{self.source}': {where} {text}")

    def table(self, value: Any, where: str, keys: Iterable[str] | None) -> dict[str, Any]:
        """Return a table whose keys are all known."""
        if not isinstance(value, dict):
            raise self.fail(where, f"is {value!r}; it must be a table")
        known = tuple(keys) if keys is not None else tuple(value)
        for key in value:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                hint = f"; did you mean '{near[0]}'?" if near else ""
                raise self.fail(where, f"has the key '{printable(key)}'; known are {', '.join(known)}{hint}")
        return value

    def text(self, table: Mapping[str, Any], key: str, where: str) -> str | None:
        """Return a text that is not empty, None where there is none."""
        value = table.get(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value.strip():
            raise self.fail(where, f"{key} = {value!r}; it must be a text in quotes")
        return value.strip()

    def needed(self, table: Mapping[str, Any], key: str, where: str, why: str) -> str:
        """Return a text that must be there."""
        value = self.text(table, key, where)
        if value is None:
            raise self.fail(where, f"has no '{key}': {why}")
        return value

    def words(self, table: Mapping[str, Any], key: str, where: str, fields: Iterable[str]) -> tuple[str, ...]:
        """Return words of a command line that hold the given fields; none where there is no such option."""
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise self.fail(where, f"{key} = {value!r}; it must be a list of words in quotes")
        lacking = [part for part in fields if value and not any(part in word for word in value)]
        if lacking:
            raise self.fail(where, f"{key} = {value!r} lacks {', '.join(lacking)}; add it")
        return tuple(value)

    def read(self, content: Mapping[str, Any]) -> TapMap:
        top = self.table(content, "the file", TOP)
        if top.get("schema") != SCHEMA:
            raise self.fail("schema", f"is {top.get('schema')!r}; this version reads schema = {SCHEMA}")
        program = self.program(self.table(top.get("program", {}), "[program]", PROGRAM))
        for name, row in self.table(top.get("place", {}), "[place]", None).items():
            self.places[name] = self.anchor(self.table(row, f"[place.{name}]", WHERE), f"[place.{name}]")
        gate = self.gate(top["pixel"]) if "pixel" in top else None
        context, captures = self.context(self.table(top.get("context", {}), "[context]", CONTEXT_KEYS))
        rows = self.table(top.get("tap", {}), "[tap]", None)
        if not rows:
            raise self.fail("[tap]", "is empty; a map has at least one tap")
        given = {*context, *(key for key, _, _ in captures)} | ({"s", "f"} if gate else set())
        taps = [self.tap(name, row, given) for name, row in rows.items()]
        taps.sort(key=lambda tap: TAP_ID[tap.point.name])
        return TapMap(self.source, program, self.places, gate, context, tuple(captures), tuple(taps))

    def program(self, table: Mapping[str, Any]) -> ProgramFacts:
        where = "[program]"
        name = self.text(table, "name", where) or "unnamed"
        version = self.text(table, "version", where) or "0"
        for key, value in (("name", name), ("version", version)):
            if len(value.split()) != 1:
                raise self.fail(where, f"{key} = '{value}'; it must be one word")
        roi = self.words(table, "roi", where, ROI_FIELDS)
        return ProgramFacts(name, version, roi, self.words(table, "float_file", where, ("{path}",)))

    def anchor(self, table: Mapping[str, Any], where: str) -> Anchor:
        text, pattern = self.text(table, "text", where), self.text(table, "pattern", where)
        if (text is None) == (pattern is None):
            raise self.fail(
                where, "needs either text (as it stands in the source) or pattern (regular expression)"
            )
        if pattern is not None:
            try:
                re.compile(pattern)
            except re.error as error:
                raise self.fail(where, f"pattern = '{pattern}' is no regular expression: {error}") from None
        nth = table.get("nth")
        if nth is not None and (not isinstance(nth, int) or isinstance(nth, bool) or nth < 1):
            raise self.fail(where, f"nth = {nth!r}; it must be 1 or more: the first, second, ... match")
        when = self.text(table, "when", where) or BEFORE
        if when not in (BEFORE, AFTER):
            raise self.fail(where, f"when = '{when}'; it must be '{BEFORE}' or '{AFTER}' (the statement)")
        file = self.text(table, "file", where) or "*"
        return Anchor(file, self.text(table, "function", where), text, pattern, nth, when)

    def place(self, table: Mapping[str, Any], where: str) -> str:
        """Return the name of the place of a row: one that has a name, or its own."""
        own = [key for key in WHERE if key in table]
        at = self.text(table, "at", where)
        if at is None:
            self.places[where] = self.anchor(table, where)
            return where
        if own:
            raise self.fail(where, f"has 'at' and '{own[0]}'; give the name of a place, or the place itself")
        if at not in self.places:
            near = difflib.get_close_matches(at, self.places, 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise self.fail(where, f"at = '{at}', which is no [place.{at}]{hint}")
        return at

    def tap_places(self, table: Mapping[str, Any], where: str) -> tuple[str, ...]:
        """Return the places of a tap, of which a list of names may be given: one for each branch."""
        names = table.get("at")
        if not isinstance(names, list):
            return (self.place(table, where),)
        if not names:
            raise self.fail(where, "at = []; it must name a place")
        return tuple(self.place({**table, "at": name}, where) for name in names)

    def gate(self, value: Any) -> PixelStart:
        where = "[pixel]"
        table = self.table(value, where, PIXEL)
        place = self.place(table, where)
        if self.places[place].when == AFTER:
            raise self.fail(where, "has when = 'after'; the start of a pixel is before its first statement")
        why = "give the expression of the slow (s) and of the fast (f) index"
        return PixelStart(place, self.needed(table, "s", where, why), self.needed(table, "f", where, why))

    def context(self, table: Mapping[str, Any]) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
        plain: dict[str, str] = {}
        captures = []
        for key, value in table.items():
            where = f"[context] {key}"
            if isinstance(value, dict):
                row = self.table(value, where, CAPTURE)
                place = self.place(row, where)
                captures.append((key, place, self.needed(row, "value", where, "give its expression")))
            else:
                plain[key] = self.needed(table, key, where, "give its expression")
        return plain, captures

    def tap(self, name: str, value: Any, given: set[str]) -> MappedTap:
        where = f"[tap.{name}]"
        if name not in TAP_ID:
            near = difflib.get_close_matches(name, TAP_ID, 3)
            hint = f"did you mean {', '.join(near)}?" if near else "`trace-diff explain` lists them"
            raise self.fail(where, f"is no tap of the contract; {hint}")
        point = TAP_POINTS[TAP_ID[name]]
        table = self.table(value, where, TAP)
        own = self.own_context(table, where, point)
        repeat = self.text(table, "repeat", where)
        self.check_indices(point, repeat, given | own.keys(), where)
        take = self.text(table, "take", where) or TAKES[0]
        if take not in TAKES:
            raise self.fail(where, f"take = '{take}'; it is one of {', '.join(TAKES)}")
        self.check_kind(self.text(table, "type", where), point, where)
        found = MappedTap(
            point, self.tap_places(table, where), self.values(table, where, point),
            self.factor(self.text(table, "unit", where), point, where), self.text(table, "if", where), own,
            repeat, take,
        )  # fmt: skip
        return replace(found, put=self.put(table.get("put", {}), f"{where} put", found))

    def put(self, value: Any, where: str, tap: MappedTap) -> MappedPut | None:
        """Return where a tap is put in: by default where, and into what, it is read."""
        if value is False or tap.point.kind == "word":
            return None
        if not isinstance(value, dict):
            raise self.fail(where, f"= {value!r}; it must be a table, or false where no place is")
        table = self.table(value, where, PUT)
        elsewhere = any(key in table for key in ("at", *WHERE))
        return MappedPut(
            self.tap_places(table, where) if elsewhere else tap.places,
            self.values(table, where, tap.point) if "value" in table else tap.values,
            self.factor(self.text(table, "unit", where), tap.point, where) if "unit" in table else tap.factor,
            self.text(table, "if", where) or tap.condition,
            {**tap.context, **self.own_context(table, where, tap.point)},
            None if elsewhere else tap.repeat,
            self.text(table, "times", where),
        )

    def own_context(self, table: Mapping[str, Any], where: str, point: TapPoint) -> dict[str, str]:
        rows = self.table(table.get("context", {}), f"{where} context", CONTEXT_KEYS)
        needless = [key for key in rows if key not in point.keys]
        if needless:
            keys = ", ".join(point.keys) or "none"
            raise self.fail(where, f"context has '{needless[0]}'; the loop indices of this tap are: {keys}")
        return {key: self.needed(rows, key, where, "give its expression") for key in rows}

    def check_indices(self, point: TapPoint, repeat: str | None, there: set[str], where: str) -> None:
        """Each loop index of a tap must be told by someone."""
        if repeat is not None and point.level not in REPEATED:
            raise self.fail(where, "has 'repeat', which is for taps of one list of the set-up; leave it out")
        lacking = [key for key in LEVEL_KEYS[point.level] if repeat is None and key not in there]
        if lacking:
            raise self.fail(
                where, f"needs the loop index '{lacking[0]}'; add it to [context] ('0' for no such "
                "loop)" + (", or repeat = 'count'" if point.level in REPEATED else ""),
            )  # fmt: skip

    def check_kind(self, kind: str | None, point: TapPoint, where: str) -> None:
        if kind is not None and kind not in KINDS:
            raise self.fail(where, f"type = '{kind}'; it is one of {', '.join(KINDS)}")
        if kind is not None and kind != point.kind:
            raise self.fail(where, f"type = '{kind}'; {point.name} is of type '{point.kind}' in the contract")

    def values(self, table: Mapping[str, Any], where: str, point: TapPoint) -> tuple[str, ...]:
        value = table.get("value")
        given = value if isinstance(value, list) else [value]
        found = [text for text in given if isinstance(text, str) and text.strip()]
        if not found or len(found) != len(given):
            raise self.fail(
                where, f"value = {value!r}; it must be an expression in quotes, or a list of them"
            )
        if len(found) > point.size:
            raise self.fail(where, f"has {len(found)} values; the tap has {point.size}")
        return tuple(text.strip() for text in found)

    def factor(self, unit: str | None, point: TapPoint, where: str) -> float:
        """Return what brings the values to the unit of the tap; the contract's own unit changes no bit."""
        if unit is None or unit == point.unit:
            return 1.0
        factor = unit_factor(unit, point.name)
        if factor is None:
            measured = UNITS.get(point.unit)
            same = [word for word, (what, _) in UNITS.items() if measured and what == measured[0]]
            known = ", ".join(dict.fromkeys([point.unit, *same][:6]))
            raise self.fail(
                where, f"unit = '{unit}'; {point.name} is in {point.unit}; known units are: {known}"
            )
        return factor
