"""What is shown of one record: both values, all measures, the inputs and how they compare."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

import numpy as np

from trace_tools.judging.arithmetic import DOUBLE
from trace_tools.judging.blame import DIVERGENT, Blame, RecordState, inputs_of
from trace_tools.judging.diff import limit_of, measure, pair_values
from trace_tools.judging.lookup import NONE, carried_entries
from trace_tools.reading.lines import Record, show_context
from trace_tools.reading.trace_log import TraceLog


@dataclass(frozen=True)
class InputState:
    """An input of a record: both values and whether they agree (None: it is in neither trace)."""

    name: str
    context: str
    a: str
    b: str
    agreed: bool | None


@dataclass(frozen=True)
class Finding:
    """One record that is outside its bound, missing on one side, or a tie."""

    tap: str
    context: str
    state: str
    a: str
    b: str
    absolute: float
    relative: float
    scaled: float
    ulp: float
    bound: float
    margin: float | None
    inputs: tuple[InputState, ...]
    externals: tuple[str, ...]
    formula: str
    unit: str
    command: str
    place_a: str = ""
    place_b: str = ""
    stated_bound: str = ""
    """Of a tap that a row of a table of bounds decides, in words."""


def show_record(record: Record | None) -> str:
    """Return the values of a record as they stand in a trace, or ``missing``."""
    if record is None:
        return "missing"
    return " ".join(record.words or (f"{value:.17g}" for value in record.values))


def _both(blame: Blame, entry: int) -> tuple[Record | None, Record | None]:
    comparison, alignment = blame.comparison, blame.comparison.alignment
    a, b = int(alignment.a[entry]), int(alignment.b[entry])
    return (comparison.a.record(a) if a >= 0 else None, comparison.b.record(b) if b >= 0 else None)


def _input(blame: Blame, name: str, entry: int) -> InputState:
    if entry == NONE:
        return InputState(name, "", "not in the trace", "not in the trace", None)
    a, b = _both(blame, entry)
    shown = a or b
    context = show_context(shown.context) if shown else ""
    return InputState(
        name, context, show_record(a), show_record(b), bool(blame.state[entry] == RecordState.INSIDE)
    )


def _inputs(blame: Blame, name: str, entry: int) -> tuple[InputState, ...]:
    if name not in blame.graph:
        return ()
    chosen = np.array([entry])
    found = {other: int(source[0]) for other, source in
             inputs_of(blame.comparison, blame.graph, name, chosen).items()}  # fmt: skip
    optional = {other for other, _ in blame.graph[name].input_rules}
    optional |= {other for other in found if other in blame.graph and blame.graph[other].condition}
    states = [
        _input(blame, other, source)
        for other, source in found.items()
        if source != NONE or other not in optional
    ]
    states += [
        _input(blame, f"{other} (before)", earlier)
        for other in blame.graph[name].inputs_before
        if (earlier := _earlier(blame, other, entry)) != NONE
    ]
    before = int(carried_entries(blame.comparison.alignment, blame.graph, chosen, name)[0])
    if before != NONE:
        states.append(_input(blame, f"{name} (before)", before))
    return tuple(states)


def _earlier(blame: Blame, name: str, entry: int) -> int:
    """Return the first record of a tap before an entry that diverges, else the last of all, or none."""
    entries = blame.comparison.alignment.entries(name)
    entries = entries[entries < entry]
    apart = entries[np.isin(blame.state[entries], DIVERGENT)]
    return int(apart[0] if len(apart) else entries[-1] if len(entries) else NONE)


def _worst_measures(blame: Blame, name: str, entry: int) -> tuple[float, float, float, float, float]:
    chosen = np.array([entry])
    comparison = blame.comparison
    pair = pair_values(comparison, name, chosen) if comparison.alignment.by[entry] else None
    if pair is None or np.isnan(pair[0]).all() != np.isnan(pair[1]).all():
        return (float("inf"),) * 4 + (comparison.bounds.relative.get(name, comparison.bounds.default),)
    scale = comparison.scales.of(name, chosen, pair[0].shape[1])
    found = measure(*pair, scale)
    limit = limit_of(comparison, name, chosen, *pair)
    with np.errstate(all="ignore"):
        bound = np.nan_to_num(limit / scale).max()
    return (float(found.absolute.max()), float(found.relative.max()), float(found.scaled.max()),
            float(found.ulp.max()), float(bound))  # fmt: skip


def diff_command(a: str, b: str, arithmetic: str = DOUBLE) -> list[str]:
    """Return the words that compare two logs again."""
    return ["trace-diff", a, b, *([] if arithmetic == DOUBLE else ["--arithmetic", arithmetic])]


def _unit(blame: Blame, name: str) -> str:
    sites = [
        trace.taps[name].unit for trace in (blame.comparison.a, blame.comparison.b) if name in trace.taps
    ]
    stated = blame.graph[name].unit if name in blame.graph else ""
    return stated or next(filter(None, sites), "")


def _place(trace: TraceLog, name: str) -> str:
    """Where in its source a program records a tap, as far as its log says so."""
    return ", ".join(trace.taps[name].places) if name in trace.taps else ""


def finding(blame: Blame, entry: int) -> Finding:
    """Collect everything that is known about one entry."""
    comparison = blame.comparison
    name = comparison.alignment.names[comparison.alignment.tap[entry]]
    a, b = _both(blame, entry)
    shown = a or b
    context = show_context(shown.context) if shown else ""
    tap = blame.graph.get(name)
    margin = blame.margin.get(entry, float("nan"))
    again = diff_command(comparison.a.source, comparison.b.source, comparison.bounds.arithmetic)
    return Finding(
        name, context, RecordState(int(blame.state[entry])).word,
        show_record(a), show_record(b), *_worst_measures(blame, name, entry),
        None if np.isnan(margin) else margin, _inputs(blame, name, entry),
        tap.externals if tap else (), tap.formula if tap else "not in the tap graph", _unit(blame, name),
        shlex.join([*again, "--show", f"{name} {context}".strip()]),
        _place(comparison.a, name), _place(comparison.b, name),
        own.text if (own := comparison.bounds.table.by_tap.get(name)) else "",
    )  # fmt: skip
