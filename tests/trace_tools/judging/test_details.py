"""Small things that a verdict rests on, each held to a number worked out by hand: scales, pairs, words."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from tests.trace_tools.conftest import HEAD, read_text
from tests.trace_tools.judging.test_blame import resolution
from tests.trace_tools.judging.test_causes import causes, changed, log
from tests.trace_tools.made import contract_log
from trace_tools.errors import TraceError
from trace_tools.judging.align import NotComparableError, align
from trace_tools.judging.diff import Bounds, compare
from trace_tools.judging.lookup import DEFAULT_GRAPH, load_graph
from trace_tools.judging.scale import Scales
from trace_tools.judging.verdict import coverage
from trace_tools.tap_points import TAP_POINTS, TapLevel

PLACE = "s={} f={} t=0 ss=0 sf=0 src=0 phi={} mos=0"


def scales_of(text: str, name: str) -> list[list[float]]:
    """Return the scales of all records of a tap in a trace."""
    trace = read_text(text)
    alignment = align(trace, trace)
    return Scales(alignment, trace).of(name, alignment.entries(name), DEFAULT_GRAPH[name].size).tolist()


def lines(*rows: str) -> str:
    return HEAD + "".join(f"TRACE_C: {row}\n" for row in rows)


@pytest.mark.parametrize(("axis", "index", "cells"), [(0, 0.3, 5), (1, 0.4, 1), (2, 2.25, 3)])
def test_scale_of_a_grating_is_the_derivative_of_its_quotient(axis, index, cells):
    name = f"F_latt_{'abc'[axis]}"
    text = log(N_cells="5 1 3", hkl_frac="0.3 0.4 2.25", **{name: 0.5})
    slope = 2.0 * math.pi * cells * 2.25 / abs(math.sin(math.pi * index))
    assert scales_of(text, name)[0][0] == pytest.approx(cells + slope if cells > 1 else 1.0, rel=1e-12)


@pytest.mark.parametrize(("part", "outside"), [(0.45, []), (0.55, [0])])
def test_fixed_decimals_leave_half_a_unit_of_the_last_one_open(part, outside):
    a = read_text(lines("size 1.250000", "offset 0.000110"))
    b = read_text(lines(f"size {1.25 + part * 1e-6:.17g}", "offset 1.1e-4"))
    assert a.digits.decimals == 6
    diff = compare(a, b, align(a, b), Bounds.exact()).taps["size"]
    assert diff.outside.tolist() == outside
    assert diff.by_digits == 1 - len(outside)


def sums(flag: str = "", factor: str = "") -> str:
    """Two pixels of two phi steps each, with a factor of each pixel; the running sums are 4, 10 and 5, 12."""
    rows = [flag] if flag else []
    for fast, values in ((2, (4, 6)), (3, (5, 7))):
        rows += [f"{factor} | s=1 f={fast} t=0 ss=0 sf=0 src=0"] if factor else []
        total = 0
        for phi, value in enumerate(values):
            total += value
            place = PLACE.format(1, fast, phi)
            rows += [f"I_contribution {value} | {place}", f"I_running {total} | {place}"]
    return lines(*rows)


def test_scale_of_a_sum_begins_anew_with_each_pixel():
    assert np.ravel(scales_of(sums(), "I_running")).tolist() == [8.0, 20.0, 10.0, 24.0]


def test_scale_of_a_sum_is_multiplied_as_the_sum_is():
    text = sums("oversample_polar 1", "polar 0.5")
    expected = [4 + 2.0, 10 + 4.0, 5 + 2.5, 12 + 4.75]
    assert np.ravel(scales_of(text, "I_running")).tolist() == expected


def test_scale_of_a_contribution_is_that_of_both_factors():
    text = log(F_cell=10.0, F_latt=3.0, I_contribution=900.0)
    assert scales_of(text, "I_contribution") == [[2.0 * 30.0 * (10.0 * 3.0 + 3.0 * 10.0)]]


def test_scale_of_a_lattice_factor_is_the_sum_of_its_products():
    text = log(F_latt_a=2.0, F_latt_b=3.0, F_latt_c=5.0, F_latt=30.0)
    assert scales_of(text, "F_latt") == [[30.0 * 3]]


def test_scale_of_indices_is_length_times_scattering_vector():
    text = log(
        lambda_meters=1e-10, scattering_vec_m_inv="1e9 2e9 2e9", rot_a_angstroms="3 0 4",
        rot_b_angstroms="0 6 8", rot_c_angstroms="0 0 2", hkl_frac="0.1 0.2 0.3",
    )  # fmt: skip
    assert scales_of(text, "hkl_frac") == [pytest.approx([5.0, 10.0, 2.0], rel=1e-12)]


def test_records_in_another_order_in_the_middle_keep_their_partners(small, read):
    rows = small.splitlines(keepends=True)
    mixed = "".join([*rows[:4], rows[5], rows[4], *rows[6:]])
    found = align(read(small), read(mixed))
    assert list(zip(found.a.tolist(), found.b.tolist(), strict=True)) == [
        (0, 0),
        (1, 1),
        (2, 3),
        (3, 2),
        (4, 4),
    ]


def test_a_pixel_of_one_side_only_is_told_with_its_side(small, read):
    more = small + "TRACE_C: I_pixel_final 3 | s=0 f=9\n"
    for texts, there, missing in (((small, more), "b.log", "a.log"), ((more, small), "a.log", "b.log")):
        with pytest.raises(
            NotComparableError, match=f"slow 0 fast 9 is traced in {there} but not in {missing}"
        ):
            align(read(texts[0], "a.log"), read(texts[1], "b.log"))


def test_one_whole_record_without_a_newline_is_no_broken_log(judge_texts):
    text = lines("distance_meters 0.1")
    assert not judge_texts(text[:-1], text).comparison.a.broken
    longer = lines("distance_meters 0.1", "pixel_size_meters 0.0001")
    assert judge_texts(text[:-1], longer).comparison.a.broken


@pytest.mark.parametrize("side", [0, 1])
def test_a_condition_is_looked_up_at_its_own_record(judge_texts, side):
    """The first record stands alone; whether a flag is set does not depend on it."""
    values = {"oversample_polar": 1, "polar": 0.5, "I_contribution": 8.0, "I_running": 4.0}
    texts = list(changed(values, polar=0.25, I_running=2.0))
    head, rest = texts[side].split("TRACE_C: ", 3)[:3], texts[side].split("TRACE_C: ", 3)[3]
    texts[side] = "TRACE_C: ".join([*head, "pixel_size_meters 0.0001\nTRACE_C: " + rest])
    assert "I_running" not in causes(judge_texts(*texts))


def test_a_flip_beyond_what_both_keep_is_no_tie(judge_texts):
    """Both keep the spacing of 0.5 nm: no limit above it explains that one side skips 1 nm."""
    stol, more = 0.5e9, math.nextafter(0.5e9, 0.0)
    report = judge_texts(resolution(more, 0), resolution(stol, 1))
    assert "dmin_skipped" in [found.tap for found in report.causes]


def test_a_graph_must_name_taps_as_inputs(tmp_path):
    path = tmp_path / "graph.json"
    path.write_text(json.dumps({"taps": [{"name": "mine", "inputs": ["no_such_tap"]}]}))
    with pytest.raises(TraceError, match="mine has the input 'no_such_tap', which is no tap; add it"):
        load_graph(str(path))


def rounded(text: str, digits: int) -> str:
    """Return a trace with fewer digits of every number."""
    rows = []
    for row in text.splitlines():
        body, bar, context = row.partition(" | ")
        words = [f"{float(word):.{digits}g}" if "." in word else word for word in body.split()]
        rows.append(" ".join(words) + bar + context)
    return "\n".join(rows) + "\n"


def test_few_printed_digits_leave_half_a_unit_of_the_last_open_and_no_more(judge_texts):
    whole, few = contract_log(1, "C"), rounded(contract_log(1, "PY"), 6)
    assert judge_texts(whole, few).verdict == "PASS"
    row = next(row for row in few.splitlines() if ": polar " in row)
    value = row.split()[2]
    last = 10.0 ** (math.floor(math.log10(float(value))) - 5)
    wrong = few.replace(row, row.replace(value, f"{float(value) + 3 * last:.6g}"))
    assert causes(judge_texts(whole, wrong))[0] == "polar"


def test_the_verdict_says_how_much_is_of_the_set_up(judge_texts):
    report = judge_texts(contract_log(1, "C"), contract_log(1, "PY"))
    names = [row.split()[1] for row in contract_log(1, "C").splitlines()[2:]]
    set_up = {tap.name for tap in TAP_POINTS if tap.level <= TapLevel.mosaic_setup}
    assert f": {sum(name in set_up for name in names)} of the set-up" in report.line
    assert "all of both logs" in report.line
    assert "of 2 pixels" in report.line


def test_layers_of_a_pixel_are_one_pixel(judge_texts):
    texts = [
        lines(*(f"obliquity_factor 0.5 | s=0 f=4 t={layer} ss=0 sf=0" for layer in range(3)))
        for _ in range(2)
    ]
    assert "3 of 1 pixel" in coverage(judge_texts(*texts).comparison)
