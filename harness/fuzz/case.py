"""A drawn command line with its input files, and what each program is told of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from golden_suite_generator.cases import FILE_NAMES
from harness.programs.arguments import PreparedArguments, spelled
from harness.programs.programs import Program
from harness.programs.side_words import side_words, without
from simulator.command_line.option_table import BY_SPELLING
from simulator.command_line.options import Given, parse
from simulator.errors import InputError

CARRYOVER = "--phi-carryover-mode"
CARRYOVER_STATE: Mapping[str, str] = {"c-parity": "on", "spec": "off"}
SIMULATOR_ONLY = spelled(
    "--epsilon", "--accuracy", "--compile", "--cache", "--reproducible", "-dtype", "-device", "-trace_only"
)
PARITY_ONLY = spelled("--parity-mode", "--quirk", "--list-quirks", "--version")
NOT_TOLD: Mapping[str, frozenset[str]] = {
    "reference": SIMULATOR_ONLY,
    "simulator": frozenset(),
    "external": SIMULATOR_ONLY | PARITY_ONLY,
}
"""For each kind of program, the options that it does not know."""


@dataclass(frozen=True)
class FuzzCase:
    """ValueDraws behind the name of a program, with files that they name by their bare names."""

    words: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    mode: str = "c-parity"

    @property
    def options(self) -> tuple[str, ...]:
        """Return the canonical names of the options, each once, in order."""
        return tuple(dict.fromkeys(BY_SPELLING[word].name for word in self.words if word in BY_SPELLING))

    @property
    def digest(self) -> str:
        """Return what is equal for cases of the same words, files and mode."""
        found = hashlib.sha256("\0".join((self.mode, *self.words)).encode("utf-8", "surrogateescape"))
        for name, data in sorted(self.files.items()):
            found.update(f"\0{name}\0".encode() + hashlib.sha256(data).digest())
        return found.hexdigest()

    def given(self) -> tuple[Given, ...]:
        """Return the parsed options, none where the words cannot be read."""
        try:
            return parse(self.words).given
        except InputError:
            return ()

    def output_names(self) -> dict[str, str]:
        """Return the name of the file of each kind of image (`golden_suite_generator.cases.OUTPUTS`)."""
        named = {item.name: str(item.values[0]) for item in self.given() if item.values}
        return {kind: named.get(f"-{kind}file", usual) for kind, usual in FILE_NAMES.items()}

    def write_files(self, folder: Path) -> None:
        """Write the input files into a folder, which is made."""
        folder.mkdir(parents=True)
        for name, data in self.files.items():
            (folder / name).write_bytes(data)


def words_without(words: Sequence[str], option: str) -> tuple[str, ...]:
    """Return words without an option and the words that it takes."""
    return without(words, {option}, len(BY_SPELLING[option].kinds))[0]


def told_words(program: Program, case: FuzzCase, *more: str) -> list[str]:
    """Return the words that a program is told of a case: its settings, the options that it knows, and more.

    Raises:
        ProgramError: it does not know the parity mode.
    """
    words = _carryover_as_quirk(case.words) if program.kind != "simulator" else list(case.words)
    for option in sorted({word for word in words if word in NOT_TOLD[program.kind]}):
        words = list(words_without(words, option))
    told = side_words(PreparedArguments(tuple(words)), {"": program})[""].arguments
    return [*program.settings(case.mode).words, *told.words, *more, *told.last]


def _carryover_as_quirk(words: Sequence[str]) -> list[str]:
    """Return words with the option for one quirk, which only the simulator has, as the one for any quirk."""
    kept, taken = without(words, {CARRYOVER}, 1)
    states = [text.split()[-1] for text in taken]
    last = [
        word for state in states[-1:] for word in ("--quirk", f"Q-PHI-CARRYOVER={CARRYOVER_STATE[state]}")
    ]
    return [*kept, *last]
