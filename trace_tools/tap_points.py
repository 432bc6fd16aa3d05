"""The tap points of the trace contract as data: names, order, units, shapes and dependencies."""

from __future__ import annotations

import argparse
import enum
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trace_tools.tap_table import CARRIED, CONDITIONS, INPUT_RULES, NEWER, ROWS

FORMAT = "nanobragg-trace"
VERSIONS = (1, 2)
SCHEMA = f"{FORMAT} {VERSIONS[0]}"
SUBSET = "taps"
"""Word of the line in which a trace says which taps it has; without that line it has all."""
CONTEXT_KEYS = ("s", "f", "t", "ss", "sf", "src", "phi", "mos")
# columns of a context table: the loop indices, and "n", which occurrence of its tap a record of an older
# trace is
OCCURRENCE = "n"
CONTEXT_COLUMNS = (*CONTEXT_KEYS, OCCURRENCE)


class TapLevel(enum.IntEnum):
    """The loop level of a tap; the numbers grow inwards, so that ``level <= limit`` selects."""

    setup = 0
    source_setup = 1
    phi_setup = 2
    mosaic_setup = 3
    pixel = 4
    subpixel = 5
    source = 6
    phi = 7
    mosaic = 8


LEVEL_KEYS: Mapping[TapLevel, tuple[str, ...]] = {
    TapLevel.setup: (),
    TapLevel.source_setup: ("src",),
    TapLevel.phi_setup: ("phi",),
    TapLevel.mosaic_setup: ("mos",),
    TapLevel.pixel: CONTEXT_KEYS[:2],
    TapLevel.subpixel: CONTEXT_KEYS[:5],
    TapLevel.source: CONTEXT_KEYS[:6],
    TapLevel.phi: CONTEXT_KEYS[:7],
    TapLevel.mosaic: CONTEXT_KEYS,
}

# the taps that count the turns of the loops around each level
LOOP_COUNTS: Mapping[TapLevel, tuple[str, ...]] = {
    TapLevel.setup: (),
    TapLevel.source_setup: ("sources",),
    TapLevel.phi_setup: ("phisteps",),
    TapLevel.mosaic_setup: ("mosaic_domains",),
    TapLevel.pixel: (),
    TapLevel.subpixel: ("thicksteps", "oversample"),
    TapLevel.source: ("thicksteps", "oversample", "sources"),
    TapLevel.phi: ("thicksteps", "oversample", "sources", "dmin_skipped", "phisteps"),
    TapLevel.mosaic: ("thicksteps", "oversample", "sources", "dmin_skipped", "phisteps", "mosaic_domains"),
}


@dataclass(frozen=True)
class TapPoint:
    """One named intermediate value of the pixel computation.

    ``inputs`` are the taps it is computed from, ``externals`` what else it needs, ``input_rules`` pairs
    (input, rule) for inputs that count only under a condition, ``carried`` the scope and condition under
    which the value is handed on from the same tap's record before (None: never), ``decided_by`` the taps
    that decide whether it is printed at all, ``since`` the first version of the format that has it,
    ``inputs_before`` the taps of which it uses the value of an earlier turn of a loop.
    """

    name: str
    level: TapLevel
    size: int
    kind: str
    unit: str
    inputs: tuple[str, ...]
    externals: tuple[str, ...]
    formula: str
    condition: str = ""
    decided_by: tuple[str, ...] = ()
    input_rules: tuple[tuple[str, str], ...] = ()
    carried: tuple[tuple[str, ...], str] | None = None
    since: int = 1
    inputs_before: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Context keys that a record of this tap carries, outermost first."""
        return LEVEL_KEYS[self.level]


def _build(row: tuple[str, str, int, str, str, str, str, str]) -> TapPoint:
    name, level_name, size, kind, unit, inputs, externals, formula = row
    level = TapLevel[level_name]
    condition, deciders = CONDITIONS.get(name, ("", ""))
    carried = CARRIED.get(name)
    return TapPoint(
        name=name, level=level, size=size, kind=kind, unit=unit, inputs=tuple(inputs.split()),
        externals=tuple(part for part in externals.split("; ") if part), formula=formula,
        condition=condition, decided_by=LOOP_COUNTS[level] + tuple(deciders.split()),
        input_rules=tuple(INPUT_RULES.get(name, {}).items()),
        carried=(tuple(carried[0].split()), carried[1]) if carried else None,
        since=2 if name in NEWER else 1,
    )  # fmt: skip


TAP_POINTS: tuple[TapPoint, ...] = tuple(_build(row) for row in ROWS)
TAP_ID: Mapping[str, int] = {tap.name: number for number, tap in enumerate(TAP_POINTS)}


def tap_point(name: str) -> TapPoint:
    """Return the tap point of that name.

    Raises:
        KeyError: with the nearest names if there is none.

    Source: trace contract, "Taps".
    """
    if name in TAP_ID:
        return TAP_POINTS[TAP_ID[name]]
    near = [tap.name for tap in TAP_POINTS if name.lower() in tap.name.lower()]
    hint = f"; did you mean {', '.join(near)}?" if near else "; `trace-diff explain` lists all taps"
    raise KeyError(f"unknown tap '{name}'{hint}")


def c_header(taps: Iterable[TapPoint] = TAP_POINTS) -> str:
    """Return the text of the C header that states the tap points for the reference program.

    Every file may include it; the one that defines TAP_POINTS_DEFINE first also gets the table.
    """
    points = tuple(taps)
    levels = [f"    LEVEL_{level.name.upper()} = {level.value}," for level in TapLevel]
    ids = [f"    TAP_{tap.name}," for tap in points]
    rows = [f'    [TAP_{tap.name}] = {{"{tap.name}", LEVEL_{tap.level.name.upper()}, {tap.size},'
            f" '{tap.kind[0]}', {tap.since}}}," for tap in points]  # fmt: skip
    return "\n".join([
        "/* Tap points of the trace contract, in the order of printing.",
        " * Made by `python -m trace_tools.tap_points --c-header`; do not edit. */",
        "#ifndef TAP_POINTS_H", "#define TAP_POINTS_H", "",
        f'#define TRACE_FORMAT "{FORMAT}"', "",
        "/* loop levels, growing inwards; the context keys of a record follow from its level */",
        "enum tap_level {", *levels, "};", "",
        "enum tap_id {", *ids, "    TAP_COUNT", "};", "",
        "/* kind: 'f' floating, 'i' integer, 'w' word; size: number of values; since: version */",
        "struct tap_point {", "    const char *name;", "    unsigned char level;", "    unsigned char size;",
        "    char kind;", "    unsigned char since;", "};", "",
        "extern const struct tap_point tap_points[TAP_COUNT];", "",
        "#ifdef TAP_POINTS_DEFINE", "const struct tap_point tap_points[TAP_COUNT] = {", *rows, "};", "#endif",
        "", "#endif", "",
    ])  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Print the tap points: as a C header, or as a table of names, levels, sizes, kinds and units."""
    parser = argparse.ArgumentParser(prog="python -m trace_tools.tap_points", description=__doc__)
    parser.add_argument("--c-header", action="store_true", help="print the C header of the reference program")
    if parser.parse_args(argv).c_header:
        sys.stdout.write(c_header())
        return 0
    for tap in TAP_POINTS:
        sys.stdout.write(f"{tap.name:26s} {tap.level.name:13s} {tap.size:3d} {tap.kind:5s} {tap.unit}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
