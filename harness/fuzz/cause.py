"""The cause of a difference between two images: the causal tap of the pixel that differs most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.arithmetic import arithmetic_of
from harness.fuzz.bench import FuzzBench
from harness.fuzz.case import FuzzCase
from harness.fuzz.outcome import FuzzOutcome
from harness.pairs.pair_traces import traced
from harness.programs.side_words import without_traces
from harness.sides import SIDES
from trace_tools.judging.arithmetic import DOUBLE
from trace_tools.tap_points import VERSIONS

TRACE_NAME, LEVEL = "cause.log", "mosaic"
WITHOUT = ("-nonoise", "-nopgm")
"""Outputs that no trace needs; noise may take a random number from the clock, and is not kept then."""
NO_TRACE, BEHIND = "no trace", "behind the last tap"


@dataclass(frozen=True)
class Cause:
    """The first causal tap, or in words why there is none, and all causal taps in order of computation."""

    tap: str
    taps: tuple[str, ...] = ()

    @property
    def unknown(self) -> bool:
        """Tell whether there are no traces that could be compared."""
        return self.tap.startswith(NO_TRACE)


def cause_of(bench: FuzzBench, case: FuzzCase, pixel: tuple[int, int]) -> Cause:
    """Trace a pixel in both programs and return the cause of its difference.

    Args:
        bench: both programs.
        case: words and files.
        pixel: (slow, fast).
    """
    untraced = replace(case, words=without_traces(case.words))
    chosen = ("-trace_pixel", *map(str, pixel), "-trace_level", LEVEL, "-trace_file", TRACE_NAME, *WITHOUT)
    runs = {side: bench.run(untraced, side, *chosen, *newest_taps(bench, side)) for side in SIDES}
    logs = {side: run.files.get(TRACE_NAME) for side, run in runs.items()}
    if any(logs[side] is None for side in SIDES):
        return Cause(NO_TRACE)
    computed = [run.computed for run in runs.values() if run.computed] or [DOUBLE]
    return _named(traced(logs, arithmetic_of("auto", computed)) or {})


def newest_taps(bench: FuzzBench, side: str) -> tuple[str, ...]:
    """Return the words that make a program write the newest taps, none unless both have them."""
    if any(program.dialect.schema_option is None for program in bench.programs.values()):
        return ()
    return bench.programs[side].looking_words(VERSIONS[-1])


def explained_by_rounding(bench: FuzzBench, case: FuzzCase, outcome: FuzzOutcome) -> bool:
    """Tell whether rounding may explain a difference, and the trace of its worst pixel has no cause."""
    return (
        outcome.rounding and outcome.worst is not None and cause_of(bench, case, outcome.worst).tap == BEHIND
    )


def _named(judged: Mapping[str, Any]) -> Cause:
    if judged.get("error"):
        return Cause(f"{NO_TRACE}: {judged['error']}")
    taps = tuple(dict.fromkeys(found["tap"] for found in judged.get("causes", ())))
    return Cause(taps[0], taps) if taps else Cause(BEHIND)
