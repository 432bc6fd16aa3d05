"""Runs of a program under the debugger with other values at some taps, and what becomes of the pixel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from system_io.children import temporary_folder
from trace_tools.debugger.driver import OUTPUT, gate_row, place_rows, require_end, require_places, tap_row
from trace_tools.debugger.gdb_run import program_settings, run_gdb
from trace_tools.debugger.sources import Debugged
from trace_tools.debugger.tap_map import MappedPut, MappedTap, TapMap
from trace_tools.debugger.told import asked_block, laid_out, leading_regions, narrowed
from trace_tools.errors import DebuggerError
from trace_tools.tap_points import TapLevel

PUTS = "gdb_puts.py"
FINAL = "I_pixel_final"
LONGEST_CPU_S = 60
"""Of one run; a value that sends a program into a loop for ever must not hold up the others."""
FASTER = ("set auto-solib-add off",)
WRAPPER = 'set exec-wrapper /bin/sh -c \'ulimit -t {seconds} && exec "$0" "$@"\''
PutRecords = Mapping[tuple[int, ...], tuple[float, ...]]
"""Numbers of one tap by the loop indices of its records, outermost first; no index for the set-up."""
PutSet = Mapping[str, PutRecords]


@dataclass(frozen=True)
class PutJob:
    """What is run: map, program, its words (for a run in `caller`), pixel (slow, fast), and how long at most.

    ``wanted`` is what the pixel has in the whole run, in photons: the state that the runs must have.
    """

    tap_map: TapMap
    program: Debugged
    words: tuple[str, ...]
    caller: Path
    pixel: tuple[int, int]
    wanted: float
    timeout_s: float


@dataclass(frozen=True)
class PutRun:
    """One run: the pixel in photons, None if it has none, and why; taps that could not be put in, and why."""

    final: float | None
    failure: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)


def put_names(tap_map: TapMap, program: Debugged) -> tuple[str, ...]:
    """Return the taps that have a place in a program into which values can be put."""
    spots = require_places(tap_map, program, _places(tap_map.taps), skips=True)
    return tuple(
        tap.point.name for tap in tap_map.taps if tap.put and any(place in spots for place in tap.put.places)
    )


def put_values(job: PutJob, sets: Sequence[PutSet]) -> list[PutRun]:
    """Run a program once for each set of values, in the state that the whole run has at the pixel.

    Raises:
        DebuggerError: no debugger, no place where the pixel is read, or a pixel that differs from the traced
            one without any value put in.
    """
    names = set().union(*sets)
    taps = [tap for tap in job.tap_map.taps if tap.point.name in names and tap.put]
    final = next((tap for tap in job.tap_map.taps if tap.point.name == FINAL), None)
    if final is None:
        raise DebuggerError(f"tap map '{job.tap_map.source}' has no {FINAL}; add it")
    found = None
    with temporary_folder("nb-put") as name:
        folder = Path(name)
        words = laid_out(job.words, job.caller, folder)
        facts = job.tap_map.program
        for region in leading_regions(job.pixel, asked_block(words, facts), facts):
            told = narrowed(words, facts, region)
            found = _runs(job, told, folder, taps, final, [{}, *sets])
            if found[0].final == job.wanted:
                return found[1:]
    assert found is not None  # there is always a region
    first = found[0]
    if first.final is None:
        why = first.problems.get(FINAL, "the program does not come to its place in this pixel")
        raise DebuggerError(f"{FINAL} is not read under the debugger: {why}; build with -g -O0 or -g -Og")
    raise DebuggerError(
        f"pixel slow {job.pixel[0]} fast {job.pixel[1]} is {first.final!r} under the debugger, and "
        f"{job.wanted!r} in the trace; give the program that was traced"
    )


def _runs(
    job: PutJob,
    told: Sequence[str],
    folder: Path,
    taps: Sequence[MappedTap],
    final: MappedTap,
    sets: Sequence[PutSet],
) -> list[PutRun]:
    """Run once for each set of values in one region."""
    spots = require_places(job.tap_map, job.program, {*final.places, *_places(taps)}, skips=True)
    rows: dict[str, list[dict[str, Any]]] = {place: [] for place in spots}
    for tap in taps:
        for place in tap.put.places if tap.put else ():
            rows.setdefault(place, []).append(_put_row(job.tap_map, tap))
    for place in final.places:
        rows[place].append({**tap_row(job.tap_map, final), "put": False, "factor": final.factor})
    limit_s = min(math.ceil(job.timeout_s), LONGEST_CPU_S)
    with temporary_folder("nb-gdb") as name:
        output = Path(name) / OUTPUT
        task = {
            "settings": [*FASTER, *program_settings(told, folder, output), WRAPPER.format(seconds=limit_s)],
            "pixel": list(job.pixel), "gate": gate_row(job.tap_map, spots), "wanted": job.wanted.hex(),
            "places": place_rows(job.tap_map, spots, rows),
            "puts": [{tap.point.name: _numbers(tap, some[tap.point.name]) for tap in taps
                      if tap.point.name in some} for some in sets],
        }  # fmt: skip
        report = run_gdb(PUTS, job.program.binary, task, Path(name), job.timeout_s * len(sets))
        require_end(report["runs"][0]["end"], job.program.binary, output)
        return [_run(job, row, output) for row in report["runs"]]


def _places(taps: Sequence[MappedTap]) -> set[str]:
    return {place for tap in taps if tap.put for place in tap.put.places}


def _put_row(tap_map: TapMap, tap: MappedTap) -> dict[str, Any]:
    put = tap.put
    assert put is not None  # chosen so
    return {
        "name": tap.point.name, "kind": tap.point.kind, "values": put.values, "condition": put.condition,
        "keys": tap.point.keys, "context": tap_map.put_indices(tap, put), "repeat": put.repeat,
        "loop": tap.point.level >= TapLevel.pixel, "put": True, "times": put.times,
    }  # fmt: skip


def _numbers(tap: MappedTap, records: PutRecords) -> list[list[Any]]:
    """Return the records of a tap for the script, in the unit of the program."""
    put = tap.put
    assert put is not None  # chosen so
    return [
        [list(where), [_number(tap, put, value) for value in values]] for where, values in records.items()
    ]


def _number(tap: MappedTap, put: MappedPut, value: float) -> list[str]:
    if tap.point.kind == "int":
        return ["int", str(int(value))]
    return ["float", unscaled(value, put.factor).hex()]


def unscaled(value: float, factor: float) -> float:
    """Return the number that a factor turns into a value, to the bit where there is one."""
    near = value / factor
    if not math.isfinite(near):
        return near
    tried = (near, math.nextafter(near, math.inf), math.nextafter(near, -math.inf))
    return next((number for number in tried if number * factor == value), near)


def _run(job: PutJob, row: Mapping[str, Any], output: Path) -> PutRun:
    problems = {name: f"'{text}': {reason}" for name, (text, reason) in row["problems"].items()}
    never = [name for name, count in row["done"].items() if not count and name not in problems]
    problems |= dict.fromkeys(never, "the program does not come to its place with these loop indices")
    try:
        require_end(row["end"], job.program.binary, output)
    except DebuggerError as error:
        return PutRun(None, str(error), problems)
    if row["read"] is None:
        return PutRun(None, "the pixel was not finished", problems)
    return PutRun(float.fromhex(row["read"]), "", problems)
