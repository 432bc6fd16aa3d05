"""Which pixels of two images differ, which of them are declared, and which ones are to be traced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.arrays import FloatImage
from harness.contract.quirk_values import QuirkJudgement, codes, quirk_judgement
from harness.contract.rules import Contract, Mask, Pixel, unequal_bits
from harness.images.compare import ImageComparison, Region
from harness.images.metrics import own_differences
from harness.sides import SIDES
from trace_tools.arrays import Index

DRAWN, EQUAL_DRAWN = 4, 2
"""Pixels that are traced beside the first and the worst one: drawn of those that differ, and equal ones."""


@dataclass(frozen=True)
class ContractEvidence:
    """What further runs gave for a contract.

    Attributes:
        quirks: whole images of the C reference by the state of the declared quirks.
        logs: traces of the chosen pixels by side, and of the C reference by the state of the quirks.
        troubles: why a run gave nothing, in words.
    """

    quirks: Mapping[str, FloatImage] = field(default_factory=dict)
    logs: Mapping[str, bytes] = field(default_factory=dict)
    troubles: tuple[str, ...] = ()


NO_EVIDENCE = ContractEvidence()
"""Of a contract that needs no further runs."""


@dataclass(frozen=True)
class PixelJudgement:
    """Which pixels of the compared region differ, and which of them a rule about pixels or quirks allows.

    Attributes:
        differ, allowed: masks of the region [slow, fast]; `allowed` of pixels with any value.
        by_rule: of each rule the pixels that it allows.
        quirks: what the declared quirks may change, None without.
        origin: (slow, fast) of the first pixel of the region.
    """

    differ: Mask
    allowed: Mask
    by_rule: Mapping[str, Mask]
    quirks: QuirkJudgement | None
    origin: Pixel

    @property
    def open(self) -> Mask:
        """Return the pixels that differ and that no such rule allows."""
        declared = self.allowed if self.quirks is None else self.allowed | self.quirks.allowed
        return np.asarray(self.differ & ~declared)

    def place(self, index: Sequence[int] | Index) -> Pixel:
        """Return (slow, fast) in the whole image of a pixel of the region."""
        return int(index[0]) + self.origin[0], int(index[1]) + self.origin[1]


def can_judge(compared: ImageComparison) -> bool:
    """Tell whether two images can be held to each other bit for bit: of one shape, with contrast."""
    if compared.first is None or compared.second is None:
        return False
    return any(bool((image != image.flat[0]).any()) for image in (compared.first, compared.second))


def judged_pixels(
    contract: Contract, compared: ImageComparison, shape: tuple[int, int], evidence: ContractEvidence
) -> PixelJudgement:
    """Return which pixels differ and what is declared about them.

    Args:
        contract: the rules.
        compared: both images, as far as they are compared.
        shape: of the whole image (slow, fast).
        evidence: with the images of declared quirks.

    Raises:
        UsageError: a rule names no pixel of the image, or a mask of another shape.
    """
    assert compared.first is not None
    assert compared.second is not None
    region = compared.roi or Region.whole(shape)
    by_rule = {rule.text: region.crop(rule.allowed(shape)) for rule in contract.pixels}
    differ = unequal_bits(compared.first, compared.second)
    allowed = np.zeros_like(differ)
    for mask in by_rule.values():
        allowed |= mask
    quirks = None
    if contract.quirks and not evidence.troubles:
        images = {code: region.crop(evidence.quirks[code]) for code in codes(len(contract.quirks))}
        sides = dict(zip(SIDES, (compared.first, compared.second), strict=True))
        bound = compared.made.strict.own_diff or 0.0
        quirks = quirk_judgement(contract.quirks, images, sides, bound)
    return PixelJudgement(differ, allowed, by_rule, quirks, region.origin)


def chosen_pixels(pixels: PixelJudgement, compared: ImageComparison) -> list[Pixel]:
    """Return the pixels (slow, fast) whose traces are compared.

    Of those that differ and that only a tap can explain: the first, the worst by its own value, and some
    drawn ones; of those that are equal, the brightest and a drawn one.
    """
    assert compared.first is not None
    assert compared.second is not None
    draw = np.random.default_rng(0)
    places = np.argwhere(pixels.open)
    chosen: list[Index] = []
    if len(places):
        apart = own_differences(compared.first.astype(np.float64), compared.second.astype(np.float64))
        worst = places[int(np.argmax(apart[pixels.open]))]
        drawn = places[draw.permutation(len(places))[:DRAWN]]
        chosen = [places[0], worst, *drawn]
    same = np.argwhere(~pixels.differ)
    if len(same):
        brightness = np.nan_to_num(np.abs(compared.first[~pixels.differ]))
        drawn = same[draw.permutation(len(same))[: EQUAL_DRAWN - 1]]
        chosen = [*chosen, same[int(np.argmax(brightness))], *drawn]
    return list(dict.fromkeys(pixels.place(index) for index in chosen))
