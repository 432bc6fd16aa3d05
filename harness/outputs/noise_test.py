"""Whether photons of noise images are what float images expect, at several bin sizes at once.

The photons of a bin are a Poisson deviate whose mean is the sum of the float image there. Each bin gives an
exact two-sided chance of counts as odd as its own, for either image and for both against each other; the bins
of a size give that of the spread of their counts. What is beyond chance is decided over all of them together
(Benjamini and Hochberg, each size with the same weight), so that images of pure noise fail with the chance
FALSE_ALARM at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.arrays import Reals

FALSE_ALARM = 1e-3
"""Chance that a pair of sound noise images is found to differ."""
SQUARES = (1, 4, 16)
"""Sides of the square bins, pixels."""
LEAST_MEAN, LEAST_BINS = 10.0, 16
"""Photons expected in a bin, and bins of that many, from which their spread is tested."""


@dataclass(frozen=True, eq=False)
class NoiseSample:
    """Photons of a noise image, and how many its float image expects.

    photons, mean: [slow, fast], 0 in both where a pixel takes no part.
    """

    name: str
    photons: Reals
    mean: Reals


@dataclass(frozen=True)
class Beyond:
    """A bin, or the spread of all bins of a size, beyond chance: what, its chance, and both figures."""

    what: str
    chance: float
    measured: float
    expected: float
    spread: bool

    @property
    def rank(self) -> tuple[bool, float, float]:
        """Return by what the most telling comes first: a bin, the oddest, the one with the most photons."""
        return self.spread, self.chance, -self.expected


@dataclass(frozen=True)
class NoiseTest:
    """How many bins and spreads were tested, and what of them is beyond chance, the most telling first."""

    tested: int
    beyond: tuple[Beyond, ...]


@dataclass(frozen=True, eq=False)
class _Bins:
    """Chances of the bins of one kind, and how to name one."""

    kind: str
    chances: Reals
    measured: Reals
    expected: Reals
    width: int
    height: int
    spread: bool = False

    def beyond(self, index: int) -> Beyond:
        columns = self.chances.shape[1]
        slow, fast = index // columns * self.height, index % columns * self.width
        size = f"{self.height} x {self.width} pixels"
        what = (
            f"{self.kind} {size}"
            if self.spread
            else f"{self.kind}, {size} from [slow, fast] [{slow}, {fast}]"
        )
        chance, measured, expected = (
            float(values.ravel()[index]) for values in (self.chances, self.measured, self.expected)
        )
        return Beyond(what, chance, measured, expected, self.spread)


def noise_test(samples: Sequence[NoiseSample], false_alarm: float = FALSE_ALARM) -> NoiseTest:
    """Return what of some noise images is beyond chance.

    Args:
        samples: of one shape; two of them are also held against each other.
        false_alarm: chance of a finding in sound images.
    """
    from scipy.stats import false_discovery_control

    sizes = [list(_groups(samples, *size)) for size in _bin_sizes(samples[0].mean.shape)]
    groups = [group for size in sizes for group in size]
    chances = np.concatenate([group.chances.ravel() for group in groups])
    adjusted = false_discovery_control(np.minimum(chances * np.concatenate(list(_burdens(sizes))), 1.0))
    found: list[Beyond] = []
    start = 0
    for group in groups:
        places = np.flatnonzero(adjusted[start : start + group.chances.size] <= false_alarm)
        found += [group.beyond(int(place)) for place in places]
        start += group.chances.size
    return NoiseTest(len(chances), tuple(sorted(found, key=lambda one: one.rank)))


def _burdens(sizes: Sequence[Sequence[_Bins]]) -> Iterator[Reals]:
    """Yield for each bin by how much less its chance counts, so that each size has a like share."""
    counts = [sum(group.chances.size for group in size) for size in sizes]
    for count in counts:
        yield np.full(count, len(sizes) * count / sum(counts))


def _bin_sizes(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return heights and widths of the bins: squares, rows, columns, the whole image."""
    slow, fast = shape
    sizes = [(min(side, slow), min(side, fast)) for side in SQUARES]
    return list(dict.fromkeys([*sizes, (1, fast), (slow, 1), (slow, fast)]))


