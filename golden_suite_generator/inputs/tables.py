"""Text tables: source files and a table of amorphous scattering."""

from __future__ import annotations

import math


def sources_along_x(seed: int) -> str:
    """Return a source file for a beam along +x: columns missing at the end, blank lines, several delimiters.

    Columns: position (any length), weight, wavelength in metres (spec 04 section 6).
    """
    base, shift = 1.0 + 0.02 * (seed - 1), 0.004 * (seed - 1)
    lines = [
        f"-10.0 {0.02 + shift:.4f} {-0.01:.4f} 1.0 {base * 1.00e-10:.6e}",
        f"  -10.0 {-0.03:.4f} {0.015 + shift:.4f} 0.25 {base * 1.01e-10:.6e} ",
        "",
        f"-9.5\t{0.01:.4f}\t{0.03 - shift:.4f}\t2.0",
        f"-11.0, {-0.012 - shift:.4f}, {-0.024:.4f}",
        "   ",
        f"-10.0 {0.035 - shift:.4f}",
        "-10.0",
        f"-10.0 0 0 1 {base * 0.99e-10:.6e} 7 8 9",
    ]
    return "\n".join(lines) + "\n"


def sources_along_z(seed: int) -> str:
    """Return three complete sources of unlike weight for a beam along +z (spec 04 section 6)."""
    base, shift = 1.0 + 0.02 * (seed - 1), 0.004 * (seed - 1)
    lines = [
        f"0.0 0.0 -10.0 1.0 {base * 1.0e-10:.6e}",
        f"0.05 {-0.02 + shift:.4f} -10.0 0.5 {base * 1.005e-10:.6e}",
        f"{-0.03 - shift:.4f} 0.04 -10.0 0.75 {base * 0.995e-10:.6e}",
    ]
    return "\n".join(lines) + "\n"


def amorphous(seed: int) -> str:
    """Return sin(theta)/lambda and amplitude, the last line without an amplitude (spec 05 section 7)."""
    height = 2.5 + 0.1 * (seed - 1)
    points = [0.02 * number for number in range(21)]
    values = [height * math.exp(-6.0 * x * x) + 0.8 * math.sin(9 * x) ** 2 for x in points]
    return "".join(f"{x:.3f} {value:.4f}\n" for x, value in zip(points, values, strict=True)) + "0.420\n"
