"""The tiny runs that tell quirks: a command line, what to look at, and which quirks that tells."""

from __future__ import annotations

from collections.abc import Mapping

from harness.probing.made_files import LEFT_HANDED, MATRIX, SOURCES, flat_dump, hkl_box, smv
from harness.probing.row import BASE, NO_CAMERA, NO_FACTORS, NOISE, PREVIEW, QUIET, QuirkRow

CURVED = "-curved_det"
LAYERS = "-detector_thick 450 -detector_abs 250 -detector_thicksteps 3"
WATER = "-water 5 -default_F 1e-9"
LONG_HEADER = (
    "-distance 123.4567 -pixel 0.1234567 -detector_rotx 1.23456 -detector_roty 2.3456789 -twotheta 12.34567"
    " -phi 1.234567 -Xbeam 1.23456 -Ybeam 2.34567 -osc 0.1234567 -phisteps 1 -lambda 0.9876543"
)
ON_THE_LATTICE = (
    "-cell 100 100 100 90 90 90 -N 10 -default_F 100 -lambda 1 -distance 80 -detpixels 1 -pixel 120"
    " -oversample 1 -Ybeam -60 -Xbeam 0"
)


def _row(
    quirk: str,
    words: str,
    look: str = "image",
    *,
    base: str = BASE,
    files: Mapping[str, bytes] | None = None,
    beside: tuple[str, ...] = (),
    ending: str = QUIET,
    otherwise: str | None = None,
) -> QuirkRow:
    """Return the row of words behind a base that tell one quirk."""
    return QuirkRow(f"{base} {words}", (quirk,), look, files or {}, beside, ending, otherwise)


# fmt: off
PLACES = (
    _row("Q-SEED-MISSET-DEFAULT", "-seed 7 -misset random", otherwise="on"),
    _row("Q-PIVOT-FORCED", "-pivot sample -detector_roty 5"),
    _row("Q-PIX0-IGNORED", "-pix0_vector 0.1 0.0012 -0.0017"),
    _row("Q-RATIO-NO-TWOTHETA", "-twotheta 20", "header DISTANCE", beside=("Q-PIVOT-FORCED",)),
    _row("Q-ODET-DISCARDED", "-odet_vector 2 0 0.2"),
    _row("Q-TWOTHETA-AXIS-NORM", "-twotheta_axis 0 0 -2 -twotheta 1"),
    _row("Q-CENTRE-IGNORED", "-xds -Xclose 1"),
    _row("Q-CLOSE-BEATS-DISTANCE", "-img input", files={"input": smv(CLOSE_DISTANCE="70")}),
    _row("Q-HEADER-SUBSTRING", "-img input", base=NO_CAMERA,
         files={"input": smv(DISTANCE="70", SOURCE_DISTANCE="90")}),
    _row("Q-HEADER-TWOTHETA", "-img input", files={"input": smv(TWOTHETA="1")}),
    _row("Q-MASK-BEAM-Y", "-mask input", files={"input": smv(BEAM_CENTER_Y="1.8")}),
    _row("Q-CURVED-TRANSPOSE", CURVED),
    _row("Q-PERPENDICULAR",
         "-beam_vector 0 0 1 -fdet_vector 0 0 1 -sdet_vector 0 -1 0 -odet_vector 1 0 0 -close_distance 50"),
    _row("Q-THICK-STEPS", "-detector_thick 100 -detector_abs 100 -detector_thicksteps 1",
         beside=("Q-THICK-LAST-LAYER",)),
    _row("Q-THICK-ABS-ORDER", "-detector_abs inf -detector_thick 100"),
)

CRYSTAL_AND_SAMPLING = (
    _row("Q-PHI-CARRYOVER", "-phi 0 -phistep 2 -phisteps 2 -osc 4"),
    _row("Q-CELL-IMPOSSIBLE", "-cell 100 100 100 30 30 100"),
    _row("Q-CELL-MAT-MIX", "-lambda 1.2 -mat input -cell 90 92 93 90 90 90 -gauss_xtal",
         files={"input": MATRIX}, beside=("Q-GAUSS-WIDTH",)),
    _row("Q-CELL-MAT-HAND", "-mat input", files={"input": LEFT_HANDED}),
    _row("Q-INTERP-AUTO-ORDER", "-hkl input -N 1 -xtalsize 0.0001", base=NO_FACTORS,
         files={"input": hkl_box(6)}),
    _row("Q-OSC-ZERO", "-phi 5 -osc 0", "printed phisteps"),
    _row("Q-PHISTEP-WINS", "-phi 1 -phistep 0.3 -phisteps 10"),
    _row("Q-DIV-ONE-RADIAN", "-hdivsteps 3"),
    _row("Q-DIV-STEP-WINS", "-hdivstep 1 -hdivsteps 5"),
    _row("Q-STEPS-ONE", "-hdivrange 1 -hdivsteps 1"),
    _row("Q-DIV-ASYMMETRIC", "-hdivrange 1 -hdivstep 2"),
    _row("Q-SOURCE-WEIGHTS", "-sourcefile input", files={"input": SOURCES}),
    _row("Q-FDUMP-STALE", "", files={"Fdump.bin": flat_dump(20, 10.0)}),
    _row("Q-INTERP-LATCH", "-hkl input -interpolate -N 1 -pixel 2", base=NO_FACTORS,
         files={"input": hkl_box(4)}, beside=("Q-INTERP-MARGIN",)),
    _row("Q-INTERP-MARGIN", "-hkl input -interpolate -N 1 -roi 4 4 4 4", base=NO_FACTORS,
         files={"input": hkl_box(2)}),
)

