"""Trace lines of instrumented nanoBragg builds in the field, mapped to taps where that is possible."""

from __future__ import annotations

import re
from collections import Counter

from trace_tools.errors import TraceError
from trace_tools.reading.field_names import ALIASES, keyed_name, unit_factor
from trace_tools.reading.field_values import Reading, read_values
from trace_tools.reading.lines import Record
from trace_tools.reading.log_text import TraceLine
from trace_tools.reading.numerals import DECIMAL_COMMA, NumeralError, PrintedDigits, read_number
from trace_tools.reading.series import Spelling, ValueSeries
from trace_tools.tap_points import TAP_ID, TAP_POINTS, TapPoint

_PIXEL = re.compile(
    r"tracing pixel \(?\s*spixel\s*=\s*(\d{1,9})\s*,?\s*fpixel\s*=\s*(\d{1,9})\b", re.IGNORECASE
)
_NAMED = re.compile(r"([^\s=:]+?)\s*(?:->|[=:]|\s)\s*(\S.*)\Z")
_QUALIFIER = re.compile(r"\(([^\d()][^()]*)\)\s+(?=\S)")
_NODE = re.compile(r"\[(\d),(\d),(\d)\]\s*[=:]\s*(\S+)\Z")
_CONTEXT = re.compile(r"\|\s*(?:s|f|src|phi|mos)=\d")
_WORDY = re.compile(r"[A-Za-z_]\w*\Z")
_NUMERAL = re.compile(
    r"(?<![\w.])[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?|nan|inf(?:inity)?)(?![\w.])", re.IGNORECASE
)
_TURN = re.compile(r"[0-9]{1,9}\Z")
_LARGEST_EXACT = 2**53
_NODES = 64
NO_VALUE = "it has no value"


