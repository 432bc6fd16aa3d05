import contextlib
import io
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trace_tools.errors import TraceError
from trace_tools.reading import trace_file
from trace_tools.reading.bulk import BlockParser
from trace_tools.reading.lines import Record, format_line, parse_line
from trace_tools.reading.trace_file import read_stream, read_trace
from trace_tools.tap_points import TAP_POINTS

HEAD = "TRACE_C: schema nanobragg-trace 1\nTRACE_C: program demo 1\n"
FLOATS = st.floats(allow_nan=True, allow_infinity=True)
TURNS = st.integers(0, 2**31 - 1)


@st.composite
def records(draw):
    tap = draw(st.sampled_from(TAP_POINTS))
    context = tuple((key, draw(TURNS)) for key in tap.keys)
    if tap.kind == "word":
        return Record(tap.name, (math.nan,), context, (draw(st.sampled_from(["MOSFLM", "BEAM"])),))
    number = FLOATS if tap.kind == "float" else st.integers(-(2**31), 2**31).map(float)
    return Record(tap.name, tuple(draw(number) for _ in range(tap.size)), context)


def same(one, other):
    numbers = [np.array(record.values) for record in (one, other)]
    return (
        (one.tap, one.context, one.words) == (other.tap, other.context, other.words)
        and np.array_equal(*numbers, equal_nan=True)
        and np.array_equal(*(np.signbit(part[~np.isnan(part)]) for part in numbers))
    )


@given(st.lists(records(), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_written_records_are_read_back_bit_for_bit(wanted):
    text = HEAD + "".join(format_line(record) + "\n" for record in wanted)
    found = list(read_stream(io.BytesIO(text.encode()), "x").records())
    assert len(found) == len(wanted)
    assert all(same(one, other) for one, other in zip(found, wanted, strict=True))


def test_block_and_line_parsing_give_the_same_columns(golden_text, monkeypatch):
    text = golden_text("interpolate-in-range").encode()
    fast = read_stream(io.BytesIO(text), "x")
    monkeypatch.setattr(BlockParser, "parse", lambda *_: None)
    slow = read_stream(io.BytesIO(text), "x")
    for name in ("tap", "context", "contexts", "start"):
        assert np.array_equal(getattr(fast.columns, name), getattr(slow.columns, name)), name
    assert np.array_equal(fast.columns.values, slow.columns.values, equal_nan=True)
    assert fast.words == slow.words


def test_blocks_take_the_fast_path(golden_text, monkeypatch):
    """Guards the speed of large traces: a golden trace past its set-up must not fall back to single lines."""
    text = golden_text("mosaic-phi")
    start = text.index("TRACE_C: Fdet_meters")
    monkeypatch.setattr(trace_file._Reader, "_take_record", lambda *_: pytest.fail("line by line"))
    stream = io.BytesIO((HEAD + text[start:]).encode())
    blocks = list(trace_file.blocks(stream, len(HEAD), Counter()))
    reader = trace_file._Reader("x")
    reader.take(blocks[0])
    reader.take(b"".join(blocks[1:]))
    assert len(reader.finish()) > 400


@pytest.mark.parametrize("block_bytes", [1, 7, 64, 1000])
def test_block_size_changes_nothing(small, read, monkeypatch, block_bytes):
    wanted = list(read(small).records())
    monkeypatch.setattr(trace_file, "BLOCK_BYTES", block_bytes)
    assert list(read(small).records()) == wanted


def test_all_golden_traces_parse_without_a_lost_line(shared_dir):
    folder = shared_dir / "golden"
    for path in [*sorted((folder / "traces").glob("*.trace")), folder / "lysozyme" / "authoritative.trace"]:
        trace = read_trace(path)
        assert len(trace) == len(path.read_text().splitlines()) - 2, path.name
        assert (trace.program, trace.unmapped_count, trace.broken) == ("nanoBragg 8-10-25", 0, "")


def test_ordinary_output_is_skipped_and_counted(small, read):
    noisy = "progress 1%\n" + small.replace("TRACE_C: stol", "progress: 50%\nTRACE_C: stol") + "the end"
    trace = read(noisy)
    assert trace.skipped_lines == 3
    assert list(trace.records()) == list(read(small).records())


def test_broken_last_line_says_where_and_keeps_the_rest(small, read):
    trace = read(small[:-4])
    assert len(trace) == 4
    assert "line 7, after hkl_frac s=1 f=2 t=0 ss=0 sf=0 src=0 phi=1 mos=0" in trace.broken


def test_break_inside_the_prefix_is_seen(small, read):
    assert read(small + "TRA").broken


def test_special_values_survive(read):
    line = "TRACE_C: hkl_frac nan -inf -0 | s=0 f=0 t=0 ss=0 sf=0 src=0 phi=0 mos=0\n"
    values = read(HEAD + line).record(0).values
    assert math.isnan(values[0])
    assert values[1] == -math.inf
    assert math.copysign(1, values[2]) == -1


def test_integer_beyond_double_precision_keeps_its_digits(read):
    assert read(HEAD + "TRACE_C: steps 9007199254740993\n").record(0).words == ("9007199254740993",)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("TRACE_C: hkl_frac 1 2 | s=0 f=0 t=0 ss=0 sf=0 src=0 phi=0 mos=0", "shape is 3"),
        ("TRACE_C: hkl_frac 1 2 3 | s=0 f=0", "its keys are"),
        ("TRACE_C: I_pixel_final 1 | f=0 s=0", "keys of a loop level"),
        ("TRACE_C: I_pixel_final 1 | s=0 f=-1", "not of the form"),
        ("TRACE_C: I_pixel_final 1 | s=0 f=4294967296", "2147483647"),
        ("TRACE_C: I_pixel_final 1_0 | s=0 f=0", "not a number"),
        ("TRACE_C: I_pixel_final null | s=0 f=0", "not a number"),
        ("TRACE_C: I_pixel_final 1e400 | s=0 f=0", "out of the range of a double"),
        ("TRACE_C: I_pixel_final -1e-400 | s=0 f=0", "out of the range of a double"),
        ("TRACE_C: I_pixel_final 1,5 | s=0 f=0", "a decimal comma"),
        ("TRACE_C: steps 1.5", "not a whole number"),
        ("TRACE_C: I_pixel_final", "is not '<tap>"),
        ("TRACE_PY: steps 1", "two programs are mixed"),
        ("TRACE_C: program other 2", "two programs are mixed"),
    ],
)
def test_line_that_breaks_the_contract_is_named(read, line, says):
    with pytest.raises(TraceError, match="line 3") as caught:
        read(HEAD + line + "\n")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["1_0", "null", "0x10", "1,5", "", "True", "1e", "NA", "1e400", "1e-400"])