PIXEL_LOOP = (
    _row("Q-OVERSAMPLE-RUNNING-PRODUCT", "-oversample 2 -oversample_omega"),
    _row("Q-OVERSAMPLE-THICK-NO-SENSOR", "-oversample_thick"),
    _row("Q-NOPOLAR-OVERSAMPLE-POLAR", "-nopolar -oversample_polar"),
    _row("Q-THICK-LAST-LAYER", LAYERS, beside=("Q-THICK-STEPS",)),
    _row("Q-POINT-PIXEL-AREA", "-point_pixel"),
    _row("Q-DMIN-ZERO-POLAR", f"-dmin 40 {WATER} -fluence 1e24", beside=("Q-WATER-FLUENCE-SQUARED",)),
    _row("Q-WATER-FLUENCE-SQUARED", f"{WATER} -fluence 1e24"),
    _row("Q-WATER-STEPS", f"-oversample 2 {WATER} -fluence 1e25", beside=("Q-WATER-FLUENCE-SQUARED",)),
    _row("Q-GAUSS-WIDTH", "-gauss_xtal -Na 3 -Nb 5 -Nc 7"),
    _row("Q-SINCG-INTEGER", "", base=ON_THE_LATTICE),
    _row("Q-SINC3-SMALL", "-round_xtal -fudge 1e-18"),
    _row("Q-POLAR-UNITIZE", "-N 100000000 -hdivrange 5 -polar 0.5", beside=("Q-SINCG-INTEGER",)),
)

RANDOM_AND_OUTPUTS = (
    _row("Q-SEED-POSITIVE", "-mosaic 1 -mosaic_seed -5"),
    _row("Q-SEED-MODULUS", "-mosaic 1 -mosaic_seed 2147483647"),
    _row("Q-RNG-SHARED", "-mosaic 1 -mosaic_domains 3 -seed -4", "noise", ending=NOISE,
         beside=("Q-SEED-POSITIVE",)),
    _row("Q-MAXI-POSITION", "-oversample 2", "printed maximum at"),
    _row("Q-RMSD-MASKED", "-mask input", "printed rmsd", files={"input": smv(zeros=20)}),
    _row("Q-SUMSQ-FLOAT", "-default_F 1e12", "printed rms"),
    _row("Q-SOLID-ANGLE-PRINT", "-oversample 2 -phi 1 -osc 1 -phisteps 4", "printed solid angle"),
    _row("Q-INT-FLOAT-FLOOR", "-default_F 1e-30 -scale 1 -adc 40.49999999", "counts"),
    _row("Q-HEADER-SEMICOLON", "", "header DIALS_ORIGIN"),
    _row("Q-HEADER-OVERFLOW", LONG_HEADER, "whole counts"),
    _row("Q-HEADER-ADC-OFFSET", "-adc 12.5", "header ADC_OFFSET"),
    _row("Q-HEADER-BEAM-CENTER", "-Xbeam 0.5 -Ybeam 1.5", "header BEAM_CENTER_X"),
    _row("Q-NOISE-TRUNC", "-seed 1 -adc 0.7", "noise", ending=NOISE),
    _row("Q-NOISE-NEGATIVE", "-seed 1 -adc -100", "noise", ending=NOISE),
    _row("Q-PRINTOUT-ANGLE", "-adxv -printout -printout_pixel 0 0", "printed stol"),
    _row("Q-PGM-NO-OFFSET", "-close_distance -100 -pgmscale 0.3", "preview", ending=PREVIEW),
)
# fmt: on

QUIRK_ROWS: tuple[QuirkRow, ...] = (*CRYSTAL_AND_SAMPLING, *PIXEL_LOOP, *PLACES, *RANDOM_AND_OUTPUTS)
"""Likelier quirks first: where a program is slow, the time of a probe may end before the table."""
