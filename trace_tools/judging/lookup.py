"""The tap graph, and finding the record of an input that a record was computed from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from system_io.files import read_regular
from system_io.shown import printable
from trace_tools.arrays import Index, Marks
from trace_tools.errors import TraceError
from trace_tools.judging.align import Alignment
from trace_tools.tap_points import CONTEXT_COLUMNS, CONTEXT_KEYS, TAP_POINTS, TapLevel, TapPoint

Graph = Mapping[str, TapPoint]

DEFAULT_GRAPH: Graph = {tap.name: tap for tap in TAP_POINTS}
NONE = -1
_INDEXED_SETUP = {TapLevel.source_setup: 5, TapLevel.phi_setup: 6, TapLevel.mosaic_setup: 7}
_COLUMN = {key: number for number, key in enumerate(CONTEXT_KEYS)}
NO_GRAPH_WORD = "none"
"""In place of a file: no tap is computed from another, as far as is known."""
_FIELDS: Mapping[str, type] = {
    field.name: tuple if str(field.type).startswith("tuple[str, ...") else int if field.type == "int" else str
    for field in fields(TapPoint)
    if field.name not in ("carried", "input_rules", "decided_by")
}
_KIND_WORDS: Mapping[type, str] = {tuple: "a list of texts", int: "a whole number", str: "a text"}


def chosen_graph(told: str | None, known: Graph) -> Graph:
    """Return the tap graph that is asked for: the known one, with the taps of a file, or none."""
    if told is None:
        return known
    return {} if told == NO_GRAPH_WORD else load_graph(told, known)


def load_graph(path: str, known: Graph = DEFAULT_GRAPH) -> Graph:
    """Read a tap graph: JSON ``{"taps": [{"name": ..., "inputs": [...], "formula": ...}]}``.

    Each tap may have any of the fields of `TapPoint`; known taps that the file does not name stay.

    Raises:
        TraceError: that names the fault.
    """
    remedy = "give a JSON file with 'taps'"
    data = read_regular(Path(path), "tap graph", remedy, TraceError)
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise TraceError(f"tap graph '{printable(path)}' is not JSON: {error}; {remedy}") from None
    taps = content.get("taps") if isinstance(content, dict) else None
    if not isinstance(taps, list):
        raise TraceError(f"tap graph '{path}' has no list 'taps'; see `trace-diff --help`")
    added: dict[str, TapPoint] = {}
    for entry in taps:
        name, tap = _graph_tap(entry, path)
        if name in added:
            raise TraceError(f"tap graph '{path}' has the tap '{name}' twice; take one out")
        added[name] = tap
    graph = {**known, **added}
    for name, tap in added.items():
        unknown = [other for other in (*tap.inputs, *tap.inputs_before) if other not in graph]
        if unknown:
            raise TraceError(
                f"tap graph '{path}': {name} has the input '{unknown[0]}', which is no tap; add it"
            )
    return graph


def _graph_tap(entry: Any, path: str) -> tuple[str, TapPoint]:
    if (
        not isinstance(entry, dict)
        or not isinstance(entry.get("name"), str)
        or not entry.keys() <= set(_FIELDS)
    ):
        raise TraceError(
            f"tap graph '{path}' has the entry {entry!r}; a tap has a name and of {sorted(_FIELDS)}"
        )
    name = entry["name"]
    changes = {key: _field(key, value, f"tap graph '{path}': {name}") for key, value in entry.items()}
    blank = TapPoint(name, TapLevel.mosaic, 1, "float", "", (), (), "not stated")
    return name, replace(DEFAULT_GRAPH.get(name, blank), **changes)


def _field(key: str, value: Any, where: str) -> Any:
    """Return the value of a field of a tap.

    Raises:
        TraceError: it is of another kind.
    """
    if key == "level":
        if value not in TapLevel.__members__:
            raise TraceError(f"{where} has the level '{value}'; levels are {', '.join(TapLevel.__members__)}")
        return TapLevel[value]
    kind = _FIELDS[key]
    several = isinstance(value, list) and all(isinstance(one, str) for one in value)
    if not (several if kind is tuple else isinstance(value, kind) and not isinstance(value, bool)):
        raise TraceError(f"{where} has {key} = {value!r:.60}, must be {_KIND_WORDS[kind]}; correct it")
    return tuple(value) if kind is tuple else value


def _agree(alignment: Alignment, one: Index, other: Index, columns: list[int]) -> NDArray[np.bool_]:
    rows_one = alignment.contexts[alignment.context[one]][:, columns]
    rows_other = alignment.contexts[alignment.context[other]][:, columns]
    return np.asarray(np.all((rows_one == rows_other) | (rows_one < 0) | (rows_other < 0), axis=1))


def _latest(alignment: Alignment, entries: Index, found: Index, columns: list[int]) -> Index:
    """Return the last of ``found`` before each entry, if it agrees with it in the given loop indices."""
    if len(found) == 0:
        return np.full(len(entries), NONE, np.int64)
    place = np.searchsorted(found, entries) - 1
    candidate = found[np.maximum(place, 0)]
    good = (place >= 0) & _agree(alignment, entries, candidate, columns)
    return np.where(good, candidate, NONE)


def _by_turn(alignment: Alignment, entries: Index, found: Index, column: int) -> Index:
    if len(found) == 0:
        return np.full(len(entries), NONE, np.int64)
    turns = alignment.contexts[alignment.context[found], column]
    table = np.full(max(int(turns.max()) + 2, 1), NONE, np.int64)
    table[turns] = found
    wanted = alignment.contexts[alignment.context[entries], column]
    return np.asarray(np.where(wanted < len(table), table[np.minimum(wanted, len(table) - 1)], NONE))


def input_entries(alignment: Alignment, graph: Graph, entries: Index, name: str) -> Index:
    """Find for each entry the entry of the input tap that it was computed from.

    A set-up tap has one record, or one for each source, phi step or domain; any other input is the latest
    record before the entry that agrees with it in all loop indices which both have. In logs with loops of
    their own each input may be recorded in a loop that is over.

    Args:
        entries: entries of the alignment, all of one tap.
        name: the input tap.

    Returns:
        Entries of the input, -1 where there is none.
    """
    found = alignment.entries(name)
    if alignment.keys != CONTEXT_COLUMNS:
        return _latest_agreeing(alignment, entries, found)
    level = graph[name].level if name in graph else TapLevel.mosaic
    if level == TapLevel.setup:
        return np.full(len(entries), found[0] if len(found) else NONE, np.int64)
    if level in _INDEXED_SETUP:
        return _by_turn(alignment, entries, found, _INDEXED_SETUP[level])
    return _latest(alignment, entries, found, list(range(len(alignment.keys) - 1)))


def _latest_agreeing(alignment: Alignment, entries: Index, found: Index) -> Index:
    """Return for each entry the last of ``found`` before it that has the same indices of the loops of both.

    Args:
        alignment: of both logs.
        entries: of one tap.
        found: entries of its input.
    """
    if not len(found) or not len(entries):
        return np.full(len(entries), NONE, np.int64)
    rows = [alignment.contexts[alignment.context[part]][:, :-1] for part in (entries, found)]
    used = [(part >= 0).any(axis=0) for part in rows]
    both: Marks = np.asarray(used[0] & used[1])
    code = np.zeros(len(entries) + len(found), np.int64)
    if both.any():
        _, turns = np.unique(np.concatenate(rows)[:, both], axis=0, return_inverse=True)
        code = turns.reshape(-1) * (len(alignment.context) + 1)
    wanted, there = code[: len(entries)] + entries, code[len(entries) :] + found
    order = np.argsort(there)
    place = np.searchsorted(there[order], wanted) - 1
    candidate = found[order[np.maximum(place, 0)]]
    same = code[: len(entries)] == code[len(entries) :][order[np.maximum(place, 0)]]
    return np.where((place >= 0) & same, candidate, NONE)


def carried_entries(alignment: Alignment, graph: Graph, entries: Index, name: str) -> Index:
    """Find for each entry of a tap the entry of the same tap before it within the scope of its memory."""
    carried = graph[name].carried
    if carried is None:
        return np.full(len(entries), NONE, np.int64)
    return _latest(alignment, entries, alignment.entries(name), [_COLUMN[key] for key in carried[0]])
