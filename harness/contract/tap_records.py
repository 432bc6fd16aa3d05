"""Two traces held to each other bit for bit: which records differ, and which of them nothing declares."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.contract.rules import Pixel
from system_io.shown import printable
from trace_tools.arrays import Index
from trace_tools.errors import TraceError
from trace_tools.judging.align import Alignment, align
from trace_tools.judging.blame import in_dependency_order
from trace_tools.judging.lookup import DEFAULT_GRAPH
from trace_tools.reading.lines import Record, show_context
from trace_tools.reading.trace_file import TraceLog, read_stream


@dataclass(frozen=True)
class TapJudgement:
    """What two traces of some pixels say about taps that may change.

    Attributes:
        records, taps: compared, and how many taps they are of.
        held: records that may not differ.
        differing: taps with a record that differs, in order of computation.
        undeclared: of these, those that may not.
        place: the first undeclared record in words, empty for none.
        exact: whether all digits are printed.
    """

    records: int
    taps: int
    held: int
    differing: tuple[str, ...]
    undeclared: tuple[str, ...]
    place: str
    exact: bool


def read_log(log: bytes, name: str) -> TraceLog:
    """Read a trace.

    Raises:
        TraceError: it is none.
    """
    return read_stream(io.BytesIO(log), name)


def tap_judgement(
    traces: Mapping[str, TraceLog], allowed: frozenset[str], pixels: Sequence[Pixel]
) -> TapJudgement:
    """Compare two traces bit for bit.

    Args:
        traces: of both sides, by name.
        allowed: taps whose records may differ, or be on one side only.
        pixels: (slow, fast) that must be in both.

    Raises:
        TraceError: a pixel is missing, or the traces cannot be aligned.
    """
    names = list(traces)
    first, second = _alike(*traces.values())
    for name, trace in zip(names, (first, second), strict=True):
        lacking = [pixel for pixel in pixels if pixel not in trace.pixels()]
        if lacking or trace.broken:
            slow, fast = lacking[0] if lacking else pixels[0]
            raise TraceError(f"the trace of {name} lacks pixel slow {slow} fast {fast}, or breaks off")
    alignment = align(first, second)
    entries = _unequal(first, second, alignment)
    known = [alignment.names[number] for number in np.unique(alignment.tap[entries]).tolist()]
    differing = in_dependency_order(known, DEFAULT_GRAPH)
    undeclared = [name for name in differing if name not in allowed]
    place = ""
    if undeclared:
        entry = next(e for e in entries.tolist() if alignment.names[alignment.tap[e]] == undeclared[0])
        place = _place(names, (first, second), alignment, entry)
    free = [number for number, name in enumerate(alignment.names) if name in allowed]
    held = int(np.count_nonzero(~np.isin(alignment.tap, free)))
    return TapJudgement(
        len(alignment.tap), len(np.unique(alignment.tap)), held, tuple(differing), tuple(undeclared), place,
        bool(first.schema and second.schema),
    )  # fmt: skip


def _alike(first: TraceLog, second: TraceLog) -> tuple[TraceLog, TraceLog]:
    """Return both traces without the taps that only one of them can have."""
    version = min(first.schema, second.schema)
    if version:
        first, second = first.as_of(version), second.as_of(version)
    return first.of_taps(second.only), second.of_taps(first.only)


def _unequal(first: TraceLog, second: TraceLog, alignment: Alignment) -> Index:
    """Return the entries whose records are on one side only, or differ in a bit or a word, in order."""
    paired = np.flatnonzero((alignment.a >= 0) & (alignment.b >= 0))
    alone = np.flatnonzero((alignment.a < 0) | (alignment.b < 0))
    rows = alignment.a[paired], alignment.b[paired]
    sizes = [np.diff(trace.columns.start)[row] for trace, row in zip((first, second), rows, strict=True)]
    differ = sizes[0] != sizes[1]
    for size in np.unique(sizes[0][~differ]).tolist():
        here = np.flatnonzero(~differ & (sizes[0] == size))
        one, other = (
            trace.columns.matrix(row[here], size).view(np.uint64)
            for trace, row in zip((first, second), rows, strict=True)
        )
        differ[here] |= (one != other).any(axis=1)
    wordy = np.isin(rows[0], list(first.words)) | np.isin(rows[1], list(second.words))
    for number in np.flatnonzero(wordy).tolist():
        texts = [
            trace.words.get(int(row[number]), ()) for trace, row in zip((first, second), rows, strict=True)
        ]
        differ[number] |= texts[0] != texts[1]
    return np.sort(np.concatenate([paired[differ], alone]))


def _place(names: Sequence[str], traces: tuple[TraceLog, TraceLog], alignment: Alignment, entry: int) -> str:
    """Return tap, loop context and both values of an entry in words."""
    numbers = int(alignment.a[entry]), int(alignment.b[entry])
    records = [
        trace.record(number) if number >= 0 else None for trace, number in zip(traces, numbers, strict=True)
    ]
    there = next(record for record in records if record is not None)
    context = show_context(there.context)
    shown = [f"{name} {_values(record)}" for name, record in zip(names, records, strict=True)]
    return f"tap {there.tap}{' ' + context if context else ''}: {', '.join(shown)}"


def _values(record: Record | None) -> str:
    if record is None:
        return "has no such record"
    return " ".join([*(f"{value:.17g}" for value in record.values), *map(printable, record.words)])
