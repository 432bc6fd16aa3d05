"""The range of every numeric option: what is refused, and what only earns a warning (spec 01 section 2).

The C reference has the same table in `value_table.c`; a test holds the two together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

LARGEST_COUNT = 1 << 24
"""Of sources, of orientations (phi steps times mosaic domains) and of sensor layers."""
LARGEST_PIXELS = 1 << 30
"""Of a detector."""
LARGEST_EVALUATIONS = 10**12
"""Pixels times sources, phi steps, mosaic domains, sub-pixels and layers of one run."""
FLATTEST_CELL = 2.0**-30
"""Least volume of a cell over the product of its edges: below, only rounding spans it."""
GRAZING = 2.0**-30
"""Cosine between beam and detector normal, below which distance and beam centre are rounding."""
SMALLEST_TEXT = "1e-60"
SMALLEST = float(SMALLEST_TEXT)
"""A number other than 0 that is nearer to 0 than this cannot be meant; its square would be lost."""

# columns: place; unit; whether 0 is allowed; least, most; least, most without a warning; what a value below
# the last two columns is called. A place is an option, or an option and what its numbers are.
_TEXT = """
-cell length a       | A           | no  | 1e-3        | 1e7        | 1    | 1e4   | is unusually small
-cell length b or c  | A           | yes | -1e7        | 1e7        | 0    | 1e4   | counts as a
-cell angle          | deg         | yes | -360        | 180        | 0    | 180   | counts as 90
-misset              | deg         | yes | -1e6        | 1e6        | -360 | 360   | is unusually large
-mosaic              | deg         | yes | -360        | 360        | 0    | 90    | counts as not given
-mosaic_domains      |             | yes | -2147483647 | 16777216   | 0    | 1e5   | counts as not given
-N                   | cells       | yes | -2147483647 | 2147483647 | 1    | 1e6   | counts as 1
-Na                  | cells       | yes | -2147483647 | 2147483647 | 1    | 1e6   | counts as 1
-Nb                  | cells       | yes | -2147483647 | 2147483647 | 1    | 1e6   | counts as 1
-Nc                  | cells       | yes | -2147483647 | 2147483647 | 1    | 1e6   | counts as 1
-xtalsize            | mm          | yes | -1e6        | 1e6        | 0    | 10    | counts as not given
-sample_x            | mm          | yes | -1e6        | 1e6        | 0    | 10    | counts as not given
-sample_y            | mm          | yes | -1e6        | 1e6        | 0    | 10    | counts as not given
-sample_z            | mm          | yes | -1e6        | 1e6        | 0    | 10    | counts as not given
-fudge               |             | yes | -1e6        | 1e6        | 1e-3 | 1e3   | is unusually small
-phi                 | deg         | yes | -1e6        | 1e6        | -360 | 360   | is unusually large
-osc                 | deg         | yes | -1e6        | 1e6        | 0    | 360   | counts as not given
-phistep             | deg         | yes | -1e6        | 1e6        | 0    | 360   | counts as not given
-phisteps            |             | yes | -2147483647 | 16777216   | 0    | 1e5   | counts as not given
-default_F           | electrons   | yes | -1e100      | 1e100      | 0    | 1e7   | is negative
-lambda              | Angstrom    | no  | 1e-6        | 1e6        | 0.16 | 20    | is unusually short
-energy              | eV          | no  | 1e-2        | 1e10       | 620  | 77500 | is unusually low
-dispersion          | percent     | yes | -199        | 199        | 0    | 50    | is negative
-dispsteps           |             | yes | -2147483647 | 16777216   | 0    | 1e5   | counts as not given
-divergence          | mrad        | yes | -6284       | 6284       | 0    | 500   | counts as not given
-hdivrange           | mrad        | yes | -6284       | 6284       | 0    | 500   | counts as not given
-vdivrange           | mrad        | yes | -6284       | 6284       | 0    | 500   | counts as not given
-hdivstep            | mrad        | yes | -6284       | 6284       | 0    | 500   | counts as not given
-vdivstep            | mrad        | yes | -6284       | 6284       | 0    | 500   | counts as not given
-hdivsteps           |             | yes | -2147483647 | 16777216   | 0    | 1e5   | counts as not given
-vdivsteps           |             | yes | -2147483647 | 16777216   | 0    | 1e5   | counts as not given
-divsteps            |             | yes | -2147483647 | 16777216   | 0    | 1e5   | counts as not given
-fluence             | photons/m^2 | yes | 0           | 1e60       | 1e-9 | 1e45  | leaves no photons
-flux                | photons/s   | yes | 0           | 1e60       | 0    | 1e45  | is negative
-exposure            | s           | yes | -1e12       | 1e12       | 0    | 1e7   | is negative
-beamsize            | mm          | yes | -1e6        | 1e6        | 0    | 1e3   | counts as unknown
-polar               |             | yes | -1          | 1          | -1   | 1     | is negative
-water               | micrometre  | yes | 0           | 1e7        | 0    | 1e5   | is negative
-distance            | mm          | no  | -1e9        | 1e9        | 1    | 1e5   | is unusually small
-close_distance      | mm          | no  | -1e9        | 1e9        | 1    | 1e5   | is unusually small
-pixel               | mm          | no  | 1e-6        | 1e4        | 1e-3 | 10    | is unusually small
-detpixels           | pixels      | yes | -2147483647 | 2147483647 | 0    | 1e5   | is negative
-detpixels_f         | pixels      | yes | -2147483647 | 2147483647 | 0    | 1e5   | is negative
-detpixels_s         | pixels      | yes | -2147483647 | 2147483647 | 0    | 1e5   | is negative
-detsize             | mm          | yes | -1e7        | 1e7        | 0    | 1e4   | is negative
-detsize_f           | mm          | yes | -1e7        | 1e7        | 0    | 1e4   | is negative
-detsize_s           | mm          | yes | -1e7        | 1e7        | 0    | 1e4   | is negative
-Xbeam               | mm          | yes | -1e9        | 1e9        | -1e4 | 1e4   | is unusually large
-Ybeam               | mm          | yes | -1e9        | 1e9        | -1e4 | 1e4   | is unusually large
-Xclose              | mm          | yes | -1e9        | 1e9        | -1e4 | 1e4   | is unusually large
-Yclose              | mm          | yes | -1e9        | 1e9        | -1e4 | 1e4   | is unusually large
-ORGX                | pixels      | yes | -1e9        | 1e9        | -1e6 | 1e6   | is unusually large
-ORGY                | pixels      | yes | -1e9        | 1e9        | -1e6 | 1e6   | is unusually large
-pix0_vector         | metres      | yes | -1e6        | 1e6        | -100 | 100   | is unusually large
-pix0_vector_mm      | mm          | yes | -1e9        | 1e9        | -1e5 | 1e5   | is unusually large
-twotheta            | deg         | yes | -1e6        | 1e6        | -360 | 360   | is unusually large
-detector_rotx       | deg         | yes | -1e6        | 1e6        | -360 | 360   | is unusually large
-detector_roty       | deg         | yes | -1e6        | 1e6        | -360 | 360   | is unusually large
-detector_rotz       | deg         | yes | -1e6        | 1e6        | -360 | 360   | is unusually large
-detector_abs        | micrometre  | yes | 0           | 1e12       | 0    | 1e7   | is negative
-detector_thick      | micrometre  | yes | -1e9        | 1e9        | 0    | 1e6   | counts as not given
-detector_thicksteps |             | yes | -2147483647 | 16777216   | 0    | 1e5   | counts as not given
-oversample          |             | yes | -2147483647 | 10000      | 0    | 1000  | counts as not given
-dmin                | Angstrom    | yes | -1e9        | 1e9        | 0    | 1e3   | counts as not given
-scale               |             | yes | -1e100      | 1e100      | 0    | 1e30  | counts as not given
-pgmscale            |             | yes | -1e100      | 1e100      | 0    | 1e30  | counts as not given
-adc                 | counts      | yes | -1e9        | 1e9        | -1e6 | 65535 | is unusually low
"""

AXES = ("-spindle_axis", "-beam_vector", "-polar_vector", "-fdet_vector", "-sdet_vector", "-twotheta_axis")
"""Directions, which need a length; the three numbers of `-odet_vector` may be 0 (spec 02 section 4)."""
NORMAL = "-odet_vector"
LARGEST_COMPONENT = float("1e60")

FREE = (
    "-density", "-MW", "-misset_seed", "-mosaic_seed", "-seed", "-roi", "-printout_pixel", "-trace_pixel",
    "-trace_roi", "--accuracy", "--epsilon",
)  # fmt: skip
"""Numeric options without a row: no effect, any whole number, or a rule of their own."""


@dataclass(frozen=True)
class Range:
    """Which numbers of one place are accepted, and which of them without a warning; in the unit typed."""

    place: str
    unit: str
    zero: bool
    least: float
    most: float
    usual_least: float
    usual_most: float
    below: str

    def problem(self, value: float) -> str:
        """Return the rule that a number breaks, the empty string for none."""
        unit = f" {self.unit}" if self.unit else ""
        if math.isnan(value):
            return "must be a number"
        if value == 0.0 and not self.zero:
            return "must not be 0" + (f"; the unit is{unit}" if unit else "")
        if value < self.least:
            return f"must be at least {self.least:.10g}{unit}"
        if value > self.most:
            return f"must be at most {self.most:.10g}{unit}"
        return "" if self.zero else self.tiny(value)

    def tiny(self, value: float) -> str:
        """Return the rule that a number too near to 0 breaks, the empty string for none."""
        if value == 0.0 or abs(value) >= SMALLEST:
            return ""
        return f"nearer to 0 than {SMALLEST_TEXT}; give {'0 or ' if self.zero else ''}a larger number"

    def doubt(self, value: float) -> str:
        """Return what is odd about an accepted number, the empty string for nothing."""
        unit = f"; the unit is {self.unit}" if self.unit else ""
        if value < self.usual_least:
            return self.below + unit
        return f"is unusually large{unit}" if value > self.usual_most else ""


def _rows() -> dict[str, Range]:
    found = {}
    for line in _TEXT.strip().splitlines():
        place, unit, zero, *numbers, below = (word.strip() for word in line.split("|"))
        least, most, usual_least, usual_most = map(float, numbers)
        found[place] = Range(place, unit, zero == "yes", least, most, usual_least, usual_most, below)
    return found


RANGES: dict[str, Range] = _rows()


def range_of(option: str, index: int) -> Range | None:
    """Return the range of the number at a place behind an option, None where any is accepted."""
    if option != "-cell":
        return RANGES.get(option)
    part = "length a" if index == 0 else "length b or c" if index < 3 else "angle"
    return RANGES[f"-cell {part}"]


def axis_problem(option: str, vector: tuple[float, float, float]) -> str:
    """Return the rule that the three numbers of an axis break, the empty string for none."""
    size = max(abs(part) for part in vector)
    if not (math.isfinite(size) and size <= LARGEST_COMPONENT):
        return f"give components of at most {LARGEST_COMPONENT:g}"
    if size < SMALLEST and (option != NORMAL or size > 0.0):
        return "the axis has no length; give a direction, of any length above 0"
    return ""
