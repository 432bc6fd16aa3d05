"""Writes an evidence bundle: reports/<initiative>/<phase>/<UTC time>[-n], complete or marked incomplete.

The folder is born with the mark `INCOMPLETE.json`, which lists what is finished. Files come in under a
temporary name and are renamed; sha256.txt is the last of them, and only then the mark goes. A folder whose
writer was killed at any moment therefore still carries the mark.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import BundleError, HarnessError
from harness.files import sha256_lines, sha256_of_file, stamp, write_text_file
from harness.store.names import HASHES, MARK, METRICS, NAME
from harness.store.schema import check_metrics
from system_io.owner import part_prefix, sweep
from system_io.shown import json_text

MOST_IN_A_SECOND = 1000


def phase_folder(reports: Path, initiative: str, phase: str) -> Path:
    """Return the folder of a phase.

    Raises:
        BundleError: a name is not one plain word, so that it could point elsewhere.
    """
    for what, name in (("initiative", initiative), ("phase", phase)):
        if not NAME.fullmatch(name):
            raise BundleError(
                f"{what} '{name}' is not a plain name; use letters, digits, '.', '_' and '-', no folders"
            )
    return reports.absolute() / initiative / phase


def files_below(folder: Path) -> list[str]:
    """Return the names of all files below a folder, sorted, without hidden ones, mark and hashes."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    names = (name.as_posix() for name in found if not any(part.startswith(".") for part in name.parts))
    return sorted(name for name in names if name not in (MARK, HASHES))


def sealed(lines: str) -> str:
    """Return hash lines and a comment with their own hash, so that a change of the list shows itself."""
    return f"{lines}# {hashlib.sha256(lines.encode()).hexdigest()} of the lines above\n"


class BundleWriter:
    """One bundle while it is written; `start` makes it, `finish` makes it complete."""

    def __init__(self, path: Path, created: str) -> None:
        self.path = path
        self.created = created
        self._finished: dict[str, str] = {}

    @classmethod
    def start(cls, reports: Path, initiative: str, phase: str) -> BundleWriter:
        """Make a new bundle folder that carries the mark; an existing one is never touched.

        Raises:
            BundleError: a name that points elsewhere, or the folder cannot be made.
        """
        home = phase_folder(reports, initiative, phase)
        created = stamp()
        try:
            home.mkdir(parents=True, exist_ok=True)
            sweep(home)
            fresh = Path(tempfile.mkdtemp(prefix=part_prefix(created), dir=home))
            fresh.chmod(0o755)
            write_text_file(fresh / MARK, json_text(_mark(created, {})))
            path = _take_name(fresh, home, created)
        except OSError as error:
            raise BundleError(
                f"cannot write in '{home}': {error.strerror}; name another --reports"
            ) from error
        return cls(path, created)

    def add_text(self, name: str, text: str) -> None:
        """Add a text file.

        Raises:
            BundleError: if it cannot be written.
        """
        with self._reporting(name):
            write_text_file(self.path / name, text)
            self._note(name)

    @contextmanager
    def folder(self, name: str) -> Iterator[Path]:
        """Give an empty folder to fill; it becomes part of the bundle when the block ends without error."""
        with self._reporting(name):
            partial = Path(tempfile.mkdtemp(prefix=part_prefix(name), dir=self.path))
            try:
                yield partial
                partial.chmod(0o755)
                partial.rename(self.path / name)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
            self._note(*(f"{name}/{file}" for file in files_below(self.path / name)))

    def link_folder(self, name: str, source: Path) -> None:
        """Add a folder of another bundle; its files are linked where the file system can, else copied."""
        with self.folder(name) as partial:
            for file in files_below(source):
                _link_or_copy(source / file, partial / file)
            if (source / HASHES).is_file():
                shutil.copyfile(source / HASHES, partial / HASHES)

    def finish(self, metrics: Mapping[str, Any]) -> Path:
        """Write metrics.json and sha256.txt, take the mark off and return the bundle's path.

        Raises:
            BundleError: the metrics do not follow the schema, or a file cannot be written.
        """
        check_metrics(dict(metrics), METRICS)
        self.add_text(METRICS, json_text(metrics))
        with self._reporting(HASHES):
            write_text_file(self.path / HASHES, sealed(sha256_lines(self.path, files_below(self.path))))
            (self.path / MARK).unlink()
        return self.path

    def _note(self, *names: str) -> None:
        self._finished |= {name: sha256_of_file(self.path / name) for name in names}
        write_text_file(self.path / MARK, json_text(_mark(self.created, self._finished)))

    @contextmanager
    def _reporting(self, name: str) -> Iterator[None]:
        try:
            yield
        except (OSError, HarnessError) as error:
            why = f"cannot write '{self.path / name}': {error}" if isinstance(error, OSError) else error
            raise BundleError(f"{why}; the bundle stays marked incomplete") from error


def _mark(created: str, finished: Mapping[str, str]) -> dict[str, Any]:
    return {"state": "incomplete", "created": created, "writer_pid": os.getpid(), "finished": dict(finished)}


def _take_name(fresh: Path, home: Path, created: str) -> Path:
    """Rename the fresh folder to the first free name of its second; whoever has a name keeps it."""
    for number in range(1, MOST_IN_A_SECOND):
        path = home / (created if number == 1 else f"{created}-{number}")
        if path.exists() or path.is_symlink():
            continue
        try:
            fresh.rename(path)
        except OSError:
            continue
        return path
    raise BundleError(f"no free name for a bundle in '{home}' at {created}; wait a second and try again")


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
