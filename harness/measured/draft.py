"""Drafts the tap graph of a described program: runs it with one value of a case moved at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.described.built import Announce
from harness.described.description import DescribedCase, DescribedTrace, DescribedVariant, Description
from harness.described.judged import trace_log
from harness.errors import UsageError
from harness.measured.variants import variant_runs
from trace_tools.judging.draft_graph import draft_graph
from trace_tools.reading.trace_file import TraceLog, read_trace


def drafted_graph(
    description: Description,
    case: DescribedCase,
    trace: DescribedTrace,
    side: str,
    move: float,
    say: Announce,
) -> dict[str, Any]:
    """Return a proposed tap graph as plain data, measured on runs of one program.

    Args:
        description: of the pair.
        case: whose values are moved.
        trace: whose taps the graph is of.
        side: whose program runs.
        move: relative move of each value.
        say: is told what is run and what is not moved.

    Raises:
        UsageError: nothing of the case can be moved.
        HarnessError: a program cannot be run, or writes no log.
    """
    if not 0.0 < move < 1.0:
        raise UsageError(f"--move is {move:g}, must be between 0 and 1; 1e-6 is usual")
    runs = [*_moved_values(case, side, move, say), *_moving_variants(description, side)]
    if not runs:
        raise UsageError(
            f"case {case.name} has no value with a decimal point that could be moved, and no variant of "
            f"{side} moves one; put a real number of the arguments into 'values'"
        )
    logs: list[tuple[str, TraceLog]] = []
    plain: list[TraceLog] = []
    only = replace(description, outputs=(), traces=(trace,))
    with variant_runs(only, [case], say) as run:
        for variant in runs:
            say(f"{variant.name} is moved")
            for done in run(variant):
                plain = plain or [read_trace(trace_log(trace, side, done.plain), case.name)]
                logs.append((variant.name, read_trace(trace_log(trace, side, done.varied), variant.name)))
    return draft_graph(plain[0], logs)


def _moved_values(case: DescribedCase, side: str, move: float, say: Announce) -> list[DescribedVariant]:
    """Return a variant for each value of a case that is a real number."""
    found = []
    for name, text in case.values.items():
        value = _real(text)
        if value is None:
            say(f"value {name} = {text} is no number with a decimal point or an exponent, and is not moved")
            continue
        moved = value * (1.0 + move) if value else move
        found.append(DescribedVariant(name, side, values={name: repr(moved)}))
    return found


def _real(text: str) -> float | None:
    """Return a number that is written as a real one: a whole one may count something."""
    if not set(text) & set(".eE"):
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _moving_variants(description: Description, side: str) -> list[DescribedVariant]:
    """Return the variants that only move values: a build moves every tap by rounding, and tells nothing."""
    plain = [one for one in description.variants if one.of == side and one.values]
    return [one for one in plain if not (one.build or one.run or one.environment)]


def chosen_trace(description: Description, case: str, named: str | None) -> DescribedTrace:
    """Return the trace of a case that is meant.

    Raises:
        UsageError: there is none, or several and none is named.
    """
    found: Mapping[str, DescribedTrace] = {one.name: one for one in description.traces_of(case)}
    if named is not None and named not in found:
        raise UsageError(f"trace '{named}' is none of case {case}; there are {_listed([*found])}")
    if named is None and len(found) != 1:
        raise UsageError(f"case {case} has the traces {_listed([*found])}; choose one with --trace")
    return found[named] if named is not None else next(iter(found.values()))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
