"""The constant water background (spec 06 sections 2 and 15)."""

from __future__ import annotations

from simulator.config import Beam
from simulator.quirks import Quirks
from simulator.units import (
    AVOGADRO_PER_MOL,
    R_E_SQR_M2,
    WATER_DENSITY_G_PER_M3,
    WATER_F_ELECTRONS,
    WATER_MOLECULAR_WEIGHT,
)


def water_electrons_sqr(beam: Beam, quirks: Quirks) -> float:
    """Return the scattering power of the water in the beam.

    F^2 w^3 1e6 N_A / 18, times r_e^2 PHI with Q-WATER-FLUENCE-SQUARED.

    Args:
        beam: water size w (metres) and fluence.

    Returns:
        Electrons^2.

    Source: spec 06 sections 2 and 15.
    """
    power = WATER_F_ELECTRONS * WATER_F_ELECTRONS
    if "Q-WATER-FLUENCE-SQUARED" in quirks:
        power = power * R_E_SQR_M2 * beam.fluence_photons_per_m2
    w = beam.water_size_m
    return power * w * w * w * WATER_DENSITY_G_PER_M3 * AVOGADRO_PER_MOL / WATER_MOLECULAR_WEIGHT
