"""MTZ files of the truth: the structure factors of a crystal, and the spots of shots as an unmerged table.

Columns have the types that gemmi, CCP4 and reciprocalspaceship go by: F for F, J for I, G for F(+) and F(-),
K for I(+) and I(-).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shots.extras import loaded_library
from shots.truth.crystal_truth import CrystalTruth, kernel_F, listed_reflections
from shots.truth.spot_list import SpotList
from simulator.config import StructureFactors
from simulator.errors import InputError

MERGED: Sequence[tuple[str, str]] = (
    ("FMEAN", "F"), ("IMEAN", "J"), ("F(+)", "G"), ("F(-)", "G"), ("I(+)", "K"), ("I(-)", "K"),
)  # fmt: skip
UNMERGED: Sequence[tuple[str, str]] = (
    ("M/ISYM", "Y"), ("BATCH", "B"), ("I", "J"), ("F", "F"), ("XDET", "R"), ("YDET", "R"),
    ("PANEL", "I"), ("LATTICE", "I"), ("NPIXELS", "I"),
)  # fmt: skip
SAME = 1e-6
"""Relative difference of structure factors of symmetry mates."""
PURPOSE = "an MTZ file of the truth needs"


def truth_mtz(
    factors: StructureFactors, crystal: CrystalTruth, wavelength_A: float, space_group: str = "P 1"
) -> bytes:
    """Return an MTZ file of the structure factors that images are made of, Friedel mates apart.

    FMEAN and IMEAN are the means of what the two mates have; a mate that is not listed is left blank.

    Args:
        factors: of the run, with a table.
        crystal: whose cell they belong to.
        wavelength_A: of the beam.
        space_group: that the reflections are merged in.

    Raises:
        InputError: without a table, for an unknown group, and for symmetry mates that differ.
    """
    gemmi = loaded_library("gemmi", PURPOSE)
    hkl = listed_reflections(factors)
    if not len(hkl):
        raise InputError("no reflections are listed: every F is -default_F; give -hkl FILE for an MTZ file")
    group = _group(gemmi, space_group)
    F = kernel_F(hkl, factors)
    mapped, plus, centric = _in_asu(gemmi, group, hkl)
    _require_symmetry(mapped, plus, hkl, F, space_group)
    unique, which = np.unique(mapped, axis=0, return_inverse=True)
    which = which.ravel()
    values = {}
    for label, side in (("+", plus), ("-", ~plus)):
        column = np.full(len(unique), np.nan)
        column[which[side]] = F[side]
        values[f"F({label})"] = column
    same = np.zeros(len(unique), bool)
    same[which] = centric
    for label, other in (("+", "-"), ("-", "+")):
        one = values[f"F({label})"]
        values[f"F({label})"] = np.where(same & np.isnan(one), values[f"F({other})"], one)
    for label in "+-":
        values[f"I({label})"] = values[f"F({label})"] ** 2
    for name in "FI":
        values[f"{name}MEAN"] = np.nanmean([values[f"{name}(+)"], values[f"{name}(-)"]], axis=0)
    rows = np.column_stack([unique, *(values[name] for name, _ in MERGED)])
    return _written(gemmi, group, crystal, MERGED, rows, wavelength_A)


def spots_mtz(
    shots: Mapping[int, SpotList],
    factors: StructureFactors,
    crystal: CrystalTruth,
    wavelength_A: float,
    space_group: str = "P 1",
) -> bytes:
    """Return an unmerged MTZ file of the spots of shots: a batch for each shot, one row a spot.

    BATCH is the number of the shot + 1; XDET and YDET are fast and slow; I are photons without noise, F the
    structure factor of the table.

    Args:
        shots: spots by number of the shot.
        factors: of the runs.
        crystal: whose cell is stated.
        wavelength_A: of the beam.
        space_group: whose asymmetric unit the indices are brought to; M/ISYM says how.

    Raises:
        InputError: for an unknown group.
    """
    gemmi = loaded_library("gemmi", PURPOSE)
    group = _group(gemmi, space_group)
    rows = []
    for number, spots in sorted(shots.items()):
        columns = {
            "BATCH": np.full(len(spots), number + 1), "I": spots.photons, "F": kernel_F(spots.hkl, factors),
            "XDET": spots.fast, "YDET": spots.slow, "PANEL": spots.panel, "LATTICE": spots.lattice,
            "NPIXELS": spots.pixels, "M/ISYM": np.ones(len(spots)),
        }  # fmt: skip
        rows.append(np.column_stack([spots.hkl, *(columns[name] for name, _ in UNMERGED)]))
    data = np.concatenate(rows) if rows else np.zeros((0, 3 + len(UNMERGED)))
    batches = []
    for number in sorted(shots):
        batch = gemmi.Mtz.Batch()
        batch.number, batch.title, batch.wavelength = number + 1, f"shot {number}", wavelength_A
        batch.cell = gemmi.UnitCell(*crystal.cell)
        batch.dataset_id = 1
        batches.append(batch)
    return _written(gemmi, group, crystal, UNMERGED, data, wavelength_A, batches)


def _group(gemmi: Any, name: str) -> Any:
    group = gemmi.find_spacegroup_by_name(name)
    if group is None:
        raise InputError(f"space group '{name}': unknown; give a Hermann-Mauguin symbol such as P 43 21 2")
    return group


def _in_asu(
    gemmi: Any, group: Any, hkl: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the mates in the asymmetric unit, which reflections are a plus there, and which are centric."""
    asu, operations = gemmi.ReciprocalAsu(group), group.operations()
    found = [asu.to_asu(indices, operations) for indices in hkl.tolist()]
    mapped = np.array([place for place, _ in found], np.int32).reshape(-1, 3)
    plus = np.array([bool(turn % 2) for _, turn in found], bool)
    centric = np.array([operations.is_reflection_centric(indices) for indices in hkl.tolist()], bool)
    return mapped, plus | centric, centric


