"""Reads bounds from a parity.toml: of the elements of an output, and of the taps of a trace."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from system_io.shown import printable
from system_io.toml_table import TomlTable, read_toml
from trace_tools.bounds.floor_file import FLOOR_NAME, PairFloor, read_floor
from trace_tools.element_bound import KEYS, ElementBound
from trace_tools.errors import TraceError
from trace_tools.judging.tap_bounds import MEASURED, UNMEASURED, TapBoundRow

KEY = "bound"
AGAIN = f"but {FLOOR_NAME} has none of it; run `nbp pair floor` again"


def is_measured(table: TomlTable) -> bool:
    """Tell whether the bound of a table is a word, which stands for that of the floor."""
    return isinstance(table.content.get(KEY), str)


def output_bound(name: str, table: TomlTable, floor: PairFloor | None) -> ElementBound:
    """Return the bound of an output; where a floor is asked for and none is measured, equality.

    Raises:
        UserError: it is neither numbers nor the word for a floor, or the floor has none of it.
    """
    if not is_measured(table):
        return _numbers(table.table(KEY))
    _require_measured(table, KEY)
    found = None if floor is None else floor.bound(name)
    if floor is not None and found is None:
        raise table.fault(KEY, f"is '{MEASURED}', {AGAIN}")
    return found or ElementBound()


def tap_rows(name: str, table: TomlTable, floor: PairFloor | None) -> tuple[TapBoundRow, ...]:
    """Return the bounds of the taps of a trace by pattern, in their order.

    Args:
        name: of the trace.
        table: of the trace; one word in place of patterns stands for all taps.
        floor: of the pair, None where none is measured.

    Raises:
        UserError: a bound is none, there are tolerances besides, or the floor has none of the trace.
    """
    if not table.has(KEY):
        return ()
    if both := [key for key in ("rtol", "atol") if table.has(key)]:
        raise table.fault(both[0], f"stands beside '{KEY}', which takes its place; leave one of them out")
    if is_measured(table):
        return (_row(name, "*", table, KEY, floor),)
    inner = table.table(KEY)
    return tuple(_row(name, pattern, inner, pattern, floor) for pattern in inner.content)


def bounds_of_trace(path: Path, name: str | None = None) -> tuple[TapBoundRow, ...]:
    """Return the bounds of taps that a parity.toml states of one trace; the rest of the file is not read.

    Args:
        path: of the file; a floor beside it gives the measured ones.
        name: of the trace; None where the file has one table of bounds only.

    Raises:
        UserError: the file has no such table, several where none is named, or one that is wrong.
    """
    top = read_toml(path, "table of bounds", "name a parity.toml", TraceError)
    found = {trace: table for trace, table in top.tables("trace") if table.has(KEY)}
    if not found:
        raise top.fault("trace", f"has no table of bounds; write [trace.NAME.{KEY}]")
    if name is None and len(found) > 1:
        raise top.fault("trace", f"has bounds of {', '.join(found)}; name one of these traces")
    chosen = next(iter(found)) if name is None else name
    if chosen not in found:
        raise top.fault(f"trace.{chosen}", f"has no bounds; there are those of {', '.join(found)}")
    return tap_rows(chosen, found[chosen], read_floor(path.absolute().parent))


def _row(name: str, pattern: str, table: TomlTable, key: str, floor: PairFloor | None) -> TapBoundRow:
    value = table.content[key]
    if isinstance(value, dict):
        return TapBoundRow(pattern, _numbers(table.table(key)))
    if not isinstance(value, str):
        raise table.fault(
            key, f'is {value!r:.60}, must be a bound: write "*" = {{ rel = 1e-9 }} for that of all taps'
        )
    _require_measured(table, key)
    if floor is None:
        return TapBoundRow(pattern, basis=UNMEASURED)
    taps = floor.taps(name)
    if taps is None:
        raise table.fault(key, f"is '{MEASURED}', {AGAIN}")
    return TapBoundRow(pattern, by_tap=taps, basis=MEASURED)


def _require_measured(table: TomlTable, key: str) -> None:
    if (word := table.take(key, str)) != MEASURED:
        raise table.fault(key, f"is '{printable(word)}'; it is a table of numbers, or '{MEASURED}'")


def _numbers(table: TomlTable) -> ElementBound:
    numbers: Mapping[str, float] = {key: table.take(key, float) for key in KEYS if table.has(key)}
    table.may_have(KEYS)
    combined = table.take("combined", bool, False)
    table.close()
    try:
        return ElementBound(**numbers, combined=combined)
    except TraceError as error:
        raise table.error(f"{table.where}: {error}") from error
