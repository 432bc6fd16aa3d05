"""What a binary's debug information says: its source files, their text, the lines that have code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from system_io.children import temporary_folder
from system_io.shown import printable
from trace_tools.debugger.c_text import Source
from trace_tools.debugger.gdb_run import SETTINGS, run_gdb
from trace_tools.errors import DebuggerError

DESCRIBE = "gdb_describe.py"
DESCRIBE_S = 60.0
LARGEST_BYTES = 1 << 24


@dataclass(frozen=True)
class Debugged:
    """A binary with debug information.

    ``code`` has the lines with code of each file; ``newer`` names sources that changed after the binary;
    ``facts`` is what else was asked of the debugger.
    """

    binary: Path
    sources: tuple[Source, ...]
    code: Mapping[str, Sequence[int]]
    newer: tuple[str, ...]
    facts: Mapping[str, Any]


def ask_debugger(
    binary: Path,
    globs: Iterable[str],
    *,
    spots: Sequence[tuple[str, int]] = (),
    names: Iterable[str] = (),
    variables: bool = False,
) -> dict[str, Any]:
    """Ask the debugger what a binary holds, without running it.

    Args:
        binary: the program.
        globs: of source files.
        spots: path and line of which the scope is wanted.
        names: of which it is asked whether they are global.
        variables: whether all variables of the files are wanted.

    Raises:
        DebuggerError: no debugger, or no debug information.
    """
    job = {
        "settings": SETTINGS, "globs": sorted(set(globs)), "spots": list(spots), "names": sorted(set(names)),
        "variables": variables,
    }  # fmt: skip
    with temporary_folder("nb-gdb") as scratch:
        found = run_gdb(DESCRIBE, binary, job, Path(scratch), DESCRIBE_S)
    if not found["listed"]:
        raise DebuggerError(
            f"program '{printable(str(binary))}' has no debug information (stripped, or built without -g); "
            "build it with -g -Og or -g -O0"
        )
    return found


def open_debugged(
    binary: Path, globs: Iterable[str], folder: Path | None = None, *, variables: bool = False
) -> Debugged:
    """Read the sources of a binary.

    Args:
        binary: the program.
        globs: of the source files that are wanted.
        folder: where sources are now, None for where they were compiled.
        variables: whether all variables of the files are wanted.

    Raises:
        DebuggerError: no debugger, no debug information, or a source that is not there.
    """
    found = ask_debugger(binary, globs, variables=variables)
    sources, newer = [], []
    built = binary.stat().st_mtime
    for path in found["code"]:
        place = _place(path, folder)
        if place.stat().st_size > LARGEST_BYTES:
            raise DebuggerError(f"source '{printable(path)}' has more than {LARGEST_BYTES} bytes")
        sources.append(Source(path, place.read_text(encoding="utf-8", errors="replace")))
        if place.stat().st_mtime > built:
            newer.append(path)
    return Debugged(binary, tuple(sources), found["code"], tuple(newer), found)


def _place(path: str, folder: Path | None) -> Path:
    """Return where a source file is: in a folder under the longest end of its path, else where it was."""
    parts = PurePath(path).parts
    tried = [] if folder is None else [folder.joinpath(*parts[start:]) for start in range(1, len(parts))]
    for place in (*tried, Path(path)):
        if place.is_file():
            return place
    raise DebuggerError(
        f"source '{printable(path)}' of the binary is not there; give --source DIR, where it is now"
    )
