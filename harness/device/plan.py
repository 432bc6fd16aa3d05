"""Which pieces a device is checked with, in the order of their value: the time may end after any of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from harness.bench.sides import CACHES
from harness.device.about import ARITHMETIC, COMPILER
from harness.device.gradient_checks import RUNS
from harness.device.pieces import Piece

ImageName = tuple[str, str, str]
"""Case, mode and number type."""
SPEED: Mapping[str, tuple[str, ...]] = {
    "cpu": ("authoritative", "domains-1000", "oversample-4"),
    "cuda": (
        "authoritative", "domains-1000", "fixed-cost", "domains-20000", "domains-1", "domains-10",
        "domains-100", "sources-phi", "oversample-4", "interpolation",
    ),
}  # fmt: skip
"""Cases that are timed unless others are named, for each type of device."""
COMPILE: Mapping[str, tuple[str, ...]] = {"cpu": ("off",), "cuda": ("off", "on")}
"""Ways in which images are made unless one is named, for each type of device."""
FIRST_TIMED = "mixed"
OTHERS_TIMED = ("authoritative", "domains-1000")
"""Cases that are timed in number types other than the first."""
SAME_CODE: Mapping[str, str] = {
    "domains-10": "domains-1000", "domains-100": "domains-1000", "domains-20000": "domains-1000",
    "fixed-cost": "domains-1",
}  # fmt: skip
"""Cases that need no other code than another one, which is compiled first then."""
ROUNDS, ROUNDS_LIMITED, ROUNDS_FIRST = 3, 1, 2
"""Of a timed case: without a budget, with one, and of the first case with one."""
MOST_JOBS = 8
AT_ONCE = 24
"""Compiled images of one process in one piece."""
FOREVER_S = 24 * 3600.0
ABOUT_S, FORMS_S, IMAGES_S, WARM_S, SPEED_S, GRADIENTS_S = 90.0, 120.0, 180.0, 200.0, 90.0, 120.0
"""Longest time of a piece where there is a budget."""
ALONE = {"TORCHINDUCTOR_COMPILE_THREADS": "1"}
"""Environment of processes that compile side by side."""


@dataclass(frozen=True)
class Wanted:
    """What is checked, and where."""

    device: str
    dtypes: tuple[str, ...]
    ways: tuple[str, ...]
    """"off", "on": without machine code, with it."""
    images: tuple[tuple[str, str], ...]
    """(case, mode)."""
    speed: tuple[str, ...]
    inputs: str
    """Folder with inputs/."""
    data: str
    """Folder with A.mat and scaled.hkl."""
    cache: str
    """Folder for machine code."""
    reference: str | None
    """Path of the C reference, None without one."""
    timed_reference: str | None
    """Path of the one that is timed."""
    rounds: int | None
    """Of a timed case, None for as many as there is time for."""
    jobs: int
    quick: bool
    limited: bool
    """Whether there is a budget, and pieces have limits."""

    def piece(
        self, name: str, kind: str, limit_s: float, parts: Sequence[Mapping[str, Any]] = (), **given: Any
    ) -> Piece:
        """Return a piece of work."""
        environ = {name: str(Path(self.cache, name.lower())) for name in CACHES}
        if len(parts) > 1:
            environ |= {"OMP_NUM_THREADS": "1", **ALONE}
        common = {"device": self.device, "environ": environ}
        return Piece(name, kind, {**common, **given}, limit_s if self.limited else FOREVER_S, parts)


def first_pieces(wanted: Wanted) -> list[Piece]:
    """Return the pieces that come first: what the device is, and what the images need."""
    abilities = [ARITHMETIC, *([COMPILER] if "on" in wanted.ways else [])]
    found = [wanted.piece("about the device", "about", ABOUT_S, abilities=abilities)]
    if "on" in wanted.ways and wanted.images:
        images = [(*image, dtype) for image in wanted.images for dtype in wanted.dtypes]
        parts = [{"images": share} for share in _shares(images, wanted.jobs)]
        found.append(wanted.piece("forms of stages", "forms", FORMS_S, parts, inputs=wanted.inputs))
    return found


def later_pieces(wanted: Wanted, forms: Mapping[ImageName, Sequence[str]]) -> list[Piece]:
    """Return all other pieces, the most valuable ones first.

    Args:
        wanted: what is checked.
        forms: that each image needs as machine code, as far as they are known.
    """
    order, needed = covering([(*image, dtype) for image in wanted.images for dtype in wanted.dtypes], forms)
    first = max(needed, (len(order) + 2) // 3)
    found: list[Piece] = []
    if "off" in wanted.ways:
        found += _images(wanted, "images, each form", order[:first], "off", len(order))
    found += _speed(wanted, first=True)
    if "on" in wanted.ways:
        found += _images(wanted, "compiled images", order[:needed], "on", AT_ONCE * wanted.jobs)
    found += _gradients(wanted)
    found += _speed(wanted, first=False)
    if "off" in wanted.ways:
        found += _images(wanted, "other images", order[first:], "off", len(order))
    if wanted.ways == ("on",):
        found += _images(wanted, "other compiled images", order[needed:], "on", AT_ONCE * wanted.jobs)
    return found


def covering(
    images: Sequence[ImageName], forms: Mapping[ImageName, Sequence[str]]
) -> tuple[list[ImageName], int]:
    """Return images, the first of which have every form, and how many these are; all if none is known."""
    if not forms:
        return list(images), len(images)
    missing = {form for image in images for form in forms.get(image, ())}
    rest, chosen = list(images), []
    while missing:
        best = max(rest, key=lambda image: len(missing.intersection(forms.get(image, ()))))
        missing -= set(forms[best])
        rest.remove(best)
        chosen.append(best)
    return [*chosen, *rest], len(chosen)


def _images(
    wanted: Wanted, name: str, images: Sequence[ImageName], way: str, at_once: int
) -> Iterator[Piece]:
    words = ["-device", wanted.device, "--compile", way]
    for start in range(0, len(images), max(1, at_once)):
        some = images[start : start + at_once]
        shown = name if len(images) <= at_once else f"{name} {start + 1} to {start + len(some)}"
        parts = [{"images": share} for share in _shares(sorted(some), wanted.jobs)]
        yield wanted.piece(
            shown, "images", IMAGES_S, parts, inputs=wanted.inputs, words=words, reference=wanted.reference
        )


def _speed(wanted: Wanted, first: bool) -> Iterator[Piece]:
    """Yield what times the cases in the number type that counts most, or in the others."""
    leading = FIRST_TIMED if FIRST_TIMED in wanted.dtypes else wanted.dtypes[0]
    pairs = [
        (case, dtype)
        for dtype in wanted.dtypes
        for case in wanted.speed
        if (dtype == leading) == first and (dtype == leading or case in OTHERS_TIMED or not wanted.limited)
    ]
    way = "on" if "on" in wanted.ways else "off"
    given: dict[str, Any] = {
        "folder": wanted.data, "reference": wanted.timed_reference, "quick": wanted.quick, "compile": way,
    }  # fmt: skip
    if way == "on" and pairs:
        parts = [
            {"case": case, "dtype": dtype, "rounds": 1}
            for case, dtype in pairs
            if (SAME_CODE.get(case), dtype) not in pairs
        ]
        name = f"compiling for {'the timed cases' if first else 'other number types'}"
        yield wanted.piece(name, "warm", WARM_S, parts, **given)
    for number, (case, dtype) in enumerate(pairs):
        given["rounds"] = wanted.rounds or _rounds(wanted.limited, first=first and number == 0)
        yield wanted.piece(f"{case}, {dtype}", "speed", SPEED_S, case=case, dtype=dtype, **given)
    if first and way == "on" and "off" in wanted.ways and pairs:
        case, dtype = pairs[0]
        given["compile"] = "off"
        yield wanted.piece(
            f"{case}, {dtype}, not compiled", "speed", SPEED_S, case=case, dtype=dtype, **given
        )


def _rounds(limited: bool, *, first: bool) -> int:
    if not limited:
        return ROUNDS
    return ROUNDS_FIRST if first else ROUNDS_LIMITED


def _gradients(wanted: Wanted) -> Iterator[Piece]:
    for way in wanted.ways:
        parts = [{"runs": share} for share in _shares(list(RUNS), wanted.jobs)]
        name = f"gradients, {'compiled' if way == 'on' else 'not compiled'}"
        yield wanted.piece(name, "gradients", GRADIENTS_S, parts, dtypes=wanted.dtypes, compile=way)


def _shares(things: Sequence[Any], count: int) -> list[list[Any]]:
    """Return things dealt out to so many, what belongs to one image together; none has an empty share."""
    hands: list[list[Any]] = [[] for _ in range(count)]
    for number, (_, group) in enumerate(groupby(things, key=_belongs)):
        hands[number % count] += group
    return [hand for hand in hands if hand]


def _belongs(thing: Any) -> Any:
    return thing if isinstance(thing, str) else tuple(thing[:2])


def jobs_for(device: str, asked: int | None, cores: int) -> int:
    """Return how many processes share a piece: as asked, else one on a processor, several on a device."""
    if asked is not None:
        return asked
    return 1 if device == "cpu" else max(1, min(MOST_JOBS, cores // 2))


def known_forms(rows: Iterable[Mapping[str, Any]]) -> dict[ImageName, list[str]]:
    """Return the forms of images that a piece has told of."""
    return {(row["image"][0], row["image"][1], row["image"][2]): row["forms"] for row in rows}