class OlderReader:
    """Collects the records of an older trace; `finish` returns them once the traced pixels are known."""

    def __init__(self) -> None:
        self.prefix = ""
        self.program = ""
        self.digits = PrintedDigits()
        self.conversions: Counter[tuple[str, str, float]] = Counter()
        self._series = ValueSeries()
        self._grid: dict[tuple[int, ...], str] | None = None

    def take(self, line: TraceLine) -> str:
        """Take one line.

        Returns:
            Why it cannot be compared; empty if it can, or has no value to compare.
        """
        if _CONTEXT.search(line.body) or (line.side and line.body.split(" ", 1)[0] in ("schema", "program")):
            raise TraceError(
                f"'{line.text[:60]}' belongs to a trace of version 1, but its first line "
                "'TRACE_C: schema nanobragg-trace 1' is not where it must be; make the trace again"
            )
        self._note_program(line)
        if pixel := _PIXEL.search(line.body):
            self._series.begin_pixel(int(pixel[1]), int(pixel[2]))
            return ""
        if line.side and line.family in _FAMILIES:
            return _FAMILIES[line.family](self, line)
        return self._take_free(line)

    def _note_program(self, line: TraceLine) -> None:
        if not line.side:
            return
        prefix = f"TRACE_{line.side}"
        if self.prefix and prefix != self.prefix:
            raise TraceError(
                f"'{line.text[:60]}' in a trace of {self.prefix}: two programs are mixed in one file; "
                "write each trace to a file of its own"
            )
        self.prefix = prefix
        self.program = "unnamed (older format)"

    def _start_grid(self, _: TraceLine) -> str:
        self._grid = {}
        return ""

    def _end_grid(self, _: TraceLine) -> str:
        grid, self._grid = self._grid, None
        if grid is None or len(grid) != _NODES:
            return f"the grid has {len(grid or ())} nodes where {_NODES} must be"
        return self._named("tricubic_F", "tricubic_F", " ".join(grid[node] for node in sorted(grid)), None)

    def _take_node(self, line: TraceLine) -> str:
        node = _NODE.match(line.body)
        index = tuple(int(node[axis]) for axis in (1, 2, 3)) if node else ()
        if node is None or self._grid is None or max(index) > 3 or index in self._grid:
            return "it is no node of the grid that has begun"
        self._grid[index] = node[4]
        return ""

    def _take_pairs(self, line: TraceLine) -> str:
        first, *pairs = [word.partition("=") for word in line.body.split()] or [("", "", "")]
        if first[0] != "phi_tic" or not _TURN.match(first[2]) or not all(value for _, _, value in pairs):
            return "it is not of the form 'phi_tic=0 name=value ...'"
        problems = [self._named(name, f"PHI {name}", value, int(first[2])) for name, _, value in pairs]
        return next(filter(None, problems), "")

    def _take_named(self, line: TraceLine) -> str:
        found = _NAMED.match(line.body)
        if found is None:
            return f"{line.body[:40]}: {NO_VALUE}" if _WORDY.match(line.body) else self._take_free(line)
        name, text = found[1], found[2].lstrip("=:> ")
        if qualifier := _QUALIFIER.match(text):
            name, text = f"{name} ({qualifier[1]})", text[qualifier.end() :]
        return self._named(name, name, text, None)

    def _named(self, name: str, spelled: str, text: str, phi: int | None) -> str:
        """Take the values of a name.

        Returns:
            Why they cannot be compared, empty if they can.
        """
        meaning = ALIASES.get(name)
        tap = meaning.tap if meaning else name
        known = TAP_POINTS[TAP_ID[tap]] if tap in TAP_ID else None
        if known and known.kind == "word":
            self._store(tap, spelled, phi, words=tuple(text.strip("'\"").split()))
            return ""
        reading = read_values(text, known.size if known else None)
        if known is None:
            return self._take_unknown(name, spelled, text, reading, phi)
        if reading.problem:
            return f"{name}: {reading.problem}"
        factor = unit_factor(reading.unit, tap) if reading.unit else meaning.factor if meaning else 1.0
        if factor is None:
            return f"{name}: it is in '{reading.unit}' where the unit of {tap} is '{known.unit or 'none'}'"
        if meaning or factor != 1.0:
            self.conversions[name, tap, factor] += 1
        return self._store_numbers(known, spelled, reading, factor, phi)

    def _store_numbers(
        self, tap: TapPoint, spelled: str, reading: Reading, factor: float, phi: int | None
    ) -> str:
        if tap.kind == "int" and any(abs(value) >= _LARGEST_EXACT for value in reading.values):
            self._store(tap.name, spelled, phi, words=reading.texts)
            return ""
        for text in reading.texts:
            self.digits.note(text)
        self._store(tap.name, spelled, phi, tuple(value * factor for value in reading.values))
        return ""

    def _take_unknown(self, name: str, spelled: str, text: str, reading: Reading, phi: int | None) -> str:
        """Take the value of a name that is no tap: numbers, or words; it is compared by name."""
        if not reading.problem:
            name += f" [{reading.unit}]" if reading.unit else ""
            for word in reading.texts:
                self.digits.note(word)
            self._store(keyed_name(name, reading.keys), spelled, phi, reading.values)
            return ""
        if any(DECIMAL_COMMA.match(word) for word in text.split()):
            return f"{name}: {reading.problem}"
        if _NUMERAL.search(text):
            return self._take_skeleton(f"{name} {text}", phi)
        self._store(name, spelled, phi, words=tuple(text.split()))
        return ""

    def _take_free(self, line: TraceLine) -> str:
        """Take a line of another family: its text with the numbers left out is the name."""
        if not _NUMERAL.search(line.body):
            return ""
        return self._take_skeleton(f"{line.family or 'TRACE'}: {line.body}", None)

    def _take_skeleton(self, text: str, phi: int | None) -> str:
        words = _NUMERAL.findall(text)
        name = _NUMERAL.sub("#", text)
        try:
            values = tuple(map(read_number, words))
        except NumeralError as error:
            return f"a number in '{text[:40]}' cannot be read: {error}"
        for word in words:
            self.digits.note(word)
        self._store(name, name, phi, values)
        return ""

    def _store(
        self,
        tap: str,
        spelled: str,
        phi: int | None,
        values: tuple[float, ...] = (),
        words: tuple[str, ...] = (),
    ) -> None:
        if tap in TAP_ID and "phi" not in TAP_POINTS[TAP_ID[tap]].keys:
            phi = None
        values = values or (float("nan"),) * len(words)
        self._series.add(Spelling(tap, -1, phi, spelled, values, words))

    def finish(self) -> list[Record]:
        """Return the records in their order of appearance."""
        return self._series.records()


_FAMILIES = {
    "": OlderReader._take_named,
    "PHI": OlderReader._take_pairs,
    "TRICUBIC": OlderReader._take_node,
    "TRICUBIC_GRID_START": OlderReader._start_grid,
    "TRICUBIC_GRID_END": OlderReader._end_grid,
}
