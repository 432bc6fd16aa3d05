"""Reading of what a bundle brought along: plain files only, of bounded size, and strict JSON."""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import BundleError
from system_io.errors import UserError
from system_io.files import KINDS, reason_of
from system_io.shown import printable

FILE_LIMIT_BYTES = 1 << 32
JSON_LIMIT_BYTES = 1 << 26
DEEPEST_JSON = 32
DEEPEST_FOLDER = 4
MOST_FILES = 10_000
LARGEST_INT = 1 << 63
INT_DIGITS = 20
PLAIN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


BROKEN = (
    UserError, ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RecursionError, TypeError,
    ValueError,
)  # fmt: skip
"""What figures from a damaged or forged bundle may raise where they are derived again."""


@dataclass(frozen=True)
class BundleFault:
    """Something about one file of a bundle that is not as it must be."""

    file: str
    what: str

    def __str__(self) -> str:
        """Return the fault in words."""
        return f"{self.file}: {self.what}"


@dataclass
class Tree:
    """What is below a folder: the regular files by name, with hidden ones, and what must not be there."""

    files: list[str] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)


def tree_of(folder: Path) -> Tree:
    """List the files below a folder without following any link.

    Returns:
        The names of regular files, sorted; a fault for each link, pipe, socket, device, or too large file.
    """
    tree = Tree()
    for name, entry in _entries(folder, ""):
        what = _irregular(entry)
        if what is not None:
            tree.faults.append((name, what))
        elif not entry.is_dir(follow_symlinks=False):
            tree.files.append(name)
        if len(tree.files) > MOST_FILES:
            tree.faults.append((name, f"the bundle holds more than {MOST_FILES} files"))
            break
    tree.files.sort()
    return tree


def _entries(folder: Path, stem: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise BundleError(f"cannot read '{folder}': {reason_of(error)}; give a bundle") from error
    for entry in entries:
        name = stem + entry.name
        yield name, entry
        if entry.is_dir(follow_symlinks=False):
            if name.count("/") >= DEEPEST_FOLDER:
                raise BundleError(f"'{printable(name)}' lies deeper than anything of a bundle; it is damaged")
            yield from _entries(Path(entry.path), f"{name}/")


def _irregular(entry: os.DirEntry[str]) -> str | None:
    if entry.is_symlink():
        return "is a link; a bundle holds plain files"
    found = entry.stat(follow_symlinks=False)
    kind = next((name for number, name in KINDS if number == stat.S_IFMT(found.st_mode)), None)
    if kind is None:
        large = found.st_size > FILE_LIMIT_BYTES
        return f"has {found.st_size} bytes, more than any file of a bundle" if large else None
    if stat.S_ISDIR(found.st_mode):
        return None
    return f"is {kind}; a bundle holds plain files"


def require_plain_tree(folder: Path) -> None:
    """Check that a bundle holds plain files only.

    Raises:
        BundleError: naming the first other thing.
    """
    for name, what in tree_of(folder).faults:
        raise BundleError(f"'{printable(str(folder / name))}' {what}; the bundle is damaged")


def read_plain(path: Path, limit_bytes: int = FILE_LIMIT_BYTES) -> bytes:
    """Return the content of a regular file; a link is not followed, a pipe not waited for.

    Raises:
        BundleError: it is something else, too large, or cannot be read.
    """
    shown = printable(str(path))
    try:
        with open(os.open(path, PLAIN), "rb") as stream:  # noqa: PTH123
            found = os.fstat(stream.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise BundleError(f"cannot read '{shown}': it is no regular file; the bundle is damaged")
            if found.st_size > limit_bytes:
                raise BundleError(f"'{shown}' has {found.st_size} bytes, more than {limit_bytes}; not read")
            return stream.read(limit_bytes)
    except OSError as error:
        raise BundleError(f"cannot read '{shown}': {reason_of(error)}; give a bundle") from error
    except ValueError as error:
        raise BundleError(f"cannot read '{shown}': {error}; give a bundle") from error


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        BundleError: if it is missing, no plain file, or no strict JSON.
    """
    return strict_json(read_plain(path, JSON_LIMIT_BYTES), printable(str(path)))


def strict_json(data: bytes, where: str) -> Any:
    """Return the value of a JSON text: every key once, finite numbers, no deep nesting.

    Text may hold the bytes of file names that are no text, as \\udc80 to \\udcff.

    Raises:
        BundleError: it is anything else.
    """
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_float,
            parse_int=_int,
        )
        _require_plain(value)
    except RecursionError as error:
        raise BundleError(f"'{where}' is nested too deeply; the bundle is damaged") from error
    except ValueError as error:
        raise BundleError(f"'{where}' is not strict JSON ({error}); the bundle is damaged") from error
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twice!r:.60} stands there twice")
    return made


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text:.40} is not a finite number")
    return value


def _int(text: str) -> int:
    if len(text) > INT_DIGITS or not -LARGEST_INT <= int(text) < LARGEST_INT:
        raise ValueError(f"{text:.40} is too large a number")
    return int(text)


def _require_plain(value: Any) -> None:
    """Check depth and texts of a parsed value.

    Raises:
        ValueError: if it is nested too deeply or holds an unusable text.
    """
    layer: list[Any] = [value]
    for _ in range(DEEPEST_JSON):
        if not layer:
            return
        for item in layer:
            _require_text(item)
        layer = [part for item in layer for part in _parts(item)]
    if layer:
        raise ValueError(f"nested more than {DEEPEST_JSON} deep")


def _parts(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []


def _require_text(item: Any) -> None:
    for text in item if isinstance(item, dict) else (item,):
        if isinstance(text, str):
            text.encode("utf-8", "surrogateescape")
