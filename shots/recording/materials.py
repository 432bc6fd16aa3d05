"""Matter that scatters without reflections: electrons that a molecule scatters, over sin(theta)/lambda.

Gases follow from their molecules (Debye), ice from its crystal structure, averaged over all orientations.
Water and plastic are a molecule (Debye) times a structure factor S of the liquid or glass, a small table of
ours after published curves, good to about a tenth. All scattering is elastic; Compton scattering is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]
ATOMS: Mapping[str, tuple[tuple[float, ...], tuple[float, ...], float]] = {
    "H": ((0.493002, 0.322912, 0.140191, 0.04081), (10.5109, 26.1257, 3.14236, 57.7997), 0.003038),
    "C": ((2.31, 1.02, 1.5886, 0.865), (20.8439, 10.2075, 0.5687, 51.6512), 0.2156),
    "N": ((12.2126, 3.1322, 2.0125, 1.1663), (0.0057, 9.8933, 28.9975, 0.5826), -11.529),
    "O": ((3.0485, 2.2868, 1.5463, 0.867), (13.2771, 5.7011, 0.3239, 32.9089), 0.2508),
}
"""Coefficients of f(s) = sum a exp(-b s^2) + c: International Tables for Crystallography C, table 6.1.1.4."""
LARGEST_STOL = 2.0
"""The formula of the atoms holds up to here; beyond, the curves keep their last value (1/Angstrom)."""
STOL = np.linspace(0.0, LARGEST_STOL, 8001)
"""Where curves are computed; between two points they are straight lines."""
Bond = tuple[str, str, float]
"""Two atoms of a molecule and their distance in Angstrom."""


@dataclass(frozen=True)
class Material:
    """Matter in the beam.

    Attributes:
        density_g_per_cm3: of all of it.
        molecular_weight: of a molecule, or of what stands for one, in g/mol.
        electrons_sqr: a molecule scatters, over `STOL`.
    """

    density_g_per_cm3: float
    molecular_weight: float
    electrons_sqr: Callable[[], Curve]


def atom_f(element: str, stol: Curve) -> Curve:
    """Return the scattering factor of an atom at rest, in electrons.

    Args:
        element: a key of `ATOMS`.
        stol: sin(theta)/lambda, 1/Angstrom.
    """
    a, b, c = ATOMS[element]
    found: Curve = sum(
        (p * np.exp(-q * stol * stol) for p, q in zip(a, b, strict=True)), np.full_like(stol, c)
    )
    return found


def molecule_sqr(atoms: str, bonds: tuple[Bond, ...]) -> Curve:
    """Return what a molecule scatters, averaged over its orientations: sum of f f' sin(qr)/(qr) over pairs.

    Args:
        atoms: the letters of its elements, one for each atom.
        bonds: all pairs of atoms whose distance is fixed.

    Returns:
        Electrons^2 over `STOL`.
    """
    alone = sum((atom_f(atom, STOL) ** 2 for atom in atoms), np.zeros_like(STOL))
    q = 4.0 * math.pi * STOL
    for one, other, r in bonds:
        alone = alone + 2.0 * atom_f(one, STOL) * atom_f(other, STOL) * np.sinc(q * r / math.pi)
    return alone


def _structured(molecule: Curve, table: tuple[tuple[float, float], ...]) -> Curve:
    """Return a molecule's scattering times S(q), q in 1/Angstrom, straight lines between the points."""
    q, S = zip(*table, strict=True)
    found: Curve = molecule * np.interp(4.0 * math.pi * STOL, q, S)
    return found


OH_A, HH_A = 0.957, 1.513
WATER_MOLECULE = (("O", "H", OH_A), ("O", "H", OH_A), ("H", "H", HH_A))
WATER_S = (
    (0.0, 0.066), (0.5, 0.075), (1.0, 0.14), (1.25, 0.26), (1.5, 0.52), (1.75, 1.02), (1.9, 1.38), (2.0, 1.5),
    (2.1, 1.48), (2.3, 1.30), (2.5, 1.20), (2.7, 1.24), (2.9, 1.28), (3.1, 1.19), (3.4, 0.95), (3.8, 0.80),
    (4.2, 0.87), (4.6, 1.0), (5.0, 1.06), (5.5, 1.04), (6.0, 0.98), (6.6, 0.97), (7.2, 1.01), (8.0, 1.0),
)  # fmt: skip
"""S of liquid water, q in 1/Angstrom; at 0 from its compressibility, which gives 2.57 electrons."""
CH2_S = (
    (0.0, 0.2), (0.4, 0.22), (0.8, 0.4), (1.1, 1.0), (1.25, 1.7), (1.38, 2.1), (1.5, 1.75), (1.7, 1.15),
    (2.0, 0.8), (2.4, 0.7), (2.8, 0.95), (3.1, 1.05), (3.6, 0.95), (4.2, 0.9), (5.2, 1.1), (6.0, 1.0),
)  # fmt: skip
"""S of amorphous polyethylene, q in 1/Angstrom: one wide halo where chains lie 4.6 Angstrom apart."""


