"""The frozen description of one run: what `resolve` makes of the options and the kernel reads.

Everything is in metres and radians. The quantities of `limits.parameter_table.PARAMETERS` may be tensors,
also such that require a gradient, in place of the numbers that the types name.

No field is None. "Nothing" has one word for each type: `UNSET` (NaN) in a float, the empty tuple or array
in a list, the empty path for a file that is not written. Where a later stage decides, the field says which
value asks it to: "auto", or a number that has no meaning of its own (0 or less). Whether something was
typed at all, where that changes what a number means, stands in a field of its own (`has_cell`,
`pix0_given`). On the command line, before there is a configuration, what was not typed is None; in
messages, nothing is the empty text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.from_args import read
from simulator.quirks import Quirks
from simulator.untraced import untraced

Vec3 = tuple[float, float, float]
Convention = Literal["ADXV", "MOSFLM", "DENZO", "XDS", "DIALS", "CUSTOM"]
Pivot = Literal["BEAM", "SAMPLE"]
Shape = Literal["SQUARE", "ROUND", "GAUSS", "TOPHAT"]
Precision = Literal["auto", "float64", "mixed", "float32"]
Compile = Literal["auto", "on", "off"]

UNSET = math.nan
"""Stands for "follows from the rest" in a float field; test with `math.isnan`."""
OPTION = "option"
"""In the metadata of a field for an output file: the option that names it."""


@dataclass(frozen=True)
class Steps:
    """A sampled quantity after the tables of spec 04: step i lies at `first + step * i`, i < count.

    Its unit is that of the quantity: rad, m or 1.
    """

    first: float
    range: float
    """Full width, for headers and the elliptic cut."""
    step: float
    count: int

    def values(self) -> list[float]:
        """Return the positions of all steps, one product and one sum each (spec 04 sections 1 and 2)."""
        return [self.first + self.step * i for i in range(self.count)]


@dataclass(frozen=True)
class SourceRow:
    """One line of a source file with its defaults filled in (spec 04 section 6)."""

    position: Vec3
    """Of any length above 0, m."""
    weight: float
    wavelength_m: float


@dataclass(frozen=True)
class Beam:
    """The beam before its vectors are normalised (spec 01 section 4.3, 02 section 3, 04 sections 2 and 6)."""

    wavelength_m: float = 1.0e-10
    fluence_photons_per_m2: float = 125932015286227086360700780544.0
    kahn_factor: float = 0.0
    """Degree of polarization, -1 to 1."""
    nopolar: bool = False
    """Whether the polarization factor is left out."""
    direction: Vec3 = (1.0, 0.0, 0.0)
    polarization_axis: Vec3 = (0.0, 0.0, 1.0)
    """Direction of the electric field."""
    hdiv_rad: Steps = Steps(0.0, 0.0, 0.0, 1)
    """Horizontal divergence."""
    vdiv_rad: Steps = Steps(0.0, 0.0, 0.0, 1)
    """Vertical divergence."""
    dispersion: Steps = Steps(0.0, 0.0, 0.0, 1)
    """Relative shift of the wavelength."""
    round_divergence: bool = True
    """Whether the grid of divergences is cut to an ellipse."""
    source_rows: tuple[SourceRow, ...] = ()
    """In place of divergence and dispersion; empty without a source file."""
    water_size_m: float = 0.0
    """Edge of the cube of water that scatters the background."""


@dataclass(frozen=True, eq=False)
class Detector:
    """The detector before rotation (spec 02); distances and centres were resolved by conventions."""

    fpixels: int = 1024
    """Pixels along the fast axis."""
    spixels: int = 1024
    """Pixels along the slow axis."""
    pixel_size_m: float = 1.0e-4
    fsize_m: float = 0.1024
    ssize_m: float = 0.1024
    convention: Convention = "MOSFLM"
    pivot: Pivot = "BEAM"
    """What stays in place when the detector turns."""
    distance_m: float = 0.1
    """From sample to detector along the beam."""
    close_distance_m: float = UNSET
    """From sample to detector plane; UNSET where it follows from `distance_m`."""
    Xbeam_m: float = UNSET
    """For headers only, as is `Ybeam_m`."""
    Ybeam_m: float = UNSET
    Fbeam_m: float = UNSET
    """Direct beam along the fast axis, before rotation (02 section 3)."""
    Sbeam_m: float = UNSET
    """Direct beam along the slow axis."""
    Fclose_m: float = UNSET
    """Point nearest to the sample, along the fast axis."""
    Sclose_m: float = UNSET
    """Point nearest to the sample, along the slow axis."""
    fast: Vec3 = (0.0, 0.0, 1.0)
    slow: Vec3 = (0.0, -1.0, 0.0)
    normal: Vec3 = (1.0, 0.0, 0.0)
    fast_or_slow_given: bool = False
    normal_given: bool = False
    twotheta_axis: Vec3 = (0.0, 0.0, -1.0)
    rot_rad: Vec3 = (0.0, 0.0, 0.0)
    """About x, y and z."""
    twotheta_rad: float = 0.0
    pix0_given: bool = False
    pix0_m: Vec3 = (0.0, 0.0, 0.0)
    """Corner of the first pixel; read where `pix0_given` and Q-PIX0-IGNORED is off."""
    curved: bool = False
    """Whether every pixel is at the same distance from the sample."""
    point_pixel: bool = False
    """Whether the obliquity is left out of the solid angle."""
    thickness_m: Steps = Steps(0.0, 0.0, 0.0, 1)
    """Layers of the sensor."""
    attenuation_per_m: float = -1.0
    """Of the sensor; below 0 where none was given."""
    roi: tuple[int, int, int, int] = (0, 1024, 0, 1024)
    """(fast_min, fast_max, slow_min, slow_max) of the region of interest, bounds included (02 section 2)."""
    mask: NDArray[np.bool_] = field(default_factory=lambda: np.ones((0, 0), bool))
    """True where a pixel is kept [slow, fast]; [0, 0] without a mask."""


@dataclass(frozen=True)
class Crystal:
    """The crystal as typed (spec 03): a cell, a MOSFLM matrix, or both."""

    has_cell: bool = False
    """Whether `-cell` was given."""
    cell_lengths_A: Vec3 = (0.0, 0.0, 0.0)
    """Blanks are filled in."""
    cell_angles_rad: Vec3 = (0.0, 0.0, 0.0)
    matrix: tuple[float, ...] = ()
    """Nine numbers, row by row; empty without `-mat`."""
    misset_rad: Vec3 = (0.0, 0.0, 0.0)
    """Turns about x, y, z, typed or drawn."""
    has_misset: bool = False
    random_misset: bool = False
    """Whether the angles were drawn; then the shared generator of 07 has moved on."""
    misset_seed: int = 0
    spindle_axis: Vec3 = (0.0, 0.0, 1.0)
    cells: tuple[int, int, int] = (1, 1, 1)
    """Na, Nb, Nc as typed."""
    size_m: Vec3 = (0.0, 0.0, 0.0)
    """After clipping; overrides the count of an axis where it is above 0 (03 section 6)."""
    shape: Shape = "SQUARE"
    fudge: float = 1.0
    """Shape factor of all shapes but SQUARE."""
    mosaic_spread_rad: float = 0.0
    """Half width."""
    mosaic_domains: int = 1
    mosaic_seed: int = -12345678
    phi_rad: Steps = Steps(0.0, 0.0, 0.0, 1)
    """Rotation about the spindle."""


@dataclass(frozen=True, eq=False)
class StructureFactors:
    """The table of structure factors, without the guard planes (spec 05)."""

    default_F: float = 0.0
    """Of everything that is not listed, electrons."""
    reflections: int = 0
    """The count of 05; 0 without a table, where every F is `default_F`."""
    table: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0, 0)))
    """F[h - h_min, k - k_min, l - l_min] in electrons."""
    hkl_min: tuple[int, int, int] = (0, 0, 0)
    interpolate: Literal["auto", "on", "off"] = "auto"
    missing: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0, 0), bool))
    """Which entries hold `default_F` since no reflection was listed; [0, 0, 0] for none."""


@dataclass(frozen=True)
class Sampling:
    """How a pixel is sampled (spec 01 section 4.5)."""

    oversample: int = 0
    """Sub-pixels a side; 0 or less for automatic (03 section 7)."""
    oversample_thick: bool = False
    """Absorption for each sub-pixel."""
    oversample_polar: bool = False
    """Polarization for each sub-pixel."""
    oversample_omega: bool = False
    """Solid angle for each sub-pixel."""
    dmin_m: float = 0.0
    """Spacings below are left out."""


@dataclass(frozen=True)
class Output:
    """What the command line writes and prints (spec 08)."""

    float_file: Path = field(default=Path("floatimage.bin"), metadata={OPTION: "-floatfile"})
    int_file: Path = field(default=Path("intimage.img"), metadata={OPTION: "-intfile"})
    pgm_file: Path = field(default=Path("image.pgm"), metadata={OPTION: "-pgmfile"})
    noise_file: Path = field(default=Path("noiseimage.img"), metadata={OPTION: "-noisefile"})
    dump_file: Path = Path()
    """The structure-factor dump to write, the empty path for none (05 section 3)."""
    stolout_file: Path = Path()
    """Is named and never written."""
    write_pgm: bool = True
    write_noise: bool = True
    scale: float = 0.0
    """Counts per photon of the integer image; 0 or less for automatic."""
    pgm_scale: float = 0.0
    """Shades per photon of the preview; 0 or less for automatic."""
    adc: float = 40.0
    """Offset of integer and noise image, counts."""
    noise_seed: int = -1
    printout: bool = False
    """Whether the values of pixels are printed."""
    printout_pixel: tuple[int, int] = (-1, -1)
    """(fast, slow) of the only pixel to print, negative for all."""
    progress: bool = True


@dataclass(frozen=True)
class Trace:
    """Which pixels to trace and where to write (spec 12)."""

    wanted: bool = False
    """Whether there is a trace at all; without pixels it holds the set-up taps."""
    pixels: tuple[tuple[int, int], ...] = ()
    """(slow, fast)"""
    level: str = "mosaic"
    """Innermost loop to trace."""
    schema: int = 2
    """Version of the format: 1 has the taps of upstream's traces, 2 all."""
    file: Path = Path()
    """The empty path is standard output."""
    only: bool = False
    """Compute the pixels and some near them only, in the state of the whole run; the image is 0 elsewhere."""


