"""Does a program answer to what it is told? Each option of some, moved alone, must move its image."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.arrays import FloatImage
from harness.images.compare import ImageComparison, Region
from harness.images.metrics import own_differences
from harness.pairs.findings import PROBE, Bench, probed_region
from harness.programs.programs import FILE_KIND
from harness.verdict import PairFinding
from simulator.command_line.options import parse
from simulator.errors import InputError
from system_io.verdict_words import EXIT_STATUS, Word

LARGER: Callable[[float], float] = lambda value: 1.01 * value  # noqa: E731
TWICE: Callable[[float], float] = lambda value: 2.0 * value  # noqa: E731
TURNED: Callable[[float], float] = lambda value: value + 0.5  # noqa: E731
ONE_MORE: Callable[[float], float] = lambda value: value + 1.0  # noqa: E731
MOVES: Mapping[str, Callable[[float], float]] = {
    "-cell": LARGER, "-misset": TURNED, "-distance": LARGER, "-lambda": LARGER, "-energy": LARGER,
    "-default_F": TWICE, "-phi": TURNED, "-osc": TWICE, "-mosaic": TWICE, "-twotheta": TURNED,
    "-polar": LARGER,
    "-Na": ONE_MORE, "-Nb": ONE_MORE, "-Nc": ONE_MORE, "-N": ONE_MORE, "-pixel": LARGER, "-Xbeam": LARGER,
    "-Ybeam": LARGER, "-close_distance": LARGER, "-detector_rotx": TURNED, "-detector_roty": TURNED,
    "-detector_rotz": TURNED, "-water": TWICE, "-hdivrange": TWICE, "-vdivrange": TWICE, "-dispersion": TWICE,
    "-detector_abs": TWICE, "-detector_thick": TWICE, "-fudge": LARGER, "-dmin": TWICE,
}  # fmt: skip
"""How the first number behind an option is moved; any option may be without effect on some command line."""
MOST_PROBES = 6
LEAST_EFFECT = 1e-4
"""Of a pixel's own value: what our program must move by before another one is said not to."""


@dataclass(frozen=True)
class MovedOption:
    """An option of a command line, and the words that move it when they stand behind all others."""

    name: str
    words: tuple[str, ...]


def option_probes(bench: Bench, compared: ImageComparison) -> Iterator[PairFinding]:
    """Move options of the command line, and say of programs not of this installation what they answer to.

    An option that moves the image of our program, or else of the other one, must move theirs.
    """
    if EXIT_STATUS[compared.verdict.word] != 0:
        return
    for side, program in bench.programs.items():
        if program.kind != FILE_KIND and "sources_sha256" not in program.provenance:
            yield from _of_side(bench, side, compared)


def _of_side(bench: Bench, side: str, compared: ImageComparison) -> Iterator[PairFinding]:
    image = bench.runs[side].image
    assert image is not None  # it was compared
    region = probed_region(image, compared.roi or Region.whole(image.shape))
    answered = []
    for option in moved_options(bench.words[side].words):
        if _effect(bench, side, option, region) > 0.0:
            answered.append(option.name)
            continue
        other = next((one for one, p in bench.programs.items() if one != side and p.kind != FILE_KIND), None)
        if other is not None and _effect(bench, other, option, region) > LEAST_EFFECT:
            told = " ".join(option.words)
            yield PairFinding(
                PROBE, Word.NOT_COMPARABLE,
                f"{side} gives the same image with {told}, {other} another one: {side} is not made from this "
                "command line",
            )  # fmt: skip
            return
    if answered:
        yield PairFinding(PROBE, Word.PASS, f"{side} answers to another {', '.join(answered)}")


def moved_options(words: Sequence[str]) -> list[MovedOption]:
    """Return options of a command line that can be moved, evenly taken from all that stand in it."""
    try:
        last = {item.name: item.values for item in parse(words).given}
    except InputError:
        return []
    found = []
    for name, move in MOVES.items():
        values = last.get(name, ())
        if not values or not all(isinstance(value, int | float) for value in values):
            continue
        first = float(values[0])
        if move(first) != first and math.isfinite(first):
            found.append(MovedOption(name, (name, _shown(move(first)), *map(_shown, map(float, values[1:])))))
    step = max(1.0, len(found) / MOST_PROBES)
    return [found[int(step * place)] for place in range(min(len(found), MOST_PROBES))]


def _shown(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


def _effect(bench: Bench, side: str, option: MovedOption, region: Region) -> float:
    """Return how far an option moves a pixel of a region, at most, of its own value; 0 for no image."""
    before = bench.runs[side].image
    shown = [str(value) for value in (region.x_min, region.x_max, region.y_min, region.y_max)]
    after = bench.again(side, f"{side}-probe", *option.words, "-roi", *shown).image
    if before is None or after is None or after.shape != before.shape:
        return 0.0
    return _largest(region.crop(before), region.crop(after))


def _largest(one: FloatImage, other: FloatImage) -> float:
    return float(own_differences(one.astype(np.float64), other.astype(np.float64)).max())