def _water() -> Curve:
    return _structured(molecule_sqr("OHH", WATER_MOLECULE), WATER_S)


def _plastic() -> Curve:
    return _structured(molecule_sqr("CHH", (("C", "H", 1.09), ("C", "H", 1.09), ("H", "H", 1.78))), CH2_S)


def _air() -> Curve:
    """Return 78 % nitrogen, 21 % oxygen; argon counts as nitrogen."""
    return 0.79 * molecule_sqr("NN", (("N", "N", 1.098),)) + 0.21 * molecule_sqr("OO", (("O", "O", 1.208),))


ICE_A, ICE_C, ICE_Z = 4.519, 7.357, 0.0618
ICE_OXYGENS = (
    (1 / 3, 2 / 3, ICE_Z),
    (2 / 3, 1 / 3, ICE_Z + 0.5),
    (2 / 3, 1 / 3, -ICE_Z),
    (1 / 3, 2 / 3, 0.5 - ICE_Z),
)
ICE_B_A2 = 2.0
ICE_GRAIN_A = 300.0
"""Size of a grain of ice, which makes the width of the rings."""
HIGHEST_ICE_INDEX = 8


def _ice() -> Curve:
    """Return hexagonal ice as a powder, for each molecule.

    I(q) = sum over reflections of |F|^2 2 pi^2 / (V q^2) g(q), divided by the molecules of the cell, with g a
    Gaussian of unit area whose width at half maximum is 2 pi 0.9 / grain. F has the whole molecule at the
    places of the oxygen, with a common B.
    """
    steps = np.arange(-HIGHEST_ICE_INDEX, HIGHEST_ICE_INDEX + 1)
    h, k, l = (part.ravel() for part in np.meshgrid(steps, steps, steps, indexing="ij"))
    per_d_sqr = 4.0 / 3.0 * (h * h + h * k + k * k) / ICE_A**2 + l * l / ICE_C**2
    seen = (per_d_sqr > 0.0) & (per_d_sqr < (HIGHEST_ICE_INDEX / ICE_C) ** 2)
    h, k, l, per_d = h[seen], k[seen], l[seen], np.sqrt(per_d_sqr[seen])
    waves = sum(np.exp(2j * math.pi * (h * x + k * y + l * z)) for x, y, z in ICE_OXYGENS)
    molecule = np.interp(per_d / 2.0, STOL, molecule_sqr("OHH", WATER_MOLECULE))
    F_sqr = np.abs(waves) ** 2 * molecule * np.exp(-ICE_B_A2 * per_d**2 / 2.0)
    volume_A3 = ICE_A**2 * ICE_C * math.sqrt(3.0) / 2.0
    q_of = 2.0 * math.pi * per_d
    areas = F_sqr * 2.0 * math.pi**2 / (volume_A3 * q_of**2) / len(ICE_OXYGENS)
    rings, places = np.unique(np.round(q_of, 9), return_inverse=True)
    strength = np.bincount(places, areas)
    sigma = 2.0 * math.pi * 0.9 / ICE_GRAIN_A / math.sqrt(math.log(256.0))
    q = 4.0 * math.pi * STOL
    curve = np.zeros_like(q)
    for ring, area in zip(rings, strength, strict=True):
        near = slice(*np.searchsorted(q, (ring - 8.0 * sigma, ring + 8.0 * sigma)))
        curve[near] += (
            area * np.exp(-0.5 * ((q[near] - ring) / sigma) ** 2) / (sigma * math.sqrt(2.0 * math.pi))
        )
    return curve


MATERIALS: Mapping[str, Material] = {
    "water": Material(1.0, 18.015, _water),
    "air": Material(0.001204, 28.97, _air),
    "ice": Material(0.917, 18.015, _ice),
    "plastic": Material(0.9, 14.027, _plastic),
}
