"""The columns of a trace, and the builder that fills them block by block or record by record."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trace_tools.reading.bulk import ABSENT, LARGEST_TURN, WRAP, TextBlock
from trace_tools.reading.lines import Record
from trace_tools.tap_points import CONTEXT_COLUMNS

_PACK_LIMIT = 2**62


def kept_turn(turn: int) -> int:
    """Return a loop index as a table holds it."""
    return turn if turn >= 0 else turn + WRAP


def shown_turn(kept: int, key: str) -> int:
    """Return the loop index that a table holds; a key of the contract has none below zero."""
    return kept - WRAP if kept >= LARGEST_TURN and key not in CONTEXT_COLUMNS else kept


@dataclass(frozen=True)
class Columns:
    """Records as columns, n records and m different contexts.

    ``tap`` (n): tap id; ``context`` (n): row of ``contexts``; ``contexts`` (m, keys): loop indices in the
    order of ``keys``, -1 where one is absent; ``start`` (n + 1): where the numbers of a record begin in
    ``values``. The last of the keys is the occurrence of a tap.
    """

    tap: NDArray[np.uint32]
    context: NDArray[np.int32]
    contexts: NDArray[np.int32]
    start: NDArray[np.int64]
    values: NDArray[np.float64]
    keys: tuple[str, ...] = CONTEXT_COLUMNS

    def matrix(self, rows: NDArray[np.int64], size: int) -> NDArray[np.float64]:
        """Return the values of records that all have ``size`` numbers, shape (rows, size)."""
        return np.asarray(self.values[self.start[rows][:, None] + np.arange(size)])

    def some(self, rows: NDArray[np.int64]) -> Columns:
        """Return the columns of some records, in their order."""
        sizes = np.diff(self.start)[rows]
        start = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        within = np.arange(start[-1]) - np.repeat(start[:-1], sizes)
        values = self.values[np.repeat(self.start[rows], sizes) + within]
        return Columns(self.tap[rows], self.context[rows], self.contexts, start, values, self.keys)

    def with_keys(self, keys: tuple[str, ...]) -> Columns:
        """Return the columns with a table of contexts that has more keys, in another order."""
        if keys == self.keys:
            return self
        contexts = np.full((len(self.contexts), len(keys)), ABSENT, np.int32)
        contexts[:, [keys.index(key) for key in self.keys]] = self.contexts
        return replace(self, contexts=contexts, keys=keys)


def context_of(row: Iterable[int], keys: tuple[str, ...] = CONTEXT_COLUMNS) -> list[tuple[str, int]]:
    """Return the loop indices that a row of a context table holds."""
    return [(key, shown_turn(int(turn), key)) for key, turn in zip(keys, row, strict=True) if turn != ABSENT]


def number_contexts(*tables: NDArray[np.int32]) -> tuple[list[NDArray[np.int64]], NDArray[np.int32]]:
    """Give equal contexts of several tables equal numbers.

    Returns:
        For each table the numbers of its rows, and the one table of different contexts, sorted.
    """
    joined = np.concatenate(tables)
    spans = joined.max(axis=0, initial=0).astype(object) + 2
    if int(np.prod(spans)) < _PACK_LIMIT:
        packed = np.zeros(len(joined), np.int64)
        for column, span in enumerate(spans):
            packed = packed * int(span) + (joined[:, column] + 1)
        _, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
    else:
        _, first, inverse = np.unique(joined, axis=0, return_index=True, return_inverse=True)
    cuts = np.cumsum([len(table) for table in tables])[:-1]
    return np.split(inverse.reshape(-1).astype(np.int64), cuts), joined[first]


@contextmanager
def without_collection() -> Iterator[None]:
    """Keep the garbage collector from walking again and again through millions of short-lived records."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class ColumnsBuilder:
    """Collects blocks and single records and joins them at the end; new keys get new columns."""

    def __init__(self, keys: Iterable[str] = CONTEXT_COLUMNS) -> None:
        self.keys: dict[str, int] = {key: number for number, key in enumerate(keys)}
        self._blocks: list[TextBlock] = []
        self._single: list[tuple[int, Record]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, tap: int, record: Record) -> int:
        """Add one record and return its index."""
        self._single.append((tap, record))
        self._count += 1
        return self._count - 1

    def add_block(self, block: TextBlock) -> None:
        """Add the columns of consecutive records."""
        self._flush()
        self._blocks.append(block)
        self._count += len(block.tap)

    def _flush(self) -> None:
        if not self._single:
            return
        for _, record in self._single:
            for key, _ in record.context:
                self.keys.setdefault(key, len(self.keys))
        contexts = np.full((len(self._single), len(self.keys)), ABSENT, np.int32)
        for row, (_, record) in enumerate(self._single):
            for key, turn in record.context:
                contexts[row, self.keys[key]] = kept_turn(turn)
        numbers = [value for _, record in self._single for value in record.values]
        self._blocks.append(
            TextBlock(
                np.array([tap for tap, _ in self._single], np.uint32),
                np.arange(len(self._single), dtype=np.int32),
                contexts,
                np.array(numbers, np.float64),
                np.array([len(record.values) for _, record in self._single], np.uint32),
            )
        )
        self._single.clear()

    def last(self) -> tuple[int, list[tuple[str, int]]] | None:
        """Return tap id and context of the last record, None if there is none."""
        self._flush()
        if not self._blocks:
            return None
        block = self._blocks[-1]
        row = block.contexts[block.context[-1]]
        return int(block.tap[-1]), context_of(row, tuple(self.keys)[: len(row)])

    def finish(self) -> Columns:
        """Join what was collected; equal contexts get one row."""
        self._flush()
        keys = tuple(self.keys)
        blocks, self._blocks = self._blocks, []
        if not blocks:
            empty = np.zeros(0, np.int64)
            return Columns(
                empty.astype(np.uint32),
                empty.astype(np.int32),
                np.zeros((0, len(keys)), np.int32),
                np.zeros(1, np.int64),
                empty.astype(np.float64),
                keys,
            )
        (numbers,), contexts = number_contexts(np.concatenate([_wide(one, len(keys)) for one in blocks]))
        rows = np.cumsum([0, *(len(one.contexts) for one in blocks)])
        turned = numbers.astype(np.int32)
        context = np.concatenate([turned[one.context + row] for one, row in zip(blocks, rows, strict=False)])
        sizes = np.concatenate([one.sizes for one in blocks])
        start = np.zeros(len(sizes) + 1, np.int64)
        np.cumsum(sizes, out=start[1:])
        tap, values = (np.concatenate([getattr(one, part) for one in blocks]) for part in ("tap", "values"))
        return Columns(tap, context, contexts, start, values, keys)


