"""Rows of the suite that earn their place: `python -m tests.harness.suite.idle_rows FAULTS SEED`.

Each row runs with copies of the C reference that have one fault each: every ninth of the table, and FAULTS
small changes that a seed draws. A row kills a fault where its exit status or one of its files is another
one. It is idle where it kills no fault that the baseline does not kill, and reaches no line of the reference
that the baseline does not reach.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from golden_suite_generator.cases import Case, load_cases
from harness.errors import BuildError
from harness.faults.fault import SeededFault
from harness.faults.table import FAULTS
from harness.mutants.drawn import drawn_faults
from harness.programs.build import LIBRARIES, reference_sources
from harness.suite.generate import case_inputs
from harness.suite.runner import lay_out
from harness.trials.c_objects import SoundObjects
from system_io.children import temporary_folder

BASELINE = "conv-mosflm-default"
LONGEST_S = 10.0
Row = tuple[Case, str]
"""A case and its parity mode."""


@dataclass
class Worth:
    """What a row finds: faults by name, and lines of the reference as FILE:NUMBER."""

    kills: set[str] = field(default_factory=set)
    lines: set[str] = field(default_factory=set)


def rows() -> list[Row]:
    """Return all rows of the suite, each in the first mode that it has."""
    return [(case, case.modes[0]) for case in load_cases()]


def outcome_of(program: Path, row: Row, inputs: Path, environ: Mapping[str, str]) -> str:
    """Return a hash of the exit status and the files of a row."""
    case, mode = row
    with temporary_folder("nb-row") as scratch:
        folder = Path(scratch, "work")
        folder.mkdir()
        lay_out(case, inputs, folder)
        command = [str(program), "-parity_mode", mode, *case.words(inputs)]
        try:
            status = subprocess.run(
                command, cwd=folder, env={**os.environ, **environ}, timeout=LONGEST_S, check=False,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            ).returncode  # fmt: skip
        except subprocess.TimeoutExpired:
            return "no end"
        digest = sha256(str(status).encode())
        for path in sorted(folder.iterdir()):
            digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()


def killers(objects: SoundObjects, fault: SeededFault, every: Sequence[Row], sound: Mapping[int, str],
            inputs: Path, folder: Path) -> list[int]:  # fmt: skip
    """Return the numbers of the rows that kill a fault; none where it does not compile."""
    try:
        program = objects.program(folder, fault.c)
    except BuildError:
        return []
    return [n for n, row in enumerate(every) if outcome_of(program, row, inputs, {}) != sound[n]]


class CountingProgram:
    """The reference, built so that it counts the lines that it reaches."""

    def __init__(self, folder: Path) -> None:
        """Build it in a folder, which is made."""
        self.folder, self.counts = folder, folder / "counts"
        self.counts.mkdir(parents=True)
        self.units = sorted(reference_sources().glob("*.c"))
        flags = ["-std=c11", "-O0", "--coverage", "-ffp-contract=off", "-w"]
        self._run("gcc", *flags, "-c", *map(str, self.units))
        objects = [f"{path.stem}.o" for path in self.units]
        self._run("gcc", "--coverage", "-o", "counting", *objects, *LIBRARIES)
        for path in folder.glob("*.gcno"):
            (self.counts / path.name).symlink_to(path)

    def _run(self, *words: str) -> bytes:
        return subprocess.run(words, cwd=self.folder, capture_output=True, check=True).stdout

    def lines(self, row: Row, inputs: Path) -> set[str]:
        """Return the lines that a row reaches, as FILE:NUMBER."""
        for path in self.counts.glob("*.gcda"):
            path.unlink()
        environ = {"GCOV_PREFIX": str(self.counts), "GCOV_PREFIX_STRIP": "99"}
        outcome_of(self.folder / "counting", row, inputs, environ)
        found = self._run("gcov", "-j", "-t", *map(str, sorted(self.counts.glob("*.gcda"))))
        reached: set[str] = set()
        for text in found.splitlines():
            for part in json.loads(text)["files"]:
                name = Path(part["file"]).name
                reached |= {f"{name}:{line['line_number']}" for line in part["lines"] if line["count"]}
        return reached


def measured(faults: Sequence[SeededFault], every: Sequence[Row], scratch: Path, inputs: Path) -> list[Worth]:
    """Return what each row finds; no fault in which two sound runs differ."""
    objects = SoundObjects.made(scratch / "objects")
    program = objects.program(scratch / "sound")
    counting = CountingProgram(scratch / "counting")
    worth = [Worth(lines=counting.lines(row, inputs)) for row in every]
    twice = [[outcome_of(program, row, inputs, {}) for row in every] for _ in range(2)]
    steady = {n: one for n, (one, other) in enumerate(zip(*twice, strict=True)) if one == other}

    def tried(numbered: tuple[int, SeededFault]) -> tuple[str, list[int]]:
        number, fault = numbered
        return fault.id, killers(objects, fault, every, steady, inputs, scratch / f"fault-{number}")

    with ThreadPoolExecutor(2) as pool:
        for fault, numbers in pool.map(tried, enumerate(faults)):
            for number in numbers:
                worth[number].kills.add(fault)
    return worth


def idle(every: Sequence[Row], worth: Sequence[Worth]) -> list[str]:
    """Return the names of the cases that find nothing which the baseline does not find."""
    base = [one for (case, _), one in zip(every, worth, strict=True) if case.id == BASELINE]
    kills, lines = (set().union(*(getattr(one, what) for one in base)) for what in ("kills", "lines"))
    useful = {
        case.id for (case, _), one in zip(every, worth, strict=True) if one.kills - kills or one.lines - lines
    }
    return [case.id for case in load_cases() if case.id not in useful and case.id != BASELINE]


def needless(every: Sequence[Row], worth: Sequence[Worth]) -> list[str]:
    """Return the own cases all of whose faults and lines the other cases find as well, one after another."""
    kept = {case.id: case for case, _ in every}
    found = {name: set() for name in kept}
    for (case, _), one in zip(every, worth, strict=True):
        found[case.id] |= one.kills | one.lines
    dropped = []
    for name in [case.id for case in reversed(list(kept.values())) if not case.recorded]:
        others = set().union(*(found[other] for other in found if other != name))
        if found[name] <= others:
            dropped.append(name)
            del found[name]
    return dropped


def main(words: Sequence[str]) -> int:
    """Print the idle rows, and those that the others make needless.

    Returns:
        1 if a row is idle.
    """
    count, seed = (int(word) for word in words[:2])
    table = [fault for fault in FAULTS if fault.c][::9]
    drawn = [fault for fault in drawn_faults(2 * count, seed) if fault.c]
    every = rows()
    with case_inputs() as inputs, temporary_folder("nb-idle") as scratch:
        worth = measured([*table, *drawn], every, Path(scratch), inputs)
    killed = set().union(*(one.kills for one in worth))
    data = {
        "faults": len(table) + len(drawn), "killed": len(killed), "rows": len(every),
        "idle": idle(every, worth), "needless": needless(every, worth),
        "found": {f"{case.id}:{mode}": [len(one.kills), len(one.lines)]
                  for (case, mode), one in zip(every, worth, strict=True)},
    }  # fmt: skip
    sys.stdout.write(json.dumps(data, indent=1) + "\n")
    return 1 if data["idle"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
