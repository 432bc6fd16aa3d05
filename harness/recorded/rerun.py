"""What every kind of replay needs: its result, the input files by content, the programs that ran."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from golden_suite_generator.inputs.write import CRYSTAL_FILES
from harness.errors import BundleError
from harness.files import sha256_of_file
from harness.programs.arguments import DUMP_OPTIONS, OUTPUT_OPTIONS
from harness.programs.image_file import file_program
from harness.programs.programs import (
    C_BIN_VARIABLE,
    FILE_KIND,
    Program,
    first_program,
    program_at,
    second_program,
)
from harness.sides import SIDES
from harness.suite.crystal_data import write_built_in
from harness.time_limits import LONGEST_RECORDED_RUN_S
from simulator.command_line.option_table import BY_SPELLING
from simulator.command_line.options import parse
from simulator.errors import InputError
from system_io.children import temporary_folder
from system_io.shown import printable
from system_io.verdict_words import Word

FILE = ("file",)
IDENTITY = ("sources_sha256", "binary_sha256", "compiler", "flags", "version")


@dataclass(frozen=True)
class Replayed:
    """One comparison of a bundle, run again: PASS if everything came out as recorded."""

    part: str
    word: Word
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Chosen:
    """What may be run: programs given by path, or those that the bundle names, if that was asked for.

    `folder` is the bundle, `say` is told path and hash of a recorded program before it runs.
    """

    folder: Path
    c_bin: str | None = None
    py_bin: str | None = None
    run_recorded: bool = False
    say: Callable[[str], object] = print

    def program(self, provenance: Mapping[str, Any], side: str) -> Program:
        """Return the program of a side: the one given, ours of its kind, or the recorded one if asked for.

        Raises:
            BundleError: the recorded program is none of ours and was not asked for, has changed, or lies in
                the bundle.
            ProgramError: it is not there.
        """
        given = self.c_bin if side == SIDES[0] else self.py_bin
        if provenance["kind"] == FILE_KIND:
            return _image_file(provenance, side, given)
        if given:
            return program_at(given, f"--{side}-bin")
        if provenance["kind"] in OURS and "sources_sha256" in provenance:
            return OURS[provenance["kind"]]()
        return _same_as_ours(provenance) or self._recorded(provenance, side)

    def _recorded(self, provenance: Mapping[str, Any], side: str) -> Program:
        path, digest = Path(provenance["path"]), provenance.get("binary_sha256")
        shown = printable(str(path))
        if not self.run_recorded:
            raise BundleError(
                f"the bundle names the program '{shown}' for {side}, which a replay does not run unasked; "
                f"give --{side}-bin P, or --run-recorded if you know it"
            )
        inside = Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.folder))
        if inside or not path.is_absolute():
            raise BundleError(
                f"program '{shown}' lies in the bundle or has no whole path; give --{side}-bin P"
            )
        if not path.is_file() or sha256_of_file(path) != digest:
            raise BundleError(
                f"program '{shown}' is not there, or not the recorded one any more; give --{side}-bin P"
            )
        self.say(f"running {shown}, sha256 {digest}, as {side}")
        return program_at(str(path), f"{side} of the bundle")


def _image_file(provenance: Mapping[str, Any], side: str, given: str | None) -> Program:
    """Return the image file of a side, or the one given in its place.

    Raises:
        BundleError: if it changed.
    """
    program = file_program(
        Path(given or provenance["path"]), f"image of {side}", provenance["shape_slow_fast"]
    )
    if program.provenance["sha256"] != provenance["sha256"]:
        shown = printable(str(given or provenance["path"]))
        raise BundleError(f"image '{shown}' is not the recorded one; give --{side}-bin FILE")
    return program


OURS: Mapping[str, Callable[[], Program]] = {
    "reference": lambda: first_program(None, os.environ | {C_BIN_VARIABLE: ""}),
    "simulator": lambda: second_program(None),
}
"""Programs of this installation, by kind."""


def _same_as_ours(provenance: Mapping[str, Any]) -> Program | None:
    """Return our C reference if a program given by path was the same to the last byte, else None."""
    if provenance["kind"] != "reference":
        return None
    ours = OURS["reference"]()
    same = sha256_of_file(Path(ours.words[0])) == provenance.get("binary_sha256")
    return replace(ours, provenance=provenance) if same else None


class Inputs:
    """Finds input files by their content: where they were, in a folder, in the built-in crystal."""

    def __init__(self, data: Path | None, stack: ExitStack) -> None:
        self._data = data
        self._scratch = Path(stack.enter_context(temporary_folder("nb-replay")))
        self.caller = self._scratch / "caller"
        self.caller.mkdir()
        self._built_in: Path | None = None

    def find(self, item: Mapping[str, Any]) -> str:
        """Return the path of a recorded input file.

        Raises:
            BundleError: if it is nowhere.
        """
        recorded = Path(item["path"])
        for path in chain([recorded], self._candidates(recorded.name)):
            if _is(path, item):
                return str(path.absolute())
        raise BundleError(
            f"input '{printable(str(recorded))}' with sha256 {item['sha256'][:12]} not found; "
            "give --data DIR that holds it"
        )

    def arguments(self, recorded: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the command line of a recorded comparison with its input files where they are now.

        Relative names refer to `caller`, an empty folder. No word of it names another file to read, and what
        names a file to write is taken out when the line is prepared.

        Raises:
            BundleError: an input is nowhere, or the line is none that both programs know.
        """
        moved = {item["path"]: self.find(item) for item in recorded["inputs"]}
        words = list(recorded["arguments"])
        try:
            given = parse(words).given
        except InputError as error:
            raise BundleError(f"the recorded command line is not run: {error}") from error
        place = 0
        for item in given:
            if BY_SPELLING[words[place]].kinds == FILE:
                absolute = str((Path(recorded["caller"]) / words[place + 1]).absolute())
                words[place + 1] = _file_word(words[place], words[place + 1], moved.get(absolute))
            place += 1 + len(item.values)
        return tuple(words)

    def _candidates(self, name: str) -> Iterator[Path]:
        """Yield files that may be an input; the built-in crystal takes seconds to make, and comes last."""
        if self._data is not None:
            yield from sorted(p for p in self._data.rglob("*") if p.is_file())
        if name in CRYSTAL_FILES:
            yield self._generated() / name

    def _generated(self) -> Path:
        if self._built_in is None:
            self._built_in = write_built_in(self._scratch)
        return self._built_in


