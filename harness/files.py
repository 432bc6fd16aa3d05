"""Hashes, whole-file writes and fresh directories."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from system_io import files
from system_io.owner import part_prefix, remove, sweep
from system_io.watchdog import watchdog


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


def write_whole(path: Path, text: str) -> None:
    """Write a text file as a whole. Raises: HarnessError if it cannot be written."""
    files.write_whole(path, [text.encode("utf-8")], "file", HarnessError)


def default_target(stem: str, named: str | None) -> Path:
    """Return the directory to make: the one named, else one named by the time that does not exist yet."""
    if named is not None:
        return Path(named).absolute()
    stem = time.strftime(f"{stem}-%Y%m%dT%H%M%SZ", time.gmtime())
    names = (stem, *(f"{stem}-{n}" for n in range(2, 1000)))
    return next(path for path in map(Path.cwd().joinpath, names) if not path.exists())


@contextmanager
def filled_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder to fill; it gets the name `target` when the block ends without error.

    Raises:
        HarnessError: the parent directory cannot be written, or `target` has appeared and holds something.
    """
    partial = partial_folder(target)
    try:
        with watchdog().removing(partial):
            yield partial
    except BaseException:
        remove(partial)
        raise
    publish(partial, target)


def require_fresh(target: Path) -> None:
    """Check that `target` is free for a new folder: it does not exist, or is an empty folder.

    Raises:
        HarnessError: `target` is a file, or a folder that holds something.
    """
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


def publish(partial: Path, target: Path) -> None:
    """Give a completed folder its final name; whoever took that name meanwhile keeps it.

    Raises:
        HarnessError: `target` has appeared and holds something.
    """
    try:
        partial.chmod(0o755)
        partial.rename(target)
    except OSError as error:
        raise HarnessError(
            f"cannot name the results '{target}': {error.strerror}; they are left in '{partial}'"
        ) from error
