"""Input files of the tiny runs, made here: headers, matrices, reflections, dumps and sources."""

from __future__ import annotations

import struct

SIDE = 8
"""Pixels of a tiny image along each axis."""


def smv(zeros: int = 0, **keys: str) -> bytes:
    """Return an SMV file of 8 x 8 pixels with these keys; its first pixels are 0, the others 1."""
    fields = {"SIZE1": str(SIDE), "SIZE2": str(SIDE), "PIXEL_SIZE": "0.4", **keys}
    text = "{\nHEADER_BYTES=512;\n" + "".join(f"{key}={value};\n" for key, value in fields.items()) + "}\f"
    return text.encode("ascii").ljust(512) + b"\0\0" * zeros + b"\1\0" * (SIDE * SIDE - zeros)


def hkl_box(limit: int) -> bytes:
    """Return a reflection file of all indices up to a limit, with uneven structure factors."""
    span = range(-limit, limit + 1)
    rows = (f"{h} {k} {i} {20 + (7 * h + 13 * k + 29 * i) % 31}\n" for h in span for k in span for i in span)
    return "".join(rows).encode("ascii")


def flat_dump(limit: int, value: float) -> bytes:
    """Return a dump file that holds one structure factor everywhere."""
    head = (f"{-limit} {limit} " * 3).strip()
    return head.encode("ascii") + b"\n\f" + struct.pack("<d", value) * (2 * limit + 2) ** 3


MATRIX = b"0.0109 -0.0072 -0.0031\n-0.0061 -0.0103 0.0017\n0.0044 -0.0011 -0.0122\n"
LEFT_HANDED = b"-0.0109 0.0072 0.0031\n0.0061 0.0103 -0.0017\n-0.0044 0.0011 0.0122\n"
SOURCES = b"-10 0 0 1\n-10 0.2 0.1 3\n"
TABLE = b"0.1 1\n0.2 2\n"