def _file_word(option: str, named: str, found: str | None) -> str:
    """Return the file that stands behind an option of a recorded command line.

    Raises:
        BundleError: a file would be read that the bundle does not know by its content.
    """
    if found is not None:
        return found
    if option in OUTPUT_OPTIONS or option in DUMP_OPTIONS:
        return Path(named).name
    raise BundleError(
        f"the recorded command line names '{option} {printable(named)}', but the bundle has no hash of that "
        "file; it is not run"
    )


def _is(path: Path, item: Mapping[str, Any]) -> bool:
    """Tell whether a path is a file of the recorded size and content."""
    try:
        return (
            path.is_file() and path.stat().st_size == item["bytes"] and sha256_of_file(path) == item["sha256"]
        )
    except (OSError, ValueError):
        return False


def time_limit_s(settings: Mapping[str, Any]) -> float:
    """Return the recorded limit of a run, s.

    Raises:
        BundleError: if it is none.
    """
    limit_s = float(settings["timeout_s"])
    if not 0.0 < limit_s <= LONGEST_RECORDED_RUN_S:
        raise BundleError(f"timeout_s {limit_s:g} is no limit of a run; it is not run")
    return limit_s


def changed_program(side: str, recorded: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words in what a program is another one than recorded."""
    return [
        f"{side}: {key} is another one than recorded"
        for key in IDENTITY
        if key in recorded and recorded[key] != now.get(key)
    ]
