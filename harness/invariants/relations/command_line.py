"""A nanoBragg command line that can be changed option by option, with the input files it was given.

Options are found by the simulator's table, in any spelling. A change that sets an option leaves no other
value of it, and keeps its place, since some options act on what others imply.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from harness.errors import UsageError
from harness.programs.arguments import spelled
from simulator.command_line.option_table import BY_SPELLING
from system_io.files import read_regular

MOST_CELL_NUMBERS = 6
NumberTable = list[list[float]]
"""The numbers of a text file, a list for each line."""


def text_of(value: float | str) -> str:
    """Return a number with all its digits, so that twice the number reads back as twice the value."""
    return value if isinstance(value, str) else repr(value)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _width(kinds: Sequence[str], rest: Sequence[str]) -> int:
    """Return how many words belong to an option of these kinds that `rest` follows."""
    if kinds == ("f..6",):
        return next(
            (n for n, word in enumerate(rest[:MOST_CELL_NUMBERS]) if not _is_number(word)),
            min(len(rest), MOST_CELL_NUMBERS),
        )
    if kinds == ("fff|random|rand",):
        return 1 if rest and not _is_number(rest[0]) else 3
    return len(kinds)


@dataclass(frozen=True)
class CommandLine:
    """Words, and the content of the files among them that were made here, by name.

    threads: how many the program may start. again: a number that makes a further run of the same words.
    noise: whether the noise image is wanted.
    """

    words: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    threads: int = 1
    again: int = 0
    noise: bool = False

    @cached_property
    def key(self) -> str:
        """Return what tells this run from every other."""
        digest = hashlib.sha256(repr((self.words, self.threads, self.again, self.noise)).encode())
        for name in sorted(self.used_files):
            digest.update(name.encode() + self.files[name])
        return digest.hexdigest()[:16]

    @property
    def used_files(self) -> list[str]:
        """Return the names of the made files that the words name."""
        return [name for name in self.files if name in self.words]

    def entries(self) -> Iterator[tuple[str, ...]]:
        """Yield each option with its values; a word that is no option stands alone."""
        place = 0
        while place < len(self.words):
            option = BY_SPELLING.get(self.words[place])
            width = 0 if option is None else _width(option.kinds, self.words[place + 1 :])
            yield self.words[place : place + 1 + width]
            place += 1 + width

    def has(self, *names: str) -> bool:
        """Tell whether one of some options is given."""
        wanted = spelled(*names)
        return any(entry[0] in wanted for entry in self.entries())

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of the last place of an option, none where it is not given."""
        wanted = spelled(name)
        return next((entry[1:] for entry in reversed(list(self.entries())) if entry[0] in wanted), ())

    def numbers(self, name: str, default: Sequence[float] = ()) -> tuple[float, ...]:
        """Return the values of an option as numbers, `default` where it is not given or has words."""
        found = self.values(name)
        return tuple(float(word) for word in found) if found and all(map(_is_number, found)) else (*default,)

    def number(self, name: str, default: float) -> float:
        """Return the value of an option of one number."""
        return self.numbers(name, (default,))[0]

    def without(self, *names: str) -> CommandLine:
        """Return this command line without some options."""
        taken = spelled(*names) if names else frozenset()
        kept = [word for entry in self.entries() if entry[0] not in taken for word in entry]
        return replace(self, words=tuple(kept))

    def giving(self, name: str, *values: float | str) -> CommandLine:
        """Return this command line with an option set: where it stands last, and else behind all."""
        wanted, new = spelled(name), (name, *map(text_of, values))
        entries = list(self.entries())
        places = [place for place, entry in enumerate(entries) if entry[0] in wanted]
        if not places:
            return self.adding(*new)
        entries[places[-1]] = new
        kept = [entry for place, entry in enumerate(entries) if place not in places[:-1]]
        return replace(self, words=tuple(word for entry in kept for word in entry))

    def beginning(self, name: str, value: float) -> CommandLine:
        """Return this command line with an option before all others, whose order may mean something."""
        return replace(self, words=(name, text_of(value), *self.words))

    def adding(self, *words: str) -> CommandLine:
        """Return this command line with words behind it."""
        return replace(self, words=(*self.words, *words))

    def scaling(self, factor: float, *names: str, count: int = MOST_CELL_NUMBERS) -> CommandLine:
        """Return this command line with the first `count` numbers of each option given times `factor`."""
        line = self
        for name in names:
            numbers = line.numbers(name)
            if numbers:
                scaled = (value * factor for value in numbers[:count])
                line = line.giving(name, *scaled, *numbers[count:])
        return line

    def content(self, name: str) -> bytes:
        """Return the content of the file that an option names.

        Raises:
            UsageError: if it cannot be read.
        """
        (file,) = self.values(name)
        if file in self.files:
            return self.files[file]
        return read_regular(Path(file), f"{name} file", "name a file that can be read", UsageError)

    def table(self, name: str) -> NumberTable:
        """Return the numbers of the file that an option names, line by line."""
        lines = self.content(name).decode("ascii", "replace").splitlines()
        rows = ([word for word in line.replace(",", " ").split() if _is_number(word)] for line in lines)
        return [[float(word) for word in row] for row in rows if row]

    def giving_file(self, name: str, content: bytes) -> CommandLine:
        """Return this command line with an option that names a new file of this content."""
        file = f"{name.strip('-')}-{hashlib.sha256(content).hexdigest()[:12]}.txt"
        return replace(self, files={**self.files, file: content}).giving(name, file)

    def giving_table(self, name: str, rows: NumberTable) -> CommandLine:
        """Return this command line with an option that names a new file of these numbers."""
        lines = (" ".join(text_of(int(v) if v.is_integer() else v) for v in row) for row in rows)
        return self.giving_file(name, "".join(f"{line}\n" for line in lines).encode("ascii"))
