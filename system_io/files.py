"""Reading whole regular files, writing whole files or none, and targets that overwrite nothing."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from system_io.errors import UserError
from system_io.owner import part_prefix, sweep
from system_io.shown import printable

FileChunk = bytes | bytearray | memoryview
RANDOM_BYTES = 4
WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
KINDS: tuple[tuple[int, str], ...] = (
    (stat.S_IFDIR, "a directory"),
    (stat.S_IFIFO, "a named pipe"),
    (stat.S_IFCHR, "a device"),
    (stat.S_IFBLK, "a device"),
    (stat.S_IFSOCK, "a socket"),
)


def reason_of(error: OSError) -> str:
    """Return why the system refused, in lower case."""
    return (error.strerror or str(error)).lower()


def irregular(path: Path) -> str | None:
    """Return what a path is that is no regular file, None for a file.

    Raises:
        OSError: if it is not there.
    """
    mode = stat.S_IFMT(path.stat().st_mode)
    return next((name for kind, name in KINDS if kind == mode), None)


def read_regular(path: Path, what: str, remedy: str, error: type[UserError] = UserError) -> bytes:
    """Return the contents of a regular file.

    Args:
        path: the file.
        what: its name in messages, for example "HKL file".
        remedy: what the user can do, for example "give -hkl FILE".
        error: the error to raise.

    Raises:
        UserError: it cannot be read, or is a folder, a pipe, a socket or a device, for which one could wait.
    """
    shown = printable(str(path))
    try:
        kind = irregular(path)
        if kind is None:
            return path.read_bytes()
    except OSError as problem:
        raise error(f"cannot open {what} '{shown}': {reason_of(problem)}; {remedy}") from problem
    except ValueError as problem:
        raise error(f"cannot open {what} '{shown}': {problem}; {remedy}") from problem
    raise error(f"cannot read {what} '{shown}': it is {kind}, not a file; {remedy}")


def identity(path: Path) -> object:
    """Return what is equal for two paths of one file, links included."""
    real = os.path.realpath(path)
    try:
        found = Path(real).stat()
    except (OSError, ValueError):
        return real
    return (found.st_dev, found.st_ino)


def require_free_targets(
    outputs: Iterable[tuple[str, Path]],
    inputs: Iterable[tuple[str, Path]],
    error: type[UserError] = UserError,
) -> None:
    """Check that no output names an input or another output; links and spellings of a path are seen through.

    A device or pipe, such as the one that swallows everything, can be named as often as one likes.

    Args:
        outputs: pairs of option (as the user knows it) and path, in the order of writing.
        inputs: the same of the files that are read.
        error: the error to raise.

    Raises:
        UserError: naming both options.
    """
    read = {identity(path): (option, path) for option, path in inputs}
    written: dict[object, tuple[str, Path]] = {}
    for option, path in outputs:
        if path.exists() and not path.is_file():
            continue
        key = identity(path)
        for taken, use in ((read, "is read as"), (written, "is written as")):
            if key in taken:
                other = taken[key][0]
                raise error(f"{option}: '{printable(str(path))}' {use} {other}, too; name another file")
        written[key] = (option, path)


def unwritable(path: Path) -> str:
    """Return why an output file cannot be written, or the empty string.

    A file without write bits is kept even from a user who may write anything: renaming would replace it.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG | WRITE_BITS
    except (OSError, ValueError) as problem:
        return reason_of(problem) if isinstance(problem, OSError) else str(problem)
    if stat.S_ISDIR(mode):
        return "is a directory"
    if stat.S_ISREG(mode) and not mode & WRITE_BITS:
        return "permission denied"
    if path.exists() and not _may(path, os.W_OK):
        return "permission denied"
    if not stat.S_ISREG(mode):
        return ""
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        return f"there is no folder '{printable(str(path.parent))}'"
    usable = _may(folder, os.W_OK | os.X_OK)
    return "" if usable else f"cannot write into folder '{printable(str(path.parent))}'"


def _may(path: Path, what: int) -> bool:
    """Return whether we may, as the user we act as where the system can tell."""
    return os.access(path, what, effective_ids=os.access in os.supports_effective_ids)


def write_whole(
    path: Path, chunks: Iterable[FileChunk], what: str, error: type[UserError] = UserError
) -> None:
    """Write a file under a temporary name beside it and rename it when it is complete.

    Args:
        path: the file; a device or a pipe is written directly.
        chunks: its bytes.
        what: its name in messages.
        error: the error to raise.

    Raises:
        UserError: it cannot be written; nothing has changed then.
    """
    with written_together(error) as files:
        files.add(path, chunks, what)


@dataclass
class Together:
    """Files that get their names together; see `written_together`."""

    error: type[UserError]
    parts: list[tuple[Path, Path, str]] = field(default_factory=list)

    def add(self, path: Path, chunks: Iterable[FileChunk], what: str) -> None:
        """Write one file under its temporary name.

        Raises:
            UserError: if it cannot be written.
        """
        with self._reported(path, what):
            if path.exists() and not path.is_file():
                with path.open("wb") as stream:
                    stream.writelines(chunks)
                return
            target = Path(os.path.realpath(path))
            sweep(target.parent)
            part = target.with_name(part_prefix(target.name) + secrets.token_hex(RANDOM_BYTES))
            self._write(part, target, what, chunks)

    def _write(self, part: Path, target: Path, what: str, chunks: Iterable[FileChunk]) -> None:
        """Write one temporary file; one that fails is removed and forgotten, so that the others can go on."""
        entry = (part, target, what)
        self.parts.append(entry)
        try:
            with part.open("xb") as stream:
                stream.writelines(chunks)
            if target.exists():
                part.chmod(stat.S_IMODE(target.stat().st_mode))
        except BaseException:
            part.unlink(missing_ok=True)
            self.parts.remove(entry)
            raise

    def publish(self) -> None:
        """Give the files their names.

        Raises:
            UserError: naming the one that failed and those made.
        """
        named: list[str] = []
        while self.parts:
            part, target, what = self.parts[0]
            with self._reported(target, what, f"; whole are: {', '.join(named)}" if named else ""):
                part.replace(target)
            named.append(f"'{printable(str(target))}'")
            self.parts.pop(0)

    def drop(self) -> None:
        """Remove what has no name yet."""
        for part, _, _ in self.parts:
            part.unlink(missing_ok=True)

    @contextmanager
    def _reported(self, path: Path, what: str, whole: str = "") -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except (OSError, ValueError) as problem:
            reason = reason_of(problem) if isinstance(problem, OSError) else str(problem)
            shown = printable(str(path))
            raise self.error(
                f"cannot write {what} '{shown}': {reason}; name another file{whole}"
            ) from problem


@contextmanager
def written_together(error: type[UserError] = UserError) -> Iterator[Together]:
    """Give a writer of several files: all get their names when the block ends, none if it raises."""
    files = Together(error)
    try:
        yield files
        files.publish()
    finally:
        files.drop()


def targets(named: Mapping[str, str | Path | None]) -> list[tuple[str, Path]]:
    """Return the options that name a file, as pairs of option and path."""
    return [(option, Path(path)) for option, path in named.items() if path is not None]
