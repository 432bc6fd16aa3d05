"""Reflection lists, dumps, source lists and matrices (spec 04 section 6, 05)."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simulator.config import StructureFactors
from simulator.errors import InputError
from simulator.io.fdump import dump_chunks, read_dump
from simulator.io.hkl import _checked_rows, _fast_rows, read_hkl
from simulator.io.tables import check_stol, read_matrix, read_sources
from simulator.io.text import TextFile


def write_dump(path: Path, factors: StructureFactors) -> None:
    path.write_bytes(b"".join(dump_chunks(factors)))


def file(folder: Path, data: bytes) -> Path:
    path = folder / "input"
    path.write_bytes(data)
    return path


def test_table_is_dense_and_keeps_the_last_of_two(tmp_path: Path) -> None:
    factors, _ = read_hkl(file(tmp_path, b"0 0 0 100\n1 0 -1 5\n\n0 0 0 7\n"), 3.0)
    assert factors.hkl_min == (0, 0, -1)
    assert factors.table.tolist() == [[[3.0, 7.0]], [[5.0, 3.0]]]
    assert factors.reflections == 3


def test_whole_decimals_and_any_line_end_are_accepted(tmp_path: Path) -> None:
    factors, _ = read_hkl(file(tmp_path, b"1.0 2e0 +3. 4\r\n1 2 4 .5\r\n"), 0.0)
    assert factors.table.tolist() == [[[4.0, 0.5]]]


@pytest.mark.parametrize(
    ("line", "word"),
    [(b"1 2 3", "3 columns"), (b"1 2 3 4 5", "5 columns"), (b"1.5 0 0 3", "whole"), (b"1 2 3 nan", "nan"),
     (b"1 2 3 0x1p3", "0x1p3"), (b"1 2 3 1_0", "1_0"), (b"3000000000 0 0 1", "32 bits"),
     (b"1 2 3 1e400", "1e400")],
)  # fmt: skip
def test_bad_reflection_names_its_line(tmp_path: Path, line: bytes, word: str) -> None:
    with pytest.raises(InputError, match=f"line 3: .*{word}"):
        read_hkl(file(tmp_path, b"0 0 0 1\n\n" + line + b"\n0 0 0 x\n"), 0.0)


def test_large_list_of_scattered_lines(tmp_path: Path) -> None:
    """65 thousand lines, the size of a protein data set."""
    rows = np.stack(np.meshgrid(*[np.arange(40)] * 3, indexing="ij"), -1).reshape(-1, 3)
    lines = "".join(f"{h} {k} {i} {h * k + i}.25\n" for h, k, i in np.random.default_rng(1).permutation(rows))
    factors, _ = read_hkl(file(tmp_path, lines.encode()), 0.0)
    assert factors.table[38, 17, 39] == 38 * 17 + 39.25
    assert factors.reflections == 64000


def test_dump_has_the_layout_of_the_specification(tmp_path: Path) -> None:
    reflections = b"0 0 0 100\n0 1 0 50\n0 0 1 20\n-1 0 0 3\n"
    path = tmp_path / "F.bin"
    write_dump(path, read_hkl(file(tmp_path, reflections), 0.0)[0])
    values = [3.0, *[0.0] * 8, 100.0, 20.0, 0.0, 50.0, *[0.0] * 14]
    assert path.read_bytes() == b"-1 0 0 1 0 1\n\f" + np.array(values).tobytes()


def test_dump_gives_the_table_back(tmp_path: Path) -> None:
    factors, _ = read_hkl(file(tmp_path, b"0 0 0 100.00000000000045\n2 -1 3 7\n"), 1.5)
    path = tmp_path / "F.bin"
    write_dump(path, factors)
    again = read_dump(path, 9.0)
    assert (again.table == factors.table).all()
    assert (again.hkl_min, again.default_F, again.reflections) == (factors.hkl_min, 9.0, 3 * 2 * 4)


def test_first_double_that_looks_like_white_space_is_read_exactly(tmp_path: Path) -> None:
    value = np.frombuffer(b"\t\n\r \0\0\x59\x40")[0]
    data = b"0 0 0 0 0 0\n\f" + np.array([value, *[0.0] * 7]).tobytes()
    assert read_dump(file(tmp_path, data), 0.0).table[0, 0, 0] == value


@pytest.mark.parametrize(
    "data", [b"0 0 0 0 0 0\n\f" + b"\0" * 63, b"0 0 0 0 0 0\f" + b"\0" * 64, b"0 0 0 0 0\n\f"]
)
def test_malformed_dump_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InputError, match="dump file"):
        read_dump(file(tmp_path, data), 0.0)


def test_sources_fill_missing_columns_with_defaults(tmp_path: Path) -> None:
    rows, _ = read_sources(
        file(tmp_path, b"-10 0.02 -0.01 1 2e-10\r\n\n1,,nan nan 0.5\n;7"), (0.6, 0.8, 0.0), 1e-10
    )
    assert rows[0].position == (-10.0, 0.02, -0.01)
    assert rows[0].wavelength_m == 2e-10
    assert (rows[1].position, rows[1].weight, rows[1].wavelength_m) == ((1.0, -8.0, 0.0), 0.5, 1e-10)
    assert rows[2].position == (7.0, -8.0, 0.0)


def test_source_text_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 2: 'zero'"):
        read_sources(file(tmp_path, b"-10 0 0\n-10 zero 0\n"), (1.0, 0.0, 0.0), 1e-10)


def test_columns_beyond_five_are_ignored(tmp_path: Path) -> None:
    (row,), _ = read_sources(file(tmp_path, b"1 2 3 4 5 comment"), (1.0, 0.0, 0.0), 1e-10)
    assert (row.weight, row.wavelength_m) == (4.0, 5.0)


def test_matrix_takes_nine_numbers_and_leaves_the_rest(tmp_path: Path) -> None:
    numbers, _ = read_matrix(file(tmp_path, b"1 2 3 4\n5 6 7 8 9\nthe cell"))
    assert numbers == tuple(float(n) for n in range(1, 10))


def test_short_matrix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="8 numbers, nine are needed"):
        read_matrix(file(tmp_path, b"1 2 3 4 5 6 7 8"))


def test_amorphous_table_needs_a_line(tmp_path: Path) -> None:
    check_stol(file(tmp_path, b"0.1 2.5\n"), "-stol")
    with pytest.raises(InputError, match=r"-stol file .* holds no line"):
        check_stol(file(tmp_path, b"\n"), "-stol")


def test_range_beyond_memory_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"h 0\.\.2000000000"):
        read_hkl(file(tmp_path, b"0 0 0 1\n2000000000 2000000000 0 1\n"), math.pi)


READERS = {
    "-hkl": (lambda path: read_hkl(path, 0.0), b"1 2 3 4\n1 2 4 5\n"),
    "-mat": (read_matrix, b"1 2 3\n4 5 6\n7 8 9\n"),
    "-sourcefile": (lambda path: read_sources(path, (1.0, 0.0, 0.0), 1e-10), b"1 0 0\n1 1 0\n"),
    "-stol": (lambda path: ((), check_stol(path, "-stol")), b"0.1 2\n0.2 3\n"),
}
each_reader = pytest.mark.parametrize("option", READERS)


@each_reader
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_means_the_same(tmp_path: Path, option: str, end: bytes) -> None:
    read, text = READERS[option]
    plain, other = (read(file(tmp_path, data)) for data in (text, text.replace(b"\n", end)))
    assert str(plain) == str(other)
    assert plain[1] == other[1] == ()


@each_reader
@pytest.mark.parametrize(
    ("change", "name"),
    [(lambda text: b"\xef\xbb\xbf" + text, "byte-order mark"),
     (lambda text: text.decode().encode("utf-16"), "UTF-16"),
     (lambda text: text.decode().encode("utf-16-be"), "UTF-16"),
     (lambda text: text.decode().encode("utf-32"), "UTF-32"), (lambda text: text + b"\0", "NUL")],
    ids=["mark", "utf-16", "utf-16-be", "utf-32", "nul"],
)  # fmt: skip
def test_what_is_no_plain_text_is_refused_by_name(
    tmp_path: Path, option: str, change: Callable[[bytes], bytes], name: str
) -> None:
    read, text = READERS[option]
    with pytest.raises(InputError, match=f"is .*{name}.*; save it as plain text"):
        read(file(tmp_path, change(text)))


@each_reader
@pytest.mark.parametrize("line", [b"# 1 2 3", b"! note", b"// 1 2", b"H K L F", b"; note", b"rem 1 2 3 4"])
def test_a_comment_is_refused_as_a_comment(tmp_path: Path, option: str, line: bytes) -> None:
    read, text = READERS[option]
    with pytest.raises(InputError, match=r"line 1: .* is a comment or a heading; take it out"):
        read(file(tmp_path, line + b"\n" + text))


def test_a_comment_behind_a_reflection_is_refused_as_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 1: .* is a comment"):
        read_hkl(file(tmp_path, b"1 0 0 5 # strong\n"), 0.0)


@each_reader
def test_a_file_that_ends_inside_a_line_is_warned_of(tmp_path: Path, option: str) -> None:
    read, text = READERS[option]
    _, (warning,) = read(file(tmp_path, text.rstrip(b"\n")))
    last = text.count(b"\n")
    assert f"input' ends in the middle of a line (line {last}); see whether" in warning


@pytest.mark.parametrize("byte", [b"\xa0", b"\x85", b"\x1c", b"\x1f"])
def test_only_blanks_separate_words(tmp_path: Path, byte: bytes) -> None:
    """Bytes that Python takes for white space and C does not."""
    with pytest.raises(InputError, match="line 1"):
        read_hkl(file(tmp_path, b"1 0 0" + byte + b"5\n"), 0.0)


@pytest.mark.parametrize("seed", range(40))
def test_both_ways_to_read_reflections_agree(seed: int) -> None:
    rng = random.Random(seed)
    words = ["1", "-2", "+3", "4.5", ".5", "6.", "1e2", "-2E+1", "0"]
    blanks = [" ", "\t", "  ", "\v", "\f"]
    lines = ["".join(rng.choice(words) + rng.choice(blanks) for _ in range(4)) for _ in range(5)]
    data = "".join(line + rng.choice(["\n", "\r\n", "\r", "\n\n", "\r\r"]) for line in lines).encode()
    fast = _fast_rows(data)
    try:
        slow = _checked_rows(TextFile("x", data))
    except InputError:
        slow = None
    assert fast is None or (slow is not None and np.array_equal(fast, slow))
