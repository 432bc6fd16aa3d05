"""Structure factors of MTZ and mmCIF reflection files: a column chosen, symmetry and Friedel mates added."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shots.structure.factor_table import (
    Amplitudes,
    FactorTable,
    crystallography,
    expanded,
    named_file,
    symmetry_of,
    within_resolution,
)
from simulator.errors import InputError
from simulator.io.files import read_bytes
from system_io.shown import printable

AMPLITUDE, FRIEDEL, INTENSITY, FRIEDEL_INTENSITY = "F", "G", "J", "K"
"""Types of columns of an MTZ file."""
INTENSITIES = (INTENSITY, FRIEDEL_INTENSITY)
MATE = re.compile(r"(.*)(\(\+\)|\(-\)|plus|minus|PLUS|MINUS)(.*)")
OF_PLUS = ("(+)", "plus", "PLUS")
REMEDY = "give an MTZ or mmCIF file"


@dataclass(frozen=True)
class Candidate:
    """Amplitudes or intensities of a file: one column, or those of Friedel mates.

    Attributes:
        label: as it is typed and shown, `F` or `F(+)`.
        plus: column of hkl.
        minus: column of -hkl, the same where the file tells no difference.
        intensity: whether F is the root of the value.
    """

    label: str
    plus: int
    minus: int
    intensity: bool


def read_reflections(path: Path, column: str = "", block: str = "", dmin_A: float = 0.0) -> FactorTable:
    """Return the structure factors of a reflection file.

    Args:
        path: an MTZ or mmCIF file, by its ending.
        column: label of the column, also `DATASET/LABEL`; the empty text for the only amplitudes there are.
        block: of an mmCIF file with several; the empty text for the only one.
        dmin_A: smallest spacing, 0 for all.

    Returns:
        All reflections in P1. Amplitudes are those of the file; intensities, which have to be named, give
        their root, and 0 where they are below 0.

    Raises:
        InputError: if gemmi is missing, the file cannot be read, is not merged, or lacks cell or space group;
            for several columns to choose from, and for none.
    """
    where = named_file(path, "reflection file")
    mtz = _opened(path, block, where)
    if len(mtz.batches) > 0:
        raise InputError(f"{where}: is not merged ({len(mtz.batches)} batches); merge it first")
    symmetry = symmetry_of(mtz.cell, mtz.spacegroup, where)
    candidate = _chosen(_candidates(mtz), column, mtz, where)
    hkl = np.asarray(mtz.make_miller_array(), dtype=np.int64)
    plus, minus = (_values(mtz, index, candidate, where) for index in (candidate.plus, candidate.minus))
    near = within_resolution(symmetry, hkl, dmin_A)
    indices, F = expanded(symmetry, hkl[near], plus[near], minus[near], where)
    missing = int((np.isnan(plus) & np.isnan(minus))[near].sum())
    told = [
        f"{candidate.label}: {int(near.sum()) - missing} reflections of {len(hkl)} in {symmetry.group.xhm()},"
        f" {missing} without a value",
        f"{len(F)} with all symmetry and Friedel mates, which"
        f" {'differ' if candidate.plus != candidate.minus else 'are equal'}",
        "amplitudes on the scale of the file; F(000) only where it is listed",
    ]
    if candidate.intensity:
        below = int(sum((_raw(mtz, index) < 0).sum() for index in {candidate.plus, candidate.minus}))
        told.append(f"F is the root of the intensity; {below} were below 0 and give 0")
    return FactorTable(symmetry.lengths_and_angles(), indices, F, tuple(told))


def _opened(path: Path, block: str, where: str) -> Any:
    """Return an MTZ file, or a block of mmCIF as one.

    Raises:
        InputError: if it cannot be read.
    """
    gemmi = crystallography()
    read_bytes(path, "reflection file", REMEDY)
    if path.suffix.lower() == ".mtz":
        if block:
            raise InputError(f"{where}: an MTZ file has no blocks; leave '{printable(block)}' out")
        try:
            return gemmi.read_mtz_file(str(path))
        except (RuntimeError, ValueError, OSError) as error:
            raise InputError(f"{where}: is no whole MTZ file ({error}); {REMEDY}") from error
    try:
        blocks = gemmi.as_refln_blocks(gemmi.cif.read(str(path)))
        chosen = _chosen_block(list(blocks), block, where)
        return gemmi.CifToMtz().convert_block_to_mtz(chosen)
    except (RuntimeError, ValueError, OSError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{where}: cannot be read as mmCIF ({error}); {REMEDY}") from error


def _chosen_block(blocks: Sequence[Any], name: str, where: str) -> Any:
    """Return the block of a name, or the only one with merged reflections.

    Raises:
        InputError: for none and for several.
    """
    merged = {str(each.block.name): each for each in blocks if each.is_merged()}
    names = ", ".join(printable(each) for each in merged)
    if name and name not in merged:
        raise InputError(f"{where}: no block '{printable(name)}' with merged reflections; there are {names}")
    if not merged:
        raise InputError(f"{where}: no block has merged reflections (_refln.index_h); {REMEDY}")
    if not name and len(merged) > 1:
        raise InputError(f"{where}: {len(merged)} blocks have reflections, {names}; choose one with --block")
    return merged[name] if name else next(iter(merged.values()))


def _candidates(mtz: Any) -> list[Candidate]:
    """Return what can be taken for structure factors, amplitudes first."""
    singles, pairs = [], []
    mates: dict[tuple[int, str], dict[bool, Any]] = {}
    for column in mtz.columns:
        kind = column.type
        if kind in (AMPLITUDE, INTENSITY):
            singles.append(Candidate(column.label, column.idx, column.idx, kind == INTENSITY))
        elif kind in (FRIEDEL, FRIEDEL_INTENSITY) and (found := MATE.fullmatch(column.label)):
            key = (column.dataset_id, f"{kind}{found[1]}{found[3]}")
            mates.setdefault(key, {})[found[2] in OF_PLUS] = column
    for both in mates.values():
        if len(both) == 2:
            plus, minus = both[True], both[False]
            pairs.append(Candidate(plus.label, plus.idx, minus.idx, plus.type in INTENSITIES))
    return sorted(singles + pairs, key=lambda each: each.intensity)


def _chosen(candidates: Sequence[Candidate], label: str, mtz: Any, where: str) -> Candidate:
    """Return the candidate of a label, or the only one with amplitudes.

    Raises:
        InputError: naming what there is.
    """
    named = [(each, f"{mtz.columns[each.plus].dataset.dataset_name}/{each.label}") for each in candidates]
    if label:
        fitting = [each for each, full in named if label in (each.label, full)]
        told = f"no column '{printable(label)}' of amplitudes or intensities"
    else:
        fitting = [each for each, _ in named if not each.intensity]
        told = "no column of amplitudes"
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        there = ", ".join(f"{each.label}{' (intensity)' if each.intensity else ''}" for each in candidates)
        others = ", ".join(column.label for column in mtz.columns)
        remedy = f"choose one with --column: {there}" if there else f"its columns are {others}"
        raise InputError(f"{where}: {told}; {remedy}")
    full = [name if label else each.label for each, name in named if each in fitting]
    raise InputError(
        f"{where}: {len(fitting)} columns to choose from; choose one with --column: {', '.join(full)}"
    )


def _raw(mtz: Any, index: int) -> Amplitudes:
    return np.asarray(mtz.columns[index].array, dtype=np.float64)


def _values(mtz: Any, index: int, candidate: Candidate, where: str) -> Amplitudes:
    """Return amplitudes, NaN where there is none.

    Raises:
        InputError: for amplitudes below 0 or infinite.
    """
    values = _raw(mtz, index)
    label = mtz.columns[index].label
    if np.isinf(values).any():
        raise InputError(f"{where}: column {label} has infinite values; mend it")
    if candidate.intensity:
        return np.asarray(np.sqrt(np.maximum(values, 0.0)))
    if (values < 0).any():
        lowest = float(np.nanmin(values))
        raise InputError(
            f"{where}: column {label} has amplitudes below 0 ({lowest:g}); choose another column"
        )
    return values
