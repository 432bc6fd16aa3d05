"""Structure factors computed from coordinates: PDB and mmCIF files of a model, by gemmi's form factors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shots.structure.anomalous import CROMER_LIBERMAN, TABLES, anomalous_f
from shots.structure.factor_table import (
    FactorTable,
    MillerIndices,
    Symmetry,
    crystallography,
    expanded,
    named_file,
    symmetry_of,
)
from simulator.errors import InputError
from simulator.io.files import read_bytes

REMEDY = "give a PDB or mmCIF file of coordinates"
SPACING_RATE = 2.0
"""Grid points over the smallest spacing and half of it, of densities and solvent masks."""
Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class ModelChoice:
    """How structure factors are computed from coordinates.

    Attributes:
        dmin_A: smallest spacing.
        wavelength_A: at which f' and f" are taken, 0 for neither.
        solvent: k_sol in electrons per cubic Angstrom and B_sol in square Angstrom of a flat bulk solvent
            around the model; k_sol 0 for none.
        method: `direct`, atom by atom, or `fft`, from the density on a grid.
        tables: of f' and f", a key of `TABLES`.
    """

    dmin_A: float
    wavelength_A: float = 0.0
    solvent: tuple[float, float] = (0.0, 0.0)
    method: str = "direct"
    tables: str = CROMER_LIBERMAN


@dataclass(frozen=True, eq=False)
class CrystalModel:
    """What atoms scatter, from which the structure factors at any wavelength follow.

    Attributes:
        where: the file, for messages.
        symmetry: of the crystal.
        hkl: Miller indices of the asymmetric unit [n, 3], those that are 0 by symmetry left out.
        normal: sum over atoms without dispersion, and bulk solvent, in electrons [n].
        of_element: the same sum of atoms that scatter one electron each, by element [n].
        atoms: their number in the file.
        choice: what is computed.
    """

    where: str
    symmetry: Symmetry
    hkl: MillerIndices
    normal: Complex
    of_element: Mapping[str, Complex]
    atoms: int
    choice: ModelChoice

    def factors(self, wavelength_A: float) -> FactorTable:
        """Return the structure factors at a wavelength.

        F(h) = N(h) + sum_e (f'_e + i f"_e) G_e(h) with N the normal sum and G_e that of an element

        Args:
            wavelength_A: of f' and f", 0 for neither.

        Returns:
            All reflections to dmin in P1 in electrons, F(000) included, none that is 0 by symmetry.

        Raises:
            InputError: for an element or a wavelength that the tables do not have.
        """
        real, imaginary = self.normal, np.zeros_like(self.normal)
        for element, part in self.of_element.items() if wavelength_A > 0.0 else ():
            f1, f2 = anomalous_f(element, wavelength_A, self.choice.tables)
            real, imaginary = real + f1 * part, imaginary + f2 * part
        plus, minus = np.abs(real + 1j * imaginary), np.abs(np.conj(real) + 1j * np.conj(imaginary))
        indices, F = expanded(self.symmetry, self.hkl, plus, minus, self.where)
        told = _told(self, wavelength_A, len(F))
        return FactorTable(self.symmetry.lengths_and_angles(), indices, F, tuple(told))


def read_coordinates(path: Path, choice: ModelChoice) -> FactorTable:
    """Return the structure factors of a model, all mates, at the wavelength that is chosen.

    Args:
        path: a PDB or mmCIF file.
        choice: what is computed.

    Raises:
        InputError: as `read_model` and `CrystalModel.factors`.
    """
    return read_model(path, choice, dispersed=choice.wavelength_A > 0.0).factors(choice.wavelength_A)


def read_model(path: Path, choice: ModelChoice, dispersed: bool = True) -> CrystalModel:
    """Return what the atoms of a model scatter.

    N(h) = sum_a o_a f0 T_a exp(2 pi i h x_a) + k_sol exp(-B_sol / 4 d^2) M(h)

    Args:
        path: a PDB or mmCIF file.
        choice: what is computed.
        dispersed: whether the sums of single elements are wanted, too.

    Raises:
        InputError: if gemmi is missing, the file cannot be read, or lacks cell, space group, atoms or known
            elements; for several models, and for choices without meaning.
    """
    where = named_file(path, "coordinate file")
    gemmi = crystallography()
    _check(choice)
    structure = _opened(path, where)
    symmetry = symmetry_of(structure.cell, structure.find_spacegroup(), where)
    structure.setup_cell_images()
    hkl = np.asarray(gemmi.make_miller_array(symmetry.cell, symmetry.group, choice.dmin_A), dtype=np.int64)
    hkl = np.concatenate([np.zeros((1, 3), np.int64), hkl])
    hkl = hkl[~np.asarray(symmetry.group.operations().systematic_absences(hkl), dtype=bool)]
    summed = partial(METHODS[choice.method], structure, symmetry, hkl, choice.dmin_A)
    bare = summed({})
    solvent = _solvent(structure, symmetry, hkl, choice) if choice.solvent[0] > 0.0 else 0.0
    elements = sorted({site.atom.element.name for site in structure[0].all()}) if dispersed else []
    parts = {element: summed({element: 1.0}) - bare for element in elements}
    atoms = sum(1 for _ in structure[0].all())
    return CrystalModel(where, symmetry, hkl, bare + solvent, parts, atoms, choice)


def _check(choice: ModelChoice) -> None:
    """Raise InputError for choices without meaning."""
    for value, what in (
        (choice.dmin_A, "--dmin"),
        (choice.wavelength_A or 1.0, "--wavelength"),
    ):
        if not 0.0 < value < math.inf:
            raise InputError(f"{what} {value:g}: must be above 0 Angstrom")
    k_sol, B_sol = choice.solvent
    if not (0.0 <= k_sol < math.inf and math.isfinite(B_sol)):
        raise InputError(f"--solvent {k_sol:g} {B_sol:g}: k_sol must be 0 or more, both must be finite")
    if choice.method not in METHODS:
        raise InputError(f"--method {choice.method}: unknown; give one of {', '.join(METHODS)}")
    if choice.tables not in TABLES:
        raise InputError(f"--tables {choice.tables}: unknown; give one of {', '.join(TABLES)}")


def _opened(path: Path, where: str) -> Any:
    """Return the structure of a file with one model of known atoms.

    Raises:
        InputError: naming what is missing.
    """
    gemmi = crystallography()
    read_bytes(path, "coordinate file", REMEDY)
    try:
        structure = gemmi.read_structure(str(path))
    except (RuntimeError, ValueError, OSError) as error:
        raise InputError(f"{where}: cannot be read ({error}); {REMEDY}") from error
    if len(structure) != 1:
        many = f"{len(structure)} models" if len(structure) else "no model"
        raise InputError(f"{where}: has {many}; give one with one")
    atoms = [site.atom for site in structure[0].all()]
    if not atoms:
        raise InputError(f"{where}: has no atom; {REMEDY}")
    unknown = next((atom for atom in atoms if atom.element.atomic_number == 0), None)
    if unknown is not None:
        raise InputError(f"{where}: atom {unknown.serial} '{unknown.name}' has no known element; mend it")
    return structure


def _add(calculator: Any, added: Mapping[str, float]) -> None:
    gemmi = crystallography()
    for name, value in added.items():
        calculator.addends.set(gemmi.Element(name), value)


def _direct(
    structure: Any, symmetry: Symmetry, hkl: MillerIndices, _dmin_A: float, added: Mapping[str, float]
) -> Complex:
    """Return the sum over atoms."""
    calculator = crystallography().StructureFactorCalculatorX(symmetry.cell)
    _add(calculator, added)
    model = structure[0]
    return np.array([calculator.calculate_sf_from_model(model, index) for index in hkl.tolist()])


def _by_density(
    structure: Any, symmetry: Symmetry, hkl: MillerIndices, dmin_A: float, added: Mapping[str, float]
) -> Complex:
    """Return the Fourier transform of the density, sharpened again by what it was blurred with."""
    gemmi = crystallography()
    calculator = gemmi.DensityCalculatorX()
    calculator.d_min, calculator.rate = dmin_A, SPACING_RATE
    _add(calculator, added)
    calculator.set_grid_cell_and_spacegroup(structure)
    calculator.set_refmac_compatible_blur(structure[0])
    calculator.put_model_density_on_grid(structure[0])
    inverse = np.asarray(symmetry.cell.calculate_1_d2_array(hkl))
    sharper = np.array([calculator.reciprocal_space_multiplier(value) for value in inverse.tolist()])
    return np.asarray(_transformed(calculator.grid, hkl) * sharper)


def _transformed(grid: Any, hkl: MillerIndices) -> Complex:
    gemmi = crystallography()
    factors = gemmi.transform_map_to_f_phi(grid, half_l=True)
    return np.asarray(factors.get_value_by_hkl(hkl.astype(np.int32)), dtype=np.complex128)


METHODS: Mapping[str, Callable[[Any, Symmetry, MillerIndices, float, Mapping[str, float]], Complex]] = {
    "direct": _direct,
    "fft": _by_density,
}
"""How the sum over atoms is made."""


def _solvent(structure: Any, symmetry: Symmetry, hkl: MillerIndices, choice: ModelChoice) -> Complex:
    """Return the flat bulk solvent: the transform of its mask, scaled and smoothed."""
    gemmi = crystallography()
    k_sol, B_sol = choice.solvent
    grid = gemmi.FloatGrid()
    grid.setup_from(structure, spacing=choice.dmin_A / (2.0 * SPACING_RATE))
    gemmi.SolventMasker(gemmi.AtomicRadiiSet.Refmac).put_mask_on_float_grid(grid, structure[0])
    inverse = np.asarray(symmetry.cell.calculate_1_d2_array(hkl))
    return np.asarray(k_sol * np.exp(-B_sol * inverse / 4.0) * _transformed(grid, hkl))


def _told(model: CrystalModel, wavelength_A: float, count: int) -> list[str]:
    choice = model.choice
    k_sol, B_sol = choice.solvent
    solvent = f"k_sol {k_sol:g} e/A^3, B_sol {B_sol:g} A^2, radii of Refmac" if k_sol > 0.0 else "none"
    dispersion = f"at {wavelength_A:g} A, {choice.tables}" if wavelength_A > 0.0 else "none"
    return [
        f"{model.atoms} atoms in {model.symmetry.group.xhm()} to {choice.dmin_A:g} A, method {choice.method}",
        f"{count} reflections with all symmetry and Friedel mates, F(000) among them",
        f"anomalous dispersion: {dispersion}; bulk solvent: {solvent}",
    ]
