"""Transplants: the value of one program's tap in the other, and the share of the difference that goes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.proof.page import own_shares
from harness.proof.pixel_site import SimulatorSite, SiteValues
from harness.sides import SIDES
from simulator import RunConfig
from simulator.errors import InputError
from simulator.kernel.taps import NEVER
from simulator.scene.scene import Scene, prepare
from system_io.shown import printable
from trace_tools.errors import DebuggerError
from trace_tools.judging.diff import Comparison
from trace_tools.judging.lookup import DEFAULT_GRAPH
from trace_tools.reading.trace_file import TraceLog

FINAL = "I_pixel_final"
LEFT = 0.01
"""Share of the difference that may be left, or overshot, for taps to be named."""
STANDS_FOR = 1e-3
"""Of the difference: nearer than that, the simulator stands for the side that gives a value."""
MOST_PIXELS = 4
NO_PLACE = "it has no place in the program"
NO_RECORD = "the trace that gives has no record of it"


@dataclass(frozen=True)
class PutResult:
    """What became of a pixel with other values at some taps: photons or None, why, and taps left out."""

    photons: float | None
    failure: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)


class TransplantSite(Protocol):
    """A program into whose pixel values can be put: the simulator, or a process under a debugger."""

    @property
    def title(self) -> str:
        """Return what a reader is told that it is."""

    @property
    def names(self) -> Collection[str]:
        """Return the taps that have a place in it."""

    def finals(self, sets: Sequence[SiteValues]) -> list[PutResult]:
        """Return the pixel with each of several sets of values: of each tap, by its loop counters.

        Raises:
            DebuggerError: nothing can be put in.
        """


Process = Callable[[tuple[int, int], float], TransplantSite]
"""Makes the site of a pixel (slow, fast) of one side's program, given its photons in the trace.

