"""What the debugger read, as records of the trace contract in its order."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from system_io.shown import printable
from trace_tools.debugger.bits import exact, printed, whole_text
from trace_tools.debugger.tap_map import MappedTap, TapMap
from trace_tools.errors import DebuggerError
from trace_tools.tap_points import CONTEXT_KEYS, FORMAT, SUBSET, TAP_ID, TAP_POINTS, TapLevel

PREFIX = "TRACE_C:"
PIXEL_KEYS = 2
LAST = 1 << 62


@dataclass(frozen=True)
class TapReading:
    """One record: the number of its tap, its loop indices, and its values as they are printed."""

    tap: int
    context: tuple[int, ...]
    texts: tuple[str, ...]

    @property
    def line(self) -> str:
        """Return the line of a trace."""
        point = TAP_POINTS[self.tap]
        where = " ".join(f"{key}={turn}" for key, turn in zip(point.keys, self.context, strict=True))
        return f"{PREFIX} {point.name} {' '.join(self.texts)}" + (f" | {where}" if where else "")

    @property
    def place(self) -> tuple[int, ...]:
        """Return what orders the records of one pixel, and of the set-up, as the contract does."""
        point = TAP_POINTS[self.tap]
        if point.level is TapLevel.setup:
            return (0, self.tap)
        if point.level < TapLevel.pixel:
            return (int(point.level), *self.context, self.tap)
        inner = (LAST,) if point.level is TapLevel.pixel else self.context[PIXEL_KEYS:]
        filled = (*inner, *(-1 for _ in CONTEXT_KEYS[PIXEL_KEYS + len(inner) :]))
        return (LAST, *self.context[:PIXEL_KEYS], *filled, self.tap)


def read_records(path: Path, tap_map: TapMap, machine: str) -> list[TapReading]:
    """Read what the script in the debugger wrote, and put it in the order of the contract.

    Raises:
        DebuggerError: values that do not have the shape or type of their tap, or several in one context.
    """
    by_name = {tap.point.name: tap for tap in tap_map.taps}
    found: dict[tuple[int, tuple[int, ...]], TapReading] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, context, values = json.loads(line)
        tap = by_name[name]
        reading = TapReading(TAP_ID[name], tuple(context), _texts(tap, values, machine))
        _keep(found, reading, tap)
    return sorted(found.values(), key=lambda reading: reading.place)


def _keep(found: dict[tuple[int, tuple[int, ...]], TapReading], reading: TapReading, tap: MappedTap) -> None:
    key = (reading.tap, reading.context)
    before = found.setdefault(key, reading)
    if tap.take == "last":
        found[key] = reading
    elif tap.take == "only" and before.texts != reading.texts:
        where = reading.line.partition(" | ")[2] or "the set-up"
        raise DebuggerError(
            f"tap '{tap.point.name}' has two values in one context ({where}): {before.texts[0]} and "
            f"{reading.texts[0]}; correct its loop indices, or add take = 'first' or 'last'"
        )


def _texts(tap: MappedTap, values: Iterable[list[Any]], machine: str) -> tuple[str, ...]:
    point = tap.point
    rows = list(values)
    if len(rows) != point.size:
        raise DebuggerError(
            f"tap '{point.name}' has {point.size} value{'s' if point.size > 1 else ''}, and "
            f"{', '.join(tap.values)} gives {len(rows)}; correct value in the map"
        )
    return tuple(_text(tap, kind, size, bits, machine) for kind, size, bits in rows)


def _text(tap: MappedTap, kind: str, size: int, bits: str, machine: str) -> str:
    wanted = tap.point.kind
    if wanted == "word" or kind == "word":
        if (wanted, kind) != ("word", "word") or len(bits.split()) != 1:
            raise DebuggerError(_wrong_type(tap, f"'{printable(bits)}'", "one word"))
        return bits
    if kind == "int":
        if wanted == "float":
            raise DebuggerError(
                _wrong_type(tap, f"the whole number {bits}", "a floating value, or (double)x")
            )
        return bits
    value = exact(size, bits, machine)
    if wanted == "int":
        text = whole_text(value)
        if text is None:
            raise DebuggerError(_wrong_type(tap, printed(value), "a whole number"))
        return text
    return printed(value if tap.factor == 1.0 else float(value) * tap.factor)


def _wrong_type(tap: MappedTap, found: str, wanted: str) -> str:
    return (
        f"tap '{tap.point.name}' is of type '{tap.point.kind}', and {', '.join(tap.values)} is {found}; "
        f"give {wanted}"
    )


def contract_text(
    readings: Iterable[TapReading],
    tap_map: TapMap,
    schema: int,
    statements: Mapping[str, str],
    unread: Container[str] = (),
) -> str:
    """Return the trace: its two first lines, what is to be said of it, and a line for each record.

    Args:
        readings: in the order of the contract.
        tap_map: names the program.
        schema: version of the format; taps that came later are left out.
        statements: lines that readers skip: name and text.
        unread: taps of the map that the trace has not.
    """
    program = tap_map.program
    head = [f"{PREFIX} schema {FORMAT} {schema}", f"{PREFIX} program {program.name} {program.version}"]
    had = {point for point in TAP_POINTS if point.since <= schema}
    mapped = [tap.point for tap in tap_map.taps if tap.point in had and tap.point.name not in unread]
    subset = (
        [f"{PREFIX} {SUBSET} {' '.join(point.name for point in mapped)}"] if len(mapped) < len(had) else []
    )
    said = [f"# {name}: {' '.join(text.split())}" for name, text in statements.items()]
    lines = [reading.line for reading in readings if TAP_POINTS[reading.tap].since <= schema]
    return "\n".join([*head, *subset, *said, *lines]) + "\n"
