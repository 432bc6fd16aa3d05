"""Runs two programs with taps on and checks that looking changed nothing."""

from __future__ import annotations

import io
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.arithmetic import arithmetic_of
from harness.errors import HarnessError, ProgramError, UsageError
from harness.pairs.findings import same_program
from harness.probing.match import Match
from harness.programs.arguments import PreparedArguments, prepare_arguments
from harness.programs.programs import Program
from harness.programs.run import WORK_NAME, ProgramRun, run_program
from harness.programs.side_words import require_known, side_words
from harness.programs.watching import Watch, nobody
from harness.sides import SIDES
from harness.store.names import trace_name
from harness.time_limits import RUN_S
from harness.tracing.debugged import AskedOfDebugger, debugged_trace
from harness.tracing.fitting import map_that_fits
from system_io.children import temporary_folder
from system_io.shown import printable
from system_io.verdict_words import Word
from trace_tools.errors import TraceError
from trace_tools.judging.behind import behind_last_tap
from trace_tools.reading.trace_file import TraceLog, read_stream, read_trace

PHI_MODES: Mapping[str, str] = {"c-parity": "on", "spec": "off"}
OWN_OPTIONS: Mapping[str, str] = {
    "-trace_pixel": "give --pixel before the --",
    "-trace_roi": "give --roi before the --",
    "-trace_level": "give --level before the --",
    "-trace_schema": "leave it out, the newest is used",
    "-trace_only": "leave it out",
}
NOT_DONE, CHANGED, BEHIND = "NOT DONE (--no-observer-check)", "CHANGED: ", "BEHIND THE LAST TAP: "
EQUAL = " traced pixels equal an untraced run bit for bit"


@dataclass(frozen=True)
class TraceJob:
    """What is to be traced.

    `args` are the words of the nanoBragg command line, relative names in them refer to `caller`; `pixels` are
    (slow, fast); `roi` is (slow_min, slow_max, fast_min, fast_max), bounds inclusive, or None; `threads` are
    for external programs; `determinism` says that both programs may be one; `schema`
    is the version of the traces, of which external programs know the first alone; `matched` are the quirks
    that tiny runs told of a program that a user brought, and that the other side gets; `tap_map`
    names the map with which a debugger reads the taps of the first program, None where it prints them;
    `choose_map`: look for one where it prints none; `map_chosen`: `tap_map` was found in this way.
    """

    first: Program
    second: Program
    args: tuple[str, ...]
    caller: Path
    pixels: tuple[tuple[int, int], ...]
    roi: tuple[int, int, int, int] | None = None
    mode: str = "c-parity"
    phi_mode: str | None = None
    dtype: str | None = None
    device: str | None = None
    level: str = "mosaic"
    observer_check: bool = True
    timeout_s: float = RUN_S
    threads: int = 1
    determinism: bool = False
    schema: int = 2
    matched: Match | None = None
    tap_map: str | None = None
    choose_map: bool = False
    map_chosen: bool = False

    @property
    def programs(self) -> dict[str, Program]:
        """Return the program of each side."""
        return dict(zip(SIDES, (self.first, self.second), strict=True))

    @property
    def arithmetic(self) -> str:
        """Return the arithmetic of the less precise program; one that it chooses itself may be mixed."""
        told = self.second.dialect.dtype_option is not None
        return arithmetic_of(self.dtype if told else None, ())

    def facts(self) -> dict[str, Any]:
        """Return the settings as plain data."""
        return {
            "pixels": [list(pixel) for pixel in self.pixels],
            "roi": None if self.roi is None else list(self.roi),
            "level": self.level,
            "dtype": self.dtype,
            "device": self.device,
            "observer_check": self.observer_check,
            "timeout_s": self.timeout_s,
            "threads": self.threads,
            "determinism": self.determinism,
            "schema": self.schema,
            "matched": None if self.matched is None else self.matched.facts(),
            "tap_map": self.tap_map,
            **({"map_chosen": True} if self.map_chosen else {}),
        }

    def trace_words(self) -> tuple[str, ...]:
        """Return the options, known to both programs, that choose pixels and level."""
        words = [word for slow, fast in self.pixels for word in ("-trace_pixel", str(slow), str(fast))]
        if self.roi is not None:
            words += ["-trace_roi", *map(str, self.roi)]
        return (*words, "-trace_level", self.level)

    def every_pixel(self) -> tuple[tuple[int, int], ...]:
        """Return the pixels (slow, fast) that are asked for, those of the block, too."""
        block: list[tuple[int, int]] = []
        if self.roi is not None:
            slow_min, slow_max, fast_min, fast_max = self.roi
            block = [(s, f) for s in range(slow_min, slow_max + 1) for f in range(fast_min, fast_max + 1)]
        return tuple(dict.fromkeys((*self.pixels, *block)))

    def setting_words(self, side: str) -> tuple[str, ...]:
        """Return the words that set parity mode, phi carryover, dtype and device of one side.

        Raises:
            ProgramError: the program does not know what is asked.
        """
        program = self.first if side == SIDES[0] else self.second
        own = (self.dtype, self.device) if side == SIDES[1] else (None, None)
        told = () if self.matched is None else self.matched.words(side, program)
        words = (*program.settings(self.mode, *own).words, *told)
        if self.phi_mode is None:
            return words
        if program.dialect.quirk_option is None:
            raise ProgramError(f"{program.title} '{program.words[0]}' knows no quirks; leave --phi-mode out")
        return (*words, program.dialect.quirk_option, f"Q-PHI-CARRYOVER={PHI_MODES[self.phi_mode]}")

    def looking_words(self, side: str, log_name: str) -> tuple[str, ...]:
        """Return the words behind the program of one side that make it trace into a file.

        A program whose taps a debugger reads gets none.
        """
        if self.tap_map is not None and side == SIDES[0]:
            return self.setting_words(side)
        program = self.first if side == SIDES[0] else self.second
        looking = program.looking_words(self.schema)
        return (*self.setting_words(side), *self.trace_words(), *looking, "-trace_file", log_name)


