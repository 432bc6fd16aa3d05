"""Bounds of taps by pattern: which row decides, what is within, and what the verdict says of them."""

from __future__ import annotations

import pytest

from system_io.verdict_words import Word
from trace_tools.element_bound import ElementBound
from trace_tools.judging.judge import Options
from trace_tools.judging.render import finding_lines, metrics
from trace_tools.judging.tap_bounds import MEASURED, UNMEASURED, TapBoundRow, unused_reason

SITES = "TAP_LOG: tap count integer - a.c:1\nTAP_LOG: tap phase word - a.c:2\n"


def log(program: str, *lines: str) -> str:
    records = "".join(f"TRACE_C: {line}\n" for line in lines)
    return f"TAP_LOG: tap-log 1\nTAP_LOG: program {program}\n{SITES}{records}"


def judged(judge_texts, change: str, *rows: TapBoundRow):
    one = log("1", "flux 1 2", "rod 1000", "count 5", "phase ice")
    name, _, value = change.partition(" ")
    lines = [f"{name} {value}" if line.startswith(name) else line
             for line in ("flux 1 2", "rod 1000", "count 5", "phase ice")]  # fmt: skip
    return judge_texts(one, log("2", *lines), Options(bounds=rows))


def row(pattern: str, basis: str = "as written", **numbers: float) -> TapBoundRow:
    return TapBoundRow(pattern, ElementBound(**numbers), basis=basis)


@pytest.mark.parametrize(
    ("change", "rows", "word"),
    [
        ("flux 1 2.001", (row("fl*", rel=1e-3),), Word.PASS),
        ("flux 1 2.001", (row("fl*", rel=1e-4),), Word.FAIL),
        ("flux 1.001 2", (row("fl*", abs=2e-3), row("flux", abs=0.0)), Word.PASS),
        ("flux 1.001 2", (row("flux", abs=0.0), row("fl*", abs=2e-3)), Word.FAIL),
        ("flux 1 2.0000000000000004", (row("*", ulp=1),), Word.PASS),
        ("flux 1 2.000000000000001", (row("*", ulp=1),), Word.FAIL),
        ("rod 1001", (row("r?d", rel=0.6e-3, abs=0.5),), Word.FAIL),
        ("rod 1001", (TapBoundRow("r?d", ElementBound(0.6e-3, 0.5, combined=True)),), Word.PASS),
        ("rod nan", (row("*", rel=1.0, abs=1e300),), Word.FAIL),
        ("count 6", (row("*", abs=1.0),), Word.FAIL),
        ("count 6", (row("*", abs=9.0), row("count", abs=1.0)), Word.PASS),
        ("count 7", (row("count", abs=1.0),), Word.FAIL),
        ("phase sea", (row("*", abs=9.0), row("phase", abs=9.0)), Word.FAIL),
    ],
)
def test_the_first_row_that_fits_decides(judge_texts, change, rows, word):
    assert judged(judge_texts, change, *rows).verdict is word


def test_infinities_and_nan_on_both_sides_are_equal_numbers_and_nothing(judge_texts):
    both = TapBoundRow("*", ElementBound(0.0, 1.0, combined=True))
    one, other = (log(name, "flux inf 1", f"rod {value}") for name, value in (("1", 1), ("2", 1.5)))
    assert judge_texts(one, other, Options(bounds=(both,))).verdict is Word.PASS
    one, other = (log(name, "flux nan 1", f"rod {value}") for name, value in (("1", 1), ("2", 1.5)))
    assert judge_texts(one, other, Options(bounds=(both,))).verdict is Word.NOT_COMPARABLE


def test_the_verdict_says_which_bounds_are_guesses(judge_texts):
    line = judged(judge_texts, "none", row("fl*", rel=1e-3)).line
    assert "the bounds of 1 taps are as written, none was measured" in line
    assert "2.8e-14 of the size of 1 taps is a guess" in line
    line = judged(judge_texts, "none", row("*", UNMEASURED)).line
    assert line.endswith("no floor is measured, 2 taps must be equal")
    assert "guess" not in judged(judge_texts, "none", row("*", MEASURED, rel=1e-9)).line
    assert "as written" in judged(judge_texts, "flux 9 9", row("*", rel=1e-3)).line


def test_table_json_and_finding_show_the_bound(judge_texts):
    report = judged(judge_texts, "flux 1 3", row("fl*", rel=1e-3, ulp=4))
    assert metrics(report)["taps"]["flux"]["bound"] == "rel 0.001 or ulp 4"
    assert "bound 'fl*', as written: rel 0.001 or ulp 4 for flux" in metrics(report)["bounds"]["notes"]
    assert report.first is not None
    assert "(bound rel 0.001 or ulp 4)" in "\n".join(finding_lines(report.first))
    assert metrics(report)["first_divergence_record"]["stated_bound"] == "rel 0.001 or ulp 4"


def test_bounds_of_taps_of_the_contract_loosen_the_verdict(judge_texts):
    one, other = (f"TRACE_C: polar {value}\nTRACE_C: omega_pixel_sr 0.125\n" for value in (1, 1.5))
    assert judge_texts(one, other).verdict is Word.FAIL
    report = judge_texts(one, other, Options(bounds=(row("polar", rel=0.5),)))
    assert report.verdict is Word.LOOSENED


@pytest.mark.parametrize(
    ("pattern", "before", "reason"),
    [
        ("I_ruming", (), "fits no tap; the nearest are I_running"),
        ("I_*", ("J_*", "*"), "never used, since '*' stands before it"),
        ("cou*", (), "compared exactly"),
    ],
)
def test_a_row_that_decides_nothing_is_told_why(pattern, before, reason):
    assert reason in unused_reason(pattern, before, ["I_running", "flux", "count"])


def test_records_with_other_numbers_of_values_are_compared_among_their_like(judge_texts):
    lines = ("flux 1 2", "flux 1 2 3", "flux 4")
    near, far = (row("*", rel=1e-3), row("*", rel=1e-5))
    one, other = log("1", *lines), log("2", "flux 1 2", "flux 1 2 3.001", "flux 4")
    assert judge_texts(one, other, Options(bounds=(near,))).verdict is Word.PASS
    assert judge_texts(one, other, Options(bounds=(far,))).verdict is Word.FAIL
    shorter = log("2", "flux 1 2", "flux 1 2", "flux 4")
    report = judge_texts(one, shorter, Options(bounds=(near,)))
    assert report.first is not None
    assert (report.first.context, report.first.b) == ("occurrence=2", "1 2")
