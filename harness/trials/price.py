"""The price of a bound: how many faults a criterion alone finds, by its bound and by the number of cases."""

from __future__ import annotations

from collections.abc import Sequence

from harness.trials.image_findings import METRICS
from harness.trials.summary import TrialRow
from system_io.verdict_words import Word

BOUNDS = tuple(10.0**-n for n in range(2, 13))
"""1e-2 to 1e-12."""


def score_by_bound(rows: Sequence[TrialRow]) -> dict[str, list[float]]:
    """Return for each metric the share of image-changing faults beyond each of `BOUNDS`.

    Args:
        rows: trials in short.
    """
    figures = [row["figures"] for row in rows if row["changed"]]
    return {
        name: [
            sum(float(found[name]) > bound for found in figures) / max(1, len(figures)) for bound in BOUNDS
        ]
        for name in METRICS
    }


def score_by_cases(rows: Sequence[TrialRow]) -> list[tuple[str, float]]:
    """Return the lines that find any more fault, in the order in which they find most more.

    Args:
        rows: whole trials; those whose image does not change do not count.

    Returns:
        Each line with the share of faults that fail the image verdict on it or on one before.
    """
    moved = [row["lines"] for row in rows if row["changed"]]
    failing = [{name for name, line in lines.items() if line.get("verdict") == Word.FAIL} for lines in moved]
    finds = {
        name: {n for n, names in enumerate(failing) if name in names}
        for name in sorted(set().union(*failing))
    }
    found: set[int] = set()
    order: list[tuple[str, float]] = []
    while True:
        best = max(finds, key=lambda name: len(finds[name] - found), default=None)
        if best is None or finds[best] <= found:
            return order
        found |= finds.pop(best)
        order.append((best, round(len(found) / len(moved), 4)))
