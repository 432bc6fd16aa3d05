"""Small changes of the comparators, drawn by a seed: `python -m tests.comparator_mutants COUNT SEED MODULE`.

MODULE: a room or a module with its whole name, none for all.

Where `tests/comparator_faults.py` has faults that somebody thought of, these are of all lines alike: a
comparison turned, a number off by one, a condition never met. Those that no test finds are printed, to be
called equivalent or to be given a test.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.mutants.python_changes import ChangedText, changed_texts
from tests.comparator_faults import JUDGING, ComparatorFault
from tests.comparator_runs import ROOT, is_found, path_of, prepared

TRACES, IMAGES, OUTPUTS = "tests/trace_tools", "tests/harness/images", "tests/harness/outputs"
COMMAND, DECISIONS = f"{TRACES}/test_cli.py", "tests/test_decisions.py"
TESTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "trace_tools.judging": (
        ("align", "arithmetic", "behind", "blame", "diff", "findings", "judge", "lookup", "noise_floor",
         "render", "scale", "ties", "verdict"),
        (f"{JUDGING}/test_details.py", f"{JUDGING}/test_outcomes.py", JUDGING, COMMAND),
    ),
    "trace_tools.reading": (
        ("bulk", "field_names", "field_values", "fronts", "lines", "log_text", "named_taps", "numerals",
         "older_formats", "read_pair", "series", "stream_check", "trace_columns", "trace_file", "trace_log"),
        (f"{TRACES}/reading/test_outcomes.py", f"{TRACES}/reading", COMMAND, f"{JUDGING}/test_outcomes.py"),
    ),
    "harness.images": (
        ("compare", "coverage", "image_floor", "judgement", "metrics", "peaks", "reflections"),
        (f"{IMAGES}/test_outcomes.py", IMAGES),
    ),
    "harness.outputs": (
        ("compare", "derive", "dump", "noise_rows", "noise_test", "read", "request", "rows", "sides"),
        (f"{OUTPUTS}/test_second_noise_test.py", OUTPUTS),
    ),
}  # fmt: skip
"""Modules by room, and the tests that are tried on their mutants, those first that find most at once."""

EQUIVALENT: Mapping[tuple[str, str], str] = {
    ("@dataclass(frozen=True)", "True is False"): "nothing assigns to a field",
    ("@dataclass(frozen=True, eq=False)", "True is False"): "nothing assigns to a field",
    ("size = max(len(self.contexts), 1)", "1 is 2"): "the codes of one context stay different",
    (
        'blank = TapPoint(name, TapLevel.mosaic, 1, "float", "", (), (), "not stated")',
        "1 is 2",
    ): "a tap of one's own has the size of its records",
    ("scale = comparison.scales.of(name, chosen, pair[0].shape[1])", "0 is 1"): "both sides have one shape",
    ("return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)", "0 is 1"): "0 is its own opposite",
    (
        "group = connected_components(graph, directed=False)[1][rows]  # [edges]",
        "False is True",
    ): "components of a directed graph are weak ones by default: the same",
    (
        "return Criterion(name, measured, bound, state, strict_held=True)",
        "True is False",
    ): "who judges sets it in all criteria",
    (
        "if min(image.shape) < size or float(image.max()) < floor:",
        "min is max",
    ): "the middle of a spot is nowhere as far from both edges as it must be",
    ("@dataclass(frozen=True, eq=False)", "False is True"): "no two of them are compared",
    (
        "mean = np.nan_to_num(image.astype(np.float64), nan=-1.0, posinf=1e30, neginf=-1.0)",
        "1.0 is 2.0",
    ): "a pixel below 0 expects no photons, however far below",
    ("stol = both_values(comparison, source, 1)", "1 is 2"): "the second value is not looked at",
}
"""Changes that change nothing: the text of the line, and what is changed; with the reason."""


@dataclass(frozen=True)
class Mutant:
    """A change of a module, whose text is made when it is asked for."""

    module: str
    change: ChangedText

    def __str__(self) -> str:
        return f"{self.module}:{self.change.line}: {self.change.what}"

    @property
    def equivalent(self) -> str:
        """Return why it changes nothing, empty for all others."""
        line, what = self.change.line, self.change.what
        text = self.change.source.splitlines()[line - 1].strip() if line else ""
        if "strict=True" in text and what == "True is False":
            return "what is gone through together has one length"
        return EQUIVALENT.get((text, what), "")

    @property
    def fault(self) -> ComparatorFault:
        """Return the mutant as a fault of the table, whose whole text is another one."""
        return _fault(self.module, self.change.what, self.change.source, self.change.text)


def sound(module: str) -> ComparatorFault:
    """Return a fault that is none, to see that the tests of a module pass without one."""
    return _fault(module, "nothing", "", "")


def _fault(module: str, what: str, text: str, other: str) -> ComparatorFault:
    """Return a fault whose tests are in order: those that find most in the least time are first."""
    room, _, name = module.rpartition(".")
    own = f"tests/{room.replace('.', '/')}/test_{name}.py"
    first, *rest = TESTS[room][1]
    tests = (DECISIONS, first, *([own] if (ROOT / own).is_file() else ()), *rest)
    return ComparatorFault(what, module, text, other, tuple(dict.fromkeys(_files(tests))))


def _files(tests: Sequence[str]) -> Iterator[str]:
    """Yield the files of rooms, too: pytest does not put a file before the room that it lies in."""
    for test in tests:
        path = ROOT / test
        files = [path] if path.is_file() else sorted(path.glob("test_*.py"))
        yield from (str(file.relative_to(ROOT)) for file in files)


def mutants_of(module: str) -> list[Mutant]:
    """Return all small changes of a module."""
    source = path_of(sound(module)).read_text(encoding="utf-8")
    return [Mutant(module, change) for change in changed_texts(source)]


def modules_of(names: Sequence[str]) -> list[str]:
    """Return the modules of rooms and modules that are named in full, all of them for none."""
    every = [f"{room}.{name}" for room, (rows, _) in TESTS.items() for name in rows]
    return [module for module in every if not names or {module, module.rpartition(".")[0]} & {*names}]


def sample(count: int, seed: int, names: Sequence[str]) -> list[Mutant]:
    """Return a sample of the mutants of some rooms or modules but the equivalent ones, by a seed."""
    every = [mutant for module in modules_of(names) for mutant in mutants_of(module) if not mutant.equivalent]
    return random.Random(seed).sample(every, min(count, len(every)))


def main(words: Sequence[str]) -> int:
    """Print the mutants that no test finds, and how many there were.

    Returns:
        1 if there is one, 3 if tests fail without a fault.
    """
    count, seed, names = int(words[0]), int(words[1]) if words[1:] else 1, words[2:]
    drawn = sample(count, seed, names)
    prepared()
    rooms = {mutant.module.rpartition(".")[0]: mutant.module for mutant in drawn}
    if lame := [room for room, module in rooms.items() if is_found(sound(module))]:
        sys.stderr.write(f"the tests of {', '.join(lame)} fail without a fault; mend them first\n")
        return 3
    alive = 0
    for mutant in drawn:
        found = is_found(mutant.fault)
        alive += not found
        if not found:
            sys.stdout.write(f"{mutant}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(drawn) - alive} of {len(drawn)} found\n")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
