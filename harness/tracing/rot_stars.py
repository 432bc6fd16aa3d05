"""Reciprocal vectors of the rotated cell, derived from the direct ones that a trace has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trace_tools.arrays import Floats

DIRECT = tuple(f"rot_{axis}_angstroms" for axis in "abc")
STARS = tuple(f"rot_{axis}_star_A_inv" for axis in "abc")
FORMULA = "V = a . (b x c) of the rotated cell; a* = (b x c)/V, b* = (c x a)/V, c* = (a x b)/V"


def star_graph() -> dict[str, list[dict[str, object]]]:
    """Return the tap graph of the derived taps, as `trace-diff --graph` reads it."""
    common = {"level": "phi", "size": 3, "kind": "float", "unit": "1/Angstrom", "inputs": list(DIRECT)}
    return {"taps": [{"name": name, **common, "formula": FORMULA} for name in STARS]}


def reciprocal(a: Floats, b: Floats, c: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the reciprocal vectors of a cell.

        a* = (b x c)/V,  b* = (c x a)/V,  c* = (a x b)/V,  V = a . (b x c)

    Args:
        a: vector [3] in Angstrom.
        b: vector [3] in Angstrom.
        c: vector [3] in Angstrom.

    Returns:
        Three vectors [3] in 1/Angstrom.
    """
    bc, ca, ab = np.cross(b, c), np.cross(c, a), np.cross(a, b)
    volume = float(np.dot(a, bc))
    return bc / volume, ca / volume, ab / volume


def with_rot_stars(log: bytes) -> bytes:
    """Return a trace with the reciprocal vectors of each phi step behind its direct ones."""
    return b"".join(_lines(log))


def _lines(log: bytes) -> Iterator[bytes]:
    cell: dict[str, Floats] = {}
    for line in log.splitlines(keepends=True):
        yield line
        prefix, _, rest = line.decode("utf-8", "replace").partition(" ")
        name, _, rest = rest.partition(" ")
        if name not in DIRECT or not line.endswith(b"\n"):
            continue
        values, _, context = rest.partition("|")
        cell[name] = np.array([float(word) for word in values.split()])
        if name == DIRECT[-1] and len(cell) == len(DIRECT):
            for star, vector in zip(STARS, reciprocal(*(cell[part] for part in DIRECT)), strict=True):
                numbers = " ".join(f"{value:.17g}" for value in vector)
                yield f"{prefix} {star} {numbers} |{context}".encode()
            cell = {}
