"""Reading of traces: a table of columns for millions of records, and records one by one."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from system_io.files import irregular
from system_io.shown import printable
from trace_tools.errors import TraceError
from trace_tools.reading.bulk import ABSENT, parse_block
from trace_tools.reading.lines import Record, parse_line, show_context
from trace_tools.reading.log_text import LOOKS_LIKE_A_RECORD, Lines, TraceLine, blocks, trace_lines
from trace_tools.reading.numerals import PrintedDigits
from trace_tools.reading.older_formats import OlderReader
from trace_tools.reading.trace_columns import Columns, ColumnsBuilder
from trace_tools.tap_points import CONTEXT_COLUMNS, FORMAT, SCHEMA, SUBSET, TAP_ID, TAP_POINTS, VERSIONS

BLOCK_BYTES = 1 << 18
_SCHEMAS = {f"{FORMAT} {version}": version for version in VERSIONS}
# numbers of the first block tell how many digits a trace of version 1 prints; the contract wants all
_DECIMAL = re.compile(rb"(?<=[ \t])[-+]?[0-9]*\.[0-9]+(?:[eE][-+]?[0-9]+)?(?=[ \t\n])")
_ANY_TRACE = re.compile(rb"TRACE[_: -]", re.IGNORECASE)


@dataclass(frozen=True)
class TraceLog:
    """All records of one trace as columns, in the order of the file.

    ``columns`` holds tap ids, contexts and values; ``names`` the tap name of each id; ``words`` the texts of
    records that are not numbers. ``schema`` is the version of the contract, 0 for an older format;
    ``unmapped`` shows the first lines that could not be mapped (``unmapped_count`` in all), ``aside`` those
    that look like records and cannot be compared, with the reason, ``behind`` records that stood behind other
    text and were read. ``broken`` says after which record the file ended in the middle of a line, ``unended``
    the same of a file whose last line is whole but has no newline; each is empty otherwise. ``digits`` is the
    precision of the printing, ``conversions`` how often which name was read as which tap with which factor,
    ``newer_count`` the records left out because the other trace is of a version without their taps. ``only``
    are the taps that the trace says it has (empty: all), ``foreign_count`` the records left out because the
    other trace says that it has not their taps.
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
    unended: str = ""
    aside: tuple[str, ...] = ()
    aside_count: int = 0
    behind: tuple[str, ...] = ()
    behind_count: int = 0
    digits: PrintedDigits = field(default_factory=PrintedDigits)
    conversions: Mapping[tuple[str, str, float], int] = field(default_factory=dict)
    newer_count: int = 0
    only: frozenset[str] = frozenset()
    foreign_count: int = 0

    def __len__(self) -> int:
        return len(self.columns.tap)

    def record(self, index: int) -> Record:
        """Return one record: its tap, context and values."""
        columns = self.columns
        row = columns.contexts[columns.context[index]]
        context = tuple(context_of(row))
        numbers = columns.values[columns.start[index] : columns.start[index + 1]]
        return Record(
            self.names[columns.tap[index]], tuple(numbers.tolist()), context, self.words.get(index, ())
        )

    def records(self) -> Iterator[Record]:
        """Iterate over the records in the order of the file."""
        return map(self.record, range(len(self)))

    def as_of(self, version: int) -> TraceLog:
        """Return the trace without the records of taps that came after a version of the contract."""
        later = [name in TAP_ID and TAP_POINTS[TAP_ID[name]].since > version for name in self.names]
        kept = self._without(later)
        return replace(kept, newer_count=len(self) - len(kept))

    def of_taps(self, names: frozenset[str]) -> TraceLog:
        """Return the trace without the taps of the contract that are not among some; none stands for all."""
        if not names:
            return self
        kept = self._without([name in TAP_ID and name not in names for name in self.names])
        return replace(kept, foreign_count=len(self) - len(kept))

    def _without(self, left_out: list[bool]) -> TraceLog:
        """Return the trace without the records of some names."""
        keep = np.flatnonzero(~np.array(left_out, bool)[self.columns.tap])
        if len(keep) == len(self):
            return self
        place = {old: new for new, old in enumerate(keep.tolist())}
        words = {place[old]: texts for old, texts in self.words.items() if old in place}
        return replace(self, columns=self.columns.some(keep), words=words)

    def pixels(self) -> set[tuple[int, int]]:
        """Return the traced pixels as (slow, fast)."""
        rows = self.columns.contexts[:, :2]
        return {(int(slow), int(fast)) for slow, fast in np.unique(rows, axis=0) if slow != ABSENT}


