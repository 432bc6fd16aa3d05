"""Pairing of the records of two traces by tap name and loop context."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from trace_tools.arrays import Index
from trace_tools.errors import TraceError
from trace_tools.reading.bulk import ABSENT
from trace_tools.reading.stream_check import repeated
from trace_tools.reading.trace_columns import number_contexts
from trace_tools.reading.trace_log import TraceLog
from trace_tools.tap_points import CONTEXT_COLUMNS

AlignedRow = tuple[int, ...]


class Pass(enum.IntEnum):
    """The pass that paired two records."""

    exact = 1
    older = 2
    order = 3


class NotComparableError(TraceError):
    """Two traces that are each readable but do not describe the same thing."""

    exit_status: ClassVar[int | None] = 2


@dataclass(frozen=True)
class Alignment:
    """The records of both traces in one table, in execution order.

    ``a``, ``b``: record index on each side, -1 where there is none; ``by``: the pass that paired the entry, 0
    for an entry without a partner; ``tap``: id in ``names``; ``context``: row of ``contexts`` (loop
    indices in the order of ``keys``, the last of which is the occurrence, -1 absent). An entry of B alone
    stands after the entry of the record before it.
    """

    a: Index
    b: Index
    by: NDArray[np.int8]
    tap: NDArray[np.uint32]
    context: NDArray[np.int32]
    contexts: NDArray[np.int32]
    names: tuple[str, ...]
    keys: tuple[str, ...] = CONTEXT_COLUMNS

    def passes(self) -> dict[str, int]:
        """Return how many entries each pass paired."""
        return {step.name: int(np.count_nonzero(self.by == step)) for step in Pass}

    @cached_property
    def _by_tap(self) -> tuple[Index, Index]:
        order = np.argsort(self.tap, kind="stable")
        return order, np.searchsorted(self.tap[order], np.arange(len(self.names) + 1))

    def entries(self, name: str) -> Index:
        """Return the entries of a tap in execution order."""
        if name not in self._ids:
            return np.zeros(0, np.int64)
        order, first = self._by_tap
        number = self._ids[name]
        return order[first[number] : first[number + 1]]

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}


def _common_names(a: TraceLog, b: TraceLog) -> tuple[tuple[str, ...], NDArray[np.uint32]]:
    names = {name: number for number, name in enumerate(a.names)}
    renumber = np.array([names.setdefault(name, len(names)) for name in b.names], np.uint32)
    return tuple(names), renumber


@dataclass(frozen=True)
class _Keys:
    """Tap ids and context rows of both traces in common numbers."""

    tap_a: NDArray[np.uint32]
    tap_b: NDArray[np.uint32]
    row_a: NDArray[np.int32]
    row_b: NDArray[np.int32]
    contexts: NDArray[np.int32]
    names: tuple[str, ...]
    keys: tuple[str, ...]

    def codes(self) -> tuple[Index, Index]:
        """Return one number for each pair of tap and context."""
        size = max(len(self.contexts), 1)
        return (
            self.tap_a.astype(np.int64) * size + self.row_a,
            self.tap_b.astype(np.int64) * size + self.row_b,
        )


def _common_keys(a: TraceLog, b: TraceLog) -> _Keys:
    names, renumber = _common_names(a, b)
    keys = _joined_keys(a.columns.keys, b.columns.keys)
    a, b = (replace(trace, columns=trace.columns.with_keys(keys)) for trace in (a, b))
    (rows_a, rows_b), contexts = number_contexts(a.columns.contexts, b.columns.contexts)
    return _Keys(
        a.columns.tap,
        renumber[b.columns.tap],
        rows_a.astype(np.int32)[a.columns.context],
        rows_b.astype(np.int32)[b.columns.context],
        contexts,
        names,
        keys,
    )


def _joined_keys(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys of both, the occurrence last; those of the contract come first, as everywhere."""
    if one == other:
        return one
    first, second = sorted(((one, other)), key=lambda keys: keys != CONTEXT_COLUMNS)
    loops = dict.fromkeys((*first[:-1], *second[:-1]))
    return (*loops, first[-1])


def _match(code_a: Index, code_b: Index) -> tuple[Index, Index]:
    """Pair equal codes; what both streams begin and end with needs no sorting."""
    shorter = min(len(code_a), len(code_b))
    head = _common_length(code_a[:shorter], code_b[:shorter])
    tail = _common_length(code_a[head:][::-1][: shorter - head], code_b[head:][::-1][: shorter - head])
    end_a, end_b = len(code_a) - tail, len(code_b) - tail
    _, at_a, at_b = np.intersect1d(
        code_a[head:end_a], code_b[head:end_b], assume_unique=True, return_indices=True
    )
    order = np.argsort(at_a)
    first, last = np.arange(head), np.arange(tail)
    return (
        np.concatenate([first, at_a[order] + head, last + end_a]),
        np.concatenate([first, at_b[order] + head, last + end_b]),
    )


def _common_length(one: Index, other: Index) -> int:
    apart = one != other
    return int(np.argmax(apart)) if apart.any() else len(one)


def _left(length: int, taken: Index) -> Index:
    free = np.ones(length, bool)
    free[taken] = False
    return np.flatnonzero(free)


