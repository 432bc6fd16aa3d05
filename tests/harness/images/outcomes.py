"""What is said of drawn pairs of images, kept as data: `python -m tests.harness.images.outcomes`.

Each outcome is the verdict in words and a hash of all figures behind it, so that no small change of the
comparison stays unseen. The command writes them anew, and with a name prints the figures of that outcome; a
difference is a decision, to be read before it is committed.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import asdict, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from harness.images.compare import ImageComparison, compare_images, image_request
from harness.images.coverage import ImageCoverage, share_text
from harness.images.judgement import (
    OLDER_STRICT,
    PUBLISHED,
    STRICT,
    Rules,
    bounds_data,
    named_bounds,
    strict_bounds,
)
from harness.images.metrics import FAINTEST_OF_MAX, own_differences
from harness.images.peaks import find_spots
from tests.harness.images.drawn_images import CHANGES, drawn_comparison

KEPT = Path(__file__).with_name("outcomes.json")
SEEDS = range(30)
LEAST = 1e-13
"""Below, a figure is what rounding left of a sum, which another release of numpy may leave otherwise."""
LINES = (
    "-roi 1 5 2 6", "-roi 1 5 2 nan", "-roi 1 2 3 4 -roi 5 6 7 8", "--epsilon 1e-3", "--epsilon 0",
    "--epsilon 1", "-roi 0 0 0 0 --epsilon 0.25", "",
)  # fmt: skip
NAMES = (
    "strict", "published", "strict, correlation 0.9", "published, correlation 1.0",
    "strict, correlation 0.90", "strict, correlation 0.0", "strict, correlation 1.5",
    "strict, correlation x", "other", "",
)  # fmt: skip


def plain(value: Any) -> Any:
    """Return a value as plain data, figures in 6 digits."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, float):
        return f"{value:.6g}" if not math.isfinite(value) or abs(value) > LEAST else "0"
    return value if isinstance(value, int | str | type(None)) else str(value)


def _said(found: ImageComparison) -> dict[str, Any]:
    table = found.reflections.table if found.reflections else None
    coverage = found.coverage
    return {
        "word": found.verdict.word,
        "reasons": found.verdict.reasons,
        "criteria": [asdict(criterion) for criterion in found.verdict.criteria],
        "bounds": asdict(found.bounds),
        "roi": found.roi and str(found.roi),
        "metrics": found.metrics and asdict(found.metrics),
        "peaks": found.peaks and asdict(found.peaks),
        "spots": [] if found.peaks is None or found.first is None else list(
            vars(find_spots(found.first, found.peaks.floor)).values()
        ),
        "reflections": found.reflections and asdict(found.reflections.figures),
        "table": table and table.text(),
        "coverage": coverage and [*coverage.words(), asdict(coverage), coverage.small, coverage.pixel_share],
        "notes": found.notes,
        "resampled": found.resampled,
        "shapes": [part is not None and part.shape for part in (found.first, found.second)],
    }  # fmt: skip


def _of_words() -> Iterator[tuple[str, Any]]:
    """Yield what is said of command lines, bounds and shares."""
    for rules in Rules:
        requests = [image_request(line.split(), "mixed", rules) for line in LINES]
        yield (
            f"lines, {rules.name}",
            [[getattr(request, field.name) for field in fields(request)] for request in requests],
        )
        strict = strict_bounds(rules, "float64")
        named = [named_bounds(name, strict) for name in NAMES]
        yield (
            f"bounds, {rules.name}",
            [
                *(bounds and asdict(bounds) for bounds in named),
                *(bounds_data(bounds, rules) for bounds in (strict, PUBLISHED)),
                *(asdict(strict_bounds(rules, arithmetic)) for arithmetic in ("mixed", "float32")),
            ],
        )
    yield "bounds as they are", [asdict(bounds) for bounds in (STRICT, PUBLISHED, OLDER_STRICT)]
    yield "shares", [share_text(share) for share in (0.0, 0.5, 0.99, 0.9996, 0.99999, 1.0)]
    numbers = np.array([[0.0, 1.0, math.nan, math.inf, math.inf, -math.inf, 2.0, 1e-31, math.nan, 4.0]])
    other = np.array([[0.0, 1.5, math.nan, math.inf, -math.inf, 2.0, 2.0, 2e-31, 1.0, math.nan]])
    faintest = np.array([[1.0, FAINTEST_OF_MAX, 1.001 * FAINTEST_OF_MAX]]), np.array([[1.0, 0.0, 0.0]])
    pairs = ((numbers, other), (numbers, numbers), faintest)
    yield "own differences", [own_differences(*pair) for pair in pairs]
    few = [ImageCoverage(pixels, 1000, photons) for pixels in (9, 10) for photons in (None, 0.0, 0.009, 0.01)]
    yield "small regions", [[one.small, one.words()] for one in few]


def every_outcome() -> Iterator[tuple[str, Any]]:
    """Yield a name and what is said, for all drawn pairs and words."""
    yield from _of_words()
    for change in CHANGES:
        for seed in SEEDS:
            drawn = drawn_comparison(change, seed)
            with np.errstate(all="ignore"):
                found = compare_images(
                    drawn.first,
                    drawn.second,
                    drawn.roi,
                    drawn.bounds,
                    resample=drawn.resample,
                    made=drawn.made,
                )
            yield f"{change}, {seed}", _said(found)


def in_short(told: Any) -> str:
    """Return an outcome as it is kept: its word, and a hash of its figures."""
    text = json.dumps(plain(told))
    word = told["word"] if isinstance(told, dict) else "words"
    return f"{word} {sha256(text.encode()).hexdigest()[:12]}"


def main() -> int:
    """Write all outcomes anew, or print one."""
    if sys.argv[1:]:
        told = dict(every_outcome())[sys.argv[1]]
        sys.stdout.write(json.dumps(plain(told), indent=1) + "\n")
        return 0
    found = {name: in_short(told) for name, told in every_outcome()}
    KEPT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(found)} outcomes in {KEPT.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