def _require_symmetry(
    mapped: NDArray[np.int32],
    plus: NDArray[np.bool_],
    hkl: NDArray[np.int32],
    F: NDArray[np.float64],
    name: str,
) -> None:
    """Raise InputError for two mates of one side that have different structure factors."""
    order = np.lexsort((plus, *mapped.T))
    same = (mapped[order][1:] == mapped[order][:-1]).all(1) & (plus[order][1:] == plus[order][:-1])
    one, other = F[order][1:], F[order][:-1]
    wrong = np.flatnonzero(same & (np.abs(one - other) > SAME * np.maximum(np.abs(one), np.abs(other))))
    if len(wrong):
        first, second = order[wrong[0]], order[wrong[0] + 1]
        shown = " and ".join(
            f"{' '.join(map(str, hkl[n].tolist()))} with F {F[n]:.9g}" for n in (first, second)
        )
        raise InputError(f"{shown} are one reflection in space group {name}; give another group, or P 1")


def _written(
    gemmi: Any,
    group: Any,
    crystal: CrystalTruth,
    columns: Sequence[tuple[str, str]],
    data: NDArray[np.float64],
    wavelength_A: float,
    batches: Sequence[Any] = (),
) -> bytes:
    """Return an MTZ file of some rows."""
    mtz = gemmi.Mtz(with_base=True)
    mtz.title = "noise-free truth of a simulation"
    mtz.spacegroup = group
    mtz.set_cell_for_all(gemmi.UnitCell(*crystal.cell))
    mtz.add_dataset("simulated")
    for dataset in mtz.datasets:
        dataset.wavelength = wavelength_A
    for name, kind in columns:
        mtz.add_column(name, kind)
    mtz.set_data(np.asarray(data, np.float32))
    for batch in batches:
        mtz.batches.append(batch)
    if len(batches):
        mtz.switch_to_asu_hkl()
    mtz.sort()
    content: bytes = mtz.write_to_bytes()
    return content
