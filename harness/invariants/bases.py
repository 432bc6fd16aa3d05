"""The built-in command lines on which relations are tried: small detectors, and together most options."""

from __future__ import annotations

from collections.abc import Mapping

from golden_suite_generator.inputs.reflections import box, hkl_text
from harness.invariants.relations.command_line import CommandLine

SEED = 3
FILES: Mapping[str, bytes] = {
    "table.hkl": hkl_text(box(5, 5, 5, SEED)).encode("ascii"),
    "sources.txt": (
        b"-10 0.05 0.02 1.5 1.0e-10\n-10 -0.03 0.04 0.5 1.01e-10\n-10 0.01 -0.06 1.0 0.985e-10\n"
        b"-10 -0.02 -0.01 0.75 1.02e-10\n"
    ),
    "triclinic.mat": b"0.0125 0.0022 -0.0031\n-0.0017 0.0148 0.0012\n0.0024 0.0009 0.0131\n",
}
CRYSTAL = "-cell 60 70 80 85 95 105 -misset 10 20 30 -hkl table.hkl -default_F 30 -Na 4 -Nb 5 -Nc 3"
CAMERA = "-lambda 1 -distance 100 -pixel 1.5 -detpixels_f 10 -detpixels_s 12"
AXES = (
    "-beam_vector 1 0 0 -fdet_vector 0 0.6 0.8 -sdet_vector 0 -0.8 0.6 -odet_vector 1 0 0 "
    "-polar_vector 0 0.6 0.8 "
    "-spindle_axis 0.48 0.6 0.64 -twotheta_axis 0 0 -1"
)
BASES: Mapping[str, str] = {
    "rotation": f"{CRYSTAL} {CAMERA} -nointerpolate -oversample 1 -phi 0 -osc 3 -phisteps "
    "3 -Xbeam 8 -Ybeam 7",
    "mosaic": (
        f"{CRYSTAL} -energy 12000 -distance 90 -pixel 1.6 -detpixels 10 -nointerpolate "
        "-oversample 2 -phi 12 -osc 1 "
        "-phisteps 2 -mosaic 1.5 -mosaic_domains 4 -flux 1e18 -exposure 0.5 -beamsize 0.002 "
        "-denzo -Xbeam 7.7 -polar 0.4"
    ),
    "sources": (
        f"{CRYSTAL} {CAMERA} -nointerpolate -oversample 1 -phi 7 -osc 1 -phisteps 1 "
        "-sourcefile sources.txt -polar 0.6 "
        "-detector_rotx 4 -detector_roty -6"
    ),
    "divergent": (
        f"{CRYSTAL} {CAMERA} -nointerpolate -oversample 1 -phi 3 -osc 2 -phisteps 2 -hdivrange "
        "6 -hdivsteps 3 "
        "-vdivrange 4 -vdivsteps 2 -dispersion 2 -dispsteps 2 -xds -ORGX 5.2 -ORGY 6.1"
    ),
    "sensor": (
        f"{CRYSTAL} -lambda 1 -pixel 1.5 -detpixels 9 -nointerpolate -oversample 2 "
        "-close_distance 80 -adxv -Xbeam 7 -Ybeam 6 "
        "-detector_abs 400 -detector_thick 300 -detector_thicksteps 3 -oversample_thick "
        "-oversample_polar -oversample_omega "
        "-phi 5 -osc 1 -phisteps 1 -twotheta 12"
    ),
    "axes": (
        "-mat triclinic.mat -hkl table.hkl -default_F 25 -Na 4 -Nb 5 -Nc 3 -nointerpolate "
        "-oversample 1 -lambda 0.98 "
        f"-distance 95 -pixel 1.5 -detpixels_f 11 -detpixels_s 9 {AXES} -Xbeam 8 -Ybeam 6 "
        "-polar 0.5 -phi 4 -osc 2 "
        "-phisteps 2 -twotheta 9 -pivot sample"
    ),
    "interpolated": (
        f"{CRYSTAL} -lambda 1 -distance 300 -pixel 2.2 -detpixels 10 -interpolate -oversample "
        "1 -dials -phi 2 -osc 1 -phisteps 2"
    ),
    "water": (
        f"{CRYSTAL} {CAMERA} -nointerpolate -oversample 2 -water 0.01 -fluence 1e24 -phi 3 -osc "
        "1 -phisteps 2 -mosaic 1 "
        "-mosaic_domains 3 -curved_det -Xbeam 6 -Ybeam 9 -detector_rotz 8"
    ),
    "round": f"{CRYSTAL} {CAMERA} -nointerpolate -oversample 1 -round_xtal -fudge 0.5 "
    "-phi 3 -osc 1 -phisteps 1 -dmin 2",
    "gauss": f"{CRYSTAL} {CAMERA} -nointerpolate -oversample 1 -gauss_xtal -phi 3 -osc 1 "
    "-phisteps 1 -point_pixel",
    "tophat": f"{CRYSTAL} {CAMERA} -nointerpolate -oversample 3 -tophat_spots -phi 0 -osc 3 -phisteps 2",
}
"""By a word for what each has more of than the others."""


def built_in_bases() -> dict[str, CommandLine]:
    """Return the built-in command lines by name."""
    return {name: CommandLine(tuple(text.split()), FILES) for name, text in BASES.items()}
