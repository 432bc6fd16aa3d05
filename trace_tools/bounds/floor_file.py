"""The measured floor of a described pair, a file beside its description."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from system_io.files import read_regular, write_whole
from system_io.shown import json_text, printable
from system_io.toml_table import TomlTable
from trace_tools.element_bound import ElementBound
from trace_tools.errors import TraceError

FLOOR_NAME = "parity-floor.json"
SCHEMA = 1
NEED: Mapping[str, type] = {"rel": float, "abs": float, "unequal": int, "compared": int}
REMEDY = "measure it again with `nbp pair floor`"


@dataclass(frozen=True)
class PairFloor:
    """The bound of each output and tap that sound variants of a program need, and how it was measured."""

    facts: Mapping[str, Any]

    def bound(self, output: str) -> ElementBound | None:
        """Return the bound of an output, None for one that was not measured."""
        found = self.facts["outputs"].get(output)
        return None if found is None else measured_bound(found)

    def taps(self, trace: str) -> dict[str, ElementBound] | None:
        """Return the bounds of the taps of a trace, None for one that was not measured."""
        found = self.facts.get("traces", {}).get(trace)
        return None if found is None else {tap: measured_bound(need) for tap, need in found["taps"].items()}

    @property
    def text(self) -> str:
        """Return in words what the bounds rest on."""
        made, held = len(self.facts["variants"]), len(self.facts["held_out"])
        return f"bounds measured on {made} variants, {held} more held out, x {self.facts['k']:g}"


def measured_bound(need: Mapping[str, Any]) -> ElementBound:
    """Return the bound that a floor states of an output or tap."""
    return ElementBound(need["rel"], need["abs"], combined=True)


def read_floor(folder: Path) -> PairFloor | None:
    """Return the floor beside a description, None where none was measured.

    Raises:
        TraceError: it is there and cannot be used.
    """
    path = folder / FLOOR_NAME
    if not path.exists():
        return None
    data = read_regular(path, "floor", REMEDY, TraceError)
    try:
        facts = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise TraceError(f"floor '{printable(str(path))}' is no JSON ({error}); {REMEDY}") from None
    if not isinstance(facts, dict):
        raise TraceError(f"floor '{printable(str(path))}' is no JSON object; {REMEDY}")
    _check(TomlTable(facts, FLOOR_NAME, TraceError))
    return PairFloor(facts)


def _check(top: TomlTable) -> None:
    """Check that all of a floor is there, and nothing else."""
    if (schema := top.take("schema", int)) != SCHEMA:
        raise top.fault("schema", f"is {schema}, this program reads {SCHEMA}; {REMEDY}")
    top.take("k", float)
    for key in ("variants", "held_out", "cases"):
        top.take(key, list)
        top.texts(key)
    top.take("outputs", dict)
    _check_needs(top, "outputs")
    for _, trace in top.tables("traces"):
        trace.take("taps", dict)
        _check_needs(trace, "taps")
        trace.take("left_out", list)
        trace.texts("left_out")
        trace.close()
    top.close()


def _check_needs(table: TomlTable, key: str) -> None:
    for _, need in table.tables(key):
        for number, kind in NEED.items():
            need.take(number, kind)
        need.close()
        try:
            measured_bound(need.content)
        except TraceError as error:
            raise need.fault("", f"cannot be used: {error}; {REMEDY}") from error


def write_floor(folder: Path, facts: Mapping[str, Any]) -> Path:
    """Write a floor beside its description, whole or not at all.

    Raises:
        TraceError: it cannot be written.
    """
    path = folder / FLOOR_NAME
    write_whole(path, [(json_text(facts) + "\n").encode()], "floor", TraceError)
    return path