def test_blocks_accept_only_what_lines_accept(read, value):
    pixel = "TRACE_C: I_pixel_final {} | s=0 f={}\n"
    text = HEAD + "".join(pixel.format(1.5, turn) for turn in range(30)) + pixel.format(value, 30)
    with pytest.raises(TraceError, match="line 33"):
        read(text)


def test_unknown_tap_is_kept_and_shown(small, read):
    trace = read(small + "TRACE_C: novelty 1 2 | s=1 f=2\nTRACE_C: novelty 3 x | s=1 f=3\n")
    assert trace.unmapped_count == 2
    assert trace.unmapped[0].startswith("TRACE_C: novelty 1 2")
    assert trace.record(5).values == (1.0, 2.0)
    assert trace.record(6).words == ("3", "x")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("hello\nworld\n", "no trace record in 2 lines"),
        (HEAD, "no trace record"),
        ("TRACE_C: schema nanobragg-trace 3\n", "unknown"),
        ("TRACE_C: schema nanobragg-trace 1\nTRACE_C: steps 1\n", "program NAME VERSION"),
    ],
)
def test_text_without_a_usable_trace_is_an_error(read, text, says):
    with pytest.raises(TraceError, match=says):
        read(text)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(TraceError, match="no-such-trace"):
        read_trace(tmp_path / "no-such-trace")


@given(st.text(max_size=60))
def test_any_text_is_a_record_or_a_value_error(text):
    with contextlib.suppress(ValueError):
        assert parse_line(text).tap
