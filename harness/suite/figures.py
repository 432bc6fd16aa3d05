"""Figures of an image that stand for it in a table: hash, sums, maximum, and a fixed choice of pixels."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden_suite_generator.inputs.mixer import mixed

CaseImage = NDArray[Any]
SAMPLES = 16
SAMPLE_KEY = 61
LITTLE_ENDIAN: Mapping[str, str] = {"float": "<f4", "int": "<u2", "noise": "<u2", "pgm": "u1"}


def sha256_of(data: bytes) -> str:
    """Return the sha256 of bytes as hexadecimal digits."""
    return sha256(data).hexdigest()


def image_bytes(kind: str, image: CaseImage) -> bytes:
    """Return the pixels of an image as they stand in its file, little-endian, row by row."""
    return np.ascontiguousarray(image, dtype=LITTLE_ENDIAN[kind]).tobytes()


def sample_indices(case_id: str, kind: str, image: CaseImage) -> list[int]:
    """Return the flat indices (slow * fast pixels + fast) of the sampled pixels, ascending.

    The corners, the maximum, and pixels that the name of the case gives, every other one not zero.
    """
    count = int(image.size)
    columns = image.shape[1]
    chosen = {0, columns - 1, count - columns, count - 1, int(np.argmax(image))}
    seed = int(sha256_of(f"{case_id} {kind}".encode())[:15], 16)
    bright = np.flatnonzero(image > 0)
    for draw in range(SAMPLES):
        if len(chosen) >= min(SAMPLES, count):
            break
        word = mixed(SAMPLE_KEY, seed, draw)
        chosen.add(int(bright[word % bright.size]) if draw % 2 and bright.size else word % count)
    return sorted(chosen)


def pixel_text(kind: str, image: CaseImage, index: int) -> str:
    """Return one pixel: the eight hexadecimal digits of a 4-byte float, or a whole number."""
    value = image.ravel()[index]
    return np.array(value, ">f4").tobytes().hex() if kind == "float" else str(int(value))


def pixel_value(kind: str, text: str) -> float:
    """Return the value that `pixel_text` wrote."""
    return float(np.frombuffer(bytes.fromhex(text), ">f4")[0]) if kind == "float" else float(int(text))


def figures_of(case_id: str, kind: str, image: CaseImage) -> dict[str, Any]:
    """Return the figures of an image: shape, sha256, sum, maximum and its place, nonzero pixels, samples.

    Args:
        case_id: name of the case; it decides which pixels are sampled.
        kind: float, int, pgm or noise.
        image: [slow, fast].

    Returns:
        Plain data; `samples` is a text of index:value pairs.
    """
    wide = image.astype(np.float64)
    place = int(np.argmax(image))
    samples = {index: pixel_text(kind, image, index) for index in sample_indices(case_id, kind, image)}
    return {
        "shape": list(image.shape),
        "sha256": sha256_of(image_bytes(kind, image)),
        "sum": float(wide.sum()) if kind == "float" else int(wide.sum()),
        "max": float(wide.max()) if kind == "float" else int(wide.max()),
        "max_index": place,
        "nonzero": int(np.count_nonzero(image)),
        "samples": " ".join(f"{index}:{text}" for index, text in samples.items()),
    }


def samples_of(figures: Mapping[str, Any]) -> dict[int, str]:
    """Return the sampled pixels of `figures_of` by flat index."""
    pairs = (pair.split(":") for pair in str(figures["samples"]).split())
    return {int(index): text for index, text in pairs}
