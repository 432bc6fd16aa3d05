"""The folder of a fuzzing run: its settings, a line for each case as it is done, and the findings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from harness.errors import UsageError
from harness.files import write_text_file
from harness.fuzz.coverage import PLACE, Choice, FuzzCoverage
from harness.fuzz.outcome import Came
from harness.journal import note, open_journal, read_journal
from system_io.shown import json_text, printable

SETTINGS, CASES, FINDINGS_FOLDER, SUMMARY_NAME = "settings.json", "cases.jsonl", "findings", "summary.json"
SCHEMA = "nb-fuzz 1"


@dataclass(frozen=True)
class FuzzSettings:
    """What decides which cases are drawn and who runs them.

    `shard` is (number from 1, count); `programs` are the hashes by which both are known again.
    """

    seed: int
    mode: str
    shard: tuple[int, int]
    c_bin: str | None
    py_bin: str | None
    cases: int | None
    programs: tuple[str, ...]


@dataclass(frozen=True)
class CaseLine:
    """One case that is done."""

    index: int
    asked: tuple[str, ...]
    alone: bool
    mode: str
    words: tuple[str, ...]
    options: tuple[str, ...]
    came: Came
    bitwise: bool
    reasons: tuple[str, ...]
    quirks: tuple[str, ...]
    finding: str | None

    @property
    def choice(self) -> Choice:
        """Return what the case was drawn for."""
        return Choice(self.asked, self.alone)


@dataclass
class FuzzRecord:
    """What a folder holds: its settings, and the cases that are done."""

    path: Path
    settings: FuzzSettings
    lines: list[CaseLine]


@dataclass
class FuzzFolder(FuzzRecord):
    """An open folder; only one process writes into it."""

    _stream: IO[bytes]

    def add(self, line: CaseLine) -> None:
        """Keep a case; it is on disk when this returns."""
        self.lines.append(line)
        note(self._stream, asdict(line))

    def coverage(self) -> FuzzCoverage:
        """Return what the cases so far covered."""
        return coverage_of(self.lines)

    def write_summary(self, data: Mapping[str, Any]) -> None:
        """Write the summary of all cases so far."""
        write_text_file(self.path / SUMMARY_NAME, json_text(data))


def coverage_of(lines: Iterable[CaseLine]) -> FuzzCoverage:
    """Return what cases covered."""
    found = FuzzCoverage()
    for line in lines:
        found.record(line.options, line.came, line.choice)
        found.quirks |= set(line.quirks)
    return found


@contextmanager
def new_folder(path: Path, settings: FuzzSettings) -> Iterator[FuzzFolder]:
    """Make the folder of a new run.

    Raises:
        OSError: if it cannot be made.
    """
    path.mkdir(parents=True, exist_ok=True)
    (path / FINDINGS_FOLDER).mkdir(exist_ok=True)
    write_text_file(path / SETTINGS, json_text({"schema": SCHEMA, **asdict(settings)}))
    with _opened(path, settings) as folder:
        yield folder


@contextmanager
def resumed_folder(path: Path) -> Iterator[FuzzFolder]:
    """Open the folder of an earlier run, without a last line that was half written.

    Raises:
        UsageError: it is no such folder, or another process is writing into it.
    """
    settings = _settings(path, "--resume")
    with _opened(path, settings) as folder:
        yield folder


def read_record(path: Path) -> FuzzRecord:
    """Return what a folder holds, which another process may be writing into.

    Raises:
        UsageError: it is no such folder.
    """
    return FuzzRecord(path, _settings(path, "--merge"), read_journal(path / CASES, "nb-fuzz", _line_of))


def _settings(path: Path, option: str) -> FuzzSettings:
    """Return the settings of an earlier run.

    Raises:
        UsageError if there are none.
    """
    try:
        data = json.loads((path / SETTINGS).read_text(encoding="utf-8"))
        if data.pop("schema") != SCHEMA:
            raise UsageError(f"'{printable(str(path))}' was made by another version; start anew")
        number, count = data["shard"]
        return FuzzSettings(**{**data, "shard": (number, count), "programs": tuple(data["programs"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{option} '{printable(str(path))}' is no folder of nb-fuzz ({error}); name one that it wrote"
        ) from error


@contextmanager
def _opened(path: Path, settings: FuzzSettings) -> Iterator[FuzzFolder]:
    with open_journal(path / CASES, "nb-fuzz", _line_of) as (stream, lines):
        yield FuzzFolder(path, settings, lines, stream)


def _line_of(item: Any) -> CaseLine:
    tuples = {name: tuple(item[name]) for name in ("asked", "words", "options", "reasons", "quirks")}
    if not set(tuples["options"]) <= PLACE.keys():
        raise ValueError("an option of another version")
    return CaseLine(**{**item, **tuples, "came": Came(item["came"])})
