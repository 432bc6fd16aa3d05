"""The judge says of small drawn logs what a second, plain and slow judge says of them, record by record."""

from __future__ import annotations

import io

import pytest

from tests.trace_tools.judging.second_blame import CAUSAL, DOWNSTREAM, TIE, SecondBlame
from tests.trace_tools.judging.second_judge import INSIDE, figures_of, reach_of, refusal, rows_of
from tests.trace_tools.judging.small_pairs import drawn_graph, small_pair, text_of
from trace_tools.judging.align import NotComparableError, align
from trace_tools.judging.blame import find_blame
from trace_tools.judging.diff import Bounds, compare
from trace_tools.judging.judge import Options, make_bounds
from trace_tools.judging.lookup import DEFAULT_GRAPH
from trace_tools.reading.trace_file import read_stream

PARTS = [range(first, first + 50) for first in range(0, 300, 50)]
FORMS = (".17g", ".17g", ".17g", ".6g", ".3g", ".2f")
SETTINGS = (
    Options(), Options(atol=1.0), Options(rtol=1e-6), Options(rtol=0.5, atol=0.25), Options(k=2.0),
    Options(arithmetic="mixed"), Options(arithmetic="float32"), None,
)  # fmt: skip


def read(text, name):
    return read_stream(io.BytesIO(text.encode()), name)


def drawn_traces(seed):
    first, second, numbers = small_pair(seed)
    forms = numbers.choice(FORMS), numbers.choice(FORMS)
    a = read(text_of(first, "C", forms[0], numbers), "a.log")
    b = read(text_of(second, "PY", forms[1], numbers), "b.log")
    return a, b, numbers


def bounds_of(options, names):
    return Bounds.exact() if options is None else make_bounds(options, names)


@pytest.fixture(scope="module", params=PARTS, ids=lambda part: f"from {part[0]}")
def drawn(request):
    """Comparisons of a part of the draws, by seed: all tests see one part before the next one is made."""
    found = ((seed, compared(seed)) for seed in request.param)
    return [(seed, *one) for seed, one in found if one is not None]


def compared(seed):
    """Return the comparison of two drawn logs and rows of the second judge, None where it refuses."""
    a, b, numbers = drawn_traces(seed)
    rows = rows_of(list(a.records()), list(b.records()))
    refused = refusal(rows, a, b)
    if refused:
        with pytest.raises(NotComparableError, match=refused):
            align(a, b)
        return None
    alignment = align(a, b)
    return compare(a, b, alignment, bounds_of(numbers.choice(SETTINGS), alignment.names)), rows, numbers


def test_records_are_paired_alike(drawn):
    for seed, comparison, rows, _ in drawn:
        alignment = comparison.alignment
        sides = [[int(n) for n in side] for side in (alignment.a, alignment.b)]
        expected = [(row.name, row.a, row.b) for row in rows]
        shown = [
            (
                alignment.names[tap],
                comparison.a.record(one) if one >= 0 else None,
                comparison.b.record(other) if other >= 0 else None,
            )
            for tap, one, other in zip(alignment.tap, *sides, strict=True)
        ]
        assert repr(shown) == repr(expected), f"seed {seed}"
        assert alignment.by.tolist() == [int(not row.alone) for row in rows]


def test_differences_are_counted_alike(drawn):
    for seed, comparison, rows, _ in drawn:
        expected = figures_of(comparison, rows)
        assert set(comparison.taps) == set(expected)
        for name, diff in comparison.taps.items():
            figures = expected[name]
            worst = [diff.max_absolute, diff.max_relative, diff.max_scaled, diff.max_ulp]
            counts = (
                diff.compared,
                diff.differing,
                diff.outside.tolist(),
                diff.undefined.tolist(),
                diff.by_digits,
            )
            assert counts == (
                figures.compared, figures.differing, figures.outside, figures.undefined, figures.by_digits,
            ), f"seed {seed} {name}"  # fmt: skip
            assert worst == pytest.approx(figures.worst, rel=1e-12), f"seed {seed} {name}"


@pytest.mark.parametrize("of_contract", [True, False], ids=["graph of the contract", "drawn graph"])
def test_causes_are_found_alike(drawn, of_contract):
    for seed, comparison, rows, numbers in drawn:
        graph = DEFAULT_GRAPH if of_contract else drawn_graph([row.record for row in rows], numbers)
        outside = [int(n) for diff in comparison.taps.values() for n in diff.outside]
        second = SecondBlame(rows, outside, reach_of(rows, comparison.a, comparison.b), graph)
        second.settle()
        blame = find_blame(comparison, graph)
        apart = [(n, row) for n, row in enumerate(rows) if blame.state[n] != row.state]
        assert not apart, f"seed {seed}: {[int(blame.state[n]) for n, _ in apart]}"
        assert blame.margin.keys() == second.margin.keys()
        for entry, margin in blame.margin.items():
            assert margin == pytest.approx(second.margin[entry], rel=1e-12, nan_ok=True), (
                f"seed {seed} {rows[entry]}"
            )
        assert blame.first_cause() == first_cause(rows), f"seed {seed}"
    assert {row.state for _, _, rows, _ in drawn for row in rows} >= {INSIDE, TIE, DOWNSTREAM, CAUSAL}


def first_cause(rows):
    for states in ((4, 5), (3, 4, 5)):
        found = [n for n, row in enumerate(rows) if row.state in states]
        if found:
            return found[0]
    return None
