"""Reading of traces: a table of columns for millions of records, and records one by one."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, NoReturn

from system_io.files import irregular
from system_io.shown import printable
from trace_tools.errors import TraceError
from trace_tools.packed_text import PackedText
from trace_tools.reading.bulk import BlockParser, contract_parser
from trace_tools.reading.fronts import FrontPatterns, pattern_of, treatments, without_fronts
from trace_tools.reading.lines import Record, parse_line, show_context
from trace_tools.reading.log_text import (
    LOOKS_LIKE_A_RECORD,
    SHOWN_LINES,
    Lines,
    TraceLine,
    blocks,
    trace_lines,
)  # fmt: skip
from trace_tools.reading.named_taps import FORMAT_WORDS, HEADER, NAMED_TAPS, NamedReader
from trace_tools.reading.numerals import PrintedDigits, spellings
from trace_tools.reading.older_formats import OlderReader
from trace_tools.reading.trace_columns import ColumnsBuilder, without_collection
from trace_tools.reading.trace_log import TraceLog
from trace_tools.tap_points import FORMAT, SCHEMA, SUBSET, TAP_ID, VERSIONS

__all__ = ["TraceLog", "read_stream", "read_trace"]

BLOCK_BYTES = 1 << 20
SAMPLED_BYTES = 1 << 18
_SCHEMAS = {f"{FORMAT} {version}": version for version in VERSIONS}
# numbers of the first block tell how many digits a trace of version 1 prints; the contract wants all
_DECIMAL = re.compile(rb"(?<=[ \t])[-+]?[0-9]*\.[0-9]+(?:[eE][-+]?[0-9]+)?(?=[ \t\n])")
_ANY_TRACE = re.compile(rb"TRACE[_: -]", re.IGNORECASE)
_HEADER_LINE = re.compile(rb"(?:^|(?<=\n))[^\n]*\bTAP_LOG: [^\n]*\n?")


class _Reader:
    """Takes blocks of a file and fills the columns."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.prefix = ""
        self.program = ""
        self.schema = 0
        self.older: OlderReader | None = None
        self.named: NamedReader | None = None
        self.parser: BlockParser | None = None
        self.builder = ColumnsBuilder()
        self.names: dict[str, int] = dict(TAP_ID)
        self.words: dict[int, tuple[str, ...]] = {}
        self.digits = PrintedDigits()
        self.told = NamedReader()
        self.treated: Counter[str] = Counter()
        self.fronts = FrontPatterns()
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
            for number in _DECIMAL.findall(block[:SAMPLED_BYTES]):
                self.digits.note(number.decode("ascii"))
        begin = 0
        for header in _HEADER_LINE.finditer(block) if HEADER.encode() in block else ():
            self._take_records(block[begin : header.start()])
            self._take_lines(header[0])
            begin = header.end()
        self._take_records(block[begin:])

    def _take_records(self, block: bytes) -> None:
        """Take lines of which none tells of the log."""
        while block and not self.parser and not self.older:
            line, newline, block = block.partition(b"\n")
            self._take_lines(line + newline)
        if not _ANY_TRACE.search(block) and block.endswith(b"\n"):
            self._count_lines(block)
        elif not (self.parser and block.endswith(b"\n") and self._take_block(self.parser, block)):
            self._take_lines(block)

    def _take_block(self, parser: BlockParser, block: bytes) -> bool:
        """Take a block whose records are all regular, whatever stands in front of them and between them."""
        prefix = f"{self.prefix} ".encode()
        bare = None
        found = parser.parse(PackedText(block)) if block.startswith(prefix) else None
        if found is None:
            bare = without_fronts(block, prefix, self.fronts)
            if bare is not None and (bare.fronts or bare.others or not block.startswith(prefix)):
                found = parser.parse(bare.text, bare.starts)
        if found is None:
            return False
        if bare is not None:
            self._note_fronts(bare.fronts, bare.first_fronts, self.line_number + 1)
            self.skipped += bare.others
            self.line_number += bare.others
        self.builder.add_block(found)
        self.treated += parser.spellings(found)
        self.line_number += len(found.tap)
        return True

    def _note_fronts(self, patterns: Mapping[str, int], fronts: Iterable[str], number: int) -> None:
        if not (count := sum(patterns.values())):
            return
        room = max(0, SHOWN_LINES - len(self.behind.shown))
        for front in itertools.islice(fronts, room):
            shown = front.rstrip("\n")[:60]
            self.behind.add(f"line {number}: '{shown}'" if count == 1 else f"'{shown}'")
        self.behind.count(max(0, count - room))
        self.treated += treatments(patterns)

    def _count_lines(self, block: bytes) -> None:
        lines = block.count(b"\n")
        self.skipped += lines
        self.line_number += lines

    def _take_lines(self, block: bytes) -> None:
        *complete, tail = block.split(b"\n")
        for raw in complete:
            self.line_number += 1
            if _HEADER_LINE.match(raw):
                self._take_header(raw.decode("utf-8", "replace"))
            elif _ANY_TRACE.search(raw):
                self._take_text(raw.decode("utf-8", "replace"))
            else:
                self.skipped += 1
        if tail:
            self.line_number += 1
            self._take_tail(tail.decode("utf-8", "replace"))

    def _take_header(self, text: str) -> None:
        """Take a line that tells of the log or of its taps."""
        body = " ".join(text.partition(HEADER)[2].split())
        if problem := self.told.take_header(body):
            self._set_aside(problem)
        if body == FORMAT_WORDS and len(self.builder) == 0 and not self.prefix and not self.older:
            self.named, self.schema = self.told, NAMED_TAPS
            self.builder, self.names = self.told.builder, self.told.names

    def _take_text(self, text: str) -> None:
        front, lines = trace_lines(text, self.line_number)
        if not lines:
            self.skipped += 1
            if LOOKS_LIKE_A_RECORD.search(text):
                self._set_aside(f"'{text[:60]}' looks like a record but is none")
        elif front:
            self._note_fronts({pattern_of(front): 1}, [front], self.line_number)
        elif len(lines) > 1:
            self.behind.add(f"line {self.line_number}: '{text[:60]}'")
            self.treated["several records in one line, told apart"] += 1
        for line in lines:
            before = len(self.aside)
            self._take_line(line)
            if len(self.aside) == before:
                self.treated += spellings(line.body)

    def _take_tail(self, text: str) -> None:
        """Take a last line without its newline: whole if it is a record, else the file broke off."""
        _, lines = trace_lines(text, self.line_number)
        if not lines and not any(begin.startswith(text[:6]) for begin in ("TRACE_", HEADER[:6])):
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
        return f"{list(self.names)[tail[0]]} {show_context(tail[1])}".strip()

    def _take_line(self, line: TraceLine) -> None:
        if self.older:
            self._take_older(self.older, line)
        elif self.named:
            self._take_named(self.named, line)
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

    def _take_named(self, named: NamedReader, line: TraceLine) -> None:
        """Take a record of a log of named taps; one that cannot be read is set aside."""
        if not line.side or line.family:
            self._set_aside(f"'{line.text[:60]}' looks like a record but is none")
            return
        if self.prefix and line.prefix != self.prefix:
            self._refuse_mixture(line, named.program)
        self.prefix = line.prefix
        self.parser = self.parser or named.parser(self.prefix)
        try:
            self._add(named.record(line.body))
        except ValueError as error:
            self._set_aside(str(error))

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
        self.parser = contract_parser(self.prefix)

    def _take_record(self, line: TraceLine) -> None:
        if not line.side:
            raise TraceError(
                f"{self._at()}: '{line.text[:60]}' is no line of '{SCHEMA}'; "
                f"take it out, or leave the line '{self.prefix} schema {SCHEMA}' out"
            )
        if line.prefix != self.prefix or line.body.split(" ", 1)[0] in {"schema", "program"}:
            self._refuse_mixture(line, self.program)
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

    def _refuse_mixture(self, line: TraceLine, program: str) -> NoReturn:
        raise TraceError(
            f"{self._at()}: '{line.text[:60]}' in a trace of '{self.prefix} {program}': two "
            "programs are mixed in one file; write each trace to a file of its own"
        )

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
        older, repeats = self.older, 0
        if older:
            self.prefix, self.program = older.prefix, older.program
            for record in older.finish():
                self._add(record)
            for name in [name for name in self.names if name not in TAP_ID]:
                self.unmapped.add(f"(no such tap, compared by name) {name}")
        if len(self.builder) == 0 and not self.broken:
            raise TraceError(self._nothing())
        if self.named:
            self.program = self.named.program
            columns, repeats = self.named.finish()
        else:
            columns = self.builder.finish()
        return TraceLog(
            source=self.source,
            prefix=self.prefix.rstrip(":"),
            program=self.program,
            schema=0 if older else self.schema,
            names=tuple(self.names),
            columns=columns,
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
            treated=dict(self.treated),
            taps=dict(self.told.taps),
            held=self.told.held,
            repeats=repeats,
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
    with without_collection():
        for block in blocks(stream, BLOCK_BYTES, reader.treated):
            reader.take(block)
        return reader.finish()


def read_trace(path: str | Path, source: str = "") -> TraceLog:
    """Read a trace file; see `read_stream`.

    Args:
        path: of the file.
        source: the name to call it by in messages, its path without one.

    Raises:
        TraceError: also if it cannot be opened, or is no file.
    """
    shown = source or printable(str(path))
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
