"""What every kind of replay needs: its result, the input files by content, the programs that ran."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import BundleError
from harness.files import sha256_of_file
from harness.gate_data import CRYSTAL_FILES, write_built_in
from harness.programs import C_BIN_VARIABLE, Program, first_program, program_at, second_program
from harness.verdict import Word
from system_io.children import temporary_folder

IDENTITY = ("sources_sha256", "binary_sha256", "compiler", "flags", "version")


@dataclass(frozen=True)
class Replayed:
    """One comparison of a bundle, run again: PASS if everything came out as recorded."""

    part: str
    word: Word
    lines: tuple[str, ...]


class Inputs:
    """Finds input files by their content: where they were, in a folder, in the built-in crystal."""

    def __init__(self, data: Path | None, stack: ExitStack) -> None:
        self._data = data
        self._stack = stack
        self._built_in: Path | None = None

    def find(self, item: Mapping[str, Any]) -> str:
        """Return the path of a recorded input file. Raises: BundleError if it is nowhere."""
        recorded = Path(item["path"])
        for path in (recorded, *self._candidates(recorded.name)):
            if path.is_file() and sha256_of_file(path) == item["sha256"]:
                return str(path.absolute())
        raise BundleError(
            f"input '{recorded}' with sha256 {item['sha256'][:12]} not found; give --data DIR that holds it"
        )

    def arguments(self, recorded: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the command line of a recorded comparison with its input files where they are now."""
        moved = {item["path"]: self.find(item) for item in recorded["inputs"]}
        caller = Path(recorded["caller"])
        return tuple(moved.get(str((caller / word).absolute()), word) for word in recorded["arguments"])

    def _candidates(self, name: str) -> list[Path]:
        found = [] if self._data is None else sorted(p for p in self._data.rglob("*") if p.is_file())
        if name in CRYSTAL_FILES:
            found.append(self._generated() / name)
        return found

    def _generated(self) -> Path:
        if self._built_in is None:
            scratch = self._stack.enter_context(temporary_folder("nb-replay"))
            self._built_in = write_built_in(Path(scratch))
        return self._built_in


def recorded_program(provenance: Mapping[str, Any], side: str, given: str | None) -> Program:
    """Return the program given by path, else the one that ran: of this installation, or the recorded binary.

    Raises:
        BundleError: the binary has changed since.
        ProgramError: it is not there.
    """
    if given:
        return program_at(given, f"--{side}-bin")
    if provenance["kind"] == "reference" and "sources_sha256" in provenance:
        return first_program(None, os.environ | {C_BIN_VARIABLE: ""})
    if provenance["kind"] == "simulator" and "sources_sha256" in provenance:
        return second_program(None)
    program = program_at(provenance["path"], f"{side} of the bundle")
    if program.provenance["binary_sha256"] != provenance["binary_sha256"]:
        raise BundleError(f"program '{provenance['path']}' has changed since; give --{side}-bin P")
    return program


def changed_program(side: str, recorded: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words in what a program is another one than recorded."""
    return [
        f"{side}: {key} is another one than recorded"
        for key in IDENTITY
        if key in recorded and recorded[key] != now.get(key)
    ]
