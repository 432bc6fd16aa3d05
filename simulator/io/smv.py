"""SMV images: reading headers and masks, writing 16-bit images (spec 02 section 8, 08)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.io.files import bytes_of, read_bytes
from simulator.io.numbers import leading_number

MAGIC = b"{\nHEADER_BYT"
BLOCK_BYTES = 512
SIZE_KEYS = ("SIZE1", "SIZE2")
BYTE_ORDERS = ("little_endian", "big_endian")
TYPES = {
    2: "unsigned_short unsigned_short_int short signed_short short_int signed_short_int",
    1: "unsigned_char signed_char char byte",
    4: "int signed_int unsigned_int long signed_long unsigned_long long_int unsigned_long_int float",
    8: "double",
}
BYTES_OF_TYPE = {name: size for size, names in TYPES.items() for name in names.split()}
PIXEL_BYTES = 2
"""Bytes of a pixel that is read, and of one whose type is not told or not known."""


@dataclass(frozen=True, eq=False)
class SmvFile:
    """An SMV file: its header text, its size in pixels and its pixels [slow, fast], none of other types."""

    path: Path
    header: str
    fpixels: int
    spixels: int
    pixels: NDArray[np.uint16]


def header_value(text: str, keys: tuple[str, ...], exact: bool) -> float | None:
    """Return the number behind the last occurrence of one of the keys, None if there is none.

    Args:
        exact: whether a key must stand alone (Q-HEADER-SUBSTRING off) and be followed by a number, else it is
            any substring and the number stands behind the next equals sign.
        text: counts as 0 then.

    Returns:
        NaN for what is no number.

    Source: spec 02 section 8 "Finding a value".
    """
    if exact:
        value = header_text(text, keys)
        return None if value is None else leading_number(value, math.nan)
    place = text.rfind(keys[0])
    if place < 0:
        return None
    equals = text.find("=", place + len(keys[0]))
    return leading_number(text[equals + 1 :], 0.0) if equals >= 0 else 0.0


def header_text(text: str, keys: tuple[str, ...]) -> str | None:
    """Return what stands behind the last of the keys, up to a semicolon or the end of the line, or None."""
    found = re.findall(rf"(?:^|[;\s])(?:{'|'.join(keys)})[ \t]*=([^;\r\n]*)", text)
    return found[-1].strip() if found else None


def read_smv(path: Path, option: str, exact: bool, pixels_used: bool = True) -> SmvFile:
    """Return an SMV file.

    Args:
        option: -img or -mask, for messages.
        exact: how header keys are matched.
        pixels_used: whether they must be 16-bit numbers.

    Raises:
        InputError: if it cannot be read, is not SMV, has no size, is shorter than header and pixels, or has
            pixels of another type.

    Source: spec 02 section 8.
    """
    where = f"{option} file '{path}'"
    data = read_bytes(path, f"{option} file", f"give {option} FILE.img")
    if len(data) < BLOCK_BYTES or not data.startswith(MAGIC):
        raise InputError(f"{where} is not an SMV image; it must start with a 512-byte SMV header")
    length = header_value(_text(data[:BLOCK_BYTES]), ("HEADER_BYTES",), exact) or 0.0
    if not len(MAGIC) < length <= len(data):
        raise InputError(f"{where}: HEADER_BYTES is {length:g}, but the file has {len(data)} bytes")
    header = _text(data[: int(length)])
    pixel_bytes = _pixel_bytes(header, where, pixels_used)
    fpixels, spixels = _size(header, where, exact)
    wanted = pixel_bytes * fpixels * spixels
    if len(data) - int(length) < wanted:
        raise InputError(f"{where}: {len(data) - int(length)} bytes of pixels, {wanted} wanted for its size")
    if pixel_bytes != PIXEL_BYTES:
        return SmvFile(path, header, fpixels, spixels, np.zeros((0, 0), np.uint16))
    pixels = np.frombuffer(data, np.uint16, count=fpixels * spixels, offset=int(length))
    return SmvFile(path, header, fpixels, spixels, pixels.reshape(spixels, fpixels))


def _word(header: str, key: str) -> str:
    """Return the word of a key in small letters, joined by _; the empty string if the key is not there."""
    return (header_text(header, (key,)) or "").lower().replace(" ", "_")


def _pixel_bytes(header: str, where: str, pixels_used: bool) -> int:
    """Return the bytes of a pixel.

    Raises:
        InputError: for words that say the pixels are stored otherwise.
    """
    if "}" not in header:
        raise InputError(
            f"{where}: its header has no closing brace within HEADER_BYTES; give a whole SMV image"
        )
    order, kind, packed = (_word(header, key) for key in ("BYTE_ORDER", "TYPE", "COMPRESSION"))
    if order and order not in BYTE_ORDERS:
        raise InputError(f"{where}: BYTE_ORDER={order}; little_endian or big_endian is needed")
    if pixels_used and packed not in ("", "none"):
        raise InputError(f"{where}: COMPRESSION={packed}; none is needed")
    size = BYTES_OF_TYPE.get(kind or "unsigned_short")
    if pixels_used and size != PIXEL_BYTES:
        raise InputError(f"{where}: TYPE={kind}; unsigned_short is needed")
    return size or PIXEL_BYTES


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("latin-1")


def _size(header: str, where: str, exact: bool) -> tuple[int, int]:
    """Return the fast and the slow number of pixels of a header."""
    fast, slow = (header_value(header, (key,), exact) or 0.0 for key in SIZE_KEYS)
    if abs(fast) < 1.0:
        fast = slow = header_value(header, ("DETECTOR_DIMENSIONS",), exact) or 0.0
    if not (1.0 <= fast < 1 << 31 and 1.0 <= slow < 1 << 31):
        raise InputError(
            f"{where}: SIZE1 {fast:g} and SIZE2 {slow:g} must give at least one pixel on each axis"
        )
    return int(fast), int(slow)


def smv_chunks(header: bytes, pixels: NDArray[np.uint16]) -> list[bytes | memoryview]:
    """Return the file of an SMV image: header, then the pixels row by row in host byte order (08)."""
    return [header, bytes_of(pixels)]
