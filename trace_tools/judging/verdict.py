"""The verdict on two traces: one place decides it, and what was set aside stands against PASS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from system_io.verdict_words import Word
from trace_tools.arrays import Index
from trace_tools.judging.arithmetic import DOUBLE
from trace_tools.judging.diff import Comparison
from trace_tools.reading.lines import show_context
from trace_tools.reading.trace_columns import context_of
from trace_tools.reading.trace_log import TraceLog
from trace_tools.tap_points import TAP_ID, TAP_POINTS, TapLevel

FINAL_TAP = "I_pixel_final"
NO_GRAPH = (
    "it is in no tap graph: a cause is not told from its consequences, this is the first in the order of "
    "execution"
)


@dataclass(frozen=True)
class Evidence:
    """What is known of a comparison besides its numbers.

    ``diverges``: a record is outside its bound or missing; ``problems``: breaches of the contract;
    ``partial``: the user asked to judge only what both logs hold; ``one_run``: why both logs are the same
    run, empty if they are not.
    """

    diverges: bool
    problems: Sequence[str]
    partial: bool = False
    one_run: str = ""


@dataclass(frozen=True)
class Decision:
    """The verdict, what it rests on in words, and the error if it is one."""

    verdict: Word
    error: str
    set_aside: tuple[str, ...]


def decide(comparison: Comparison, evidence: Evidence) -> Decision:
    """Return the verdict.

    ERROR for a log that broke off; else FAIL for a divergence; else ERROR for a breach of the contract; else
    NOT COMPARABLE if anything was set aside; else PASS, or PASS (LOOSENED) where more was let through than
    was measured.
    """
    broken = [trace.broken for trace in (comparison.a, comparison.b) if trace.broken]
    breach = (
        f"{len(evidence.problems)} breaches of the trace contract, the first: {evidence.problems[0]}"
        if evidence.problems
        else ""
    )
    aside = tuple(set_aside(comparison, evidence))
    rows = (
        (Word.ERROR, "; ".join(broken)),
        (Word.FAIL, "a record diverges" if evidence.diverges else ""),
        (Word.ERROR, breach),
        (Word.NOT_COMPARABLE, "; ".join(aside)),
    )
    verdict = next((word for word, reason in rows if reason), _clean(comparison, evidence))
    return Decision(verdict, "; ".join(broken) or breach, aside)


def _clean(comparison: Comparison, evidence: Evidence) -> Word:
    alone = evidence.partial and bool(np.any(comparison.alignment.by == 0))
    lacking = comparison.a.foreign_count or comparison.b.foreign_count
    return Word.LOOSENED if comparison.bounds.loosened or alone or lacking else Word.PASS


def set_aside(comparison: Comparison, evidence: Evidence) -> Iterator[str]:
    """Say what was not compared, whatever the reason: each of these lines stands against PASS."""
    if evidence.one_run:
        yield evidence.one_run
    for trace in (comparison.a, comparison.b):
        if trace.aside_count:
            count = _count(trace.aside_count, "line")
            yield f"{trace.source}: {count} cannot be compared, the first: {trace.aside[0]}"
    undefined = [diff.undefined for diff in comparison.taps.values() if len(diff.undefined)]
    if undefined:
        every = np.sort(np.concatenate(undefined))
        first = name_of(comparison, int(every[0]))
        yield f"NaN on both sides in {_count(len(every), 'record')}, the first: {first}"
    yield from _other_units(comparison)
    if not evidence.partial:
        if comparison.a.held != comparison.b.held:
            held = [trace.held or "everything" for trace in (comparison.a, comparison.b)]
            yield f"A holds only '{held[0]}', B '{held[1]}': trace the same in both"
        yield from _alone(comparison)
    if comparison.compared == 0:
        yield "no record was compared"


def _other_units(comparison: Comparison) -> Iterator[str]:
    """Say which taps have one unit in one log and another in the other: their numbers mean nothing."""
    for name in comparison.taps:
        units = [
            trace.taps[name].unit if name in trace.taps else "" for trace in (comparison.a, comparison.b)
        ]
        if all(units) and units[0] != units[1]:
            yield f"{name} is in '{units[0]}' in A and in '{units[1]}' in B; give both in one unit"


def _alone(comparison: Comparison) -> Iterator[str]:
    alignment = comparison.alignment
    for trace, here, there in (
        (comparison.a, alignment.a, alignment.b),
        (comparison.b, alignment.b, alignment.a),
    ):
        entries = np.flatnonzero((here >= 0) & (there < 0))
        if len(entries):
            first = name_of(comparison, int(entries[0]))
            share = f"{len(entries)} of {_count(len(trace), 'record')} of {trace.source}"
            yield f"{share} have no partner, the first: {first} (--partial judges what both logs hold)"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def name_of(comparison: Comparison, entry: int) -> str:
    """Return tap and context of an entry."""
    alignment = comparison.alignment
    context = context_of(alignment.contexts[alignment.context[entry]], alignment.keys)
    return f"{alignment.names[alignment.tap[entry]]} {show_context(context)}".strip()


def coverage(comparison: Comparison) -> str:
    """Say how much of both logs was compared, and of what: taps, set-up, how many pixels."""
    alignment = comparison.alignment
    judged = alignment.by > 0
    for diff in comparison.taps.values():
        judged[diff.undefined] = False
    entries = np.flatnonzero(judged)
    sizes = [len(trace) + trace.aside_count for trace in (comparison.a, comparison.b)]
    share = "all of both logs" if sizes == [len(entries)] * 2 else f"of {sizes[0]} in A, {sizes[1]} in B"
    if comparison.named:
        return f"{share}, {len(np.unique(alignment.tap[entries]))} of {len(alignment.names)} taps"
    in_set_up = np.array([name in TAP_ID and TAP_POINTS[TAP_ID[name]].level <= TapLevel.mosaic_setup
                          for name in alignment.names], bool)[alignment.tap[entries]]  # fmt: skip
    of_pixels = _pixel_words(comparison, entries[~in_set_up])
    taps = {alignment.names[number] for number in np.unique(alignment.tap[entries])} & TAP_ID.keys()
    share += f", {len(taps)} of {len(TAP_POINTS)} taps"
    newer = sum(trace.newer_count for trace in (comparison.a, comparison.b))
    if newer:
        share += f", but {_count(newer, 'record')} of taps that version 1 of the format does not have"
    foreign = sum(trace.foreign_count for trace in (comparison.a, comparison.b))
    if foreign:
        share += f", but {_count(foreign, 'record')} of taps that the other log says it has not"
    return f"{share}: {np.count_nonzero(in_set_up)} of the set-up, {of_pixels}"


def _pixel_words(comparison: Comparison, entries: Index) -> str:
    if not len(entries):
        return "no pixel was compared"
    alignment = comparison.alignment
    places = alignment.contexts[alignment.context[entries]][:, :2]
    pixels = len(np.unique(places[places[:, 0] >= 0], axis=0))
    words = f"{len(entries)} of {_count(pixels, 'pixel') if pixels else 'an unnamed pixel'}"
    final = alignment.entries(FINAL_TAP)
    final = final[alignment.by[final] > 0]
    dark = len(final) and not _values(comparison.a, alignment.a[final]).any()
    return f"{words}; {FINAL_TAP} is 0 in all of them" if dark else words


def _values(trace: TraceLog, records: Index) -> NDArray[np.float64]:
    return trace.columns.values[trace.columns.start[records]]


def by_digits(comparison: Comparison) -> str:
    """Say how many records agree only within the digits that were printed; empty if none does."""
    number = sum(diff.by_digits for diff in comparison.taps.values())
    printed = [f"{letter} prints {trace.digits.describe()}" for letter, trace in
               (("A", comparison.a), ("B", comparison.b)) if trace.digits.describe()]  # fmt: skip
    return (
        f"{number} of them within half a unit of the last printed digit ({', '.join(printed)})"
        if number
        else ""
    )


def worded_verdict(
    comparison: Comparison, decision: Decision, first: str, ties: int, *, graph: bool = True
) -> str:
    """Return the verdict with its first reason and what it covers, in one line.

    Args:
        first: the first divergence in words, empty if there is none.
        graph: whether it is in a tap graph, so that it is known to be a cause.
        ties: number of ties.
    """
    guesses = "".join(f"; {text}" for text in comparison.bounds.guesses)
    if decision.verdict is Word.FAIL:
        return f"{decision.verdict}: first divergence {first}" + ("" if graph else f"; {NO_GRAPH}") + guesses
    if decision.verdict is Word.ERROR:
        return f"{decision.verdict}: {decision.error}"
    arithmetic = comparison.bounds.arithmetic
    agreed = f"{comparison.compared} records agree" + ("" if arithmetic == DOUBLE else f" in {arithmetic}")
    parts = [agreed, by_digits(comparison), f"{ties} ties" if ties else ""]
    agree = f"{', '.join(part for part in parts if part)} ({coverage(comparison)})"
    if decision.verdict is Word.NOT_COMPARABLE:
        return f"{decision.verdict}: {'; '.join(decision.set_aside)}; {agree}"
    return f"{decision.verdict}: {agree}{guesses}"
