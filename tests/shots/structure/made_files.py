"""Small files of other programs, made by gemmi: models and merged reflections of several space groups."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

gemmi = pytest.importorskip("gemmi", reason="not run: gemmi is not installed")
CELLS: Mapping[str, tuple[float, ...]] = {
    "P 1": (8.0, 9.0, 10.0, 80.0, 95.0, 105.0),
    "P 1 21 1": (8.0, 9.0, 10.0, 90.0, 102.0, 90.0),
    "P 21 21 21": (9.0, 11.0, 13.0, 90.0, 90.0, 90.0),
    "C 1 2 1": (14.0, 9.0, 8.0, 90.0, 110.0, 90.0),
    "P 31 2 1": (10.0, 10.0, 12.0, 90.0, 90.0, 120.0),
    "F 4 3 2": (16.0, 16.0, 16.0, 90.0, 90.0, 90.0),
}
"""By space group."""


def made_model(group: str, seed: int = 1) -> Any:
    """Return a structure of six atoms at drawn places, one of them selenium, one of them anisotropic."""
    draw = np.random.default_rng(seed)
    structure = gemmi.Structure()
    structure.cell, structure.spacegroup_hm = gemmi.UnitCell(*CELLS[group]), group
    chain, residue = gemmi.Chain("A"), gemmi.Residue()
    residue.name, residue.seqid = "MSE", gemmi.SeqId(1, " ")
    for name in ("N", "C", "O", "SE", "S", "CA"):
        atom = gemmi.Atom()
        atom.name = name
        atom.element = gemmi.Element({"SE": "Se", "CA": "C"}.get(name, name))
        fractional = gemmi.Fractional(*draw.uniform(0.05, 0.45, 3))
        atom.pos = structure.cell.orthogonalize(fractional)
        atom.b_iso, atom.occ = draw.uniform(8.0, 25.0), draw.choice([1.0, 0.7])
        residue.add_atom(atom)
    residue[4].aniso = gemmi.SMat33f(0.2, 0.1, 0.15, 0.02, 0.01, -0.03)
    chain.add_residue(residue)
    model = gemmi.Model(1)
    model.add_chain(chain)
    structure.add_model(model)
    structure.setup_entities()
    return structure


def write_model(path: Path, structure: Any) -> Path:
    """Write a model as mmCIF or PDB, by the ending of the file."""
    if path.suffix == ".pdb":
        structure.write_pdb(str(path))
    else:
        structure.make_mmcif_document().write_file(str(path))
    return path


def made_mtz(group: str, dmin_A: float = 2.5) -> Any:
    """Return merged data of two data sets: F and its error, anomalous pairs, an intensity, a phase."""
    cell, symmetry = gemmi.UnitCell(*CELLS[group]), gemmi.SpaceGroup(group)
    hkl = gemmi.make_miller_array(cell, symmetry, dmin_A)
    draw = np.random.default_rng(5)
    F = draw.uniform(10.0, 500.0, len(hkl)).astype(np.float32)
    split = draw.normal(0.0, 3.0, len(hkl)).astype(np.float32)
    split[np.asarray(symmetry.operations().centric_flag_array(hkl), bool)] = 0.0
    plus, minus = F + split, F - split
    F[3] = plus[3] = minus[3] = minus[5] = np.nan
    mtz = gemmi.Mtz(with_base=True)
    mtz.spacegroup = symmetry
    mtz.set_cell_for_all(cell)
    columns = [("F", "F", F), ("SIGF", "Q", 0.01 * F), ("F(+)", "G", plus), ("F(-)", "G", minus)]
    columns += [("IMEAN", "J", F * F - 900.0), ("PHI", "P", split)]
    mtz.add_dataset("native")
    for label, kind, _ in columns:
        mtz.add_column(label, kind)
    mtz.set_data(np.column_stack([hkl, *(values for _, _, values in columns)]))
    return mtz


def without(mtz: Any, *labels: str) -> Any:
    """Return data without some columns."""
    for label in labels:
        mtz.remove_column(mtz.column_with_label(label).idx)
    return mtz


def write_mtz(path: Path, mtz: Any) -> Path:
    """Write an MTZ file."""
    mtz.write_to_file(str(path))
    return path
