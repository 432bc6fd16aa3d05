"""Hashes, whole-file writes and fresh directories."""

from __future__ import annotations

import errno
import hashlib
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from system_io import files
from system_io.owner import part_prefix, remove, sweep
from system_io.watchdog import watchdog

MOST_IN_A_SECOND = 1000
STAMP_FORMAT = "%Y%m%dT%H%M%SZ"
"""How a time stands in names and results, UTC."""
TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR)


def stamp() -> str:
    """Return the time now as `STAMP_FORMAT` has it."""
    return time.strftime(STAMP_FORMAT, time.gmtime())


def sha256_of_file(path: Path) -> str:
    """Return the sha256 of a file as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def input_facts(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Return path, sha256 and size of input files as plain data."""
    return [
        {"path": str(path), "sha256": sha256_of_file(path), "bytes": path.stat().st_size} for path in paths
    ]


def sha256_of_tree(root: Path, pattern: str) -> str:
    """Return one sha256 over the names and contents of the files below `root` that match `pattern`."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob(pattern)):
        digest.update(f"{path.relative_to(root).as_posix()} {sha256_of_file(path)}\n".encode())
    return digest.hexdigest()


def sha256_lines(folder: Path, names: Iterable[str]) -> str:
    """Return the lines of a sha256sum file for `names` in `folder`."""
    return "".join(f"{sha256_of_file(folder / name)}  {name}\n" for name in sorted(names))


def write_text_file(path: Path, text: str) -> None:
    """Write a text file as a whole.

    Raises:
        HarnessError: if it cannot be written.
    """
    files.write_whole(path, [text.encode("utf-8")], "file", HarnessError)


@dataclass
class TargetFolder:
    """A folder to make; `path` is where the results will be, and are once they have their name.

    A folder named by the time gets a counter if somebody else takes the name meanwhile.
    """

    path: Path
    named: bool = True

    def __fspath__(self) -> str:
        """Return the path."""
        return str(self.path)

    def __str__(self) -> str:
        """Return the path."""
        return str(self.path)

    def __truediv__(self, name: str) -> Path:
        """Return the path of a file in the folder."""
        return self.path / name


def default_target(stem: str, named: str | None) -> TargetFolder:
    """Return the folder to make: the one named, else one named by the time that does not exist yet."""
    if named is not None:
        return TargetFolder(Path(named).absolute())
    first = Path.cwd() / f"{stem}-{stamp()}"
    return TargetFolder(next(path for path in _counted(first) if not path.exists()), named=False)


def _counted(path: Path) -> Iterator[Path]:
    """Yield a path and the same with a counter, 2 and on."""
    yield path
    for number in range(2, MOST_IN_A_SECOND):
        yield path.with_name(f"{path.name}-{number}")


@contextmanager
def filled_folder(target: TargetFolder) -> Iterator[Path]:
    """Give an empty folder to fill; it gets the name of the target when the block ends without error.

    Raises:
        HarnessError: the parent directory cannot be written, or the named target has appeared and holds
            something; the results are beside it then.
    """
    partial = partial_folder(target.path)
    try:
        with watchdog().removing(partial):
            yield partial
    except BaseException:
        remove(partial)
        raise
    publish(partial, target)


def require_fresh(where: TargetFolder | Path) -> None:
    """Check that a target is free for a new folder: it does not exist, or is an empty folder.

    Raises:
        HarnessError: it is a file, or a folder that holds something.
    """
    target = Path(where)
    if target.is_dir():
        if any(target.iterdir()):
            raise HarnessError(
                f"output directory '{target}' is not empty; results are never overwritten, name a new one"
            )
    elif target.exists() or target.is_symlink():
        raise HarnessError(f"output directory '{target}' is a file; name a directory that does not exist yet")


def partial_folder(target: Path) -> Path:
    """Make an empty folder beside `target`, to be filled and renamed to it when complete.

    Raises:
        HarnessError: the parent directory cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent)
        return Path(tempfile.mkdtemp(prefix=part_prefix(target.name), dir=target.parent))
    except OSError as error:
        raise HarnessError(
            f"cannot write in '{target.parent}': {error.strerror}; name another output directory"
        ) from error


def publish(partial: Path, target: TargetFolder) -> None:
    """Give a completed folder its final name; whoever took that name meanwhile keeps it.

    Raises:
        HarnessError: a named target has appeared and holds something; the results have a counter then.
    """
    wanted = target.path
    try:
        partial.chmod(0o755)
        target.path = next(path for path in _counted(wanted) if _renamed(partial, path))
    except (OSError, StopIteration) as error:
        reason = getattr(error, "strerror", None) or "no name is free"
        raise HarnessError(
            f"cannot name the results '{wanted}': {reason}; move them from '{partial}' before the next run"
        ) from error
    if target.named and target.path != wanted:
        raise HarnessError(
            f"output directory '{wanted}' has appeared meanwhile; the results are in '{target.path}'"
        )


def _renamed(partial: Path, path: Path) -> bool:
    """Rename a folder unless the name is taken; return whether it was."""
    try:
        partial.rename(path)
    except OSError as error:
        if error.errno in TAKEN:
            return False
        raise
    return True
