"""Pixels of a program traced by the debugger, each in the state that the whole run has there."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from system_io.children import execute, temporary_folder
from system_io.shown import printable
from trace_tools.debugger.driver import DebuggedRun, run_once
from trace_tools.debugger.gdb_run import PINNED
from trace_tools.debugger.records import TapReading, contract_text
from trace_tools.debugger.sources import Debugged
from trace_tools.debugger.tap_map import TapMap
from trace_tools.debugger.told import IMAGE, PixelBlock, asked_block, laid_out, leading_regions, narrowed
from trace_tools.errors import DebuggerError
from trace_tools.tap_points import TAP_ID, TAP_POINTS, TapLevel

FLOAT_BYTES = 4


@dataclass(frozen=True)
class DebugJob:
    """What is to be traced: map, program, its words (for a run in `caller`), pixels (slow, fast), and how.

    ``proves_state``: run the program without the debugger, too, and compare the image at the pixels;
    ``skips``: go on without the taps that cannot be read; ``whole``: the float image of the whole run, where
    it is known already; ``deepest``: the innermost level to print.
    """

    tap_map: TapMap
    program: Debugged
    words: tuple[str, ...]
    caller: Path
    pixels: tuple[tuple[int, int], ...]
    schema: int
    timeout_s: float
    proves_state: bool = True
    skips: bool = False
    whole: bytes | None = None
    deepest: TapLevel = TapLevel.mosaic


@dataclass(frozen=True)
class DebugTrace:
    """A trace made by the debugger, and what is to be said of it.

    ``states`` say for each pixel whether the state of the whole run is proven; ``proven`` whether all are;
    ``unread`` are taps that cannot be read, with the reason; ``unreached`` those whose place the program did
    not come to; ``values`` are the bytes of the image at the pixels in the debugged runs.
    """

    text: str
    states: Mapping[tuple[int, int], str]
    proven: bool
    differs: bool
    unread: Mapping[str, str]
    unreached: tuple[str, ...]
    tap_count: int
    values: Mapping[tuple[int, int], bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class _State:
    run: DebuggedRun
    said: str
    proven: bool
    differs: bool
    value: bytes | None


def trace_pixels(job: DebugJob) -> DebugTrace:
    """Trace pixels with the debugger.

    Raises:
        DebuggerError: nothing can be concluded: no debugger, no place, no value, a program that failed.
    """
    _require_inside(job)
    with temporary_folder("nb-debugged") as name:
        folder = Path(name)
        words = laid_out(job.words, job.caller, folder)
        whole = job.whole
        if whole is None and job.proves_state:
            whole = _whole_image(job, words, folder)
        states = {pixel: _traced(job, words, folder, pixel, whole) for pixel in dict.fromkeys(job.pixels)}
    runs = [state.run for state in states.values()]
    readings = _joined(runs)
    unread = {name: why for run in runs for name, why in run.problems.items()}
    unreached = tuple(
        tap.point.name for tap in job.tap_map.taps if all(tap.point.name in run.unreached for run in runs)
    )
    _require_complete(job, unread, unreached, next((run.gate for run in runs if run.gate), ""))
    points = {number for number, point in enumerate(TAP_POINTS) if point.level <= job.deepest}
    readings = [r for r in readings if r.tap in points and TAP_POINTS[r.tap].name not in unread]
    said = {pixel: state.said for pixel, state in states.items()}
    statements = _statements(job, runs[0].debugger, said, unread)
    return DebugTrace(
        contract_text(readings, job.tap_map, job.schema, statements, unread), said,
        all(state.proven for state in states.values()), any(state.differs for state in states.values()),
        unread, unreached, len({reading.tap for reading in readings}),
        {pixel: state.value for pixel, state in states.items() if state.value is not None},
    )  # fmt: skip


def _require_inside(job: DebugJob) -> None:
    """Check that the pixels lie in the region that the command line asks for."""
    region = asked_block(job.words, job.tap_map.program)
    for slow, fast in job.pixels:
        inside = slow >= 0 and fast >= 0 and (region is None or region.holds(slow, fast))
        if not inside:
            bounds = (
                ""
                if region is None
                else f"; the command line has '{' '.join(region.words(job.tap_map.program))}'"
            )
            raise DebuggerError(
                f"pixel slow {slow} fast {fast} is not computed{bounds}; name a pixel inside of it"
            )


def _statements(
    job: DebugJob, debugger: str, said: Mapping[tuple[int, int], str], unread: Mapping[str, str]
) -> dict[str, str]:
    """Return what a reader of the trace must know."""
    found = {"taps": f"read by {debugger} with the tap map '{job.tap_map.source}'"}
    found |= {f"state of pixel slow {slow} fast {fast}": text for (slow, fast), text in said.items()}
    return found | {f"not read: {name}": why for name, why in unread.items()}


def _joined(runs: Sequence[DebuggedRun]) -> list[TapReading]:
    """Return the set-up of the first run and the pixels of all, in the order of the contract."""
    found = list(runs[0].readings)
    for run in runs[1:]:
        found += [reading for reading in run.readings if TAP_POINTS[reading.tap].level >= TapLevel.pixel]
    return sorted(found, key=lambda reading: reading.place)


def _require_complete(job: DebugJob, unread: Mapping[str, str], unreached: Sequence[str], gate: str) -> None:
    """Check that all taps of the map that every run has were read."""
    if unread and not job.skips:
        name, why = next(iter(unread.items()))
        more = f" (and {len(unread) - 1} more taps: {', '.join(list(unread)[1:])})" if len(unread) > 1 else ""
        raise DebuggerError(
            f"tap '{name}' cannot be read: {why}{more}; build with -g -Og or -g -O0, choose another place in "
            "the map, or give --skip-unreadable"
        )
    lost = [name for name in unreached if not TAP_POINTS[TAP_ID[name]].condition]
    if lost and not job.skips:
        why = gate or "the program ended without coming to its place in this pixel"
        raise DebuggerError(
            f"tap '{lost[0]}' was not reached: {why}{_and_more(lost)}; correct the places in the map, name a "
            "pixel that is computed, build with -Og or -O0, or give --skip-unreadable"
        )


def _and_more(names: Sequence[str]) -> str:
    return f" (nor to those of {len(names) - 1} more taps)" if len(names) > 1 else ""


def _whole_image(job: DebugJob, words: Sequence[str], folder: Path) -> bytes | None:
    """Run the program as it is told, without the debugger, and return its float image, None without one."""
    if not job.tap_map.program.float_file:
        return None
    command = [str(job.program.binary), *narrowed(words, job.tap_map.program, None)]
    outcome, out, err = execute(command, folder, {**os.environ, **PINNED}, job.timeout_s)
    if outcome.failure is not None:
        last = (err or out).decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise DebuggerError(
            f"program '{printable(command[0])}' {outcome.failure} without the debugger; it said: "
            f"{printable(last)}"
        )
    return _image(folder)


def _image(folder: Path) -> bytes | None:
    path = folder / IMAGE
    if not path.is_file():
        return None
    data = path.read_bytes()
    path.unlink()
    return data


def _traced(
    job: DebugJob, words: Sequence[str], folder: Path, pixel: tuple[int, int], whole: bytes | None
) -> _State:
    """Trace one pixel in the smallest region that gives it the value of the whole run."""
    program = job.tap_map.program
    regions = leading_regions(pixel, asked_block(words, program), program)
    found = None
    for region in regions:
        told = narrowed(words, program, region)
        run = run_once(job.tap_map, job.program, told, folder, pixel, job.timeout_s, skips=job.skips)
        found = _judged(run, pixel, region, whole, _image(folder))
        if found.proven or not found.differs:
            return found
    assert found is not None  # there is always a region
    return found


def _judged(
    run: DebuggedRun,
    pixel: tuple[int, int],
    region: PixelBlock | None,
    whole: bytes | None,
    image: bytes | None,
) -> _State:
    """Say whether a run had the state of the whole run at a pixel."""
    how = _how(pixel, region)
    width = _width(run, whole)
    value = None if image is None or width is None else _value(image, pixel, width)
    if region is None and whole is None:
        return _State(run, f"{how}, so it is that of the whole run", True, False, value)
    if whole is None or value is None or width is None:
        return _State(
            run, f"{how}; not proven to be that of the whole run (no image to compare)", False, False, value
        )
    wanted = _value(whole, pixel, width)
    if value == wanted:
        said = f"{how}; the image has the bits of the whole run there"
        return _State(run, said, True, False, value)
    said = f"{how}; NOT that of the whole run: the image differs there"
    return _State(run, said, False, True, value)


def _how(pixel: tuple[int, int], region: PixelBlock | None) -> str:
    if region is None:
        return "the whole command line was run"
    before = (region.fast_max - region.fast_min + 1) * (region.slow_max - region.slow_min + 1) - 1
    return f"{before} earlier pixels were run" if before != 1 else "1 earlier pixel was run"


def _width(run: DebuggedRun, image: bytes | None) -> int | None:
    """Return the number of fast pixels: what the tap says, else the side of a square image."""
    said = next((r.texts[0] for r in run.readings if r.tap == TAP_ID["fpixels"]), None)
    if said is not None:
        return int(said)
    count = 0 if image is None else len(image) // FLOAT_BYTES
    side = math.isqrt(count)
    return side if side and side * side == count else None


def _value(image: bytes, pixel: tuple[int, int], width: int) -> bytes | None:
    start = (pixel[0] * width + pixel[1]) * FLOAT_BYTES
    found = image[start : start + FLOAT_BYTES]
    return found if len(found) == FLOAT_BYTES else None