def _fits(row_a: AlignedRow, row_b: AlignedRow) -> bool:
    """Tell whether two contexts could be the same: where both have a key, they have the same turn."""
    return all(one in (other, ABSENT) or other == ABSENT for one, other in zip(row_a, row_b, strict=True))


def _match_loosely(a: TraceLog, b: TraceLog, left_a: Index, left_b: Index) -> list[tuple[int, int, int]]:
    """Pair the rest of an older trace: first equal turns without the pixel, then order of appearance."""
    groups: dict[str, tuple[dict[int, AlignedRow], dict[int, AlignedRow]]] = {}
    for side, (trace, left) in enumerate(((a, left_a), (b, left_b))):
        rows = trace.columns.contexts[:, :-1].tolist()
        for index in left.tolist():
            group = groups.setdefault(trace.names[trace.columns.tap[index]], ({}, {}))
            group[side][index] = tuple(rows[trace.columns.context[index]])
    found: list[tuple[int, int, int]] = []
    for ones, others in groups.values():
        if ones and others:
            found += _pair_rows(ones, others, Pass.older)
            found += _pair_rows(ones, others, Pass.order)
    return found


def _pair_rows(
    ones: dict[int, AlignedRow], others: dict[int, AlignedRow], step: Pass
) -> list[tuple[int, int, int]]:
    """Pair the entries of one tap in their order and take them out; one that fits none stays."""
    turns: dict[AlignedRow, dict[int, AlignedRow]] = {}
    for index, row in others.items():
        turns.setdefault(row[2:] if step == Pass.older else (), {})[index] = row
    found: list[tuple[int, int, int]] = []
    hopeless: set[AlignedRow] = set()
    for index, row in ones.items():
        rest = turns.get(row[2:] if step == Pass.older else (), {})
        partner = None
        if row not in hopeless:
            partner = next((other for other in rest if _fits(row, rest[other])), None)
        if partner is None:
            hopeless.add(row)
            continue
        del rest[partner], others[partner]
        found.append((index, partner, step))
    for index, _, _ in found:
        del ones[index]
    return found


def _demand_comparable(a: TraceLog, b: TraceLog) -> None:
    for trace in (a, b):
        again = repeated(trace)
        if again:
            raise TraceError(
                f"{trace.source}: {again[0]}; each tap may occur once in a context: make the trace "
                "again, one run a file"
            )
    pixels_a, pixels_b = a.pixels(), b.pixels()
    whole = not (a.broken or b.broken)
    if pixels_a and pixels_b and ((whole and pixels_a != pixels_b) or not pixels_a & pixels_b):
        one = min(pixels_a ^ pixels_b)
        side, other = (a, b) if one in pixels_a else (b, a)
        raise NotComparableError(
            f"different pixels: slow {one[0]} fast {one[1]} is traced in {side.source} but "
            f"not in {other.source}; trace the same pixels in both"
        )


def align(a: TraceLog, b: TraceLog) -> Alignment:
    """Pair the records of two traces.

    Passes: equal tap and equal context; for older traces, whose contexts are incomplete, equal tap and equal
    turns where the pixel is unknown; equal tap in the order of appearance where no known turn contradicts.
    Each record is paired at most once.

    Raises:
        TraceError: for a repeated tap.
        NotComparableError: for different pixels or nothing in common.

    Source: trace contract, "Older traces".
    """
    _demand_comparable(a, b)
    keys = _common_keys(a, b)
    partner = np.full(len(a), -1, np.int64)
    at_a, at_b = _match(*keys.codes())
    partner[at_a] = at_b
    by = np.where(partner >= 0, Pass.exact, 0).astype(np.int8)
    if a.schema == 0 or b.schema == 0:
        for index, other, step in _match_loosely(a, b, _left(len(a), at_a), _left(len(b), at_b)):
            partner[index], by[index] = other, step
    if not np.any(partner >= 0):
        raise NotComparableError(f"{a.source} and {b.source} have no record in common; nothing was compared")
    return _merge(keys, partner, by)


def _merge(keys: _Keys, partner: Index, by: NDArray[np.int8]) -> Alignment:
    paired = np.flatnonzero(partner >= 0)
    only_b = _left(len(keys.tap_b), partner[paired])
    a = np.arange(len(partner))
    tap, row = keys.tap_a, keys.row_a
    if len(only_b):
        home = np.full(len(keys.tap_b), -1, np.int64)
        home[partner[paired]] = paired
        known = np.maximum.accumulate(np.where(home >= 0, np.arange(len(home)), 0))
        order = np.argsort(np.concatenate([a.astype(np.float64), home[known[only_b]] + 0.5]), kind="stable")
        none = np.full(len(only_b), -1, np.int64)
        a, partner = np.concatenate([a, none])[order], np.concatenate([partner, only_b])[order]
        by = np.concatenate([by, np.zeros(len(only_b), np.int8)])[order]
        tap = np.concatenate([tap, keys.tap_b[only_b]])[order]
        row = np.concatenate([row, keys.row_b[only_b]])[order]
    return Alignment(a, partner, by, tap, row, keys.contexts, keys.names, keys.keys)