@dataclass(frozen=True)
class Compute:
    """How the kernel computes; images never depend on it beyond the accuracy."""

    precision: Precision = "auto"
    accuracy: float = 1.0 / 1_000_000
    """Error that `precision` auto may make, as a fraction of the brightest pixel."""
    compile: Compile = "auto"
    """Whether the stages of the kernel are compiled; auto: where they are in the cache or it is worth it."""
    device: str = "cpu"
    block_elements: int = 0
    """Evaluations of one call that is not compiled, 0 for what suits the device."""
    epsilon: float = 0.0
    """What a pixel may lose by evaluations left out, as a fraction of the brightest pixel; 0 for none."""


@dataclass(frozen=True, eq=False)
class RunConfig:
    """Everything one run needs; made by `resolve.resolve` or by hand, read by `image.render`."""

    beam: Beam = Beam()
    detector: Detector = field(default_factory=Detector)
    crystal: Crystal = Crystal()
    structure_factors: StructureFactors = field(default_factory=StructureFactors)
    sampling: Sampling = Sampling()
    output: Output = Output()
    trace: Trace = Trace()
    compute: Compute = Compute()
    quirks: Quirks = field(default_factory=Quirks.spec)

    @classmethod
    @untraced
    def from_args(cls, args: Sequence[object]) -> RunConfig:
        """Return the configuration of a nanoBragg command line (without the program name).

        Args:
            args: the words after the program name; numbers and paths count as words, exactly.

        Raises:
            InputError: for anything spec 01 calls an error.

        Source: spec 01.
        """
        config: RunConfig = read(args)
        return config


def check_epsilon(epsilon: float) -> None:
    """Raise InputError unless this is a fraction of the maximum that a pixel may lose."""
    if not 0.0 < epsilon < 1.0:
        raise InputError(
            f"--epsilon {epsilon:g}: must be above 0 and below 1, the fraction of the maximum that a pixel"
            " may lose"
        )
