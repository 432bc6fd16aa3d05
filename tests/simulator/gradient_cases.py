"""Command lines on an 8 x 8 detector that differ in what the gradient passes through.

No evaluation of them is within a step of gradcheck of a jump: an index half way between two reflections, at
the end of the list, or at the edge of the hat. Among the thousand of `all-flags` one would be, with large
pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from simulator import RunConfig
from simulator.fit.parameters import PARAMETERS, value_of

MODES = ("spec", "c-parity")
BASE = (
    "-dtype float64 -lambda 1 -distance 100 -detpixels 8 -pixel 3 -N 4 -default_F 100 -nonoise -nopgm"
    " -oversample 1 -phi 3 -polar 0.7 -twotheta 5 -detector_rotx 3"
)
CELL = "-cell 40 45 50 85 95 100 -misset 10 20 30"
SENSOR = "-detector_thick 400 -detector_abs 300 -detector_thicksteps 2"
BEAMS = "-hdivrange 2 -hdivsteps 2"
SHAPES = {
    "SQUARE": "",
    "ROUND": "-round_xtal -fudge 0.8",
    "GAUSS": "-gauss_xtal -fudge 0.8",
    "TOPHAT": "-tophat_spots -fudge 0.04",
}
SAMPLINGS = {
    "plain": "",
    "absorption": SENSOR,
    "sources": f"{BEAMS} -dispersion 1.3 -dispsteps 2 -vdivrange 1 -vdivsteps 2",
    "phi": "-osc 2 -phisteps 3",
    "domains": "-mosaic 1 -mosaic_domains 3",
    "thick": f"{SENSOR} -oversample 2 -oversample_thick",
    "polar": f"{BEAMS} -oversample 2 -oversample_polar",
    "omega": "-oversample 2 -oversample_omega -point_pixel",
    "all-flags": f"{SENSOR} {BEAMS} -oversample 2 -oversample_thick -oversample_polar -oversample_omega"
    " -pixel 1.2",
    "water": f"-water 0.02 {SENSOR}",
    "curved": "-curved_det -osc 2 -phisteps 3 -mosaic 1 -mosaic_domains 3",
}
INTERPOLATED = ("plain", "all-flags", "curved")
"""Samplings that are also run with interpolation."""
PLACES = {
    "pivot-sample": "-pivot sample -Xclose 11 -Yclose 13 -close_distance 90",
    "pix0": "-fdet_vector 1 0.02 0 -sdet_vector 0 -1 0.03 -odet_vector 0.01 0 1 -pix0_vector_mm -11.3 12.1 97"
    " -beam_vector 0.013 0.024 1 -polar_vector 0 1 0.1 -twotheta_axis 0.1 1 0.2",
    "pivot-beam": "-Xbeam 11 -Ybeam 13 -pivot beam",
    "xds": "-xds -ORGX 4.1 -ORGY 3.7 -spindle_axis 1 0.2 0.1",
    "matrix": "-mat {folder}/A.mat",
    "source-file": "-sourcefile {folder}/sources.txt",
}
MATRIX = "0.020 0.003 0.001\n-0.002 0.018 0.004\n0.001 -0.003 0.016\n"
SOURCES = "-1 0.1 0.05 1.2 1.0e-10\n-1 -0.1 0.02 0.7 1.01e-10\n"
JUMPS = {"normal_axis": "Q-ODET-DISCARDED"}
"""Parameters whose difference says nothing with a quirk: it asks whether the length is exactly 1."""
FLAT = ("water_size_m",)
"""Parameters whose difference at 0 is rounding alone: the third power of a step."""


def write_inputs(folder: Path) -> None:
    """Write a list of reflections with gaps, a matrix and a list of two sources."""
    span = range(-7, 9)
    rows = [(h, k, l, 20 + (7 * h + 13 * k + 29 * l) % 61) for h in span for k in span for l in span]
    lines = [f"{h} {k} {l} {F}\n" for h, k, l, F in rows if (h + k + l) % 5]
    for name, text in (("box.hkl", "".join(lines)), ("A.mat", MATRIX), ("sources.txt", SOURCES)):
        (folder / name).write_text(text)


def configured(folder: Path, mode: str, *options: str) -> RunConfig:
    """Return a run on the files of a folder; a matrix takes the place of the cell."""
    words = f"{BASE} -hkl {{folder}}/box.hkl {' '.join(options)} --parity-mode {mode}"
    crystal = "" if "-mat" in words else CELL
    return RunConfig.from_args(f"{words} {crystal}".format(folder=folder).split())


def continuous(config: RunConfig) -> Sequence[str]:
    """Return the parameters that a run has, without those whose differences say nothing at their value."""
    names = []
    for name in PARAMETERS:
        value = value_of(config, name)
        cell = name.startswith("cell_") and not config.crystal.has_cell
        there = value.numel() > 0 and bool(value.isfinite().all()) and not cell
        jumps = name in JUMPS and JUMPS[name] in config.quirks
        flat = name in FLAT and not value.any()
        if there and not jumps and not flat:
            names.append(name)
    return names
