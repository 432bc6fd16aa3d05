"""How much of two images a comparison covers: its share of the pixels, the photons and the reflections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.arrays import FloatImage
from harness.verdict import Verdict
from system_io.verdict_words import Word

LEAST_SHARE = 0.01
"""Agreement of a region below this share of the pixels and of the photons says nothing about the image."""
SMALL_REGION = "--small-region"
"""Option that asks for a verdict on a region all the same."""


@dataclass(frozen=True)
class ImageCoverage:
    """The compared part of an image.

    pixels, all_pixels: compared, and of the image; photons: share of the magnitudes of the first image, None
    where there are none; reflections, all_reflections: compared, and predicted; no_reflections: why none is;
    not_computed: pixels of the compared ones that the command line left out, as far as that is known.
    """

    pixels: int
    all_pixels: int
    photons: float | None
    reflections: int = 0
    all_reflections: int = 0
    no_reflections: str = ""
    not_computed: int = 0

    @property
    def pixel_share(self) -> float:
        """Return the share of the pixels that were computed and compared."""
        return (self.pixels - self.not_computed) / self.all_pixels

    @property
    def small(self) -> bool:
        """Tell whether agreement says nothing about the image."""
        return self.pixel_share < LEAST_SHARE and (self.photons or 0.0) < LEAST_SHARE

    def words(self) -> list[str]:
        """Return the shares in words."""
        count = self.pixels - self.not_computed
        whole = count == self.all_pixels
        share = share_text(self.pixel_share)
        parts = [f"all {count} pixels" if whole else f"{count} of {self.all_pixels} pixels ({share})"]
        if not whole and self.photons is not None:
            parts.append(f"{share_text(self.photons)} of the photons")
        if self.no_reflections:
            return [*parts, f"no reflections ({self.no_reflections})"]
        return [
            *parts,
            f"{self.reflections} of {self.all_reflections} reflections{self._other_reflections()}",
        ]

    def _other_reflections(self) -> str:
        """Say why the other predicted reflections were not compared."""
        if self.reflections == self.all_reflections:
            return ""
        whole = self.pixels - self.not_computed == self.all_pixels
        return " (the others: no photon on either side)" if whole else " (the others: no compared photon)"


def share_text(share: float) -> str:
    """Return a share in percent; what is less than all is never shown as all."""
    shown = f"{100.0 * share:.3g} %"
    return "> 99.9 %" if share < 1.0 and shown == "100 %" else shown


def covered(whole: FloatImage, part: FloatImage) -> ImageCoverage:
    """Return the coverage of a part of an image, without reflections."""
    if whole.size == part.size:
        return ImageCoverage(part.size, whole.size, 1.0)
    with np.errstate(all="ignore"):
        total, held = (float(np.nansum(np.abs(image), dtype=np.float64)) for image in (whole, part))
    return ImageCoverage(part.size, whole.size, held / total if 0.0 < total < np.inf else None)


def limited_by(coverage: ImageCoverage, verdict: Verdict) -> Verdict:
    """Return a verdict on images; a pass on a region that says nothing about them is none."""
    if verdict.exit_status != 0 or not coverage.small:
        return verdict
    photons = "none" if coverage.photons is None else share_text(coverage.photons)
    reason = (
        f"the region holds {share_text(coverage.pixel_share)} of the pixels and {photons} of the photons; "
        f"agreement of less than {share_text(LEAST_SHARE)} of both says nothing about the image: "
        f"compare more, or give {SMALL_REGION}"
    )
    return Verdict(Word.NOT_COMPARABLE, (*verdict.reasons, reason), verdict.criteria)
