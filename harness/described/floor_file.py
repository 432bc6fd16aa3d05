"""The measured floor of a described pair, a file beside its description."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.store.schema import Each, Perhaps, check
from system_io.files import read_regular, write_whole
from system_io.shown import json_text, printable
from trace_tools.element_bound import ElementBound

FLOOR_NAME = "parity-floor.json"
SCHEMA = 1
NEED: Mapping[str, Any] = {"rel": float, "abs": float, "unequal": int, "compared": int}
SHAPE: Mapping[str, Any] = {
    "schema": int, "k": float, "variants": [str], "held_out": [str], "cases": [str], "outputs": Each(NEED),
    "traces": Perhaps(Each({"taps": Each(NEED), "left_out": [str]})),
}  # fmt: skip
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
        HarnessError: it is there and cannot be used.
    """
    path = folder / FLOOR_NAME
    if not path.exists():
        return None
    data = read_regular(path, "floor", REMEDY, HarnessError)
    try:
        facts = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise HarnessError(f"floor '{printable(str(path))}' is no JSON ({error}); {REMEDY}") from None
    check(facts, SHAPE, FLOOR_NAME)
    if facts["schema"] != SCHEMA:
        raise HarnessError(
            f"{FLOOR_NAME}: schema is {facts['schema']}, this program reads {SCHEMA}; {REMEDY}"
        )
    return PairFloor(facts)


def write_floor(folder: Path, facts: Mapping[str, Any]) -> Path:
    """Write a floor beside its description, whole or not at all.

    Raises:
        HarnessError: it cannot be written.
    """
    path = folder / FLOOR_NAME
    write_whole(path, [(json_text(facts) + "\n").encode()], "floor", HarnessError)
    return path
