"""A derivative from central differences: Ridders' tableau, with an estimate of its error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from system_io.verdict_words import Word

LEVELS = 12
RATIO = 2.0
SAFETY = 2.0
JUMP_OF_NOISE = 1024.0
AGREEMENT = 1e-5
"""Relative difference of two derivatives that still agree."""
NO_EFFECT = 2.0**-36
"""Change of the objective over the widest difference, as a fraction of it, that is rounding."""
LARGEST_UNCERTAINTY = 1e-3
"""Relative uncertainty from which on an estimate decides nothing."""
NO_SLOPE = "no effect on the image in either program; take a command line where it has one"
JUMP = "the image jumps at this value, there is no derivative; type a value a little beside it"


@dataclass(frozen=True)
class Sample:
    """The objective on both sides of a value: upper - lower = rise, over the width of the words as typed."""

    width: float
    rise: float
    bend: float
    """|upper + lower - 2 middle|."""
    noise: float
    """Standard rounding error of the rise."""

    @property
    def slope(self) -> float:
        """Return the central difference."""
        return self.rise / self.width


@dataclass(frozen=True)
class ObjectiveValue:
    """The objective of one run, photons, with its standard rounding error."""

    photons: float
    noise: float


@dataclass(frozen=True)
class Ends:
    """The objective of two runs on both sides of a value: what was typed, and what came out."""

    upper_at: float
    lower_at: float
    upper: ObjectiveValue
    lower: ObjectiveValue

    def sample(self, middle: ObjectiveValue) -> Sample:
        """Return the difference of both; middle: the objective between them."""
        bend = abs((self.upper.photons - middle.photons) + (self.lower.photons - middle.photons))
        rise = self.upper.photons - self.lower.photons
        noise = math.hypot(self.upper.noise, self.lower.noise)
        return Sample(self.upper_at - self.lower_at, rise, bend, noise)


@dataclass(frozen=True)
class Estimate:
    """A derivative, its uncertainty, the width of its narrowest difference, and whether f jumps there."""

    value: float
    uncertainty: float
    width: float
    jumps: bool = False


@dataclass(frozen=True)
class Judged:
    """A verdict on one derivative with the reason for anything but PASS."""

    word: Word
    reason: str = ""


def steps(first: float) -> list[float]:
    """Return the steps of a tableau, each a fixed fraction of the one before."""
    return [first / RATIO**level for level in range(LEVELS)]


def extrapolate(samples: Sequence[Sample]) -> Estimate:
    """Return the best entry of the tableau of central differences whose steps shrink by `RATIO`.

    T[i, 0] = (f(x+h_i) - f(x-h_i)) / 2 h_i,  T[i, j] = (q^j T[i, j-1] - T[i-1, j-1]) / (q^j - 1),
    q = RATIO^2; error of an entry: the larger difference from both that it was made of, plus the rounding
    over its width.

    Args:
        samples: widest first.

    Source: C. J. F. Ridders, Adv. Eng. Software 4 (1982) 75.
    """
    best = Estimate(samples[0].slope, math.inf, samples[0].width)
    above: list[float] = []
    for sample in samples:
        row = [sample.slope]
        rounding = sample.noise / sample.width
        for before in above:
            weight = RATIO ** (2 * len(row))
            entry = (weight * row[-1] - before) / (weight - 1.0)
            error = SAFETY * (max(abs(entry - row[-1]), abs(entry - before)) + rounding)
            if error < best.uncertainty:
                best = Estimate(entry, error, sample.width)
            row.append(entry)
        above = row
    return best


def jumps(samples: Sequence[Sample]) -> bool:
    """Tell whether the objective jumps at the value: its bend does not vanish with the step.

    The bend of a smooth curve falls to 1/16 over two levels, that of a kink to 1/4.
    """
    before, last = samples[-3], samples[-1]
    return last.bend > JUMP_OF_NOISE * last.noise and last.bend > before.bend / 2.0


def best_estimate(samples: Sequence[Sample]) -> Estimate:
    """Return the derivative from the objective sampled at +- each of `steps`."""
    return replace(extrapolate(samples), jumps=jumps(samples))


def judge_slope(found: float, estimate: Estimate, least: float = 0.0) -> Judged:
    """Compare a derivative with an estimate: within 1e-5 of it or within its uncertainty.

    An uncertainty above 1e-3 of both, a jump, and two slopes up to `least` decide nothing.
    """
    size = max(abs(found), abs(estimate.value))
    if not (math.isfinite(found) and math.isfinite(estimate.value)):
        return Judged(Word.FAIL, "a slope is not finite")
    if size <= least:
        return Judged(Word.NOT_COMPARABLE, NO_SLOPE)
    if estimate.jumps:
        return Judged(Word.NOT_COMPARABLE, JUMP)
    if not estimate.uncertainty <= LARGEST_UNCERTAINTY * size:
        part = estimate.uncertainty / size
        return Judged(
            Word.NOT_COMPARABLE,
            f"the differences are uncertain by {part:.1g} of the slope; try another --seed, more --pixels",
        )
    bound = max(AGREEMENT * abs(estimate.value), estimate.uncertainty)
    if abs(found - estimate.value) <= bound:
        return Judged(Word.PASS)
    return Judged(Word.FAIL, f"differs by {abs(found - estimate.value) / size:.2g} of the slope")
