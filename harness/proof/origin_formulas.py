"""Where the chain starts: the lattice and the sources, from the command line (spec 03, 04).

A second implementation on purpose: an oracle that shares no code with either program. Options come as the
simulator's command line reads them.
"""

from __future__ import annotations

from harness.proof.balls import Real
from harness.proof.place import FormulaPlace, NotProvableError, quirk
from harness.proof.setup_formulas import Formula, typed
from harness.proof.space import (
    Balls,
    ball_cross,
    ball_dot,
    ball_product,
    ball_rot_axis,
    ball_rot_xyz,
    ball_scale,
    ball_unit,
)
from simulator.config import Beam, Steps

CellReals = tuple[Balls, Balls, Balls]
SOURCE_DISTANCE_M = 10.0
ELLIPSE = 1.1
CUT_MARGIN = 1e-9
"""Nearer to the edge of the ellipse, rounding may decide whether a source is kept."""


def _cell(at: FormulaPlace) -> tuple[Balls, Real, CellReals]:
    """Return lengths, volume and reciprocal vectors of -cell (spec 03 section 1)."""
    lengths = typed(at, *at.config.crystal.cell_lengths_A)
    angles = typed(at, *at.config.crystal.cell_angles_rad)
    half = at.by.total(angles) * 0.5
    sines = [at.by.call("sin", angle) for angle in angles]
    cosines = [at.by.call("cos", angle) for angle in angles]
    w = ball_product([at.by.call("sin", half), *(at.by.call("sin", half - angle) for angle in angles)])
    volume = ball_product([*lengths, at.by.call("sqrt", w)]) * 2.0
    if not volume.known or not volume.ends[0] > 0.0:
        raise NotProvableError("the angles may span no volume")
    stars = [ball_product([lengths[i - 2], lengths[i - 1], sines[i]]) / volume for i in range(3)]
    turned = [_reciprocal_cosine(sines, cosines, i) for i in range(3)]
    sin_gamma = lengths[2] / volume / stars[0] / stars[1]
    zero = at.by.of(0.0)
    c_y = (turned[0] - turned[1] * turned[2]) / sin_gamma
    c_z = volume / (ball_product(lengths) * sin_gamma)
    vectors = (
        (stars[0], zero, zero),
        (stars[1] * turned[2], stars[1] * sin_gamma, zero),
        (stars[2] * turned[1], stars[2] * c_y, stars[2] * c_z),
    )
    return lengths, volume, vectors


def _reciprocal_cosine(sines: list[Real], cosines: list[Real], i: int) -> Real:
    j, k = (i + 1) % 3, (i + 2) % 3
    found = (cosines[j] * cosines[k] - cosines[i]) / (sines[j] * sines[k])
    if not found.known or found.ends[0] < -1.0 or found.ends[1] > 1.0:
        raise NotProvableError("a cosine may be cut to 1")
    return found


def _matrix(at: FormulaPlace) -> CellReals:
    """Return the columns of the matrix file, without the wavelength (spec 03 section 2)."""
    numbers = typed(at, *at.config.crystal.matrix)
    per_wavelength = 1e-10 / at.one("lambda0_meters")
    a, b, c = (ball_scale(numbers[column::3], per_wavelength) for column in range(3))
    return a, b, c


