"""SMV images: reading headers and masks, writing 16-bit images (spec 02 section 8, 08)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.io.files import read_bytes, write_file
from simulator.io.numbers import leading_number

MAGIC = b"{\nHEADER_BYT"
BLOCK_BYTES = 512
SIZE_KEYS = ("SIZE1", "SIZE2")


@dataclass(frozen=True, eq=False)
class SmvFile:
    """An SMV file: its header text, its size in pixels and its pixels [slow, fast]."""

    path: Path
    header: str
    fpixels: int
    spixels: int
    pixels: NDArray[np.uint16]


def header_value(text: str, keys: tuple[str, ...], exact: bool) -> float | None:
    """Return the number behind the last occurrence of one of the keys, None if there is none.

    Args: exact, whether a key must stand alone (Q-HEADER-SUBSTRING off), else it is any substring and the
    number stands behind the next equals sign. Source: spec 02 section 8 "Finding a value".
    """
    if exact:
        found = list(re.finditer(rf"(?:^|[;\s])(?:{'|'.join(keys)})\s*=([^;\n]*)", text))
        return leading_number(found[-1].group(1)) if found else None
    place = text.rfind(keys[0])
    if place < 0:
        return None
    equals = text.find("=", place + len(keys[0]))
    return leading_number(text[equals + 1 :]) if equals >= 0 else 0.0


def read_smv(path: Path, option: str, exact: bool) -> SmvFile:
    """Return an SMV file.

    Args: option, -img or -mask, for messages; exact, how header keys are matched. Raises: InputError if it
    cannot be read, is not SMV, has no size, or is shorter than header and pixels. Source: spec 02 section 8.
    """
    where = f"{option} file '{path}'"
    data = read_bytes(path, f"{option} file", f"give {option} FILE.img")
    if len(data) < BLOCK_BYTES or not data.startswith(MAGIC):
        raise InputError(f"{where} is not an SMV image; it must start with a 512-byte SMV header")
    length = header_value(_text(data[:BLOCK_BYTES]), ("HEADER_BYTES",), exact) or 0.0
    if not len(MAGIC) < length <= len(data):
        raise InputError(f"{where}: HEADER_BYTES is {length:g}, but the file has {len(data)} bytes")
    header = _text(data[: int(length)])
    fpixels, spixels = _size(header, where, exact)
    wanted = 2 * fpixels * spixels
    if len(data) - int(length) < wanted:
        raise InputError(f"{where}: {len(data) - int(length)} bytes of pixels, {wanted} wanted for its size")
    pixels = np.frombuffer(data, np.uint16, count=fpixels * spixels, offset=int(length))
    return SmvFile(path, header, fpixels, spixels, pixels.reshape(spixels, fpixels))


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("latin-1")


def _size(header: str, where: str, exact: bool) -> tuple[int, int]:
    """Return the fast and the slow number of pixels of a header."""
    fast, slow = (header_value(header, (key,), exact) or 0.0 for key in SIZE_KEYS)
    if int(fast) == 0:
        fast = slow = header_value(header, ("DETECTOR_DIMENSIONS",), exact) or 0.0
    if not (1.0 <= fast < 1 << 31 and 1.0 <= slow < 1 << 31):
        raise InputError(
            f"{where}: SIZE1 {fast:g} and SIZE2 {slow:g} must give at least one pixel on each axis"
        )
    return int(fast), int(slow)


def write_smv(path: Path, header: bytes, pixels: NDArray[np.uint16]) -> None:
    """Write an SMV image: header, then the pixels row by row in host byte order (08).

    Raises: InputError if the file cannot be written.
    """
    write_file(path, [header, pixels], "SMV image")
