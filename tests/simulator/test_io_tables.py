"""Reflection lists, dumps, source lists and matrices (spec 04 section 6, 05)."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from simulator.errors import InputError
from simulator.io.fdump import read_dump, write_dump
from simulator.io.hkl import read_hkl
from simulator.io.tables import check_stol, read_matrix, read_sources


def file(folder: Path, data: bytes) -> Path:
    path = folder / "input"
    path.write_bytes(data)
    return path


def test_table_is_dense_and_keeps_the_last_of_two(tmp_path: Path) -> None:
    factors = read_hkl(file(tmp_path, b"0 0 0 100\n1 0 -1 5\n\n0 0 0 7\n"), 3.0)
    assert factors.hkl_min == (0, 0, -1)
    assert factors.table.tolist() == [[[3.0, 7.0]], [[5.0, 3.0]]]
    assert factors.reflections == 3


def test_whole_decimals_and_any_line_end_are_accepted(tmp_path: Path) -> None:
    factors = read_hkl(file(tmp_path, b"1.0 2e0 +3. 4\r\n1 2 4 .5\r\n"), 0.0)
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
    factors = read_hkl(file(tmp_path, lines.encode()), 0.0)
    assert factors.table[38, 17, 39] == 38 * 17 + 39.25
    assert factors.reflections == 64000


def test_dump_has_the_layout_of_the_specification(tmp_path: Path) -> None:
    reflections = b"0 0 0 100\n0 1 0 50\n0 0 1 20\n-1 0 0 3\n"
    path = tmp_path / "F.bin"
    write_dump(path, read_hkl(file(tmp_path, reflections), 0.0))
    values = [3.0, *[0.0] * 8, 100.0, 20.0, 0.0, 50.0, *[0.0] * 14]
    assert path.read_bytes() == b"-1 0 0 1 0 1\n\f" + np.array(values).tobytes()


def test_dump_gives_the_table_back(tmp_path: Path) -> None:
    factors = read_hkl(file(tmp_path, b"0 0 0 100.00000000000045\n2 -1 3 7\n"), 1.5)
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
    rows = read_sources(
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
    (row,) = read_sources(file(tmp_path, b"1 2 3 4 5 comment"), (1.0, 0.0, 0.0), 1e-10)
    assert (row.weight, row.wavelength_m) == (4.0, 5.0)


def test_matrix_takes_nine_numbers_and_leaves_the_rest(tmp_path: Path) -> None:
    numbers = read_matrix(file(tmp_path, b"1 2 3 4\n5 6 7 8 9\nthe cell"))
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
