"""Logs as people have them: decorated in any way, a log has the records and the verdict of the plain one."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from system_io.verdict_words import Word
from tests.trace_tools.made import contract_log
from trace_tools.judging.judge import judge
from trace_tools.reading.fronts import kinds_of
from trace_tools.reading.trace_file import TraceLog, read_stream

NAMED = (
    "TAP_LOG: tap-log 1\nTAP_LOG: program heat 1\nTAP_LOG: tap t real K heat.c:1\n"
    "TAP_LOG: tap n integer - heat.c:2\n"
    + "".join(
        f"TRACE_C: t {value} | step={step} cell={cell}\nTRACE_C: n {step} | step={step} cell={cell}\n"
        for step in range(4)
        for cell, value in enumerate(("1.5", "-2.5000000000000001e-05", "nan", "inf", "-0"))
    )
)
LOGS = {"contract": contract_log(1, "C"), "named": NAMED}
FRONTS = {
    "time stamp": ("2026-01-02 10:11:12,345 ", "[10:11:12] ", "2026-01-02T10:11:12Z INFO ", "[  12.345678] "),
    "rank or thread": ("[rank 3] ", "[0] ", "rank=12: ", "[1,0]<stdout>: ", "thread 4 | ", "3: "),
    "progress meter": ("  42% ", "12/100 ", "[####    ] ", "step 5 of 9 "),
    "other text": ("INFO heat: ", "> ", "solver "),
}


def fronted(text: str, front: str) -> str:
    return "".join(front + line for line in text.splitlines(keepends=True))


def stamped_differently(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(
        f"2026-01-02 10:11:{place % 60:02d}.{place:06d} {line}" for place, line in enumerate(lines)
    )


def coloured(text: str) -> str:
    return "".join(f"\x1b[32m{line[:-1]}\x1b[0m\x1b[K\n" for line in text.splitlines(keepends=True))


def between(text: str) -> str:
    return "".join(
        f"iteration {place}\n\n{line}" for place, line in enumerate(text.splitlines(keepends=True))
    )


TEXTS: dict[str, Callable[[str], str]] = {
    **{front: partial(fronted, front=front) for fronts in FRONTS.values() for front in fronts},
    "stamps": stamped_differently,
    "colours": coloured,
    "output between": between,
    "meter before": lambda text: text.replace("\n", "\n 10%\r 20%\r", 3),
}  # fmt: skip
ENDS = {"LF": "\n", "CR LF": "\r\n", "CR": "\r"}
CODECS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")


def read_bytes(data: bytes, source: str = "x.log") -> TraceLog:
    return read_stream(io.BytesIO(data), source)


def same(one: TraceLog, other: TraceLog) -> None:
    for name in ("tap", "context", "contexts", "start"):
        assert np.array_equal(getattr(one.columns, name), getattr(other.columns, name)), name
    assert np.array_equal(one.columns.values, other.columns.values, equal_nan=True)
    assert (one.names, one.words, one.schema, one.taps) == (
        other.names,
        other.words,
        other.schema,
        other.taps,
    )
    assert (one.aside_count, one.broken) == (0, "")


@given(
    log=st.sampled_from(sorted(LOGS)),
    texts=st.lists(st.sampled_from(sorted(TEXTS)), max_size=3),
    end=st.sampled_from(sorted(ENDS)),
    codec=st.sampled_from(CODECS),
    place=st.integers(0, 10**6),
)
@settings(max_examples=120, deadline=None)
def test_a_decorated_log_is_the_plain_log(log, texts, end, codec, place):
    text = LOGS[log]
    decorated = text
    for name in texts:
        decorated = TEXTS[name](decorated)
    data = decorated.replace("\n", ENDS[end]).encode(codec)
    plain, found = read_bytes(text.encode()), read_bytes(data)
    same(found, plain)
    _a_changed_value_is_found(plain, found, place)


def _a_changed_value_is_found(plain: TraceLog, found: TraceLog, place: int) -> None:
    """Change one value of the decorated log: the verdict names it with that value."""
    values = found.columns.values.copy()
    finite = np.flatnonzero(np.isfinite(values) & (values != 0))
    chosen = finite[place % len(finite)]
    values[chosen] += 1
    object.__setattr__(found.columns, "values", values)
    report = judge(plain, found)
    record = int(np.searchsorted(found.columns.start, chosen, side="right") - 1)
    assert report.verdict is Word.FAIL
    assert report.comparison.taps[found.record(record).tap].differing == 1


@pytest.mark.parametrize(
    ("kind", "front"), [(kind, one) for kind, fronts in FRONTS.items() for one in fronts]
)
def test_what_was_taken_off_is_told_and_counted(kind, front):
    found = read_bytes(fronted(NAMED, front).encode())
    assert found.treated[f"{kind} in front of a record, taken off"] == 40
    assert found.behind_count == 40
    assert kind in kinds_of(front)


def test_encoding_line_ends_and_colours_are_told():
    found = read_bytes(coloured(NAMED).replace("\n", "\r\n").encode("utf-16"))
    assert found.treated["file in UTF-16, read as UTF-8"] == 1
    assert found.treated["line end with CR, read as LF"] == NAMED.count("\n")
    assert found.treated["colour or other control of a terminal, left out"] == 3 * NAMED.count("\n")


@pytest.mark.parametrize(
    ("plain", "printed"),
    [
        ("1.25e+01", "1.25D+01"), ("1.25e+01", "1.25d1"), ("1.25e+100", "1.25+100"),
        ("1.25e-100", "1.25-100"),
        ("12", "0x1.8p+3"), ("nan", "NaN"), ("nan", "-nan(0x8000)"), ("inf", "Infinity"), ("-inf", "-INF"),
        ("-0", "-0.0000000000000000E+000"), ("1e-3", "1.0000000000000000E-003"), ("1e-300", "1.0E-300"),
    ],
)  # fmt: skip
def test_numbers_of_other_languages_are_the_same_numbers(plain, printed):
    lines = "".join(f"TRACE_C: t {{}} | step={step}\n" for step in range(3))
    head = NAMED[: NAMED.index("TRACE_C")]
    one, other = (head + lines.replace("{}", number) for number in (plain, printed))
    same(read_bytes(other.encode()), read_bytes(one.encode()))


@pytest.mark.parametrize("number", ["1,5", "1e400", "1e-400", "1.5.5", "0x1p99999", "--1"])
def test_a_number_that_is_none_stands_against_pass(number):
    text = NAMED.replace("1.5", number, 1)
    report = judge(read_bytes(text.encode()), read_bytes(text.encode(), "y.log"))
    assert report.verdict is Word.NOT_COMPARABLE
    assert any(number in line for line in report.decision.set_aside)


def test_lines_of_several_records_are_told_apart():
    text = NAMED.replace("step=0 cell=0\nTRACE_C: n", "step=0 cell=0 TRACE_C: n", 1)
    found = read_bytes(text.encode())
    same(found, read_bytes(NAMED.encode()))
    assert found.treated["several records in one line, told apart"] == 1