It raises `DebuggerError` where there is none.
"""


class InSimulator:
    """The simulator of this Python, as a site."""

    def __init__(self, scene: Scene, pixel: tuple[int, int], interpolated: int = NEVER) -> None:
        self._site = SimulatorSite(scene, pixel, interpolated)
        self.title = "the simulator"
        self.names = self._site.names

    def finals(self, sets: Sequence[SiteValues]) -> list[PutResult]:
        """See `TransplantSite.finals`."""
        return [PutResult(self._site.final(values)) for values in sets]


@dataclass(frozen=True)
class TapTransplant:
    """One tap: the share of the difference that vanishes with it alone, and with all those before it.

    None where the program gives no pixel with it; `note` says why.
    """

    tap: str
    alone: float | None
    together: float | None
    note: str = ""


@dataclass(frozen=True)
class Transplants:
    """The transplants into one pixel (slow, fast) in one direction, in the order of the trace.

    into: the program that takes the values, empty for none; remark: why it is not another one, or none;
    without: taps that could not be put in, and why; beyond: taps that differ by more than rounding.
    """

    pixel: tuple[int, int]
    direction: str
    difference: float
    into: str
    remark: str
    taps: tuple[TapTransplant, ...] = ()
    without: Mapping[str, str] = field(default_factory=dict)
    beyond: frozenset[str] = frozenset()

    @property
    def named(self) -> tuple[str, ...]:
        """Return the taps that matter among the first that together take the difference away."""
        for number, item in enumerate(self.taps):
            if item.together is not None and abs(1.0 - item.together) <= LEFT:
                return self._mattering(self.taps[: number + 1])
        return ()

    @property
    def roots(self) -> tuple[str, ...]:
        """Return the other taps beyond rounding that a named one is made from: their share comes with it."""
        found: list[str] = []
        waiting = list(self.named)
        while waiting:
            for tap in DEFAULT_GRAPH[waiting.pop()].inputs:
                if tap in self.beyond and tap not in (*found, *self.named):
                    found.append(tap)
                    waiting.append(tap)
        return tuple(tap for tap in DEFAULT_GRAPH if tap in found)

    @staticmethod
    def _mattering(taps: Sequence[TapTransplant]) -> tuple[str, ...]:
        steps = own_shares([tap.together for tap in taps])
        return tuple(
            tap.tap for tap, step in zip(taps, steps, strict=True) if step is not None and abs(step) > LEFT
        )


def transplants(
    comparison: Comparison,
    words: Sequence[str],
    caller: Path,
    asked: Sequence[str] = (),
    processes: Sequence[Process | None] = (None, None),
) -> tuple[Transplants, ...]:
    """Put the values of each side into the program of the other, tap by tap.

    The simulator takes them for its own side, and for a program that cannot, if it gives the same pixel.

    Args:
        comparison: two traces; A is side c, B is side py.
        words: the command line in the simulator's words.
        caller: directory that relative names in it refer to.
        asked: taps; none for all that differ and have a place.
        processes: for each side what makes a site of its program, None where the simulator is the program.

    Returns:
        Both directions for each pixel that differs, four pixels at most; none without a final value.
    """
    first, second = (_values(trace) for trace in (comparison.a, comparison.b))
    differ = [tap for tap in DEFAULT_GRAPH if tap in first and tap in second and _differs(first, second, tap)]
    pixels = [
        (slow, fast)
        for slow, fast in sorted(first[FINAL].keys() & second[FINAL].keys())
        if first[FINAL][slow, fast] != second[FINAL][slow, fast]
    ]
    scene = _scene(words, caller) if pixels else None
    beyond = frozenset(tap for tap, diff in comparison.taps.items() if len(diff.outside))
    job = _Job((first, second), tuple(asked), tuple(differ), scene, processes, beyond)
    return tuple(job.directed(pixel, given) for pixel in pixels[:MOST_PIXELS] for given in (0, 1))


def _scene(words: Sequence[str], caller: Path) -> Scene | None:
    """Return the scene of a command line, None where the simulator refuses it."""
    try:
        with chdir(caller):
            return prepare(RunConfig.from_args([*words, "-dtype", "float64", "-device", "cpu"]))
    except InputError:
        return None


@dataclass(frozen=True)
class _Job:
    """What is put in: values of both sides, taps that are asked for, those that differ, and where."""

    sides: tuple[SiteValues, SiteValues]
    asked: tuple[str, ...]
    differ: tuple[str, ...]
    scene: Scene | None
    processes: Sequence[Process | None]
    beyond: frozenset[str]

    def directed(self, pixel: tuple[int, int], given: int) -> Transplants:
        """Put the values of one side into the first program that can take them for the other."""
        taken = 1 - given
        finals = [side[FINAL][pixel][0] for side in self.sides]
        direction = f"{SIDES[given]} into {SIDES[taken]}"
        reasons = []
        for site in self.sites(pixel, taken, finals):
            try:
                if isinstance(site, str):
                    raise DebuggerError(site)
                items, without = self.shares(site, given, (finals[given], finals[taken]))
            except DebuggerError as error:
                reasons.append(str(error))
                continue
            remark = "; ".join(reasons)
            return Transplants(
                pixel, direction, finals[0] - finals[1], site.title, remark, items, without, self.beyond
            )
        return Transplants(pixel, direction, finals[0] - finals[1], "", "; ".join(reasons))

    def sites(
        self, pixel: tuple[int, int], taken: int, finals: Sequence[float]
    ) -> Iterator[TransplantSite | str]:
        """Yield what may stand for a side, best first; a text says why one does not."""
        make = self.processes[taken]
        if make is not None:
            try:
                yield make(pixel, finals[taken])
            except DebuggerError as error:
                yield str(error)
        if self.scene is None:
            yield "the simulator refuses the command line"
            return
        for state in (NEVER, 0) if self.scene.interpolate else (NEVER,):
            here = InSimulator(self.scene, pixel, state)
            own = here.finals([{}])[0].photons
            assert own is not None  # the simulator has a value for each pixel
            if abs(own - finals[taken]) <= STANDS_FOR * abs(finals[0] - finals[1]):
                yield here
                return
        yield f"the simulator here gives another value of the pixel than side {SIDES[taken]}"

    def shares(
        self, site: TransplantSite, given: int, finals: tuple[float, float]
    ) -> tuple[tuple[TapTransplant, ...], dict[str, str]]:
        """Return the share of each tap, and of the taps that have none, why."""
        values = self.sides[given]
        wanted = [tap for tap in DEFAULT_GRAPH if tap in (self.asked or self.differ)]
        without = {tap: NO_RECORD for tap in wanted if tap not in values}
        without |= {tap: NO_PLACE for tap in wanted if tap not in site.names}
        return shares(site, values, [tap for tap in wanted if tap not in without], finals, without)


def shares(
    site: TransplantSite,
    values: SiteValues,
    taps: Sequence[str],
    finals: tuple[float, float],
    without: Mapping[str, str] | None = None,
) -> tuple[tuple[TapTransplant, ...], dict[str, str]]:
    """Return which share of the difference of two final values vanishes with each tap.

    Args:
        site: of the program that takes the values.
        values: of the program that gives them.
        taps: in the order in which they are put in.
        finals: of the giving and of the taking program, photons.
        without: taps that have no share already, and why.

    Returns:
        The taps that were put in, and those that were not, with the reason.
    """
    given, taken = finals
    left_out = dict(without or {})
    alone = dict(zip(taps, site.finals([{tap: values[tap]} for tap in taps]), strict=True))
    left_out |= {tap: result.problems[tap] for tap, result in alone.items() if tap in result.problems}
    kept = [tap for tap in taps if tap not in left_out]
    growing = [{tap: values[tap] for tap in kept[: number + 1]} for number in range(len(kept))]
    together = site.finals(growing[1:]) if len(kept) > 1 else []
    together = [alone[tap] for tap in kept[:1]] + together

    def share(result: PutResult) -> float | None:
        return None if result.photons is None else (result.photons - taken) / (given - taken)

    items = [
        TapTransplant(tap, share(alone[tap]), share(all_), alone[tap].failure or all_.failure)
        for tap, all_ in zip(kept, together, strict=True)
    ]
    return tuple(items), left_out


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
            "into": printable(one.into), "remark": printable(one.remark),
            "taps": [asdict(item) for item in one.taps], "named": list(one.named),
            "roots": list(one.roots),
            "without_place": list(one.without), "why_without": dict(one.without),
        }
        for one in found
    ]  # fmt: skip
