"""Structure factors of coordinates: those that gemmi computes, and those of a sum that uses no symmetry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shots.structure.coordinate_file import ModelChoice, read_coordinates, read_model
from shots.structure.factor_table import FactorTable
from simulator.errors import InputError
from tests.shots.structure.made_files import CELLS, gemmi, made_model, write_model

DMIN = 2.0


def by_index(table: FactorTable) -> dict[tuple[int, ...], float]:
    return {tuple(hkl): F for hkl, F in zip(table.hkl.tolist(), table.F.tolist(), strict=True)}


def all_atoms_in_P1(structure: Any) -> Any:
    """Return the content of the whole cell, atom by atom, by other code than that under test."""
    whole = structure.clone()
    operations = list(structure.find_spacegroup().operations())
    chain = whole[0][0]
    for op in operations[1:]:
        for residue in structure[0][0]:
            chain.add_residue(turned(residue, op, structure.cell))
    whole.spacegroup_hm = "P 1"
    whole.setup_cell_images()
    return whole


def turned(residue: Any, op: Any, cell: Any) -> Any:
    copy = residue.clone()
    matrix = cell.orth.mat.multiply(gemmi.Mat33(np.array(op.rot) / op.DEN)).multiply(cell.frac.mat)
    for atom in copy:
        place = op.apply_to_xyz(cell.fractionalize(atom.pos).tolist())
        atom.pos = cell.orthogonalize(gemmi.Fractional(*place))
        if atom.aniso.nonzero():
            U = (
                np.array(matrix.tolist())
                @ np.array(atom.aniso.as_mat33().tolist())
                @ np.array(matrix.tolist()).T
            )
            atom.aniso = gemmi.SMat33f(U[0, 0], U[1, 1], U[2, 2], U[0, 1], U[0, 2], U[1, 2])
    return copy


@pytest.mark.parametrize("ending", [".pdb", ".cif"])
@pytest.mark.parametrize("group", CELLS)
def test_reflections_are_those_of_the_whole_cell(tmp_path: Path, group: str, ending: str) -> None:
    """Every reflection to dmin that is not absent, with the value of the atoms of the cell in P1."""
    path = write_model(tmp_path / f"model{ending}", made_model(group))
    table = read_coordinates(path, ModelChoice(DMIN))
    whole = all_atoms_in_P1(gemmi.read_structure(str(path)))
    calculator = gemmi.StructureFactorCalculatorX(whole.cell)
    for hkl, F in by_index(table).items():
        expected = abs(calculator.calculate_sf_from_model(whole[0], list(hkl)))
        assert abs(F - expected) < 2e-4 + 2e-5 * expected
    every = gemmi.make_miller_array(whole.cell, gemmi.SpaceGroup("P 1"), DMIN, unique=False)
    absent = np.asarray(gemmi.SpaceGroup(group).operations().systematic_absences(every), bool)
    wanted = {(0, 0, 0), *(tuple(hkl) for hkl in every[~absent].tolist())}
    assert set(by_index(table)) == wanted


def test_values_of_the_asymmetric_unit_are_those_of_gemmi(tmp_path: Path) -> None:
    path = write_model(tmp_path / "model.pdb", made_model("P 21 21 21"))
    found = by_index(read_coordinates(path, ModelChoice(DMIN)))
    structure = gemmi.read_structure(str(path))
    structure.setup_cell_images()
    calculator = gemmi.StructureFactorCalculatorX(structure.cell)
    unique = gemmi.make_miller_array(structure.cell, structure.find_spacegroup(), DMIN).tolist()
    for hkl in unique:
        if tuple(hkl) in found:
            expected = abs(calculator.calculate_sf_from_model(structure[0], hkl))
            assert found[tuple(hkl)] == pytest.approx(expected, rel=1e-15)


def plain_sum(structure: Any, hkl: tuple[int, ...], wavelength_A: float) -> float:
    """Return |F| of isotropic atoms in P1 by the formula, with complex form factors."""
    stol2, total = structure.cell.calculate_1_d2(list(hkl)) / 4.0, 0j
    for site in structure[0].all():
        atom = site.atom
        f1, f2 = gemmi.cromer_liberman(atom.element.atomic_number, 12398.42 / wavelength_A)
        f0 = atom.element.it92.calculate_sf(stol2)
        x = structure.cell.fractionalize(atom.pos).tolist()
        phase = np.exp(2j * np.pi * np.dot(hkl, x))
        total += atom.occ * (f0 + f1 + 1j * f2) * np.exp(-atom.b_iso * stol2) * phase
    return abs(total)


def test_friedel_mates_differ_by_the_dispersion(tmp_path: Path) -> None:
    structure = made_model("P 1")
    structure[0][0][0][4].aniso = gemmi.SMat33f(0, 0, 0, 0, 0, 0)
    path = write_model(tmp_path / "model.cif", structure)
    found = by_index(read_coordinates(path, ModelChoice(DMIN, wavelength_A=0.9795)))
    read = gemmi.read_structure(str(path))
    split = []
    for hkl, F in found.items():
        expected = plain_sum(read, hkl, 0.9795)
        assert abs(F - expected) < 1e-3 + 1e-4 * expected
        split.append(abs(F - found[tuple(-i for i in hkl)]))
    assert max(split) > 1.0


def test_the_bijvoet_ratio_jumps_at_an_edge_as_the_sum_over_atoms_does(tmp_path: Path) -> None:
    """One model, its sums made once, on both sides of the edge of selenium."""
    structure = made_model("P 1")
    structure[0][0][0][4].aniso = gemmi.SMat33f(0, 0, 0, 0, 0, 0)
    path = write_model(tmp_path / "model.cif", structure)
    model, read = read_model(path, ModelChoice(3.0)), gemmi.read_structure(str(path))
    ratios = []
    for energy_eV in (12600.0, 12700.0):
        found = by_index(model.factors(12398.42 / energy_eV))
        mates = [hkl for hkl in found if hkl > (0, 0, 0)]
        F = np.array([[found[hkl], found[tuple(-i for i in hkl)]] for hkl in mates])
        wanted = np.array(
            [
                [plain_sum(read, tuple(sign * i for i in hkl), 12398.42 / energy_eV) for sign in (1, -1)]
                for hkl in mates
            ]
        )
        assert np.abs(F - wanted).max() < 1e-3 + 1e-4 * wanted.max()
        ratios.append(float(np.sqrt(np.mean((F[:, 0] - F[:, 1]) ** 2)) / F.mean()))
    assert ratios[1] > 4.0 * ratios[0] > 0.0  # f" of 0.5 and 3.8 electrons


@pytest.mark.parametrize("wavelength_A", [0.0, 0.9795])
@pytest.mark.parametrize("group", ["P 31 2 1", "F 4 3 2"])
def test_the_density_gives_what_the_sum_over_atoms_gives(
    tmp_path: Path, group: str, wavelength_A: float
) -> None:
    """To 1 part in 10^4 of the mean: the grid cuts the tails of atoms."""
    path = write_model(tmp_path / "model.pdb", made_model(group))
    direct, fft = (
        read_coordinates(path, ModelChoice(DMIN, wavelength_A, method=method)) for method in ("direct", "fft")
    )
    assert np.array_equal(direct.hkl, fft.hkl)
    assert np.abs(direct.F - fft.F).max() < 2e-3 * direct.F.mean()
    assert np.abs(direct.F - fft.F).mean() < 1e-4 * direct.F.mean()


def test_bulk_solvent_fills_what_the_model_leaves_free(tmp_path: Path) -> None:
    """F(000) grows by k_sol times the free volume; B_sol takes it from the fine reflections."""
    structure = made_model("P 21 21 21")
    structure.cell = gemmi.UnitCell(27.0, 33.0, 39.0, 90.0, 90.0, 90.0)
    path = write_model(tmp_path / "model.pdb", structure)
    dry, wet, flat = (
        by_index(read_coordinates(path, ModelChoice(3.0, solvent=solvent)))
        for solvent in ((0.0, 0.0), (0.35, 46.0), (0.35, 1e7))
    )
    filled = (wet[0, 0, 0] - dry[0, 0, 0]) / (0.35 * structure.cell.volume)
    assert 0.9 < filled < 1.0
    assert max(abs(wet[hkl] - dry[hkl]) for hkl in dry if hkl != (0, 0, 0)) > 20.0
    assert max(abs(flat[hkl] - dry[hkl]) for hkl in dry if hkl != (0, 0, 0)) < 1e-3


def damaged(tmp_path: Path, change: str) -> Path:
    structure = made_model("P 21 21 21")
    path = tmp_path / "model.pdb"
    if change == "no cell":
        structure.cell, structure.spacegroup_hm = gemmi.UnitCell(), ""
    elif change == "no group":
        structure.spacegroup_hm = "P 7"
    elif change == "contradiction":
        structure.spacegroup_hm = "P 4 3 2"
    elif change == "no atom":
        del structure[0][0]
    elif change == "several models":
        structure.add_model(structure[0].clone())
        structure.renumber_models()
    elif change == "unknown element":
        structure[0][0][0][2].element = gemmi.Element("X")
    write_model(path, structure)
    if change == "text":
        path.write_text("no structure at all\n")
    elif change == "binary":
        path.write_bytes(bytes(range(256)))
    return path


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("no cell", "has no unit cell"),
        ("no group", "no space group that is known"),
        ("contradiction", r"contradicts space group P 4 3 2; mend one"),
        ("no atom", "no model|no atom"),
        ("several models", "2 models; give one with one"),
        ("unknown element", "atom 3 'O' has no known element"),
        ("text", "no model|no atom|cannot be read|no unit cell"),
        ("binary", "no model|no atom|cannot be read|no unit cell"),
    ],
)
def test_what_gives_no_structure_factors_is_named(tmp_path: Path, change: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_coordinates(damaged(tmp_path, change), ModelChoice(DMIN))


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (ModelChoice(0.0), "--dmin 0: must be above 0"),
        (ModelChoice(2.0, wavelength_A=-1.0), "--wavelength -1: must be above 0"),
        (ModelChoice(2.0, solvent=(-0.1, 46.0)), "--solvent -0.1 46: k_sol must be 0 or more"),
        (ModelChoice(2.0, method="magic"), "--method magic: unknown; give one of direct, fft"),
    ],
)
def test_choices_without_meaning_are_refused(tmp_path: Path, choice: ModelChoice, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_coordinates(write_model(tmp_path / "model.pdb", made_model("P 1")), choice)
