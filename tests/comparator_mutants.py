"""Small changes of the comparators, drawn by a seed (`python -m tests.comparator_mutants COUNT SEED MODULE`).

Where `tests/comparator_faults.py` has faults that somebody thought of, these are of all lines alike: a
comparison turned, a number off by one, a condition never met. Those that no test finds are printed, to be
called equivalent or to be given a test.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.mutants.python_changes import changed_texts
from tests.comparator_faults import JUDGING, ComparatorFault
from tests.comparator_runs import is_found, path_of, prepared

ROOM = "trace_tools.judging"
TESTS: Mapping[str, tuple[str, ...]] = {
    "align": ("align", "edges", "outcomes"),
    "blame": ("edges", "causes", "blame", "outcomes"),
    "judge": ("verdict", "edges", "diff", "outcomes"),
    "noise_floor": ("noise_floor", "edges", "arithmetic", "outcomes"),
    "diff": ("edges", "diff", "arithmetic", "outcomes"),
    "verdict": ("verdict", "edges", "outcomes"),
    "ties": ("edges", "blame", "outcomes"),
    "scale": ("edges", "diff", "arithmetic", "noise_floor", "outcomes"),
}
"""Modules of the room, and the tests that are tried on their mutants, quick ones first."""


@dataclass(frozen=True)
class Mutant:
    """A change at a line of a module: what it is, and the whole text with it."""

    module: str
    line: int
    what: str
    text: str

    @property
    def fault(self) -> ComparatorFault:
        """Return the mutant as a fault of the table, whose whole text is another one."""
        names = ("details", *TESTS[self.module.rpartition(".")[2]])
        tests = tuple(f"{JUDGING}/test_{name}.py" for name in names)
        blank = ComparatorFault(self.what, self.module, "", self.text, tests)
        sound = path_of(blank).read_text(encoding="utf-8")
        return ComparatorFault(self.what, self.module, sound, self.text, tests)


def mutants_of(name: str) -> list[Mutant]:
    """Return all small changes of a module of the room."""
    module = f"{ROOM}.{name}"
    source = path_of(ComparatorFault("", module, "", "", ())).read_text(encoding="utf-8")
    return [Mutant(module, change.line, change.what, change.text) for change in changed_texts(source)]


def sample(count: int, seed: int, names: Sequence[str]) -> list[Mutant]:
    """Return a sample of the mutants of some modules, the same for the same seed."""
    every = [mutant for name in names for mutant in mutants_of(name)]
    return random.Random(seed).sample(every, min(count, len(every)))


def main(words: Sequence[str]) -> int:
    """Print the mutants that no test finds, and how many there were. Returns: 1 if there is one."""
    count, seed, names = int(words[0]), int(words[1]) if words[1:] else 1, words[2:]
    drawn = sample(count, seed, names or tuple(TESTS))
    prepared()
    alive = 0
    for mutant in drawn:
        found = is_found(mutant.fault)
        alive += not found
        if not found:
            sys.stdout.write(f"{mutant.module}:{mutant.line}: {mutant.what}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(drawn) - alive} of {len(drawn)} found\n")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
