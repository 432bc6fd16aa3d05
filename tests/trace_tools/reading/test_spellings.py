"""Numbers as several languages spell them are read, and each such reading is counted in the report."""

from __future__ import annotations

import math

import pytest

from system_io.verdict_words import Word
from trace_tools.judging.render import facts, metrics
from trace_tools.reading.numerals import FORTRAN, HEXADECIMAL, INFINITE, NAN, spellings
from trace_tools.reading.series import Spelling, ValueSeries

HEAD = "TAP_LOG: tap-log 1\nTAP_LOG: program heat {}\n"


def log(program: str, *values: str) -> str:
    return HEAD.format(program) + "".join(f"TRACE_C: x {value} | i={i}\n" for i, value in enumerate(values))


@pytest.mark.parametrize(
    ("value", "number", "kind"),
    [
        ("1.0D+03", 1000.0, FORTRAN), ("1.0d3", 1000.0, FORTRAN), (".5D0", 0.5, FORTRAN),
        ("-1.5Q-1", -0.15, FORTRAN), ("1.0+103", 1e103, FORTRAN), ("-0.1-102", -1e-103, FORTRAN),
        ("0x1.8p+3", 12.0, HEXADECIMAL), ("-0X1P-2", -0.25, HEXADECIMAL), ("1.#INF", math.inf, INFINITE),
        ("Infinity", math.inf, INFINITE), ("-inf", -math.inf, INFINITE), ("1e3", 1000.0, None),
    ],
)  # fmt: skip
def test_a_spelling_is_read_and_counted(read, value, number, kind):
    trace = read(log("1", "2.5", value, "3.5"))
    assert trace.record(1).values == (number,)
    assert trace.treated == ({} if kind is None else {kind: 1})


@pytest.mark.parametrize("value", ["nan", "NaN", "-nan", "nan(0x7ff8)", "1.#QNAN", "-1.#IND"])
def test_spellings_of_nan_are_counted_and_stand_against_pass(judge_texts, value):
    report = judge_texts(log("1", "1.5", value), log("2", "1.5", "nan"))
    assert report.verdict is Word.NOT_COMPARABLE
    assert any(f"A: 1 x {NAN}" in line for line in facts(report))


def test_blocks_and_single_lines_count_alike(read):
    values = ["1.5D+00", "nan", "inf", "2.5"] * 5
    fast = read(log("1", *values))
    slow = read(log("1", *values, "0x1p0"))
    assert fast.treated == {FORTRAN: 5, NAN: 5, INFINITE: 5}
    assert slow.treated == {FORTRAN: 5, NAN: 5, INFINITE: 5, HEXADECIMAL: 1}


def test_counts_are_in_the_metrics_and_of_older_logs_too(judge_texts):
    report = judge_texts("TRACE_C: x 1.5D+03\n", "TRACE_PY: x 1500.0\n")
    assert report.verdict is Word.PASS
    assert metrics(report)["traces"][0]["treated"] == {FORTRAN: 1}
    assert "treated" not in metrics(report)["traces"][1]


def test_names_and_dates_are_no_numbers():
    assert not spellings("nan_count 3 | nano=5 inf_x=2 2026-11-280 1D 0xff 12-345")


@pytest.mark.parametrize(("steps", "records"), [(8, 1), (9, 2)])
def test_second_spelling_is_the_first_within_eight_roundings(steps, records):
    series = ValueSeries()
    series.begin_pixel(1, 2)
    for name, value in (("polar", 1.0), ("polarization", 1.0 - steps * 2.0**-53)):
        series.add(Spelling("polar", 0, None, name, (value,)))
    assert len(series.records()) == records
