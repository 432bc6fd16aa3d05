"""How many seeded faults the relations find by themselves, without a second program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.errors import HarnessError
from harness.faults.python_seams import put
from harness.faults.seed import make_faulty
from harness.faults.table import BY_ID, FAULTS
from harness.invariants.examine import violated
from harness.invariants.relations.relation import Relation
from harness.programs.programs import Program, simulator_program
from harness.sides import SIDES
from system_io.children import temporary_folder

C_SIDE, PY_SIDE = SIDES
FIRST = f"{__name__}:put_in:"


def put_in(fault_id: str) -> None:
    """Put a seeded fault into this process, before anything else of the simulator is imported."""
    put(BY_ID[fault_id].py)


def ids_violated(fault_id: str, side: str, relations: Sequence[Relation], folder: Path) -> list[str]:
    """Return the relations that a program with a seeded fault violates.

    Args:
        fault_id: of the table of faults.
        side: c for the C reference, py for the simulator.
        relations: that are tried.
        folder: for the program.
    """
    if side == PY_SIDE:
        return violated(simulator_program(), relations, first=f"{FIRST}{fault_id}")
    faulty = make_faulty(BY_ID[fault_id], side, folder / fault_id)
    return violated(Program("reference", faulty.words, {"kind": "reference"}), relations)


def found_by(
    relations: Sequence[Relation], sides: Sequence[str] = SIDES
) -> Iterator[tuple[str, str, list[str] | None]]:
    """Yield for each seeded fault and side the relations that find it, None where nothing runs."""
    with temporary_folder("nb-kill") as folder:
        for side in sides:
            for fault in FAULTS:
                if not (fault.c if side == C_SIDE else fault.py):
                    continue
                try:
                    found: list[str] | None = ids_violated(fault.id, side, relations, Path(folder))
                except HarnessError:
                    found = None
                yield fault.id, side, found


def score_lines(found: Iterator[tuple[str, str, list[str] | None]]) -> Iterator[str]:
    """Yield a line for each fault as it is tried, and the score of each side."""
    tried: dict[str, int] = {}
    kills: dict[str, int] = {}
    for fault, side, ids in found:
        tried[side] = tried.get(side, 0) + 1
        kills[side] = kills.get(side, 0) + bool(ids)
        yield f"{side:3s} {fault:26s} {'did not run' if ids is None else ', '.join(ids) or 'not found'}"
    yield from (f"{side}: {kills[side]} of {count} seeded faults found" for side, count in tried.items())
