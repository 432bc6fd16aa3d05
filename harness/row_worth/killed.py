"""Which row of the suite is the first to show a fault of the C reference, or a quirk in its other state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.faults.fault import SeededFault
from harness.row_worth.row_runs import NO_END, SuiteRow, outcome_hash
from harness.trials.c_objects import SoundObjects

SoundHashes = Sequence[tuple[SuiteRow, str]]
"""What the sound program gives for each row that gives the same twice, in their order."""


def sound_hashes(program: Path, rows: Sequence[SuiteRow], inputs: Path, jobs: int) -> SoundHashes:
    """Return the hash of each row; rows in which two runs differ, as by the clock, show no fault."""
    with ThreadPoolExecutor(jobs) as pool:
        first, second = (
            list(pool.map(lambda row: outcome_hash(program, row, inputs), rows)) for _ in range(2)
        )
    return [(row, one) for row, one, other in zip(rows, first, second, strict=True) if one == other != NO_END]


def first_to_show(
    program: Path, sound: SoundHashes, inputs: Path, quirk: str | None = None
) -> SuiteRow | None:
    """Return the first row, in their order, that differs from the sound program, None where none does.

    Args:
        program: the program with the fault, or the sound one.
        sound: of `sound_hashes`.
        inputs: folder with inputs/.
        quirk: one that is put into its other state.
    """
    for row, wanted in sound:
        extra = ["-quirk", f"{quirk}={row.other_state}"] if quirk else []
        if outcome_hash(program, row, inputs, extra) != wanted:
            return row
    return None


def first_of_quirks(
    quirks: Sequence[str], program: Path, sound: SoundHashes, inputs: Path, jobs: int
) -> Iterator[tuple[str, SuiteRow | None]]:
    """Yield each quirk with the first row that its other state changes.

    Args:
        quirks: their names.
        program: the sound program.
        sound: of `sound_hashes`; of each case the first mode will do, since modes differ in quirks alone.
        inputs: folder with inputs/.
        jobs: quirks at a time.
    """
    rows = [(row, wanted) for row, wanted in sound if row.mode == row.case.modes[0]]
    with ThreadPoolExecutor(jobs) as pool:
        found = pool.map(lambda quirk: first_to_show(program, rows, inputs, quirk), quirks)
        yield from zip(quirks, found, strict=True)


def first_killers(
    faults: Sequence[SeededFault], objects: SoundObjects, sound: SoundHashes, inputs: Path, folder: Path,
    jobs: int,
) -> Iterator[tuple[SeededFault, SuiteRow | None]]:  # fmt: skip
    """Yield each fault with the first row that shows it.

    Args:
        faults: those with a part in the C reference.
        objects: compiled files of the sound program.
        sound: of `sound_hashes`.
        inputs: folder with inputs/.
        folder: where the programs are built.
        jobs: faults at a time.

    Raises:
        BuildError: a fault does not compile.
    """

    def shown_by(fault: SeededFault) -> SuiteRow | None:
        program = objects.program(folder / f"fault-{fault.id}", fault.c)
        found = first_to_show(program, sound, inputs)
        program.unlink()
        return found

    with ThreadPoolExecutor(jobs) as pool:
        yield from zip(faults, pool.map(shown_by, faults), strict=True)
