"""The frozen description of one run: what `resolve` makes of the options and the kernel reads.

Everything is in metres and radians; nothing is left unset. The quantities of `parameters.PARAMETERS` may be
tensors, also such that require a gradient, in place of the numbers that the types name.

Where a later stage has to decide (a distance that follows from the geometry, automatic oversampling) the
field says which value stands for "decide".
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

    `range` is the full width (for headers and the elliptic cut); unit: rad, m or 1 as the quantity has it.
    """

    first: float
    range: float
    step: float
    count: int

    def values(self) -> list[float]:
        """Return the positions of all steps, one product and one sum each (spec 04 sections 1 and 2)."""
        return [self.first + self.step * i for i in range(self.count)]


@dataclass(frozen=True)
class SourceRow:
    """One line of a source file with its defaults filled in (spec 04 section 6); position of any length."""

    position: Vec3
    weight: float
    wavelength_m: float


@dataclass(frozen=True)
class Beam:
    """The beam before its vectors are normalised (spec 01 section 4.3, 02 section 3, 04 sections 2 and 6)."""

    wavelength_m: float = 1.0e-10
    fluence_photons_per_m2: float = 125932015286227086360700780544.0
    kahn_factor: float = 0.0
    nopolar: bool = False
    direction: Vec3 = (1.0, 0.0, 0.0)
    polarization_axis: Vec3 = (0.0, 0.0, 1.0)
    hdiv_rad: Steps = Steps(0.0, 0.0, 0.0, 1)
    vdiv_rad: Steps = Steps(0.0, 0.0, 0.0, 1)
    dispersion: Steps = Steps(0.0, 0.0, 0.0, 1)
    round_divergence: bool = True
    source_rows: tuple[SourceRow, ...] = ()
    water_size_m: float = 0.0


@dataclass(frozen=True, eq=False)
class Detector:
    """The detector before rotation (spec 02); `UNSET` distances and centres were resolved by conventions.

    Fbeam_m, Sbeam_m, Fclose_m, Sclose_m are the start values of 02 section 3; Xbeam_m, Ybeam_m go to headers.
    `close_distance_m` is UNSET when it follows from `distance_m`. `pix0_m` is read when `pix0_given` and
    Q-PIX0-IGNORED is off. `mask` holds True where a pixel is kept; shape [0, 0] means no mask.
    `roi` is (fast_min, fast_max, slow_min, slow_max), inclusive, defaults filled in (02 section 2).
    """

    fpixels: int = 1024
    spixels: int = 1024
    pixel_size_m: float = 1.0e-4
    fsize_m: float = 0.1024
    ssize_m: float = 0.1024
    convention: Convention = "MOSFLM"
    pivot: Pivot = "BEAM"
    distance_m: float = 0.1
    close_distance_m: float = UNSET
    Xbeam_m: float = UNSET
    Ybeam_m: float = UNSET
    Fbeam_m: float = UNSET
    Sbeam_m: float = UNSET
    Fclose_m: float = UNSET
    Sclose_m: float = UNSET
    fast: Vec3 = (0.0, 0.0, 1.0)
    slow: Vec3 = (0.0, -1.0, 0.0)
    normal: Vec3 = (1.0, 0.0, 0.0)
    fast_or_slow_given: bool = False
    normal_given: bool = False
    twotheta_axis: Vec3 = (0.0, 0.0, -1.0)
    rot_rad: Vec3 = (0.0, 0.0, 0.0)
    twotheta_rad: float = 0.0
    pix0_given: bool = False
    pix0_m: Vec3 = (0.0, 0.0, 0.0)
    curved: bool = False
    point_pixel: bool = False
    thickness_m: Steps = Steps(0.0, 0.0, 0.0, 1)
    attenuation_per_m: float = -1.0
    roi: tuple[int, int, int, int] = (0, 1024, 0, 1024)
    mask: NDArray[np.bool_] = field(default_factory=lambda: np.ones((0, 0), bool))


