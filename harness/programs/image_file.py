"""Images that exist already, in the place of a program: raw 4-byte floats, SMV files, NumPy arrays."""

from __future__ import annotations

import io
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.arrays import FloatImage
from harness.errors import ProgramError, UsageError
from harness.programs.programs import FILE_KIND, Program
from system_io.files import read_regular
from system_io.shown import printable

FIELD = re.compile(rb"\b(\w+)\s*=\s*([^;\n]*);")
SMV_TYPES: Mapping[str, str] = {
    "unsigned_short": "u2", "unsigned_int": "u4", "float": "f4", "long_integer": "i4",
}  # fmt: skip
BYTE_ORDERS: Mapping[str, str] = {"little_endian": "<", "big_endian": ">"}
NUMPY_MARK = b"\x93NUMPY"
HEADER_LIMIT_BYTES = 1 << 16


@dataclass(frozen=True)
class _Read:
    """What a file holds, and where its shape comes from."""

    image: NDArray[Any]
    format: str
    source: str


def file_program(path: Path, option: str, shape: Sequence[int] | None) -> Program:
    """Return an image file in the place of a program.

    Args:
        path: raw 4-byte floats, an SMV file, or a NumPy array.
        option: what it is to the command, for messages.
        shape: (slow, fast) of raw floats.

    Raises:
        ProgramError: it cannot be read, or is no image of this shape.
        UsageError: raw floats without a shape.
    """
    data = read_regular(
        path, option, "name a file of 4-byte floats, an SMV file or a .npy array", ProgramError
    )
    found = _read(path, data, None if shape is None else (int(shape[0]), int(shape[1])))
    real = os.path.realpath(path)
    facts = {
        "kind": FILE_KIND,
        "path": real,
        "version": None,
        "sha256": sha256(data).hexdigest(),
        "format": found.format,
        "shape_slow_fast": list(found.image.shape),
    }
    return Program(FILE_KIND, (real,), facts)


def read_image_file(program: Program) -> tuple[FloatImage | None, str | None, str | None]:
    """Read the image of an image file.

    Returns:
        Image [slow, fast] or None, where the shape comes from, and what is wrong or None.
    """
    facts = program.provenance
    path = Path(program.words[0])
    try:
        data = read_regular(path, "image", "name the file that it was", ProgramError)
        if sha256(data).hexdigest() != facts["sha256"]:
            return None, None, "has changed since it was named"
        found = _read(path, data, tuple(facts["shape_slow_fast"]))
    except (ProgramError, UsageError) as error:
        return None, None, f"cannot be read: {error}"
    return np.ascontiguousarray(found.image, dtype=np.float32), found.source, None


def _read(path: Path, data: bytes, shape: tuple[int, ...] | None) -> _Read:
    for starts, read in READERS:
        if data.startswith(starts):
            found = read(path, data)
            break
    else:
        found = _raw(path, data, shape)
    if found.image.ndim != 2:
        raise ProgramError(f"image '{_name(path)}' has {found.image.ndim} axes; an image has two")
    if shape is not None and found.image.shape != shape:
        raise ProgramError(
            f"image '{_name(path)}' has {found.image.shape[0]} x {found.image.shape[1]} pixels "
            f"(slow x fast), not {shape[0]} x {shape[1]}; leave --shape out"
        )
    return found


def _raw(path: Path, data: bytes, shape: tuple[int, ...] | None) -> _Read:
    if shape is None:
        raise UsageError(f"image '{_name(path)}' is raw floats without a header; give --shape SLOW FAST")
    expected = 4 * math.prod(shape)
    if len(data) != expected or min(shape) < 1:
        width = " (8-byte floats? 4-byte ones are needed)" if len(data) == 2 * expected else ""
        raise ProgramError(
            f"image '{_name(path)}' has {len(data)} bytes{width}, not {expected}; "
            f"give the --shape SLOW FAST that it has, not {shape[0]} x {shape[1]}"
        )
    return _Read(np.frombuffer(data, "<f4").reshape(shape), "raw", "command line")


def _smv(path: Path, data: bytes) -> _Read:
    return _Read(smv_pixels(path, data), "smv", "SMV header")


def smv_pixels(path: Path, data: bytes) -> NDArray[Any]:
    """Return the pixels of an SMV image [slow, fast] in the type of the file.

    Args:
        path: its name, for messages.
        data: the whole file.

    Raises:
        ProgramError: its header cannot be read, or it is shorter than that says.
    """
    found = FIELD.findall(data[:HEADER_LIMIT_BYTES])
    fields = {key.decode("ascii"): value.decode("ascii", "replace").strip() for key, value in found}
    try:
        skip, fast, slow = (int(fields[key]) for key in ("HEADER_BYTES", "SIZE1", "SIZE2"))
        order = BYTE_ORDERS[fields.get("BYTE_ORDER", "little_endian")]
        kind = np.dtype(order + SMV_TYPES[fields.get("TYPE", "unsigned_short")])
    except (KeyError, ValueError) as error:
        raise ProgramError(
            f"image '{_name(path)}': {error} in its SMV header cannot be read; give an SMV file of numbers"
        ) from error
    if min(skip, fast, slow) < 1 or len(data) < skip + fast * slow * kind.itemsize:
        raise ProgramError(f"image '{_name(path)}' is shorter than its SMV header says; give a whole file")
    return np.frombuffer(data, kind, fast * slow, skip).reshape(slow, fast)


def _numpy(path: Path, data: bytes) -> _Read:
    try:
        image = np.load(io.BytesIO(data), allow_pickle=False)
        return _Read(image.astype(np.float32), "npy", "NumPy header")
    except (ValueError, TypeError, OSError, EOFError) as error:
        raise ProgramError(
            f"image '{_name(path)}' is no array of numbers ({error}); save it again"
        ) from error


def _name(path: Path) -> str:
    return printable(str(path))


READERS: tuple[tuple[bytes, Callable[[Path, bytes], _Read]], ...] = ((b"{", _smv), (NUMPY_MARK, _numpy))
