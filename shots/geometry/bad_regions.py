"""Pixels that do not measure, as rectangles of a panel and as an image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shots.geometry.panel import BadRegion, Panel


def rectangles_of(bad: NDArray[np.bool_]) -> list[BadRegion]:
    """Return rectangles that hold the marked pixels and no other: runs of a row, joined with equal ones.

    Args:
        bad: True where a pixel does not measure [slow, fast].
    """
    open_runs: dict[tuple[int, int], int] = {}
    found: list[BadRegion] = []
    for row in range(len(bad) + 1):
        runs = _runs(bad[row]) if row < len(bad) else []
        for run in [run for run in open_runs if run not in runs]:
            found.append((*run, open_runs.pop(run), row))
        for run in runs:
            open_runs.setdefault(run, row)
    return found


def _runs(row: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return first pixel and end of each run of marked pixels."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(np.int8)))
    return [(start, end) for start, end in edges.reshape(-1, 2).tolist()]


def measured_by(panel: Panel) -> NDArray[np.bool_]:
    """Return the pixels of a panel that its bad regions leave [slow, fast]; its mask file is not read."""
    kept = np.ones((panel.slow_pixels, panel.fast_pixels), bool)
    for fast_from, fast_to, slow_from, slow_to in panel.bad:
        kept[max(slow_from, 0) : max(slow_to, 0), max(fast_from, 0) : max(fast_to, 0)] = False
    return kept
