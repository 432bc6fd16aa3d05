"""The text of a log as lines of one kind, whatever system, terminal or logger it went through."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from system_io.text import decoded, foreign_encoding
from trace_tools.errors import TraceError

LONGEST_LINE = 1 << 22
SAMPLE_BYTES = 4096
_PLAIN_TEXT = (None, "binary (it has NUL bytes)")
LONGEST_SEQUENCE = 64
_ESCAPE = 0x1B
_PARAMETERS, _PARAMETERS_END, _BETWEEN, _BETWEEN_END = b"0?" + b" /"
_TERMINAL = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
# where a record can begin inside a line: TRACE_C: ..., TRACE_PY_PHI ..., [TRACE_C] ..., TRACE_CONFIG: ...
_RECORD = re.compile(r"TRACE_(?:(C|PY)(_[A-Z0-9_]+)?(?:\s*[:\]>]+|(?<=_PHI)\s)|(CONFIG):)", re.IGNORECASE)
_BARE = re.compile(r"\s*TRACE_(?:(C|PY)(_[A-Z0-9_]+)?(?=\s|\Z)|([A-Z0-9_]+)(?::|(?=\s|\Z)))", re.IGNORECASE)
_FREE = re.compile(r"\s*TRACE:")
LOOKS_LIKE_A_RECORD = re.compile(r"TRACE_[A-Z][A-Z0-9_]*:|TRACE[ -](?:C|PY)\s*:", re.IGNORECASE)
SHOWN_LINES = 20


@dataclass(frozen=True)
class TraceLine:
    """One record line of a log.

    ``side`` is C or PY, empty for lines that name no program; ``family`` what stands between that and the
    colon; ``body`` the rest, with single blanks between its words.
    """

    number: int
    side: str
    family: str
    body: str

    @property
    def prefix(self) -> str:
        """The prefix as the contract writes it."""
        return f"TRACE_{self.side}:"

    @property
    def text(self) -> str:
        """The line as it is shown."""
        head = "_".join(part for part in ("TRACE", self.side, self.family) if part)
        return f"{head}: {self.body}" if self.body else head


def blocks(stream: BinaryIO, block_bytes: int, treated: Counter[str]) -> Iterator[bytes]:
    """Cut a stream into blocks of whole lines that end in LF; only the last block may lack it.

    Byte-order marks go, UTF-16 and UTF-32 become UTF-8, CR and CR LF become LF; NUL bytes and what steers a
    terminal are left out. ``treated`` counts each of these.

    Raises:
        TraceError: for a line that no trace can have.
    """
    rest = b""
    for chunk in _one_line_end(_plain(stream, block_bytes, treated), treated):
        cut = chunk.rfind(b"\n") + 1
        if cut == 0:
            rest += chunk
            if len(rest) > LONGEST_LINE:
                raise TraceError(
                    f"a line is longer than {LONGEST_LINE} bytes: this is no trace; give a text file"
                )
            continue
        yield _without_controls(rest + chunk[:cut], treated)
        rest = chunk[cut:]
    if rest:
        yield _without_controls(rest, treated)


def _plain(stream: BinaryIO, block_bytes: int, treated: Counter[str]) -> Iterator[bytes]:
    head = b""
    while len(head) < SAMPLE_BYTES and (more := stream.read(SAMPLE_BYTES - len(head))):
        head += more
    if (encoding := foreign_encoding(head)) not in _PLAIN_TEXT:
        treated[f"file in {encoding}, read as UTF-8"] += 1
        head = decoded(head + stream.read()).encode("utf-8", "surrogateescape")
    for start in range(0, len(head), block_bytes):
        yield head[start : start + block_bytes]
    while chunk := stream.read(block_bytes):
        yield chunk


def _one_line_end(chunks: Iterator[bytes], treated: Counter[str]) -> Iterator[bytes]:
    held = b""
    for chunk in chunks:
        if not held and b"\r" not in chunk:
            yield chunk
            continue
        chunk = held + chunk  # noqa: PLW2901
        treated["line end with CR, read as LF"] += chunk.count(b"\r") - len(held)
        held = b"\r" if chunk.endswith(b"\r") else b""
        yield chunk.removesuffix(held).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if held:
        yield b"\n"


def _without_controls(block: bytes, treated: Counter[str]) -> bytes:
    if b"\x1b" in block:
        block, count = _without_sequences(block) or _TERMINAL.subn(b"", block)
        treated["colour or other control of a terminal, left out"] += count
    if b"\0" in block:
        treated["NUL byte, left out"] += block.count(b"\0")
        block = block.replace(b"\0", b"")
    return block


def _without_sequences(block: bytes) -> tuple[bytes, int] | None:
    """Leave out what steers a terminal where all of it is as colours are; returns what is left and a count.

    None where something is of another form: then it is to be looked for one by one.
    """
    letters = np.frombuffer(block + bytes(LONGEST_SEQUENCE + 1), np.uint8)
    starts = np.flatnonzero(letters == _ESCAPE)
    ends = starts + 2
    for first, last in ((_PARAMETERS, _PARAMETERS_END), (_BETWEEN, _BETWEEN_END)):
        for _ in range(LONGEST_SEQUENCE // 2):
            more = (letters[ends] >= first) & (letters[ends] <= last)
            if not more.any():
                break
            ends += more
    final = letters[ends]
    whole = (letters[starts + 1] == ord("[")) & (final >= ord("@")) & (final <= ord("~"))
    if not whole.all():
        return None
    edges = np.column_stack([starts, ends + 1]).ravel()
    runs = np.diff(edges, prepend=0, append=len(block))
    kept = np.repeat(np.arange(len(runs)) % 2 == 0, runs)
    return letters[: len(block)][kept].tobytes(), len(starts)


def trace_lines(text: str, number: int) -> tuple[str, list[TraceLine]]:
    """Find the records in one line of a log.

    Returns:
        What stands in front of the first record (the whole line if there is none), and the records.
    """
    starts = list(_RECORD.finditer(text))
    bare = _BARE.match(text) or _FREE.match(text)
    if bare and not (starts and starts[0].start() <= bare.start() + len(bare[0]) - len(bare[0].lstrip())):
        starts.insert(0, bare)
    if not starts:
        return text, []
    ends = [*(found.start() for found in starts[1:]), len(text)]
    lines = [_line(found, text[found.end() : end], number) for found, end in zip(starts, ends, strict=True)]
    return text[: starts[0].start()].strip(), lines


def _line(found: re.Match[str], body: str, number: int) -> TraceLine:
    groups = found.groups() if found.re is not _FREE else ("", "", "")
    side, inner, other = (part or "" for part in groups)
    return TraceLine(number, side.upper(), (inner.lstrip("_") or other).upper(), " ".join(body.split()))


class Lines:
    """Counts lines and keeps the first of them."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, text: str) -> None:
        """Take one more."""
        self._count += 1
        if len(self.shown) < SHOWN_LINES:
            self.shown.append(text)

    def count(self, more: int) -> None:
        """Take more without keeping any."""
        self._count += more
