"""Logs of named taps, of any program: what is read, numbered, set aside, and the verdict on two of them."""

from __future__ import annotations

import pytest

from system_io.verdict_words import Word
from trace_tools.judging.judge import Options
from trace_tools.reading import read_pair
from trace_tools.reading.trace_file import read_trace

HEAD = "TAP_LOG: tap-log 1\nTAP_LOG: program heat {}\n"
SITES = (
    "TAP_LOG: tap temperature real K heat.c:12\nTAP_LOG: tap count integer - heat.c:14\n"
    "TAP_LOG: tap phase word - my heat.c:16\n"
)


def log(program: str, *lines: str, sites: str = SITES) -> str:
    return HEAD.format(program) + sites + "".join(f"TRACE_C: {line}\n" for line in lines)


def test_indices_by_name_kinds_and_places_are_read(read):
    trace = read(
        log("1", "temperature 1.5 | step=3 cell=-1", "count 5 | step=3", "phase solid%20ice | step=3")
    )
    assert [trace.record(place).context for place in range(3)] == [
        (("step", 3), ("cell", -1)), (("step", 3),), (("step", 3),)
    ]  # fmt: skip
    assert trace.record(2).words == ("solid%20ice",)
    assert trace.taps["phase"].places == ("my heat.c:16",)
    assert trace.program == "heat 1"


def test_a_name_of_the_contract_means_nothing_in_a_log_of_named_taps(judge_texts):
    one, other = (log(name, "polar 1 2 | s=1", "F_latt 3", sites="") for name in "ab")
    assert judge_texts(one, other).verdict is Word.PASS


def test_a_tap_that_repeats_itself_is_numbered(read, judge_texts):
    trace = read(log("1", "temperature 1", "temperature 2", "temperature 3"))
    assert [dict(record.context).get("occurrence") for record in trace.records()] == [None, 2, 3]
    report = judge_texts(log("1", "count 1", "count 2"), log("2", "count 1", "count 3"))
    assert report.first is not None
    assert (report.first.context, report.first.place_a) == ("occurrence=2", "heat.c:14")


def test_without_a_graph_the_verdict_says_that_causes_are_not_told(judge_texts):
    report = judge_texts(log("1", "temperature 1"), log("2", "temperature 2"))
    assert report.verdict is Word.FAIL
    assert "no tap graph" in report.line


def test_whole_numbers_are_held_exactly(judge_texts):
    large = 10**17
    assert judge_texts(log("1", f"count {large}"), log("2", f"count {large + 1}")).verdict is Word.FAIL
    assert (
        judge_texts(log("1", "temperature 1"), log("2", "temperature 1.00000000000000022")).verdict
        is Word.PASS
    )


def test_a_record_that_one_log_lacks_fails(judge_texts):
    report = judge_texts(log("1", "count 1", "temperature 2"), log("2", "count 1"))
    assert report.verdict is Word.FAIL


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("count 1", "temperature 1,5"), "decimal comma"),
        (("count 1", "temperature"), "no value"),
        (("count 1", "temperature 1 | step=x"), "loop index"),
        (("count 1", "temperature 1 | step=1 step=2"), "twice"),
    ],
)
def test_what_cannot_be_read_stands_against_pass(judge_texts, lines, reason):
    report = judge_texts(log("1", *lines), log("2", *lines))
    assert report.verdict is Word.NOT_COMPARABLE
    assert reason in report.line


def test_two_units_of_one_tap_are_not_comparable(judge_texts):
    other = log("2", "temperature 1").replace("real K", "real degC")
    report = judge_texts(log("1", "temperature 1"), other)
    assert report.verdict is Word.NOT_COMPARABLE
    assert "'K' in A and in 'degC' in B" in report.line


def test_logs_that_hold_different_parts_are_not_comparable_unless_that_is_asked(judge_texts):
    part = log("2", "count 1").replace("TAP_LOG: tap temp", "TAP_LOG: only count\nTAP_LOG: tap temp")
    whole = log("1", "count 1", "temperature 2")
    assert judge_texts(whole, part).verdict is Word.NOT_COMPARABLE
    assert judge_texts(whole, part, Options(partial=True)).verdict is Word.LOOSENED


def test_a_reader_without_these_headers_reads_the_records(judge_texts):
    """An older reader skips the lines of the header and compares names, values and indices."""
    one, other = ("\n".join(log(name, "temperature 1.5 | step=3").splitlines()[-1:]) + "\n" for name in "ab")
    assert judge_texts(one, other).verdict is Word.PASS


def test_large_logs_are_read_side_by_side_with_their_own_indices(tmp_path, monkeypatch):
    paths = [tmp_path / name for name in ("a.log", "b.log")]
    for path in paths:
        path.write_text(log(path.name, "temperature 1.5 | step=3 cell=-1", "count 5 | step=3"))
    monkeypatch.setattr(read_pair, "PARALLEL_BYTES", 1)
    found = read_pair.read_pair(*map(str, paths))
    for one, path in zip(found, paths, strict=True):
        assert list(one.records()) == list(read_trace(path).records())
