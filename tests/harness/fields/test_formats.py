"""Arrays read from every format, and refused where the file is not what it is said to be."""

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.fields.formats import FORMATS, check_source, read_field
from harness.fields.source import FieldSource

DATA = np.arange(1.0, 13.0).reshape(3, 4)


def write_hdf5(path):
    h5py = pytest.importorskip("h5py", reason="not run: h5py is not installed")
    with h5py.File(path, "w") as file:
        file["group/field"] = DATA


def write_smv(path):
    head = b"{\nHEADER_BYTES=512;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1=4;\nSIZE2=3;\n}"
    path.write_bytes(head.ljust(512) + DATA.astype("<u2").tobytes())


def write_npy(path):
    with path.open("wb") as file:
        np.save(file, DATA)


def write_npz(path):
    with path.open("wb") as file:
        np.savez(file, field=DATA, other=DATA[:1])


WRITERS = {
    "raw": lambda path: path.write_bytes(DATA.tobytes()),
    "npy": write_npy,
    "npz": write_npz,
    "text": lambda path: np.savetxt(path, DATA, fmt="%.17g", header="a b c d"),
    "csv": lambda path: np.savetxt(path, DATA, fmt="%.17g", delimiter=", ", header="a,b,c,d", comments=""),
    "hdf5": write_hdf5,
    "netcdf": write_hdf5,
    "smv": write_smv,
}
SETTINGS = {
    "raw": {"dtype": "float64", "shape": [3, 4]}, "npz": {"array": "field"},
    "hdf5": {"dataset": "group/field"}, "netcdf": {"dataset": "group/field"},
}  # fmt: skip


def source(kind, **more):
    return FieldSource("file", kind, {**SETTINGS.get(kind, {}), **more})


def shape_or_refusal(kind, folder):
    """The shape that is read, or the words of the refusal."""
    try:
        return read_field(source(kind), folder).shape
    except HarnessError as error:
        return str(error)


def test_every_format_has_a_case_here():
    assert set(WRITERS) == set(FORMATS)


@pytest.mark.parametrize("kind", WRITERS)
def test_every_format_gives_the_numbers_in_the_file(kind, tmp_path):
    WRITERS[kind](tmp_path / "file")
    check_source(source(kind), "here")
    found = read_field(source(kind), tmp_path)
    assert found.shape == (3, 4)
    assert np.array_equal(found.block(0, 12), DATA.ravel())
    assert np.array_equal(found.block(5, 9), DATA.ravel()[5:9])


