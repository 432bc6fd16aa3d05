"""Trace lines of instrumented nanoBragg builds in the field, mapped to taps where that is possible."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from trace_tools.errors import TraceError
from trace_tools.lines import Record, parse_number
from trace_tools.tap_points import TAP_ID, TAP_POINTS

RENAMED: Mapping[str, str] = {
    "scattering_vec_A_inv": "scattering_vec_m_inv",
    "omega_pixel": "omega_pixel_applied",
    "F_cell_nearest": "F_cell",
    "I_before_scaling_pre_polar": "I_before_scaling",
}
_PIXEL = re.compile(r"tracing pixel \(spixel=(\d+), *fpixel=(\d+)\)")
_NAMED = re.compile(r"TRACE_(?:C|PY): ?([A-Za-z_]\w*)(=| )(.*)\Z")
_PAIRS = re.compile(r"TRACE_(?:C|PY)_PHI:? +(.*)\Z")
_TRICUBIC = re.compile(r"TRACE_(?:C|PY)_TRICUBIC: *\[(\d),(\d),(\d)\]=(\S+)\Z")
_GRID_EDGE = re.compile(r"TRACE_(?:C|PY)_TRICUBIC_GRID_(START|END)\b")
_FIRST_TURNS = {"s": -1, "f": -1, "t": 0, "ss": 0, "sf": 0, "src": 0, "phi": 0, "mos": 0}


class OlderReader:
    """Collects the records of an older trace; `finish` returns them once the traced pixel is known."""

    def __init__(self) -> None:
        self.prefix = ""
        self.program = ""
        self.unmapped: list[str] = []
        self._pixel: tuple[int, int] | None = None
        self._found: dict[tuple[str, int], tuple[tuple[str, ...], str]] = {}
        self._grid: dict[tuple[int, ...], str] | None = None

    def take(self, line: str) -> None:
        """Take one line that begins with ``TRACE_``."""
        self._note_program(line)
        if pixel := _PIXEL.search(line):
            self._pixel = (int(pixel[1]), int(pixel[2]))
        elif edge := _GRID_EDGE.match(line):
            self._turn_grid(edge[1] == "START", line)
        elif node := _TRICUBIC.match(line):
            self._take_node(node, line)
        elif pairs := _PAIRS.match(line):
            self._take_pairs(pairs[1], line)
        elif named := _NAMED.match(line):
            self._take_named(named[1], named[3], line)
        else:
            self.unmapped.append(line)

    def _note_program(self, line: str) -> None:
        prefix = next(
            (known for known in ("TRACE_PY", "TRACE_C") if re.match(rf"{known}[:_](?!ON)", line)), ""
        )
        if not prefix:
            return
        if self.prefix and prefix != self.prefix:
            raise TraceError(
                f"'{line[:60]}' in a trace of {self.prefix}: two programs are mixed in one file; "
                "write each trace to a file of its own"
            )
        self.prefix = prefix
        self.program = "unnamed (older format)"

    def _turn_grid(self, start: bool, line: str) -> None:
        if start:
            self._grid = {}
            return
        grid, self._grid = self._grid, None
        if grid is None or len(grid) != 64:
            self.unmapped.append(line)
            return
        self._store("tricubic_F", 0, [grid[node] for node in sorted(grid)], line)

    def _take_node(self, node: re.Match[str], line: str) -> None:
        index = tuple(int(node[axis]) for axis in (1, 2, 3))
        if self._grid is None or max(index) > 3 or index in self._grid:
            self.unmapped.append(line)
            return
        self._grid[index] = node[4]

    def _take_pairs(self, text: str, line: str) -> None:
        pairs = [word.split("=", 1) for word in text.split()]
        if not all(len(pair) == 2 for pair in pairs) or pairs[0][0] != "phi_tic" or not pairs[0][1].isdigit():
            self.unmapped.append(line)
            return
        for name, value in pairs[1:]:
            self._store(name, int(pairs[0][1]), [value], line)

    def _take_named(self, name: str, text: str, line: str) -> None:
        words = [word.rsplit(":", 1)[-1] for word in text.replace(",", " ").split()]
        self._store(name, 0, words, line)

    def _store(self, name: str, phi: int, words: Iterable[str], line: str) -> None:
        name = RENAMED.get(name, name)
        values = tuple(words)
        known = TAP_POINTS[TAP_ID[name]] if name in TAP_ID else None
        turn = phi if known is None or "phi" in known.keys else 0
        held = self._found.get((name, turn))
        wrong_shape = known is not None and len(values) != known.size
        if not values or wrong_shape or (held is not None and held[0] != values):
            self.unmapped.append(line)
        elif held is None:
            self._found[name, turn] = (values, line)

    def finish(self) -> list[Record]:
        """Return the records in their order of appearance."""
        records = [self._record(name, phi, words) for (name, phi), (words, _) in self._found.items()]
        for name in dict.fromkeys(record.tap for record in records if record.tap not in TAP_ID):
            self.unmapped.append(f"(no such tap, compared by name) {name}")
        return records

    def _record(self, name: str, phi: int, words: tuple[str, ...]) -> Record:
        keys = TAP_POINTS[TAP_ID[name]].keys if name in TAP_ID else tuple(_FIRST_TURNS)[:7]
        slow, fast = self._pixel or (-1, -1)
        turns = {**_FIRST_TURNS, "s": slow, "f": fast, "phi": phi}
        context = tuple((key, turns[key]) for key in keys if turns[key] >= 0)
        numbers = [parse_number(word) for word in words]
        if any(number is None for number in numbers):
            return Record(name, (float("nan"),) * len(words), context, words)
        return Record(name, tuple(number for number in numbers if number is not None), context)
