"""What each program is told of one command line: no option that it does not know, no order that it misreads.

An option that only one side knows goes to that side, and a note says so. The original nanoBragg finds its
options anywhere inside a word (spec 01 section 8); where another order of the words avoids that, an external
program gets it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.errors import ProgramError, UsageError
from harness.programs.arguments import QUIRK_OPTIONS, PreparedArguments, spelled, values_of
from harness.programs.programs import Program
from simulator.command_line.option_table import BY_SPELLING

SIMULATOR_OPTIONS = spelled("--epsilon", "--accuracy", "--compile")
"""Options of the simulator that its partners do not have; each takes one word."""
UNKNOWN: Mapping[str, frozenset[str]] = {
    "reference": SIMULATOR_OPTIONS,
    "simulator": frozenset(),
    "external": SIMULATOR_OPTIONS | QUIRK_OPTIONS,
    "file": frozenset(),
}
"""For each kind of program, options with one word each that it does not know."""
TRACING = ("-trace_pixel", "-trace_roi", "-trace_level", "-trace_schema", "-trace_file", "-trace_only")
SEED, AXIS, SWING = "-misset_seed", "-twotheta_axis", "-twotheta"


@dataclass(frozen=True)
class SideWords:
    """The command line of one side, and in words where it is not the one that was given."""

    arguments: PreparedArguments
    notes: tuple[str, ...] = ()


def side_words(arguments: PreparedArguments, programs: Mapping[str, Program]) -> dict[str, SideWords]:
    """Return what each side is told of a prepared command line."""
    return {side: _told(side, program, arguments) for side, program in programs.items()}


def require_known(words: Sequence[str], programs: Mapping[str, Program]) -> None:
    """Check that each option is known to a program that is run.

    Raises:
        ProgramError: no program knows a quirk option that is given.
        UsageError: no program knows another option that is given.
    """
    shared = frozenset.intersection(*(UNKNOWN[program.kind] for program in programs.values()))
    for word in words:
        if word in shared & QUIRK_OPTIONS:
            first = next(iter(programs.values()))
            raise ProgramError(f"{first.title} '{first.words[0]}' knows no quirks; leave --quirk out")
        if word in shared:
            raise UsageError(f"option '{word}': neither program knows it; leave it out")


def _told(side: str, program: Program, arguments: PreparedArguments) -> SideWords:
    words, taken = without(arguments.words, UNKNOWN[program.kind], 1)
    notes = [f"{side} was not told {text}: {program.title} does not know the option" for text in taken]
    told = replace(arguments, words=words)
    for reorder in REORDERED if program.kind == "external" else ():
        told, note = reorder(told)
        notes += [f"{side}: {note}"] if note else []
    return SideWords(told, tuple(notes))


def without(words: Sequence[str], options: Collection[str], count: int) -> tuple[tuple[str, ...], list[str]]:
    """Return words without some options and the `count` words behind each, and what was taken out."""
    kept: list[str] = []
    taken: list[str] = []
    place = 0
    while place < len(words):
        if words[place] not in options:
            kept.append(words[place])
            place += 1
            continue
        taken.append(" ".join(words[place : place + 1 + count]))
        place += 1 + count
    return tuple(kept), taken


def without_traces(words: Sequence[str]) -> tuple[str, ...]:
    """Return a command line without the options that choose what is traced, how far, and where to."""
    kept = tuple(words)
    for name in TRACING:
        kept, _ = without(kept, spelled(name), len(BY_SPELLING[name].kinds))
    return kept


def _seed_last(told: PreparedArguments) -> tuple[PreparedArguments, str]:
    seeds = values_of(told.words, {SEED}, 1)
    if not seeds:
        return told, ""
    words, _ = without(told.words, {SEED}, 1)
    note = (
        f"{SEED} {seeds[-1][0]} was put last, since the original takes it for -misset where more "
        "words follow (Q-CLI-MISSET-SEED)"
    )
    return replace(told, words=words, last=(SEED, *seeds[-1])), note


def _swing_behind_axis(told: PreparedArguments) -> tuple[PreparedArguments, str]:
    axes, swings = values_of(told.words, {AXIS}, 3), values_of(told.words, {SWING}, 1)
    if not axes:
        return told, ""
    why = f"the original takes {AXIS} for {SWING}, too (Q-CLI-TWOTHETA-AXIS)"
    if not swings:
        return told, f"{why}: it turns the detector by {axes[-1][0]} degrees; give {SWING}"
    last = {option: len(told.words) - told.words[::-1].index(option) for option in (AXIS, SWING)}
    if last[SWING] > last[AXIS]:
        return told, ""
    words, _ = without(told.words, {SWING}, 1)
    place = len(words) - words[::-1].index(AXIS) + 3
    moved = (*words[:place], SWING, *swings[-1], *words[place:])
    return replace(told, words=moved), f"{SWING} {swings[-1][0]} was put behind {AXIS}, since {why}"


REORDERED: tuple[Callable[[PreparedArguments], tuple[PreparedArguments, str]], ...] = (
    _seed_last,
    _swing_behind_axis,
)
