"""The option table: one row an option, with names, values, unit, default and help (spec 01 section 4, 12).

Columns: name, aliases, kinds of the values, unit, default, help. A kind is one word for each value:
`f` number, `i` integer, `file`, a `|` list of words, `f..6` one to six numbers, `f|inf`, `fff|random|rand`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """One command-line option: how it is spelled, what follows it, and what the help says."""

    name: str
    aliases: tuple[str, ...]
    kinds: tuple[str, ...]
    unit: str
    default: str
    help: str
    group: str

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every accepted spelling, the canonical one first."""
        return (self.name, *self.aliases)


Row = tuple[str, str, str, str, str, str]

# fmt: off

CRYSTAL: tuple[Row, ...] = (
    ("-mat", "-matrix", "file", "", "", "orientation matrix (MOSFLM A matrix, nine numbers)"),
    ("-cell", "", "f..6", "A, deg", "", "unit cell a b c alpha beta gamma; missing: b = c = a, 90 deg"),
    ("-misset", "", "fff|random|rand", "deg", "none", "missetting about x, y, z, or a random one"),
    ("-misset_seed", "", "i", "", "clock", "seed of the random orientation"),
    ("-mosaic", "-mosaicity -mosaic_spread", "f", "deg", "0", "mosaic spread, half width"),
    ("-mosaic_domains", "-mosaic_dom", "i", "", "10 with a spread", "number of mosaic domains"),
    ("-mosaic_seed", "", "i", "", "12345678", "seed of the mosaic domains"),
    ("-N", "", "i", "cells", "1", "cells along each axis"),
    ("-Na", "", "i", "cells", "1", "cells along a"),
    ("-Nb", "", "i", "cells", "1", "cells along b"),
    ("-Nc", "", "i", "cells", "1", "cells along c"),
    ("-xtalsize", "-xtal_size -samplesize -sample_size", "f", "mm", "", "crystal size; overrides counts"),
    ("-sample_x", "-sample_thick -sample_thickness -xtal_x -xtal_thick -xtal_thickness", "f", "mm", "",
     "crystal size along a"),
    ("-sample_y", "-sample_width -xtal_y -xtal_width -width", "f", "mm", "", "crystal size along b"),
    ("-sample_z", "-sample_height -xtal_z -xtal_height -height", "f", "mm", "", "crystal size along c"),
    ("-square_xtal", "", "", "", "yes", "parallelepiped crystal: grating function"),
    ("-round_xtal", "", "", "", "", "ellipsoidal crystal"),
    ("-gauss_xtal", "", "", "", "", "Gaussian spots"),
    ("-tophat_spots", "-binary_spots", "", "", "", "top-hat spots"),
    ("-fudge", "", "f", "", "1", "shape factor of the three non-square shapes"),
    ("-density", "-sample_density", "f", "g/cm^3", "", "accepted, no effect"),
    ("-MW", "-molecular_weight", "f", "g/mol", "", "accepted, no effect"),
    ("-spindle_axis", "", "fff", "", "convention", "rotation axis; makes the convention CUSTOM"),
    ("-phi", "", "f", "deg", "0", "start of the rotation"),
    ("-osc", "", "f", "deg", "0", "rotation range"),
    ("-phistep", "", "f", "deg", "", "size of a rotation step"),
    ("-phisteps", "", "i", "", "", "number of rotation steps"),
)

STRUCTURE_FACTORS: tuple[Row, ...] = (
    ("-hkl", "-hklfile", "file", "electrons", "", "reflections: four columns h k l F"),
    ("-default_F", "", "f", "electrons", "0", "structure factor of everything not listed"),
    ("-dump", "-dumpfile", "file", "", "Fdump.bin", "binary copy of the table, written with -hkl, else read"),
    ("-interpolate", "", "", "", "auto", "tricubic interpolation between structure factors"),
    ("-nointerpolate", "", "", "", "auto", "nearest structure factor"),
    ("-stol", "", "file", "", "", "amorphous table over sin(theta)/lambda; checked, no effect"),
    ("-4stol", "", "file", "", "", "the same over 4 sin(theta)/lambda"),
    ("-Q", "", "file", "", "", "the same over Q"),
    ("-stolout", "", "file", "", "", "accepted, nothing is written"),
)

