"""Compares two float images: region, comparability, metrics, peaks, verdict. Nothing is read or written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.arrays import FloatImage
from harness.images.coverage import ImageCoverage, covered, limited_by
from harness.images.judgement import (
    NEWEST,
    STRICT,
    ImageBounds,
    Rules,
    judge_images,
    named_bounds,
    strict_bounds,
)
from harness.images.metrics import Metrics, compare_pixels
from harness.images.peaks import (
    FLOOR_OF_ALLOWANCE,
    GATE_PX,
    OLDER_FLOOR_OF_MAX,
    PeakComparison,
    compare_peaks,
)
from harness.images.reflections import (
    ReflectionFigures,
    ReflectionMap,
    Reflections,
    compare_reflections,
)
from harness.programs.arguments import EPSILON_OPTIONS, last_numbers
from harness.verdict import Verdict
from system_io.verdict_words import Word
from trace_tools.judging.arithmetic import DOUBLE

Element = TypeVar("Element", bound=np.generic)
NO_COMMAND_LINE = "no command line predicts them"
LEAST_PIXELS = 9
"""With fewer, correlation and sums say next to nothing: with two, every correlation is 1."""


@dataclass(frozen=True)
class Region:
    """A region of pixels, bounds inclusive; x is the fast axis, y the slow one."""

    x_min: int
    x_max: int
    y_min: int
    y_max: int

    @classmethod
    def whole(cls, shape: tuple[int, ...]) -> Region:
        """Return the region of all pixels of an image [slow, fast]."""
        return cls(0, shape[1] - 1, 0, shape[0] - 1)

    @property
    def empty(self) -> bool:
        """Tell whether no pixel is in it."""
        return self.x_min > self.x_max or self.y_min > self.y_max

    @property
    def origin(self) -> tuple[int, int]:
        """Return (slow, fast) of its first pixel."""
        return self.y_min, self.x_min

    def clipped(self, shape: tuple[int, ...]) -> Region:
        """Return the part inside an image [slow, fast]; it may be empty."""
        x_last, y_last = shape[1] - 1, shape[0] - 1
        return Region(
            max(self.x_min, 0), min(self.x_max, x_last), max(self.y_min, 0), min(self.y_max, y_last)
        )

    def within(self, other: Region) -> Region:
        """Return the part that is in another region, too; it may be empty."""
        return Region(
            max(self.x_min, other.x_min), min(self.x_max, other.x_max),
            max(self.y_min, other.y_min), min(self.y_max, other.y_max),
        )  # fmt: skip

    def crop(self, image: NDArray[Element]) -> NDArray[Element]:
        """Return the region of an array [slow, fast] that contains it."""
        return image[self.y_min : self.y_max + 1, self.x_min : self.x_max + 1]

    def __str__(self) -> str:
        """Return the region in words."""
        return f"fast {self.x_min} to {self.x_max}, slow {self.y_min} to {self.y_max}"


@dataclass(frozen=True)
class ImageRequest:
    """What a command line says about its images.

    `executed` is the region that it had computed (None: all); `left_out_of_max` is what one side was asked to
    leave out of each pixel at most, of the maximum; `arithmetic` is the least exact one of both sides.
    `predicted` are the reflections of the run, None for the reason in `no_reflections`, or where only the
    figures that a bundle states are known; `small_region` says that a region is asked for which tells nothing
    about the image.
    """

    executed: Region | None = None
    left_out_of_max: float = 0.0
    arithmetic: str = DOUBLE
    rules: Rules = NEWEST
    predicted: ReflectionMap | None = field(default=None, compare=False)
    no_reflections: str = NO_COMMAND_LINE
    stated_reflections: ReflectionFigures | None = None
    small_region: bool = False

    @property
    def strict(self) -> ImageBounds:
        """Return the strict bounds on such images."""
        return strict_bounds(self.rules, self.arithmetic)

    @property
    def allowance_of_max(self) -> float:
        """Return what figures of the whole image may lack in each pixel, of the maximum, by the rules."""
        return self.left_out_of_max if self.rules >= Rules.LEFT_OUT else 0.0

    def in_force(self, bounds: ImageBounds) -> ImageBounds:
        """Return bounds with the strict limits of such images where they go by their name."""
        return named_bounds(bounds.name, self.strict) or bounds


def image_request(words: Sequence[str], arithmetic: str, rules: Rules = NEWEST) -> ImageRequest:
    """Return what a command line says of its images: the computed region, and what may be left out.

    Args:
        words: the nanoBragg command line.
        arithmetic: of the less precise program; older rules took all numbers for those of float64.
        rules: by which the images are judged.
    """
    if rules is Rules.CORRELATION:
        return ImageRequest(rules=rules)
    roi = last_numbers(words, {"-roi"}, 4)
    epsilon = last_numbers(words, EPSILON_OPTIONS, 1)
    executed = Region(*(int(value) for value in roi)) if roi and all(map(math.isfinite, roi)) else None
    left_out = epsilon[0] if epsilon and 0.0 < epsilon[0] < 1.0 else 0.0
    return ImageRequest(executed, left_out, arithmetic if rules >= Rules.OWN_SCALE else DOUBLE, rules)


@dataclass(frozen=True)
class ImageComparison:
    """The outcome of a comparison; metrics and peaks are None where there was nothing to measure."""

    verdict: Verdict
    bounds: ImageBounds
    roi: Region | None
    first: FloatImage | None = None
    second: FloatImage | None = None
    metrics: Metrics | None = None
    peaks: PeakComparison | None = None
    resampled: bool = False
    notes: tuple[str, ...] = ()
    made: ImageRequest = ImageRequest()
    coverage: ImageCoverage | None = None
    reflections: Reflections | None = None


def compare_images(
    first: FloatImage,
    second: FloatImage,
    roi: Region | None = None,
    bounds: ImageBounds = STRICT,
    *,
    resample: bool = False,
    made: ImageRequest = ImageRequest(),
) -> ImageComparison:
    """Compare a second image with a first one and judge.

    Args:
        first: reference image [slow, fast].
        second: image to be judged [slow, fast].
        roi: compared region, bounds inclusive; default all pixels. What lies outside the image is cut off.
        bounds: limits in force; the strict ones are those of the arithmetic of the images.
        resample: bring the second image to the first one's shape (linear interpolation) if they differ.
        made: what the command line of the images says about them.

    Returns:
        The comparison, with the compared regions of both images.
    """
    compared = _compared((first, second), roi, made.in_force(bounds), resample, made)
    return replace(compared, made=made)


def _compared(
    images: tuple[FloatImage, FloatImage],
    roi: Region | None,
    bounds: ImageBounds,
    resample: bool,
    made: ImageRequest,
) -> ImageComparison:
    """See `compare_images`."""
    first, second = images
    notes: list[str] = []
    differ = first.shape != second.shape
    if differ and not (resample and first.size and second.size):
        remedy = "; --resample compares them all the same" if first.size and second.size else ""
        reason = f"shapes differ: {_shape(first)} and {_shape(second)} pixels (fast x slow){remedy}"
        return ImageComparison(Verdict(Word.NOT_COMPARABLE, (reason,)), bounds, roi)
    if differ:
        notes.append(f"second image resampled from {_shape(second)} to {_shape(first)} pixels (fast x slow)")
        second = resample_to(second, (first.shape[0], first.shape[1]))
    asked = roi or Region.whole(first.shape)
    region = asked.clipped(first.shape)
    if region != asked and not region.empty:
        notes.append(f"region {asked} cut to the image: {region}")
    if made.executed is not None and not differ:
        asked = region = _executed(region, made.executed, notes)
    obstacle = _too_small(region, asked, first, made)
    if obstacle is not None:
        return ImageComparison(obstacle, bounds, asked if region.empty else region, notes=tuple(notes))
    a, b = region.crop(first), region.crop(second)
    obstacle = find_obstacle(a, b)
    if obstacle is not None:
        return ImageComparison(obstacle, bounds, region, a, b, resampled=differ, notes=tuple(notes))
    coverage = covered(first, a)
    if Rules.CORRELATION < made.rules < Rules.REFLECTIONS:
        notes += _older_coverage(coverage)
    unjudged = ImageComparison(
        Verdict(Word.PASS), bounds, region, a, b, resampled=differ, notes=tuple(notes), coverage=coverage
    )
    return _measured(unjudged, made)


def _measured(compared: ImageComparison, made: ImageRequest) -> ImageComparison:
    """Return a comparison of two images that can be measured, with its figures and verdict."""
    assert compared.first is not None  # both are there and finite
    assert compared.second is not None
    origin = compared.roi.origin if compared.roi else (0, 0)
    own_bound = made.strict.own_diff or 0.0
    floor_of_max = FLOOR_OF_ALLOWANCE * made.allowance_of_max
    if made.rules < Rules.OWN_SCALE:
        floor_of_max = OLDER_FLOOR_OF_MAX
    with ThreadPoolExecutor(1) as beside:
        peaks_of = beside.submit(
            compare_peaks, compared.first, compared.second, origin, GATE_PX, floor_of_max
        )
        metrics = compare_pixels(
            compared.first, compared.second, origin, made.left_out_of_max, own_bound,
            apart=made.rules < Rules.OWN_SCALE,
        )  # fmt: skip
        reflections, coverage = _reflections(compared, made)
        peaks = peaks_of.result()
    metrics = _known_to(made.rules, metrics)
    notes = compared.notes
    if Rules.CORRELATION < made.rules < Rules.REFLECTIONS and not peaks.compared:
        notes = (*notes, "no peak stands out on either side: both figures of peaks are not compared")
    verdict = judge_images(
        metrics, peaks, compared.bounds, made.strict, resampled=compared.resampled,
        reflections=reflections.figures if reflections else None,
        by_reflections=made.rules >= Rules.REFLECTIONS, left_out_of_max=made.allowance_of_max,
    )  # fmt: skip
    if coverage is not None and made.rules >= Rules.REFLECTIONS and not made.small_region:
        verdict = limited_by(coverage, verdict)
    return replace(
        compared, verdict=verdict, metrics=metrics, peaks=peaks, notes=notes, reflections=reflections,
        coverage=coverage,
    )  # fmt: skip


def _reflections(
    compared: ImageComparison, made: ImageRequest
) -> tuple[Reflections | None, ImageCoverage | None]:
    """Return the comparison reflection by reflection, and the coverage with the reflections that it has."""
    coverage, region = compared.coverage, compared.roi
    if made.rules < Rules.REFLECTIONS or coverage is None or region is None:
        return None, coverage
    if made.stated_reflections is not None:
        return _with(Reflections(made.stated_reflections, None), coverage)
    why = made.no_reflections
    if made.predicted is not None:
        why = "" if made.predicted.number.size == coverage.all_pixels else "the image has another shape"
        why = "the second image was resampled" if compared.resampled else why
    if why or made.predicted is None:
        return None, replace(coverage, no_reflections=why)
    assert compared.first is not None  # they were measured
    assert compared.second is not None
    found = compare_reflections(
        compared.first, compared.second, made.predicted, region.crop(made.predicted.number),
        made.strict.own_diff or 0.0, made.left_out_of_max,
    )  # fmt: skip
    computed = region.crop(made.predicted.computed)
    left_out = int(computed.size - np.count_nonzero(computed))
    return _with(found, replace(coverage, not_computed=left_out))


def _with(found: Reflections, coverage: ImageCoverage) -> tuple[Reflections, ImageCoverage]:
    """Return reflections together with the coverage that counts them."""
    figures = found.figures
    return found, replace(coverage, reflections=figures.compared, all_reflections=figures.predicted)


def _known_to(rules: Rules, metrics: Metrics) -> Metrics:
    """Return the figures that results judged by these rules have."""
    if rules >= Rules.OWN_SCALE:
        return replace(metrics, pixels_apart=None, pixels_apart_allowed=None)
    older = replace(metrics, own=None, sum_difference=None)
    return older if rules is Rules.APART else replace(older, pixels_apart=None, pixels_apart_allowed=None)


def _executed(region: Region, executed: Region, notes: list[str]) -> Region:
    """Return the pixels of a region that were computed at all."""
    inside = region.within(executed)
    if inside != region:
        notes.append(f"pixels outside -roi ({executed}) were not computed, and are not compared")
    return inside


def _too_small(region: Region, asked: Region, image: FloatImage, made: ImageRequest) -> Verdict | None:
    """Return the verdict on a region with too few pixels to say anything, else None."""
    if region.empty:
        reason = f"empty region: {asked} holds no pixel of an image of {_shape(image)} (fast x slow)"
        return Verdict(Word.NOT_COMPARABLE, (reason,))
    count = region.crop(image).size
    if count >= LEAST_PIXELS or made.rules is Rules.CORRELATION:
        return None
    reason = f"region of {count} pixels ({region}): fewer than {LEAST_PIXELS} say nothing; compare more"
    return Verdict(Word.NOT_COMPARABLE, (reason,))


def _older_coverage(coverage: ImageCoverage) -> list[str]:
    """Say how much of an image a region holds, if it is not all of it, as earlier versions did."""
    if coverage.pixels == coverage.all_pixels:
        return []
    share = coverage.photons
    photons = "" if share is None else f", {100.0 * share:.3g} % of its photons"
    return [f"compared {coverage.pixels} of {coverage.all_pixels} pixels of the image{photons}"]


def find_obstacle(first: FloatImage, second: FloatImage) -> Verdict | None:
    """Return the verdict on images that cannot be measured: NaN, infinity, or no contrast; else None.

    On both sides it is NOT COMPARABLE, since agreement would mean nothing; on one side only it is FAIL.
    """
    sides = ("first image", "second image")
    images = (first, second)
    for problem in (_not_finite, _flat):
        words = [problem(image) for image in images]
        found = tuple(f"{side} {word}" for side, word in zip(sides, words, strict=True) if word)
        if found:
            return Verdict(Word.NOT_COMPARABLE if len(found) == 2 else Word.FAIL, found)
    return None


def _not_finite(image: FloatImage) -> str | None:
    nan, inf = int(np.isnan(image).sum()), int(np.isinf(image).sum())
    return f"holds {nan} NaN and {inf} infinite pixels" if nan or inf else None


def _flat(image: FloatImage) -> str | None:
    low, high = float(image.min()), float(image.max())
    if low != high:
        return None
    return "is all zero" if low == 0.0 else f"is constant ({low:.6g})"


def resample_to(image: FloatImage, shape: tuple[int, int]) -> FloatImage:
    """Return an image at another shape by linear interpolation between pixel centres (values, not sums)."""
    from scipy import ndimage

    factors = [new / old for new, old in zip(shape, image.shape, strict=True)]
    zoomed = ndimage.zoom(image.astype(np.float64), factors, order=1, mode="nearest", grid_mode=True)
    return zoomed.astype(np.float32)


def _shape(image: FloatImage) -> str:
    return f"{image.shape[1]} x {image.shape[0]}"
