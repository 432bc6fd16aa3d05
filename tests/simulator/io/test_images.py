"""Image files: SMV, PGM, raw floats (spec 02 section 8, 08)."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from simulator.errors import InputError
from simulator.io.numbers import leading_number, number, whole
from simulator.io.pgm import pgm_chunks
from simulator.io.raw import float_chunks
from simulator.io.smv import header_value, read_smv, smv_chunks


def write_smv(path: Path, header: bytes, pixels: np.ndarray) -> None:
    path.write_bytes(b"".join(smv_chunks(header, pixels)))


PIXELS = np.arange(6, dtype=np.uint16).reshape(2, 3)
HEADER = b"{\nHEADER_BYTES=512;\nSIZE1=3;\nSIZE2=2;\n}\f".ljust(512)


def test_smv_comes_back_as_written(tmp_path: Path) -> None:
    write_smv(tmp_path / "a.img", HEADER, PIXELS)
    found = read_smv(tmp_path / "a.img", "-img", exact=True)
    assert (found.pixels == PIXELS).all()
    assert (found.fpixels, found.spixels) == (3, 2)


def test_header_length_other_than_512_is_obeyed(tmp_path: Path) -> None:
    write_smv(tmp_path / "a.img", HEADER.replace(b"=512", b"=1024").ljust(1024), PIXELS)
    assert read_smv(tmp_path / "a.img", "-img", exact=False).pixels[1, 2] == 5


def test_detector_dimensions_stand_in_for_sizes(tmp_path: Path) -> None:
    header = b"{\nHEADER_BYTES=512;\nDETECTOR_DIMENSIONS=2;\n}\f".ljust(512)
    write_smv(tmp_path / "a.img", header, PIXELS)
    assert read_smv(tmp_path / "a.img", "-img", exact=True).pixels.tolist() == [[0, 1], [2, 3]]


def test_missing_pixels_are_an_error(tmp_path: Path) -> None:
    write_smv(tmp_path / "a.img", HEADER, PIXELS[:1])
    with pytest.raises(InputError, match="6 bytes of pixels, 12 wanted"):
        read_smv(tmp_path / "a.img", "-mask", exact=True)


@pytest.mark.parametrize(
    ("text", "substring", "exact"),
    [("DISTANCE=70;\nCLOSE_DISTANCE=60;", 60.0, 70.0), ("DISTANCE 70;\nFOO=3;", 3.0, None),
     ("DISTANCE", 0.0, None), ("DISTANCE=1;\rDISTANCE=2;", 2.0, 2.0),
     ("FOO=1; DISTANCE = 5e1 mm;", 50.0, 50.0), ("", None, None)],
)  # fmt: skip
def test_header_values_by_substring_or_exact_key(
    text: str, substring: float | None, exact: float | None
) -> None:
    assert header_value(text, ("DISTANCE",), exact=False) == substring
    assert header_value(text, ("DISTANCE",), exact=True) == exact


def test_float_image_has_no_header() -> None:
    image = np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3)
    assert b"".join(float_chunks(image)) == image.tobytes()
    assert b"".join(float_chunks(image.T)) == np.ascontiguousarray(image.T).tobytes()


def test_preview_header_names_the_scale() -> None:
    found = b"".join(pgm_chunks(PIXELS.astype(np.uint8), 0.47808123))
    assert found == b"P5\n3 2\n# pixels scaled by 0.478081\n255\n\0\1\2\3\4\5"


@pytest.mark.parametrize("value", ["far", "", "nan", "-inf", "NaN"])
def test_a_header_value_that_is_no_number_is_not_taken_for_one(value: str) -> None:
    assert math.isnan(header_value(f"DISTANCE={value};", ("DISTANCE",), exact=True) or 0.0)


def test_text_counts_as_0_where_upstream_reads_it_so() -> None:
    assert header_value("DISTANCE=far;", ("DISTANCE",), exact=False) == 0.0


def smv(**words: str) -> bytes:
    """Return a file of 2 x 2 pixels of 8 bytes, enough for every type."""
    keys = {"HEADER_BYTES": "512", "SIZE1": "2", "SIZE2": "2", **words}
    text = "{\n" + "".join(f"{key}={value};\n" for key, value in keys.items()) + "}\f"
    return text.encode().ljust(512) + bytes(32)


@pytest.mark.parametrize(
    ("words", "rule"),
    [({"TYPE": "float"}, "TYPE=float; unsigned_short"), ({"TYPE": "unsigned_long"}, "unsigned_short"),
     ({"TYPE": "mad"}, "TYPE=mad"), ({"BYTE_ORDER": "middle_endian"}, "BYTE_ORDER=middle_endian"),
     ({"COMPRESSION": "gzip"}, "COMPRESSION=gzip"), ({"SIZE1": "nan"}, "SIZE1 nan"),
     ({"HEADER_BYTES": "nan"}, "HEADER_BYTES is nan"), ({"HEADER_BYTES": "12"}, "HEADER_BYTES is 12")],
)  # fmt: skip
def test_pixels_that_are_stored_otherwise_are_refused(
    tmp_path: Path, words: dict[str, str], rule: str
) -> None:
    (tmp_path / "a.img").write_bytes(smv(**words))
    with pytest.raises(InputError, match=rule):
        read_smv(tmp_path / "a.img", "-mask", exact=True)


def test_a_header_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.img").write_bytes(smv().replace(b"}", b" "))
    with pytest.raises(InputError, match="closing brace"):
        read_smv(tmp_path / "a.img", "-img", exact=True, pixels_used=False)


@pytest.mark.parametrize(
    "words",
    [
        {"TYPE": "short"},
        {"TYPE": "Unsigned_Short"},
        {"BYTE_ORDER": "big_endian"},
        {"COMPRESSION": "None"},
        {},
    ],
)
def test_16_bit_pixels_are_read(tmp_path: Path, words: dict[str, str]) -> None:
    (tmp_path / "a.img").write_bytes(smv(**words))
    assert read_smv(tmp_path / "a.img", "-mask", exact=True).pixels.shape == (2, 2)


def test_the_size_of_other_pixels_is_checked_too(tmp_path: Path) -> None:
    (tmp_path / "a.img").write_bytes(smv(TYPE="float")[: 512 + 15])
    with pytest.raises(InputError, match="15 bytes of pixels, 16 wanted"):
        read_smv(tmp_path / "a.img", "-img", exact=True, pixels_used=False)


def test_number_syntax() -> None:
    assert [number(word) for word in ("-8.8e-05", "1.", ".5", "+2")] == [-8.8e-05, 1.0, 0.5, 2.0]
    assert [number(word) for word in ("", "1e", "0x1", "inf", "1e999", "1 ", "١")] == [None] * 7
    assert [whole(word) for word in ("-3", "+4", "5.0", "99999999999")] == [-3, 4, None, None]
    assert (leading_number(" 512;"), leading_number("abc")) == (512.0, 0.0)
    assert math.isnan(leading_number("-inf"))