BEAM: tuple[Row, ...] = (
    ("-lambda", "-wave -wavelength", "f", "A", "1", "wavelength"),
    ("-energy", "", "f", "eV", "", "photon energy, in place of the wavelength"),
    ("-dispersion", "", "f", "percent", "0", "full width of the spectrum"),
    ("-dispsteps", "", "i", "", "", "number of wavelengths"),
    ("-divergence", "", "f", "mrad", "0", "full divergence, both directions"),
    ("-hdivrange", "", "f", "mrad", "0", "full horizontal divergence"),
    ("-vdivrange", "", "f", "mrad", "0", "full vertical divergence"),
    ("-hdivstep", "", "f", "mrad", "", "size of a horizontal step"),
    ("-vdivstep", "", "f", "mrad", "", "size of a vertical step"),
    ("-hdivsteps", "", "i", "", "", "number of horizontal steps"),
    ("-vdivsteps", "", "i", "", "", "number of vertical steps"),
    ("-divsteps", "", "i", "", "", "number of steps, both directions"),
    ("-round_div", "", "", "", "yes", "cut the divergence grid to an ellipse"),
    ("-square_div", "", "", "", "", "keep the whole divergence grid"),
    ("-sourcefile", "", "file", "", "", "list of sources: x y z weight wavelength(m)"),
    ("-fluence", "", "f", "photons/m^2", "1.2593e29", "photons per area over the exposure"),
    ("-flux", "", "f", "photons/s", "", "with -exposure and -beamsize, in place of the fluence"),
    ("-exposure", "", "f", "s", "1", "exposure time"),
    ("-beamsize", "", "f", "mm", "0.1", "beam size; also clips the crystal size"),
    ("-polar", "", "f", "", "0", "Kahn polarization factor"),
    ("-nopolar", "", "", "", "", "no polarization factor"),
    ("-beam_vector", "", "fff", "", "convention", "beam direction; makes the convention CUSTOM"),
    ("-polar_vector", "", "fff", "", "convention", "direction of the electric field; makes it CUSTOM"),
    ("-coherent", "", "", "", "", "accepted, no effect"),
    ("-water", "", "f", "um", "0", "size of the water drop that makes the background"),
)

DETECTOR: tuple[Row, ...] = (
    ("-distance", "", "f", "mm", "100", "sample to detector along the beam"),
    ("-close_distance", "", "f", "mm", "", "sample to detector along the normal; wins over -distance"),
    ("-pixel", "-pixel_size -pixelsize", "f", "mm", "0.1", "pixel size"),
    ("-detpixels", "", "i", "pixels", "from size", "pixels on both axes"),
    ("-detpixels_f", "-detpixels_x", "i", "pixels", "from size", "pixels on the fast axis"),
    ("-detpixels_s", "-detpixels_y", "i", "pixels", "from size", "pixels on the slow axis"),
    ("-detsize", "", "f", "mm", "102.4", "detector size on both axes"),
    ("-detsize_f", "", "f", "mm", "102.4", "detector size on the fast axis"),
    ("-detsize_s", "", "f", "mm", "102.4", "detector size on the slow axis"),
    ("-Xbeam", "", "f", "mm", "centre", "direct beam (MOSFLM and DENZO: slow axis)"),
    ("-Ybeam", "", "f", "mm", "centre", "direct beam (MOSFLM and DENZO: fast axis)"),
    ("-Xclose", "", "f", "mm", "centre", "point nearest to the sample, fast axis"),
    ("-Yclose", "", "f", "mm", "centre", "point nearest to the sample, slow axis"),
    ("-ORGX", "", "f", "pixels", "centre", "XDS origin, fast axis"),
    ("-ORGY", "", "f", "pixels", "centre", "XDS origin, slow axis"),
    ("-pivot", "", "sample|beam", "", "convention", "what stays fixed when the detector turns"),
    ("-mosflm", "", "", "", "yes", "MOSFLM convention"),
    ("-adxv", "", "", "", "", "ADXV convention"),
    ("-denzo", "", "", "", "", "DENZO convention"),
    ("-xds", "", "", "", "", "XDS convention"),
    ("-dials", "", "", "", "", "DIALS convention"),
    ("-fdet_vector", "", "fff", "", "convention", "fast axis; makes the convention CUSTOM"),
    ("-sdet_vector", "", "fff", "", "convention", "slow axis; makes the convention CUSTOM"),
    ("-odet_vector", "", "fff", "", "convention", "detector normal; makes the convention CUSTOM"),
    ("-twotheta_axis", "", "fff", "", "convention", "axis of the two-theta swing; makes it CUSTOM"),
    ("-pix0_vector", "", "fff", "m", "", "corner of the first pixel; makes the convention CUSTOM"),
    ("-pix0_vector_mm", "", "fff", "mm", "", "the same in millimetres"),
    ("-twotheta", "", "f", "deg", "0", "two-theta swing"),
    ("-detector_rotx", "", "f", "deg", "0", "detector rotation about x"),
    ("-detector_roty", "", "f", "deg", "0", "detector rotation about y"),
    ("-detector_rotz", "", "f", "deg", "0", "detector rotation about z"),
    ("-detector_abs", "-detector_absorb -detector_absorption", "f|inf", "um", "", "attenuation length"),
    ("-detector_thick", "", "f", "um", "0", "sensor thickness"),
    ("-detector_thicksteps", "-thicksteps", "i", "", "2 with a thickness", "number of sensor layers"),
    ("-curved_det", "-curved_detector", "", "", "", "every pixel at the same distance from the sample"),
    ("-point_pixel", "", "", "", "", "no obliquity"),
    ("-img", "", "file", "", "", "SMV image to take the geometry from"),
    ("-mask", "", "file", "", "", "SMV mask: pixels of value 0 are left out; also gives the geometry"),
    ("-roi", "", "iiii", "pixels", "all", "region of interest: fast min, max, slow min, max, inclusive"),
)

