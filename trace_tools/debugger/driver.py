"""One run of a program under the debugger: places are found, the program is run to them, records come out."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from system_io.children import temporary_folder
from system_io.shown import printable
from trace_tools.debugger.anchors import AFTER, Found, FoundPlace, find_anchor
from trace_tools.debugger.gdb_run import program_settings, run_gdb
from trace_tools.debugger.records import TapReading, read_records
from trace_tools.debugger.sources import Debugged
from trace_tools.debugger.tap_map import MappedTap, TapMap
from trace_tools.errors import DebuggerError
from trace_tools.tap_points import TAP_ID, TapLevel

TAPS = "gdb_taps.py"
OUTPUT = "output.txt"
LAST_WORDS = 200


@dataclass(frozen=True)
class DebuggedRun:
    """What one run gave: records in order, taps that were not reached, what cannot be read and why.

    ``gate`` says in words that the pixel never began, empty if it did.
    """

    readings: tuple[TapReading, ...]
    unreached: tuple[str, ...]
    problems: Mapping[str, str]
    debugger: str
    gate: str


def found_places(
    tap_map: TapMap, program: Debugged, wanted: Container[str] | None = None
) -> dict[str, Found]:
    """Return what became of each place of a map that something refers to.

    Args:
        tap_map: the map.
        program: the binary and its sources.
        wanted: places of taps that matter; None for all, those where values are put in, too.
    """
    used = {place for tap in tap_map.taps for place in tap.places}
    used |= {place for tap in tap_map.taps if tap.put for place in tap.put.places}
    used = {place for place in used if wanted is None or place in wanted} | needed_places(tap_map)
    return {
        name: find_anchor(anchor, program.sources, program.code)
        for name, anchor in tap_map.places.items()
        if name in used
    }


def needed_places(tap_map: TapMap) -> set[str]:
    """Return the places without which no loop index is known."""
    gate = {tap_map.gate.place} if tap_map.gate else set()
    return {place for _, place, _ in tap_map.captures} | gate


def read_places(tap_map: TapMap) -> set[str]:
    """Return the places without which a trace is not whole; values are put in at others, too."""
    return {place for tap in tap_map.taps for place in tap.places} | needed_places(tap_map)


def require_places(
    tap_map: TapMap, program: Debugged, wanted: Container[str], *, skips: bool = False
) -> dict[str, FoundPlace]:
    """Return where each place is.

    Args:
        tap_map: the map.
        program: the binary and its sources.
        wanted: places of taps that matter.
        skips: leave out places where nothing but taps is read and that are nowhere.

    Raises:
        DebuggerError: one is nowhere, or not at one line only.
    """
    spots = {}
    needed = needed_places(tap_map)
    for name, found in found_places(tap_map, program, wanted).items():
        if found.spot is not None:
            spots[name] = found.spot
        elif not skips or name in needed:
            near = f"; near: {found.near[0]}" if found.near else ""
            raise DebuggerError(
                f"tap map '{tap_map.source}': place {name}: {found.problem}{near}; "
                "`nb-trace-map check` shows all places"
            )
    return spots


def run_once(
    tap_map: TapMap,
    program: Debugged,
    words: Sequence[str],
    folder: Path,
    pixel: tuple[int, int],
    timeout_s: float,
    *,
    skips: bool = False,
) -> DebuggedRun:
    """Run a program under the debugger and read the taps of one pixel.

    Args:
        tap_map: where they are.
        program: the binary and its sources.
        words: its command line.
        folder: where it is run.
        pixel: (slow, fast).
        timeout_s: longest wall time, s.
        skips: go on without the taps whose place is nowhere.

    Raises:
        DebuggerError: the debugger or the program failed, or a value is not what its tap is.
    """
    spots = require_places(tap_map, program, read_places(tap_map), skips=skips)
    with temporary_folder("nb-gdb") as name:
        scratch = Path(name)
        output, records = scratch / OUTPUT, scratch / "records.jsonl"
        job = {
            "settings": program_settings(words, folder, output),
            "records": str(records),
            "pixel": list(pixel), "gate": gate_row(tap_map, spots), "places": _rows(tap_map, spots),
        }  # fmt: skip
        report = run_gdb(TAPS, program.binary, job, scratch, timeout_s)
        require_end(report["end"], program.binary, output)
        readings = read_records(records, tap_map, report["architecture"])
    problems = {name: f"'{text}': {reason}" for name, (text, reason) in report["problems"].items()}
    for tap in tap_map.taps:
        if not spots.keys() & set(tap.places):
            problems[tap.point.name] = f"its place {tap.places[0]} is nowhere in the source"
    there = {reading.tap for reading in readings}
    unreached = tuple(
        tap.point.name
        for tap in tap_map.taps
        if tap.point.name not in problems and TAP_ID[tap.point.name] not in there
    )
    return DebuggedRun(
        tuple(readings), unreached, problems, f"gdb {report['gdb']}", _gate_words(report["gate"], pixel)
    )


def _gate_words(gate: list[Any] | None, pixel: tuple[int, int]) -> str:
    """Say that the start of the pixel was never reached."""
    if gate is None or gate[1]:
        return ""
    return f"[pixel] was reached {gate[0]} times, and never with slow {pixel[0]} fast {pixel[1]}"


def require_end(end: Mapping[str, Any], binary: Path, output: Path) -> None:
    """Check that the program ended as it should."""
    if end["signal"] is None and end["exit"] == 0:
        return
    how = (
        f"was ended by {end['signal']} in {end['where']}"
        if end["signal"] is not None
        else "was ended by a signal"
        if end["exit"] is None
        else f"ended with exit status {end['exit']}"
    )
    text = output.read_bytes().decode("utf-8", "replace") if output.is_file() else ""
    last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "nothing")
    raise DebuggerError(
        f"program '{printable(str(binary))}' {how} under the debugger; it said: "
        f"{printable(last)[:LAST_WORDS]}"
    )


def gate_row(tap_map: TapMap, spots: Mapping[str, FoundPlace]) -> dict[str, Any] | None:
    """Return the start of a pixel for the script, None where the map has none."""
    gate = tap_map.gate
    if gate is None:
        return None
    return {"file": spots[gate.place].path, "line": spots[gate.place].line, "s": gate.s, "f": gate.f}


def _rows(tap_map: TapMap, spots: Mapping[str, FoundPlace]) -> list[dict[str, Any]]:
    """Return a row for each place where something is read."""
    taps = {name: [tap_row(tap_map, tap) for tap in tap_map.taps if name in tap.places] for name in spots}
    return place_rows(tap_map, spots, taps)


def place_rows(
    tap_map: TapMap, spots: Mapping[str, FoundPlace], taps: Mapping[str, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Return a row for each place where something is done: taps there, and loop indices that are kept."""
    rows = []
    for name, spot in spots.items():
        captures = [(key, value) for key, place, value in tap_map.captures if place == name]
        if taps.get(name) or captures:
            rows.append({
                "file": spot.path, "line": spot.line, "last_line": spot.last_line,
                "after": spot.when == AFTER, "captures": captures, "taps": taps.get(name, []),
                "gated": all(tap["loop"] for tap in taps.get(name, [])),
            })  # fmt: skip
    return rows


def tap_row(tap_map: TapMap, tap: MappedTap) -> dict[str, Any]:
    """Return a tap that is read, for the script."""
    return {
        "name": tap.point.name, "kind": tap.point.kind, "values": tap.values, "condition": tap.condition,
        "keys": tap.point.keys, "context": tap_map.indices(tap), "repeat": tap.repeat,
        "loop": tap.point.level >= TapLevel.pixel,
    }  # fmt: skip
