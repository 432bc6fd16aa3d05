"""A synthetic crystal like tetragonal lysozyme: orientation matrix and a reflection list, made by code.

Wilson statistics with the symmetry and the absences of P 4(3) 2(1) 2, a fall-off with B, bulk solvent at low
resolution, and an error of measurement on each line that breaks the symmetry (nothing may rely on it: the
programs work in P1). Two data sets with the same seed have the same bytes.
"""

from __future__ import annotations

import math
from functools import lru_cache

from golden_suite_generator.inputs.mixer import fraction, mixed_gaussian
from golden_suite_generator.inputs.orientation import Cell, matrix_text, rotation

CELL = Cell(79.1, 79.1, 37.9)
WAVELENGTH_A = 0.9768
RESOLUTION_A = 1.8
B_FACTOR_A2 = 19.0
MEAN_SQUARE_AT_REST = 8 * 1001 * 46.0
"""Sum of squared atomic scattering factors: eight molecules of about 1001 atoms, 46 electrons^2 each."""
SOLVENT_CONTRAST = 0.83
SOLVENT_SMEARING_A2 = 220.0
RELATIVE_ERROR = 0.03
WILSON_KEY, ERROR_KEY, ANGLE_KEY = 51, 52, 53


def orientation_angles_deg(seed: int) -> tuple[float, float, float]:
    """Return the turns about x, y and z, within 180 degrees of zero, that the seed gives."""
    x, y, z = (360.0 * fraction(seed, ANGLE_KEY, axis) - 180.0 for axis in range(3))
    return x, y, z


def mean_square(s_sqr_A: float) -> float:
    """Return the expected |F|^2 in electrons^2 at s^2 = 1/(4 d^2) in 1/Angstrom^2.

    <|F|^2> = N f^2 exp(-2 B s^2) (1 - k exp(-K s^2))^2, the last factor for the bulk solvent.
    """
    solvent = 1.0 - SOLVENT_CONTRAST * math.exp(-SOLVENT_SMEARING_A2 * s_sqr_A)
    return MEAN_SQUARE_AT_REST * math.exp(-2.0 * B_FACTOR_A2 * s_sqr_A) * solvent * solvent


def is_absent(h: int, k: int, l: int) -> bool:
    """Tell whether a screw axis forbids it: 0 0 l with l not 4n, h 0 0 and 0 k 0 with odd index."""
    return (h == k == 0 and l % 4 != 0) or (l == 0 and 0 in (h, k) and (h + k) % 2 == 1)


def true_amplitude(h: int, k: int, l: int, seed: int) -> float:
    """Return |F| of a reflection with h >= k >= 0, l >= 0: Wilson's distribution, centric or acentric.

    |F|^2 = <|F|^2> g^2 in the centric zones hk0, h0l, hhl, and <|F|^2> (g1^2 + g2^2)/2 elsewhere, g normal.
    """
    if is_absent(h, k, l):
        return 0.0
    s_sqr_A = 0.25 * ((h * h + k * k) / CELL.a**2 + l * l / CELL.c**2)
    first = mixed_gaussian(seed, WILSON_KEY, h, k, l, 1)
    if l == 0 or k in (0, h):
        return abs(first) * math.sqrt(mean_square(s_sqr_A))
    second = mixed_gaussian(seed, WILSON_KEY, h, k, l, 2)
    return math.sqrt(mean_square(s_sqr_A) * (first * first + second * second) / 2.0)


@lru_cache(maxsize=1)
def reflection_text(seed: int) -> str:
    """Return the lines `h k l F` of all reflections inside the sphere of resolution, F000 left out."""
    limit = 1.0 / RESOLUTION_A**2
    h_max, l_max = int(CELL.a / RESOLUTION_A), int(CELL.c / RESOLUTION_A)
    unique = lru_cache(maxsize=None)(true_amplitude)
    lines = []
    for h in range(-h_max, h_max + 1):
        for k in range(-h_max, h_max + 1):
            for l in range(-l_max, l_max + 1):
                if (h * h + k * k) / CELL.a**2 + l * l / CELL.c**2 > limit or not (h or k or l):
                    continue
                long, short = max(abs(h), abs(k)), min(abs(h), abs(k))
                error = RELATIVE_ERROR * (2.0 * fraction(seed, ERROR_KEY, h, k, l) - 1.0)
                lines.append(f"{h:4d}{k:4d}{l:4d}{unique(long, short, abs(l), seed) * (1.0 + error):8.2f}\n")
    return "".join(lines)


def crystal_matrix_text(seed: int) -> str:
    """Return the MOSFLM matrix of the crystal for the wavelength of the authoritative command."""
    return matrix_text(CELL, rotation(*orientation_angles_deg(seed)), WAVELENGTH_A)
