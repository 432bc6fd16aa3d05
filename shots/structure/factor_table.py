"""Structure factors of all reflections of a crystal as the simulator reads them: every mate is listed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shots.extras import loaded_library
from simulator.errors import InputError
from system_io.shown import printable

PURPOSE = "crystallographic files need"
SAME = 1e-5
"""Relative difference below which two values of one reflection are the same, rounded in a file."""
MillerIndices = NDArray[np.int64]
Amplitudes = NDArray[np.float64]
CellParameters = tuple[float, float, float, float, float, float]


def cell_words(cell: CellParameters) -> tuple[str, ...]:
    """Return the words that give a cell on a command line."""
    return ("-cell", *(repr(value) for value in cell))


@dataclass(frozen=True, eq=False)
class FactorTable:
    """Structure factors of a crystal in P1.

    Attributes:
        cell: a, b, c in Angstrom, alpha, beta, gamma in degrees.
        hkl: Miller indices [n, 3], in rising order, each once.
        F: amplitudes [n], electrons where the file has them on an absolute scale.
        told: what was taken, added and left out, a sentence each.
    """

    cell: CellParameters
    hkl: MillerIndices
    F: Amplitudes
    told: tuple[str, ...] = ()

    def hkl_text(self) -> bytes:
        """Return the content of an `-hkl` file (spec 05 section 2); F has all its digits."""
        rows = zip(self.hkl.tolist(), self.F.tolist(), strict=True)
        return "".join(f"{h} {k} {l} {F!r}\n" for (h, k, l), F in rows).encode()

    def cell_words(self) -> tuple[str, ...]:
        """Return the words that give the cell on a command line."""
        return cell_words(self.cell)


@dataclass(frozen=True, eq=False)
class Symmetry:
    """Cell and space group of a file, checked.

    Attributes:
        cell: gemmi's.
        group: gemmi's space group.
    """

    cell: Any
    group: Any

    def lengths_and_angles(self) -> CellParameters:
        """Return the six parameters."""
        a, b, c, alpha, beta, gamma = (float(value) for value in self.cell.parameters)
        return a, b, c, alpha, beta, gamma


def symmetry_of(cell: Any, group: Any, where: str) -> Symmetry:
    """Return cell and space group.

    Args:
        cell: of gemmi.
        group: of gemmi, None where the file has none or an unknown one.
        where: the file, for messages.

    Raises:
        InputError: for none, and for a cell that the group does not allow.
    """
    if not (cell.is_crystal() and math.isfinite(cell.volume) and cell.volume > 0.0):
        raise InputError(f"{where}: has no unit cell; give a file of a crystal")
    if group is None:
        raise InputError(f"{where}: has no space group that is known; write it into the file")
    if not cell.is_compatible_with_spacegroup(group):
        numbers = " ".join(f"{value:g}" for value in cell.parameters)
        raise InputError(f"{where}: cell {numbers} contradicts space group {group.xhm()}; mend one of them")
    return Symmetry(cell, group)


def expanded(
    symmetry: Symmetry, hkl: MillerIndices, plus: Amplitudes, minus: Amplitudes, where: str
) -> tuple[MillerIndices, Amplitudes]:
    """Return all symmetry mates and Friedel mates of reflections, in rising order, each once.

    F(h R) = F(h) for every rotation R of the group; F(-h R) = F(-h).

    Args:
        symmetry: of the crystal.
        hkl: Miller indices [n, 3].
        plus: F of hkl [n], NaN where it is not known.
        minus: F of -hkl [n], NaN where it is not known; the other mate stands for it then.
        where: they come from, for messages.

    Raises:
        InputError: for mates of different values that are not Friedel mates of each other.
    """
    plus, minus = np.where(np.isnan(plus), minus, plus), np.where(np.isnan(minus), plus, minus)
    known = ~np.isnan(plus)
    hkl, plus, minus = hkl[known], plus[known], minus[known]
    operations = symmetry.group.operations()
    centric = np.asarray(operations.centric_flag_array(hkl), dtype=bool)
    mean = np.where(centric, 0.5 * (plus + minus), np.nan)
    plus, minus = (np.where(centric, mean, value) for value in (plus, minus))
    turns = {tuple(map(tuple, op.rot)): np.array(op.rot) // op.DEN for op in operations.sym_ops}
    mates = [hkl @ turn for turn in turns.values()]
    indices = np.concatenate([*mates, *(-mate for mate in mates)])
    values = np.concatenate([*[plus] * len(mates), *[minus] * len(mates)])
    order = np.lexsort((values, indices[:, 2], indices[:, 1], indices[:, 0]))
    return _each_once(indices[order], values[order], where)


def _each_once(indices: MillerIndices, values: Amplitudes, where: str) -> tuple[MillerIndices, Amplitudes]:
    """Return sorted reflections without repetitions.

    Raises:
        InputError: for one with two values.
    """
    if len(indices) == 0:
        raise InputError(f"{where}: no reflection is left; give another column or resolution")
    new = np.ones(len(indices), bool)
    new[1:] = (indices[1:] != indices[:-1]).any(axis=1)
    first = np.flatnonzero(new)
    lowest, highest = values[first], np.maximum.reduceat(values, first)
    wrong = np.flatnonzero(highest - lowest > SAME * np.abs(highest))
    if len(wrong):
        h, k, l = indices[first[wrong[0]]].tolist()
        raise InputError(
            f"{where}: reflection {h} {k} {l} and its symmetry mates have the values {lowest[wrong[0]]:g} and"
            f" {highest[wrong[0]]:g}; merge them, or mend the space group"
        )
    return indices[first], highest


def within_resolution(symmetry: Symmetry, hkl: MillerIndices, dmin_A: float) -> NDArray[np.bool_]:
    """Return which reflections have a spacing of at least dmin; all for 0. F(000) has none and is kept."""
    if dmin_A <= 0.0 or len(hkl) == 0:
        return np.ones(len(hkl), bool)
    inverse = np.asarray(symmetry.cell.calculate_1_d2_array(hkl))
    return np.asarray(inverse <= dmin_A**-2)


@contextmanager
def read_by_gemmi(where: str, remedy: str) -> Iterator[None]:
    """Turn what gemmi raises of a damaged file, wherever it first looks at the damage, into one clear error.

    Args:
        where: the file, for messages.
        remedy: what the user can do.

    Raises:
        InputError: in place of gemmi's errors.
    """
    try:
        yield
    except InputError:
        raise
    except (RuntimeError, ValueError, IndexError, OSError) as error:
        raise InputError(f"{where}: is damaged ({type(error).__name__}: {error}); {remedy}") from error


def named_file(path: Path, what: str) -> str:
    """Return a file as messages name it."""
    return f"{what} '{printable(str(path))}'"


def crystallography() -> Any:
    """Return gemmi.

    Raises:
        InputError: if it is missing.
    """
    return loaded_library("gemmi", PURPOSE)
