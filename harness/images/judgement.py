"""How far two images may differ: bounds as data, and the judgement of measured numbers against them.

A verdict is PASS only if at least one criterion was really compared and all hold within the strict
bounds. What holds within the bounds in force but not within the strict ones is PASS (LOOSENED).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import IntEnum
from typing import Any

from harness.images.image_floor import floor_of
from harness.images.metrics import Metrics, OwnScale
from harness.images.peaks import PeakComparison
from harness.images.reflections import ReflectionFigures
from harness.verdict import Criterion, State, Verdict
from system_io.verdict_words import Word


@dataclass(frozen=True)
class ImageBounds:
    """Limits in force; None means that the quantity is shown, but not judged.

    own_diff: largest difference of a pixel in parts of its own value; unequal_fraction: of pixels that may
    differ at all, beyond which a pass is one within rounding; pixels_apart: what older versions judged.
    """

    name: str
    correlation_min: float | None
    sum_ratio_min: float
    sum_ratio_max: float
    max_diff_of_max: float | None
    mean_peak_distance_px: float
    unmatched_peaks: int = 0
    own_diff: float | None = None
    unequal_fraction: float | None = None
    pixels_apart: int | None = None

    def with_correlation(self, correlation_min: float) -> ImageBounds:
        """Return these bounds with another least correlation."""
        name = f"{self.name}, correlation {correlation_min!r}"
        return replace(self, name=name, correlation_min=correlation_min)


ROUNDING_REMEDY = "trace-harness --worst 1"
"""What tells more of a pass within rounding, for programs with nanoBragg's command line."""
THRESHOLD = re.compile(r"(?P<base>[^,]+)(?:, correlation (?P<least>\S+))?")
STRICT = ImageBounds("strict", None, 1.0 - 1e-6, 1.0 + 1e-6, 1e-6, 0.01, own_diff=0.0, unequal_fraction=1e-3)
"""Of exact arithmetic; `strict_bounds` gives those of one that rounds."""
PUBLISHED = ImageBounds("published", 0.9995, 0.99, 1.01, None, 1.0)
OLDER_STRICT = ImageBounds("strict", 1.0 - 1e-9, 1.0 - 1e-6, 1.0 + 1e-6, 1e-6, 0.01, pixels_apart=0)


class Rules(IntEnum):
    """By which rules a result was judged; a stored one is judged again by its own.

    CORRELATION: by correlation, sums and peaks; APART: pixels that are apart are counted and small regions
    refused; OWN_SCALE: each pixel is held to its own value; REFLECTIONS: each reflection to its own
    intensity, and small regions are no pass.
    """

    CORRELATION = 1
    APART = 2
    OWN_SCALE = 3
    REFLECTIONS = 4
    LEFT_OUT = 5


NEWEST = max(Rules)


UNKNOWN_BOUNDS: Mapping[Rules, frozenset[str]] = {
    Rules.CORRELATION: frozenset({"own_diff", "unequal_fraction", "pixels_apart"}),
    Rules.APART: frozenset({"own_diff", "unequal_fraction"}),
    Rules.OWN_SCALE: frozenset({"pixels_apart"}),
    Rules.REFLECTIONS: frozenset({"pixels_apart"}),
    Rules.LEFT_OUT: frozenset({"pixels_apart"}),
}
"""Bounds that results judged by these rules do not have."""


def strict_bounds(rules: Rules, arithmetic: str) -> ImageBounds:
    """Return the strict bounds on images of an arithmetic: float64, mixed or float32."""
    if rules < Rules.OWN_SCALE:
        return OLDER_STRICT if rules is Rules.APART else replace(OLDER_STRICT, pixels_apart=None)
    floor = floor_of(arithmetic)
    unequal = STRICT.unequal_fraction if floor.bits else None
    return replace(STRICT, own_diff=floor.bound, unequal_fraction=unequal)


def bounds_data(bounds: ImageBounds, rules: Rules) -> dict[str, Any]:
    """Return bounds as plain data, as versions with these rules write them."""
    return {name: value for name, value in asdict(bounds).items() if name not in UNKNOWN_BOUNDS[rules]}


def named_bounds(name: str, strict: ImageBounds) -> ImageBounds | None:
    """Return the bounds that go by a name, None for a name that no command gives.

    Args:
        strict: those of the arithmetic and the rules (`strict_bounds`).
    """
    found = THRESHOLD.fullmatch(name)
    base = {bounds.name: bounds for bounds in (strict, PUBLISHED)}.get(found["base"] if found else "")
    if found is None or base is None or found["least"] is None:
        return base
    try:
        bounds = base.with_correlation(float(found["least"]))
    except ValueError:
        return None
    least = bounds.correlation_min
    return bounds if bounds.name == name and least is not None and 0.0 < least <= 1.0 else None


