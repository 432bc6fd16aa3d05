"""How far two images may differ: bounds as data, and the judgement of measured numbers against them.

A verdict is PASS only if at least one criterion was really compared and all hold within the strict
bounds. What holds within the bounds in force but not within the strict ones is PASS (LOOSENED).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from harness.images.metrics import Metrics
from harness.images.peaks import PeakComparison
from harness.verdict import Criterion, State, Verdict
from system_io.verdict_words import Word


@dataclass(frozen=True)
class ImageBounds:
    """Limits in force; None means that the quantity is shown, but not judged."""

    name: str
    correlation_min: float
    sum_ratio_min: float
    sum_ratio_max: float
    max_diff_of_max: float | None
    mean_peak_distance_px: float
    unmatched_peaks: int = 0
    pixels_apart: int | None = None

    def with_correlation(self, correlation_min: float) -> ImageBounds:
        """Return these bounds with another least correlation."""
        name = f"{self.name}, correlation {correlation_min!r}"
        return replace(self, name=name, correlation_min=correlation_min)


THRESHOLD = re.compile(r"(?P<base>[^,]+)(?:, correlation (?P<least>\S+))?")
STRICT = ImageBounds("strict", 1.0 - 1e-9, 1.0 - 1e-6, 1.0 + 1e-6, 1e-6, 0.01, pixels_apart=0)
PUBLISHED = ImageBounds("published", 0.9995, 0.99, 1.01, None, 1.0)


def named_bounds(name: str) -> ImageBounds | None:
    """Return the bounds that go by a name, None for a name that no command gives."""
    found = THRESHOLD.fullmatch(name)
    base = {bounds.name: bounds for bounds in (STRICT, PUBLISHED)}.get(found["base"] if found else "")
    if found is None or base is None or found["least"] is None:
        return base
    try:
        bounds = base.with_correlation(float(found["least"]))
    except ValueError:
        return None
    return bounds if bounds.name == name and 0.0 < bounds.correlation_min <= 1.0 else None


def judge_images(
    metrics: Metrics, peaks: PeakComparison, bounds: ImageBounds, *, resampled: bool = False
) -> Verdict:
    """Judge measured numbers.

    Args:
        metrics: of two images that are comparable.
        peaks: of the same images.
        bounds: limits in force.
        resampled: whether the second image was resampled, which rules out a plain PASS.

    Returns:
        PASS, PASS (LOOSENED), FAIL, or NOT COMPARABLE if no criterion could be compared.
    """
    as_strict = replace(metrics, pixels_apart_allowed=metrics.pixels_apart)
    strict = {c.name: c.state is not State.FAILED for c in _criteria(as_strict, peaks, STRICT)}
    criteria = tuple(replace(c, strict_held=strict[c.name]) for c in _criteria(metrics, peaks, bounds))
    if not any(c.state in (State.HELD, State.FAILED) for c in criteria):
        return Verdict(Word.NOT_COMPARABLE, ("nothing was compared",), criteria)
    failed = tuple(_reason(c) for c in criteria if c.state is State.FAILED)
    if failed:
        return Verdict(Word.FAIL, failed, criteria)
    outside = [c for c in criteria if not c.strict_held]
    loosened = [f"{c.name}: {_figure(c.measured)} is outside the strict bound" for c in outside]
    if resampled:
        loosened.append("the second image was resampled")
    return Verdict(Word.LOOSENED if loosened else Word.PASS, tuple(loosened), criteria)


def _criteria(metrics: Metrics, peaks: PeakComparison, bounds: ImageBounds) -> tuple[Criterion, ...]:
    ratio = metrics.sum_ratio
    shortfall = metrics.correlation_shortfall
    distance_px = peaks.mean_distance_px
    alone = len(peaks.unmatched_first) + len(peaks.unmatched_second)
    limit = bounds.max_diff_of_max
    farthest = math.inf if limit is None else limit
    return (
        _criterion(
            "1 - correlation", shortfall, f"<= {1.0 - bounds.correlation_min:.3g}",
            shortfall is not None and shortfall <= 1.0 - bounds.correlation_min,
        ),
        _criterion(
            "sum ratio - 1", None if ratio is None else ratio - 1.0,
            f"{bounds.sum_ratio_min - 1.0:+.3g} to {bounds.sum_ratio_max - 1.0:+.3g}",
            ratio is not None and bounds.sum_ratio_min <= ratio <= bounds.sum_ratio_max,
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


def _figure(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.4g}"
