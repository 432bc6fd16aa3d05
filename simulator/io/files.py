"""Opening, replacing and checking files with errors that name the file (spec 01 sections 2 and 6)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError

WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
Chunk = bytes | memoryview | NDArray[np.generic]


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def read_bytes(path: Path, what: str, remedy: str) -> bytes:
    """Return the contents of an input file.

    Args: what, its name in messages; remedy, the option to give. Raises: InputError if it cannot be read.
    """
    try:
        if stat.S_ISCHR(path.stat().st_mode) or stat.S_ISBLK(path.stat().st_mode):
            raise InputError(f"cannot read {what} '{path}': it is a device; {remedy}")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot open {what} '{path}': {_reason(error)}; {remedy}") from error


def text_lines(data: bytes) -> list[str]:
    """Return the lines of a text file, whatever ends them; every byte is a character."""
    return data.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def readable(path: Path) -> bool:
    """Return whether a file is there and can be opened for reading."""
    return path.is_file() and os.access(path, os.R_OK)


def unwritable(path: Path) -> str:
    """Return why an output file cannot be written, or the empty string.

    A file without write bits is kept even from a user who may write anything: renaming would replace it.
    """
    try:
        if path.is_dir():
            return "is a directory"
        if path.is_file() and not path.stat().st_mode & WRITE_BITS:
            return "permission denied"
        if path.exists() and not os.access(path, os.W_OK):
            return "permission denied"
        if path.exists() and not path.is_file():
            return ""
        folder = Path(os.path.realpath(path)).parent
        if not folder.is_dir():
            return f"there is no folder '{path.parent}'"
        return "" if os.access(folder, os.W_OK | os.X_OK) else f"cannot write into folder '{path.parent}'"
    except OSError as error:
        return _reason(error)


def write_file(path: Path, chunks: Iterable[Chunk], what: str) -> None:
    """Write an output file under a temporary name beside it and rename it when complete.

    A device or a pipe is written directly. Raises: InputError naming the file if it cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as stream:
                stream.writelines(_bytes(chunk) for chunk in chunks)
            return
        target = Path(os.path.realpath(path))
        part = target.with_name(f".{target.name[:64]}.part{os.getpid()}")
        try:
            with part.open("xb") as stream:
                stream.writelines(_bytes(chunk) for chunk in chunks)
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(f"cannot write {what} '{path}': {_reason(error)}; name another file") from error


def _bytes(chunk: Chunk) -> bytes | memoryview:
    return chunk if isinstance(chunk, (bytes, memoryview)) else np.ascontiguousarray(chunk).data.cast("B")
