"""Pairs of small images drawn by a seed, one change apart, and what is asked of their comparison."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from harness.arrays import FloatImage
from harness.images.compare import ImageRequest, Region
from harness.images.judgement import PUBLISHED, STRICT, ImageBounds, Rules
from harness.images.reflections import ReflectionMap

Numbers = random.Random
SHAPES = ((1, 9), (3, 3), (4, 7), (5, 5), (9, 12), (16, 14), (24, 20))
SCALES = (1.0, 1e3, 1e-30, 1e30, -1.0, 0.0)
NOTHING = -1000


def _spots(shape: tuple[int, int], numbers: Numbers) -> FloatImage:
    """Return spots of decades of heights on a slope, or pixels of few values, so that many are equal."""
    slow, fast = np.indices(shape, dtype=np.float64)
    if numbers.random() < 0.3:
        return np.array(
            [[numbers.choice((0.0, 1.0, 2.0, 5.0)) for _ in range(shape[1])] for _ in range(shape[0])],
            np.float32,
        )
    image = 0.01 * (1.0 + slow + 0.5 * fast) * numbers.choice((0.0, 1.0))
    for _ in range(numbers.randint(1, 5)):
        at, height = (
            (numbers.uniform(0, shape[0]), numbers.uniform(0, shape[1])),
            10.0 ** numbers.uniform(-3, 2),
        )
        image += height * np.exp(-((slow - at[0]) ** 2 + (fast - at[1]) ** 2) / numbers.choice((0.3, 1.5)))
    with np.errstate(all="ignore"):
        return (image * numbers.choice(SCALES)).astype(np.float32)


def _somewhere(image: FloatImage, numbers: Numbers) -> tuple[int, int]:
    edge = numbers.choice((0, -1, None))
    return tuple(numbers.randrange(n) if edge is None else edge for n in image.shape)  # type: ignore[return-value]


def _pixel(value: Callable[[float], float]) -> Callable[[FloatImage, Numbers], FloatImage]:
    def change(image: FloatImage, numbers: Numbers) -> FloatImage:
        other, at = image.copy(), _somewhere(image, numbers)
        with np.errstate(all="ignore"):
            other[at] = value(float(other[at]))
        return other

    return change


def _noise(size: float) -> Callable[[FloatImage, Numbers], FloatImage]:
    def change(image: FloatImage, numbers: Numbers) -> FloatImage:
        signs = np.array([numbers.choice((-1.0, 0.0, 1.0)) for _ in range(image.size)]).reshape(image.shape)
        return (image * (1.0 + size * signs)).astype(np.float32)

    return change


def _dark(image: FloatImage, numbers: Numbers) -> FloatImage:
    other = image.copy()
    slow, fast = _somewhere(image, numbers)
    other[max(slow - 2, 0) : slow + 3, max(fast - 2, 0) : fast + 3] = numbers.choice(
        (0.0, float(image.min()))
    )
    return other


def _scaled(image: FloatImage, numbers: Numbers) -> FloatImage:
    return (image * numbers.choice((1.0 + 5e-7, 1.0 + 2e-6, 1.005, 1.02))).astype(np.float32)


def _of_another_shape(image: FloatImage, numbers: Numbers) -> FloatImage:
    taller: FloatImage = np.kron(image, np.ones((2, 1), np.float32))
    return taller[:, : max(1, image.shape[1] - 1)]


def _striped(image: FloatImage, numbers: Numbers) -> FloatImage:
    even = np.indices(image.shape)[0] % 2 == 0
    return np.where(even, image, image * np.float32(1.0 + 3e-7))


CHANGES: Mapping[str, Callable[[FloatImage, Numbers], FloatImage]] = {
    "nothing": lambda image, numbers: image.copy(),
    "rounding": _noise(6e-8),
    "beyond rounding": _noise(7e-7),
    "a factor": _scaled,
    "a step of one pixel": _pixel(lambda value: float(np.nextafter(np.float32(value), np.float32(9e9)))),
    "one pixel brighter": _pixel(lambda value: 1.5 * value + 1.0),
    "one pixel hot": _pixel(lambda value: 1e9),
    "one pixel hardly": _pixel(lambda value: value * (1.0 + 2e-6)),
    "one pixel turned": _pixel(lambda value: -value),
    "one pixel tiny": _pixel(lambda value: 3e-44),
    "no number": _pixel(lambda value: math.nan),
    "infinite": _pixel(lambda value: math.inf),
    "shifted": lambda image, numbers: np.roll(image, numbers.choice((-1, 1, 2)), axis=numbers.randrange(2)),
    "a spot lost": _dark,
    "negative zeros": lambda image, numbers: np.where(image == 0.0, np.float32(-0.0), image),
    "constant": lambda image, numbers: np.full_like(image, numbers.choice((0.0, 3.0))),
    "another shape": _of_another_shape,
    "in half of it": _striped,
}  # fmt: skip


@dataclass(frozen=True)
class DrawnComparison:
    """Two images and the arguments of `compare_images`."""

    change: str
    first: FloatImage
    second: FloatImage
    roi: Region | None
    bounds: ImageBounds
    resample: bool
    made: ImageRequest


def _region(shape: tuple[int, int], numbers: Numbers) -> Region | None:
    if numbers.random() < 0.55:
        return None
    ends = [sorted(numbers.randint(-1, n) for _ in range(2)) for n in (shape[1], shape[0])]
    return Region(*ends[0], *ends[1])


def _predicted(shape: tuple[int, int], numbers: Numbers) -> ReflectionMap | None:
    if numbers.random() < 0.3:
        return None
    slow, fast = np.indices(shape)
    side = numbers.choice((1, 3, 5))
    indices = np.stack([slow // side - 1, fast // side, np.full(shape, 2)]).astype(np.int32)
    if numbers.random() < 0.4:
        indices[0, : numbers.randint(1, 3)] = NOTHING
    shared = np.array([numbers.random() < 0.2 for _ in range(slow.size)]).reshape(shape)
    return ReflectionMap.of(indices, NOTHING, shared)


DRAWN_RULES = tuple(rules for rules in Rules if rules <= Rules.REFLECTIONS)
"""Those of the kept outcomes; what later rules allow beside has tests of its own."""


def drawn_comparison(change: str, seed: int) -> DrawnComparison:
    """Return a drawn pair with a change; for some seeds in the other order."""
    numbers = random.Random(f"{change} {seed}")
    shape = numbers.choice(SHAPES)
    first = _spots(shape, numbers)
    second = CHANGES[change](first, numbers)
    if numbers.random() < 0.3:
        first, second = second, first
    rules = numbers.choice((*DRAWN_RULES, *[Rules.REFLECTIONS] * 6))
    made = ImageRequest(
        executed=_region(shape, numbers) if numbers.random() < 0.3 else None,
        left_out_of_max=numbers.choice((0.0, 0.0, 1e-6, 0.05)),
        arithmetic=numbers.choice(("float64", "float64", "mixed", "float32")),
        rules=rules,
        predicted=_predicted(shape, numbers),
        no_reflections=numbers.choice(("no command line predicts them", "memory")),
        small_region=numbers.random() < 0.2,
    )
    bounds = numbers.choice(
        (STRICT, STRICT, PUBLISHED, STRICT.with_correlation(0.9), PUBLISHED.with_correlation(1.0))
    )
    return DrawnComparison(
        change, first, second, _region(shape, numbers), bounds, numbers.random() < 0.5, made
    )
