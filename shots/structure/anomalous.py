"""Anomalous scattering: f' and f'' of an element at a wavelength; a row of the table for each calculation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from shots.extras import loaded_library
from shots.structure.factor_table import crystallography
from simulator.errors import InputError
from simulator.units import ENERGY_WAVELENGTH_EV_A
from system_io.shown import printable

LEAST_EV, MOST_EV = 1000.0, 200_000.0
"""Of the photon energies at which scattering factors are of use here."""
URANIUM = 92
CROMER_LIBERMAN = "cromer-liberman"


def _cromer_liberman(element: str, energy_eV: float) -> tuple[float, float]:
    """Return f' and f'' as gemmi calculates them."""
    gemmi = crystallography()
    real, imaginary = gemmi.cromer_liberman(gemmi.Element(element).atomic_number, energy_eV)
    return float(real), float(imaginary)


def _chantler(element: str, energy_eV: float) -> tuple[float, float]:
    """Return f' and f'' as xraydb interpolates them in the tables of Chantler."""
    xraydb = loaded_library("xraydb", "tables of Chantler need")
    return float(xraydb.f1_chantler(element, energy_eV)), float(xraydb.f2_chantler(element, energy_eV))


TABLES: Mapping[str, Callable[[str, float], tuple[float, float]]] = {
    CROMER_LIBERMAN: _cromer_liberman,
    "chantler": _chantler,
}


def anomalous_f(element: str, wavelength_A: float, tables: str = CROMER_LIBERMAN) -> tuple[float, float]:
    """Return f' and f'' of an atom in electrons; without the fine structure near an edge.

    Args:
        element: its symbol, hydrogen to uranium.
        wavelength_A: of the beam.
        tables: a key of `TABLES`.

    Raises:
        InputError: for an element or a wavelength beyond the calculation, and without the library.
    """
    energy_eV = ENERGY_WAVELENGTH_EV_A / wavelength_A if wavelength_A > 0.0 else math.inf
    if not LEAST_EV <= energy_eV <= MOST_EV:
        longest, shortest = (ENERGY_WAVELENGTH_EV_A / limit for limit in (LEAST_EV, MOST_EV))
        raise InputError(
            f"wavelength {wavelength_A:g} A: f' and f'' are known from {shortest:.3g} to {longest:.3g} A;"
            " give one"
        )
    if not 1 <= crystallography().Element(element).atomic_number <= URANIUM:
        raise InputError(
            f"element '{printable(element)}' has no anomalous scattering factors; give a symbol from H to U"
        )
    return TABLES[tables](element, energy_eV)
