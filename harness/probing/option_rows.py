"""The tiny runs that tell options: each option of upstream where it must change what is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.probing.made_files import MATRIX, SOURCES, flat_dump, hkl_box, smv
from harness.probing.row import BASE, NO_CAMERA, NO_FACTORS, NOISE, PREVIEW, QUIET, OptionRow
from harness.programs.run import FLOAT_NAME, INT_NAME

HALF_CAMERA = "-lambda 1 -distance 100 -pixel 0.4"
CRYSTAL_FACTORS = "-cell 100 100 100 90 90 90 -misset 10 20 30 -N 5 -default_F 100 -oversample 1"
NO_CELL = "-misset 10 20 30 -N 5 -lambda 1 -distance 100 -detpixels 8 -pixel 0.4 -default_F 100 -oversample 1"
SIZED = f"{CRYSTAL_FACTORS} {HALF_CAMERA}"
FLAT = {"input": flat_dump(20, 7.0)}
LARGER = f"{BASE} -detpixels 16"
NO_OUTPUTS = f"-floatfile {FLOAT_NAME} -intfile {INT_NAME}"


def _named(
    option: str,
    words: str,
    plain: str = "",
    look: str = "image",
    *,
    base: str = BASE,
    files: Mapping[str, bytes] | None = None,
    ending: str = QUIET,
    by_mode: bool = False,
) -> OptionRow:
    """Return the row of an option that need not be the first in its words."""
    return OptionRow(option, words, plain, look, base, files or {}, ending, by_mode)


def _row(words: str, plain: str = "", look: str = "image", **more: Any) -> OptionRow:
    """Return the row of the first option in some words."""
    return _named(words.split(maxsplit=1)[0], words, plain, look, **more)


# fmt: off
CRYSTAL = (
    _row("-mat input", base=BASE, files={"input": MATRIX}),
    _row("-cell 90 95 98 80 85 95"),
    _row("-misset 1 2 3"),
    _named("-misset_seed", "-misset_seed 3 -misset random", "-misset_seed 4 -misset random"),
    _row("-mosaic 1 -mosaic_domains 3 -mosaic_seed 2", "-mosaic_domains 3 -mosaic_seed 2"),
    _row("-mosaic_domains 4 -mosaic 1", "-mosaic 1"),
    _row("-mosaic_seed 3 -mosaic 1", "-mosaic_seed 4 -mosaic 1"),
    _row("-N 7"), _row("-Na 7"), _row("-Nb 7"), _row("-Nc 7"),
    _row("-xtalsize 0.00007"),
    _row("-sample_x 0.00007"), _row("-sample_y 0.00007"), _row("-sample_z 0.00007"),
    _named("-square_xtal", "-round_xtal -square_xtal", "-round_xtal"),
    _row("-round_xtal"), _row("-gauss_xtal", by_mode=True), _row("-tophat_spots", by_mode=True),
    _row("-fudge 0.5 -round_xtal", "-round_xtal"),
    _row("-spindle_axis 0 1 0 -phi 20", "-fdet_vector 0 0 1 -phi 20"),
    _row("-phi 3"),
    _row("-osc 4 -phi 1", "-phi 1"),
    _row("-phistep 0.5 -osc 4 -phi 1", "-osc 4 -phi 1"),
    _row("-phisteps 3 -osc 4 -phi 1", "-osc 4 -phi 1"),
)

FACTORS = (
    _row("-hkl input -nointerpolate", "-default_F 9 -nointerpolate", base=NO_FACTORS,
         files={"input": hkl_box(3)}),
    _row("-default_F 70"),
    _row("-dump input", base=f"{NO_FACTORS} -N 5", files=FLAT),
    _row("-interpolate -hkl input", "-hkl input", base=NO_FACTORS, files={"input": hkl_box(6)}),
    _named("-nointerpolate", "-hkl input -N 1 -nointerpolate", "-hkl input -N 1", base=NO_FACTORS,
           files={"input": hkl_box(6)}),
)

BEAM = (
    _row("-lambda 1.5"), _row("-energy 9000"),
    _row("-dispersion 4 -dispsteps 3", "-lambda 1"),
    _row("-dispsteps 3 -dispersion 4", "-dispersion 4"),
    _row("-divergence 3 -divsteps 3", "-lambda 1"),
    _row("-hdivrange 3"), _row("-vdivrange 3"),
    _row("-hdivstep 0.7 -hdivrange 3", "-hdivrange 3", by_mode=True),
    _row("-vdivstep 0.7 -vdivrange 3", "-vdivrange 3", by_mode=True),
    _row("-hdivsteps 4 -hdivrange 3", "-hdivrange 3"),
    _row("-vdivsteps 4 -vdivrange 3", "-vdivrange 3"),
    _row("-divsteps 3 -divergence 3", "-divergence 3"),
    _named("-round_div", "-divergence 3 -divsteps 3 -square_div -round_div",
           "-divergence 3 -divsteps 3 -square_div"),
    _named("-square_div", "-divergence 3 -divsteps 3 -square_div", "-divergence 3 -divsteps 3"),
    _row("-sourcefile input", files={"input": SOURCES}, by_mode=True),
    _row("-fluence 3e28"),
    _row("-flux 1e12"),
    _row("-exposure 3 -flux 1e12", "-flux 1e12"),
    _row("-beamsize 0.3 -flux 1e12", "-flux 1e12"),
    _row("-polar 0.9"), _row("-nopolar"),
    _row("-beam_vector 1 0.01 0 -close_distance 100", "-fdet_vector 0 0 1 -close_distance 100"),
    _row("-polar_vector 0 1 0 -polar 0.9", "-fdet_vector 0 0 1 -polar 0.9"),
    _row("-water 5 -fluence 1e24", "-fluence 1e24", by_mode=True),
)

DETECTOR = (
    _row("-distance 90"), _row("-close_distance 90"), _row("-pixel 0.3"),
    _row("-detpixels 10"),
    _row("-detpixels_f 8 -detpixels_s 9", "-detpixels 9", base=SIZED),
    _row("-detpixels_s 9 -detpixels_f 8", "-detpixels 8", base=SIZED),
    _row("-detsize 3.2", "-detpixels 10", base=SIZED),
    _row("-detsize_f 3.2 -detpixels_s 8", "-detpixels 10", base=SIZED),
    _row("-detsize_s 3.2 -detpixels_f 8", "-detpixels 10", base=SIZED),
    _row("-Xbeam 1"), _row("-Ybeam 1"),
    _row("-Xclose 1 -fdet_vector 0 0 1", "-fdet_vector 0 0 1"),
    _row("-Yclose 1 -fdet_vector 0 0 1", "-fdet_vector 0 0 1"),
    _row("-ORGX 2 -xds", "-xds"), _row("-ORGY 2 -xds", "-xds"),
    _row("-pivot sample -fdet_vector 0 0 1 -detector_roty 5", "-fdet_vector 0 0 1 -detector_roty 5"),
    _named("-mosflm", "-xds -mosflm", "-xds"),
    _row("-adxv"), _row("-denzo"), _row("-xds"), _row("-dials"),
    _row("-fdet_vector 0 0.1 1", "-sdet_vector 0 -1 0"),
    _row("-sdet_vector 0 -1 0.1", "-fdet_vector 0 0 1"),
    _row("-odet_vector 0.8 0 0.6 -fdet_vector 0 0 1", "-fdet_vector 0 0 1", by_mode=True),
    _row("-twotheta_axis 0 1 0 -twotheta 1", "-fdet_vector 0 0 1 -twotheta_axis 0 0 1 -twotheta 1"),
    _row("-pix0_vector 0.1 0.0016 -0.0016", ""),
    _row("-twotheta 1", by_mode=True),
    _row("-detector_rotx 5"), _row("-detector_roty 5"), _row("-detector_rotz 5"),
    _row("-detector_abs 100 -detector_thick 100", "-detector_abs 300 -detector_thick 100", by_mode=True),
    _row("-detector_thick 150 -detector_abs 100", "-detector_abs 100", by_mode=True),
    _row("-detector_thicksteps 3 -detector_thick 150 -detector_abs 100",
         "-detector_thick 150 -detector_abs 100", by_mode=True),
    _row("-curved_det", by_mode=True), _row("-point_pixel", by_mode=True),
    _row("-img input", base=NO_CAMERA, files={"input": smv(CLOSE_DISTANCE="70")}, plain="-detpixels 8"),
    _row("-mask input", files={"input": smv(zeros=20)}),
    _row("-roi 1 4 2 5"),
)

SAMPLING = (
    _row("-oversample 2"),
    _row("-oversample_thick -oversample 2 -detector_thick 150 -detector_abs 100",
         "-oversample 2 -detector_thick 150 -detector_abs 100", by_mode=True),
    _row("-oversample_polar -oversample 3", "-oversample 3", by_mode=True),
    _row("-oversample_omega -oversample 3", "-oversample 3", by_mode=True),
    _row("-dmin 70"),
    _row("-printout", "", "printed stol", by_mode=True),
    _row("-printout_pixel 0 0", "", "printed stol", by_mode=True),
    _row("-noprogress", "", "said % done", base=LARGER),
    _named("-progress", "-noprogress -progress", "-noprogress", "said % done", base=LARGER),
    _row("-seed 3", "-seed 4", "noise", ending=NOISE),
)

OUTPUT = (
    _row("-floatfile other.bin", "", f"made {FLOAT_NAME}", ending=f"-intfile {INT_NAME} -nonoise -nopgm"),
    _row("-intfile other.img", "", f"made {INT_NAME}", ending=f"-floatfile {FLOAT_NAME} -nonoise -nopgm"),
    _row("-pgmfile image.pgm", "-nopgm", "made image.pgm", ending=f"{NO_OUTPUTS} -nonoise"),
    _row("-noisefile noiseimage.img", "-nonoise", "made noiseimage.img", ending=f"{NO_OUTPUTS} -nopgm"),
    _row("-nonoise", "", "made noiseimage.img", ending=f"{NO_OUTPUTS} -nopgm"),
    _row("-nopgm", "", "made image.pgm", ending=f"{NO_OUTPUTS} -nonoise"),
    _row("-scale 2", "-scale 3", "counts", ending=QUIET),
    _row("-pgmscale 0.3", "-pgmscale 0.2", "preview", ending=PREVIEW),
    _row("-adc 50 -scale 2", "-scale 2", "counts"),
)
# fmt: on

OPTION_ROWS: tuple[OptionRow, ...] = (*CRYSTAL, *FACTORS, *BEAM, *DETECTOR, *SAMPLING, *OUTPUT)
WITHOUT_EFFECT = ("-density", "-MW", "-coherent", "-stol", "-4stol", "-Q", "-stolout")
"""Options of upstream that change nothing: no run can tell them (spec 01 section 7)."""
INDIRECT = ("-pix0_vector_mm",)
"""Options that another one answers for: upstream takes it for -pix0_vector."""
