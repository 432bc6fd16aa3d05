"""Command lines as text that a shell runs exactly as they were, and that a terminal shows on one line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

TOKEN = re.compile(
    r"(?P<blank>[ \t\n]+)|\$'(?P<coded>(?:[^'\\]|\\.)*)'|'(?P<plain>[^']*)'"
    r'|"(?P<double>[^"\\$`!]*)"|(?P<bare>[^\s\'"\\$`;&|<>()#*?~!]+)',
    re.DOTALL,
)
CODE = re.compile(r"\\(?:x([0-9a-f]{2})|(.))", re.DOTALL)
PRINTABLE_BYTES = range(0x20, 0x7F)


def shell_text(words: Sequence[str]) -> str:
    """Return words quoted for a shell, on one line of plain text.

    A word with control characters, or bytes that are no text, is written as $'...' with \\xHH, which bash,
    ksh, zsh and shells of POSIX.1-2024 read; every other word as `shlex.quote` writes it.
    """
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    data = word.encode("utf-8", "surrogateescape")
    return "$'" + "".join(_coded(byte) for byte in data) + "'"


def _coded(byte: int) -> str:
    if byte in PRINTABLE_BYTES and chr(byte) not in "\\'":
        return chr(byte)
    return f"\\x{byte:02x}"


def shell_words(text: str) -> list[str]:
    """Return the words of a line that `shell_text` wrote.

    Raises:
        ValueError: it is something that `shell_text` does not write.
    """
    words: list[str] = []
    place, inside = 0, False
    while place < len(text):
        found = TOKEN.match(text, place)
        if found is None:
            raise ValueError(f"'{text[place : place + 20]}' is no quoted word")
        place = found.end()
        if found["blank"] is not None:
            inside = False
            continue
        part = _plain(found)
        if inside:
            words[-1] += part
        else:
            words.append(part)
        inside = True
    return words


def _plain(found: re.Match[str]) -> str:
    if found["coded"] is None:
        return next(found[name] for name in ("plain", "double", "bare") if found[name] is not None)
    data = CODE.sub(_decoded, found["coded"]).encode("latin-1")
    return data.decode("utf-8", "surrogateescape")


def _decoded(code: re.Match[str]) -> str:
    return chr(int(code[1], 16)) if code[1] else code[2]
