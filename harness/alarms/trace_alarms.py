"""Traces of sound programs beside those of the plain build, judged as `trace-harness` judges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from harness.alarms.tally import AlarmOutcome, Tally
from harness.errors import HarnessError
from harness.programs.build import Build, build_reference
from harness.suite.arithmetic_floor import simulator_trace
from harness.suite.floor_runs import BASE_BUILD, TraceCase, modes_of, trace_of
from system_io.verdict_words import Word
from trace_tools.errors import TraceError
from trace_tools.judging.arithmetic import ARITHMETICS, DOUBLE
from trace_tools.judging.judge import Options, judge
from trace_tools.reading.trace_file import TraceLog

WHAT = "traces"
Traced = Callable[[TraceCase, str], TraceLog]


def trace_tallies(
    cases: Sequence[TraceCase],
    builds: Mapping[str, Build],
    inputs: Path,
    heard: Callable[[str], None] = lambda _: None,
) -> list[Tally]:
    """Return what the traces of all sound programs came to, at the pixels that the cases name.

    Args:
        cases: with pixels.
        builds: of the C reference, by name.
        inputs: folder with inputs/.
        heard: is told each case.
    """
    base = build_reference(BASE_BUILD)
    makers = [*_built(builds, inputs), *_simulated(inputs)]
    for case in cases:
        for mode in modes_of(case):
            heard(f"{case.id} {mode}")
            plain = trace_of(base, case, case.words, mode, inputs)
            for tally, traced in makers:
                outcome, why = _held(plain, partial(traced, case, mode), tally.arithmetic)
                tally.add(outcome, f"{case.id} {mode}", why)
    return [tally for tally, _ in makers]


def _built(builds: Mapping[str, Build], inputs: Path) -> list[tuple[Tally, Traced]]:
    def traced(build: Build) -> Traced:
        return lambda case, mode: trace_of(build, case, case.words, mode, inputs)

    return [(Tally(WHAT, name, DOUBLE), traced(build)) for name, build in builds.items()]


def _simulated(inputs: Path) -> list[tuple[Tally, Traced]]:
    def traced(arithmetic: str) -> Traced:
        return lambda case, mode: simulator_trace(case, mode, arithmetic, inputs)

    return [(Tally(WHAT, "simulator", name), traced(name)) for name in ARITHMETICS]


def _held(plain: TraceLog, traced: Callable[[], TraceLog], arithmetic: str) -> tuple[AlarmOutcome, str]:
    """Return what a trace came to, and the reason of an alarm; a tie that flips is rounding, said so."""
    try:
        other = traced()
        report = judge(plain, other, Options(arithmetic=arithmetic))
    except (HarnessError, TraceError) as error:
        return AlarmOutcome.ALARM, str(error)
    if report.verdict is not Word.PASS:
        return AlarmOutcome.ALARM, report.line
    same = plain.columns.values.tobytes() == other.columns.values.tobytes()
    return (AlarmOutcome.EQUAL if same else AlarmOutcome.ROUNDING if report.ties else AlarmOutcome.PASS), ""
