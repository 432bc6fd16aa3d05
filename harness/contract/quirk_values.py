"""What declared quirks may change: pixels on which the C reference with and without them differs.

Where a program gives the image of the reference in all other pixels, it is held to the values of the
reference in these, too: with the quirks or without, the same for the whole image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from harness.arrays import FloatImage
from harness.contract.rules import DeclaredQuirk, Mask, unequal_bits
from harness.images.metrics import own_differences

ON, OFF = "on", "off"
STATES: Mapping[str, str] = {"0": OFF, "1": ON}


@dataclass(frozen=True)
class QuirkJudgement:
    """Pixels that declared quirks may change, and how far their values are known.

    Attributes:
        changed: pixels that they change in the reference [slow, fast].
        allowed: pixels in which either value that a program may have is one of theirs.
        foreign: pixels that the quirks change, and whose values are none of theirs.
        said: of each side, in words, which quirks it has, or why its values are not held.
        held: whether the values of both sides are held to the reference.
    """

    changed: Mask
    allowed: Mask
    foreign: Mask
    said: tuple[str, ...]
    held: bool


def codes(count: int) -> list[str]:
    """Return the states of some quirks together, a digit each: 0 off, 1 on."""
    return ["".join(digits) for digits in product("01", repeat=count)]


def switches(rules: tuple[DeclaredQuirk, ...], code: str) -> list[str]:
    """Return the switches ID=on or ID=off of a state of the quirks of some rules."""
    return [f"{rule.quirk}={STATES[digit]}" for rule, digit in zip(rules, code, strict=True)]


def quirk_judgement(
    rules: tuple[DeclaredQuirk, ...],
    images: Mapping[str, FloatImage],
    sides: Mapping[str, FloatImage],
    bound: float,
) -> QuirkJudgement:
    """Return which pixels declared quirks may change.

    Args:
        rules: the quirks.
        images: of the reference, by the state of the quirks (`codes`); the region of the sides.
        sides: images of both sides [slow, fast].
        bound: how far rounding may move a pixel, of its own value.
    """
    every = list(images.values())
    changed = np.zeros(every[0].shape, np.bool_)
    for image in every[1:]:
        changed |= unequal_bits(every[0], image)
    foreign = np.zeros_like(changed)
    said, held = [], True
    for side, image in sides.items():
        if not _equal(image, every[0], bound, exact=False)[~changed].all():
            said.append(f"{side}: values not held, since it differs from the C reference elsewhere, too")
            held = False
            continue
        exact = bool(_equal(image, every[0], bound, exact=True)[~changed].all())
        fits = {code: _equal(image, one, bound, exact=exact) for code, one in images.items()}
        best = max(fits, key=lambda code: int(np.count_nonzero(fits[code][changed])))
        foreign |= changed & ~fits[best]
        how = "bit for bit" if exact else f"within {bound:.2g}"
        said.append(f"{side}: {', '.join(switches(rules, best))}, {how}")
    return QuirkJudgement(changed, changed & ~foreign, foreign, tuple(said), held)


def _equal(one: FloatImage, other: FloatImage, bound: float, *, exact: bool) -> Mask:
    """Return where two images are equal: bit for bit, or within rounding of their own value."""
    same = ~unequal_bits(one, other)
    if exact:
        return same
    with np.errstate(invalid="ignore", over="ignore"):
        near = own_differences(one.astype(np.float64), other.astype(np.float64)) <= bound
    return np.asarray(same | near)
