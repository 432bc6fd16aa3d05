"""Relations on the golden suite: `python -m tests.harness.invariants.suite_bases PROGRAM MODE [I/N]`.

The relations are stated for all command lines, and tried by default on eleven. This tries every one on each
case of the suite that makes an image, or on the I-th of N parts of them. Both programs keep them, so that a
violation that no quirk explains is a relation that says too much.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from golden_suite_generator.cases import Case, load_cases
from harness.errors import HarnessError
from harness.invariants.examine import Examination, examined, running
from harness.invariants.judged import RelationOutcome, Standing
from harness.invariants.relations.command_line import CommandLine
from harness.programs.programs import Program, first_program, simulator_program
from harness.suite.generate import case_inputs


def cases_of(mode: str, number: int, count: int) -> list[Case]:
    """Return the cases that run in a mode and make an image, one of so many parts of them."""
    every = [
        case for case in load_cases()
        if mode in case.modes and case.status[mode] == 0 and not case.files and case.outputs
    ]  # fmt: skip
    return every[number - 1 :: count]


def on_the_suite(
    program: Program, mode: str, cases: Sequence[Case], inputs: Path
) -> Iterator[tuple[str, list[RelationOutcome], str]]:
    """Yield each case with what became of the relations on it, and why it could not be tried."""
    for case in cases:
        words = tuple(str(inputs / word) if (inputs / word).is_file() else word for word in case.args)
        job = Examination(program, bases={case.id: CommandLine(words)}, mode=mode)
        try:
            with running(job) as runs:
                yield case.id, examined(job, runs), ""
        except HarnessError as error:
            yield case.id, [], str(error)


def main(words: Sequence[str]) -> int:
    """Print the violations, and how many relations held.

    Returns:
        1 if a relation is violated and no quirk explains it.
    """
    name, mode = words[:2]
    number, _, count = (words[2] if words[2:] else "1/1").partition("/")
    program = first_program(None, dict(os.environ)) if name == "reference" else simulator_program()
    standings: Counter[str] = Counter()
    false = tried = 0
    with case_inputs() as inputs:
        for case, outcomes, error in on_the_suite(
            program, mode, cases_of(mode, int(number), int(count)), inputs
        ):
            tried += 1
            standings.update(outcome.standing.name for outcome in outcomes)
            for outcome in outcomes:
                if outcome.standing is Standing.VIOLATED:
                    false += 1
                    sys.stdout.write(f"{case}: {outcome.relation.id}: {outcome.reason}\n")
            sys.stdout.write(f"{case}: not tried: {error}\n" if error else "")
            sys.stdout.flush()
    sys.stdout.write(f"{tried} cases, {name}, {mode}: {false} false violations; {dict(standings)}\n")
    return 1 if false else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
