"""Draws float images and their difference as PNG files, with matplotlib and without a display.

An image larger than about `CELLS` on a side is drawn in blocks. A block shows its largest value (for
differences: the largest magnitude, with its sign), so that a spot of one pixel stays visible.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from harness.arrays import FloatImage, Reals
from harness.drawing import Axes, Figure, FigureCanvasAgg, LogNorm, Normalize, SymLogNorm
from harness.images.metrics import own_differences

CELLS = 1000
DECADES = 6
DIFF_DECADES = 4
SIZE_IN = (9.0, 7.6)
DPI = 130
IMAGE_BOX, SCALE_BOX = (0.1, 0.08, 0.74, 0.84), (0.87, 0.08, 0.035, 0.84)
"""Left, bottom, width and height of image and colour scale, in parts of the picture."""
MOST_RELATIVE, LEAST_RELATIVE = 2.0, 1e-7
"""Of numbers of opposite sign, and of the scale where no bound is known."""
COMPRESSION = 2
"""Of the PNG files: smaller ones would take longer than all else that is drawn."""
EMPTY_COLOUR = "0.55"
UNIT = "photons per pixel"


@dataclass(frozen=True)
class PictureFrame:
    """What a picture says about the pixels it shows: the first pixel and the region in words.

    fitted: whether room is made for the texts by measuring them, as older versions did; it doubles the time.
    """

    origin: tuple[int, int]
    region: str
    fitted: bool = False


def draw_image(path: Path, image: FloatImage, title: str, frame: PictureFrame, brightest: float) -> None:
    """Draw an image on a logarithmic grey scale; zero, negative and NaN pixels get a colour of their own.

    Args:
        path: PNG file to write.
        image: pixels [slow, fast], photons.
        title: what it is.
        frame: where the pixels lie on the detector.
        brightest: upper end of the scale, so that two pictures can share it.
    """
    cells, block = _block_extreme(image)
    positive = cells[np.isfinite(cells) & (cells > 0.0)]
    top = brightest if np.isfinite(brightest) and brightest > 0.0 else 1.0
    low = max(top * 10.0**-DECADES, float(positive.min()) if positive.size else 0.0)
    norm = LogNorm(vmin=min(low, 0.5 * top), vmax=top, clip=False)
    shown = np.where(np.isfinite(cells) & (cells > 0.0), np.clip(cells, norm.vmin, None), np.nan)
    hidden = "; grey: not above zero" if np.isnan(shown).any() else ""
    figure, axes = _figure(title + hidden, frame, block)
    if not positive.size:
        _write_across(axes, "no pixel above zero")
    _paint(figure, axes, shown, frame, block, norm, "inferno", UNIT)
    _save(figure, path)


def draw_difference(path: Path, first: FloatImage, second: FloatImage, frame: PictureFrame) -> None:
    """Draw second minus first on a scale that is logarithmic on both sides of zero.

    Args:
        path: PNG file to write.
        first: reference image [slow, fast], photons.
        second: judged image [slow, fast], photons.
        frame: where the pixels lie on the detector.
    """
    with np.errstate(invalid="ignore"):
        diff = second.astype(np.float64) - first.astype(np.float64)
    cells, block = _block_extreme(diff)
    finite = cells[np.isfinite(cells)]
    top = float(np.abs(finite).max()) if finite.size else 0.0
    figure, axes = _figure(f"difference, second minus first; largest {top:.3g}", frame, block)
    if top == 0.0:
        _write_across(axes, "no difference" if finite.size == cells.size else "no finite difference")
    scale = top or 1.0
    norm = SymLogNorm(linthresh=scale * 10.0**-DIFF_DECADES, vmin=-scale, vmax=scale)
    _paint(figure, axes, cells, frame, block, norm, "RdBu_r", f"difference ({UNIT})")
    _save(figure, path)


def draw_own_difference(
    path: Path, first: FloatImage, second: FloatImage, bound: float, frame: PictureFrame
) -> None:
    """Draw the difference of each pixel in parts of its own value; equal pixels get a colour of their own.

    Args:
        path: PNG file to write.
        first: reference image [slow, fast], photons.
        second: judged image [slow, fast], photons.
        bound: what rounding explains; the scale begins a decade below.
        frame: where the pixels lie on the detector.
    """
    relative = own_differences(first.astype(np.float64), second.astype(np.float64))
    outside = int(np.count_nonzero(relative > bound))
    cells, block = _block_extreme(np.minimum(relative, MOST_RELATIVE))
    words = f"difference over own value; {outside} pixels beyond {bound:.2g}; grey: equal"
    figure, axes = _figure(words, frame, block)
    shown = np.where(cells > 0.0, cells, np.nan)
    if not (cells > 0.0).any():
        _write_across(axes, "no difference")
    norm = LogNorm(vmin=0.1 * (bound or LEAST_RELATIVE), vmax=MOST_RELATIVE, clip=True)
    _paint(figure, axes, shown, frame, block, norm, "viridis", "difference over the larger value")
    _save(figure, path)


def _block_extreme(image: FloatImage | Reals) -> tuple[Reals, int]:
    """Reduce an image to blocks: of each the value of largest magnitude (NaN if it holds one)."""
    block = max(1, -(-max(image.shape) // CELLS))
    if block == 1:
        return image.astype(np.float64), 1
    padded = np.pad(image, [(0, -size % block) for size in image.shape], mode="edge")
    high, low = (
        reduce(extreme, (lines[:, k::block] for k in range(block)))  # [rows, columns]
        for extreme in (np.maximum, np.minimum)
        for lines in [reduce(extreme, (padded[k::block] for k in range(block)))]
    )
    return np.where(np.abs(low) > np.abs(high), low, high).astype(np.float64), block


def _figure(title: str, frame: PictureFrame, block: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE_IN, layout="constrained" if frame.fitted else None)
    axes = figure.add_subplot() if frame.fitted else figure.add_axes(IMAGE_BOX)
    cells = "" if block == 1 else f"; a dot is the extreme of {block} x {block} pixels"
    axes.set_title(f"{title}\nregion {frame.region}{cells}", fontsize=10)
    axes.set_xlabel("fast (pixel)")
    axes.set_ylabel("slow (pixel)")
    return figure, axes


def _paint(
    figure: Figure,
    axes: Axes,
    cells: Reals,
    frame: PictureFrame,
    block: int,
    norm: Normalize,
    colours: str,
    label: str,
) -> None:
    slow, fast = frame.origin
    rows, columns = (size * block for size in cells.shape)
    extent = (fast - 0.5, fast + columns - 0.5, slow + rows - 0.5, slow - 0.5)
    axes.set_facecolor(EMPTY_COLOUR)
    artist = axes.imshow(cells, norm=norm, cmap=colours, extent=extent, interpolation="nearest")
    if frame.fitted:
        figure.colorbar(artist, ax=axes, label=label)
    else:
        figure.colorbar(artist, cax=figure.add_axes(SCALE_BOX), label=label)


def _write_across(axes: Axes, text: str) -> None:
    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 14}
    axes.text(0.5, 0.5, text, transform=axes.transAxes, **style)


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=DPI, format="png", pil_kwargs={"compress_level": COMPRESSION})
