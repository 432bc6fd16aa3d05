"""A draft of a tap graph: what moves when inputs of a program are moved, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trace_tools.arrays import Index, Marks
from trace_tools.judging.align import Alignment, align
from trace_tools.judging.diff import Bounds, compare
from trace_tools.judging.lookup import NONE, input_entries
from trace_tools.reading.trace_log import TraceLog

METHOD = (
    "A program ran as it is, and again with one input moved at a time. A record has moved if a value of it "
    "is another one, or if it is gone; one that moved in no run says nothing. 'always': each record of the "
    "input that moved stands before a record of the tap that moved, too, at the same loop indices. "
    "'sometimes': so it is in each run in which the input moved, though not for each record, and no other "
    "input explains the move. 'before': nothing of the same turn of the loops explains the first move of the "
    "tap, and the input had moved in an earlier turn. What "
    "moves before anything that could cause it depends on the moved input itself ('externals'). An edge from "
    "A to C is left out where one leads from A to B and one from B to C, and B moved somewhere without A."
)
LIMITS = (
    "taps that always moved together are not told apart: each is proposed as an input of the later ones",
    "an input that was not moved, or whose move a branch or rounding swallowed, shows nothing",
    "a use of a value that is not tapped shows as an edge from the tap before it",
)
ALWAYS, SOMETIMES, BEFORE = "always", "sometimes", "before"


@dataclass
class ProposedEdge:
    """A proposed input: how many records moved with it, in which runs, and how sure that is."""

    source: str
    target: str
    kind: str
    records: int
    runs: list[str]

    def facts(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "from": self.source, "to": self.target, "kind": self.kind, "records": self.records,
            "runs": self.runs,
        }  # fmt: skip


@dataclass
class _Draft:
    """Which records moved in which run, and what was concluded.

    ``moved``: [run, record] of the base; ``first``: where each tap appears first; ``explained``: moved
    records of which an input is known.
    """

    base: TraceLog
    alignment: Alignment
    runs: tuple[str, ...]
    moved: Marks
    first: Mapping[str, int]
    edges: list[ProposedEdge] = field(default_factory=list)
    externals: dict[str, list[str]] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)

    def entries(self, tap: str) -> Index:
        """Return the records of a tap."""
        return self.alignment.entries(tap)

    def telling(self, tap: str) -> Index:
        """Return the records of a tap that moved in a run; none that never does can refute an input."""
        entries = self.entries(tap)
        return entries[self.moved[:, entries].any(axis=0)]

    def inputs(self, tap: str, *kinds: str) -> list[str]:
        """Return the proposed inputs of a tap."""
        return [edge.source for edge in self.edges if edge.target == tap and edge.kind in kinds]


def draft_graph(base: TraceLog, moved: Sequence[tuple[str, TraceLog]]) -> dict[str, Any]:
    """Return a tap graph that is proposed from logs of one program, and how it was found, as plain data.

    Args:
        base: of the program as it is.
        moved: of the program with one input moved, each with the name of that input.

    Raises:
        TraceError: a log repeats a tap, or has nothing in common with the base.
    """
    draft = _read(base, moved)
    taps = sorted(draft.first, key=lambda tap: draft.first[tap])
    for place, tap in enumerate(taps):
        _same_turn(draft, tap, taps[:place])
    _without_detours(draft)
    for place, tap in enumerate(taps):
        _unexplained(draft, tap, taps[:place], taps[place:])
    return {"taps": [_tap(draft, tap) for tap in taps], "draft": _told(draft, taps)}


def _read(base: TraceLog, moved: Sequence[tuple[str, TraceLog]]) -> _Draft:
    alignment = align(base, base)
    marks = np.zeros((len(moved), len(base)), bool)
    for number, (_, log) in enumerate(moved):
        pairs = align(base, log)
        found = compare(base, log, pairs, Bounds.exact().override(0.0, 0.0))
        apart = [diff.outside for diff in found.taps.values()]
        alone = np.flatnonzero((pairs.by == 0) & (pairs.a >= 0))
        marks[number, pairs.a[np.concatenate([alone, *apart])]] = True
    first = {name: int(entries[0]) for name in alignment.names if len(entries := alignment.entries(name))}
    return _Draft(base, alignment, tuple(name for name, _ in moved), marks, first)


def _same_turn(draft: _Draft, tap: str, earlier: Sequence[str]) -> None:
    """Propose each earlier tap that never moved without this one moving at the same loop indices."""
    entries = draft.telling(tap)
    for other in earlier:
        source = input_entries(draft.alignment, {}, entries, other)
        there = source != NONE
        here, before = draft.moved[:, entries[there]], draft.moved[:, source[there]]
        if np.any(before) and not np.any(before & ~here):
            draft.edges.append(_edge(draft, other, tap, ALWAYS, before & here))


def _edge(draft: _Draft, source: str, target: str, kind: str, marks: Marks) -> ProposedEdge:
    runs = [name for name, row in zip(draft.runs, marks, strict=True) if row.any()]
    return ProposedEdge(source, target, kind, int(np.count_nonzero(marks)), runs)


def _without_detours(draft: _Draft) -> None:
    """Take out edges that only repeat a way over a tap which moved by itself, too."""
    sources: dict[str, set[str]] = {}
    for edge in draft.edges:
        sources.setdefault(edge.target, set()).add(edge.source)
    draft.edges = [
        edge
        for edge in draft.edges
        if not any(
            edge.source in sources.get(other, ()) and _moves_alone(draft, other, edge.source)
            for other in sources[edge.target]
        )
    ]


def _moves_alone(draft: _Draft, tap: str, other: str) -> bool:
    """Tell whether a record of a tap moved where that of an input of it had not."""
    entries = draft.telling(tap)
    return bool(np.any(draft.moved[:, entries] & ~_source_moved(draft, entries, other)))


def _unexplained(draft: _Draft, tap: str, earlier: Sequence[str], later: Sequence[str]) -> None:
    """Look for what explains the moves of a tap that none of its inputs explains."""
    entries = draft.telling(tap)
    left = draft.moved[:, entries].copy()
    for other in draft.inputs(tap, ALWAYS):
        left &= ~_source_moved(draft, entries, other)
    for other in reversed(earlier):
        before = _source_moved(draft, entries, other)
        together = before & draft.moved[:, entries]
        if np.any(left & before) and np.array_equal(together.any(axis=1), before.any(axis=1)):
            draft.edges.append(_edge(draft, other, tap, SOMETIMES, left & before))
            left &= ~before
    candidates = [other for other in later if _never_alone(draft, entries, other)]
    _earlier_turns(draft, tap, left, candidates)


def _source_moved(draft: _Draft, entries: Index, other: str) -> Marks:
    source = input_entries(draft.alignment, {}, entries, other)
    return np.asarray(draft.moved[:, np.maximum(source, 0)] & (source != NONE))


def _behind_move(draft: _Draft, entries: Index, other: str) -> Marks:
    """Tell for each run which entries stand behind a record of a tap that moved."""
    records = draft.entries(other)
    marks = draft.moved[:, records]
    first = np.where(marks.any(axis=1), records[np.argmax(marks, axis=1)], len(draft.base))
    return np.asarray(entries[None, :] > first[:, None])


def _never_alone(draft: _Draft, entries: Index, other: str) -> bool:
    """Tell whether, in each run in which a tap moved, an entry behind that moved, too."""
    behind = _behind_move(draft, entries, other)
    return bool(np.array_equal((behind & draft.moved[:, entries]).any(axis=1), behind.any(axis=1)))


def _earlier_turns(draft: _Draft, tap: str, left: Marks, candidates: Sequence[str]) -> None:
    """Explain the first move of each run that is left: by an earlier turn of a tap, or by what was moved."""
    entries = draft.telling(tap)
    behind = {other: _behind_move(draft, entries, other) & left for other in candidates}
    found: dict[str, Marks] = {}
    draft.externals[tap] = []
    for run in np.flatnonzero(left.any(axis=1)).tolist():
        first = int(np.argmax(left[run]))
        fits = [other for other, marks in behind.items() if marks[run, first]]
        if not fits:
            draft.externals[tap].append(draft.runs[run])
        for other in fits:
            if not any(other in draft.inputs(one, ALWAYS) for one in fits):
                found[other] = behind[other]
    draft.edges += [_edge(draft, other, tap, BEFORE, marks) for other, marks in found.items()]
    draft.open += [
        f"{tap} may use {other} of an earlier turn: in each run something else explains that it moves"
        for other, marks in behind.items()
        if marks.any() and not found and not any(other in draft.inputs(one, ALWAYS) for one in behind)
    ]


def _tap(draft: _Draft, tap: str) -> dict[str, Any]:
    site = draft.base.taps.get(tap)
    size = int(np.diff(draft.base.columns.start)[draft.entries(tap)[0]])
    return {
        "name": tap, "size": size, "unit": site.unit if site else "",
        "inputs": draft.inputs(tap, ALWAYS, SOMETIMES), "inputs_before": draft.inputs(tap, BEFORE),
        "externals": draft.externals[tap],
    }  # fmt: skip


def _told(draft: _Draft, taps: Sequence[str]) -> dict[str, Any]:
    """Return how the draft was found: the runs, what moved in each, each edge, and what stays open."""
    runs = [
        {
            "moved": name, "records_moved": int(np.count_nonzero(row)), "records": len(draft.base),
            "taps_moved": [tap for tap in taps if row[draft.entries(tap)].any()],
        }
        for name, row in zip(draft.runs, draft.moved, strict=True)
    ]  # fmt: skip
    still = [tap for tap in taps if not len(draft.telling(tap))]
    return {
        "program": draft.base.program, "method": METHOD, "limits": list(LIMITS), "runs": runs,
        "edges": [edge.facts() for edge in draft.edges], "never_moved": still, "open": draft.open,
    }  # fmt: skip
