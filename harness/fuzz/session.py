"""The loop of nb-fuzz: choose, draw, run, judge, keep; until time or cases or patience are at an end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from harness.fuzz.bench import FuzzBench, SideRun
from harness.fuzz.case import SIMULATOR_ONLY, FuzzCase
from harness.fuzz.cause import explained_by_rounding
from harness.fuzz.coverage import Choice, FuzzCoverage
from harness.fuzz.draw import LIGHTER, drawn_case, lighter
from harness.fuzz.finding import keep_finding
from harness.fuzz.journal import CaseLine, FuzzFolder
from harness.fuzz.outcome import FINDINGS, Came, FuzzOutcome, outcome_of
from harness.fuzz.quirks import quirks_shown
from harness.programs.programs import MODES
from harness.programs.side_words import without
from harness.sides import SIDES
from simulator.command_line.option_table import BY_SPELLING
from simulator.quirks import SWITCHABLE

MOST_EVALUATIONS = 30_000.0
"""Of a drawn case: the simulator takes a fraction of a second."""
REDRAWS = 6
SEEDS_OF_A_RUN = 1 << 40
PATIENCE = 15.0
"""How much longer a program may take where only one is slow."""
FRESH_EVERY = 50
"""Every so many cases the second program runs once more in a process of its own."""
BOTH = "both"


@dataclass(frozen=True)
class FuzzLimits:
    """When a run ends: after so many seconds, cases of the folder, or findings."""

    seconds: float | None
    cases: int | None
    findings: int

    def reached(self, start: float, folder: FuzzFolder) -> bool:
        """Tell whether the run is to end."""
        found = sum(line.finding is not None for line in folder.lines)
        return (
            (self.seconds is not None and time.monotonic() - start >= self.seconds)
            or (self.cases is not None and len(folder.lines) >= self.cases)
            or found >= self.findings
        )


def fuzz(
    bench: FuzzBench, folder: FuzzFolder, limits: FuzzLimits, tell: Callable[[CaseLine], object]
) -> None:
    """Run cases until a limit is reached; each is on disk before the next begins.

    Args:
        bench: both programs.
        folder: where cases and findings go; what it holds already is gone on from.
        limits: when to end.
        tell: called with each case that is done.
    """
    start, coverage = time.monotonic(), folder.coverage()
    for index in _indices(folder):
        if limits.reached(start, folder):
            return
        line = one_case(bench, folder, coverage, index)
        coverage.record(line.options, line.came, line.choice)
        coverage.quirks |= set(line.quirks)
        folder.add(line)
        tell(line)


def _indices(folder: FuzzFolder) -> Iterator[int]:
    """Yield the numbers of the cases of this shard that are not done: each shard has every n-th number."""
    number, count = folder.settings.shard
    index = number - 1 + count * len(folder.lines)
    while True:
        yield index
        index += count


def one_case(bench: FuzzBench, folder: FuzzFolder, coverage: FuzzCoverage, index: int) -> CaseLine:
    """Choose, draw, run and judge the case of a number, and keep what it found."""
    settings = folder.settings
    number, count = settings.shard
    random = Random(f"{settings.seed} {index}")
    choice = coverage.choose(random, (number - 1, count))
    mode = MODES[index % len(MODES)] if settings.mode == BOTH else settings.mode
    case = _light_case(bench, choice, random, mode)
    runs = _patient_pair(bench, case)
    outcome = _confirmed(bench, case, runs, outcome_of(case, runs), index)
    shown: tuple[str, ...] = ()
    if outcome.came is Came.AGREED:
        shown = tuple(quirks_shown(bench, case, runs[SIDES[0]], SWITCHABLE - coverage.quirks, random))
    name = keep_finding(folder.path, index, bench, case, runs, outcome) if outcome.came in FINDINGS else None
    return CaseLine(
        index, choice.names, choice.alone, mode, case.words, case.options, outcome.came, outcome.bitwise,
        outcome.reasons, shown, name,
    )  # fmt: skip


def _light_case(bench: FuzzBench, choice: Choice, random: Random, mode: str) -> FuzzCase:
    """Return a case that is not too much work: drawn, made lighter, drawn again, at last with one pixel."""
    case = drawn_case(choice.names, random.randrange(SEEDS_OF_A_RUN), mode)
    for _ in range(REDRAWS):
        for step in range(len(LIGHTER) + 1):
            if bench.evaluations(case) <= MOST_EVALUATIONS:
                return case
            if step < len(LIGHTER):
                case = lighter(case, step)
        case = drawn_case(choice.names, random.randrange(SEEDS_OF_A_RUN), mode)
    return replace(case, words=(*case.words, *LIGHTER[0], "-roi", "0", "0", "0", "0", "-phisteps", "1"))


def _patient_pair(bench: FuzzBench, case: FuzzCase) -> dict[str, SideRun]:
    """Run a case with both programs; one that is slow where the other is not gets more time."""
    runs = bench.pair(case)
    slow = [side for side, run in runs.items() if run.timed_out]
    if len(slow) == 1:
        runs[slow[0]] = bench.run(case, slow[0], fresh=True, patience=PATIENCE)
    return runs


def _confirmed(
    bench: FuzzBench, case: FuzzCase, runs: Mapping[str, SideRun], outcome: FuzzOutcome, index: int
) -> FuzzOutcome:
    """Return the outcome after what a fresh process and the simulator's own options may say against it."""
    side = SIDES[1]
    if explained_by_rounding(bench, case, outcome):
        return FuzzOutcome(Came.AGREED, ("within the rounding of its arithmetic, as the trace shows",))
    if outcome.came is Came.REFUSAL and _own_options_refused(bench, case, runs):
        return FuzzOutcome(Came.REFUSED, (f"{side} refuses options of its own: {runs[side].said}",))
    if bench.servers[side] is None or (outcome.came not in FINDINGS and index % FRESH_EVERY):
        return outcome
    fresh = bench.run(case, side, fresh=True)
    differs = run_changes(runs[side], fresh)
    return FuzzOutcome(Came.STATE, (f"{side} in a fresh process: {differs}",)) if differs else outcome


def _own_options_refused(bench: FuzzBench, case: FuzzCase, runs: Mapping[str, SideRun]) -> bool:
    """Tell whether the second program refuses only what the first one was not told."""
    words = case.words
    for option in sorted({word for word in words if word in SIMULATOR_ONLY}):
        words, _ = without(words, {option}, len(BY_SPELLING[option].kinds))
    if words == case.words or runs[SIDES[0]].status != 0:
        return False
    return bench.run(replace(case, words=words), SIDES[1]).status == 0


def run_changes(one: SideRun, other: SideRun) -> str:
    """Return in words in what two runs of one program differ, the empty string for nothing."""
    if one.problem and other.problem:
        return ""
    if one.status != other.status or bool(one.problem) != bool(other.problem):
        now, before = (f"{run.status} ({run.problem or run.said})" for run in (other, one))
        return f"status {now}, not {before}"
    names = sorted(
        name for name in one.files.keys() | other.files.keys() if one.files.get(name) != other.files.get(name)
    )
    return f"other bytes in {', '.join(names)}" if names else ""
