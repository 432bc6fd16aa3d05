"""Foreign text as each medium can show it: terminal, Markdown, XML, JSON.

Names of files, messages of other programs, notes and names in logs may hold control characters, bytes that
are no text, or markup. They are shown, never obeyed.
"""

from __future__ import annotations

import html
import json
import unicodedata
from collections.abc import Mapping
from typing import Any

HIDDEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Co", "Cn"})
"""Unicode categories of characters that steer a terminal or cannot be seen."""
SURROGATE = "Cs"
ESCAPED_BYTES = range(0xDC80, 0xDD00)
MARKDOWN_SPECIAL = frozenset("\\`*_{}[]()<>#+!|~$@&")


def printable(text: str | bytes, *, lines: bool = False) -> str:
    """Return text that a terminal shows as it stands: what it would obey or cannot show is escaped.

    Args:
        text: any text; bytes are read as UTF-8.
        lines: keep line feeds.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    return "".join(char if lines and char == "\n" else _shown(char) for char in text)


def _shown(char: str) -> str:
    if char.isprintable():
        return char
    code, category = ord(char), unicodedata.category(char)
    if code in ESCAPED_BYTES:
        return f"\\x{code - 0xDC00:02x}"
    if category == SURROGATE or category in HIDDEN:
        return char.encode("unicode_escape", "surrogatepass").decode("ascii")
    return char


def markdown_text(text: str | bytes) -> str:
    """Return text for one line or one cell of Markdown, without effect as markup."""
    return "".join(f"&#{ord(char)};" if char in MARKDOWN_SPECIAL else char for char in printable(text))


def xml_text(text: str | bytes, *, lines: bool = False) -> str:
    """Return text for an element or a quoted attribute of XML or HTML."""
    return html.escape(printable(text, lines=lines), quote=True)


def json_text(value: Mapping[str, Any], indent: int | None = 2) -> str:
    """Return `value` as JSON that is valid UTF-8; a byte of a file name that is no text becomes its \\udcXX.

    Raises:
        ValueError: a number is not finite; an undefined number must be None.
    """
    text = json.dumps(value, indent=indent, allow_nan=False, ensure_ascii=False)
    return "".join(f"\\u{ord(char):04x}" if "\ud800" <= char <= "\udfff" else char for char in text) + "\n"