@dataclass(frozen=True)
class Crystal:
    """The crystal as typed (spec 03): a cell, a MOSFLM matrix (9 numbers, row by row), or both.

    `has_cell` says whether `-cell` was given (lengths in Angstrom, blanks filled in); `matrix` is empty
    without `-mat`. Random missetting angles are drawn by `resolve`. `cells` are the typed counts of `-N ...`;
    `size_m` (after clipping) overrides the count of an axis where it is above 0 (03 section 6).
    `random_misset` and `misset_seed` record how the angles were drawn, for the shared generator of 07.
    """

    has_cell: bool = False
    cell_lengths_A: Vec3 = (0.0, 0.0, 0.0)
    cell_angles_rad: Vec3 = (0.0, 0.0, 0.0)
    matrix: tuple[float, ...] = ()
    misset_rad: Vec3 = (0.0, 0.0, 0.0)
    has_misset: bool = False
    random_misset: bool = False
    misset_seed: int = 0
    spindle_axis: Vec3 = (0.0, 0.0, 1.0)
    cells: tuple[int, int, int] = (1, 1, 1)
    size_m: Vec3 = (0.0, 0.0, 0.0)
    shape: Shape = "SQUARE"
    fudge: float = 1.0
    mosaic_spread_rad: float = 0.0
    mosaic_domains: int = 1
    mosaic_seed: int = -12345678
    phi_rad: Steps = Steps(0.0, 0.0, 0.0, 1)


@dataclass(frozen=True, eq=False)
class StructureFactors:
    """The dense table F[h - h_min, k - k_min, l - l_min] in electrons, without the guard planes (spec 05).

    `reflections` is the count of 05 (0: no table, every F is `default_F`). `missing` tells which entries hold
    default_F since no reflection was listed; shape [0, 0, 0] means none.
    """

    default_F: float = 0.0
    reflections: int = 0
    table: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0, 0)))
    hkl_min: tuple[int, int, int] = (0, 0, 0)
    interpolate: Literal["auto", "on", "off"] = "auto"
    missing: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0, 0), bool))


@dataclass(frozen=True)
class Sampling:
    """How a pixel is sampled (spec 01 section 4.5); `oversample` <= 0 means automatic (03 section 7)."""

    oversample: int = 0
    oversample_thick: bool = False
    oversample_polar: bool = False
    oversample_omega: bool = False
    dmin_m: float = 0.0


@dataclass(frozen=True)
class Output:
    """What the command line writes (spec 08).

    `dump_file` is the structure-factor dump to write, the empty path for none (05 section 3);
    `stolout_file` is named and never written. `printout_pixel` is (fast, slow), negative for all.
    """

    float_file: Path = field(default=Path("floatimage.bin"), metadata={OPTION: "-floatfile"})
    int_file: Path = field(default=Path("intimage.img"), metadata={OPTION: "-intfile"})
    pgm_file: Path = field(default=Path("image.pgm"), metadata={OPTION: "-pgmfile"})
    noise_file: Path = field(default=Path("noiseimage.img"), metadata={OPTION: "-noisefile"})
    dump_file: Path = Path()
    stolout_file: Path = Path()
    write_pgm: bool = True
    write_noise: bool = True
    scale: float = 0.0
    pgm_scale: float = 0.0
    adc: float = 40.0
    noise_seed: int = -1
    printout: bool = False
    printout_pixel: tuple[int, int] = (-1, -1)
    progress: bool = True


@dataclass(frozen=True)
class Trace:
    """Which pixels to trace (slow, fast) and where to write (spec 12); an empty path is standard output.

    `wanted` says whether there is a trace at all; without pixels it holds the set-up taps. With `only` just
    the neighbourhood of the pixels is computed, in the state of the whole run; the image is 0 elsewhere.
    """

    wanted: bool = False
    pixels: tuple[tuple[int, int], ...] = ()
    level: str = "mosaic"
    file: Path = Path()
    only: bool = False


@dataclass(frozen=True)
class Compute:
    """How the kernel computes; images never depend on it beyond the accuracy.

    accuracy: error that `precision` auto may make, as a fraction of the brightest pixel; compile: whether the
    stages of the kernel are compiled, auto where they are in the cache or the work is worth it; epsilon: what
    a pixel may lose by evaluations that are left out, as a fraction of the brightest pixel, 0 for none;
    block_elements: evaluations of one call that is not compiled, 0 for what suits the device.
    """

    precision: Precision = "auto"
    accuracy: float = 1.0 / 1_000_000
    compile: Compile = "auto"
    device: str = "cpu"
    block_elements: int = 0
    epsilon: float = 0.0


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

        Args: args, the words after the program name; numbers and paths count as words, exactly.
        Raises: InputError for anything spec 01 calls an error. Source: spec 01.
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
