"""Runs variants of a described program beside the program as it is."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from harness.described.built import Announce, BuiltProgram, make_ready
from harness.described.description import DescribedCase, DescribedVariant, Description
from harness.described.run_case import run_on_case
from harness.errors import HarnessError
from system_io.children import temporary_folder
from system_io.shown import printable

MOVE = re.compile(r"([+-])\s*(\d{1,6})\s*ulps?")
"""A value of a variant that is that of the case, moved by so many doubles."""
LEFT_BEHIND = ("reports", ".git")


@dataclass(frozen=True)
class VariedRun:
    """What a variant wrote on a case, beside what the program as it is wrote."""

    variant: DescribedVariant
    case: DescribedCase
    plain: Path
    varied: Path

    @property
    def where(self) -> str:
        """Return it in words, for messages."""
        return f"variant {self.variant.name}, case {self.case.name}"


Runner = Callable[[DescribedVariant], Iterator[VariedRun]]


def moved_value(before: str | None, told: str, where: str) -> str:
    """Return the value that a variant gives a case: as it is told, or that of the case moved by some doubles.

    Args:
        before: of the case, None if it has none.
        told: of the variant, for example `1.5` or `+1 ulp`.
        where: for messages.

    Raises:
        HarnessError: it is to be moved, and the case has no number there.
    """
    move = MOVE.fullmatch(told.strip())
    if move is None:
        return told
    try:
        value = float("nan" if before is None else before)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        shown = "missing" if before is None else f"'{printable(before):.40}'"
        raise HarnessError(f"{where} is {shown}, must be a number to be moved by '{told}'; give it one")
    for _ in range(int(move[2])):
        value = math.nextafter(value, math.inf if move[1] == "+" else -math.inf)
    return repr(value)


@contextmanager
def variant_runs(description: Description, cases: Sequence[DescribedCase], say: Announce) -> Iterator[Runner]:
    """Give a function that runs a variant and yields what it wrote on each case; the files go with the block.

    Args:
        description: of which the variants are.
        cases: on which they are run.
        say: is told what is built.
    """
    with temporary_folder("nb-variants") as scratch:
        home = Path(scratch)
        plain: dict[str, Path] = {}

        def run(variant: DescribedVariant) -> Iterator[VariedRun]:
            side, changed = variant.of, [_changed(case, variant) for case in cases]
            if side not in plain:
                ready = make_ready(description.programs[side], side, say)
                plain[side] = _on_cases(description, side, ready, cases, home / side)
            with _varied(description, variant, home / "build", say) as program:
                folder = _on_cases(description, side, program, changed, home / f"variant_{variant.name}")
            for case in cases:
                yield VariedRun(variant, case, plain[side] / case.name, folder / case.name)
            shutil.rmtree(folder)

        yield run


def _changed(case: DescribedCase, variant: DescribedVariant) -> DescribedCase:
    moved = {
        name: moved_value(case.values.get(name), told, f"value {name} of case {case.name}")
        for name, told in variant.values.items()
    }
    return replace(case, values={**case.values, **moved})


@contextmanager
def _varied(
    description: Description, variant: DescribedVariant, build: Path, say: Announce
) -> Iterator[BuiltProgram]:
    """Give a variant, built in a copy of the folder of its program."""
    program = description.programs[variant.of]
    if variant.build:
        shutil.copytree(program.folder, build, ignore=shutil.ignore_patterns(*LEFT_BEHIND), symlinks=True)
        program = replace(program, folder=build, build=variant.build)
    else:
        program = replace(program, build=())
    environment = {**program.environment, **variant.environment}
    program = replace(program, environment=environment, run=variant.run or program.run)
    try:
        yield make_ready(program, variant.of, say)
    finally:
        shutil.rmtree(build, ignore_errors=True)


def _on_cases(
    description: Description, side: str, program: BuiltProgram, cases: Sequence[DescribedCase], home: Path
) -> Path:
    for case in cases:
        folder = home / case.name
        folder.mkdir(parents=True)
        done = run_on_case(description, side, program, case, folder)
        if done.failure is not None:
            raise HarnessError(
                f"case {case.name}, {home.name}: {done.failure}; a variant needs programs that run"
            )
    return home
