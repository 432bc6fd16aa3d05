"""Relations with a number in them that theory gives: command lines of their own, whatever the base.

One free electron (F = 1, one cell) scatters the Thomson cross-section: with r_e^2 times the fluence 1, as the
default fluence has it, 8 pi/3 photons into the sphere, and 4 pi without the polarization factor. Two of the
six faces of a cube around it stand for all. The square crystal scatters, in the mean over one period of its
indices, as many times one cell as it has cells.
"""

from __future__ import annotations

import math

import numpy as np

from harness.arrays import Reals
from harness.invariants.relations.command_line import CommandLine
from harness.invariants.relations.relation import (
    Equality,
    Images,
    LinesByName,
    Made,
    Relation,
    Sameness,
    Situation,
    one,
    sum_is,
)

FACE_PX = 64
FACE = (
    "-cell 50 60 70 90 90 90 -default_F 1 -N 1 -lambda 1 -oversample 1 -xds -close_distance 100 -phi 0 "
    f"-osc 1 -phisteps 1 -detpixels {FACE_PX} -pixel {200 / FACE_PX}"
)
SPHERE_BOUND = 3e-4
"""Midpoint rule on 64 x 64 pixels of a face: 8e-5 for solid angle and polarization."""
PERIOD_PX = 12
PERIODS = 2
CELLS = (5, 3)
SMALL_ANGLE = (
    f"-cell 100 1e6 1e6 90 90 90 -default_F 1 -Na 1 -Nb {CELLS[0]} -Nc {CELLS[1]} -lambda 1 -distance 1000 "
    f"-oversample 1 -nopolar -detpixels {PERIOD_PX * PERIODS} -pixel {1e-3 / PERIOD_PX!r} -denzo "
    "-Xbeam 2e-4 -Ybeam 1e-4 -phi 0 -osc 1 -phisteps 1"
)
PERIOD_BOUND = 1e-6
THICK = (
    "-cell 50 60 70 90 90 90 -default_F 1 -N 1 -lambda 1 -oversample 1 -distance 60 -detpixels 8 -pixel 9 "
    "-phi 0 -osc 1 -phisteps 1"
)
TIE = (
    "-cell 100 100 7.5 90 90 90 -lambda 1 -distance 80 -detpixels 1 -pixel 120 -Ybeam -60 -Xbeam 0 "
    "-Na 1 -Nb 5 -Nc 5 -oversample 1 -nointerpolate -default_F 0 -phi 0 -osc 1 -phisteps 1"
)
"""Its one pixel has the indices -20, 0 and four and a half, exactly."""
DOMAIN = (
    "-lambda 1 -distance 100 -detpixels 12 -pixel 1.5 -default_F 10 -Na 6 -Nb 5 -Nc 7 -oversample 1 -osc 1 "
    "-phisteps 1"
)
RECIPROCAL = ((0.0125, 0.0022, -0.0031), (-0.0017, 0.0148, 0.0012), (0.0024, 0.0009, 0.0131))
SECOND_DOMAIN = (
    (0.99996592089784464, -0.0079751680914580177, 0.0021339486494309119),
    (0.0079761872189555976, 0.99996807949662869, -0.0004694946988297568),
    (-0.0021301362335746331, 0.00048649947281547405, 0.99999761291609557),
)
"""Rotation of the second mosaic domain, half a degree of spread and the default seed: spec 07."""
SENSOR_BOUND = 1e-6
"""Ratios of two images, each rounded to 4 bytes, squared."""


def _words(text: str, *more: str) -> CommandLine:
    return CommandLine((*text.split(), *(word for part in more for word in part.split())))


def _faces(_s: Situation) -> LinesByName:
    return {
        "ahead": _words(FACE),
        "aside": _words(FACE, "-twotheta 90"),
        "ahead, no polarization": _words(FACE, "-nopolar"),
        "aside, no polarization": _words(FACE, "-twotheta 90 -nopolar"),
    }


def _thomson(_s: Situation, made: Made) -> list[Equality]:
    """Return 4 pi and 8 pi/3: two faces along the beam are alike, and the four beside it."""
    total = {name: float(image.photons.sum()) for name, image in made.items()}
    return [
        Equality(one(6.0 * total["ahead, no polarization"]), one(4.0 * math.pi)),
        Equality(one(6.0 * total["aside, no polarization"]), one(4.0 * math.pi)),
        Equality(one(2.0 * total["ahead"] + 4.0 * total["aside"]), one(8.0 * math.pi / 3.0)),
    ]


def _period(_s: Situation) -> LinesByName:
    return {"crystal": _words(SMALL_ANGLE), "one cell": _words(SMALL_ANGLE, "-Nb 1 -Nc 1")}


def _sum_rule(_s: Situation, made: Made) -> list[Equality]:
    cells = CELLS[0] * CELLS[1]
    totals = [float(made[name].photons.sum()) for name in ("crystal", "one cell")]
    return [Equality(one(totals[0]), one(totals[1] * cells))]


def _repeats(_s: Situation, made: Made) -> list[Equality]:
    image = made["crystal"].photons
    first = image[:PERIOD_PX, :PERIOD_PX]
    size = np.full_like(first, image.max())
    others = (image[:PERIOD_PX, PERIOD_PX:], image[PERIOD_PX:, :PERIOD_PX], image[PERIOD_PX:, PERIOD_PX:])
    return [Equality(first, other, size) for other in others]