def context_of(row: Iterable[int]) -> list[tuple[str, int]]:
    """Return the loop indices that a row of a context table holds."""
    return [(key, int(turn)) for key, turn in zip(CONTEXT_COLUMNS, row, strict=True) if turn != ABSENT]


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


class _Reader:
    """Takes blocks of a file and fills the columns."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.prefix = ""
        self.program = ""
        self.schema = 0
        self.older: OlderReader | None = None
        self.builder = ColumnsBuilder()
        self.names: dict[str, int] = dict(TAP_ID)
        self.words: dict[int, tuple[str, ...]] = {}
        self.digits = PrintedDigits()
        self.unmapped = Lines()
        self.aside = Lines()
        self.behind = Lines()
        self.skipped = 0
        self.only: frozenset[str] = frozenset()
        self.line_number = 0
        self.broken = ""
        self.unended = ""

    def take(self, block: bytes) -> None:
        """Parse one block of lines."""
        if self.line_number == 0:
            for number in _DECIMAL.findall(block):
                self.digits.note(number.decode("ascii"))
        if not _ANY_TRACE.search(block) and block.endswith(b"\n"):
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
        *complete, tail = block.split(b"\n")
        for raw in complete:
            self.line_number += 1
            if _ANY_TRACE.search(raw):
                self._take_text(raw.decode("utf-8", "replace"))
            else:
                self.skipped += 1
        if tail:
            self.line_number += 1
            self._take_tail(tail.decode("utf-8", "replace"))

    def _take_text(self, text: str) -> None:
        front, lines = trace_lines(text, self.line_number)
        if not lines:
            self.skipped += 1
            if LOOKS_LIKE_A_RECORD.search(text):
                self._set_aside(f"'{text[:60]}' looks like a record but is none")
        elif front or len(lines) > 1:
            self.behind.add(f"line {self.line_number}: '{text[:60]}'")
        for line in lines:
            self._take_line(line)

    def _take_tail(self, text: str) -> None:
        """Take a last line without its newline: whole if it is a record, else the file broke off."""
        _, lines = trace_lines(text, self.line_number)
        if not lines and not (text[:6] and "TRACE_".startswith(text[:6])):
            self.skipped += 1
            return
        where = f"{self.source} breaks off in the middle of line {self.line_number}, after "
        where += self._last_of_columns() or "the first line"
        before = len(self.aside)
        try:
            self._take_text(text)
        except TraceError:
            self.broken = where
        if not lines or len(self.aside) > before:
            self.broken = where
        self.unended = where

    def _last_of_columns(self) -> str:
        tail = self.builder.last()
        if tail is None:
            return ""
        tap, row = tail
        return f"{list(self.names)[tap]} {show_context(context_of(row))}".strip()

    def _take_line(self, line: TraceLine) -> None:
        if self.older:
            self._take_older(self.older, line)
        elif not self.prefix:
            self._take_first(line)
        elif not self.program:
            self._take_program(line)
        elif line.side or line.family:
            self._take_record(line)
        else:
            self.skipped += 1

    def _take_older(self, older: OlderReader, line: TraceLine) -> None:
        try:
            problem = older.take(line)
        except TraceError as error:
            raise TraceError(f"{self._at()}: {error}") from None
        if problem:
            self._set_aside(problem)
            self.unmapped.add(line.text)

    def _take_first(self, line: TraceLine) -> None:
        words = line.body.split()
        if not line.side or line.family or words[:1] != ["schema"]:
            self.older = OlderReader()
            self._take_older(self.older, line)
            return
        if " ".join(words[1:]) not in _SCHEMAS:
            known = " and ".join(f"'{schema}'" for schema in _SCHEMAS)
            raise TraceError(f"{self._at()}: schema '{line.body[7:]}' is unknown; this tool reads {known}")
        self.schema = _SCHEMAS[" ".join(words[1:])]
        self.prefix = line.prefix

    def _take_program(self, line: TraceLine) -> None:
        words = line.body.split()
        if line.prefix != self.prefix or line.family or words[:1] != ["program"] or len(words) < 2:
            raise TraceError(
                f"{self._at()}: '{line.text[:60]}' stands where '{self.prefix} program NAME VERSION' "
                "must be; make the trace again"
            )
        self.program = " ".join(words[1:])

    def _take_record(self, line: TraceLine) -> None:
        if not line.side:
            raise TraceError(
                f"{self._at()}: '{line.text[:60]}' is no line of '{SCHEMA}'; "
                f"take it out, or leave the line '{self.prefix} schema {SCHEMA}' out"
            )
        if line.prefix != self.prefix or line.body.split(" ", 1)[0] in {"schema", "program"}:
            raise TraceError(
                f"{self._at()}: '{line.text[:60]}' in a trace of '{self.prefix} {self.program}': two "
                "programs are mixed in one file; write each trace to a file of its own"
            )
        if line.body.startswith(f"{SUBSET} ") and len(self.builder) == 0:
            self._take_subset(line.body.split()[1:])
            return
        try:
            record = parse_line(line.body if not line.family else line.text)
        except ValueError as error:
            raise TraceError(f"{self._at()}: {error}; make the trace again") from None
        if record.tap not in TAP_ID:
            self.unmapped.add(line.text)
        self._add(record)

    def _take_subset(self, names: list[str]) -> None:
        """Take the line that says which taps the trace has."""
        unknown = [name for name in names if name not in TAP_ID]
        if unknown:
            raise TraceError(
                f"{self._at()}: '{unknown[0]}' is no tap of the contract; `trace-diff explain` lists them"
            )
        self.only = frozenset(names)

    def _at(self) -> str:
        return f"{self.source}, line {self.line_number}"

    def _set_aside(self, problem: str) -> None:
        self.aside.add(f"line {self.line_number}: {problem}")

    def _add(self, record: Record) -> None:
        index = self.builder.add(self.names.setdefault(record.tap, len(self.names)), record)
        if record.words:
            self.words[index] = record.words

    def finish(self) -> TraceLog:
        """Return the trace.

        Raises:
            TraceError: if there is no record in the file.
        """
        older = self.older
        if older:
            self.prefix, self.program = older.prefix, older.program
            for record in older.finish():
                self._add(record)
            for name in [name for name in self.names if name not in TAP_ID]:
                self.unmapped.add(f"(no such tap, compared by name) {name}")
        if len(self.builder) == 0 and not self.broken:
            raise TraceError(self._nothing())
        return TraceLog(
            source=self.source,
            prefix=self.prefix.rstrip(":"),
            program=self.program,
            schema=0 if older else self.schema,
            names=tuple(self.names),
            columns=self.builder.finish(),
            words=self.words,
            skipped_lines=self.skipped,
            unmapped=tuple(self.unmapped.shown),
            unmapped_count=len(self.unmapped),
            broken=self.broken,
            unended=self.unended,
            aside=tuple(self.aside.shown),
            aside_count=len(self.aside),
            behind=tuple(self.behind.shown),
            behind_count=len(self.behind),
            digits=older.digits if older else self.digits,
            conversions=dict(older.conversions) if older else {},
            only=self.only,
        )

    def _nothing(self) -> str:
        if self.line_number == 0:
            return f"{self.source} is empty; a trace begins with 'TRACE_C: schema {SCHEMA}'"
        if len(self.aside):
            return (
                f"{self.source}: none of its {len(self.aside)} records can be read, "
                f"the first: {self.aside.shown[0]}"
            )
        return (
            f"{self.source} has no trace record in {self.line_number} lines; "
            f"a trace begins with 'TRACE_C: schema {SCHEMA}'"
        )


def read_stream(stream: BinaryIO, source: str) -> TraceLog:
    """Read a trace from a binary stream.

    Lines that do not begin with ``TRACE_`` are skipped and counted. A stream that ends in the middle of a
    trace line gives the records before it, and ``broken`` says so.

    Args:
        stream: bytes of the trace.
        source: the name to call it by in messages.

    Raises:
        TraceError: for a line that breaks the contract, two programs in one stream, or no record at all.

    Source: trace contract, "Line format" and "Older traces".
    """
    reader = _Reader(source)
    with _no_garbage_collection():
        for block in blocks(stream, BLOCK_BYTES):
            reader.take(block)
        return reader.finish()


def read_trace(path: str | Path) -> TraceLog:
    """Read a trace file; see `read_stream`.

    Raises:
        TraceError: also if it cannot be opened, or is no file.
    """
    shown = printable(str(path))
    try:
        if kind := irregular(Path(path)):
            raise TraceError(
                f"cannot read trace '{shown}': it is {kind}, not a file; write the trace to a file"
            )
        with Path(path).open("rb") as stream:
            return read_stream(stream, shown)
    except OSError as error:
        reason = error.strerror or str(error)
        raise TraceError(f"cannot read trace '{shown}': {reason}; give an existing trace file") from None
