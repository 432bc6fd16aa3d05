"""Output files read without trust: header entries, and the pixels or what is wrong with them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.outputs.request import NOISE_NAME, PGM_NAME, SMV_NAME

Entries = tuple[tuple[str, str], ...]
Counts = tuple[int, int]
"""Pixels along slow and fast."""
BLOCK_BYTES = 512
LONGEST_HEADER_BYTES = 1 << 16
BYTE_ORDERS: Mapping[str, str] = {"little_endian;": "<u2", "big_endian;": ">u2"}
START, PADDING, ORDER = "first byte of the pixels", "bytes behind the header", "order of the keys"
"""Entries for what a header says without a key."""
MISSING = "no such key"
PGM_HEAD = re.compile(rb"(P\d)\s((?:#[^\n]*\n)*)(\d+)\s+(\d+)\s((?:#[^\n]*\n)*)(\d+)\s", re.ASCII)


@dataclass(frozen=True, eq=False)
class ReadOutput:
    """Header entries of a file as they stand in it, and its pixels [slow, fast] or why there are none."""

    header: Entries
    pixels: NDArray[Any] | None
    trouble: str = ""


def read_smv_output(data: bytes, shape: Counts) -> ReadOutput:
    """Return an SMV image; a header longer than it says is read as it was written (spec 08)."""
    end = data.find(b"}\f", 0, LONGEST_HEADER_BYTES)
    if not data.startswith(b"{\n") or end < 0:
        return ReadOutput((), None, "is no SMV file: it has no header between { and }")
    lines = data[2:end].decode("latin-1").split("\n")
    entries = [(key, text) for key, _, text in (line.partition("=") for line in lines) if key]
    keys = dict(entries)
    stated = re.match(r"\d{1,6}", keys.get("HEADER_BYTES", ""))
    start = max(int(stated[0]) if stated else BLOCK_BYTES, end + 2)
    padding = data[end + 2 : start].decode("latin-1").strip(" ")
    entries += [(START, str(start)), *([(PADDING, repr(padding[:40]))] if padding else [])]
    pixels, trouble = _pixels(
        data, start, np.dtype(BYTE_ORDERS.get(keys.get("BYTE_ORDER", ""), "<u2")), shape
    )
    return ReadOutput(tuple(entries), pixels, trouble)


def read_pgm_output(data: bytes, shape: Counts) -> ReadOutput:
    """Return a preview."""
    head = PGM_HEAD.match(data[:LONGEST_HEADER_BYTES])
    if head is None:
        return ReadOutput((), None, "is no PGM file: it does not start with P5, width, height and maximum")
    texts = [part.decode("latin-1").strip() for part in head.groups()]
    names = ("kind", "comment", "width", "height", "comment", "maximum")
    entries = tuple((name, text) for name, text in zip(names, texts, strict=True) if text)
    pixels, trouble = _pixels(data, head.end(), np.dtype("u1"), shape)
    return ReadOutput(entries, pixels, trouble)


def _pixels(data: bytes, start: int, kind: np.dtype[Any], shape: Counts) -> tuple[NDArray[Any] | None, str]:
    wanted = start + shape[0] * shape[1] * kind.itemsize
    if len(data) != wanted:
        return None, f"has {len(data)} bytes, {wanted} are needed for {shape[0]} x {shape[1]} pixels"
    return np.frombuffer(data, kind, offset=start).reshape(shape), ""


READERS: Mapping[str, Callable[[bytes, Counts], ReadOutput]] = {
    SMV_NAME: read_smv_output,
    PGM_NAME: read_pgm_output,
    NOISE_NAME: read_smv_output,
}


def differing_entries(first: Entries, second: Entries) -> Iterator[tuple[str, str, str]]:
    """Yield name and both texts of header entries that are not alike, in the order of the first header."""
    texts = [_by_key(entries) for entries in (first, second)]
    for key in dict.fromkeys([*texts[0], *texts[1]]):
        one, other = (found.get(key, MISSING) for found in texts)
        if one != other:
            yield key, one, other
    if texts[0] == texts[1] and first != second:
        place = next(n for n in range(len(first)) if first[n] != second[n])
        yield ORDER, first[place][0], second[place][0]


def _by_key(entries: Entries) -> dict[str, str]:
    """Return the entries with a key for each place where it stands."""
    seen: Counter[str] = Counter()
    found = {}
    for key, text in entries:
        seen[key] += 1
        found[key if seen[key] == 1 else f"{key}, {seen[key]}. time"] = text
    return found
