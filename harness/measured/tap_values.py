"""The taps of two runs of one program: their values side by side, as far as both take the same branches."""

from __future__ import annotations

import numpy as np

from harness.described.description import DescribedTrace
from harness.described.judged import trace_log
from harness.errors import HarnessError
from harness.fields.field import FieldArray
from harness.measured.variants import VariedRun
from trace_tools.arrays import Index
from trace_tools.errors import TraceError
from trace_tools.judging.align import align
from trace_tools.judging.diff import Bounds, Comparison, compare, of_one_size, pair_values
from trace_tools.judging.verdict import name_of
from trace_tools.reading.trace_file import read_trace

TapPair = tuple[FieldArray, FieldArray]


def compared_logs(trace: DescribedTrace, run: VariedRun) -> Comparison:
    """Return the logs of a trace from a program as it is and from a variant, record by record.

    Raises:
        HarnessError: a log cannot be read, or both have nothing in common.
    """
    try:
        a, b = (
            read_trace(trace_log(trace, run.variant.of, folder), source=name)
            for folder, name in ((run.plain, "the program as it is"), (run.varied, "the variant"))
        )
        return compare(a, b, align(a, b), Bounds.exact())
    except TraceError as error:
        raise HarnessError(f"{run.where}, trace {trace.name}: {error}") from error


def varied_taps(trace: DescribedTrace, run: VariedRun) -> tuple[dict[str, TapPair], str]:
    """Return the values of each tap of a trace in both runs, and the first record of another branch.

    From a record on that one run lacks, or whose whole number or word is another one, the runs compute
    different things: no difference behind it is rounding.

    Raises:
        HarnessError: a log cannot be read, or both have nothing in common.
    """
    found = compared_logs(trace, run)
    end = branch_of(found)
    taps = {}
    for name in found.taps:
        if found.kind(name) != "float" or name in found.wordy:
            continue
        entries = found.alignment.entries(name)
        entries = entries[(found.alignment.by[entries] > 0) & (entries < end)]
        if len(entries):
            taps[name] = _values(found, name, entries)
    return taps, "" if end == len(found.alignment.a) else name_of(found, end)


def branch_of(found: Comparison) -> int:
    """Return the first entry on which two runs take different branches, one behind the last if none does."""
    apart = [np.flatnonzero(found.alignment.by == 0), np.array([len(found.alignment.a)])]
    for name, diff in found.taps.items():
        if found.kind(name) != "float" or name in found.wordy:
            apart.append(diff.outside)
        else:
            entries = found.alignment.entries(name)
            entries = entries[found.alignment.by[entries] > 0]
            apart.append(np.setdiff1d(entries, np.concatenate([*of_one_size(found, entries), entries[:0]])))
    return int(min(one.min() for one in apart if len(one)))


def _values(found: Comparison, name: str, entries: Index) -> TapPair:
    groups = [pair_values(found, name, group) for group in of_one_size(found, entries)]
    sides = [np.concatenate([pair[side].ravel() for pair in groups if pair is not None]) for side in (0, 1)]
    return FieldArray(sides[0], f"tap {name}"), FieldArray(sides[1], f"tap {name} of the variant")
