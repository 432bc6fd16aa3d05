"""What a run left, and the value that a look takes out of it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.probing.row import NOISE_NAME, PREVIEW_NAME
from harness.programs.run import FLOAT_NAME, INT_NAME, TRACE_NAME
from system_io.files import irregular

Seen = NDArray[np.float32] | bytes | float | str | None
"""None: there is nothing to look at, since the run was refused or did not write it."""
KEPT = (FLOAT_NAME, INT_NAME, NOISE_NAME, PREVIEW_NAME, TRACE_NAME)
MOST_BYTES = 1 << 20
OWN, OF_MAXIMUM = 2e-6, 1e-9
"""Largest difference of a pixel of one state by rounding: of its own value, and of the brightest pixel."""
SIX_DIGITS = 6e-6
PRINTED: Mapping[str, str] = {
    "phisteps": r"(\d+) phi steps",
    "maximum at": r"max_I = \S+ +at (\S+)",
    "rmsd": r"rmsd= *(\S+)",
    "rms": r"rms= *(\S+)",
    "solid angle": r"detector = (\S+) steradian",
    "stol": r"stol\S* +\S+ +(\S+)",
}
"""Numbers on standard output by name: the group of a pattern."""


@dataclass(frozen=True)
class Left:
    """What a run left: how it ended, what it printed, and its files by name."""

    failure: str | None
    stdout: bytes = b""
    stderr: bytes = b""
    files: Mapping[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path, failure: str | None, stdout: bytes, stderr: bytes) -> Left:
        """Return what lies in the folder of a run."""
        found = {}
        for name in KEPT:
            path = folder / name
            if path.exists() and not irregular(path) and path.stat().st_size <= MOST_BYTES:
                found[name] = path.read_bytes()
        return cls(failure, stdout, stderr, found)

    @property
    def image(self) -> NDArray[np.float32] | None:
        """Return the float image as a row of pixels, None if there is none of 4-byte floats."""
        raw = self.files.get(FLOAT_NAME)
        return None if not raw or len(raw) % 4 or self.failure else np.frombuffer(raw, "<f4")


def _image(left: Left, _: str) -> Seen:
    return left.image


def _file(name: str) -> Callable[[Left, str], Seen]:
    return lambda left, _: left.files.get(name)


def _counts(left: Left, _: str) -> Seen:
    """Return the pixels of the integer image, which are its last bytes."""
    image, raw = left.image, left.files.get(INT_NAME)
    return None if image is None or raw is None else raw[-2 * image.size :]


def _noise(left: Left, _: str) -> Seen:
    image, raw = left.image, left.files.get(NOISE_NAME)
    return None if image is None or raw is None else raw[-2 * image.size :]


def _whole(left: Left, _: str) -> Seen:
    """Return whether the header of the integer image is as long as it says."""
    image, raw = left.image, left.files.get(INT_NAME)
    stated = re.search(rb"HEADER_BYTES=\s*(\d+)", raw or b"")
    if image is None or raw is None or stated is None:
        return None
    return float(len(raw) == int(stated[1]) + 2 * image.size)


def _header(left: Left, key: str) -> Seen:
    """Return what stands behind a key in the header of the integer image, with its semicolon."""
    raw = left.files.get(INT_NAME)
    if raw is None:
        return None
    found = re.search(rf"^{key}=(.*)$", raw[:1024].decode("latin-1"), re.MULTILINE)
    return _number(found[1]) if found else "absent"


def _number(text: str) -> float | str:
    plain = text.strip().rstrip(";")
    return float(plain) if re.fullmatch(r"[-+.\deE]+", plain) and plain != text.strip() else text.strip()


def _printed(left: Left, name: str) -> Seen:
    """Return a number that was printed."""
    found = re.search(PRINTED[name].encode("ascii"), left.stdout)
    try:
        return float(found[1]) if found else None
    except ValueError:
        return None


def _lines(left: Left, text: str) -> Seen:
    """Return whether a text was printed."""
    return float(text.encode("ascii") in left.stdout)


def _made(left: Left, name: str) -> Seen:
    """Return whether a file was written."""
    return float(name in left.files)


LOOKS: Mapping[str, Callable[[Left, str], Seen]] = {
    "image": _image,
    "counts": _counts,
    "noise": _noise,
    "preview": _file(PREVIEW_NAME),
    "whole counts": _whole,
    "header": _header,
    "printed": _printed,
    "said": _lines,
    "made": _made,
}


def looked(left: Left, look: str) -> Seen:
    """Return the value that a look takes: the name of one of `LOOKS`, with what follows it for an argument.

    Raises:
        KeyError: there is no such look.
    """
    if look in LOOKS:
        return LOOKS[look](left, "")
    name, _, rest = look.partition(" ")
    return LOOKS[name](left, rest)


def equal_bits(one: Seen, other: Seen) -> bool:
    """Tell whether two values are equal to the last bit."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        both = isinstance(one, np.ndarray) and isinstance(other, np.ndarray)
        return both and np.asarray(one).tobytes() == np.asarray(other).tobytes()
    return one == other


def near(one: Seen, other: Seen) -> bool:
    """Tell whether two values differ by no more than rounding in another build."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        if one.shape != other.shape or not (np.isfinite(one).all() and np.isfinite(other).all()):
            return equal_bits(one, other)
        sizes = np.maximum(np.abs(one), np.abs(other)).astype(np.float64)
        apart = np.abs(one.astype(np.float64) - other.astype(np.float64))
        return bool((apart <= OWN * sizes + OF_MAXIMUM * sizes.max(initial=0.0)).all())
    if isinstance(one, float) and isinstance(other, float):
        if not (math.isfinite(one) and math.isfinite(other)):
            return one == other
        return abs(one - other) <= SIX_DIGITS * max(abs(one), abs(other))
    return equal_bits(one, other)
