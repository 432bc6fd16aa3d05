"""Text of C and C++ sources: comments, bodies of functions, statements, told by brackets alone."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_PIECE = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_OPENING, _CLOSING = "([{", ")]}"
_BEHIND_HEAD = re.compile(r"(?:\s|\b(?:const|noexcept|override|final)\b)*\{")


def without_comments(text: str) -> str:
    """Return a source in which each character of a comment is a blank; lines stay where they are."""

    def blank(found: re.Match[str]) -> str:
        piece = found[0]
        return re.sub(r"[^\n]", " ", piece) if piece.startswith("/") else piece

    return _PIECE.sub(blank, text)


def _without_strings(text: str) -> str:
    return _PIECE.sub(lambda found: found[0][0] + " " * (len(found[0]) - 2) + found[0][-1], text)


@dataclass(frozen=True)
class Source:
    """One source file: its path as the debugger knows it, and its text."""

    path: str
    text: str

    @cached_property
    def code(self) -> str:
        """Return the text without comments."""
        return without_comments(self.text)

    @cached_property
    def bare(self) -> str:
        """Return the text without comments and without what stands in strings, for counting brackets."""
        return _without_strings(self.code)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    def line_at(self, offset: int) -> int:
        """Return the number of the line of an offset, from 1."""
        return bisect_right(self._starts, offset)

    def start_of(self, number: int) -> int:
        """Return the offset of the start of a line, from 1."""
        return self._starts[number - 1]

    def line(self, number: int) -> str:
        """Return one line, from 1, without blanks around it."""
        lines = self.text.splitlines()
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""

    def bodies(self, function: str) -> Iterator[tuple[int, int]]:
        """Yield the offsets (start, end) of each definition of a function: its name, its last brace."""
        for found in re.finditer(rf"(?<![\w:.>]){re.escape(function)}\s*\(", self.bare):
            closed = self.closing(found.end() - 1)
            behind = _BEHIND_HEAD.match(self.bare, closed + 1) if closed is not None else None
            if behind:
                end = self.closing(behind.end() - 1)
                yield found.start(), len(self.bare) if end is None else end + 1

    def closing(self, offset: int) -> int | None:
        """Return the offset of the bracket that closes the one at an offset, None if there is none."""
        depth = 0
        for place in range(offset, len(self.bare)):
            letter = self.bare[place]
            if letter in _OPENING:
                depth += 1
            elif letter in _CLOSING:
                depth -= 1
                if depth == 0:
                    return place
        return None

    def statement_end(self, offset: int) -> int:
        """Return the offset of the semicolon, or of the brace, that ends the statement around an offset."""
        depth = 0
        for place in range(offset, len(self.bare)):
            letter = self.bare[place]
            if depth <= 0 and letter in ";{}":
                return place
            depth += (letter in "([") - (letter in ")]")
        return len(self.bare) - 1

    def functions(self) -> list[tuple[str, int, int]]:
        """Return name, first and last line of each function that is defined here."""
        found = []
        for head in re.finditer(r"(?<![\w:.>])([A-Za-z_]\w*)\s*\(", self.bare):
            if head[1] in ("if", "for", "while", "switch", "return", "sizeof"):
                continue
            for start, end in self.bodies(head[1]):
                if start == head.start():
                    found.append((head[1], self.line_at(start), self.line_at(end - 1)))
        return found
