"""Which pixels a trace run looks at: named ones, or the worst of a comparison made before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BundleError, UsageError
from harness.images.metrics import own_differences
from harness.pairs.part import PairPart
from harness.programs.programs import DIALECTS, FILE_KIND, Program, first_program, program_at, second_program
from harness.programs.side_words import without_traces

TracedPixels = tuple[tuple[int, int], ...]
"""(slow, fast) of each."""


@dataclass(frozen=True)
class Compared:
    """What a result folder of nb-compare says: command line, mode, images, and the compared region.

    `caller` is the directory that relative names in `args` refer to, None where the folder does not say;
    `region` is (slow, fast) slices; `provenance` tells of each side which program it was; `settings` are
    number type, device and threads.
    """

    args: tuple[str, ...]
    caller: Path | None
    mode: str
    images: tuple[NDArray[np.float32], NDArray[np.float32]]
    region: tuple[slice, slice]
    provenance: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def read_compared(folder: Path) -> Compared:
    """Read a result folder of nb-compare.

    Raises:
        UsageError: it is none, or its two images cannot be compared pixel by pixel.
    """
    try:
        part = PairPart.load(folder)
        summary = part.summary
        images = part.first, part.second
        args = tuple(str(word) for word in summary["arguments"])
        mode = str(summary["parity_mode"])
        provenance = {side: dict(summary["runs"][side]["provenance"]) for side in ("c", "py")}
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
        without_traces(args), Path(caller) if caller else None, mode, (images[0], images[1]),
        _region(summary.get("region")), provenance, dict(summary.get("settings") or {}),
    )  # fmt: skip


def compared_program(compared: Compared, side: str, option: str, limit_s: float) -> Program:
    """Return the program that made one side of a comparison.

    Args:
        compared: the comparison.
        side: which one.
        option: what names another one, for messages.
        limit_s: longest time that it may take to say what it is, s.

    Raises:
        UsageError: the folder does not say, or it is not that program any more.
        ProgramError: it is not there, or the side is an image file.
    """
    facts = compared.provenance.get(side, {})
    kind, path = facts.get("kind"), str(facts.get("path"))
    if kind == FILE_KIND:
        raise UsageError(f"side {side} of --from is the image '{path}'; only programs trace, give {option} P")
    for key in ("sources_sha256", "binary_sha256"):
        if kind in DIALECTS and facts.get(key):
            program = _again(str(kind), path, key, option, limit_s)
            return _require_same(program, facts, key, side, option)
    raise UsageError(f"--from does not tell which program made side {side}; give {option} P")


def _again(kind: str, path: str, key: str, option: str, limit_s: float) -> Program:
    if key == "binary_sha256":
        return program_at(path, f"of --from; else give {option}", limit_s)
    return first_program(None, {}) if kind == "reference" else second_program(None)


def _require_same(program: Program, facts: Mapping[str, Any], key: str, side: str, option: str) -> Program:
    now = program.provenance.get(key)
    if now == facts[key]:
        return program
    raise UsageError(
        f"{program.title} '{facts.get('path')}' is not the one that made side {side} of --from any more "
        f"({key} {str(now)[:12]}, not {str(facts[key])[:12]}); compare again, or give {option} P"
    )


def _region(region: dict[str, int] | None) -> tuple[slice, slice]:
    if not region:
        return slice(None), slice(None)
    return (
        slice(region["y_min"], region["y_max"] + 1),
        slice(region["x_min"], region["x_max"] + 1),
    )


def worst_pixels(compared: Compared, count: int) -> TracedPixels:
    """Return the pixels that differ most, of their own value, among equal ones the brightest; worst first.

    A pixel that is no number on one side only comes before all others.
    """
    first, second = (image[compared.region].astype(np.float64) for image in compared.images)
    difference = own_differences(first, second)
    brightness = np.nan_to_num(np.maximum(np.abs(first), np.abs(second)))
    order = np.lexsort((-brightness.ravel(), -difference.ravel()))[:count]
    slow, fast = np.unravel_index(order, difference.shape)
    offset = [part.start or 0 for part in compared.region]
    pairs = zip(slow.tolist(), fast.tolist(), strict=True)
    return tuple((s + offset[0], f + offset[1]) for s, f in pairs)