@dataclass(frozen=True)
class ObserverCheck:
    """The observer check of one side: pixels compared and those that differ; `done` is False if left out.

    `behind`: pixels that looking did not change, and whose last tap is not what the image file holds.
    """

    done: bool
    compared: int = 0
    changed: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the result in words."""
        if not self.done:
            return NOT_DONE
        for word, found in ((CHANGED, self.changed), (BEHIND, self.behind)):
            if found:
                return f"{word}{found[0]}" + (f" and {len(found) - 1} more" if found[1:] else "")
        return f"{self.compared}{EQUAL}"


@dataclass(frozen=True)
class TracedSide:
    """One side: its run with taps on, the run without (None if left out), its trace, the observer check.

    `said` is what is to be known of a trace that a debugger made.
    """

    side: str
    run: ProgramRun
    untraced: ProgramRun | None
    log: bytes
    trace: TraceLog
    observed: ObserverCheck
    said: str = ""


@dataclass(frozen=True)
class TracedPair:
    """Both sides of a trace job."""

    job: TraceJob
    arguments: PreparedArguments
    sides: Mapping[str, TracedSide] = field(default_factory=dict)


def traced_arguments(job: TraceJob) -> PreparedArguments:
    """Return the command line of a trace job for a run in any directory.

    Raises:
        UsageError: the command line cannot be traced.
        ProgramError: a program does not know what is asked.
    """
    for word in job.args:
        if word in OWN_OPTIONS:
            raise UsageError(f"option '{word}' cannot stand in the traced command line; {OWN_OPTIONS[word]}")
    arguments = prepare_arguments(job.args, job.caller)
    require_known(arguments.words, job.programs)
    first, second = job.first.provenance, job.second.provenance
    for finding in same_program(first, second, job.dtype, job.determinism):
        if finding.word is not Word.PASS:
            raise UsageError(finding.reason)
    return arguments


def run_traced_pair(job: TraceJob, watch: Watch = nobody) -> TracedPair:
    """Run both programs with taps on, and without, each in a scratch directory of its own.

    Raises:
        UsageError: the command line cannot be traced.
        ProgramError: a program does not know what is asked.
        HarnessError: a program failed or wrote no usable trace.
    """
    arguments = traced_arguments(job)
    with temporary_folder("nb-trace") as scratch:
        try:
            first = _run_side(job, SIDES[0], arguments, Path(scratch), watch)
        except NoTraceError as error:
            job = _with_fitting_map(job, error)
            first = _run_side(job, SIDES[0], arguments, Path(scratch) / "debugged", watch)
        second = _run_side(job, SIDES[1], arguments, Path(scratch), watch)
    return TracedPair(job, arguments, dict(zip(SIDES, (first, second), strict=True)))


class NoTraceError(HarnessError):
    """A program that was told to print taps, and does not."""


def _with_fitting_map(job: TraceJob, error: NoTraceError) -> TraceJob:
    """Return a job in which a debugger reads the taps of the first program, by the map that fits it.

    Raises:
        HarnessError: no map fits, or none is to be looked for.
    """
    if not job.choose_map or "sources_sha256" in job.first.provenance:
        raise error
    binary = job.first.words[0]
    found = map_that_fits(Path(binary))
    if found.name is None:
        raise HarnessError(
            f"{error}; no tap map fits it ({found.why}); begin one with nb-trace-map draft --binary "
            f"{printable(shlex.quote(binary))} and give it as --tap-map"
        )
    return replace(job, tap_map=found.name, map_chosen=True)


def _run_side(
    job: TraceJob, side: str, arguments: PreparedArguments, scratch: Path, watch: Watch
) -> TracedSide:
    program = job.programs[side]
    told = side_words(arguments, {side: program})[side].arguments
    if job.tap_map is not None and side == SIDES[0]:
        return _debugged_side(job, job.tap_map, told, scratch / side, watch)
    looking = job.looking_words(side, trace_name(side))
    run = run_program(program, looking, told, scratch / side, job.timeout_s, job.threads, watch)
    log = scratch / side / WORK_NAME / trace_name(side)
    if run.failure is not None and side == SIDES[0] and "sources_sha256" not in program.provenance:
        place = scratch / f"{side}-asked"
        _checked(
            run_program(program, job.setting_words(side), told, place, job.timeout_s, job.threads, watch)
        )
        raise NoTraceError(f"{run.failure}; without -trace_ options it runs")
    _checked(run)
    if not log.is_file():
        raise NoTraceError(
            f"{program.title} '{program.words[0]}' wrote no trace; "
            "give a program that knows the -trace_ options, --tap-map MAP for a debugger, or compare "
            "images alone with nb-compare"
        )
    trace = _read(log)
    if not job.observer_check:
        return TracedSide(side, run, None, log.read_bytes(), trace, ObserverCheck(False))
    settings = job.setting_words(side)
    place = scratch / f"{side}-plain"
    plain = _checked(run_program(program, settings, told, place, job.timeout_s, job.threads, watch))
    return TracedSide(side, run, plain, log.read_bytes(), trace, _observe(run, plain, trace))


def _debugged_side(
    job: TraceJob, tap_map: str, told: PreparedArguments, place: Path, watch: Watch
) -> TracedSide:
    """Run the first program as it is, and read its taps by a debugger."""
    side = SIDES[0]
    settings = job.setting_words(side)
    plain = _checked(run_program(job.first, settings, told, place, job.timeout_s, job.threads, watch))
    asked = AskedOfDebugger(tap_map, job.every_pixel(), job.schema, job.level, job.timeout_s)
    log, image, said = debugged_trace(plain, place, asked)
    said = f"{said}; the map was chosen since all its places match" if job.map_chosen else said
    trace = read_stream(io.BytesIO(log), trace_name(side))
    run = replace(plain, image=image)
    if not job.observer_check:
        return TracedSide(side, run, None, log, trace, ObserverCheck(False), said)
    return TracedSide(side, run, plain, log, trace, _observe(run, plain, trace), said)


def _checked(run: ProgramRun) -> ProgramRun:
    if run.failure is not None:
        raise HarnessError(run.failure)
    return run


def _read(log: Path) -> TraceLog:
    try:
        return read_trace(log)
    except TraceError as error:
        raise HarnessError(str(error)) from error


def _observe(run: ProgramRun, plain: ProgramRun, trace: TraceLog) -> ObserverCheck:
    """Compare the traced pixels of both images, and what the trace says of them, bit for bit."""
    assert run.image is not None  # checked before
    assert plain.image is not None
    if run.image.shape != plain.image.shape:
        return ObserverCheck(True, 0, (f"image shape {run.image.shape}, untraced {plain.image.shape}",))
    pixels = sorted(trace.pixels())
    changed = [text for pixel in pixels if (text := _change(run.image, plain.image, pixel))]
    return ObserverCheck(True, len(pixels), tuple(changed), behind_last_tap(trace, plain.image))


def _change(traced: NDArray[np.float32], plain: NDArray[np.float32], pixel: tuple[int, int]) -> str:
    if same_bits(traced[pixel], plain[pixel]):
        return ""
    return f"slow {pixel[0]} fast {pixel[1]}: {traced[pixel]!r} traced, {plain[pixel]!r} untraced"


def same_bits(one: np.float32, other: np.float32) -> bool:
    """Tell whether two 4-byte values are the same bit for bit."""
    return bool(one.tobytes() == other.tobytes())