def _wide(block: TextBlock, width: int) -> NDArray[np.int32]:
    """Contexts of a block with a column for each key that came after it."""
    return np.pad(block.contexts, ((0, 0), (0, width - block.contexts.shape[1])), constant_values=ABSENT)


def numbered_repeats(columns: Columns) -> tuple[Columns, int]:
    """Number the records of a tap that repeats itself in one context: the second has the occurrence 2.

    Returns:
        The columns, and how many records got a number.
    """
    code = columns.context.astype(np.int64) * (int(columns.tap.max(initial=0)) + 1) + columns.tap
    order = np.argsort(code, kind="stable")
    first = np.ones(len(order), bool)
    first[1:] = code[order][1:] != code[order][:-1]
    if first.all():
        return columns, 0
    place = np.arange(len(order))
    turn = np.empty(len(order), np.int64)
    turn[order] = place - np.maximum.accumulate(np.where(first, place, 0)) + 1
    again = np.flatnonzero(turn > 1)
    table = columns.contexts[columns.context[again]].copy()
    table[:, -1] = turn[again]
    (rows,), added = number_contexts(table)
    context = columns.context.copy()
    context[again] = rows + len(columns.contexts)
    return replace(columns, context=context, contexts=np.concatenate([columns.contexts, added])), len(again)