def _binned(values: Reals, height: int, width: int) -> Reals:
    rows = np.add.reduceat(values, np.arange(0, values.shape[0], height), axis=0)
    sums: Reals = np.add.reduceat(rows, np.arange(0, values.shape[1], width), axis=1)
    return sums


def _groups(samples: Sequence[NoiseSample], height: int, width: int) -> Iterator[_Bins]:
    photons = [_binned(sample.photons, height, width) for sample in samples]
    means = [_binned(sample.mean, height, width) for sample in samples]
    for sample, counts, mean in zip(samples, photons, means, strict=True):
        yield _Bins(
            f"{sample.name} against its float image", _poisson(counts, mean), counts, mean, width, height
        )
        spread = _spread(counts, mean)
        if spread is not None:
            chance, measured, bins = (np.array([[value]]) for value in spread)
            yield _Bins(f"spread of {sample.name} over bins of", chance, measured, bins, width, height, True)
    if len(samples) == 2:
        chance, expected = _against(photons, means)
        yield _Bins(
            f"{samples[0].name} against {samples[1].name}", chance, photons[0], expected, width, height
        )


def _two_sided(below: Reals, above: Reals) -> Reals:
    """Return the chance of a result as odd to either side, from those of at most and at least as much."""
    return np.minimum(1.0, 2.0 * np.minimum(below, above))


def _poisson(counts: Reals, mean: Reals) -> Reals:
    from scipy.special import gammainc, gammaincc

    empty = mean <= 0.0
    safe = np.where(empty, 1.0, mean)
    above = np.where(counts > 0.0, gammainc(np.maximum(counts, 1.0), safe), 1.0)
    chance = _two_sided(gammaincc(np.maximum(counts, 0.0) + 1.0, safe), above)
    return np.where(empty, (counts == 0.0).astype(np.float64), np.where(counts < 0.0, 0.0, chance))


def _against(photons: Sequence[Reals], means: Sequence[Reals]) -> tuple[Reals, Reals]:
    """Return the chance that two images share their photons as they do, and what the first would have."""
    from scipy.special import betainc

    total, mean = photons[0] + photons[1], means[0] + means[1]
    share = np.where(mean > 0.0, means[0] / np.where(mean > 0.0, mean, 1.0), 0.5)
    whole = np.maximum(total, 0.0)
    first = np.clip(photons[0], 0.0, whole)
    rest = whole - first
    below = np.where(rest > 0.0, betainc(np.maximum(rest, 1.0), first + 1.0, 1.0 - share), 1.0)
    above = np.where(first > 0.0, betainc(np.maximum(first, 1.0), rest + 1.0, share), 1.0)
    certain = (share <= 0.0) | (share >= 1.0)
    return np.where(certain, 1.0, _two_sided(below, above)), total * share


def _spread(counts: Reals, mean: Reals) -> tuple[float, float, float] | None:
    """Return the chance of the sum of (counts - mean)^2/mean, this sum and the number of bins, or None.

    Each term has the expectation 1 and the variance 2 + 1/mean; their sum follows a gamma distribution of the
    same two moments closely.
    """
    from scipy.stats import gamma

    used = mean >= LEAST_MEAN
    bins = int(np.count_nonzero(used))
    if bins < LEAST_BINS:
        return None
    expected = mean[used]
    total = float(((counts[used] - expected) ** 2 / expected).sum())
    variance = float((2.0 + 1.0 / expected).sum())
    shape, scale = bins**2 / variance, variance / bins
    below, above = gamma.cdf(total, shape, scale=scale), gamma.sf(total, shape, scale=scale)
    return min(1.0, 2.0 * float(min(below, above))), total, float(bins)
