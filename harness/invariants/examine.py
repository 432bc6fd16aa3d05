"""Tries relations on base command lines of one program, and looks for the quirk behind each violation."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from harness.arithmetic import arithmetic_of
from harness.invariants.bases import built_in_bases
from harness.invariants.judged import HOLDING, RelationOutcome, Standing, judge_relation
from harness.invariants.relations.command_line import CommandLine
from harness.invariants.relations.lengths import twice_the_photons
from harness.invariants.relations.relation import LinesByName, Relation, Situation
from harness.invariants.relations.table import RELATIONS
from harness.invariants.runs import Runs
from harness.programs.arguments import values_of
from harness.programs.programs import MODES, Program
from harness.programs.watching import Watch, nobody
from harness.time_limits import RUN_S
from simulator.command_line.quirk_words import quirks_by_words
from system_io.children import temporary_folder

ENDED: Mapping[Standing, str] = {
    **dict.fromkeys(HOLDING, "holds"),
    Standing.IDLE: "the images say nothing",
}
"""Where a violation is over: also where all that an image shows comes from the quirk."""
OWN = "own"
"""Name of the base where a relation has command lines of its own."""


@dataclass(frozen=True)
class Examination:
    """What is to be tried on a program.

    bases: command lines by name, None for the built-in ones. mode: None for spec where the program knows it.
    every: whether relations are tried on every built-in base, and not only on those that they name.
    """

    program: Program
    relations: tuple[Relation, ...] = RELATIONS
    bases: Mapping[str, CommandLine] | None = None
    mode: str | None = None
    dtype: str | None = None
    device: str | None = None
    copies: tuple[tuple[Path, str], ...] = ()
    timeout_s: float = RUN_S
    first: str | None = None
    every: bool = False

    @property
    def mode_in_force(self) -> str:
        """Return the parity mode that the program is told."""
        known = self.program.dialect.mode_words
        return self.mode or ("spec" if "spec" in known else MODES[0])

    @property
    def settings(self) -> tuple[str, ...]:
        """Return the words of mode, dtype and device.

        Raises:
            ProgramError: for what is not known.
        """
        return self.program.settings(self.mode_in_force, self.dtype, self.device).words

    @property
    def arithmetic(self) -> str:
        """Return the arithmetic whose floor holds."""
        return arithmetic_of(self.dtype or self.program.dialect.own_dtype, [])


@dataclass(frozen=True)
class TriedRelation:
    """A relation on a base: its command lines, or why it has none."""

    relation: Relation
    situation: Situation
    lines: LinesByName
    apart: str = ""


@contextmanager
def running(job: Examination, watch: Watch = nobody) -> Iterator[Runs]:
    """Give the program of an examination ready to run, in a temporary folder.

    Raises:
        ProgramError: if it does not know mode, dtype or device.
    """
    settings = job.settings
    with temporary_folder("nb-invariants") as scratch:
        yield Runs(
            job.program, settings, Path(scratch), job.copies, job.timeout_s, first=job.first, watch=watch
        )


def examined(job: Examination, runs: Runs) -> list[RelationOutcome]:
    """Try all relations of an examination on all of its bases.

    Args:
        job: program, relations, bases and settings.
        runs: the program ready to run.

    Returns:
        What became of each relation on each base.
    """
    bases = built_in_bases() if job.bases is None else job.bases
    tried = [
        _tried(relation, situation)
        for situation in _situations(job, bases, runs)
        for relation in job.relations
        if relation.own == (situation.name == OWN)
        and (job.bases is not None or relation.is_tried_on(situation.name, job.every or relation.own))
    ]
    used = {one.situation.name: one.situation for one in tried if one.lines and not one.relation.own}
    probes = {name: next(iter(twice_the_photons(s).values())) for name, s in used.items()}
    runs.make([*(line for one in tried for line in one.lines.values()), *probes.values()])
    outcomes = [_judged(one, runs, job.arithmetic) for one in tried]
    deaf = {name for name, probe in probes.items() if _same_image(runs, used[name].base, probe)}
    return _explained(job, tried, [_heard(outcome, deaf) for outcome in outcomes], runs)


def _same_image(runs: Runs, first: CommandLine, second: CommandLine) -> bool:
    images = [runs.images[line.key].photons for line in (first, second) if line.key in runs.images]
    return len(images) == len((first, second)) and np.array_equal(images[0], images[1])


def _heard(outcome: RelationOutcome, deaf: Collection[str]) -> RelationOutcome:
    """Return an outcome; what holds on a base whose image stays with twice the photons says nothing."""
    if outcome.base not in deaf or outcome.standing not in HOLDING:
        return outcome
    reason = "the image stays with twice the photons: it is not made from the command line"
    return replace(outcome, standing=Standing.IDLE, reason=reason)


def violated(
    program: Program,
    relations: Sequence[Relation] = RELATIONS,
    mode: str | None = None,
    first: str | None = None,
) -> list[str]:
    """Return the ids of the relations that a program violates on the built-in command lines.

    Args:
        program: what is tried.
        relations: of the table.
        mode: parity mode, None for spec where the program knows it.
        first: `MODULE:FUNCTION:WORD`, called before anything of a simulator is loaded.
    """
    job = Examination(program, tuple(relations), mode=mode, first=first)
    with running(job) as runs:
        found = [outcome for outcome in examined(job, runs) if outcome.standing is Standing.VIOLATED]
    return list(dict.fromkeys(outcome.relation.id for outcome in found))


def _situations(job: Examination, bases: Mapping[str, CommandLine], runs: Runs) -> list[Situation]:
    named = {**bases, OWN: CommandLine(())}
    for line in named.values():
        for name in line.used_files:
            runs.file(name, line.files[name])
    kind, mode = job.program.kind, job.mode_in_force
    return [Situation(name, line, kind, mode, runs.inputs) for name, line in named.items()]


def _tried(relation: Relation, situation: Situation) -> TriedRelation:
    apart = relation.not_applicable(situation)
    if apart:
        return TriedRelation(relation, situation, {}, apart)
    try:
        return TriedRelation(relation, situation, relation.all_lines(situation))
    except (ValueError, IndexError):
        if relation.own or situation.name in built_in_bases():  # those are whole
            raise
        return TriedRelation(relation, situation, {}, "values or files of the command line are not whole")


def _judged(one: TriedRelation, runs: Runs, arithmetic: str) -> RelationOutcome:
    if one.apart:
        return RelationOutcome(one.relation, one.situation.name, Standing.APART, one.apart)
    failed = {name: runs.failures[line.key] for name, line in one.lines.items() if line.key in runs.failures}
    if failed:
        name, why = next(iter(failed.items()))
        return RelationOutcome(one.relation, one.situation.name, Standing.FAILED, f"'{name}': {why}")
    made = {name: runs.images[line.key] for name, line in one.lines.items()}
    return replace(judge_relation(one.relation, one.situation, made, arithmetic), lines=one.lines)


def _explained(
    job: Examination, tried: Sequence[TriedRelation], outcomes: Sequence[RelationOutcome], runs: Runs
) -> list[RelationOutcome]:
    """Return the outcomes; a violation that ends when quirks of its relation are off names them."""
    broken = {
        place: quirks
        for place, (one, outcome) in enumerate(zip(tried, outcomes, strict=True))
        if outcome.standing is Standing.VIOLATED and (quirks := _on(job, one))
    }
    if job.program.dialect.quirk_option is None:
        return _told(outcomes, broken)
    repeated = {
        (place, off): _without(tried[place], off)
        for place, quirks in broken.items()
        for off in _sets_off(quirks)
    }
    runs.make(line for one in repeated.values() for line in one.lines.values())
    found = list(outcomes)
    for place, quirks in broken.items():
        standings = {
            off: _judged(repeated[place, off], runs, job.arithmetic).standing for off in _sets_off(quirks)
        }
        causes = _causes(quirks, {off for off, standing in standings.items() if standing in ENDED})
        if causes:
            ended = ENDED[standings[causes if len(causes) == 1 else quirks]]
            reason = f"{' and '.join(causes)}: {ended} with that off; {outcomes[place].reason}"
            found[place] = replace(outcomes[place], standing=Standing.QUIRK, quirks=causes, reason=reason)
    return found


def _sets_off(quirks: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return which quirks are tried off: each alone, all, and all but each."""
    but_one = [tuple(other for other in quirks if other != quirk) for quirk in quirks]
    sets = [*((quirk,) for quirk in quirks), quirks, *but_one]
    return [off for off in dict.fromkeys(sets) if off]