def _solid_angles(_s: Situation) -> LinesByName:
    return {"plane": _words(THICK, "-nopolar"), "point": _words(THICK, "-nopolar -point_pixel")}


def _cosine(_s: Situation, made: Made) -> list[Equality]:
    """Return that D/R^3 squared over 1/R^2 cubed is D^2, the same at every pixel."""
    plane, point = made["plane"].photons, made["point"].photons
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = plane**2 / point**3
    return [Equality(ratio, np.full_like(ratio, ratio.flat[0]))]


def _layered(_s: Situation) -> LinesByName:
    """Layers so thin that their depth shifts no pixel; absorption counts them by their own length."""
    sensor = "-nopolar -detector_abs 0.003 -detector_thick"
    return {
        "no sensor": _words(THICK, "-nopolar"),
        "layer": _words(THICK, f"{sensor} 0.0015 -detector_thicksteps 1"),
        "four layers": _words(THICK, f"{sensor} 0.0015 -detector_thicksteps 4"),
        "twice as thick": _words(THICK, f"{sensor} 0.003 -detector_thicksteps 3"),
        "opaque": _words(THICK, f"{sensor} 0.3 -detector_thicksteps 2"),
    }


def _absorbed(_s: Situation, made: Made) -> list[Equality]:
    """Return that layers add up, what passes is squared by twice the depth, and much depth stops all."""
    bare = made["no sensor"].photons

    def passed(image: Images) -> Reals:
        with np.errstate(divide="ignore", invalid="ignore"):
            return 1.0 - image.photons / bare

    single, double = passed(made["layer"]), passed(made["twice as thick"])
    return [
        Equality(made["layer"].photons, made["four layers"].photons),
        Equality(double, single**2, np.ones_like(bare)),
        Equality(made["opaque"].photons, bare),
    ]


def _tie(_s: Situation) -> LinesByName:
    line = _words(TIE)
    tables = {
        "both": [[-20.0, 0.0, 4.0, 10.0], [-20.0, 0.0, 5.0, 10.0]],
        "lower": [[-20.0, 0.0, 4.0, 10.0], [-20.0, 0.0, 5.0, 0.0]],
        "upper": [[-20.0, 0.0, 4.0, 0.0], [-20.0, 0.0, 5.0, 10.0]],
    }
    return {name: line.giving_table("-hkl", rows) for name, rows in tables.items()}


def _lower_index(_s: Situation, made: Made) -> list[Equality]:
    both = made["both"].photons
    return [Equality(both, made["lower"].photons), Equality(both * 0.0, made["upper"].photons)]


def _turned_domain(_s: Situation) -> LinesByName:
    still = _words(DOMAIN, "-phi 0")
    stars = np.array(RECIPROCAL)

    def crystal(line: CommandLine, matrix: Reals) -> CommandLine:
        return line.giving_table("-mat", matrix.tolist())

    return {
        "two domains": crystal(still.adding("-mosaic", "0.5", "-mosaic_domains", "2"), stars),
        "first": crystal(still, stars),
        "second": crystal(still, np.array(SECOND_DOMAIN) @ stars),
    }


def _both_domains(_s: Situation, made: Made) -> list[Equality]:
    return [sum_is(2.0 * made["two domains"].photons, made["first"].photons, made["second"].photons)]


ROWS = (
    Relation(
        "thomson", "a free electron scatters 8 pi/3 of r_e^2 into the sphere, 4 pi without polarization",
        "06 sections 4, 6 and 13", Sameness.STATED, _faces, _thomson,
        quirks=("Q-PERPENDICULAR", "Q-RATIO-NO-TWOTHETA"), bound=SPHERE_BOUND, own=True,
    ),
    Relation(
        "lattice-sum", "over a period of its indices, a crystal scatters as many cells do apart",
        "06 section 10", Sameness.STATED, _period, _sum_rule, bound=PERIOD_BOUND, own=True,
    ),
    Relation(
        "lattice-period", "the lattice factor repeats with every whole index",
        "06 section 10", Sameness.STATED, _period, _repeats, bound=PERIOD_BOUND, own=True,
    ),
    Relation(
        "obliquity", "the solid angle is the cosine times that of a point pixel",
        "06 section 4", Sameness.STATED, _solid_angles, _cosine, bound=PERIOD_BOUND, own=True,
    ),
    Relation(
        "tie", "an index of exactly a half belongs to the reflection below",
        "05 section 5", Sameness.BITS, _tie, _lower_index, quirks=("Q-SINCG-INTEGER",), own=True,
    ),
    Relation(
        "second-domain", "the second mosaic domain of the default seed: the crystal turned as spec 07 says",
        "06 section 8, 07", Sameness.STATED, _turned_domain, _both_domains, bound=PERIOD_BOUND, own=True,
    ),
    Relation(
        "sensor", "layers of a sensor add; what passes twice the depth is squared; an opaque one stops all",
        "04 section 4, 06 sections 5 and 15", Sameness.STATED, _layered, _absorbed,
        quirks=("Q-THICK-STEPS", "Q-THICK-LAST-LAYER"), bound=SENSOR_BOUND, own=True,
    ),
)  # fmt: skip