@pytest.mark.parametrize("kind", WRITERS)
def test_every_format_refuses_what_is_none_and_what_is_cut(kind, tmp_path):
    WRITERS[kind](tmp_path / "file")
    whole = (tmp_path / "file").read_bytes()
    for data in (b"\x89\x00nothing", b"", whole[: len(whole) * 2 // 3]):
        (tmp_path / "file").write_bytes(data)
        assert shape_or_refusal(kind, tmp_path) != (3, 4)
    (tmp_path / "file").unlink()
    with pytest.raises(HarnessError, match="not there"):
        read_field(source(kind), tmp_path)
    (tmp_path / "file").mkdir()
    with pytest.raises(HarnessError, match=r"director|folder"):
        read_field(source(kind), tmp_path)


def test_raw_numbers_of_fortran_of_other_order_and_behind_a_header(tmp_path):
    (tmp_path / "file").write_bytes(b"head" + DATA.astype(">f4").tobytes(order="F"))
    found = read_field(source("raw", dtype="float32", order="big", layout="Fortran", skip=4), tmp_path)
    assert np.array_equal(found.block(0, 12), DATA.ravel())


@pytest.mark.parametrize(
    ("kind", "words", "named"),
    [
        ("raw", {"shape": [3, 5]}, "96 bytes"), ("raw", {"dtype": "float23"}, "float23"),
        ("raw", {"order": "middle"}, "middle"), ("raw", {"shape": [3, -4]}, "-4"),
        ("npz", {"array": "none"}, "field"), ("hdf5", {"dataset": "group"}, "group/field"),
        ("csv", {"columns": ["z"]}, "a, b, c, d"), ("csv", {"columns": [5]}, "4 columns"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named_with_what_there_is(kind, words, named, tmp_path):
    WRITERS[kind](tmp_path / "file")
    with pytest.raises(HarnessError, match=named):
        read_field(source(kind, **words), tmp_path)


@pytest.mark.parametrize(
    ("kind", "words"),
    [("raw", {"dtype": 3}), ("npy", {"dtype": "f8"}), ("tiff", {}), ("npz", {"array": True})],
)
def test_a_setting_that_a_format_does_not_have_is_refused(kind, words):
    with pytest.raises(HarnessError):
        check_source(source(kind, **words), "here")
    with pytest.raises(HarnessError, match="needs"):
        check_source(FieldSource("file", "raw", {"dtype": "f8"}), "here")


def test_numbers_as_fortran_and_c_write_them(tmp_path):
    (tmp_path / "file").write_text("# made\n 1.5D+02  0x1.8p+1\n -2.5+100  nan\n 1d-3 -Infinity\n")
    found = read_field(source("text"), tmp_path).block(0, 6)
    assert np.array_equal(found, [150.0, 3.0, -2.5e100, np.nan, 1e-3, -np.inf], equal_nan=True)


def test_columns_are_chosen_by_name_and_number_and_words_are_refused(tmp_path):
    (tmp_path / "file").write_text("time,name,x\n0,a,1.25\n1,b,2.5\n")
    assert read_field(source("csv", columns=["x"]), tmp_path).block(0, 2).tolist() == [1.25, 2.5]
    assert read_field(source("csv", columns=[3, "time"]), tmp_path).block(0, 4).tolist() == [1.25, 0, 2.5, 1]
    with pytest.raises(HarnessError, match="'a' in row 1"):
        read_field(source("csv"), tmp_path)


@pytest.mark.parametrize("text", ["1 2 3\n4 5\n", "1 2\n3 4 5\n", "1 2\n3\n4 5\n"])
def test_rows_of_different_length_are_refused(text, tmp_path):
    (tmp_path / "file").write_text(text)
    with pytest.raises(HarnessError, match=r"length|fields"):
        read_field(source("text"), tmp_path)


def raw(tmp_path, numbers, dtype, **words):
    numbers.tofile(tmp_path / "x.bin")
    settings = {"dtype": dtype, "shape": list(numbers.shape), **words}
    return read_field(FieldSource("x.bin", "raw", settings), tmp_path)


@pytest.mark.parametrize("size", ["f4", "f8"])
@pytest.mark.parametrize(
    "numbers", [np.arange(1.0, 6.0), np.pi * np.arange(-3.0, 90.0), np.exp(np.arange(-9.0, 9.0))]
)
def test_bytes_in_the_other_order_are_noticed_unless_it_is_stated(size, numbers, tmp_path):
    numbers = numbers.astype(f">{size}")
    with pytest.raises(HarnessError, match="order = 'big'"):
        raw(tmp_path, numbers, size)
    for words in ((f">{size}",), (size, "big")):
        found = raw(tmp_path, numbers, words[0], **dict(zip(["order"], words[1:], strict=False)))
        assert np.array_equal(found.block(0, found.size), numbers)
    assert raw(tmp_path, numbers, size, order="little") is not None


@pytest.mark.parametrize(
    "numbers",
    [np.zeros(5), np.array([1e-200, 3.0, 1e250]), 10.0 ** np.arange(-300.0, 300.0), np.array([np.nan])],
)
def test_numbers_of_any_size_in_the_usual_order_are_taken(numbers, tmp_path):
    assert raw(tmp_path, numbers, "f8").shape == numbers.shape


def test_a_type_and_an_order_that_do_not_fit_are_an_error(tmp_path):
    with pytest.raises(HarnessError, match="says big"):
        raw(tmp_path, np.ones(3), ">f8", order="little")