def _direct(at: FormulaPlace) -> tuple[CellReals, Real]:
    """Return a, b, c in Angstrom and V (spec 03 section 4)."""
    crystal = at.config.crystal
    cell = _cell(at) if crystal.has_cell else None
    stars = _matrix(at) if len(crystal.matrix) else None
    if stars is None:
        if cell is None:
            raise NotProvableError("there is neither -cell nor -mat")
        stars = cell[2]
    if crystal.has_misset:
        a, b, c = (ball_rot_xyz(v, at.vec("misset_rad")) for v in stars)
        stars = a, b, c
    normals = ball_cross(stars[1], stars[2]), ball_cross(stars[2], stars[0]), ball_cross(stars[0], stars[1])
    if cell is None:
        volume = 1.0 / ball_dot(stars[0], normals[0])
        a, b, c = (ball_scale(normal, volume) for normal in normals)
        return (a, b, c), volume
    lengths, volume, _ = cell
    a, b, c = (ball_scale(ball_unit(normal), edge) for normal, edge in zip(normals, lengths, strict=True))
    if len(crystal.matrix) and not quirk(at, "Q-CELL-MAT-MIX"):
        volume = ball_dot(a, ball_cross(b, c))
    return (a, b, c), volume


def _edge(number: int) -> Formula:
    return lambda at: _direct(at)[0][number]


def kept_points(beam: Beam) -> list[tuple[float, float]]:
    """Return the (horizontal, vertical) angles of the grid of divergence, radians (spec 04 section 3).

    Raises:
        NotProvableError: rounding may decide whether a point is kept.
    """
    h, v = beam.hdiv_rad, beam.vdiv_rad
    points = [(x, y) for x in h.values() for y in v.values()]
    if not beam.round_divergence or h.range == 0.0 or v.range == 0.0:
        return points
    reached = [4.0 * (_ellipse(x, h) + _ellipse(y, v)) for x, y in points]
    if any(abs(place - ELLIPSE) < CUT_MARGIN for place in reached):
        raise NotProvableError("rounding decides which sources are kept")
    return [point for point, place in zip(points, reached, strict=True) if place <= ELLIPSE]


def _ellipse(angle: float, steps: Steps) -> float:
    even = 1.0 if steps.count % 2 == 0 else 0.0
    return float((angle**2 - steps.step**2 / 4.0 * even) / steps.range**2)


def _count(at: FormulaPlace) -> int:
    beam = at.config.beam
    return len(beam.source_rows) or len(kept_points(beam)) * beam.dispersion.count


def _source_number(at: FormulaPlace) -> int:
    """Return the number of the source, one that the options give."""
    number = at.turn["src"]
    if number >= _count(at):
        raise NotProvableError("the options give fewer sources")
    return number


def _source(at: FormulaPlace) -> Balls:
    beam, number = at.config.beam, _source_number(at)
    if beam.source_rows:
        return ball_unit(tuple(at.by.of(float(part)) for part in beam.source_rows[number].position))
    x, y = kept_points(beam)[number // beam.dispersion.count]
    b, p = at.vec("beam_vec"), at.vec("polar_vec")
    once = ball_rot_axis(ball_scale(b, -SOURCE_DISTANCE_M), p, typed(at, y)[0])
    return ball_unit(ball_rot_axis(once, ball_unit(ball_cross(b, p)), typed(at, x)[0]))


def _wavelength(at: FormulaPlace) -> Balls:
    beam, number = at.config.beam, _source_number(at)
    if beam.source_rows:
        return typed(at, beam.source_rows[number].wavelength_m)
    first, step = typed(at, beam.dispersion.first, beam.dispersion.step)
    shift = at.by.total([at.by.of(1.0), step * float(number % beam.dispersion.count), first])
    return (at.one("lambda0_meters") * shift,)


def _weight(at: FormulaPlace) -> Balls:
    beam = at.config.beam
    if beam.source_rows:
        return typed(at, beam.source_rows[_source_number(at)].weight)
    return (at.by.of(1.0) / at.one("sources"),)


ORIGIN_FORMULAS: dict[str, Formula] = {
    **{f"{axis}_angstroms": _edge(number) for number, axis in enumerate("abc")},
    "V_cell_A3": lambda at: (_direct(at)[1],),
    "sources": lambda at: (at.by.of(float(_count(at))),),
    "source_vec": _source,
    "source_lambda_meters": _wavelength,
    "source_weight": _weight,
}
"""Tap that follows from the command line alone -> function of the options."""
