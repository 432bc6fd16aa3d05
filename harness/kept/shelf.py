"""The folder of kept results: read, written, bounded, listed and emptied, by several processes at once.

An entry is written beside its place and renamed, so that a reader finds it whole or not at all; two writers
of one key write the same. What was used longest ago goes first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.kept.entry import BrokenEntryError, KeptResult, entry_bytes, result_in
from system_io.cache import cache_folder
from system_io.errors import UserError
from system_io.files import write_whole
from system_io.shown import printable

FOLDER, SUFFIX = "results", ".kept"
MOST_BYTES = 1 << 30
PARTS_OF_ONE, PARTS_BETWEEN_LOOKS = 8, 16
"""Shares of the bound: the largest entry, and what is written before the folder is looked through again."""


@dataclass(frozen=True)
class Book:
    """An entry as the folder shows it: key, size, and when it was last used, s since 1970."""

    key: str
    size_bytes: int
    used_s: float


@dataclass
class Shelf:
    """Kept results in a folder.

    `answers` has for each run since it was opened when its result was computed, None for one that was made
    anew. `most_bytes` is exceeded by a sixteenth of it at most.
    """

    folder: Path
    most_bytes: int = MOST_BYTES
    answers: list[str | None] = field(default_factory=list)
    unlooked_bytes: int = MOST_BYTES

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Shelf:
        """Return the shelf of this user.

        Raises:
            UserError: there is no folder for it.
        """
        return cls(cache_folder(environ) / FOLDER)

    @property
    def obstacle(self) -> str:
        """Return in words why nothing can be kept here, the empty string where it can."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return f"'{printable(str(self.folder))}': {error.strerror or error}"
        usable = os.access(self.folder, os.R_OK | os.W_OK | os.X_OK)
        return "" if usable else f"'{printable(str(self.folder))}' cannot be written"

    def take(self, key: str) -> KeptResult | None:
        """Return the result of a key, None where there is none; a broken one is said and removed."""
        place = self._place(key)
        try:
            result = result_in(key, place.read_bytes())
            os.utime(place)
        except BrokenEntryError as error:
            shown = printable(str(place))
            sys.stderr.write(f"kept result '{shown}' is not used: {error}; the program runs anew\n")
            self._remove(key)
            return None
        except OSError:
            return None
        return result

    def put(self, key: str, result: KeptResult) -> None:
        """Keep a result; one that is too large, or that the system refuses to write, is not kept."""
        data = entry_bytes(key, result)
        if len(data) > self.most_bytes // PARTS_OF_ONE:
            return
        with suppress(OSError, UserError):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._place(key), [data], "kept result")
            self.unlooked_bytes += len(data)
        if self.unlooked_bytes >= self.most_bytes // PARTS_BETWEEN_LOOKS:
            self.unlooked_bytes = 0
            self.shrink()

    @property
    def served(self) -> list[str]:
        """Return when the kept results were computed that were given out."""
        return [made for made in self.answers if made is not None]

    def told(self) -> dict[str, Any]:
        """Return how many runs there were, how many results were kept ones, and when those were computed."""
        served = sorted(self.served)
        between = {"first": served[0], "last": served[-1]} if served else {"first": None, "last": None}
        return {"runs": len(self.answers), "kept": len(served), **between}

    def books(self) -> list[Book]:
        """Return the entries, the one used last first."""
        return sorted(self._found(), key=lambda book: (-book.used_s, book.key))

    def shrink(self) -> None:
        """Remove what was used longest ago, until the rest is within the bound."""
        total = 0
        for book in self.books():
            total += book.size_bytes
            if total > self.most_bytes:
                self._remove(book.key)

    def clear(self) -> int:
        """Remove all entries and return how many were there."""
        return sum(self._remove(book.key) for book in self.books())

    def peek(self, key: str) -> KeptResult:
        """Return a result without counting that as a use.

        Raises:
            BrokenEntryError: it is not whole, or gone.
        """
        try:
            return result_in(key, self._place(key).read_bytes())
        except OSError as error:
            raise BrokenEntryError(f"it cannot be read: {error.strerror}") from error

    def _found(self) -> Iterator[Book]:
        with suppress(OSError), os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(OSError):
                    facts = entry.stat(follow_symlinks=False)
                    if entry.name.endswith(SUFFIX) and entry.is_file(follow_symlinks=False):
                        yield Book(entry.name.removesuffix(SUFFIX), facts.st_size, facts.st_mtime)

    def _place(self, key: str) -> Path:
        return self.folder / f"{key}{SUFFIX}"

    def _remove(self, key: str) -> bool:
        """Remove an entry and tell whether it was there; another process may be faster."""
        try:
            self._place(key).unlink()
        except OSError:
            return False
        return True