def judge_images(
    metrics: Metrics,
    peaks: PeakComparison,
    bounds: ImageBounds,
    strict: ImageBounds = STRICT,
    *,
    resampled: bool = False,
    reflections: ReflectionFigures | None = None,
    by_reflections: bool = False,
    left_out_of_max: float = 0.0,
) -> Verdict:
    """Judge measured numbers.

    Args:
        metrics: of two images that are comparable.
        peaks: of the same images.
        bounds: limits in force.
        strict: those without which a pass is a loosened one.
        resampled: whether the second image was resampled, which rules out a plain PASS.
        reflections: of the same images, None where none is predicted.
        by_reflections: whether the rules know them.
        left_out_of_max: what each pixel of one side may lack on request, of the maximum, by rules that allow
            for it in figures of the whole image.

    Returns:
        PASS, PASS (ROUNDING), PASS (LOOSENED), FAIL, or NOT COMPARABLE if no criterion could be compared.
    """
    own = metrics.own
    as_strict = replace(
        metrics,
        own=None if own is None else replace(own, outside_allowed=own.outside),
        pixels_apart_allowed=metrics.pixels_apart,
    )
    by = (reflections, by_reflections)
    holds = {c.name: c.state is not State.FAILED for c in _criteria(as_strict, peaks, strict, _exact(by))}
    in_force = _criteria(metrics, peaks, _allowing(bounds, metrics, left_out_of_max), by)
    criteria = tuple(replace(c, strict_held=holds[c.name]) for c in in_force)
    if not any(c.state in (State.HELD, State.FAILED) for c in criteria):
        return Verdict(Word.NOT_COMPARABLE, ("nothing was compared",), criteria)
    reason = (lambda c: _counted_reason(c, metrics, reflections)) if by_reflections else _reason
    failed = tuple(reason(c) for c in criteria if c.state is State.FAILED)
    if failed:
        return Verdict(Word.FAIL, failed, criteria)
    outside = [c for c in criteria if not c.strict_held]
    loosened = [f"{c.name}: {_figure(c.measured)} is outside the strict bound" for c in outside]
    if resampled:
        loosened.append("the second image was resampled")
    if loosened:
        return Verdict(Word.LOOSENED, tuple(loosened), criteria)
    rounding = _rounding(metrics, bounds)
    return Verdict(Word.ROUNDING if rounding else Word.PASS, rounding, criteria)


def _rounding(metrics: Metrics, bounds: ImageBounds) -> tuple[str, ...]:
    """Return why a pass is one within rounding: more pixels differ than another compiler makes differ."""
    own, limit = metrics.own, bounds.unequal_fraction
    if own is None or limit is None or own.unequal_fraction <= limit:
        return ()
    return (
        f"{100.0 * own.unequal_fraction:.3g} % of the pixels are unequal, each within rounding; "
        f"{ROUNDING_REMEDY} tells where it enters",
    )


def _allowing(bounds: ImageBounds, metrics: Metrics, left_out_of_max: float) -> ImageBounds:
    """Return bounds that hold wherever each pixel lacks so much of the maximum.

    The sum may lack that for each pixel. Places of spots depend on the pixels around them as well: a limit
    on them would be none, and that of the published bounds stands in for it.
    """
    if left_out_of_max == 0.0:
        return bounds
    largest, limit = max(metrics.max_first, metrics.max_second), bounds.max_diff_of_max
    of_sum = (
        left_out_of_max * metrics.pixels * largest / metrics.sum_first if metrics.sum_first > 0.0 else 0.0
    )
    return replace(
        bounds,
        sum_ratio_min=bounds.sum_ratio_min - of_sum,
        sum_ratio_max=bounds.sum_ratio_max + of_sum,
        max_diff_of_max=None if limit is None else limit + left_out_of_max,
        mean_peak_distance_px=max(bounds.mean_peak_distance_px, PUBLISHED.mean_peak_distance_px),
    )


ByReflections = tuple[ReflectionFigures | None, bool]
"""Figures of the reflections, if there are any, and whether the rules know them."""


def _exact(by: ByReflections) -> ByReflections:
    """Return the figures as if nothing had been left out on request."""
    figures, known = by
    return (None if figures is None else replace(figures, outside_allowed=figures.outside)), known


