"""Runs of a row of the suite by any build of the C reference, each in a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from golden_suite_generator.cases import Case
from harness.suite.runner import lay_out
from system_io.children import Outcome, execute, temporary_folder

LONGEST_RUN_S = 30.0
"""A sound row takes a tenth of a second; a fault may make a loop that never ends."""
NO_END = "no end"
TRACE_FILE = "row.trace"


@dataclass(frozen=True)
class SuiteRow:
    """A case in one of its parity modes."""

    case: Case
    mode: str

    @property
    def other_state(self) -> str:
        """Return the state, on or off, that no quirk has in this mode."""
        return "off" if self.mode == "c-parity" else "on"


def suite_rows(case: Case) -> list[SuiteRow]:
    """Return a case in all its modes."""
    return [SuiteRow(case, mode) for mode in case.modes]


@contextmanager
def row_run(
    program: Path,
    row: SuiteRow,
    inputs: Path,
    extra: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> Iterator[tuple[Outcome, Path]]:
    """Run a row and give how it ended and the folder with what it wrote, for the time of the block.

    Args:
        program: a build of the C reference.
        row: what is run.
        inputs: folder with inputs/.
        extra: words behind those of the case.
        environ: variables beside those of this process.
    """
    with temporary_folder("nb-row") as scratch:
        folder = Path(scratch, "work")
        folder.mkdir()
        lay_out(row.case, inputs, folder)
        words = [str(program), "-parity_mode", row.mode, *row.case.words(inputs), *extra]
        outcome, _, _ = execute(words, folder, {**os.environ, **(environ or {})}, LONGEST_RUN_S)
        yield outcome, folder


def outcome_hash(program: Path, row: SuiteRow, inputs: Path, extra: Sequence[str] = ()) -> str:
    """Return a hash of the exit status and the files of a row, `NO_END` where the run had to be ended."""
    with row_run(program, row, inputs, extra) as (outcome, folder):
        if outcome.timed_out:
            return NO_END
        digest = sha256(str(outcome.exit_status).encode())
        for path in sorted(folder.iterdir()):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()


def traced_values(program: Path, row: SuiteRow, inputs: Path) -> dict[str, str]:
    """Return the lines of each tap in the trace of the middle pixel of a row, none where it is refused.

    Args:
        program: a build of the C reference.
        row: what is run.
        inputs: folder with inputs/.
    """
    found: dict[str, str] = {}
    with row_run(program, row, inputs, middle_pixel_words(row.case)) as (outcome, folder):
        trace = folder / TRACE_FILE
        if outcome.failure is not None or not trace.is_file():
            return found
        for line in trace.read_text(encoding="utf-8").splitlines():
            _, name, values = (*line.split(" ", 2), "")[:3]
            found[name] = f"{found.get(name, '')}{values}\n"
    return found


def middle_pixel_words(case: Case) -> list[str]:
    """Return the words that trace the middle pixel of a case into `TRACE_FILE`."""
    slow, fast = _middle_pixel(case)
    return ["-trace_pixel", str(slow), str(fast), "-trace_file", TRACE_FILE]


def _middle_pixel(case: Case) -> tuple[int, int]:
    """Return the pixel (slow, fast) in the middle of what a case names: its region, else its detector."""
    words = list(case.args)
    if "-roi" in words:
        start = words.index("-roi") + 1
        fast_min, fast_max, slow_min, slow_max = map(int, words[start : start + 4])
        return (slow_min + slow_max) // 2, (fast_min + fast_max) // 2
    sides = []
    for names in (("-detpixels_y", "-detpixels_s"), ("-detpixels_x", "-detpixels_f")):
        given = [words[words.index(name) + 1] for name in (*names, "-detpixels") if name in words]
        sides.append(int(given[0]) // 2 if given else 0)
    return sides[0], sides[1]
