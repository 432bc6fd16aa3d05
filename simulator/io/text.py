"""Text inputs: plain text only, one rule for line ends, words and comments; the C reference has the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from simulator.errors import InputError
from simulator.io.files import read_bytes
from system_io.text import foreign_encoding, text_lines

Warn = Callable[[str], None]
BLANKS = re.compile(r"[ \t\v\f]+")
COMMENT = re.compile(r"[#!%;*\"']|//|/\*")
HEADING = re.compile(r"(?!(?:nan|inf|infinity)(?:[ \t\v\f]|$))[a-z]", re.ASCII | re.IGNORECASE)
SHOWN = 40


def silent(_: str) -> None:
    """Take a warning and say nothing."""


@dataclass(frozen=True)
class TextFile:
    """A text input; `where` is its name in messages, every byte is a character of its lines."""

    where: str
    data: bytes

    def lines(self) -> list[str]:
        """Return the lines, whether LF, CR LF or a lone CR ends them."""
        return text_lines(self.data.decode("latin-1"))


def read_text(path: Path, what: str, remedy: str, warn: Warn = silent) -> TextFile:
    """Return a text input.

    Args: what, its name in messages; remedy, the option to give; warn, is told of a last line without a line
    end, which may be the middle of a line. Raises: InputError if it cannot be read or is no plain text.
    """
    file = TextFile(f"{what} '{path}'", read_bytes(path, what, remedy))
    foreign = foreign_encoding(file.data)
    if foreign is not None:
        raise InputError(f"{file.where} is {foreign}; save it as plain text, ASCII or UTF-8 without a mark")
    if file.data and file.data[-1:] not in b"\r\n":
        lines = file.lines()
        if words_in(lines[-1]):
            warn(f"{file.where} ends in the middle of a line (line {len(lines)}); see whether it is whole")
    return file


def words_in(line: str, separators: re.Pattern[str] = BLANKS) -> list[str]:
    """Return the words of a line."""
    return [word for word in separators.split(line) if word]


def refuse_comment(where: str, line: str, word: str) -> None:
    """Raise InputError if a word that is no number begins a comment, or its line is a comment or a heading.

    Args: where, file and line in messages.
    """
    start = line.lstrip(" \t\v\f")
    if COMMENT.match(word) or COMMENT.match(start) or HEADING.match(start):
        raise InputError(
            f"{where}: '{line[:SHOWN]}' is a comment or a heading; take it out, only numbers are read"
        )
