"""Cells from shot to shot, within their crystal system: equal lengths stay equal, angles of symmetry stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shots.plan.distribution import Distribution, fixed, read_distribution
from system_io.toml_table import TomlTable

SYMMETRY_ANGLES_DEG = (90.0, 120.0)
"""Angles that a crystal system fixes."""
RIGHT_ANGLE_DEG = SYMMETRY_ANGLES_DEG[0]
LENGTHS = 3


@dataclass(frozen=True)
class CellChange:
    """How a cell varies.

    Attributes:
        lengths: factor of a length.
        angles_deg: what is added to an angle.
    """

    lengths: Distribution
    angles_deg: Distribution

    def changed(self, cell: Sequence[float], shot: int, generator: np.random.Generator) -> tuple[float, ...]:
        """Return the cell of a crystal: one draw for all lengths that are equal, one for all equal angles.

        Args:
            cell: a, b, c in Angstrom, alpha, beta, gamma in degrees.
            shot: its number, from 0.
            generator: of this crystal.
        """
        factors: dict[float, float] = {}
        shifts: dict[float, float] = dict.fromkeys(SYMMETRY_ANGLES_DEG, 0.0)
        for length in cell[:LENGTHS]:
            if length not in factors:
                factors[length] = self.lengths.value(shot, generator, False)
        for angle in cell[LENGTHS:]:
            if angle not in shifts:
                shifts[angle] = self.angles_deg.value(shot, generator, False)
        lengths = (length * factors[length] for length in cell[:LENGTHS])
        return (*lengths, *(angle + shifts[angle] for angle in cell[LENGTHS:]))


def whole_cell(numbers: Sequence[float]) -> tuple[float, ...]:
    """Return a cell with its blanks filled in: lengths with a, angles with 90 degrees; empty for no cell.

    Args:
        numbers: six, as typed; 0 or less for a blank.

    Source: spec 03 section 1.
    """
    a = numbers[0]
    if a <= 0.0:
        return ()
    lengths = (length if length > 0.0 else a for length in numbers[:LENGTHS])
    return (*lengths, *(angle if angle > 0.0 else RIGHT_ANGLE_DEG for angle in numbers[LENGTHS:]))


def read_cell_change(table: TomlTable, key: str, shots: int, cell: Sequence[float]) -> CellChange:
    """Return how the cell varies, as stands at a key.

    Args:
        table: the table that has the key.
        key: of the cell.
        shots: of the plan.
        cell: of the command line, Angstrom and degrees.

    Raises:
        UserError: naming place, value, rule and remedy.
    """
    inner = table.table(key)
    inner.may_have(("lengths", "angles_deg"))
    inner.close()
    if not inner.content:
        raise inner.fault("", "says nothing; give lengths (factors), angles_deg (added), or both")
    lengths, angles = fixed(1.0), fixed(0.0)
    if inner.has("lengths"):
        lengths = read_distribution(inner, "lengths", shots)
    if inner.has("angles_deg"):
        angles = read_distribution(inner, "angles_deg", shots)
        if all(angle in SYMMETRY_ANGLES_DEG for angle in cell[LENGTHS:]):
            raise inner.fault(
                "angles_deg", "changes nothing: all angles are 90 or 120, which stay; leave it out"
            )
    if min(lengths.ends(shots)) <= 0.0:
        raise inner.fault("lengths", f"reaches {min(lengths.ends(shots)):g}; factors must be above 0")
    return CellChange(lengths, angles)
