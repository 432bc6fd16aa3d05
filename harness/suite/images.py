"""Reads the images that a nanoBragg program writes: float, SMV and PGM files with their header texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from golden_suite_generator.cases import FILE_NAMES
from harness.errors import HarnessError
from harness.suite.figures import LITTLE_ENDIAN, CaseImage


@dataclass(frozen=True)
class Outputs:
    """The images of one run by kind, [slow, fast], and the header texts of those that have one."""

    images: dict[str, CaseImage]
    headers: dict[str, str] = field(default_factory=dict)


def read_outputs(folder: Path, kinds: Sequence[str]) -> Outputs:
    """Return the images of a finished run.

    The shape comes from the integer image, which every run writes; its pixels follow the header text even
    where that is longer than the size it states (spec 08).

    Args:
        folder: where the run wrote its files.
        kinds: which images to read.

    Raises:
        HarnessError: an image is missing, or its size does not fit.
    """
    size = header_size(_bytes(folder, "int"))
    images, headers = {}, {}
    for kind in kinds:
        raw = _bytes(folder, kind)
        images[kind] = _pixels(raw, kind, size)
        if kind != "float":
            headers[kind] = header_of_image(raw, kind, size)
    return Outputs(images, headers)


def _bytes(folder: Path, kind: str) -> bytes:
    path = folder / FILE_NAMES[kind]
    if not path.is_file():
        raise HarnessError(f"no {kind} image '{path.name}' was written; see the output of the run")
    return path.read_bytes()


def header_size(smv: bytes) -> tuple[int, int]:
    """Return (slow, fast) of an SMV file.

    Raises:
        HarnessError: its text has no SIZE1 or SIZE2.
    """
    found = [re.search(rb"^SIZE%d=(\d+);" % axis, smv, re.MULTILINE) for axis in (2, 1)]
    if not all(found):
        raise HarnessError("integer image has no SIZE1 and SIZE2 in its header; it is no SMV file")
    slow, fast = (int(match[1]) for match in found if match)
    return slow, fast


def _pixels(raw: bytes, kind: str, size: tuple[int, int]) -> CaseImage:
    dtype = np.dtype(LITTLE_ENDIAN[kind])
    needed = size[0] * size[1] * dtype.itemsize
    if len(raw) < needed or (kind == "float" and len(raw) != needed):
        raise HarnessError(
            f"{kind} image has {len(raw)} bytes, {needed} are needed for {size[0]} x {size[1]} pixels"
        )
    return np.frombuffer(raw[len(raw) - needed :], dtype).reshape(size)


def header_of_image(raw: bytes, kind: str, size: tuple[int, int]) -> str:
    """Return the text before the pixels: of an SMV file up to its closing brace, of a PGM file all of it."""
    if kind == "pgm":
        return raw[: len(raw) - size[0] * size[1]].decode("latin1")
    return raw[: raw.index(b"}") + 1].decode("latin1")


def header_keys(text: str) -> list[str]:
    """Return the keys of an SMV header in order."""
    return re.findall(r"^([A-Z0-9_]+)=", text, re.MULTILINE)
