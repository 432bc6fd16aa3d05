"""Chances of small drawn noise images are those of a second, plain test that goes from bin to bin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest
from scipy.stats import binom, gamma, poisson

from harness.arrays import Reals
from harness.outputs.noise_test import NoiseSample, noise_test

SHAPES = ((1, 1), (1, 9), (6, 4), (5, 17), (18, 20))
SAMPLES = ("sound", "scaled", "hot", "dark", "negative", "one alone")
ALARMS = (1.0, 0.2, 1e-3)


class Chance(NamedTuple):
    """How odd a bin or the spread of some is, and how much less its chance counts."""

    what: str
    chance: float
    measured: float
    expected: float
    spread: bool
    burden: float = 1.0


def drawn_samples(kind: str, shape: tuple[int, int]) -> list[NoiseSample]:
    """Return one or two noise images of means from none to hundreds of photons."""
    numbers = np.random.default_rng([SAMPLES.index(kind), *shape])
    means = [np.round(10.0 ** numbers.uniform(-1.0, 2.5, shape), 3) for _ in range(2)]
    means[0][numbers.random(shape) < 0.1] = 0.0
    means[1][numbers.random(shape) < 0.1] = 0.0
    photons = [numbers.poisson(mean).astype(np.float64) for mean in means]
    at = tuple(int(numbers.integers(size)) for size in shape)
    if kind == "scaled":
        photons[1] = np.round(1.2 * photons[1])
    if kind == "hot":
        photons[0][at] += 200.0
    if kind == "dark":
        means[1][...], photons[1][...] = 0.0, 0.0
    if kind == "negative":
        photons[0][at], photons[1][at] = -30.0, 5.0
    both = [
        NoiseSample(name, *one)
        for name, one in zip(("c", "py"), zip(photons, means, strict=True), strict=True)
    ]
    return both[:1] if kind == "one alone" else both


def two_sided(below: float, above: float) -> float:
    return min(1.0, 2.0 * min(below, above))


def of_poisson(count: float, mean: float) -> float:
    if mean == 0.0:
        return float(count == 0.0)
    return two_sided(poisson.cdf(count, mean), poisson.sf(count - 1.0, mean))


def of_share(counts: list[float], means: list[float]) -> float:
    """The chance that so many of all photons fall to the first; certain where one side expects none."""
    if min(means) == 0.0:
        return 1.0
    share, total = means[0] / sum(means), max(sum(counts), 0.0)
    first = min(max(counts[0], 0.0), total)
    return two_sided(binom.cdf(first, total, share), binom.sf(first - 1.0, total, share))


def of_spread(counts: list[float], means: list[float]) -> tuple[float, float]:
    terms = [(count - mean) ** 2 / mean for count, mean in zip(counts, means, strict=True)]
    variance = sum(2.0 + 1.0 / mean for mean in means)
    law = gamma(len(terms) ** 2 / variance, scale=variance / len(terms))
    return two_sided(law.cdf(sum(terms)), law.sf(sum(terms))), sum(terms)


def bin_sizes(shape: tuple[int, int]) -> list[tuple[int, int]]:
    slow, fast = shape
    squares = [(min(side, slow), min(side, fast)) for side in (1, 4, 16)]
    sizes: list[tuple[int, int]] = []
    for size in (*squares, (1, fast), (slow, 1), shape):
        sizes += [size] if size not in sizes else []
    return sizes


def bins_of(values: Reals, height: int, width: int) -> dict[tuple[int, int], float]:
    """Return the sum of each bin by the place of its first pixel; the last ones may be smaller."""
    sums: dict[tuple[int, int], float] = {}
    for (slow, fast), value in np.ndenumerate(values):
        place = slow - slow % height, fast - fast % width
        sums[place] = sums.get(place, 0.0) + float(value)
    return sums


def chances_of(samples: list[NoiseSample], height: int, width: int) -> Iterator[Chance]:
    size = f"{height} x {width} pixels"
    photons = [bins_of(sample.photons, height, width) for sample in samples]
    means = [bins_of(sample.mean, height, width) for sample in samples]
    for sample, counts, mean in zip(samples, photons, means, strict=True):
        for place in counts:
            what = f"{sample.name} against its float image, {size} from [slow, fast] {list(place)}"
            chance = of_poisson(counts[place], mean[place])
            yield Chance(what, chance, counts[place], mean[place], False)
        bright = [place for place in mean if mean[place] >= 10.0]
        if len(bright) >= 16:
            chance, total = of_spread([counts[one] for one in bright], [mean[one] for one in bright])
            yield Chance(f"spread of {sample.name} over bins of {size}", chance, total, len(bright), True)
    for place in photons[0] if len(samples) == 2 else ():
        counts, mean = ([side[place] for side in sides] for sides in (photons, means))
        what = f"c against py, {size} from [slow, fast] {list(place)}"
        share = mean[0] / sum(mean) if sum(mean) else 0.5
        yield Chance(what, of_share(counts, mean), counts[0], sum(counts) * share, False)


def every_chance(samples: list[NoiseSample]) -> list[Chance]:
    """Return all chances; those of one size share the weight of a size among them."""
    sizes = [list(chances_of(samples, *size)) for size in bin_sizes(samples[0].mean.shape)]
    total = sum(map(len, sizes))
    return [one._replace(burden=len(sizes) * len(size) / total) for size in sizes for one in size]


def beyond(chances: list[Chance], false_alarm: float) -> dict[str, tuple[float, float, float, bool]]:
    """Benjamini and Hochberg: all up to the last that is below its part of the rate."""
    ranked = sorted((min(one.chance * one.burden, 1.0), one) for one in chances)
    below = [n for n, (weighed, _) in enumerate(ranked, 1) if weighed * len(ranked) / n <= false_alarm]
    return {one.what: (one.chance, one.measured, one.expected, one.spread)
            for _, one in ranked[: max(below, default=0)]}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", SAMPLES)
def test_what_is_beyond_chance_is_that_of_a_test_bin_by_bin(kind: str, shape: tuple[int, int]) -> None:
    samples = drawn_samples(kind, shape)
    chances = every_chance(samples)
    for false_alarm in ALARMS:
        found = noise_test(samples, false_alarm)
        expected = beyond(chances, false_alarm)
        assert found.tested == len(chances)
        assert sorted(one.what for one in found.beyond) == sorted(expected)
        for one in found.beyond:
            chance, measured, mean, spread = expected[one.what]
            assert one.spread == spread
            assert one.chance == pytest.approx(chance, rel=1e-9, abs=1e-300), one.what
            assert (one.measured, one.expected) == pytest.approx((measured, mean), rel=1e-9), one.what
        ranks = [(one.spread, one.chance, -one.expected) for one in found.beyond]
        assert ranks == sorted(ranks)


def test_drawn_images_reach_what_is_tested() -> None:
    found = [one for kind in SAMPLES for one in noise_test(drawn_samples(kind, SHAPES[-1])).beyond]
    assert any(one.spread for one in found)
    assert {one.what.split(",")[0] for one in found} >= {"c against py", "py against its float image"}
