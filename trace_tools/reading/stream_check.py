"""The check of one trace against the tap points: unknown, missing, repeated and misplaced taps."""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from trace_tools.arrays import Index, Marks
from trace_tools.reading.lines import show_context
from trace_tools.reading.trace_columns import context_of
from trace_tools.reading.trace_log import TraceLog
from trace_tools.tap_points import TAP_ID, TAP_POINTS, TapLevel

MOST_SHOWN = 5
MOST_FLAGS = 1 << 28
# taps that the crystal shape calls for, and pairs of which neither comes without the other
_SHAPES = {"SQUARE": ("F_latt_a", "F_latt_b", "F_latt_c"), "ROUND": ("hrad_sqr",)}
_TOGETHER = (
    ("F_cell", "I_contribution"), ("I_contribution", "I_running"), ("cos_2theta", "polar"),
    ("polar", "capture_fraction_inside"), ("polar", "polar_inside"), ("polar", "omega_pixel_inside"),
    ("polar", "term_factor"), ("polar", "sum_factor"), ("water_sum", "water_photons"),
)  # fmt: skip


def _name(trace: TraceLog, tap: int, row: int) -> str:
    context = context_of(trace.columns.contexts[row], trace.columns.keys)
    return f"{trace.names[tap]} {show_context(context)}".strip()


def _listed(trace: TraceLog, what: str, taps: Index, rows: Index) -> list[str]:
    shown = [
        f"{what}: {_name(trace, int(tap), int(row))}"
        for tap, row in zip(taps[:MOST_SHOWN], rows[:MOST_SHOWN], strict=True)
    ]
    more = len(taps) - MOST_SHOWN
    return [*shown, f"{what}: and {more} more"] if more > 0 else shown


def _codes(trace: TraceLog) -> Index:
    columns = trace.columns
    return np.asarray(columns.context.astype(np.int64) * len(trace.names) + columns.tap)


def presence(trace: TraceLog) -> Marks:
    """Tell which tap of the contract occurs in which context: flags of shape (contexts, taps)."""
    flags = np.zeros((len(trace.columns.contexts), len(TAP_POINTS)), bool)
    known = trace.columns.tap < len(TAP_POINTS)
    flags[trace.columns.context[known], trace.columns.tap[known]] = True
    return flags


def _all_different(code: Index, count: int) -> bool:
    """Tell quickly, where a table of all possible codes is of a reasonable size, that none occurs twice."""
    if count > MOST_FLAGS:
        return False
    flags = np.zeros(count, bool)
    flags[code] = True
    return bool(np.count_nonzero(flags) == len(code))


def repeated(trace: TraceLog) -> list[str]:
    """Name the records whose tap and context occurred before."""
    code = _codes(trace)
    if _all_different(code, len(trace.columns.contexts) * len(trace.names)):
        return []
    ordered = np.argsort(code, kind="stable")
    again = np.sort(ordered[1:][code[ordered][1:] == code[ordered][:-1]])
    taps, rows = trace.columns.tap[again].astype(np.int64), trace.columns.context[again].astype(np.int64)
    return _listed(trace, "repeated", taps, rows)


def _unknown(trace: TraceLog, known: Container[str]) -> list[str]:
    strange = np.array(
        [
            TAP_POINTS[TAP_ID[name]].since > trace.schema if name in TAP_ID else name not in known
            for name in trace.names
        ],
        bool,
    )
    codes = np.unique(_codes(trace)[strange[trace.columns.tap]])
    return _listed(trace, "unknown", codes % len(trace.names), codes // len(trace.names))


def _out_of_order(trace: TraceLog) -> list[str]:
    tap, context = trace.columns.tap, trace.columns.context
    back = 1 + np.flatnonzero((context[1:] == context[:-1]) & (tap[1:] < tap[:-1]))
    return _listed(trace, "out of order", tap[back].astype(np.int64), context[back].astype(np.int64))


def _required(trace: TraceLog, level: TapLevel) -> list[int]:
    shape = next(
        (words[0] for index, words in trace.words.items() if trace.record(index).tap == "xtal_shape"), ""
    )
    by_shape = _SHAPES.get(shape, ())
    return [
        TAP_ID[tap.name]
        for tap in TAP_POINTS
        if tap.level == level and tap.since <= trace.schema and (not tap.condition or tap.name in by_shape)
        if not trace.only or tap.name in trace.only
    ]


def _missing(trace: TraceLog, there: Marks) -> list[str]:
    found: list[str] = []
    for level in TapLevel:
        columns = [number for number, tap in enumerate(TAP_POINTS) if tap.level == level]
        rows = np.flatnonzero(there[:, columns].any(axis=1))
        for number in _required(trace, level):
            lacking = rows[~there[rows, number]]
            found += _listed(trace, "missing", np.full(len(lacking), number), lacking)
        if len(rows) == 0 and level == TapLevel.setup and not trace.only:
            found.append("missing: every set-up tap")
    return found + _missing_together(trace, there)


def _missing_together(trace: TraceLog, there: Marks) -> list[str]:
    """Taps that come both or not at all: the end of a domain, and what follows a source that is kept."""
    found = []
    for pair in _TOGETHER:
        numbers = [TAP_ID[name] for name in pair]
        if any(TAP_POINTS[number].since > trace.schema for number in numbers):
            continue
        if trace.only and not trace.only.issuperset(pair):
            continue
        for one, other in (numbers, numbers[::-1]):
            lacking = np.flatnonzero(there[:, one] & ~there[:, other])
            found += _listed(trace, "missing", np.full(len(lacking), other), lacking)
    return found


def check_stream(trace: TraceLog, known: Container[str] = ()) -> list[str]:
    """Check a trace of the contract against the tap points of its version.

    Args:
        known: names of taps that are allowed besides those of the contract.

    Returns:
        One line for each fault (unknown, repeated, missing, out of order; five of a sort are shown and the
        rest counted); an empty list if the trace keeps the contract.

    Source: trace contract, "Taps" and "Sequence".
    """
    if trace.schema == 0:
        return ["older format: not checked against the tap points"]
    if trace.named:
        return repeated(trace)
    there = presence(trace)
    found = _unknown(trace, known) + repeated(trace) + _out_of_order(trace)
    return found if trace.broken else found + _missing(trace, there)
