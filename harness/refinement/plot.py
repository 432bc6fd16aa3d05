"""Draws a refinement: a part of the image before and after, what is left of it, and the way there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.ndimage import uniform_filter

from harness.drawing import Axes, Figure, FigureCanvasAgg, LogNorm
from harness.refinement.data import FloatArray, ObservedImage
from harness.refinement.fit import SCALE
from harness.refinement.refine import Refined

WINDOW = 96
"""Pixels a side of the part that is shown."""
CELL = 16
"""Pixels a side over which residuals are averaged."""
LARGEST_SIGMA = 5.0
DPI = 110
TINY_PART = 1e-8


def draw_refinement(
    path: Path,
    observed: ObservedImage,
    images: tuple[FloatArray, FloatArray],
    outcome: Refined,
    truth: Mapping[str, float],
) -> None:
    """Draw measured, start, refined and residual; residuals of the whole image; convergence.

    Args:
        path: PNG file.
        images: start and refined, with background, photons [slow, fast].
        truth: of variables, where known; else the way is drawn to the result.
    """
    figure = Figure(figsize=(17.0, 9.4), layout="constrained")
    upper, lower = figure.subplots(2, 4)
    start, found = images
    measured = observed.photons
    window = _busiest(observed)
    top = max(10.0, float(measured[window].max()))
    least = max(0.25, 0.5 * float(np.median(observed.background)))
    norm = LogNorm(vmin=least, vmax=max(top, 4.0 * least))
    for axes, image, name in zip(
        upper, (measured, start, found), ("measured", "start", "refined"), strict=False
    ):
        artist = axes.imshow(
            np.maximum(image[window], least), norm=norm, cmap="inferno", extent=_extent(window)
        )
        axes.set_title(name)
    figure.colorbar(artist, ax=list(upper[:3]), label="photons per pixel", shrink=0.9)
    left = [_residual(observed, image) for image in images]
    artist = upper[3].imshow(
        left[1][window], vmin=-LARGEST_SIGMA, vmax=LARGEST_SIGMA, cmap="RdBu_r", extent=_extent(window)
    )
    upper[3].set_title("measured minus refined")
    figure.colorbar(artist, ax=upper[3], label="standard deviations", shrink=0.9)
    _residual_maps(figure, lower[:2], left)
    _convergence(lower[2], outcome, truth)
    _chi_square(lower[3], outcome)
    for axes in (*upper, *lower[:2]):
        axes.set_xlabel("fast (pixel)")
    upper[0].set_ylabel("slow (pixel)")
    lower[0].set_ylabel("slow (pixel)")
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=DPI, format="png")


def _busiest(observed: ObservedImage) -> tuple[slice, slice]:
    """Return the window with the most spots."""
    strength = np.sqrt(np.maximum(observed.photons - observed.background, 0.0))
    strength = np.minimum(strength, 10.0) * (strength > 3.0)
    sizes = [min(WINDOW, size) for size in strength.shape]
    sums = uniform_filter(strength, sizes, mode="constant")
    place = np.unravel_index(int(sums.argmax()), sums.shape)
    starts = [
        int(np.clip(n - size // 2, 0, full - size))
        for n, size, full in zip(place, sizes, strength.shape, strict=True)
    ]
    return slice(starts[0], starts[0] + sizes[0]), slice(starts[1], starts[1] + sizes[1])


def _extent(window: tuple[slice, slice]) -> tuple[float, float, float, float]:
    slow, fast = window
    return fast.start - 0.5, fast.stop - 0.5, slow.stop - 0.5, slow.start - 0.5


def _residual(observed: ObservedImage, image: FloatArray) -> FloatArray:
    """Return measured minus modelled in standard deviations, 0 where nothing is usable."""
    deviation = np.sqrt(np.maximum(image, observed.background))
    return np.asarray(np.where(observed.usable, (observed.photons - image) / deviation, 0.0))


def _residual_maps(figure: Figure, axes: Sequence[Axes], left: Sequence[FloatArray]) -> None:
    """Draw the root mean square residual of cells of pixels, of the start and of the result."""
    maps = [np.sqrt(_means(part * part)) for part in left]
    norm = LogNorm(vmin=0.5, vmax=max(2.0, float(maps[0].max())))
    slow, fast = left[0].shape
    for one, cells, name in zip(axes, maps, ("start", "refined"), strict=True):
        artist = one.imshow(
            np.maximum(cells, 0.5), norm=norm, cmap="viridis", extent=(-0.5, fast - 0.5, slow - 0.5, -0.5)
        )
        one.set_title(f"residual, {name}")
    figure.colorbar(artist, ax=list(axes), label=f"rms in {CELL} x {CELL} pixels (1: noise)", shrink=0.9)


def _means(image: FloatArray) -> FloatArray:
    """Return the means of cells of pixels."""
    padded = np.pad(image, [(0, -size % CELL) for size in image.shape], mode="reflect")
    rows, columns = (size // CELL for size in padded.shape)
    return np.asarray(padded.reshape(rows, CELL, columns, CELL).mean(axis=(1, 3)))


def _convergence(axes: Axes, outcome: Refined, truth: Mapping[str, float]) -> None:
    """Draw how far each variable is from its goal, over the images computed."""
    for label, unit, final in zip(outcome.labels, outcome.units, outcome.numbers, strict=True):
        if label == SCALE:
            continue
        goal = truth.get(label, float(final))
        size = 1.0 if unit == "rad" else abs(goal) or 1.0
        places = [step.evaluation for step in outcome.steps if label in step.numbers]
        errors = [abs(step.numbers[label] - goal) / size for step in outcome.steps if label in step.numbers]
        axes.semilogy(places, np.maximum(errors, TINY_PART), label=label, linewidth=1.2)
    axes.set_ylim(bottom=TINY_PART)
    axes.set_title(f"difference from the {'truth' if truth else 'result'}")
    axes.set_ylabel("part of the value; angles in rad")
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
    _stages(axes, outcome)


def _chi_square(axes: Axes, outcome: Refined) -> None:
    """Draw the mean square residual over the images computed."""
    axes.semilogy(
        [step.evaluation for step in outcome.steps], [step.chi_square for step in outcome.steps],
        ".-", color="0.2", linewidth=0.8, markersize=4,
    )  # fmt: skip
    axes.set_title("mean square residual of the stage")
    _stages(axes, outcome)


def _stages(axes: Axes, outcome: Refined) -> None:
    """Mark where the stages begin."""
    seen: set[str] = set()
    for step in outcome.steps:
        if step.stage not in seen:
            seen.add(step.stage)
            axes.axvline(step.evaluation, color="0.7", linewidth=0.8)
            axes.annotate(
                step.stage, (step.evaluation, 0.98), xycoords=("data", "axes fraction"), rotation=90,
                fontsize=7, va="top", ha="left", color="0.35",
            )  # fmt: skip
    axes.set_xlabel("images computed")
    axes.grid(alpha=0.25)
