"""The image verdict on a faulty program, and the figures that the price of a bound is worked out from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from harness.images.compare import ImageComparison, ImageRequest, compare_images, image_request
from harness.images.judgement import PUBLISHED, STRICT, judge_images
from harness.images.metrics import own_differences
from harness.pairs.predicted import Prediction
from harness.suite.figures import CaseImage
from harness.trials.checks import Beside
from harness.verdict import State
from system_io.verdict_words import Word
from trace_tools.judging.arithmetic import DOUBLE

PIXEL, REFLECTION, LARGEST, SUM, CORRELATION, PEAKS = (
    "pixel in parts of itself", "reflection in parts of itself", "largest difference of the maximum", "sum",
    "1 - correlation", "peak distance (px)",
)  # fmt: skip
METRICS = (PIXEL, REFLECTION, LARGEST, SUM, CORRELATION, PEAKS)
PASSES = (Word.PASS, Word.ROUNDING)


@dataclass(frozen=True)
class ImageFinding:
    """The verdicts within strict and published bounds, the criteria that failed, and the figures."""

    verdict: str
    failed: tuple[str, ...]
    published: str
    figures: dict[str, float] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """Return the finding as plain data; a figure without end is the text inf."""
        figures = {name: value if math.isfinite(value) else "inf" for name, value in self.figures.items()}
        return {
            "verdict": self.verdict, "failed": list(self.failed), "published": self.published,
            "figures": figures,
        }  # fmt: skip


def is_changed(first: CaseImage | None, second: CaseImage | None) -> bool:
    """Tell whether there are two float images, and they are not the same bit for bit."""
    if first is None or second is None:
        return False
    return first.shape != second.shape or first.tobytes() != second.tobytes()


def image_finding(
    here: Beside, inputs: Path, prediction: Prediction, *, faulty_is_c: bool
) -> ImageFinding | None:
    """Compare the image of a faulty program with that of the other one; None without two images.

    Args:
        here: the runs.
        inputs: folder with inputs/, which the command line names.
        prediction: its reflections.
        faulty_is_c: whether the faulty image is the first one of the comparison.
    """
    faulty, other = here.faulty.image, here.other.image
    if faulty is None or other is None:
        return None
    pair = (faulty, other) if faulty_is_c else (other, faulty)
    made = prediction.added_to(image_request(here.line.case.words(inputs), DOUBLE))
    with np.errstate(all="ignore"):
        strict = compare_images(*pair, bounds=STRICT, made=made)
    failed = tuple(found.name for found in strict.verdict.criteria if found.state is State.FAILED)
    if strict.verdict.word is Word.FAIL and not failed:
        failed = ("not finite or constant",)
    return ImageFinding(strict.verdict.word, failed, _published(strict, made), _figures(strict))


def _published(strict: ImageComparison, made: ImageRequest) -> str:
    """Return the verdict within the published bounds on images that were compared within the strict ones."""
    if strict.metrics is None or strict.peaks is None:
        return strict.verdict.word
    return judge_images(strict.metrics, strict.peaks, PUBLISHED, made.strict).word


def _figures(compared: ImageComparison) -> dict[str, float]:
    metrics, peaks = compared.metrics, compared.peaks
    if metrics is None or peaks is None:
        return dict.fromkeys(METRICS, math.inf)
    alone = peaks.unmatched_first or peaks.unmatched_second
    values = {
        PIXEL: None if metrics.own is None else metrics.own.worst,
        REFLECTION: None if compared.reflections is None else compared.reflections.figures.worst,
        LARGEST: metrics.max_diff_of_max,
        SUM: None if metrics.sum_difference is None else abs(metrics.sum_difference),
        CORRELATION: metrics.correlation_shortfall,
        PEAKS: math.inf if alone else peaks.mean_distance_px,
    }
    return {name: float(f"{value:.3g}") for name, value in values.items() if value is not None}


def worst_pixel(first: CaseImage, second: CaseImage) -> tuple[int, int]:
    """Return (slow, fast) of the pixel that differs most in parts of the larger of its two values."""
    apart = own_differences(first.astype(np.float64), second.astype(np.float64))
    slow, fast = divmod(int(apart.argmax()), apart.shape[1])
    return slow, fast
