"""The floor of images: how far rounding alone moves a pixel, of its own value, in each arithmetic."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

PACKAGED = "data/image_floor.json"


@dataclass(frozen=True)
class ImageFloor:
    """The floor of one arithmetic.

    bound: largest difference of a pixel that counts as rounding, in parts of its own value; measured,
    held_out: the largest in the images that the bound was made from, and in those that it was tried on;
    bits: whether equal programs give equal bits, so that unequal pixels are worth a word.
    """

    bound: float
    measured: float
    held_out: float
    bits: bool


@lru_cache(maxsize=1)
def image_floors() -> dict[str, ImageFloor]:
    """Return the measured floor of each arithmetic: float64, mixed, float32."""
    text = resources.files("harness.images").joinpath(PACKAGED).read_text(encoding="utf-8")
    return {name: ImageFloor(**row) for name, row in json.loads(text)["arithmetics"].items()}


def floor_of(arithmetic: str) -> ImageFloor:
    """Return the floor of an arithmetic.

    Raises:
        KeyError: for one that was not measured.
    """
    return image_floors()[arithmetic]
