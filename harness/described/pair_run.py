"""Runs the two programs of a description on its cases and puts the verdict together."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.described.built import Announce, BuiltProgram, make_ready
from harness.described.description import BOTH, DescribedCase, Description
from harness.described.judged import JudgedPart, judged_case, keep_inputs, trace_log
from harness.described.placeholders import filled, placeholder_values
from harness.described.run_case import DescribedRun, run_on_case, stored_name
from harness.errors import UsageError
from harness.files import sha256_of_file
from harness.metric_sets.nanobragg_run import (
    NanobraggCase,
    compare_case,
    program_words,
    require_programs,
    telling_pixel,
    trace_pixel,
)
from harness.pairs.part import PairPart
from harness.programs.watching import Watch, nobody
from harness.suite.crystal_data import write_built_in
from harness.verdict import STRENGTH
from system_io.children import temporary_folder
from system_io.verdict_words import Word

CRYSTAL, BUILT_IN = "crystal", "built-in"
"""A value that names the folder of a crystal, and what it says where the harness is to make one."""
GUESSED = "the bounds are as written, no noise floor of this pair was measured"


@dataclass(frozen=True)
class CaseResult:
    """The runs of a case and the verdicts on what they wrote; a run that failed leaves nothing to judge."""

    case: str
    runs: Mapping[str, DescribedRun]
    parts: tuple[JudgedPart, ...]

    @property
    def word(self) -> Word:
        """Return the word of the case: ERROR if a run failed, else the strongest of its parts."""
        if self.failures:
            return Word.ERROR
        return max((part.word for part in self.parts), key=STRENGTH.index)

    @property
    def failures(self) -> list[str]:
        """Return why runs failed."""
        return [run.failure for run in self.runs.values() if run.failure is not None]

    @property
    def reasons(self) -> list[str]:
        """Return what stands against PASS, in words."""
        against = [part for part in self.parts if part.word is not Word.PASS]
        return [*self.failures, *(f"{part.kind} {part.name}: {part.text}" for part in against)]

    def facts(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "case": self.case,
            "word": self.word.value,
            "reasons": self.reasons,
            "runs": {side: run.facts() for side, run in self.runs.items()},
            "parts": [part.facts() for part in self.parts],
        }


def cases_named(description: Description, names: Sequence[str]) -> list[DescribedCase]:
    """Return the cases of these names, all without a name.

    Raises:
        UsageError: a name that no case has.
    """
    known = {case.name: case for case in description.cases}
    for name in names:
        if name not in known:
            raise UsageError(f"case '{name}' is none of the description; there are {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)] or list(description.cases)


def ready_programs(description: Description, say: Announce) -> dict[str, BuiltProgram]:
    """Build both programs and return them by side.

    Raises:
        HarnessError: one cannot be built or is not there.
    """
    ready = {side: make_ready(description.programs[side], side, say) for side in BOTH}
    if description.nanobragg:
        words = {side: _nanobragg_words(description, side) for side in BOTH}
        modes = dict.fromkeys(case.parity_mode for case in description.cases if case.parity_mode)
        require_programs({side: one[1] if one else None for side, one in words.items()}, modes)
    return ready


def _nanobragg_words(description: Description, side: str) -> list[str]:
    program = description.programs[side]
    return program_words(side, program.nanobragg, program.folder)


def run_case_pair(
    description: Description,
    programs: Mapping[str, BuiltProgram],
    case: DescribedCase,
    target: Path,
    watch: Watch = nobody,
) -> CaseResult:
    """Run both programs on a case, keep what they wrote in a folder, and judge it.

    Args:
        description: what is compared.
        programs: both, ready to run.
        case: of the description.
        target: existing, empty folder.
        watch: shows how far programs with nanoBragg's command line are.

    Raises:
        HarnessError: an input file is not there, or the description does not fit together.
    """
    if description.nanobragg:
        return _run_nanobragg(description, case, target, watch)
    keep_inputs(description, case, target)
    runs: dict[str, DescribedRun] = {}
    for side in BOTH:
        runs[side] = run_on_case(description, side, programs[side], case, target)
        if runs[side].failure is not None:
            return CaseResult(case.name, runs, ())
    return CaseResult(case.name, runs, tuple(judged_case(description, case, target)))


def nb_compare_words(description: Description, case: DescribedCase) -> tuple[str, ...]:
    """Return the words of nb-compare for a case of programs that know nanoBragg's command line.

    Raises:
        HarnessError: a name in braces stands for nothing.
    """
    words = [word for side in BOTH for word in _nanobragg_words(description, side)]
    words += ["--timeout", f"{max(description.programs[side].timeout_s for side in BOTH):g}"]
    words += ["--parity-mode", case.parity_mode] if case.parity_mode else []
    words += ["--determinism"] if description.determinism else []
    words += next(description.outputs_of(case.name)).options
    values = placeholder_values(case, description.folder)
    args = [filled(word, values, f"case.{case.name}") for word in case.arguments]
    return (*words, "--", *args)


def _run_nanobragg(description: Description, case: DescribedCase, target: Path, watch: Watch) -> CaseResult:
    result = compare_case(
        NanobraggCase(nb_compare_words(description, case), description.folder), target, watch
    )
    runs = {
        side: DescribedRun(run.command, run.outcome, run.failure)
        for side, run in zip(BOTH, result.runs, strict=False)
    }
    if any(run.failure is not None for run in runs.values()):
        return CaseResult(case.name, runs, ())
    traces = list(description.traces_of(case.name))
    place = telling_pixel(PairPart.load(target).summary)
    if traces and place is not None:
        for side, log in zip(BOTH, trace_pixel(result, *place).values(), strict=True):
            trace_log(traces[0], side, target).write_bytes(log or b"")
    return CaseResult(case.name, runs, tuple(judged_case(description, case, target)))


@contextmanager
def with_crystal(cases: Sequence[DescribedCase]) -> Iterator[list[DescribedCase]]:
    """Give cases in which {crystal} stands for a folder with A.mat and scaled.hkl of the built-in crystal.

    A case whose values say where a crystal is keeps that; without need none is made.
    """
    if not any(case.values.get(CRYSTAL) == BUILT_IN for case in cases):
        yield list(cases)
        return
    with temporary_folder("nb-crystal") as scratch:
        made = {CRYSTAL: str(write_built_in(Path(scratch)))}
        yield [
            replace(case, values={**case.values, **made}) if case.values.get(CRYSTAL) == BUILT_IN else case
            for case in cases
        ]


def one_program(description: Description, identities: Mapping[str, Sequence[str]]) -> list[str]:
    """Return why the comparison says nothing: both programs are one, down to the bytes of their files."""
    if description.determinism or identities[BOTH[0]] != identities[BOTH[1]]:
        return []
    return [
        "both programs are one, byte for byte, which shows only that it repeats itself; "
        "determinism = true asks for that"
    ]


def ignored_arguments(description: Description, folder: Path, cases: Sequence[str]) -> Iterator[str]:
    """Yield which outputs are the same to the last byte in cases that differ.

    Such a program may have read a file of an earlier run in place of its arguments.

    Args:
        description: what is compared.
        folder: holds a folder for each case.
        cases: those that ran.
    """
    told = {case.name: (case.arguments, case.files, tuple(case.values.items())) for case in description.cases}
    for one, other in itertools.combinations(cases, 2):
        if told[one] == told[other]:
            continue
        shared = [each for each in description.outputs_of(one) if each in description.outputs_of(other)]
        for output, side in itertools.product(shared, BOTH):
            name = stored_name(side, "output", output.name, output.sources[side].path)
            if _one_content(folder / one / name, folder / other / name):
                yield (
                    f"output {output.name} of {side} is the same in the cases {one} and {other}, "
                    "which differ: it may not come from their arguments"
                )


def _one_content(first: Path, second: Path) -> bool:
    return first.is_file() and second.is_file() and sha256_of_file(first) == sha256_of_file(second)
