"""Anomalous scattering: f' and f'' of an element at a wavelength, after Cromer and Liberman (gemmi)."""

from __future__ import annotations

import math

from shots.structure.factor_table import crystallography
from simulator.errors import InputError
from simulator.units import ENERGY_WAVELENGTH_EV_A
from system_io.shown import printable

LEAST_EV, MOST_EV = 1000.0, 200_000.0
"""Of the photon energies at which scattering factors are of use here."""
URANIUM = 92


def anomalous_f(element: str, wavelength_A: float) -> tuple[float, float]:
    """Return f' and f'' of an atom in electrons; without the fine structure near an edge.

    Args:
        element: its symbol, hydrogen to uranium.
        wavelength_A: of the beam.

    Raises:
        InputError: for an element or a wavelength beyond the calculation, and without the library.
    """
    gemmi = crystallography()
    energy_eV = ENERGY_WAVELENGTH_EV_A / wavelength_A if wavelength_A > 0.0 else math.inf
    if not LEAST_EV <= energy_eV <= MOST_EV:
        longest, shortest = (ENERGY_WAVELENGTH_EV_A / limit for limit in (LEAST_EV, MOST_EV))
        raise InputError(
            f"wavelength {wavelength_A:g} A: f' and f'' are known from {shortest:.3g} to {longest:.3g} A;"
            " give one"
        )
    number = gemmi.Element(element).atomic_number
    if not 1 <= number <= URANIUM:
        raise InputError(
            f"element '{printable(element)}' has no anomalous scattering factors; give a symbol from H to U"
        )
    real, imaginary = gemmi.cromer_liberman(number, energy_eV)
    return float(real), float(imaginary)
