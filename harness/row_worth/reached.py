"""Which lines and branches of the C reference a run reaches, counted by a build for gcov."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import BuildError, HarnessError
from harness.programs.build import LIBRARIES, find_compiler, reference_sources
from harness.row_worth.row_runs import SuiteRow, middle_pixel_words, row_run
from harness.time_limits import COMPILE_S
from system_io.children import execute

FLAGS = ("-std=c11", "-O0", "--coverage", "-ffp-contract=off", "-w")
PROGRAM = "counting"
GCOV = "gcov"
LINE_ITSELF = -1


@dataclass(frozen=True, order=True)
class Branch:
    """One way out of a line of the C reference; way -1 is the line itself."""

    file: str
    line: int
    way: int
    function: str

    @property
    def place(self) -> str:
        """Return the function that it is in, which a change elsewhere in the file does not move."""
        return f"{self.file} {self.function}"


@dataclass(frozen=True)
class BranchTable:
    """All branches of the sources, and those that runs reached."""

    every: frozenset[Branch]
    reached: frozenset[Branch]


class CountingReference:
    """The C reference, built so that it counts what it reaches."""

    def __init__(self, folder: Path) -> None:
        """Build it in a folder, which is made.

        Raises:
            BuildError: there is no compiler, no gcov, or the sources do not compile.
        """
        self.folder, self.counts = folder, folder / "counts"
        self.counts.mkdir(parents=True)
        if shutil.which(GCOV) is None:
            raise BuildError("no gcov on the path, which counts the branches; install it (Debian: gcc)")
        compiler = find_compiler(os.environ).words
        units = sorted(reference_sources().glob("*.c"))
        self._run(*compiler, *FLAGS, "-c", *map(str, units))
        objects = [f"{path.stem}.o" for path in units]
        self._run(*compiler, "--coverage", "-o", PROGRAM, *objects, *LIBRARIES)
        for path in folder.glob("*.gcno"):
            (self.counts / path.name).symlink_to(path)

    def _run(self, *words: str) -> None:
        outcome, _, said = execute(words, self.folder, dict(os.environ), COMPILE_S)
        if outcome.failure is not None:
            last = " ".join(said.decode("utf-8", "replace").split()[-30:])
            raise BuildError(f"'{words[0]}' {outcome.failure}: {last}; counting needs gcc and its gcov")

    def branches(self, rows: Sequence[SuiteRow], inputs: Path) -> BranchTable:
        """Return what the runs of some rows reach together, each with and without a trace.

        Raises:
            BuildError: gcov cannot read the counts.
            HarnessError: a run ended otherwise than the row says.
        """
        for path in self.counts.glob("*.gcda"):
            path.unlink()
        for row in rows:
            self._count(row, inputs)
            if not row.case.status[row.mode]:
                self._count(row, inputs, middle_pixel_words(row.case))
        return self._table()

    def _count(self, row: SuiteRow, inputs: Path, extra: Sequence[str] = ()) -> None:
        environ = {"GCOV_PREFIX": str(self.counts), "GCOV_PREFIX_STRIP": "99"}
        wanted = row.case.status[row.mode]
        with row_run(self.folder / PROGRAM, row, inputs, extra, environ) as (outcome, _):
            if not extra and outcome.exit_status != wanted:
                raise HarnessError(
                    f"case {row.case.id} ({row.mode}) ended with {outcome.exit_status}, {wanted} expected; "
                    "see nb-golden verify"
                )

    def _table(self) -> BranchTable:
        names = sorted(path.name for path in self.counts.glob("*.gcda"))
        outcome, _, _ = execute((GCOV, "-b", "-j", *names), self.counts, dict(os.environ), COMPILE_S)
        every, reached = set(), set()
        for path in sorted(self.counts.glob("*.gcov.json.gz")):
            for branch, count in _counted(json.loads(gzip.decompress(path.read_bytes()))):
                every.add(branch)
                if count:
                    reached.add(branch)
            path.unlink()
        if outcome.failure is not None or not reached:
            raise BuildError("gcov gives no counts of the C reference; set CC to the gcc that it belongs to")
        return BranchTable(frozenset(every), frozenset(reached))


def _counted(data: Mapping[str, Any]) -> Iterator[tuple[Branch, int]]:
    """Yield the lines and branches of a unit, and how often each was reached."""
    for part in data["files"]:
        file = Path(part["file"]).name
        for line in part["lines"]:
            here = (file, line["line_number"])
            function = line.get("function_name", "")
            yield Branch(*here, LINE_ITSELF, function), line["count"]
            for way, branch in enumerate(line["branches"]):
                yield Branch(*here, way, function), branch["count"]
