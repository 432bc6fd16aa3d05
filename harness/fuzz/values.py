"""Strategies for the detector, and for the values of every option: by its kind, typical ones and edges."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from hypothesis import strategies as st

from golden_suite_generator.cases import load_cases
from simulator.command_line.option_table import Option
from simulator.command_line.options import parse
from simulator.errors import InputError
from simulator.limits.value_table import Range, range_of
from simulator.quirks import SWITCHABLE

LARGEST_SIDE = 24
SIDES_PX = st.integers(4, LARGEST_SIDE)
PIXELS_MM = st.sampled_from((0.1, 0.25, 0.5, 0.8, 1.2, 2.0, 4.0))
DISTANCES_MM = st.sampled_from((20.0, 30.0, 57.5, 88.0, 100.0, 142.5, 300.0, 1000.0))
DEFAULT_PIXEL_MM = 0.1
ValueWords = tuple[str, ...]
ValueDraws = st.SearchStrategy[ValueWords]
SHARES = st.integers(0, 100).map(lambda n: n / 100)
JITTER = st.integers(-250, 250).map(lambda n: 1.0 + n / 1000)
SEEDS = st.integers(1, 10**6).map(str)
COUNTS = st.integers(-1, 4).map(str)
PLAIN: Mapping[str, st.SearchStrategy[str]] = {
    "f": st.sampled_from(("0.01", "0.3", "1", "2.5", "12")),
    "i": COUNTS,
    "f|inf": st.sampled_from(("inf", "0", "30", "230")),
    "word": st.tuples(st.sampled_from(sorted(SWITCHABLE)), st.sampled_from(("on", "off"))).map("=".join),
}
"""Values of a kind for an option of which the suite has no case."""
RARE = 8
"""One in so many numbers of a case with edges is one."""


@dataclass(frozen=True)
class DrawnCamera:
    """Pixels along fast and slow, their size and the distance in mm, and a pixel that every run computes.

    `block` is a region around that pixel: fast min, max, slow min, max.
    """

    fast: int
    slow: int
    pixel_mm: float
    distance_mm: float
    block: tuple[int, int, int, int]
    traced: tuple[int, int]

    def along(self, axis: str) -> float:
        """Return the length of a side, mm."""
        return (self.fast if axis == "f" else self.slow) * self.pixel_mm


@st.composite
def cameras(draw: st.DrawFn, names: frozenset[str]) -> DrawnCamera:
    """Draw a detector that fits some options: square where one number is for both sides."""
    fast = draw(SIDES_PX)
    square = bool(names & {"-detpixels", "-detsize"}) or draw(st.booleans())
    slow = fast if square else draw(SIDES_PX)
    sized = bool(names & {"-pixel", "-img", "-mask"})
    pixel_mm = draw(PIXELS_MM) if sized else DEFAULT_PIXEL_MM
    fast_ends, slow_ends = (sorted(draw(st.tuples(*[st.integers(0, n - 1)] * 2))) for n in (fast, slow))
    traced = draw(st.integers(*slow_ends)), draw(st.integers(*fast_ends))
    block = (fast_ends[0], fast_ends[1], slow_ends[0], slow_ends[1])
    return DrawnCamera(fast, slow, pixel_mm, draw(DISTANCES_MM), block, traced)


@cache
def typical_values() -> Mapping[str, tuple[ValueWords, ...]]:
    """Return, for each option of the suite, the words that stand behind it in a case without error."""
    found: dict[str, dict[ValueWords, None]] = defaultdict(dict)
    for case in load_cases():
        if any(case.status.values()):
            continue
        words = case.args
        try:
            given = parse(words).given
        except InputError:
            continue
        place = 0
        for item in given:
            values = words[place + 1 : place + 1 + len(item.values)]
            found[item.name][tuple(values)] = None
            place += 1 + len(item.values)
    return {name: tuple(values) for name, values in found.items()}


def _number(value: float) -> str:
    return f"{value:.6g}"


def _one(strategy: st.SearchStrategy[object]) -> ValueDraws:
    return strategy.map(lambda value: (str(value),))


def _length(side: Callable[[DrawnCamera], float]) -> Callable[[DrawnCamera], ValueDraws]:
    """Return what draws a place on the detector, or somewhat outside, in the unit of its side."""
    return lambda camera: _one(SHARES.map(lambda share: _number((1.4 * share - 0.2) * side(camera))))


def _near(value: Callable[[DrawnCamera], float]) -> Callable[[DrawnCamera], ValueDraws]:
    return lambda camera: _one(JITTER.map(lambda factor: _number(factor * value(camera))))


def _exact(value: Callable[[DrawnCamera], float]) -> Callable[[DrawnCamera], ValueDraws]:
    return lambda camera: st.just((_number(value(camera)),))


def _numbers(numbers: Callable[[DrawnCamera], tuple[int, ...]]) -> Callable[[DrawnCamera], ValueDraws]:
    return lambda camera: st.just(tuple(map(str, numbers(camera))))


def _pixel(camera: DrawnCamera) -> ValueDraws:
    """Draw FAST SLOW of any pixel."""
    return st.tuples(*[st.integers(0, size - 1).map(str) for size in (camera.fast, camera.slow)])


def _always(strategy: ValueDraws) -> Callable[[DrawnCamera], ValueDraws]:
    return lambda _camera: strategy


def _axis(_camera: DrawnCamera) -> ValueDraws:
    """Draw a direction of any length: mostly along an axis, a little off."""
    off = st.sampled_from(("0", "0", "0.02", "-0.03", "0.1"))
    long = st.sampled_from(("1", "-1", "2", "-0.5"))
    rest = st.tuples(long, off, off)
    return st.tuples(rest, st.permutations((0, 1, 2))).map(lambda got: tuple(got[0][n] for n in got[1]))


AXES = ("-spindle_axis", "-beam_vector", "-polar_vector", "-fdet_vector", "-sdet_vector", "-odet_vector",
        "-twotheta_axis")  # fmt: skip
OF_CAMERA: Mapping[str, Callable[[DrawnCamera], ValueDraws]] = {
    **dict.fromkeys(AXES, _axis),
    "-detpixels": _exact(lambda camera: camera.fast),
    "-detpixels_f": _exact(lambda camera: camera.fast),
    "-detpixels_s": _exact(lambda camera: camera.slow),
    "-detsize": _exact(lambda camera: camera.along("f")),
    "-detsize_f": _exact(lambda camera: camera.along("f")),
    "-detsize_s": _exact(lambda camera: camera.along("s")),
    "-pixel": _exact(lambda camera: camera.pixel_mm),
    "-distance": _near(lambda camera: camera.distance_mm),
    "-close_distance": _near(lambda camera: camera.distance_mm),
    "-Xbeam": _length(lambda camera: camera.along("f")),
    "-Ybeam": _length(lambda camera: camera.along("s")),
    "-Xclose": _length(lambda camera: camera.along("f")),
    "-Yclose": _length(lambda camera: camera.along("s")),
    "-ORGX": _length(lambda camera: camera.fast),
    "-ORGY": _length(lambda camera: camera.slow),
    "-roi": _numbers(lambda camera: camera.block),
    "-trace_roi": _numbers(lambda camera: tuple(n for n in camera.traced for _ in range(2))),
    "-printout_pixel": _pixel,
    "-trace_pixel": _numbers(lambda camera: camera.traced),
    "-oversample": _always(_one(st.sampled_from((1, 1, 2, 3, 0, -1)))),
    "-seed": _always(_one(SEEDS)),
    "-misset_seed": _always(_one(SEEDS)),
    "-mosaic_seed": _always(_one(st.one_of(SEEDS, st.integers(-99, 0)))),
    "-device": _always(st.just(("cpu",))),
    "--compile": _always(_one(st.sampled_from(("auto", "off")))),
    "--epsilon": _always(_one(st.sampled_from((1e-7, 1e-5, 1e-4)))),
    "--accuracy": _always(_one(st.sampled_from((0, 1e-6, 1e-4)))),
    "--parity-mode": _always(_one(st.sampled_from(("c-parity", "spec")))),
}
"""Options whose values depend on the detector, or that no case of the suite gives as they are needed here."""


def values(option: Option, camera: DrawnCamera, edges: bool) -> ValueDraws:
    """Return the strategy for the words behind an option that names no file.

    Args:
        option: row of the option table.
        camera: the detector of the case.
        edges: whether a number may be at an edge of its range.
    """
    usual = _usual(option, camera)
    ranges = [range_of(option.name, place) for place in range(_places(option))]
    if not edges or not any(ranges):
        return usual
    return st.tuples(usual, st.integers(0, RARE - 1)).flatmap(
        lambda got: st.just(got[0]) if got[1] else _with_edge(option, got[0], ranges)
    )


def _places(option: Option) -> int:
    return 1 if option.kinds == ("f..6",) else len(option.kinds)


def _usual(option: Option, camera: DrawnCamera) -> ValueDraws:
    if option.name in OF_CAMERA:
        return OF_CAMERA[option.name](camera)
    known = typical_values().get(option.name)
    if known and option.kinds:
        return st.tuples(st.sampled_from(known), JITTER, st.booleans()).map(
            lambda got: _jittered(option, *got)
        )
    return st.tuples(*[_of_kind(kind) for kind in option.kinds])


def _of_kind(kind: str) -> st.SearchStrategy[str]:
    return PLAIN[kind] if kind in PLAIN else st.sampled_from(kind.split("|"))


def _jittered(option: Option, words: ValueWords, factor: float, moved: bool) -> ValueWords:
    """Return typical words, their first number moved a little where it need not be whole."""
    if not moved or not option.kinds[0].startswith("f"):
        return words
    try:
        value = float(words[0])
    except ValueError:
        return words
    return (_number(value * factor), *words[1:]) if math.isfinite(value) else words


def edge_numbers(allowed: Range, whole: bool) -> list[str]:
    """Return the edges of a range, and a number just outside each, as words."""
    ends = [allowed.least, allowed.most, allowed.usual_least, allowed.usual_most, 0.0, -1.0]
    outside = [allowed.least - 1.0, allowed.most + 1.0, 1.5 * allowed.most]
    numbers = dict.fromkeys((*ends, *outside))
    return [f"{value:.0f}" if whole else repr(value) for value in numbers if math.isfinite(value)]


def _with_edge(option: Option, usual: ValueWords, ranges: list[Range | None]) -> ValueDraws:
    places = [place for place, allowed in enumerate(ranges) if allowed is not None and place < len(usual)]
    if not places:
        return st.just(usual)

    def at(place: int) -> ValueDraws:
        allowed = ranges[place]
        assert allowed is not None  # chosen so
        kind = option.kinds[min(place, len(option.kinds) - 1)]
        edge = st.sampled_from(edge_numbers(allowed, kind == "i"))
        return edge.map(lambda word: (*usual[:place], word, *usual[place + 1 :]))

    return st.sampled_from(places).flatmap(at)
