"""Packs two float32 images so that a browser gets true values from a page of limited size.

The bits of the first image and the distance of the second from it (in float32 steps, folded to a number that
is not negative) are each cut into a high and a low half of 16 bits, split into bytes and zlib-compressed. The
mantissas of a simulated image cannot be compressed. Where a page would be too large, the low halves are kept
only for pixels at or above a threshold; the reader is told that the others are rounded.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.arrays import FloatImage

Bits = NDArray[np.uint32]
PACKED_LIMIT_BYTES = 14 << 20
LEVEL = 6


@dataclass(frozen=True)
class PackLevel:
    """What is kept: the brightest fraction in full, exact steps for all (`fine`); bits cut off the others."""

    fraction: float
    fine: bool = True
    cut_bits: int = 0


LEVELS = (
    PackLevel(1.0), PackLevel(0.5), PackLevel(0.25), PackLevel(0.12), PackLevel(0.05),
    PackLevel(0.05, fine=False), PackLevel(0.02, fine=False, cut_bits=20),
    PackLevel(0.005, fine=False, cut_bits=22),
)  # fmt: skip


@dataclass(frozen=True)
class Packed:
    """Two packed images: facts for the reader and the base64 texts by name."""

    facts: dict[str, Any]
    blobs: dict[str, str]

    @property
    def size(self) -> int:
        """Return the number of characters."""
        return sum(map(len, self.blobs.values()))


def packed_text(content: bytes) -> str:
    """Return bytes zlib-compressed in base64."""
    return base64.b64encode(zlib.compress(content, LEVEL)).decode("ascii")


def packed_json(value: Any) -> str:
    """Return plain data as JSON, zlib-compressed in base64."""
    return packed_text(json.dumps(value, allow_nan=False).encode())


def ordered(image: FloatImage) -> NDArray[np.int64]:
    """Return float32 values as whole numbers in the same order, neighbours one apart, -0 below 0."""
    bits = np.ascontiguousarray(image).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -1 - (bits & 0x7FFFFFFF), bits)


def folded_distance(first: FloatImage, second: FloatImage) -> Bits:
    """Return the steps from first to second modulo 2^32, folded: 0, -1, 1, -2 become 0, 1, 2, 3."""
    steps = (ordered(second) - ordered(first)).astype(np.int32).astype(np.int64)
    return np.where(steps < 0, -2 * steps - 1, 2 * steps).astype(np.uint32)


def pack_images(first: FloatImage, second: FloatImage, limit: int = PACKED_LIMIT_BYTES) -> Packed:
    """Pack two images of one shape, as many pixels with their full value as the limit allows.

    Args:
        first: reference image [slow, fast].
        second: judged image [slow, fast].
        limit: characters that the packed images may take.

    Returns:
        The packed images: in full if they fit, else the brightest pixels in full.
    """
    for level in LEVELS:
        packed = _pack(first, second, level)
        if packed.size <= limit:
            break
    return packed


def _pack(first: FloatImage, second: FloatImage, level: PackLevel) -> Packed:
    sides = [np.array(image, dtype=np.float32).view(np.uint32).ravel() for image in (first, second)]
    high = (sides[0] >> 16) & 0x7FFF
    threshold = 0 if level.fraction == 1.0 else int(np.quantile(high, 1.0 - level.fraction, method="higher"))
    kept = high >= threshold
    for bits in sides:
        bits[~kept] &= np.uint32(0xFFFFFFFF << level.cut_bits & 0xFFFFFFFF)
    bits = sides[0]
    folded = folded_distance(*(side.view(np.float32) for side in sides))
    low_distance = folded if level.fine else folded[kept]
    blobs = {
        "first-high": _halves(bits >> 16),
        "first-low": _halves(bits[kept]),
        "steps-high": _halves(folded >> 16),
        "steps-low": _halves(low_distance),
    }
    facts = {"threshold": threshold, "fine": level.fine, "kept": int(kept.sum()), "pixels": bits.size}
    return Packed(facts | {"shape": list(first.shape), "digits": 1 if level.cut_bits else 2}, blobs)


def _halves(values: NDArray[Any]) -> str:
    """Return the low 16 bits of each value as two planes of bytes, high bytes first."""
    planes = [(values >> 8) & 0xFF, values & 0xFF]
    return packed_text(b"".join(plane.astype(np.uint8).tobytes() for plane in planes))
