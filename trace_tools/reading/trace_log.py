"""A trace as it was read: its records as columns, and what its reader had to do to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from trace_tools.reading.bulk import ABSENT
from trace_tools.reading.lines import Record
from trace_tools.reading.named_taps import NAMED_TAPS, TapSite
from trace_tools.reading.numerals import PrintedDigits
from trace_tools.reading.trace_columns import Columns, context_of
from trace_tools.tap_points import TAP_ID, TAP_POINTS


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
    other trace says that it has not their taps. ``treated`` says what was done to how many lines or numbers
    before they could be read, ``taps`` what a log says of its taps, ``held`` which of its records it holds by
    its own words (empty: all), ``repeats`` how many records were numbered since their context repeats.
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
    treated: Mapping[str, int] = field(default_factory=dict)
    taps: Mapping[str, TapSite] = field(default_factory=dict)
    held: str = ""
    repeats: int = 0

    @property
    def named(self) -> bool:
        """Whether it is a log of named taps, of any program, and not of the taps of nanoBragg."""
        return self.schema == NAMED_TAPS

    def __len__(self) -> int:
        return len(self.columns.tap)

    def record(self, index: int) -> Record:
        """Return one record: its tap, context and values."""
        columns = self.columns
        row = columns.contexts[columns.context[index]]
        context = tuple(context_of(row, columns.keys))
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
        """Return the traced pixels as (slow, fast); a log of named taps has none."""
        if self.named:
            return set()
        rows = self.columns.contexts[:, :2]
        return {(int(slow), int(fast)) for slow, fast in np.unique(rows, axis=0) if slow != ABSENT}
