"""A file of results, a line of JSON each, on disk as they come: a kill costs the last line at most."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

from harness.errors import UsageError
from system_io.shown import printable

JournalRow = TypeVar("JournalRow")


@contextmanager
def open_journal(
    path: Path, command: str, read: Callable[[Any], JournalRow]
) -> Iterator[tuple[IO[bytes], list[JournalRow]]]:
    """Open a journal, made if it is not there, for one process alone; a half-written last line is cut off.

    Args:
        path: the file.
        command: whose it is, for messages.
        read: makes a row of the content of a line; ValueError, KeyError, TypeError or IndexError say that it
            is none.

    Raises:
        UsageError: another process has it open, or a whole line is no row; nothing is changed then.
    """
    with path.open("a+b") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(
                f"another {command} is writing into '{printable(str(path))}'; wait for it"
            ) from error
        stream.seek(0)
        rows, half = _rows(stream.read(), path, command, read)
        stream.truncate(stream.tell() - half)
        stream.seek(0, os.SEEK_END)
        yield stream, rows


def read_journal(path: Path, command: str, read: Callable[[Any], JournalRow]) -> list[JournalRow]:
    """Return the rows of a journal, of which another process may be writing the last one.

    Args:
        as for `open_journal`.

    Raises:
        UsageError: it cannot be read, or a whole line is no row.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read '{printable(str(path))}': {error.strerror}; name a folder of {command}"
        ) from error
    return _rows(content, path, command, read)[0]


def _rows(
    content: bytes, path: Path, command: str, read: Callable[[Any], JournalRow]
) -> tuple[list[JournalRow], int]:
    """Return the rows of whole lines, and the bytes of a last line that is not whole.

    Raises:
        UsageError.
    """
    *whole, half = content.split(b"\n")
    rows = []
    for number, line in enumerate(whole, 1):
        try:
            rows.append(read(json.loads(line)))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise UsageError(
                f"'{printable(str(path))}', line {number}: no result of this version of {command}"
                f" ({error}); begin anew somewhere else"
            ) from error
    return rows, len(half)


def note(stream: IO[bytes], row: Mapping[str, Any]) -> None:
    """Write a row into a journal; it is on disk when this returns."""
    stream.write(json.dumps(row).encode("ascii") + b"\n")
    stream.flush()
    os.fsync(stream.fileno())
