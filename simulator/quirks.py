"""The registry of differences between upstream nanoBragg and the physics (spec 09a, 09b).

A *switchable* quirk follows upstream in parity mode `c-parity` and the physics in `spec`, and can be set singly.
The others behave the same in both modes: `upstream` ones always as upstream, `sane` ones never.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from simulator.errors import InputError

ParityMode = Literal["c-parity", "spec"]
PARITY_MODES: tuple[ParityMode, ...] = ("c-parity", "spec")


@dataclass(frozen=True)
class Quirk:
    """One row of 09a or 09b: its id, what upstream does, what spec mode does, and whether it can be switched."""

    id: str
    kind: Literal["switchable", "upstream", "sane"]
    upstream: str
    sane: str


def _rows(kind: Literal["switchable", "upstream", "sane"], text: str) -> list[Quirk]:
    """Return the quirks of lines `ID | what upstream does | what the other side does`."""
    cells = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [Quirk(row[0], kind, row[1], row[2]) for row in cells]


_SWITCHABLE = """
Q-SEED-MISSET-DEFAULT | the default misset seed is the clock | the default misset seed is -seed, else the clock
Q-PIVOT-FORCED | a named convention overrides every pivot option | -pivot counts, else a two-theta swing pivots about the sample
Q-PIX0-IGNORED | the numbers of -pix0_vector are overwritten | -pix0_vector places the first pixel
Q-RATIO-NO-TWOTHETA | final distance and beam centre leave out the two-theta swing | beam and final detector plane are intersected
Q-ODET-DISCARDED | a normal whose length is not exactly 1 gives way to f x s | a given normal is normalised, a missing one derived
Q-TWOTHETA-AXIS-NORM | the two-theta axis is not normalised | it is normalised
Q-CENTRE-IGNORED | XDS and DIALS look at ORGX and ORGY only | ORGX, Xclose, Xbeam act in this order
Q-CLOSE-BEATS-DISTANCE | a close distance from a header beats -distance | -distance beats a header's close distance
Q-HEADER-SUBSTRING | header keys are found as substrings | header keys are matched exactly
Q-HEADER-TWOTHETA | TWOTHETA of a header is not used | it sets the two-theta angle
Q-MASK-BEAM-Y | BEAM_CENTER_Y of a mask is counted from the other edge | it is read as in an image
Q-CURVED-TRANSPOSE | the curved detector turns by laboratory y and z | it turns by the fast and slow displacement
Q-PERPENDICULAR | a beam in the detector plane gives absurd distances | it is an error
Q-THICK-STEPS | n typed layers are R/(n-1) thick, at least 2 | n layers are R/n thick
Q-THICK-ABS-ORDER | no attenuation with a thickness makes the image 0 | no attenuation means no sensor
Q-PHI-CARRYOVER | a step with phi exactly 0 keeps the orientation of the step before it | phi 0 is the unrotated crystal
Q-CELL-IMPOSSIBLE | impossible cell angles are bent until they work | they are an error
Q-CELL-MAT-MIX | cell lengths on matrix directions keep the cell's volume | the volume is that of the vectors
Q-CELL-MAT-HAND | a left-handed matrix with -cell is inverted | it is an error
Q-INTERP-AUTO-ORDER | interpolation is chosen from the typed counts | it is chosen from the final counts
Q-OSC-ZERO | -osc 0 gives two equal phi steps | it gives one
Q-PHISTEP-WINS | phi step and count without a range: two steps | range = step * count
Q-DIV-ONE-RADIAN | a divergence count without a range means 1 radian, a dispersion count 100 percent | it means one step on axis
Q-DIV-STEP-WINS | divergence step and count without a range: two steps | range = step * (count - 1)
Q-STEPS-ONE | a range with count 1 takes two steps | it takes one step on axis
Q-DIV-ASYMMETRIC | a typed divergence step starts at minus half the range | the steps are centred
Q-SOURCE-WEIGHTS | source weights are ignored | terms are weighted by weight over mean weight
Q-FDUMP-STALE | an old dump file beats -default_F | a dump is read with -dump or without -default_F only
Q-INTERP-LATCH | the first index out of range ends interpolation for the run | only that evaluation takes the nearest entry
Q-INTERP-MARGIN | interpolation stops two cells before the table ends | it stops where the 64 neighbours end
Q-OVERSAMPLE-RUNNING-PRODUCT | oversample flags multiply the running sum | each term has its own factors
Q-OVERSAMPLE-THICK-NO-SENSOR | -oversample_thick without a sensor gives 0 | the capture fraction is 1
Q-NOPOLAR-OVERSAMPLE-POLAR | -oversample_polar undoes -nopolar | -nopolar holds
Q-THICK-LAST-LAYER | the sum over layers takes the last layer's capture fraction | each layer takes its own
Q-POINT-PIXEL-AREA | -point_pixel leaves out the pixel area | it leaves out the obliquity only
Q-DMIN-ZERO-POLAR | a pixel that -dmin rejects loses its background | the background stays
Q-WATER-FLUENCE-SQUARED | the background holds r_e^2*fluence twice | it holds it once
Q-WATER-STEPS | the background is divided by the number of steps | it does not depend on sampling
Q-GAUSS-WIDTH | GAUSS and TOPHAT widths scale with N^3 and the cell | they scale with 1/N along each axis
Q-SINCG-INTEGER | sin(N pi h)/sin(pi h) is noise near whole h | h - h0 is used
Q-SINC3-SMALL | the ROUND shape loses its digits for small arguments | a series is used
Q-POLAR-UNITIZE | the polarization step normalises its vectors in place | they stay as they are
Q-SEED-POSITIVE | a negative seed option continues another stream's table | the sign of a seed does not matter
Q-SEED-MODULUS | seed 2147483647 gives 0, then the sequence of seed 1 | it is an error
Q-RNG-SHARED | table, last output and spare Gaussian are shared by all streams | each stream has its own
Q-MAXI-POSITION | the maximum is placed at the last sub-pixel | it is placed at the pixel centre
Q-RMSD-MASKED | masked pixels enter rmsd as 0 | they are left out
Q-SUMSQ-FLOAT | squares for rms are rounded to 4 bytes | they are not
Q-SOLID-ANGLE-PRINT | the printed solid angle is divided by all steps | it is divided by what was summed
Q-INT-FLOAT-FLOOR | pixel values are rounded to 4 bytes before the floor | they are not
Q-HEADER-SEMICOLON | DIALS_ORIGIN ends without a semicolon | it ends with one
Q-HEADER-OVERFLOW | a header beyond 512 bytes shifts the pixels | the header grows by 512 bytes
Q-NOISE-TRUNC | photons plus adc are truncated | they are rounded
Q-NOISE-NEGATIVE | negative noise pixels wrap to large ones | they are 0
Q-PRINTOUT-ANGLE | the printout assumes a beam along +x | it uses the beam
Q-PGM-NO-OFFSET | the preview has no lower limit | its lower limit is 0
"""

_UPSTREAM = """
Q-CLI-PRINTOUT-PIXEL | -printout_pixel switches -printout on | kept: convenient
Q-CLI-IGNORED | density, molecular weight, coherent, stolout have no effect | kept, with a warning
Q-DETSIZE-OVERRIDDEN | -detsize gives way to a pixel count | kept: a rule
Q-DIALS-ORIGIN | the header's DIALS origin maps (x, y, z) to (z, y, -x) always | kept: header only
Q-SMV-SWAP | pixel bytes of SMV files are never swapped | kept: zero stays zero
Q-MISSET-RANDOM | a random orientation is a cap rotation of 90 radians | kept: a seed means the same orientation
Q-UMAT-GIMBAL | the gimbal-lock angles are right for one of two cases | kept: never met
Q-MAT-LAMBDA | a matrix file is always divided by the wavelength | kept: documented
Q-N-CLAMP | cell counts below 1 become 1 | kept
Q-BEAMSIZE-CLIP | sample sizes b and c are clipped to the beam size | kept, with a warning
Q-MOSAIC-ALIGNED | domain 0 is always aligned | kept
Q-PHI-STEP-START | each phi step is sampled at its start | kept: documented
Q-DIVSTEPS-PRINT | with a source file -1 divergence steps are printed | wording is free
Q-FDUMP-DEFAULT | dump entries keep the default_F of the run that wrote them | kept
Q-STOL-UNUSED | amorphous tables are read and not used | kept, with a warning
Q-CACHE-FIRST | solid angle, polarization, capture are those of the first sub-pixel | kept: a documented approximation
Q-MOSAIC-LAB-FRAME | mosaic rotations act in the laboratory frame after phi | kept: isotropic
Q-OMP | the thread count changes upstream's image | kept: the single-thread result
Q-MOSAIC-RIM | mosaic angles pile up at the spread | kept: the model's definition
Q-MOSAIC-FLOAT | mosaic spread and angle are 4-byte floats | kept: same seed, same domains
Q-SEED-CLOCK | the default noise seed is the clock | kept
Q-ROI-NO-ADC | pixels outside the ROI are 0 without the adc offset | kept: marks "not simulated"
Q-NOISE-ROI | the noise of a pixel depends on ROI and mask | kept
Q-PROGRESS-COUNT | progress is counted against bounds one past the edge | wording is free
"""

_SANE = """
Q-CLI-SUBSTRING | options are found anywhere inside an argument | exact names
Q-CLI-SILENT-UNKNOWN | unknown options are ignored | error
Q-CLI-LENIENT-NUMBERS | text reads as 0 | error
Q-CLI-MISSET-SEED | -misset_seed also sets the angles | it sets the seed only
Q-CLI-TWOTHETA-AXIS | -twotheta_axis also sets the angle | it sets the axis only
Q-CLI-CURVED-LAST | -curved_det as last argument is ignored | a switch needs no value
Q-CLI-DETECTOR-CRASH | some detector options crash as last argument | error
Q-IMG-MISSING | a missing -img or -mask file is ignored | error
Q-MASK-SIZE | a mask of another size is misread | error
Q-MAT-MISSING | a missing matrix file is ignored | error
Q-PHI-ZERO-STEPS | -osc 0 with a step size gives no step and NaN | one step
Q-SOURCEFILE-EOL | a last line without newline loses its defaults | defaults; error for text
Q-STEPS-OVERFLOW | the number of steps overflows 32 bits | exact
Q-HKL-FLOAT-INDEX | the first index written with a point ends the reading | 1.0 is accepted, 1.5 an error
Q-HKL-FORMAT | numbers are taken in fours whatever the lines | four columns a line, else error
Q-FDUMP-WHITESPACE | a first byte that is white space shifts the dump | read exactly
Q-INTEGRAL-FORM | a branch that no option reaches | left out
"""

REGISTRY: Mapping[str, Quirk] = {
    quirk.id: quirk
    for quirk in _rows("switchable", _SWITCHABLE) + _rows("upstream", _UPSTREAM) + _rows("sane", _SANE)
}
SWITCHABLE = frozenset(quirk.id for quirk in REGISTRY.values() if quirk.kind == "switchable")


@dataclass(frozen=True)
class Quirks:
    """The set of switchable quirks that are on; the empty set is spec mode."""

    active: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def spec(cls) -> Quirks:
        """Return spec mode: every switchable quirk off."""
        return cls(frozenset())

    @classmethod
    def c_parity(cls) -> Quirks:
        """Return c-parity mode: every switchable quirk on."""
        return cls(SWITCHABLE)

    @classmethod
    def of_mode(cls, mode: str) -> Quirks:
        """Return the quirks of a parity mode. Raises: InputError for another word. Source: 01 section 4.7."""
        if mode not in PARITY_MODES:
            raise InputError(f"--parity-mode '{mode}': unknown mode; give c-parity or spec")
        return cls.c_parity() if mode == "c-parity" else cls.spec()

    def __contains__(self, quirk_id: str) -> bool:
        """Return whether a switchable quirk is on; a wrong id is a programming error."""
        if quirk_id not in SWITCHABLE:
            raise KeyError(quirk_id)
        return quirk_id in self.active

    def switched(self, quirk_id: str, on: bool) -> Quirks:
        """Return these quirks with one of them on or off.

        Raises: InputError for an unknown id (names the nearest) or a quirk that both modes treat alike.
        Source: spec 01 section 4.7.
        """
        quirk = REGISTRY.get(quirk_id)
        if quirk is None:
            near = difflib.get_close_matches(quirk_id, REGISTRY, n=1, cutoff=0.0)[0]
            raise InputError(f"--quirk '{quirk_id}': unknown quirk; nearest is {near} (see --list-quirks)")
        if quirk.kind == "switchable":
            return Quirks(self.active | {quirk_id} if on else self.active - {quirk_id})
        if on != (quirk.kind == "upstream"):
            state = "on" if quirk.kind == "upstream" else "off"
            raise InputError(f"--quirk {quirk_id}: always {state} in both modes; leave the option out")
        return self


def switch_of(text: str) -> tuple[str, bool]:
    """Return (id, on) of the word `ID=on` or `ID=off`.

    Raises: InputError if the word has another form. Source: spec 01 section 4.7.
    """
    quirk_id, _, state = text.partition("=")
    if state not in ("on", "off"):
        raise InputError(f"--quirk '{text}': give ID=on or ID=off")
    return quirk_id, state == "on"
