"""A table of a TOML file, read key by key: each value of its kind, no key left over."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from system_io.errors import UserError
from system_io.files import read_regular
from system_io.shell import shell_words
from system_io.shown import printable

T = TypeVar("T")
KIND_WORDS: Mapping[type, str] = {
    str: "a text in quotes", int: "a whole number", float: "a number", bool: "true or false", list: "a list",
    dict: "a table",
}  # fmt: skip
LIKENESS = 0.5
"""Of a key to a known one, to be suggested."""


class TomlTable:
    """A table and where it stands in its file, for messages.

    Args:
        content: what TOML gives.
        where: file and place.
        error: the error to raise.
    """

    def __init__(self, content: Mapping[str, Any], where: str, error: type[UserError] = UserError) -> None:
        self.content, self.where, self.error = content, where, error
        self._taken: set[str] = set()

    def fault(self, key: str, why: str) -> UserError:
        """Return the error of a value."""
        place = f"{self.where}.{key}" if key else self.where
        return self.error(f"{printable(place)} {why}")

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        """Return a value; one without default must be there.

        Raises:
            UserError: it is missing or of another kind.
        """
        self._taken.add(key)
        if key not in self.content:
            if default is None:
                raise self.fault(key, f"is missing; give {KIND_WORDS[kind]}")
            return default
        return self._of_kind(key, self.content[key], kind)

    def _of_kind(self, key: str, value: Any, kind: type[T]) -> T:
        number = kind is float and isinstance(value, int) and not isinstance(value, bool)
        if not (number or isinstance(value, kind)) or (isinstance(value, bool) and kind is not bool):
            raise self.fault(key, f"is {value!r:.60}, must be {KIND_WORDS[kind]}; give such a one")
        return cast("T", float(value) if number else value)

    def has(self, key: str) -> bool:
        """Tell whether a key is given."""
        return key in self.content

    def may_have(self, keys: Iterable[str]) -> None:
        """Note keys that would have been taken, had they been given."""
        self._taken.update(keys)

    def words(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return the words of a command: a list of texts, or one text split as a shell does.

        Raises:
            UserError: it is missing or neither.
        """
        self._taken.add(key)
        if key not in self.content and default is not None:
            return default
        if key not in self.content:
            raise self.fault(key, "is missing; give a command line, a text or a list of its words")
        return self._split(key, self.content[key])

    def _split(self, key: str, value: Any) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            return tuple(value)
        if not isinstance(value, str):
            raise self.fault(
                key, f"is {value!r:.60}, must be a command line; give a text or a list of its words"
            )
        try:
            return tuple(shell_words(value))
        except ValueError as error:
            raise self.fault(key, f"cannot be split into words ({error}); give a list of them") from error

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, empty where there is none.

        Raises:
            UserError: it is something else.
        """
        found = self.take(key, list, [])
        return tuple(self._of_kind(f"{key}[{n}]", one, str) for n, one in enumerate(found))

    def commands(self, key: str) -> tuple[tuple[str, ...], ...]:
        """Return command lines: one text, or a list of them; empty where none is given.

        Raises:
            UserError: one is no command line.
        """
        self._taken.add(key)
        given = self.content.get(key, [])
        lines = given if isinstance(given, list) else [given]
        found = tuple(self._split(f"{key}[{n}]", line) for n, line in enumerate(lines))
        if () in found:
            raise self.fault(
                f"{key}[{found.index(())}]", "is empty; give the words of a command, or leave it out"
            )
        return found

    def table(self, key: str) -> TomlTable:
        """Return a table below this one, an empty one where there is none.

        Raises:
            UserError: it is something else.
        """
        return TomlTable(self.take(key, dict, {}), f"{self.where}.{key}", self.error)

    def tables(self, key: str) -> Iterator[tuple[str, TomlTable]]:
        """Yield the tables below a key with their names.

        Raises:
            UserError: they have no names, or one is no table.
        """
        if isinstance(self.content.get(key), list):
            raise self.fault(key, f"is a list of tables, must be tables with names; write [{key}.NAME]")
        whole = self.table(key)
        for name in whole.content:
            yield name, whole.table(name)

    def rest(self) -> dict[str, Any]:
        """Return what was not taken yet, and take it."""
        found = {key: value for key, value in self.content.items() if key not in self._taken}
        self._taken |= found.keys()
        return found

    def close(self) -> None:
        """Announce that all was taken.

        Raises:
            UserError: for a key that nobody asked for, with the nearest known one.
        """
        for key in self.content:
            if key not in self._taken:
                near = difflib.get_close_matches(key, sorted(self._taken), 1, LIKENESS)
                known = (
                    f"did you mean '{near[0]}'?" if near else f"known are {', '.join(sorted(self._taken))}"
                )
                raise self.fault(key, f"is no key of this table; {known}")


def read_toml(path: Path, what: str, remedy: str, error: type[UserError] = UserError) -> TomlTable:
    """Return the table of a TOML file.

    Args:
        path: the file.
        what: its name in messages.
        remedy: what the user can do where it is not there.
        error: the error to raise.

    Raises:
        UserError: it cannot be read or is no TOML.
    """
    data = read_regular(path, what, remedy, error)
    try:
        content = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise error(f"'{printable(str(path))}' is no TOML: {problem}; correct it there") from None
    except RecursionError:
        raise error(
            f"'{printable(str(path))}' nests lists or tables too deeply to be read; take some levels out"
        ) from None
    return TomlTable(content, path.name, error)