def _criteria(
    metrics: Metrics, peaks: PeakComparison, bounds: ImageBounds, by: ByReflections
) -> tuple[Criterion, ...]:
    ratio = metrics.sum_ratio
    shortfall = metrics.correlation_shortfall
    least = bounds.correlation_min
    by_own_scale = metrics.own is not None
    sums = metrics.sum_difference if by_own_scale else None if ratio is None else ratio - 1.0
    distance_px = peaks.mean_distance_px
    alone = len(peaks.unmatched_first) + len(peaks.unmatched_second)
    limit = bounds.max_diff_of_max
    farthest = math.inf if limit is None else limit
    return (
        *_own_criterion(metrics.own, bounds.own_diff),
        *_reflection_criterion(by, bounds.own_diff),
        _criterion(
            "1 - correlation", shortfall, "none" if least is None else f"<= {1.0 - least:.3g}",
            least is None or (shortfall is not None and shortfall <= 1.0 - least),
            asked=least is not None,
        ),
        _criterion(
            "sum difference / sum |first|" if by_own_scale else "sum ratio - 1", sums,
            f"{bounds.sum_ratio_min - 1.0:+.3g} to {bounds.sum_ratio_max - 1.0:+.3g}",
            sums is not None and bounds.sum_ratio_min <= 1.0 + sums <= bounds.sum_ratio_max,
        ),
        _criterion(
            "max |diff| / max", metrics.max_diff_of_max, "none" if limit is None else f"<= {limit:.3g}",
            metrics.max_diff_of_max is not None and metrics.max_diff_of_max <= farthest,
            asked=limit is not None,
        ),
        *_apart_criterion(metrics.pixels_apart_allowed, bounds.pixels_apart),
        _criterion(
            "mean peak distance (px)", distance_px, f"<= {bounds.mean_peak_distance_px:.3g}",
            distance_px is not None and distance_px <= bounds.mean_peak_distance_px,
            compared=distance_px is not None,
        ),
        _criterion(
            "unmatched peaks", float(alone), f"<= {bounds.unmatched_peaks}",
            alone <= bounds.unmatched_peaks, compared=peaks.compared,
        ),
    )  # fmt: skip


def _own_criterion(own: OwnScale | None, limit: float | None) -> tuple[Criterion, ...]:
    """Return the criterion that counts pixels beyond a part of their own value; older results have none."""
    if own is None:
        return ()
    bound = "none" if limit is None else f"<= 0 beyond {limit:.2g} of their own value"
    held = limit is None or own.outside_allowed == 0
    return (_criterion("pixels outside", float(own.outside_allowed), bound, held, asked=limit is not None),)


def _reflection_criterion(by: ByReflections, limit: float | None) -> tuple[Criterion, ...]:
    """Return the criterion that counts reflections, by rules that know them."""
    figures, known = by
    if not known:
        return ()
    count = None if figures is None else figures.outside_allowed
    bound = "none" if limit is None else f"<= 0 beyond {limit:.2g} of their own intensity"
    compared = figures is not None and figures.compared > 0
    held = limit is None or count == 0
    measured = float(count) if count is not None and compared else None
    return (
        _criterion("reflections outside", measured, bound, held, compared=compared, asked=limit is not None),
    )


def _apart_criterion(count: int | None, limit: int | None) -> tuple[Criterion, ...]:
    """Return the criterion that counts pixels; results from before they were counted have none."""
    if count is None:
        return ()
    bound = "none" if limit is None else f"<= {limit}"
    held = limit is None or count <= limit
    return (_criterion("pixels apart", float(count), bound, held, asked=limit is not None),)


def _criterion(
    name: str, measured: float | None, bound: str, held: bool, *, compared: bool = True, asked: bool = True
) -> Criterion:
    state = State.HELD if held else State.FAILED
    if not asked:
        state = State.NOT_ASKED
    if not compared:
        state = State.NOT_COMPARED
    return Criterion(name, measured, bound, state, strict_held=True)


def _reason(criterion: Criterion) -> str:
    return f"{criterion.name}: {_figure(criterion.measured)}, bound {criterion.bound}"


COUNTED = ("pixels outside", "reflections outside", "unmatched peaks")


def _counted_reason(criterion: Criterion, metrics: Metrics, reflections: ReflectionFigures | None) -> str:
    """Return the reason with its number written out, and with the worst pixel or reflection."""
    if criterion.name not in COUNTED or criterion.measured is None:
        return _reason(criterion)
    count, of, worst = f"{criterion.measured:.0f}", "", ""
    if criterion.name == "pixels outside" and metrics.own is not None:
        slow, fast = metrics.own.worst_at
        of, worst = (
            f" of {metrics.pixels}",
            f"; the worst, slow {slow} fast {fast}, by {metrics.own.worst:.3g}",
        )
    if criterion.name == "reflections outside" and reflections is not None:
        of, worst = f" of {reflections.compared}", f"; {reflection_words(reflections)}"
    return f"{criterion.name}: {count}{of}, bound {criterion.bound}{worst}"


def reflection_words(figures: ReflectionFigures) -> str:
    """Return the worst reflection and the number of those that are missing, in words."""
    hkl = " ".join(map(str, figures.worst_hkl))
    missing = f"missing: {figures.missing_first} in the first image, {figures.missing_second} in the second"
    return f"the worst, {hkl}, by {figures.worst:.3g}; {missing}" if hkl else missing


def _figure(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.4g}"
