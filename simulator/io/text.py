"""Text inputs: plain text only, one rule for line ends, words and comments; the C reference has the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from simulator.errors import InputError, Warnings
from simulator.io.files import read_bytes
from system_io.text import foreign_encoding, text_lines

BLANKS = re.compile(r"[ \t\v\f]+")
COMMENT = re.compile(r"[#!%;*\"']|//|/\*")
HEADING = re.compile(r"(?!(?:nan|inf|infinity)(?:[ \t\v\f]|$))[a-z]", re.ASCII | re.IGNORECASE)
EXCERPT = 40


@dataclass(frozen=True)
class TextFile:
    """A text input."""

    where: str
    """Its name in messages."""
    data: bytes
    """Every byte is a character of its lines."""

    def lines(self) -> list[str]:
        """Return the lines, whether LF, CR LF or a lone CR ends them."""
        return text_lines(self.data.decode("latin-1"))

    @property
    def warnings(self) -> Warnings:
        """A warning of a last line without a line end, which may be the middle of a line."""
        if not self.data or self.data[-1:] in b"\r\n":
            return ()
        lines = self.lines()
        if not words_in(lines[-1]):
            return ()
        return (f"{self.where} ends in the middle of a line (line {len(lines)}); see whether it is whole",)


def read_text(path: Path, what: str, remedy: str) -> TextFile:
    """Return a text input.

    Args:
        what: its name in messages.
        remedy: the option to give.

    Raises:
        InputError: if it cannot be read or is no plain text.
    """
    file = TextFile(f"{what} '{path}'", read_bytes(path, what, remedy))
    foreign = foreign_encoding(file.data)
    if foreign is not None:
        raise InputError(f"{file.where} is {foreign}; save it as plain text, ASCII or UTF-8 without a mark")
    return file


def words_in(line: str, separators: re.Pattern[str] = BLANKS) -> list[str]:
    """Return the words of a line."""
    return [word for word in separators.split(line) if word]


def refuse_comment(where: str, line: str, word: str) -> None:
    """Raise InputError if a word that is no number begins a comment, or its line is a comment or a heading.

    Args:
        where: file and line in messages.
    """
    start = line.lstrip(" \t\v\f")
    if COMMENT.match(word) or COMMENT.match(start) or HEADING.match(start):
        raise InputError(
            f"{where}: '{line[:EXCERPT]}' is a comment or a heading; take it out, only numbers are read"
        )
