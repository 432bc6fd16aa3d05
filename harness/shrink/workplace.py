"""The folder of a shrinking: the command line that it began with, and a line for each trial."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.errors import UsageError
from harness.files import write_text_file
from harness.fuzz.case import FuzzCase
from harness.journal import open_journal
from harness.shrink.outputs import FailingOutput
from harness.shrink.trial import Tried, tried_row
from system_io.files import write_whole
from system_io.shown import json_text, printable

ORIGINAL, FILES, TRIALS = "original.json", "original", "trials.jsonl"
SCHEMA = "nb-shrink-original 1"


@dataclass(frozen=True)
class Begun:
    """The command line that a folder is about, and the paths and hashes of its programs (None: our own).

    `look`: the pixel (slow, fast) whose traces differ, `outputs`: the part of an output, where these are what
    fails.
    """

    case: FuzzCase
    c_bin: str | None
    py_bin: str | None
    programs: tuple[str, ...]
    look: tuple[int, int] | None = None
    outputs: FailingOutput | None = None


def write_begun(folder: Path, begun: Begun) -> None:
    """Make a folder for a command line.

    Raises:
        OSError: if it cannot be made.
    """
    (folder / FILES).mkdir(parents=True, exist_ok=True)
    for name, content in begun.case.files.items():
        write_whole(folder / FILES / name, [content], "input file")
    data = {
        "schema": SCHEMA,
        "words": list(begun.case.words),
        "files": sorted(begun.case.files),
        "mode": begun.case.mode,
        "c_bin": begun.c_bin,
        "py_bin": begun.py_bin,
        "programs": list(begun.programs),
        "look": None if begun.look is None else list(begun.look),
        "outputs": None if begun.outputs is None else begun.outputs.facts(),
    }
    write_text_file(folder / ORIGINAL, json_text(data))


def read_begun(folder: Path) -> Begun:
    """Read what a folder is about.

    Raises:
        UsageError: if it is no folder of nb-shrink.
    """
    try:
        data = json.loads((folder / ORIGINAL).read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise ValueError("of another version")
        files = {name: (folder / FILES / Path(name).name).read_bytes() for name in data["files"]}
        case = FuzzCase(tuple(map(str, data["words"])), files, str(data["mode"]))
        look = data.get("look")
        pixel = None if look is None else (int(look[0]), int(look[1]))
        return Begun(
            case,
            data["c_bin"],
            data["py_bin"],
            tuple(data["programs"]),
            pixel,
            FailingOutput.of(data.get("outputs")),
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise UsageError(
            f"--resume '{printable(str(folder))}' is no folder of nb-shrink ({error}); name one that it wrote"
        ) from error


@contextmanager
def open_trials(folder: Path) -> Iterator[tuple[IO[bytes], dict[str, Tried]]]:
    """Open the journal of trials of a folder, without a last line that was half written.

    Raises:
        UsageError: another process is writing into it.
    """
    with open_journal(folder / TRIALS, "nb-shrink", tried_row) as (stream, rows):
        yield stream, dict(rows)


def same_programs(begun: Begun, hashes: Sequence[str], folder: Path) -> None:
    """Check that the programs are those that a folder began with.

    Raises:
        UsageError: if one has changed.
    """
    if tuple(hashes) != begun.programs:
        raise UsageError(f"a program is not the one that '{printable(str(folder))}' began with; start anew")
