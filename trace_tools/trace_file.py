"""Reading of traces: a table of columns for millions of records, and records one by one."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from trace_tools.bulk import ABSENT, parse_block
from trace_tools.errors import TraceError
from trace_tools.lines import Record, parse_line, show_context
from trace_tools.older_formats import OlderReader
from trace_tools.tap_points import CONTEXT_KEYS, SCHEMA, TAP_ID
from trace_tools.trace_columns import Columns, ColumnsBuilder

BLOCK_BYTES = 1 << 18
LONGEST_LINE = 1 << 22
PREFIXES = ("TRACE_C:", "TRACE_PY:")
SHOWN_LINES = 20


@dataclass(frozen=True)
class Trace:
    """All records of one trace as columns, in the order of the file.

    ``columns`` holds tap ids, contexts and values; ``names`` the tap name of each id; ``words`` the texts of
    records that are not numbers. ``schema`` is 1 for the contract and 0 for an older format. ``unmapped``
    shows the first lines that could not be mapped (``unmapped_count`` in all); ``broken`` says after which
    record the file ended in the middle of a line, or is empty.
    """

    source: str
    prefix: str
    program: str
    schema: int
    names: tuple[str, ...]
    columns: Columns
    words: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    skipped_lines: int = 0
    unmapped: tuple[str, ...] = ()
    unmapped_count: int = 0
    broken: str = ""

    def __len__(self) -> int:
        return len(self.columns.tap)

    def record(self, index: int) -> Record:
        """Return one record: its tap, context and values."""
        columns = self.columns
        row = columns.contexts[columns.context[index]]
        context = tuple(
            (key, int(turn)) for key, turn in zip(CONTEXT_KEYS, row, strict=True) if turn != ABSENT
        )
        numbers = columns.values[columns.start[index] : columns.start[index + 1]]
        return Record(
            self.names[columns.tap[index]], tuple(numbers.tolist()), context, self.words.get(index, ())
        )

    def records(self) -> Iterator[Record]:
        """Iterate over the records in the order of the file."""
        return map(self.record, range(len(self)))

    def pixels(self) -> set[tuple[int, int]]:
        """Return the traced pixels as (slow, fast)."""
        rows = self.columns.contexts[:, :2]
        return {(int(slow), int(fast)) for slow, fast in np.unique(rows, axis=0) if slow != ABSENT}


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Millions of short-lived tuples would each time be walked through in vain."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """Cut a stream into blocks of whole lines; only the last block may lack its newline.

    Raises: TraceError for a line that no trace can have.
    """
    rest = b""
    while chunk := stream.read(BLOCK_BYTES):
        cut = chunk.rfind(b"\n") + 1
        if cut == 0:
            rest += chunk
            if len(rest) > LONGEST_LINE:
                raise TraceError(
                    f"a line is longer than {LONGEST_LINE} bytes: this is no trace; give a text file"
                )
            continue
        yield rest + chunk[:cut]
        rest = chunk[cut:]
    if rest:
        yield rest


class _Reader:
    """Takes blocks of a file and fills the columns."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.prefix = ""
        self.program = ""
        self.older: OlderReader | None = None
        self.builder = ColumnsBuilder()
        self.names: dict[str, int] = dict(TAP_ID)
        self.words: dict[int, tuple[str, ...]] = {}
        self.unmapped: list[str] = []
        self.unmapped_count = 0
        self.skipped = 0
        self.line_number = 0
        self.broken = ""

    def take(self, block: bytes) -> None:
        """Parse one block of lines."""
        if b"TRACE_" not in block and block.endswith(b"\n"):
            self._count_lines(block)
            return
        if self.program and not self.older and block.endswith(b"\n"):
            found = parse_block(block, self.prefix.encode())
            if found is not None:
                self.builder.add_block(found.tap, found.context, found.contexts, found.values, found.sizes)
                self.line_number += len(found.tap)
                return
        self._take_lines(block)

    def _count_lines(self, block: bytes) -> None:
        lines = block.count(b"\n")
        self.skipped += lines
        self.line_number += lines

    def _take_lines(self, block: bytes) -> None:
        complete, _, tail = block.rpartition(b"\n")
        for raw in complete.split(b"\n") if complete else ():
            self.line_number += 1
            if raw.startswith(b"TRACE_"):
                self._take_line(raw.rstrip(b"\r").decode("utf-8", "replace"))
            else:
                self.skipped += 1
        if not tail:
            return
        self.line_number += 1
        if tail.startswith(b"TRACE_") or b"TRACE_".startswith(tail[:6]):
            after = self._last_of_columns() or "the first line"
            self.broken = f"{self.source} breaks off in the middle of line {self.line_number}, after {after}"
        else:
            self.skipped += 1

    def _last_of_columns(self) -> str:
        tail = self.builder.last()
        if tail is None:
            return ""
        tap, row = tail
        context = [(key, int(turn)) for key, turn in zip(CONTEXT_KEYS, row, strict=True) if turn != ABSENT]
        return f"{list(self.names)[tap]} {show_context(context)}".strip()

    def _take_line(self, line: str) -> None:
        if self.older:
            self.older.take(line)
        elif not self.prefix:
            self._take_first(line)
        elif not self.program:
            self._take_program(line)
        else:
            self._take_record(line)

    def _take_first(self, line: str) -> None:
        prefix, _, rest = line.partition(" ")
        words = rest.split()
        if prefix not in PREFIXES or words[:1] != ["schema"]:
            self.older = OlderReader()
            self.older.take(line)
            return
        if rest.split(" ", 1)[1] != SCHEMA:
            raise TraceError(f"{self._at()}: schema '{rest[7:]}' is unknown; this tool reads '{SCHEMA}'")
        self.prefix = prefix

    def _take_program(self, line: str) -> None:
        words = line.split()
        if words[:2] != [self.prefix, "program"] or len(words) < 3:
            raise TraceError(
                f"{self._at()}: '{line[:60]}' stands where '{self.prefix} program NAME VERSION' "
                "must be; make the trace again"
            )
        self.program = " ".join(words[2:])

    def _take_record(self, line: str) -> None:
        prefix, _, rest = line.partition(" ")
        if prefix != self.prefix or rest.split(" ", 1)[0] in {"schema", "program"}:
            raise TraceError(
                f"{self._at()}: '{line[:60]}' in a trace of '{self.prefix} {self.program}': two "
                "programs are mixed in one file; write each trace to a file of its own"
            )
        try:
            record = parse_line(rest)
        except ValueError as error:
            raise TraceError(f"{self._at()}: {error}; make the trace again") from None
        if record.tap not in TAP_ID:
            self._show_unmapped(line)
        self._add(record)

    def _at(self) -> str:
        return f"{self.source}, line {self.line_number}"

    def _show_unmapped(self, line: str) -> None:
        self.unmapped_count += 1
        if len(self.unmapped) < SHOWN_LINES:
            self.unmapped.append(line)

    def _add(self, record: Record) -> None:
        index = self.builder.add(self.names.setdefault(record.tap, len(self.names)), record)
        if record.words:
            self.words[index] = record.words

    def finish(self) -> Trace:
        """Return the trace. Raises: TraceError if there is no record in the file."""
        schema = 1
        if self.older:
            schema, self.prefix = 0, self.older.prefix
            self.program = self.older.program
            for record in self.older.finish():
                self._add(record)
            for line in self.older.unmapped:
                self._show_unmapped(line)
        if len(self.builder) == 0 and not self.broken:
            what = "is empty" if self.line_number == 0 else f"has no trace record in {self.line_number} lines"
            raise TraceError(f"{self.source} {what}; a trace begins with 'TRACE_C: schema {SCHEMA}'")
        return Trace(
            self.source,
            self.prefix.rstrip(":"),
            self.program,
            schema,
            tuple(self.names),
            self.builder.finish(),
            self.words,
            self.skipped,
            tuple(self.unmapped),
            self.unmapped_count,
            self.broken,
        )


def read_stream(stream: BinaryIO, source: str) -> Trace:
    """Read a trace from a binary stream.

    Lines that do not begin with ``TRACE_`` are skipped and counted. A stream that ends in the middle of a
    trace line gives the records before it, and ``broken`` says so.

    Args:
        stream: bytes of the trace.
        source: the name to call it by in messages.

    Raises: TraceError for a line that breaks the contract, two programs in one stream, or no record at all.
    Source: trace contract, "Line format" and "Older traces".
    """
    reader = _Reader(source)
    with _no_garbage_collection():
        for block in blocks(stream):
            reader.take(block)
        return reader.finish()


def read_trace(path: str | Path) -> Trace:
    """Read a trace file; see `read_stream`. Raises: TraceError also if the file cannot be opened."""
    try:
        with Path(path).open("rb") as stream:
            return read_stream(stream, str(path))
    except OSError as error:
        reason = error.strerror or str(error)
        raise TraceError(f"cannot read trace '{path}': {reason}; give an existing trace file") from None
