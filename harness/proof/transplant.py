"""Transplants: the value of one program's tap in the other, and the share of the difference that goes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import chdir
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.proof.pixel_site import SimulatorSite, SiteValues
from simulator import RunConfig
from simulator.errors import InputError
from simulator.scene.scene import prepare
from trace_tools.judging.diff import Comparison
from trace_tools.judging.lookup import DEFAULT_GRAPH
from trace_tools.reading.trace_file import TraceLog

FINAL = "I_pixel_final"
LEFT = 0.01
"""Share of the difference that may be left, or overshot, for taps to be named."""
STANDS_FOR = 1e-3
"""Of the difference: nearer than that, the simulator stands for the side that gives a value."""
NEITHER = "the simulator here gives the value of neither side: nothing was put in"
MOST_PIXELS = 4


class TransplantSite(Protocol):
    """A program into whose pixel values can be put: the simulator, or a process under a debugger."""

    @property
    def names(self) -> Collection[str]:
        """Return the taps that have a place in it."""

    def final(self, values: SiteValues) -> float:
        """Return the pixel in photons with other values at some taps.

        Args:
            values: of each tap, by the loop counters of its records.
        """


@dataclass(frozen=True)
class TapTransplant:
    """One tap: the share of the difference that vanishes with it alone, and with all those before it."""

    tap: str
    alone: float
    together: float


@dataclass(frozen=True)
class Transplants:
    """The transplants into one pixel (slow, fast), in the order of the trace.

    named: the differing taps with which all but `LEFT` of the difference has gone; without: differing
    taps that have no place of their own.
    """

    pixel: tuple[int, int]
    direction: str
    difference: float
    taps: tuple[TapTransplant, ...]
    without: tuple[str, ...]

    @property
    def named(self) -> tuple[str, ...]:
        """Return the fewest taps, from the first on, that take the difference away."""
        for number, item in enumerate(self.taps):
            if abs(1.0 - item.together) <= LEFT:
                return tuple(before.tap for before in self.taps[: number + 1])
        return ()


def transplants(
    comparison: Comparison, words: Sequence[str], caller: Path, asked: Sequence[str] = ()
) -> tuple[Transplants, ...]:
    """Put the values of one side into the simulator, tap by tap, where it stands for the other side.

    It stands for the side whose final value it gives by itself; where it gives neither, nothing is put in.

    Args:
        comparison: two traces; A is side c, B is side py.
        words: the command line in the simulator's words.
        caller: directory that relative names in it refer to.
        asked: taps; none for all that differ and have a place.

    Returns:
        One for each pixel that differs, four at most; none if the simulator refuses the words, or if a side
        has no final value.
    """
    try:
        with chdir(caller):
            scene = prepare(RunConfig.from_args([*words, "-dtype", "float64", "-device", "cpu"]))
    except InputError:
        return ()
    first, second = (_values(trace) for trace in (comparison.a, comparison.b))
    differ = [tap for tap in DEFAULT_GRAPH if tap in first and tap in second and _differs(first, second, tap)]
    pixels = [
        (slow, fast)
        for slow, fast in sorted(first[FINAL].keys() & second[FINAL].keys())
        if first[FINAL][slow, fast] != second[FINAL][slow, fast]
    ]
    return tuple(
        _into_pixel(SimulatorSite(scene, pixel), pixel, (first, second), asked or differ, differ)
        for pixel in pixels[:MOST_PIXELS]
    )


def _into_pixel(
    site: TransplantSite,
    pixel: tuple[int, int],
    sides: tuple[SiteValues, SiteValues],
    asked: Sequence[str],
    differ: Sequence[str],
) -> Transplants:
    """Put values into one pixel, of the side that the program here does not stand for."""
    finals = [side[FINAL][pixel][0] for side in sides]
    difference, own = finals[0] - finals[1], site.final({})
    without = tuple(tap for tap in differ if tap not in site.names)
    for given, direction in ((0, "c into py"), (1, "py into c")):
        taken = 1 - given
        if abs(own - finals[taken]) <= STANDS_FOR * abs(difference):
            taps = [tap for tap in asked if tap in site.names and tap in sides[given]]
            items = shares(site, sides[given], taps, (finals[given], own))
            return Transplants(pixel, direction, difference, items, without)
    return Transplants(pixel, NEITHER, difference, (), without)


def shares(
    site: TransplantSite, values: SiteValues, taps: Sequence[str], finals: tuple[float, float]
) -> tuple[TapTransplant, ...]:
    """Return which share of the difference of two final values vanishes with each tap.

    Args:
        site: of the program that takes the values.
        values: of the program that gives them.
        taps: in the order in which they are put in.
        finals: of the giving and of the taking program, photons.
    """
    given, taken = finals

    def share(some: Sequence[str]) -> float:
        return (site.final({tap: values[tap] for tap in some}) - taken) / (given - taken)

    return tuple(
        TapTransplant(tap, share([tap]), share(taps[: number + 1])) for number, tap in enumerate(taps)
    )


def _values(trace: TraceLog) -> dict[str, dict[tuple[int, ...], tuple[float, ...]]]:
    found: dict[str, dict[tuple[int, ...], tuple[float, ...]]] = defaultdict(dict)
    for record in trace.records():
        if record.tap in DEFAULT_GRAPH and not record.words:
            found[record.tap][tuple(turn for _, turn in record.context)] = record.values
    return found


def _differs(first: SiteValues, second: SiteValues, tap: str) -> bool:
    return any(second[tap].get(context, numbers) != numbers for context, numbers in first[tap].items())


def transplant_data(found: Sequence[Transplants]) -> list[dict[str, Any]]:
    """Return transplants as plain data."""
    return [
        {
            "pixel_slow_fast": list(one.pixel), "direction": one.direction, "difference": one.difference,
            "taps": [asdict(item) for item in one.taps], "named": list(one.named),
            "without_place": list(one.without),
        }
        for one in found
    ]  # fmt: skip
