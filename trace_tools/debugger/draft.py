"""A first tap map of a program: the names of the contract, looked for among its variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path, PurePath

from trace_tools.debugger.anchors import AFTER, BEFORE, Anchor, FoundPlace, find_anchor
from trace_tools.debugger.c_text import Source
from trace_tools.debugger.sources import Debugged, open_debugged
from trace_tools.errors import DebuggerError
from trace_tools.reading.field_names import ALIASES, Meaning
from trace_tools.tap_points import TAP_POINTS, TapLevel, TapPoint

SURE, LIKELY = 0.95, 0.72
SHORTEST = 3
UNITS = re.compile(
    r"_(?:meters|metres|m|mm|m_inv|A_inv|A|A3|angstroms|rad|sr|sqr|vec|vector|photons_per_m2|pixel)\Z"
)
# names of the field for a tap, or for its values one by one
SPELLINGS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "hkl_frac": (("hkl",), ("h", "k", "l")),
    "hkl_rounded": (("hkl0",), ("rounded",), ("h0", "k0", "l0")),
    "R_distance_meters": (("airpath",), ("R",), ("R_m",), ("distance_to_pixel",)),
    "omega_pixel_sr": (("omega_pixel",), ("omega",)),
    "scattering_vec_m_inv": (("scattering",), ("q",), ("q_per_m",)),
    "diffracted_vec": (("diffracted",),),
    "incident_vec": (("incident",),),
    "pixel_pos_meters": (("pixel_pos",), ("pos",)),
    "stol_m_inv": (("stol",),),
    "polar": (("polar",), ("polarization",)),
    "I_contribution": (("I_term",), ("term",), ("contribution",)),
    "I_running": (("I",), ("I_sum",), ("sum",)),
    "I_pixel_final": (("test",), ("photons",), ("I_pixel",)),
    "Fdet_meters": (("Fdet",),),
    "Sdet_meters": (("Sdet",),),
    "Odet_meters": (("Odet",),),
    "steps": (("steps",),),
    "lambda_meters": (("lambda",),),
}  # fmt: skip
# what a program is told, if it has the option
TOLD = (
    (b"-roi", 'roi = ["-roi", "{fast_min}", "{fast_max}", "{slow_min}", "{slow_max}"]'),
    (b"-floatfile", 'float_file = ["-floatfile", "{path}"]'),
)
LOOPS: Mapping[str, tuple[str, ...]] = {
    "s": ("spixel", "slow", "ypixel", "s", "y", "row"),
    "f": ("fpixel", "fast", "xpixel", "f", "x", "col", "column"),
    "t": ("thick_tic", "layer", "thick", "t"),
    "ss": ("subS", "sub_slow", "subs", "ss", "sub_y", "iy"),
    "sf": ("subF", "sub_fast", "subf", "sf", "sub_x", "ix"),
    "src": ("source", "src", "n_source", "n"),
    "phi": ("phi_tic", "phi_step", "phistep", "phi", "iphi", "step"),
    "mos": ("mos_tic", "domain", "mos", "imos", "m"),
}
_FLOATING, _WHOLE = (
    re.compile(r"\b(?:double|float)\b"),
    re.compile(r"\b(?:int|long|short|size_t|bool|_Bool|char)\b"),
)
_ARRAY = re.compile(r"\[(\d+)\]\Z")


@dataclass(frozen=True)
class Variable:
    """One variable of a function: file, function, name, type as the debugger writes it, line."""

    path: str
    function: str
    name: str
    type: str
    line: int


@dataclass(frozen=True)
class _Proposal:
    values: tuple[str, ...]
    first: Variable
    score: float
    doubt: str


def draft_map(binary: Path, folder: Path | None) -> str:
    """Return the text of a first map (TOML); rows that are not sure are comments with the reason.

    Args:
        binary: the program, with debug information.
        folder: where its sources are now, None for where they were compiled.

    Raises:
        DebuggerError: no debugger, no debug information, no sources, or no variable of a known name.
    """
    program = open_debugged(binary.absolute(), ["*"], folder, variables=True)
    variables = [
        Variable(path, function, name, kind, line)
        for path, rows in program.facts["variables"].items()
        for function, name, kind, line in rows
    ]
    drafter = _Drafter(program, variables)
    rows = [drafter.tap(point) for point in TAP_POINTS]
    if not any(rows):
        raise DebuggerError(
            f"program '{binary}': none of its {len(variables)} variables has the name of a tap; "
            "write the map by hand (docs/debugger-taps.md)"
        )
    return (
        "\n".join([*drafter.head(binary.name), *drafter.loops(), "", *(line for row in rows for line in row)])
        + "\n"
    )


class _Drafter:
    def __init__(self, program: Debugged, variables: Sequence[Variable]) -> None:
        self.sources = {source.path: source for source in program.sources}
        self.code = program.code
        self.binary = program.binary.read_bytes()
        self.variables = variables
        self.kernel = self._kernel()
        self.start, self.start_rows = self._find_start()
        counted = self._loop(LOOPS["f"])
        self.start_function = "" if counted is None else counted.function

    def _kernel(self) -> str:
        """Return the function with the most names of taps: where several have one, it is taken there."""
        count: dict[str, int] = {}
        for point in TAP_POINTS:
            for proposal in self._proposals(point):
                count[proposal.first.function] = count.get(proposal.first.function, 0) + (
                    proposal.score >= SURE
                )
        return max(count, key=lambda name: count[name], default="")

    def head(self, name: str) -> list[str]:
        """Return what stands before the taps."""
        word = re.sub(r"\s+", "-", name) or "program"
        return [
            f"# Draft of a tap map for {word}; hold it against the program with `nb-trace-map check`.",
            "# Rows behind '#' are guesses: look at them, correct them, and take the '#' away.",
            "schema = 1", "", "[program]", f'name = "{word}"',
            "# how it is told a region and a float image; without a line it has no such option",
            *(row if option in self.binary else f"# no '{option.decode()}' in the program: {row}"
              for option, row in TOLD), "",
        ]  # fmt: skip

    def _find_start(self) -> tuple[FoundPlace | None, list[str]]:
        """Return where the work on a pixel begins, and its rows, where both loops are in one function."""
        slow, fast = (self._loop(LOOPS[key]) for key in ("s", "f"))
        if slow is None or fast is None or slow.function != fast.function:
            return None, []
        source = self.sources[fast.path]
        head = re.compile(rf"\bfor\s*\([^;]*\b{re.escape(fast.name)}\s*=")
        for body in source.bodies(fast.function):
            found = head.search(source.code, *body)
            closed = source.closing(source.code.index("(", found.start())) if found else None
            behind = len(source.code) if closed is None else source.line_at(closed)
            for line in (number for number in self.code[fast.path] if number > behind):
                anchor = self._named(source, fast.function, source.start_of(line), BEFORE)
                if anchor is not None:
                    return find_anchor(anchor, [source], self.code).spot, [
                        "[pixel]", f"file = {_quoted(PurePath(anchor.file).name)}",
                        f"function = {_quoted(fast.function)}", f"text = {_quoted(anchor.text or '')}",
                        *([f"nth = {anchor.nth}"] if anchor.nth else []),
                        f's = "{slow.name}"', f'f = "{fast.name}"', "",
                    ]  # fmt: skip
        return None, []

    def loops(self) -> list[str]:
        """Return the context: where each loop index is."""
        lines = [*self.start_rows, "[context]"]
        for key, names in LOOPS.items():
            if self.start_rows and key in ("s", "f"):
                continue
            found = self._loop(names)
            if found is None:
                lines.append(f'{key} = "0"  # no loop of such a name was found')
            else:
                lines.append(f'{key} = "in {found.function}: {found.name}"')
        return lines

    def _loop(self, names: Sequence[str]) -> Variable | None:
        """Return the first integer of these names that a loop counts."""
        for name in names:
            for variable in sorted(self.variables, key=lambda found: found.function != self.kernel):
                if variable.name == name and _WHOLE.search(variable.type) and self._counts(variable):
                    return variable
        return None

    def _counts(self, variable: Variable) -> bool:
        source = self.sources[variable.path]
        head = re.compile(rf"\bfor\s*\([^;]*\b{re.escape(variable.name)}\s*=")
        return any(head.search(source.code, *body) for body in source.bodies(variable.function))

    def tap(self, point: TapPoint) -> list[str]:
        """Return the rows of one tap, none where nothing is like it."""
        found = sorted(
            self._proposals(point), key=lambda made: (-made.score, made.first.function != self.kernel)
        )
        for proposal in found:
            anchor = self._anchor(proposal)
            if anchor is not None:
                return self._rows(point, proposal, anchor)
        return []

    def _rows(self, point: TapPoint, proposal: _Proposal, anchor: Anchor) -> list[str]:
        values = ", ".join(_quoted(text) for text in proposal.values)
        check = "  # check it" if proposal.doubt else ""
        rows = [
            f"[tap.{point.name}]", f"file = {_quoted(PurePath(anchor.file).name)}",
            f"function = {_quoted(anchor.function or '')}", f"text = {_quoted(anchor.text or '')}",
            *([f"nth = {anchor.nth}"] if anchor.nth else []), f'when = "{anchor.when}"',
            f"value = {values if len(proposal.values) == 1 else f'[{values}]'}", f'type = "{point.kind}"',
            *([f"unit = {_quoted(point.unit)}{check}"] if point.unit else []),
        ]  # fmt: skip
        doubt = proposal.doubt
        if point.level >= TapLevel.pixel and self._is_before_pixels(anchor, proposal.first):
            doubt = doubt or "it is set before the work on pixels begins; read it where the loops use it"
        if point.level in (TapLevel.source_setup, TapLevel.phi_setup, TapLevel.mosaic_setup):
            doubt = doubt or "one record for each turn: give repeat = 'count' and $i in the value"
        if not doubt:
            return [*rows, ""]
        return [f"# unsure: {doubt}", *(f"# {row}" for row in rows), ""]

    def _is_before_pixels(self, anchor: Anchor, variable: Variable) -> bool:
        """Tell whether a place lies in front of the loops over pixels, in their function."""
        if self.start is None or self.start.path != variable.path or variable.function != self.start_function:
            return False
        spot = find_anchor(anchor, [self.sources[variable.path]], self.code).spot
        return spot is not None and spot.line < self.start.line

    def _proposals(self, point: TapPoint) -> Iterator[_Proposal]:
        """Yield what could be a tap, from its name and from those that the field has for it."""
        spelled: list[tuple[tuple[str, ...], float]] = [((point.name,), 1.0)]
        spelled += [((name,), SURE) for name, to in ALIASES.items() if to == Meaning(point.name)]
        spelled += [(names, SURE) for names in SPELLINGS.get(point.name, ())]
        for names, score in spelled:
            yield from self._spelled(point, names, score)
        if point.size == 1:
            yield from self._alike(point)

    def _spelled(self, point: TapPoint, names: Sequence[str], score: float) -> Iterator[_Proposal]:
        for first in self.variables:
            if first.name != names[0]:
                continue
            same = {other.name for other in self.variables if other.function == first.function}
            if not set(names) <= same:
                continue
            values, doubt = (tuple(names), "") if len(names) > 1 else _shaped(first, point)
            if values:
                yield _Proposal(values, first, score, doubt or _kind_doubt(first, point))

    def _alike(self, point: TapPoint) -> Iterator[_Proposal]:
        stem = UNITS.sub("", point.name)
        for variable in self.variables:
            name = UNITS.sub("", variable.name)
            ratio = SequenceMatcher(None, stem.lower(), name.lower()).ratio()
            if variable.name == point.name or len(name) < SHORTEST or ratio < LIKELY:
                continue
            values, doubt = _shaped(variable, point)
            if values:
                why = doubt or f"only like it by name ({variable.name}); unit and meaning are not known"
                yield _Proposal(values, variable, ratio * LIKELY, why)

    def _anchor(self, proposal: _Proposal) -> Anchor | None:
        """Return the place behind the last statement that sets a variable, or the start of its function."""
        source = self.sources[proposal.first.path]
        last = proposal.values[-1]
        name = re.match(r"\w+", last)
        offsets = self._settings(source, proposal.first.function, name[0] if name else last)
        tried = [(offset, AFTER) for offset in reversed(offsets)]
        for offset, when in (
            *tried,
            *((place, BEFORE) for place in self._starts(source, proposal.first.function)),
        ):
            anchor = self._named(source, proposal.first.function, offset, when)
            if anchor is not None:
                return anchor
        return None

    def _settings(self, source: Source, function: str, name: str) -> list[int]:
        pattern = re.compile(rf"(?<![\w.>]){re.escape(name)}\s*(?:\[[^\]]*\]\s*)*(?:[-+*/]?=)(?!=)")
        return [
            found.start()
            for body in source.bodies(function)
            for found in pattern.finditer(source.bare, *body)
        ]

    def _starts(self, source: Source, function: str) -> list[int]:
        lines = []
        for start, end in source.bodies(function):
            first, last = source.line_at(source.code.index("{", start)) + 1, source.line_at(end)
            lines += [line for line in self.code.get(source.path, ()) if first <= line < last]
        return [source.start_of(line) for line in sorted(lines)]

    def _named(self, source: Source, function: str, offset: int, when: str) -> Anchor | None:
        """Return an anchor by the text of the line at an offset, with its number among equal ones."""
        line = source.code.splitlines()[source.line_at(offset) - 1].strip()
        if not re.search(r"\w", line):
            return None
        anchor = Anchor(PurePath(source.path).name, function, line, None, None, when)
        wanted = source.line_at(offset)
        found = find_anchor(anchor, [source], self.code)
        for nth in range(1, max(found.matches, 1) + 1):
            numbered = Anchor(anchor.file, function, line, None, nth if found.matches > 1 else None, when)
            spot = find_anchor(numbered, [source], self.code).spot
            if spot is not None and spot.line <= wanted <= spot.last_line:
                return numbered
        return None


def _shaped(variable: Variable, point: TapPoint) -> tuple[tuple[str, ...], str]:
    """Return the expressions that give a variable the shape of a tap (none if it cannot), and a doubt."""
    array = _ARRAY.search(variable.type)
    name = variable.name
    if point.size == 1:
        plain = array is None and "*" not in variable.type
        known = _FLOATING.search(variable.type) or _WHOLE.search(variable.type) or "enum" in variable.type
        return ((name,), "") if plain and known else ((), "")
    if array is not None:
        count = int(array[1])
        if count == point.size:
            return (name,), ""
        if count == point.size + 1:
            return (f"{name}[1]@{point.size}",), f"an array of {count}: taken from [1] on"
        return (), ""
    if "*" in variable.type:
        return (f"{name}[0]@{point.size}",), f"a pointer ({variable.type}): {point.size} numbers from [0] on"
    if not _FLOATING.search(variable.type) and not _WHOLE.search(variable.type):
        return (name,), ""
    return (), ""


def _kind_doubt(variable: Variable, point: TapPoint) -> str:
    if point.kind == "float" and _WHOLE.search(variable.type) and not _FLOATING.search(variable.type):
        return f"'{variable.name}' has the type {variable.type}, and the tap is a floating value"
    return ""


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
