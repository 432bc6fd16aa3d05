"""Where a fault is: the files of the C reference and the modules of the simulator that its seams are in."""

from __future__ import annotations

from functools import lru_cache

from harness.errors import HarnessError
from harness.faults.c_seams import CSeam
from harness.faults.fault import BOTH, SeededFault
from harness.programs.build import reference_sources
from harness.sides import SIDES


@lru_cache(maxsize=1)
def _texts() -> dict[str, str]:
    return {
        path.name: path.read_text(encoding="utf-8") for path in sorted(reference_sources().glob("*.[ch]"))
    }


@lru_cache(maxsize=1024)
def file_of(seam: CSeam) -> str:
    """Return the file of the C reference that a seam is in.

    Raises:
        HarnessError: it is in none, or in several.
    """
    found = [name for name, text in _texts().items() for _ in seam.changed(text)]
    if len(found) != 1:
        raise HarnessError(f"{seam} is {len(found)} times in the C sources, must be once; correct the table")
    return found[0]


def fault_places(fault: SeededFault, side: str) -> tuple[str, ...]:
    """Return the files (C) or modules (simulator) of a fault in a program, or in both."""
    files = tuple(file_of(seam) for seam in fault.c) if side in (SIDES[0], BOTH) else ()
    modules = tuple(seam.module for seam in fault.py) if side in (SIDES[1], BOTH) else ()
    return files + modules
