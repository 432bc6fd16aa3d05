"""Collects what the page shows of one compared pair, as plain data."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable
from typing import Any

import numpy as np

from harness.arrays import FloatImage
from harness.evidence.page.geometry import geometry_content
from harness.images.compare import Region
from harness.images.metrics import float32_distance
from harness.images.peaks import GATE_PX, find_spots, match_spots
from harness.pairs.part import PairPart
from harness.programs.side_words import without_traces
from harness.sides import SIDES
from harness.tracing.choice import Compared, worst_pixels
from trace_tools.errors import TraceError
from trace_tools.reading.lines import show_context
from trace_tools.reading.trace_file import TraceLog

MOST_PEAKS = 3000
MOST_PIXELS = 256
SCATTER_POINTS = 4000
MOST_WORST = 25
BINS = 80
SEED = 1


def peak_overlay(first: FloatImage, second: FloatImage, floor: float) -> dict[str, list[list[float]]]:
    """Return the brightest matched peaks and all unmatched ones as [slow, fast] lists."""
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return {"matched": [], "first_only": [], "second_only": []}
    spots = [find_spots(image, floor) for image in (first, second)]
    pairs, _ = match_spots(spots[0].places_px, spots[1].places_px, GATE_PX)
    brightest = (
        pairs[np.argsort(-spots[0].heights[pairs[:, 0]])][:MOST_PEAKS, 0] if len(pairs) else pairs[:, 0]
    )
    alone = []
    for side in (0, 1):
        free = spots[side].counted.copy()
        free[pairs[:, side]] = False
        alone.append(spots[side].places_px[free])
    places = (spots[0].places_px[brightest], *alone)
    keys = ("matched", "first_only", "second_only")
    return {key: np.round(place, 2).tolist() for key, place in zip(keys, places, strict=True)}


def _peak_floor(part: PairPart) -> float:
    """Return the least height of a spot in the comparison of a part; nothing is one where none was made."""
    return math.inf if part.comparison.peaks is None else part.comparison.peaks.floor


def histogram(first: FloatImage, second: FloatImage) -> dict[str, Any]:
    """Return counts of both images over the decimal logarithm of their positive values."""
    logs = [
        np.log10(image[np.isfinite(image) & (image > 0.0)].astype(np.float64)) for image in (first, second)
    ]
    both = np.concatenate(logs)
    if both.size == 0:
        return {"edges": [], "first": [], "second": []}
    edges = np.histogram_bin_edges(both, BINS)
    counts = [np.histogram(values, edges)[0].tolist() for values in logs]
    return {"edges": edges.tolist(), "first": counts[0], "second": counts[1]}


def scatter(first: FloatImage, second: FloatImage) -> list[list[float]]:
    """Return [first, second, steps] of the brightest, the most different and some random pixels."""
    a, b = first.ravel(), second.ravel()
    steps = float32_distance(first, second).ravel()
    fine = np.flatnonzero(np.isfinite(a) & np.isfinite(b))
    share = min(SCATTER_POINTS // 3, fine.size)
    if share == 0:
        return []
    chosen = [
        fine[np.argpartition(-a[fine], share - 1)[:share]],
        fine[np.argpartition(-steps[fine], share - 1)[:share]],
        np.random.default_rng(SEED).choice(fine, share, replace=False),
    ]
    index = np.unique(np.concatenate(chosen))
    return [[float(a[i]), float(b[i]), int(steps[i])] for i in index]


def trace_tables(part: PairPart) -> dict[str, list[list[str]]]:
    """Return for each traced pixel 'slow,fast' its records: tap, context, value of each side.

    At most `MOST_PIXELS` pixels are taken over. Set-up taps stand under 'setup'.
    """
    try:
        traces = part.traces
    except TraceError:
        return {}
    sides = [_by_record(trace) for trace in traces]
    tables: dict[str, list[list[str]]] = {}
    for key in dict.fromkeys([*sides[0], *sides[1]]):
        pixel, tap, context = key
        if pixel in tables or len(tables) <= MOST_PIXELS:
            row = [tap, context, *(side.get(key, "missing") for side in sides)]
            tables.setdefault(pixel, []).append(row)
    return tables


def _by_record(trace: TraceLog) -> dict[tuple[str, str, str], str]:
    found = {}
    for record in trace.records():
        turns = dict(record.context)
        pixel = f"{turns['s']},{turns['f']}" if "s" in turns else "setup"
        value = " ".join(record.words or (f"{number:.17g}" for number in record.values))
        found[pixel, record.tap, show_context(record.context)] = value
    return found


def worst_differences(part: PairPart) -> list[tuple[int, int]]:
    """Return [slow, fast] of the pixels of the compared region that differ most, worst first."""
    region = part.summary["region"]
    roi = Region(**region) if region else Region.whole(part.first.shape)
    slices = slice(roi.y_min, roi.y_max + 1), slice(roi.x_min, roi.x_max + 1)
    window = Compared((), None, part.mode, (part.first, part.second), slices)
    chosen = worst_pixels(window, MOST_WORST)
    return [pixel for pixel in chosen if not _same(part.first[pixel], part.second[pixel])]


def _same(first: np.float32, second: np.float32) -> bool:
    return bool(first == second or (np.isnan(first) and np.isnan(second)))


def traced_pixels(tables: Iterable[str]) -> list[tuple[int, int]]:
    """Return (slow, fast) of the keys 'slow,fast' of trace tables."""
    pairs = (name.split(",") for name in tables if name != "setup")
    return [(int(slow), int(fast)) for slow, fast in pairs]


def exact_values(part: PairPart, pixels: Iterable[tuple[int, int]]) -> list[list[float | None]]:
    """Return [index, first, second] of pixels (slow, fast) in the image, whatever the packing rounds."""
    rows: list[list[float | None]] = []
    shape = part.first.shape
    for slow, fast in dict.fromkeys(pixels):
        if slow >= shape[0] or fast >= shape[1]:
            continue
        values = [float(image[slow, fast]) for image in (part.first, part.second)]
        index = slow * shape[1] + fast
        rows.append([index, *(value if np.isfinite(value) else None for value in values)])
    return rows


def trace_command(part: PairPart) -> str:
    """Return the command that traces another pixel; '-trace_pixel SLOW FAST' is to be put behind it."""
    kept = without_traces(part.summary["arguments"])
    return shlex.join(["nb-compare", "--parity-mode", part.mode, "--", *kept])


def part_content(part: PairPart) -> dict[str, Any]:
    """Return what the viewer needs besides the pixels."""
    region = part.summary["region"]
    runs = part.summary["runs"]
    traces = trace_tables(part)
    worst = worst_differences(part)
    return {
        "titles": [runs[side]["title"] for side in SIDES],
        "mode": part.mode,
        "region": None if region is None else [region[key] for key in ("x_min", "x_max", "y_min", "y_max")],
        "peaks": peak_overlay(part.first, part.second, _peak_floor(part)),
        "histogram": histogram(part.first, part.second),
        "scatter": scatter(part.first, part.second),
        "traces": traces,
        "worst": worst,
        "exact": exact_values(part, [*traced_pixels(traces), *worst]),
        "geometry": geometry_content(part),
        "trace_command": trace_command(part),
    }
