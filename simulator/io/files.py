"""Files of a run: the rules of `system_io.files`, with bad input as the error (spec 01 sections 2 and 6)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from system_io.files import irregular, read_regular


def read_bytes(path: Path, what: str, remedy: str) -> bytes:
    """Return the contents of an input file.

    Args:
        what: its name in messages.
        remedy: the option to give.

    Raises:
        InputError: if it cannot be read, or is a folder, a pipe or a device.
    """
    return read_regular(path, what, remedy, InputError)


def readable(path: Path) -> bool:
    """Return whether a regular file is there and can be opened for reading."""
    return path.is_file() and os.access(path, os.R_OK)


def require_file(path: Path, what: str, remedy: str) -> None:
    """Raise InputError where there is something that is no regular file."""
    kind = irregular(path) if path.exists() else None
    if kind is not None:
        raise InputError(f"cannot read {what} '{path}': it is {kind}, not a file; {remedy}")


def bytes_of(array: NDArray[Any]) -> memoryview:
    """Return the bytes of an array, row by row in host byte order."""
    return np.ascontiguousarray(array).data.cast("B")
