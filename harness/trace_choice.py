"""Which pixels a trace run looks at: named ones, or the worst of a comparison made before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import BundleError, UsageError
from harness.part import Part

Pixels = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Compared:
    """What a result folder of nb-compare says: command line, mode, images, and the compared region.

    `caller` is the directory that relative names in `args` refer to, None where the folder does not say;
    `region` is (slow, fast) slices.
    """

    args: tuple[str, ...]
    caller: Path | None
    mode: str
    images: tuple[NDArray[np.float32], NDArray[np.float32]]
    region: tuple[slice, slice]


def read_compared(folder: Path) -> Compared:
    """Read a result folder of nb-compare.

    Raises:
        UsageError: it is none, or its two images cannot be compared pixel by pixel.
    """
    try:
        part = Part.load(folder)
        summary = part.summary
        images = part.first, part.second
        args = tuple(str(word) for word in summary["arguments"])
        mode = str(summary["parity_mode"])
    except (BundleError, OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"--from '{folder}' is no result of nb-compare with two images ({reason}); name the folder that "
            "nb-compare wrote"
        ) from error
    if images[0].shape != images[1].shape:
        raise UsageError(
            f"--from '{folder}': the images have the shapes {images[0].shape} and {images[1].shape}; "
            "name pixels with --pixel"
        )
    caller = summary.get("caller")
    return Compared(
        args, Path(caller) if caller else None, mode, (images[0], images[1]), _region(summary.get("region"))
    )


def _region(region: dict[str, int] | None) -> tuple[slice, slice]:
    if not region:
        return slice(None), slice(None)
    return (
        slice(region["y_min"], region["y_max"] + 1),
        slice(region["x_min"], region["x_max"] + 1),
    )


def worst_pixels(compared: Compared, count: int) -> Pixels:
    """Return the pixels with the largest differences, among equal ones the brightest; worst first."""
    first, second = (image[compared.region].astype(np.float64) for image in compared.images)
    with np.errstate(invalid="ignore"):
        difference = np.abs(first - second)
    same = (first == second) | (np.isnan(first) & np.isnan(second))
    difference = np.where(same, 0.0, np.nan_to_num(difference, nan=np.inf))
    brightness = np.nan_to_num(np.maximum(np.abs(first), np.abs(second)))
    order = np.lexsort((-brightness.ravel(), -difference.ravel()))[:count]
    slow, fast = np.unravel_index(order, difference.shape)
    offset = [part.start or 0 for part in compared.region]
    pairs = zip(slow.tolist(), fast.tolist(), strict=True)
    return tuple((s + offset[0], f + offset[1]) for s, f in pairs)
