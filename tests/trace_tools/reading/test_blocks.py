"""What is read by blocks, against what reads the same one by one: hexadecimal numbers, fronts, colours."""

import io
import random
import re

import numpy as np
import pytest

from trace_tools.errors import TraceError
from trace_tools.reading import trace_file
from trace_tools.reading.log_text import blocks
from trace_tools.reading.numerals import HEXADECIMAL
from trace_tools.reading.trace_file import read_stream

TERMINAL = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
LINE = "TRACE_C: {tap} {values} | step={step}"
START = "TAP_LOG: tap-log 1\nTAP_LOG: program x 1\n"


def log(values, front=lambda _: ""):
    lines = [
        front(step) + LINE.format(tap=tap, values=value, step=step)
        for step, row in enumerate(values)
        for tap, value in zip(("flux", "rod"), row, strict=True)
    ]
    return (START + "\n".join(lines) + "\n").encode()


@pytest.fixture
def refused(monkeypatch):
    """Return how many blocks are not read as such, from here on."""
    found = []
    take = trace_file._Reader._take_block

    def counted(reader, parser, block):
        taken = take(reader, parser, block)
        found.extend([] if taken else [block])
        return taken

    monkeypatch.setattr(trace_file._Reader, "_take_block", counted)
    return found


def test_hexadecimal_numbers_are_read_by_blocks_to_the_last_bit(refused):
    drawn = random.Random(3)
    numbers = [(drawn.random() - 0.5) * 10.0 ** drawn.randrange(-300, 300) for _ in range(400)]
    numbers += [5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 0.0, 1.0, -1.0]
    told = read_stream(io.BytesIO(log([(one.hex(), f"2.5 {one.hex().upper()}") for one in numbers])), "x")
    assert np.array_equal(told.columns.values, np.array([(one, 2.5, one) for one in numbers]).ravel())
    assert told.treated[HEXADECIMAL] == 2 * len(numbers)
    assert not refused


@pytest.mark.parametrize(
    "word", ["0x1.8", "0x1.8p", "0xp+3", "0x1p+99999", "x", "1x0p1", "0x1..8p+3", "0x1.gp+3"]
)
def test_what_only_looks_hexadecimal_is_set_aside(word):
    told = read_stream(io.BytesIO(log([("0x1p+0", "1.5"), (word, "2.5")])), "x")
    assert (told.aside_count, len(told)) == (1, 3) or told.words


def test_a_whole_number_of_the_contract_is_no_hexadecimal_one():
    text = "TRACE_C: schema nanobragg-trace 1\nTRACE_C: program x 1\nTRACE_C: sources {}\n"
    assert read_stream(io.BytesIO(text.format(4).encode()), "x").columns.values[0] == 4
    with pytest.raises(TraceError, match="not a whole number"):
        read_stream(io.BytesIO(text.format("0x1p+2").encode()), "x")


@pytest.mark.parametrize("length", [8, 63, 64, 191, 192, 193, 400])
def test_a_front_of_any_length_is_counted_by_its_pattern(refused, length):
    def front(step):
        return f"{step:04d} {'w' * (length - 6)} "

    told = read_stream(io.BytesIO(log([(step, step) for step in range(30)], front)), "x")
    assert (len(told), told.behind_count) == (60, 60)
    assert sum(told.treated.values()) == 60
    assert not refused


def test_more_patterns_than_a_table_holds_are_counted_too(monkeypatch):
    monkeypatch.setattr("trace_tools.reading.fronts.MOST_PATTERNS", 5)
    told = read_stream(
        io.BytesIO(log([(step, step) for step in range(30)], lambda step: chr(97 + step % 26) * 3 + " ")), "x"
    )
    assert (len(told), told.behind_count) == (60, 60)


def test_a_second_record_in_a_front_is_told_apart_in_any_letters():
    text = log([(1, 2), (3, 4)], lambda step: "Trace_C: rest 5 " if step else "x ")
    assert len(read_stream(io.BytesIO(text), "x")) == 6


def test_what_steers_a_terminal_is_left_out_as_one_by_one():
    drawn = random.Random(4)
    parts = [b"\x1b[32m", b"\x1b[0m", b"\x1b[", b"\x1b", b"m", b"\x1b[1;2 q", b"\x1b[ 3m", b"\n", b"text ",
             b"\x1b]0;t\x07", b"\x1b[K", b"\x1b[?25l", b"[", b"\x1b[" + b"1;" * 40 + b"m"]  # fmt: skip
    for _ in range(2000):
        text = b"".join(drawn.choices(parts, k=drawn.randrange(1, 7))) + b"\n"
        assert b"".join(blocks(io.BytesIO(text), 1 << 20, trace_file.Counter())) == TERMINAL.sub(b"", text)
