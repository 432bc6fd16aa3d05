"""Anomalous scattering: f' and f'' of an element at a wavelength, from the tables of Chantler (xraydb)."""

from __future__ import annotations

import math

from simulator.units import ENERGY_WAVELENGTH_EV_A
from system_io.errors import UserError
from system_io.shown import printable

LEAST_EV, MOST_EV = 1000.0, 200_000.0
"""Of the photon energies whose scattering factors are of use here; the tables reach further."""


def anomalous_f(element: str, wavelength_A: float) -> tuple[float, float]:
    """Return f' and f'' of an atom in electrons, straight lines between the energies of the tables.

    Args:
        element: its symbol, hydrogen to uranium.
        wavelength_A: of the beam.

    Raises:
        UserError: for an element or a wavelength that the tables lack, and without the library.
    """
    try:
        import xraydb
    except ImportError as error:
        raise UserError(
            "package xraydb, which has the anomalous scattering factors, is not installed;"
            " pip install nanobragg-parity[formats]"
        ) from error
    energy_eV = ENERGY_WAVELENGTH_EV_A / wavelength_A if wavelength_A > 0.0 else math.inf
    if not LEAST_EV <= energy_eV <= MOST_EV:
        longest, shortest = (ENERGY_WAVELENGTH_EV_A / limit for limit in (LEAST_EV, MOST_EV))
        raise UserError(
            f"wavelength {wavelength_A:g} A: f' and f'' are tabulated from {shortest:.3g} to {longest:.3g} A;"
            " give one"
        )
    try:
        found = (xraydb.f1_chantler(element, energy_eV), xraydb.f2_chantler(element, energy_eV))
    except ValueError as error:
        raise UserError(
            f"element '{printable(element)}' has no anomalous scattering factors; give a symbol from H to U"
        ) from error
    return float(found[0]), float(found[1])
