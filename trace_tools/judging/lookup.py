"""Finding the record of an input that a record was computed from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from trace_tools.arrays import Index
from trace_tools.judging.align import Alignment
from trace_tools.tap_points import CONTEXT_KEYS, TAP_POINTS, TapLevel, TapPoint

Graph = Mapping[str, TapPoint]

DEFAULT_GRAPH: Graph = {tap.name: tap for tap in TAP_POINTS}
NONE = -1
_INDEXED_SETUP = {TapLevel.source_setup: 5, TapLevel.phi_setup: 6, TapLevel.mosaic_setup: 7}
_COLUMN = {key: number for number, key in enumerate(CONTEXT_KEYS)}


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
    record before the entry that agrees with it in all loop indices which both have.

    Args:
        entries: entries of the alignment, all of one tap.
        name: the input tap.

    Returns:
        Entries of the input, -1 where there is none.
    """
    found = alignment.entries(name)
    level = graph[name].level if name in graph else TapLevel.mosaic
    if level == TapLevel.setup:
        return np.full(len(entries), found[0] if len(found) else NONE, np.int64)
    if level in _INDEXED_SETUP:
        return _by_turn(alignment, entries, found, _INDEXED_SETUP[level])
    return _latest(alignment, entries, found, list(range(len(alignment.keys) - 1)))


def carried_entries(alignment: Alignment, graph: Graph, entries: Index, name: str) -> Index:
    """Find for each entry of a tap the entry of the same tap before it within the scope of its memory."""
    carried = graph[name].carried
    if carried is None:
        return np.full(len(entries), NONE, np.int64)
    return _latest(alignment, entries, alignment.entries(name), [_COLUMN[key] for key in carried[0]])
