"""One rule for text files: line ends, byte-order marks, encodings and NUL.

Logs are decoded whatever they are. Inputs of the two programs are bytes that both read alike, so that a file
which carries a mark or NUL is refused by name (`foreign_encoding`).
"""

from __future__ import annotations

import codecs

MARKS: tuple[tuple[bytes, str, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte-order mark"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
"""Byte-order marks, the codec that reads the file, and the name of the encoding."""
SAMPLE_BYTES = 4096
MOST = 0.8


def foreign_encoding(data: bytes) -> str | None:
    """Return the name of what makes these bytes no plain text, None for plain text."""
    for mark, _, name in MARKS:
        if data.startswith(mark):
            return name
    if _unmarked_utf16(data):
        return "UTF-16"
    return "binary (it has NUL bytes)" if b"\0" in data else None


def _unmarked_utf16(data: bytes) -> str | None:
    """Return the codec of UTF-16 text of Latin letters without a mark, None for anything else."""
    sample = data[: min(len(data), SAMPLE_BYTES) // 2 * 2]
    if not sample:
        return None
    zero = [sample[start::2].count(0) / (len(sample) // 2) for start in (0, 1)]
    if zero[1] >= MOST and not zero[0]:
        return "utf-16-le"
    return "utf-16-be" if zero[0] >= MOST and not zero[1] else None


def decoded(data: bytes) -> str:
    """Return the text of a file in UTF-8, UTF-16 or UTF-32; bytes that are no text stay as surrogates."""
    for mark, codec, _ in MARKS:
        if data.startswith(mark):
            return data.decode(codec, "surrogateescape" if codec == "utf-8-sig" else "replace")
    unmarked = _unmarked_utf16(data)
    return data.decode(unmarked, "replace") if unmarked else data.decode("utf-8", "surrogateescape")


def text_lines(text: str) -> list[str]:
    """Return the lines of a text, whether LF, CR LF or a lone CR ends them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
