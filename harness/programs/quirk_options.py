"""Which quirks of the registry can matter to a command line: a table from quirk to options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.programs.arguments import spelled

PHI = spelled("-phi", "-osc", "-phistep", "-phisteps")
DIVERGENCE = spelled(
    "-divergence", "-hdivrange", "-vdivrange", "-hdivstep", "-vdivstep", "-hdivsteps", "-vdivsteps",
    "-divsteps", "-dispersion", "-dispsteps",
)  # fmt: skip
SENSOR = spelled("-detector_abs", "-detector_thick", "-detector_thicksteps")
SWING = spelled("-twotheta", "-twotheta_axis")
CENTRE = spelled("-Xbeam", "-Ybeam", "-Xclose", "-Yclose", "-ORGX", "-ORGY")
HEADER = spelled("-img", "-mask")
TABLE = spelled("-interpolate", "-hkl", "-dump")
RANDOM = spelled("-mosaic_seed", "-misset_seed", "-mosaic")
RELEVANT: Mapping[str, frozenset[str]] = {
    "Q-PHI-CARRYOVER": PHI,
    "Q-OSC-ZERO": spelled("-osc"),
    "Q-PHISTEP-WINS": spelled("-phistep"),
    "Q-SOURCE-WEIGHTS": spelled("-sourcefile"),
    "Q-GAUSS-WIDTH": spelled("-gauss_xtal", "-tophat_spots"),
    "Q-SINC3-SMALL": spelled("-round_xtal"),
    "Q-OVERSAMPLE-RUNNING-PRODUCT": spelled("-oversample_thick", "-oversample_polar", "-oversample_omega"),
    "Q-OVERSAMPLE-THICK-NO-SENSOR": spelled("-oversample_thick"),
    "Q-NOPOLAR-OVERSAMPLE-POLAR": spelled("-oversample_polar"),
    "Q-CURVED-TRANSPOSE": spelled("-curved_det"),
    "Q-POINT-PIXEL-AREA": spelled("-point_pixel"),
    "Q-WATER-FLUENCE-SQUARED": spelled("-water"),
    "Q-WATER-STEPS": spelled("-water"),
    "Q-DMIN-ZERO-POLAR": spelled("-dmin"),
    "Q-THICK-STEPS": SENSOR,
    "Q-THICK-ABS-ORDER": SENSOR,
    "Q-THICK-LAST-LAYER": SENSOR,
    "Q-TWOTHETA-AXIS-NORM": SWING,
    "Q-RATIO-NO-TWOTHETA": SWING,
    "Q-PIVOT-FORCED": spelled("-pivot") | SWING,
    "Q-PIX0-IGNORED": spelled("-pix0_vector", "-pix0_vector_mm"),
    "Q-ODET-DISCARDED": spelled("-odet_vector"),
    "Q-CENTRE-IGNORED": CENTRE,
    "Q-CLOSE-BEATS-DISTANCE": HEADER,
    "Q-HEADER-SUBSTRING": HEADER,
    "Q-HEADER-TWOTHETA": HEADER,
    "Q-MASK-BEAM-Y": spelled("-mask"),
    "Q-DIV-ONE-RADIAN": DIVERGENCE,
    "Q-DIV-STEP-WINS": DIVERGENCE,
    "Q-STEPS-ONE": DIVERGENCE,
    "Q-DIV-ASYMMETRIC": DIVERGENCE,
    "Q-INTERP-AUTO-ORDER": spelled("-xtalsize", "-sample_x", "-sample_y", "-sample_z"),
    "Q-INTERP-LATCH": TABLE,
    "Q-INTERP-MARGIN": TABLE,
    "Q-CELL-MAT-MIX": spelled("-mat"),
    "Q-CELL-MAT-HAND": spelled("-mat"),
    "Q-SEED-POSITIVE": RANDOM,
    "Q-RNG-SHARED": RANDOM,
}
"""The quirks that change a float image, likelier ones first, and the options that each needs."""


def relevant_quirks(words: Sequence[str]) -> list[str]:
    """Return the quirks that can change the image of a command line, likelier ones first."""
    given = frozenset(words)
    return [quirk for quirk, options in RELEVANT.items() if options & given]