def _causes(quirks: tuple[str, ...], holding: Collection[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the quirk without which a relation holds, else those that break it alone, else none."""
    single = next(((quirk,) for quirk in quirks if (quirk,) in holding), None)
    if single is not None or quirks not in holding:
        return single or ()
    return tuple(
        quirk for quirk in quirks if tuple(other for other in quirks if other != quirk) not in holding
    )


def _told(
    outcomes: Sequence[RelationOutcome], suspects: Mapping[int, tuple[str, ...]]
) -> list[RelationOutcome]:
    """Return the outcomes with the quirks that a program without options for them may have."""
    return [
        replace(outcome, reason=f"{outcome.reason}; {' or '.join(suspects[place])} does this")
        if place in suspects
        else outcome
        for place, outcome in enumerate(outcomes)
    ]


def _on(job: Examination, one: TriedRelation) -> tuple[str, ...]:
    """Return the quirks of a relation that are on."""
    switches = [word for (word,) in values_of(one.situation.base.words, {"--quirk", "-quirk"}, 1)]
    quirks = quirks_by_words(job.mode_in_force, switches)
    return tuple(name for name in one.relation.quirks if name in quirks.active)


def _without(one: TriedRelation, off: Sequence[str]) -> TriedRelation:
    """Return a tried relation with quirks off in all of its command lines."""
    words = [word for quirk in off for word in ("-quirk", f"{quirk}=off")]
    return replace(one, lines={name: line.adding(*words) for name, line in one.lines.items()})
