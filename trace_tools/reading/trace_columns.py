"""The columns of a trace, and the builder that fills them block by block or record by record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trace_tools.reading.bulk import ABSENT
from trace_tools.reading.lines import Record
from trace_tools.tap_points import CONTEXT_COLUMNS

_COLUMN = {key: number for number, key in enumerate(CONTEXT_COLUMNS)}
_PACK_LIMIT = 2**62


@dataclass(frozen=True)
class Columns:
    """Records as columns, n records and m different contexts.

    ``tap`` (n): tap id; ``context`` (n): row of ``contexts``; ``contexts`` (m, 9): loop indices in the order
    of the context keys and the occurrence, -1 where one is absent; ``start`` (n + 1): where a record's
    numbers begin in ``values``.
    """

    tap: NDArray[np.uint32]
    context: NDArray[np.int32]
    contexts: NDArray[np.int32]
    start: NDArray[np.int64]
    values: NDArray[np.float64]

    def matrix(self, rows: NDArray[np.int64], size: int) -> NDArray[np.float64]:
        """Return the values of records that all have ``size`` numbers, shape (rows, size)."""
        return np.asarray(self.values[self.start[rows][:, None] + np.arange(size)])

    def some(self, rows: NDArray[np.int64]) -> Columns:
        """Return the columns of some records, in their order."""
        sizes = np.diff(self.start)[rows]
        start = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        within = np.arange(start[-1]) - np.repeat(start[:-1], sizes)
        values = self.values[np.repeat(self.start[rows], sizes) + within]
        return Columns(self.tap[rows], self.context[rows], self.contexts, start, values)


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


class ColumnsBuilder:
    """Collects blocks and single records and joins them at the end."""

    def __init__(self) -> None:
        self._tap: list[NDArray[np.uint32]] = []
        self._context: list[NDArray[np.int32]] = []
        self._contexts: list[NDArray[np.int32]] = []
        self._sizes: list[NDArray[np.uint32]] = []
        self._values: list[NDArray[np.float64]] = []
        self._single: list[tuple[int, Record]] = []
        self._count = 0
        self._rows = 0

    def __len__(self) -> int:
        return self._count

    def add(self, tap: int, record: Record) -> int:
        """Add one record and return its index."""
        self._single.append((tap, record))
        self._count += 1
        return self._count - 1

    def add_block(
        self,
        tap: NDArray[np.uint32],
        context: NDArray[np.int32],
        contexts: NDArray[np.int32],
        values: NDArray[np.float64],
        sizes: NDArray[np.uint32],
    ) -> None:
        """Add the columns of consecutive records."""
        self._flush()
        self._append(tap, context, contexts, values, sizes)
        self._count += len(tap)

    def _append(
        self,
        tap: NDArray[np.uint32],
        context: NDArray[np.int32],
        contexts: NDArray[np.int32],
        values: NDArray[np.float64],
        sizes: NDArray[np.uint32],
    ) -> None:
        self._tap.append(tap)
        self._context.append((context + self._rows).astype(np.int32))
        self._contexts.append(contexts)
        self._values.append(values)
        self._sizes.append(sizes)
        self._rows += len(contexts)

    def _flush(self) -> None:
        if not self._single:
            return
        contexts = np.full((len(self._single), len(CONTEXT_COLUMNS)), ABSENT, np.int32)
        for row, (_, record) in enumerate(self._single):
            for key, turn in record.context:
                contexts[row, _COLUMN[key]] = turn
        numbers = [value for _, record in self._single for value in record.values]
        self._append(
            np.array([tap for tap, _ in self._single], np.uint32),
            np.arange(len(self._single), dtype=np.int32),
            contexts,
            np.array(numbers, np.float64),
            np.array([len(record.values) for _, record in self._single], np.uint32),
        )
        self._single.clear()

    def last(self) -> tuple[int, NDArray[np.int32]] | None:
        """Return tap id and context row of the last record, None if there is none."""
        self._flush()
        if not self._tap:
            return None
        return int(self._tap[-1][-1]), self._contexts[-1][self._context[-1][-1] - self._rows]

    def finish(self) -> Columns:
        """Join what was collected; equal contexts get one row."""
        self._flush()
        if not self._tap:
            empty = np.zeros(0, np.int64)
            return Columns(
                empty.astype(np.uint32),
                empty.astype(np.int32),
                np.zeros((0, len(CONTEXT_COLUMNS)), np.int32),
                np.zeros(1, np.int64),
                empty.astype(np.float64),
            )
        (numbers,), contexts = number_contexts(np.concatenate(self._contexts))
        sizes = np.concatenate(self._sizes)
        start = np.zeros(len(sizes) + 1, np.int64)
        np.cumsum(sizes, out=start[1:])
        context = numbers.astype(np.int32)[np.concatenate(self._context)]
        return Columns(np.concatenate(self._tap), context, contexts, start, np.concatenate(self._values))
