"""Logs with very many names, words or repetitions."""

import pytest

from trace_tools.reading.trace_file import TraceLog

MORE_THAN_16_BITS = 66_000


@pytest.mark.parametrize("line", ["name{0} {0}.5", "name{0} word{0}", "F_latt {0}.5", "note {0} of it"])
def test_many_different_records_are_compared_one_by_one(judge_texts, line):
    lines = "".join(f"TRACE_C: {line.format(number)}\n" for number in range(5000))
    last = f"TRACE_C: {line.format(4999)}"
    assert judge_texts(lines, lines.replace("TRACE_C", "TRACE_PY")).verdict == "PASS"
    assert judge_texts(lines, lines.replace(last, last + "9")).verdict != "PASS"


def test_more_names_than_16_bits_number_are_told_apart(read):
    trace: TraceLog = read("".join(f"TRACE_C: x{number} 1\n" for number in range(MORE_THAN_16_BITS)))
    assert [trace.record(index).tap for index in (0, MORE_THAN_16_BITS - 1)] == [
        "x0",
        f"x{MORE_THAN_16_BITS - 1}",
    ]


def test_record_with_more_values_than_16_bits_number_is_whole(read):
    trace: TraceLog = read("TRACE_C: x " + "1 " * MORE_THAN_16_BITS + "\nTRACE_C: y 2\n")
    assert [len(record.values) for record in trace.records()] == [MORE_THAN_16_BITS, 1]
