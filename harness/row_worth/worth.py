"""What each row of the suite adds to all rows before it, and what no row reaches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from golden_suite_generator.cases import Case
from harness.faults.fault import SeededFault
from harness.faults.table import FAULTS
from harness.row_worth.killed import SoundHashes, first_killers, first_of_quirks, sound_hashes
from harness.row_worth.option_classes import option_classes
from harness.row_worth.reached import Branch, CountingReference
from harness.row_worth.row_runs import suite_rows, traced_values
from harness.trials.c_objects import SoundObjects
from simulator.quirks import SWITCHABLE

AddedThing = TypeVar("AddedThing")
SAY_EVERY = 25


@dataclass
class RowWorth:
    """What a case adds to the cases before it.

    Attributes:
        case: its name.
        branches: number of lines and branches of the C reference, by file and function.
        options: options, each with the class of its values.
        taps: those that are other than in the first case at the middle pixel.
        quirks: those of which another state changes what the case writes.
        faults: faults of the C reference, by name.
    """

    case: str
    branches: Mapping[str, int] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)
    taps: list[str] = field(default_factory=list)
    quirks: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SuiteWorth:
    """What a suite is worth.

    Attributes:
        rows: what each case adds, in their order.
        branches: number of lines and branches of the C reference.
        unreached: those that no case reaches.
        faults: number of faults that were tried.
        unshown: those that no case shows.
        quirks_unshown: quirks that no case shows.
    """

    rows: tuple[RowWorth, ...]
    branches: int
    unreached: tuple[Branch, ...]
    faults: int
    unshown: tuple[str, ...]
    quirks_unshown: tuple[str, ...]


@dataclass(frozen=True)
class Workplace:
    """Where and how a suite is measured: the folder with inputs/, an empty folder, processes at a time."""

    inputs: Path
    scratch: Path
    jobs: int
    said: Callable[[str], None]


def additions(found: Iterable[tuple[str, frozenset[AddedThing]]]) -> Iterator[tuple[str, set[AddedThing]]]:
    """Yield each name with those of its things that no name before it has."""
    seen: set[AddedThing] = set()
    for name, items in found:
        yield name, set(items - seen)
        seen |= items


def suite_worth(cases: Sequence[Case], faults: Sequence[SeededFault], place: Workplace) -> SuiteWorth:
    """Run the cases and return what each adds to those before it.

    Args:
        cases: in the order of the suite.
        faults: of `tried_faults`.
        place: where and how.

    Raises:
        BuildError: no compiler, no gcov, or a fault of the table does not compile.
        HarnessError: a case ends otherwise than it says.
    """
    worth = {case.id: RowWorth(case.id) for case in cases}
    every, unreached = _add_branches(worth, cases, place)
    for name, options in additions((case.id, option_classes(case.args)) for case in cases):
        worth[name].options = sorted(options)
    objects = SoundObjects.made(place.scratch / "objects")
    program = objects.program(place.scratch / "sound")
    for name, taps in additions(_moved_taps(cases, program, place.inputs)):
        worth[name].taps = sorted(taps)
    rows = [row for case in cases for row in suite_rows(case)]
    place.said(f"{len(rows)} rows, twice each")
    sound = sound_hashes(program, rows, place.inputs, place.jobs)
    quirks_unshown = _add_quirks(worth, program, sound, place)
    unshown = _add_faults(worth, faults, objects, sound, place)
    return SuiteWorth(tuple(worth.values()), every, unreached, len(faults), unshown, quirks_unshown)


def tried_faults() -> list[SeededFault]:
    """Return the faults of the table that have a part in the C reference."""
    return [fault for fault in FAULTS if fault.c]


def _add_branches(
    worth: Mapping[str, RowWorth], cases: Sequence[Case], place: Workplace
) -> tuple[int, tuple[Branch, ...]]:
    """Note the branches that each case adds; return how many there are, and those that none reaches."""
    place.said("lines and branches")
    counting = CountingReference(place.scratch / "counting")
    tables = {case.id: counting.branches(suite_rows(case), place.inputs) for case in cases}
    for name, branches in additions((name, table.reached) for name, table in tables.items()):
        worth[name].branches = dict(sorted(Counter(branch.place for branch in branches).items()))
    every = frozenset[Branch]().union(*(table.every for table in tables.values()))
    reached = frozenset[Branch]().union(*(table.reached for table in tables.values()))
    return len(every), tuple(sorted(every - reached))


def _moved_taps(cases: Sequence[Case], program: Path, inputs: Path) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each case with the taps that are other than in the first case; there, all of them."""
    first: dict[str, str] = {}
    for case in cases:
        values = traced_values(program, suite_rows(case)[0], inputs)
        yield case.id, frozenset(name for name, lines in values.items() if first.get(name) != lines)
        first = first or values


def _add_quirks(
    worth: Mapping[str, RowWorth], program: Path, sound: SoundHashes, place: Workplace
) -> tuple[str, ...]:
    """Note the quirks that each case is the first to show; return those that none shows."""
    unshown = []
    for quirk, row in first_of_quirks(sorted(SWITCHABLE), program, sound, place.inputs, place.jobs):
        place.said(quirk)
        if row is None:
            unshown.append(quirk)
        else:
            worth[row.case.id].quirks.append(quirk)
    return tuple(unshown)


def _add_faults(
    worth: Mapping[str, RowWorth], faults: Sequence[SeededFault], objects: SoundObjects, sound: SoundHashes,
    place: Workplace,
) -> tuple[str, ...]:  # fmt: skip
    """Note the faults that each case is the first to show; return those that none shows."""
    unshown = []
    found = first_killers(faults, objects, sound, place.inputs, place.scratch, place.jobs)
    for number, (fault, row) in enumerate(found, 1):
        if number % SAY_EVERY == 0:
            place.said(f"fault {number} of {len(faults)}")
        if row is None:
            unshown.append(fault.id)
        else:
            worth[row.case.id].faults.append(fault.id)
    return tuple(unshown)
