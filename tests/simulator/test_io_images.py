"""Image files: SMV, PGM, raw floats, and how files are replaced (spec 02 section 8, 08)."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from simulator.errors import InputError
from simulator.io.files import unwritable, write_file
from simulator.io.numbers import leading_number, number, whole
from simulator.io.pgm import write_pgm
from simulator.io.raw import write_float
from simulator.io.smv import header_value, read_smv, write_smv

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
     ("DISTANCE=far;", 0.0, 0.0), ("DISTANCE", 0.0, None),
     ("FOO=1; DISTANCE = 5e1 mm;", 50.0, 50.0), ("", None, None)],
)  # fmt: skip
def test_header_values_by_substring_or_exact_key(
    text: str, substring: float | None, exact: float | None
) -> None:
    assert header_value(text, ("DISTANCE",), exact=False) == substring
    assert header_value(text, ("DISTANCE",), exact=True) == exact


def test_float_image_has_no_header(tmp_path: Path) -> None:
    image = np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3)
    write_float(tmp_path / "f.bin", image)
    assert (tmp_path / "f.bin").read_bytes() == image.tobytes()


def test_preview_header_names_the_scale(tmp_path: Path) -> None:
    write_pgm(tmp_path / "p.pgm", PIXELS.astype(np.uint8), 0.47808123)
    assert (tmp_path / "p.pgm").read_bytes() == b"P5\n3 2\n# pixels scaled by 0.478081\n255\n\0\1\2\3\4\5"


def test_failed_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")

    def broken() -> object:
        yield b"new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_file(path, broken(), "output")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_link_is_followed_and_kept(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    write_file(tmp_path / "link", [b"x"], "output")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"x"


def test_device_is_written_in_place() -> None:
    write_file(Path(os.devnull), [b"x"], "output")
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize(("name", "reason"), [("", "directory"), ("none/x", "no folder"), ("new", "")])
def test_unwritable_says_why(tmp_path: Path, name: str, reason: str) -> None:
    assert (reason in unwritable(tmp_path / name)) if reason else unwritable(tmp_path / name) == ""


def test_number_syntax() -> None:
    assert [number(word) for word in ("-8.8e-05", "1.", ".5", "+2")] == [-8.8e-05, 1.0, 0.5, 2.0]
    assert [number(word) for word in ("", "1e", "0x1", "inf", "1e999", "1 ", "١")] == [None] * 7
    assert [whole(word) for word in ("-3", "+4", "5.0", "99999999999")] == [-3, 4, None, None]
    assert (leading_number(" 512;"), leading_number("abc")) == (512.0, 0.0)
