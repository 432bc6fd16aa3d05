"""The programs of a description: built, asked for their version, and told apart."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.described.description import DescribedProgram
from harness.described.placeholders import ARGUMENTS, filled, filled_words, placeholder_values
from harness.errors import BuildError, ProgramError
from harness.files import sha256_of_file
from harness.programs.run import with_last_words
from harness.time_limits import ANSWER_S, COMPILE_S
from system_io.children import execute, temporary_folder
from system_io.shell import shell_text
from system_io.shown import printable

Announce = Callable[[str], object]


@dataclass(frozen=True)
class BuiltProgram:
    """A program that is ready to run.

    `files` are the sha256 of the files that its command line names, by the words; they tell programs apart.
    """

    described: DescribedProgram
    environ: Mapping[str, str]
    version: str | None
    files: Mapping[str, str]

    def command(self, values: Mapping[str, str], arguments: Sequence[str], where: str) -> list[str]:
        """Return the words that run it on a case.

        Raises:
            HarnessError: a name in braces stands for nothing.
        """
        words = filled_words(self.described.run, values, arguments, where)
        return [located(words[0], self.described.folder), *words[1:]]

    @property
    def identity(self) -> tuple[str, ...]:
        """Return what is equal for two programs that are one, wherever their files lie."""
        own = tuple(self.files.get(word, word) for word in self.described.run)
        environment = sorted(f"{key}={value}" for key, value in self.described.environment.items())
        return (self.described.nanobragg, *own, *environment)

    def facts(self) -> dict[str, Any]:
        """Return the program as plain data."""
        return {
            "name": self.described.name, "run": list(self.described.run),
            "folder": str(self.described.folder), "build": [list(line) for line in self.described.build],
            "environment": dict(self.described.environment), "version": self.version,
            "files": dict(self.files), "nanobragg": self.described.nanobragg,
        }  # fmt: skip


def located(word: str, folder: Path) -> str:
    """Return the path of a program: one with a folder in its name lies relative to that of the program."""
    return str(folder / word) if os.sep in word else word


def make_ready(described: DescribedProgram, side: str, say: Announce = lambda _: None) -> BuiltProgram:
    """Build a program, ask it for its version, and hash what its command line names.

    Args:
        described: the program.
        side: of the description, for messages.
        say: is told each command before it runs.

    Raises:
        BuildError: a build command fails.
        ProgramError: the program is not there, or fails to say its version.
    """
    if not described.folder.is_dir():
        raise ProgramError(
            f"{side}: folder '{printable(str(described.folder))}' is not there, or is a file; name a folder"
        )
    values = placeholder_values(None, described.folder)
    environ = {
        **os.environ,
        **{k: filled(v, values, f"{side}.environment") for k, v in described.environment.items()},
    }
    for line in described.build:
        words = filled_words(line, values, (), f"{side}.build")
        say(f"{described.name}: {shell_text(words)}")
        outcome, stdout, stderr = execute(words, described.folder, environ, COMPILE_S)
        if outcome.failure is not None:
            told = with_last_words(f"'{shell_text(words)}' {outcome.failure}", stderr or stdout)
            raise BuildError(
                f"{side}.build: {printable(told)}; mend it in '{printable(str(described.folder))}'"
            )
    files = {} if described.nanobragg else named_files(described, values)
    return BuiltProgram(described, environ, _version(described, environ, values, side), files)


def named_files(described: DescribedProgram, values: Mapping[str, str]) -> dict[str, str]:
    """Return the sha256 of the files that the words of a program name, by the words as they are written.

    Raises:
        ProgramError: the program itself is not there.
    """
    found = {}
    for number, word in enumerate(described.run):
        if word == ARGUMENTS:
            continue
        plain = filled(word, {**dict.fromkeys(_case_names(word), ""), **values}, "run")
        path = Path(located(plain, described.folder)) if number == 0 else described.folder / plain
        if number == 0 and os.sep not in plain:
            path = Path(shutil.which(plain) or plain)
        if number == 0 and not os.access(path, os.X_OK):
            raise ProgramError(
                f"{described.name}: program '{printable(str(path))}' is not there or cannot be run; "
                "build it, or correct 'run'"
            )
        if plain and path.is_file():
            found[word] = sha256_of_file(path)
    return found


def _case_names(word: str) -> list[str]:
    return [part.partition("}")[0] for part in word.split("{")[1:]]


def _version(
    described: DescribedProgram, environ: Mapping[str, str], values: Mapping[str, str], side: str
) -> str | None:
    """Return the first line of what a program says of its version, None where it is not asked."""
    if not described.version:
        return None
    words = filled_words(described.version, values, (), f"{side}.version")
    words[0] = located(words[0], described.folder)
    with temporary_folder("nb-version") as folder:
        outcome, stdout, stderr = execute(words, Path(folder), environ, min(ANSWER_S, described.timeout_s))
    lines = (stdout or stderr).decode("utf-8", "replace").strip().splitlines()
    if outcome.failure is not None or not lines:
        why = outcome.failure or "says nothing"
        raise ProgramError(f"{side}.version: '{shell_text(words)}' {why}; correct 'version' or leave it out")
    return printable(lines[0])[:200]
