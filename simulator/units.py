"""Unit conversions, exact to the last digit, and the physical constants: the only module with powers of ten.

Each conversion is one operation in the form the specification gives (a division where it divides), since the
last digit of the result depends on it. Source: spec 00 "Constants", 01 sections 3 and 4.
"""

from __future__ import annotations

RTD = 180.0 * 0.31830988618379067154
"""Degrees per radian; degrees become radians by division."""

R_E_SQR_M2 = 7.94079248018965e-30
DEFAULT_FLUENCE_PER_M2 = 125932015286227086360700780544.0
AVOGADRO_PER_MOL = 6.02214179e23
WATER_F_ELECTRONS = 2.57
WATER_DENSITY_G_PER_M3 = 1e6
WATER_MOLECULAR_WEIGHT = 18.0
ENERGY_WAVELENGTH_EV_A = 12398.42
SOURCE_DISTANCE_M = 10.0
ANGSTROM_PER_M = 1e10
M_PER_ANGSTROM = 1e-10
MM_PER_M = 1000.0
TINY = 2.2250738585072014e-308
"""Stands for zero where upstream avoids a division by zero (spec 02 section 5, 03 section 1)."""

CRYSTAL_DENSITY_G_PER_M3 = 1.2e6
DEFAULT_LAYER_STACK_M = 0.5e-6
POISSON_GAUSS_LIMIT = 1.0e6
UNIFORM_LIMIT = 1.2e-7


def rad_of_deg(value_deg: float) -> float:
    """Return radians of degrees: v / RTD (spec 01 section 3)."""
    return value_deg / RTD


def deg_of_rad(value_rad: float) -> float:
    """Return degrees of radians: v * RTD (spec 08, SMV header)."""
    return value_rad * RTD


def m_of_mm(value_mm: float) -> float:
    """Return metres of millimetres: v / 1000 (spec 01 section 4)."""
    return value_mm / 1000.0


def mm_of_m(value_m: float) -> float:
    """Return millimetres of metres: v * 1000 (spec 08, SMV header)."""
    return value_m * 1000.0


def rad_of_mrad(value_mrad: float) -> float:
    """Return radians of milliradians: v / 1000 (spec 01 section 4.3)."""
    return value_mrad / 1000.0


def fraction_of_percent(value_percent: float) -> float:
    """Return the fraction of a percentage: v / 100 (spec 01 section 4.3)."""
    return value_percent / 100.0


def wavelength_m_of_A(value_A: float) -> float:
    """Return metres of Angstrom for wavelengths: v / 1e10 (spec 01 section 4.3)."""
    return value_A / 1.0e10


def wavelength_m_of_eV(value_eV: float) -> float:
    """Return the wavelength in metres of a photon energy: (12398.42 / v) / 1e10 (spec 01 section 4.3)."""
    return (ENERGY_WAVELENGTH_EV_A / value_eV) / 1.0e10


def resolution_m_of_A(value_A: float) -> float:
    """Return metres of Angstrom for the resolution limit: v * 1e-10 (spec 01 section 4.5)."""
    return value_A * 1e-10


def sensor_m_of_um(value_um: float) -> float:
    """Return metres of micrometres for the sensor: v * 1e-6 (spec 01 section 4.4)."""
    return value_um * 1e-6


def water_m_of_um(value_um: float) -> float:
    """Return metres of micrometres for the water: v / 1e6 (spec 01 section 4.3)."""
    return value_um / 1e6


def A_of_m(value_m: float) -> float:
    """Return Angstrom of metres: v * 1e10 (spec 08)."""
    return value_m * 1e10
