"""Traces of the C reference that differ by rounding only: other builds, and numbers moved by one ULP."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from golden_suite_generator.cases import Case, authoritative_args, load_cases
from harness.errors import BuildError, HarnessError
from harness.programs.build import Build, build_reference
from harness.programs.programs import MODES
from harness.suite.runner import lay_out
from harness.time_limits import CASE_RUN_S
from system_io.children import execute, temporary_folder
from trace_tools.reading.trace_file import TraceLog, read_trace

BASE_BUILD = "default"
MEASURED_BUILDS: Mapping[str, tuple[str, ...]] = {"O0": (), "native": (), "fma": ()}
HELD_OUT_BUILD = ("native", ("-ffp-contract=fast",))
HELD_OUT_EVERY = 4
NUDGED: Mapping[str, int] = {
    "-lambda": 1, "-distance": 1, "-cell": 6, "-misset": 3, "-Xbeam": 1, "-Ybeam": 1, "-twotheta": 1,
    "-detector_rotx": 1, "-detector_roty": 1, "-detector_rotz": 1, "-default_F": 1, "-fluence": 1, "-flux": 1,
}  # fmt: skip
"""Options whose numbers are moved, and how many of them; phi is not, since an exact 0 is a branch."""
DIRECTIONS: Mapping[str, tuple[float, ...]] = {
    "up": (math.inf,), "down": (-math.inf,), "mixed": (math.inf, -math.inf),
}  # fmt: skip
NEWEST_TRACE = ("-trace_schema", "2")
BUILT_IN_PIXELS = ((1039, 685), (685, 1039))


TracePair = tuple[str, TraceLog, TraceLog]
"""Name of what made it, and two traces that differ by rounding only."""


@dataclass(frozen=True)
class TraceCase:
    """A command line to trace: words for any folder, the pixels (slow, fast), and the case it comes from."""

    id: str
    words: tuple[str, ...]
    pixels: tuple[tuple[int, int], ...]
    case: Case | None = None


def trace_cases(inputs: Path, crystal: Path) -> list[TraceCase]:
    """Return the cases of the suite that have trace pixels, and the built-in crystal.

    Args:
        inputs: folder with inputs/.
        crystal: folder with A.mat and scaled.hkl.
    """
    cases = [
        TraceCase(case.id, tuple(case.words(inputs)), case.trace_pixels, case)
        for case in load_cases()
        if case.trace_pixels and not any(case.status.values())
    ]
    for slow, fast in BUILT_IN_PIXELS:
        words = (*authoritative_args(crystal), "-roi", str(fast), str(fast + 1), str(slow), str(slow))
        cases.append(TraceCase(f"built-in-crystal-{slow}-{fast}", words, ((slow, fast), (slow, fast + 1))))
    return cases


def split_held_out(cases: Sequence[TraceCase]) -> tuple[list[TraceCase], list[TraceCase]]:
    """Return the cases that the floor is measured on, and every fourth one, on which it is checked."""
    ordered = sorted(cases, key=lambda case: case.id)
    held_out = ordered[::HELD_OUT_EVERY]
    return [case for case in ordered if case not in held_out], held_out


def nudge(words: Sequence[str], direction: str) -> tuple[str, ...]:
    """Return a command line with the numbers of `NUDGED` moved to the next double; zeros stay.

    Args:
        direction: up, down, or mixed (alternating).
    """
    ways = DIRECTIONS[direction]
    result, left, moved = [], 0, 0
    for word in words:
        number = _number(word) if left else None
        if number:
            result.append(repr(math.nextafter(number, ways[moved % len(ways)])))
            left, moved = left - 1, moved + 1
            continue
        left = left - 1 if number == 0.0 else NUDGED.get(word, 0)
        result.append(word)
    return tuple(result)


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def measured_builds() -> dict[str, Build]:
    """Return the builds that are compared with the default one, as far as this machine can make them."""
    builds = {}
    for variant, flags in MEASURED_BUILDS.items():
        try:
            builds[variant] = build_reference(variant, extra_flags=flags)
        except BuildError:
            continue
    return builds


def trace_of(build: Build, case: TraceCase, words: Sequence[str], mode: str, inputs: Path) -> TraceLog:
    """Run one build of the C reference on a command line and return the trace.

    Raises:
        HarnessError: it failed.
    """
    with temporary_folder("nb-floor") as scratch:
        folder = Path(scratch, "work")
        folder.mkdir()
        if case.case is not None:
            lay_out(case.case, inputs, folder)
        looking = [word for slow, fast in case.pixels for word in ("-trace_pixel", str(slow), str(fast))]
        command = [str(build.path), *words, "-parity_mode", mode, "-noprogress", *looking, *NEWEST_TRACE]
        outcome, *_ = execute([*command, "-trace_file", "trace.log"], folder, {}, CASE_RUN_S)
        if outcome.failure is not None:
            raise HarnessError(f"case {case.id} ({mode}): the C reference {outcome.failure}")
        return read_trace(folder / "trace.log")


def modes_of(case: TraceCase) -> tuple[str, ...]:
    """Return the parity modes that a case is run in."""
    return MODES if case.case is None else case.case.modes


def rounding_pairs(
    cases: Iterable[TraceCase], builds: Mapping[str, Build], directions: Iterable[str], inputs: Path
) -> Iterator[tuple[str, TraceLog, TraceLog]]:
    """Yield what differs, and the two traces of each pair.

    Args:
        builds: compared with the default build on the same words.
        directions: of `nudge`, compared with the words as they are in the default build.
    """
    base = build_reference(BASE_BUILD)
    for case in cases:
        for mode in modes_of(case):
            plain = trace_of(base, case, case.words, mode, inputs)
            for name, build in builds.items():
                yield f"{case.id} {mode} {name}", plain, trace_of(build, case, case.words, mode, inputs)
            for direction in directions:
                moved = nudge(case.words, direction)
                if moved != case.words:
                    other = trace_of(base, case, moved, mode, inputs)
                    yield f"{case.id} {mode} {direction}", plain, other
