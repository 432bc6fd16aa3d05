"""What a seeded fault is: what is wrong, the taps at which it strikes, a command line, and the seams."""

from __future__ import annotations

from dataclasses import dataclass

from harness.faults.c_seams import CAround, CSeam, CText
from harness.faults.changes import Faulty
from harness.faults.python_seams import PySeam, PyText
from harness.sides import SIDES

BOTH = "both"
"""The side of a fault that both programs have."""
DRAWN = "drawn-"
"""How the names of faults begin that a seed drew."""


@dataclass(frozen=True)
class SeededFault:
    """One fault of the C reference, of the simulator, or of either.

    Attributes:
        id: its name.
        what: what is wrong, in a few words.
        line: id of the command line (`LINES`) that is traced.
        taps: those at which it strikes; none where no tap can show it.
        c, py: what is put into the C reference, and into the simulator.
        unseen: why no image can change, for a fault that is none of the images; empty for others.
    """

    id: str
    what: str
    line: str
    taps: tuple[str, ...] = ()
    c: tuple[CSeam, ...] = ()
    py: tuple[PySeam | PyText, ...] = ()
    unseen: str = ""

    @property
    def sides(self) -> tuple[str, ...]:
        """Return the programs that can have it; with both of them, also both at once."""
        here = tuple(side for side, seams in zip(SIDES, (self.c, self.py), strict=True) if seams)
        return (*here, BOTH) if len(here) == len(SIDES) else here


def vectors(stem: str, unit: str = "angstroms") -> tuple[str, ...]:
    """Return the taps of three cell vectors: of `rot`, `rot_a_angstroms` and so on."""
    return tuple(f"{stem}_{axis}_{unit}" if stem else f"{axis}_{unit}" for axis in "abc")


DIRECT = vectors("")
STARS = vectors("", "star_A_inv")
TURNED = vectors("rot")
DOMAINS = vectors("mos")


def around(
    fault_id: str,
    what: str,
    line: str,
    taps: tuple[str, ...],
    function: str,
    before: str = "",
    after: str = "",
) -> SeededFault:
    """Return a fault of the C reference before or behind a function (`CAround`)."""
    return SeededFault(fault_id, what, line, taps, c=(CAround(function, before, after),))


def in_text(
    fault_id: str, what: str, line: str, taps: tuple[str, ...], function: str, old: str, new: str
) -> SeededFault:
    """Return a fault of the C reference in the text of a function (`CText`)."""
    return SeededFault(fault_id, what, line, taps, c=(CText(function, old, new),))


def in_module(
    fault_id: str, what: str, line: str, taps: tuple[str, ...], place: str, faulty: Faulty
) -> SeededFault:
    """Return a fault of the simulator at `MODULE:NAME` (`PySeam`), the module without `simulator.`."""
    module, name = place.split(":")
    return SeededFault(fault_id, what, line, taps, py=(PySeam(f"simulator.{module}", name, faulty),))
