"""Which quirks of the registry can matter to a command line: a table from quirk to options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

PHI = frozenset({"-phi", "-osc", "-phistep", "-phisteps"})
DIVERGENCE = frozenset({
    "-divergence", "-hdivrange", "-vdivrange", "-hdivstep", "-vdivstep", "-hdivsteps", "-vdivsteps",
    "-divsteps", "-dispersion", "-dispsteps",
})  # fmt: skip
SENSOR = frozenset({
    "-detector_abs", "-detector_absorb", "-detector_absorption", "-detector_thick", "-detector_thicksteps",
    "-thicksteps",
})  # fmt: skip
SWING = frozenset({"-twotheta", "-twotheta_axis"})
CENTRE = frozenset({"-Xbeam", "-Ybeam", "-Xclose", "-Yclose", "-ORGX", "-ORGY"})
HEADER = frozenset({"-img", "-mask"})
TABLE = frozenset({"-interpolate", "-hkl", "-hklfile", "-dump", "-dumpfile"})
RANDOM = frozenset({"-mosaic_seed", "-misset_seed", "-mosaic", "-mosaicity", "-mosaic_spread"})
RELEVANT: Mapping[str, frozenset[str]] = {
    "Q-PHI-CARRYOVER": PHI,
    "Q-OSC-ZERO": frozenset({"-osc"}),
    "Q-PHISTEP-WINS": frozenset({"-phistep"}),
    "Q-SOURCE-WEIGHTS": frozenset({"-sourcefile"}),
    "Q-GAUSS-WIDTH": frozenset({"-gauss_xtal", "-tophat_spots", "-binary_spots"}),
    "Q-SINC3-SMALL": frozenset({"-round_xtal"}),
    "Q-OVERSAMPLE-RUNNING-PRODUCT": frozenset(
        {"-oversample_thick", "-oversample_polar", "-oversample_omega"}
    ),
    "Q-OVERSAMPLE-THICK-NO-SENSOR": frozenset({"-oversample_thick"}),
    "Q-NOPOLAR-OVERSAMPLE-POLAR": frozenset({"-oversample_polar"}),
    "Q-CURVED-TRANSPOSE": frozenset({"-curved_det", "-curved_detector"}),
    "Q-POINT-PIXEL-AREA": frozenset({"-point_pixel"}),
    "Q-WATER-FLUENCE-SQUARED": frozenset({"-water"}),
    "Q-WATER-STEPS": frozenset({"-water"}),
    "Q-DMIN-ZERO-POLAR": frozenset({"-dmin"}),
    "Q-THICK-STEPS": SENSOR,
    "Q-THICK-ABS-ORDER": SENSOR,
    "Q-THICK-LAST-LAYER": SENSOR,
    "Q-TWOTHETA-AXIS-NORM": SWING,
    "Q-RATIO-NO-TWOTHETA": SWING,
    "Q-PIVOT-FORCED": frozenset({"-pivot"}) | SWING,
    "Q-PIX0-IGNORED": frozenset({"-pix0_vector", "-pix0_vector_mm"}),
    "Q-ODET-DISCARDED": frozenset({"-odet_vector"}),
    "Q-CENTRE-IGNORED": CENTRE,
    "Q-CLOSE-BEATS-DISTANCE": HEADER,
    "Q-HEADER-SUBSTRING": HEADER,
    "Q-HEADER-TWOTHETA": HEADER,
    "Q-MASK-BEAM-Y": frozenset({"-mask"}),
    "Q-DIV-ONE-RADIAN": DIVERGENCE,
    "Q-DIV-STEP-WINS": DIVERGENCE,
    "Q-STEPS-ONE": DIVERGENCE,
    "Q-DIV-ASYMMETRIC": DIVERGENCE,
    "Q-INTERP-AUTO-ORDER": frozenset({"-xtalsize", "-sample_x", "-sample_y", "-sample_z"}),
    "Q-INTERP-LATCH": TABLE,
    "Q-INTERP-MARGIN": TABLE,
    "Q-CELL-MAT-MIX": frozenset({"-mat", "-matrix"}),
    "Q-CELL-MAT-HAND": frozenset({"-mat", "-matrix"}),
    "Q-SEED-POSITIVE": RANDOM,
    "Q-RNG-SHARED": RANDOM,
}
"""The quirks that change a float image, likelier ones first, and the options that each needs."""


def quirks_of(words: Sequence[str]) -> list[str]:
    """Return the quirks that can change the image of a command line, likelier ones first."""
    given = frozenset(words)
    return [quirk for quirk, options in RELEVANT.items() if options & given]
