"""Measures how often the test of noise images fails sound ones, and finds faulty ones."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.arrays import Reals
from harness.outputs.noise_test import FALSE_ALARM, NoiseSample, noise_test
from simulator.output.poisson import deviates
from simulator.physics.c_random import Stream
from system_io.command import Command
from system_io.parser import CommandParser

NAME = "noise-power"
SIDE_PIXELS = 64
PHOTONS = 1e6
SPOTS, SPOT_PX, SPOT_SHARE = 12, 2.0, 0.5
CONFIDENT_Z = 1.96
"""Standard deviations of an interval of 95 %."""

DrawPhotons = Callable[[Reals, int], Reals]


def spotted_mean(side: int = SIDE_PIXELS, photons: float = PHOTONS) -> Reals:
    """Return expected photons [slow, fast]: a slope of background, and spots with half of all photons."""
    slow, fast = np.mgrid[0:side, 0:side].astype(np.float64)
    places = np.random.default_rng(1).uniform(0.0, side, (SPOTS, 2))
    spots: Reals = np.sum(
        [np.exp(-((slow - place[0]) ** 2 + (fast - place[1]) ** 2) / (2.0 * SPOT_PX**2)) for place in places],
        axis=0,
    )
    background = 1.0 + slow / side
    mixed = SPOT_SHARE * spots / np.sum(spots) + (1.0 - SPOT_SHARE) * background / background.sum()
    mean: Reals = (photons * mixed).astype(np.float32).astype(np.float64)
    return mean


def own_deviates(mean: Reals, seed: int) -> Reals:
    """Return photons that the generator of both programs draws (spec 07)."""
    stream = Stream(-seed)
    drawn = deviates(mean.ravel().tolist(), stream.draws(), stream.shared)
    return np.array(drawn, np.float64).reshape(mean.shape)


def numpy_deviates(mean: Reals, seed: int) -> Reals:
    """Return photons that another generator draws."""
    return np.random.default_rng(seed).poisson(mean).astype(np.float64)


GENERATORS: Mapping[str, DrawPhotons] = {"own": own_deviates, "numpy": numpy_deviates}
FAULTS: Mapping[str, Callable[[DrawPhotons, Reals, int], Reals]] = {
    "photons 1 % too many": lambda draw, mean, seed: draw(mean * 1.01, seed),
    "photons 0.5 % too many": lambda draw, mean, seed: draw(mean * 1.005, seed),
    "one count too many everywhere": lambda draw, mean, seed: draw(mean, seed) + 1.0,
    "no noise": lambda _draw, mean, _seed: np.floor(mean + 0.5),
    "noise of half the variance": lambda draw, mean, seed: np.floor(
        mean + (draw(mean, seed) - mean) / 2**0.5
    ),
    "rows in reverse": lambda draw, mean, seed: draw(mean, seed)[::-1],
    "rows one down": lambda draw, mean, seed: np.roll(draw(mean, seed), 1, axis=0),
    "one pixel 8 deviations off": lambda draw, mean, seed: _one_off(draw(mean, seed), mean),
}
"""What the second image is like: a draw, the mean and the seed give its photons."""


def _one_off(photons: Reals, mean: Reals) -> Reals:
    changed = photons.copy()
    changed[0, 0] = np.floor(mean[0, 0] + 8.0 * np.sqrt(mean[0, 0]))
    return changed


@dataclass(frozen=True)
class Rate:
    """How many pairs of images were found to differ."""

    what: str
    found: int
    tried: int

    def __str__(self) -> str:
        """Return the rate with its interval of 95 %."""
        low, high = interval(self.found, self.tried)
        return f"{self.what}: {self.found} of {self.tried} found ({100 * low:.2f} to {100 * high:.2f} %)"


def interval(found: int, tried: int) -> tuple[float, float]:
    """Return Wilson's interval of 95 % of a rate."""
    share, z2 = found / tried, CONFIDENT_Z**2
    middle = (share + z2 / (2 * tried)) / (1 + z2 / tried)
    half = CONFIDENT_Z * np.sqrt(share * (1 - share) / tried + z2 / (4 * tried**2)) / (1 + z2 / tried)
    return max(0.0, middle - float(half)), min(1.0, middle + float(half))


def rates(
    draw: DrawPhotons,
    seeds: Sequence[int],
    mean: Reals,
    faults: Sequence[str],
    false_alarm: float = FALSE_ALARM,
) -> list[Rate]:
    """Return how often sound images fail, and those with each fault.

    Args:
        draw: gives photons of a mean by a seed.
        seeds: one for each pair.
        mean: expected photons [slow, fast].
        faults: names of `FAULTS`.
        false_alarm: of the test.
    """
    found = dict.fromkeys(["sound", *faults], 0)
    for seed in seeds:
        first = NoiseSample("c", draw(mean, 2 * seed + 1), mean)
        images = {"sound": draw(mean, 2 * seed + 2)}
        images |= {name: FAULTS[name](draw, mean, 2 * seed + 2) for name in faults}
        for name, photons in images.items():
            test = noise_test([first, NoiseSample("py", photons, mean)], false_alarm)
            found[name] += bool(test.beyond)
    return [Rate(name, count, len(seeds)) for name, count in found.items()]


def make_parser() -> CommandParser:
    """Return the parser of the measurement."""
    text = "Measure the false-alarm rate and the power of the statistical comparison of noise images."
    parser = CommandParser(NAME, text)
    parser.add_argument("--seeds", type=int, default=1000, metavar="N", help="pairs of images; default 1000")
    parser.add_argument("--generator", choices=GENERATORS, default="own", help="default own")
    parser.add_argument("--photons", type=float, default=PHOTONS, help="of an image; default 1e6")
    parser.add_argument("--alarms-only", action="store_true", help="measure sound images only")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Print the rates and return 0."""
    return Command(NAME, _measured)(argv)


def _measured(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    mean = spotted_mean(photons=options.photons)
    faults = () if options.alarms_only else tuple(FAULTS)
    head = (
        f"{SIDE_PIXELS} x {SIDE_PIXELS} pixels, {options.photons:g} photons, false-alarm rate {FALSE_ALARM:g}"
    )
    sys.stdout.write(f"{head}, generator {options.generator}\n")
    for rate in rates(GENERATORS[options.generator], range(options.seeds), mean, faults):
        sys.stdout.write(f"{rate}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