SAMPLING: tuple[Row, ...] = (
    ("-oversample", "", "i", "", "auto", "sub-pixels along each axis"),
    ("-oversample_thick", "", "", "", "", "absorption for each sub-pixel"),
    ("-oversample_polar", "", "", "", "", "polarization for each sub-pixel"),
    ("-oversample_omega", "", "", "", "", "solid angle for each sub-pixel"),
    ("-dmin", "", "f", "A", "0", "leave out spacings below this"),
    ("-printout", "", "", "", "", "print the values of every pixel"),
    ("-printout_pixel", "", "ii", "pixels", "", "print those of the pixel FAST SLOW only"),
    ("-progress", "", "", "", "yes", "show progress"),
    ("-noprogress", "", "", "", "", "no progress"),
    ("-seed", "", "i", "", "clock", "seed of the noise image"),
)

OUTPUT: tuple[Row, ...] = (
    ("-floatfile", "-floatimage", "file", "", "floatimage.bin", "image as 4-byte floats"),
    ("-intfile", "-intimage", "file", "", "intimage.img", "image as SMV file"),
    ("-pgmfile", "-pgmimage", "file", "", "image.pgm", "preview"),
    ("-noisefile", "-noiseimage", "file", "", "noiseimage.img", "SMV image with photon noise"),
    ("-nonoise", "", "", "", "", "no noise image"),
    ("-nopgm", "", "", "", "", "no preview"),
    ("-scale", "", "f", "", "auto", "counts per photon of the SMV image"),
    ("-pgmscale", "", "f", "", "auto", "scale of the preview"),
    ("-adc", "-adc_offset", "f", "counts", "40", "offset of the SMV images"),
)

PARITY: tuple[Row, ...] = (
    ("--parity-mode", "-parity_mode", "c-parity|spec", "", "spec", "follow upstream's quirks or physics"),
    ("--phi-carryover-mode", "", "spec|c-parity", "", "as --parity-mode", "the quirk Q-PHI-CARRYOVER alone"),
    ("--quirk", "-quirk", "word", "", "", "switch one quirk, ID=on or ID=off; repeatable"),
    ("-dtype", "--dtype", "auto|float64|mixed|float32", "", "auto", "arithmetic of the pixel loop"),
    ("--accuracy", "-accuracy", "f", "", "1e-6", "error -dtype auto may make, of the brightest pixel"),
    ("--compile", "-compile", "auto|on|off", "", "auto", "machine code for the pixel loop, kept on disk"),
    ("--cache", "-cache", "list|clear|warm", "", "",
     "compiled code that is kept: show it, remove it, or compile for this command line; and stop"),
    ("--reproducible", "-reproducible", "", "", "",
     "the same bits whatever the cache holds: --compile off, and float64 unless -dtype is given"),
    ("--epsilon", "-epsilon", "f", "", "nothing is left out",
     "most a pixel may lose by evaluations that are left out, of the brightest pixel; not with a trace"),
    ("-device", "--device", "cpu|cuda", "", "cpu", "where the pixel loop runs"),
    ("-trace_pixel", "", "ii", "pixels", "", "trace the pixel SLOW FAST; repeatable"),
    ("-trace_roi", "", "iiii", "pixels", "", "trace the block slow min, max, fast min, max"),
    ("-trace_level", "", "setup|pixel|subpixel|source|phi|mosaic", "", "mosaic", "innermost loop to trace"),
    ("-trace_schema", "", "1|2", "", "1 in c-parity, 2 in spec", "version of the trace; 2 has more taps"),
    ("-trace_file", "", "file", "", "standard output", "where the trace goes"),
    ("-trace_only", "", "", "", "", "compute just the traced pixels and some near them; 0 elsewhere"),
    ("--list-quirks", "-list_quirks", "", "", "", "list the quirks and stop"),
    ("--version", "-version", "", "", "", "print the version and stop"),
    ("--help", "-h", "", "", "", "print this text and stop"),
)

GROUPS: dict[str, tuple[Row, ...]] = {
    "crystal": CRYSTAL,
    "structure factors": STRUCTURE_FACTORS,
    "beam": BEAM,
    "detector": DETECTOR,
    "sampling and run control": SAMPLING,
    "output": OUTPUT,
    "parity, precision and traces": PARITY,
}

# fmt: on


def _kinds(text: str) -> tuple[str, ...]:
    """Return the kinds of the values: a run of f and i is one kind a letter, anything else one kind."""
    return tuple(text) if set(text) <= {"f", "i"} else (text,)


OPTIONS: tuple[Option, ...] = tuple(
    Option(name, tuple(aliases.split()), _kinds(kinds), unit, default, text, group)
    for group, rows in GROUPS.items()
    for name, aliases, kinds, unit, default, text in rows
)
BY_SPELLING: dict[str, Option] = {word: option for option in OPTIONS for word in option.spellings}
