"""What a patch declares to change: kinds of rules as a table, read from the words of --allow."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from harness.arrays import FloatImage
from harness.errors import UsageError
from simulator.quirks import SWITCHABLE
from system_io.shown import printable
from trace_tools.tap_points import TAP_POINTS, tap_point

Mask = NDArray[np.bool_]
Pixel = tuple[int, int]
PIXELS, TAPS, QUIRK = "pixels", "taps", "quirk"
FORMS = "pixels:F0-F1,S0-S1[+...], pixels:MASK.npy, taps:NAME, quirk:Q-NAME"
MASK_SUFFIX = ".npy"
SPAN = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?,(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)
MOST_QUIRKS = 3
"""Quirks that a patch may declare; each doubles the runs that tell what they change together."""
MOST_MASK_BYTES = 1 << 28


@dataclass(frozen=True)
class Span:
    """A block of pixels that may change, bounds inclusive."""

    fast_min: int
    fast_max: int
    slow_min: int
    slow_max: int


@dataclass(frozen=True)
class DeclaredPixels:
    """Pixels that may change: blocks, or a mask [slow, fast] in a file."""

    kind: ClassVar[str] = PIXELS
    text: str
    spans: tuple[Span, ...] = ()
    mask: Mask | None = field(default=None, compare=False)

    def allowed(self, shape: tuple[int, int]) -> Mask:
        """Return the pixels of an image [slow, fast] that may change.

        Raises:
            UsageError: the mask has another shape, or no pixel of the image may change.
        """
        found = np.zeros(shape, np.bool_) if self.mask is None else self.mask.copy()
        if found.shape != shape:
            raise UsageError(
                f"--allow {printable(self.text)}: the mask has {_size(found.shape)} pixels, the image "
                f"{_size(shape)} (slow x fast); give a mask of the image"
            )
        for span in self.spans:
            found[span.slow_min : span.slow_max + 1, span.fast_min : span.fast_max + 1] = True
        if not found.any():
            raise UsageError(
                f"--allow {printable(self.text)} names no pixel of the image, which has {_size(shape)} "
                "pixels (slow x fast); fast comes first in the rule"
            )
        return found


@dataclass(frozen=True)
class DeclaredTap:
    """A tap that may change, and what is computed from it."""

    kind: ClassVar[str] = TAPS
    text: str
    tap: str


@dataclass(frozen=True)
class DeclaredQuirk:
    """A quirk of the registry that may come or go."""

    kind: ClassVar[str] = QUIRK
    text: str
    quirk: str


DeclaredRule = DeclaredPixels | DeclaredTap | DeclaredQuirk


@dataclass(frozen=True)
class Contract:
    """What a patch may change, by rule; everything else must be equal bit for bit."""

    rules: tuple[DeclaredRule, ...]

    @property
    def pixels(self) -> tuple[DeclaredPixels, ...]:
        """Return the rules about pixels."""
        return tuple(rule for rule in self.rules if isinstance(rule, DeclaredPixels))

    @property
    def taps(self) -> tuple[DeclaredTap, ...]:
        """Return the rules about taps."""
        return tuple(rule for rule in self.rules if isinstance(rule, DeclaredTap))

    @property
    def quirks(self) -> tuple[DeclaredQuirk, ...]:
        """Return the rules about quirks."""
        return tuple(rule for rule in self.rules if isinstance(rule, DeclaredQuirk))

    @property
    def declared_quirks(self) -> frozenset[str]:
        """Return the quirks that may come or go."""
        return frozenset(rule.quirk for rule in self.quirks)

    def texts(self) -> list[str]:
        """Return the rules as they were given."""
        return [rule.text for rule in self.rules]


def mask_of_caller(caller: Path) -> Callable[[int, str], Path]:
    """Return what finds the mask that a rule names, in the folder that relative names refer to."""
    return lambda _number, name: caller / name


def asked_contract(texts: Sequence[str], mask_path: Callable[[int, str], Path]) -> Contract | None:
    """Return the contract that some words of --allow make, None for none.

    Args:
        texts: the rules, each KIND:WHAT.
        mask_path: gives the path of a mask from the number of its rule and its name.

    Raises:
        UsageError: a rule of no known kind, or one that cannot be read.
    """
    rules: list[DeclaredRule] = []
    for number, text in enumerate(dict.fromkeys(texts)):
        kind, colon, what = text.partition(":")
        if not colon or kind not in KINDS:
            raise UsageError(
                f"--allow '{printable(text)}': no rule of the kind '{printable(kind)}'; give one of {FORMS}"
            )
        rules.append(KINDS[kind](text, what, mask_path(number, what)))
    if sum(isinstance(rule, DeclaredQuirk) for rule in rules) > MOST_QUIRKS:
        raise UsageError(
            f"--allow names more than {MOST_QUIRKS} quirks; what they change together takes a run for each "
            "combination: compare with fewer at a time"
        )
    return Contract(tuple(rules)) if rules else None


def _pixel_rule(text: str, what: str, mask: Path) -> DeclaredPixels:
    if what.endswith(MASK_SUFFIX):
        return DeclaredPixels(text, mask=read_mask(mask))
    return DeclaredPixels(text, tuple(_span(text, part) for part in what.split("+")))


def _span(text: str, part: str) -> Span:
    found = SPAN.fullmatch(part)
    numbers = [] if found is None else [int(one) for one in found.groups("-1")]
    if found is None:
        raise UsageError(
            f"--allow {printable(text)}: '{printable(part)}' names no pixels; give F,S or F0-F1,S0-S1, "
            f"several joined by +, or the name of a mask that ends in {MASK_SUFFIX}"
        )
    fast, fast_end, slow, slow_end = numbers
    span = Span(fast, fast if fast_end < 0 else fast_end, slow, slow if slow_end < 0 else slow_end)
    if span.fast_min > span.fast_max or span.slow_min > span.slow_max:
        raise UsageError(
            f"--allow {printable(text)}: '{printable(part)}' ends before it begins; write the smaller first"
        )
    return span


def read_mask(path: Path) -> Mask:
    """Return the pixels [slow, fast] of a mask file that are not zero: those that may change.

    Raises:
        UsageError: it is no .npy array of two axes, or holds no pixel.
    """
    named = f"mask '{printable(str(path))}'"
    try:
        if path.stat().st_size > MOST_MASK_BYTES:
            raise UsageError(f"{named} has more than {MOST_MASK_BYTES} bytes; give an array of booleans")
        data = np.load(path, allow_pickle=False)
    except OSError as error:
        raise UsageError(f"{named}: {error.strerror or error}; give a .npy array [slow, fast]") from error
    except (ValueError, EOFError) as error:
        raise UsageError(f"{named} is no .npy array of numbers; make one with numpy.save") from error
    if not isinstance(data, np.ndarray) or data.ndim != 2 or data.dtype.kind not in "biuf":
        raise UsageError(f"{named} is no array of numbers [slow, fast]; make one with numpy.save")
    return np.asarray(data != 0)


def _tap_rule(text: str, what: str, _mask: Path) -> DeclaredTap:
    try:
        return DeclaredTap(text, tap_point(what).name)
    except KeyError as error:
        raise UsageError(f"--allow {printable(text)}: {printable(error.args[0])}") from None


def _quirk_rule(text: str, what: str, _mask: Path) -> DeclaredQuirk:
    if what not in SWITCHABLE:
        near = [quirk for quirk in sorted(SWITCHABLE) if what.upper().removeprefix("Q-") in quirk][:3]
        hint = f"did you mean {', '.join(near)}?" if what and near else "--list-quirks names them"
        raise UsageError(
            f"--allow {printable(text)}: '{printable(what)}' is no quirk that can be switched; {hint}"
        )
    return DeclaredQuirk(text, what)


KINDS: Mapping[str, Callable[[str, str, Path], DeclaredRule]] = {
    PIXELS: _pixel_rule,
    TAPS: _tap_rule,
    QUIRK: _quirk_rule,
}
"""How the words behind the colon are read, by the kind of the rule."""


def below(taps: Sequence[str]) -> frozenset[str]:
    """Return some taps and all that follow from them: by formula, or since they decide what is printed.

    Source: trace contract, "Taps".
    """
    found = set(taps)
    while True:
        more = {
            tap.name
            for tap in TAP_POINTS
            if tap.name not in found and not found.isdisjoint((*tap.inputs, *tap.decided_by))
        }
        if not more:
            return frozenset(found)
        found |= more


def unequal_bits(first: FloatImage, second: FloatImage) -> Mask:
    """Return where two images of one shape differ in any bit: NaN equals only the same NaN, -0 is not 0."""
    return np.asarray(first.view(np.uint32) != second.view(np.uint32))


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
