"""Relations of the crystal: its axes, orientation, domains, and table of reflections (spec 03, 05)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from harness.invariants.relations.command_line import CommandLine, NumberTable
from harness.invariants.relations.lengths import COUNTS, SIZES, SMOOTH_SHAPES
from harness.invariants.relations.relation import (
    BASE,
    Equality,
    LinesByName,
    Made,
    Relation,
    Sameness,
    Situation,
    at_least,
    having,
    is_understood,
    lacking,
    same,
    sum_and_size,
    sum_is,
)
from harness.invariants.relations.spelled_out import FROM_HEADER, cycled

FULL_TURN_DEG = 360.0
DEFAULT_DOMAINS = 10
PHI = ("-phi", "-osc", "-phistep", "-phisteps")
MOSAIC = ("-mosaic", "-mosaic_domains", "-mosaic_seed")
CARRIED = ("Q-PHI-CARRYOVER",)
LATCHED = ("Q-INTERP-LATCH", "Q-INTERP-MARGIN")
MADE_UP_TURN_DEG = (17.0, -23.0, 41.0)
A_PER_MM = 1e7
Whole3 = tuple[int, int, int]


def _indices(rows: NumberTable, change: Whole3, signs: Whole3 = (1, 1, 1)) -> NumberTable:
    """Return reflections with their indices in another order, and some of them negated."""
    return [[*(row[place] * sign for place, sign in zip(change, signs, strict=True)), row[3]] for row in rows]


def _columns(rows: NumberTable, change: Whole3, signs: Whole3 = (1, 1, 1)) -> NumberTable:
    """Return a matrix with its columns in another order, and some of them negated."""
    numbers = np.array([value for row in rows for value in row][:9]).reshape(3, 3)
    changed: NumberTable = (numbers[:, list(change)] * np.array(signs)).tolist()
    return changed


def _cycled_axes(s: Situation) -> LinesByName:
    """The axes a, b, c are called b, c, a, and columns of matrix and table, counts and cell with them."""
    order = (1, 2, 0)
    line = s.base.giving_table("-mat", _columns(s.base.table("-mat"), order))
    if line.has("-hkl"):
        line = line.giving_table("-hkl", _indices(line.table("-hkl"), order))
    counts = (line.number(name, line.number("-N", 1.0)) for name in COUNTS[1:])
    cells = cycled((*counts,))  # type: ignore[arg-type]
    line = line.without("-N")
    for name, count in zip(COUNTS[1:], cells, strict=True):
        line = line.giving(name, int(count))
    if line.has("-cell"):
        edges = line.numbers("-cell")
        line = line.giving("-cell", *cycled((edges[0], edges[1], edges[2])), *_angles(edges))
    return {"axes renamed": line}


def _angles(edges: tuple[float, ...]) -> tuple[float, ...]:
    return cycled((edges[3], edges[4], edges[5]))


def _whole_cell(s: Situation) -> str:
    return "" if not s.base.has("-cell") or len(s.base.numbers("-cell")) == 6 else "needs all of -cell"


def _reversed_axes(s: Situation) -> LinesByName:
    """The axes a and b point the other way; h and k change their signs."""
    signs = (-1, -1, 1)
    line = s.base.giving_table("-mat", _columns(s.base.table("-mat"), (0, 1, 2), signs))
    if line.has("-hkl"):
        line = line.giving_table("-hkl", _indices(line.table("-hkl"), (0, 1, 2), signs))
    return {"a and b reversed": line}


def _angles_of(line: CommandLine) -> tuple[float, float, float]:
    x, y, z = line.numbers("-misset", (0.0, 0.0, 0.0))
    return x, y, z


def _turned_about_z(s: Situation) -> LinesByName:
    """A turn by phi about the z axis comes after those of -misset about x and y, as its third angle does."""
    x, y, z = _angles_of(s.base)
    phi = s.base.number("-phi", 0.0) or 5.0
    sense = np.sign(s.meaning.crystal.spindle_axis[2])
    still = s.base.without(*PHI)
    return {
        "by phi": still.giving("-phi", phi).giving("-osc", 1.0).giving("-phisteps", 1),
        "by misset": still.giving("-misset", x, y, z + float(sense) * phi),
    }


def _spindle_along_z(s: Situation) -> str:
    return "" if s.meaning.crystal.spindle_axis[:2] == (0.0, 0.0) else "needs a spindle along z"


def _fixed_misset(s: Situation) -> str:
    random = bool(s.base.values("-misset")) and not s.base.numbers("-misset")
    return "not with a random orientation" if random else ""


def _phi_is_misset(_s: Situation, made: Made) -> list[Equality]:
    return [Equality(made["by phi"].photons, made["by misset"].photons)]


def _full_turns(s: Situation) -> LinesByName:
    x, y, z = _angles_of(s.base)
    turned = s.base.giving("-misset", x, y, z + FULL_TURN_DEG)
    return {
        "phi and a full turn": s.base.giving("-phi", s.base.number("-phi", 0.0) + FULL_TURN_DEG),
        "misset and a full turn": turned,
    }


def _single_steps(s: Situation) -> LinesByName:
    """Each phi step alone: phi0 + i d, of a range that is given beside it."""
    turn = s.meaning.crystal.phi_rad
    first = s.base.number("-phi", 0.0)
    step = np.degrees(turn.step)
    still = s.base.without(*PHI)
    return {
        f"step {i}": still.giving("-phi", first + float(step) * i).giving("-osc", 1.0).giving("-phisteps", 1)
        for i in range(turn.count)
    }


def _several_steps(s: Situation) -> str:
    steps = s.meaning.crystal.phi_rad.count
    return "" if 1 < steps <= MOST_PARTS else f"needs 2 to {MOST_PARTS} phi steps"


MOST_PARTS = 64


def mean_of_others(_s: Situation, made: Made) -> list[Equality]:
    """Return that the base is the mean of all other images."""
    parts = [image.photons for name, image in made.items() if name != BASE]
    total, size = sum_and_size(*parts)
    return [Equality(made[BASE].photons * len(parts), total, size)]


def _first_domain(s: Situation) -> LinesByName:
    return {"one domain": s.base.giving("-mosaic_domains", 1), "no spread": s.base.without(*MOSAIC)}


def _one_is_none(_s: Situation, made: Made) -> list[Equality]:
    return [Equality(made["one domain"].photons, made["no spread"].photons)]


def _domains(line: CommandLine) -> int:
    return int(line.number("-mosaic_domains", DEFAULT_DOMAINS))


def _more_domains(s: Situation) -> LinesByName:
    count = _domains(s.base)
    return {f"{count + more} domains": s.base.giving("-mosaic_domains", count + more) for more in range(3)}


def _each_adds(_s: Situation, made: Made) -> list[Equality]:
    """Return that the sum over domains grows with every domain, whose images are never negative."""
    sums = [int(name.split()[0]) * image.photons for name, image in made.items() if name != BASE]
    return [at_least(after, before) for before, after in pairwise(sums)]


def _lone_cell(s: Situation) -> LinesByName:
    """A crystal of one cell, all of whose amplitudes are equal, scatters alike however it is turned."""
    alone = s.base.without("-hkl", *COUNTS, *SIZES, *MOSAIC, *PHI, "-interpolate").giving("-N", 1)
    alone = alone.giving("-default_F", s.base.number("-default_F", 0.0) or 7.0)
    turning = alone.giving("-phi", 3.0).giving("-osc", 2.0).giving("-phisteps", 4)
    return {
        "one cell": alone,
        "turned": alone.giving("-misset", *MADE_UP_TURN_DEG),
        "turning": turning,
        "in domains": alone.giving("-mosaic", 5.0).giving("-mosaic_domains", 4),
    }


def _all_alike(_s: Situation, made: Made) -> list[Equality]:
    alone = made["one cell"].photons
    return [Equality(alone, made[name].photons) for name in ("turned", "turning", "in domains")]


def _constant_table(s: Situation) -> LinesByName:
    listed = s.base.table("-hkl")
    level = max(abs(row[3]) for row in listed) or 1.0
    flat = s.base.giving_table("-hkl", [[*row[:3], level] for row in listed]).giving("-default_F", level)
    return {"table of one value": flat, "no table": flat.without("-hkl", "-interpolate")}


def _table_is_default(_s: Situation, made: Made) -> list[Equality]:
    return [Equality(made["table of one value"].photons, made["no table"].photons)]


def _combined(s: Situation) -> LinesByName:
    """Two tables A and B on the same indices: B is half of A with every third amplitude gone."""
    first = s.base.table("-hkl")
    default = s.base.number("-default_F", 0.0)
    second = [[*row[:3], row[3] * (0.5 if n % 3 else 0.0)] for n, row in enumerate(first)]

    def table(a: float, b: float) -> CommandLine:
        rows = [[*x[:3], a * x[3] + b * y[3]] for x, y in zip(first, second, strict=True)]
        return s.base.giving_table("-hkl", rows).giving("-default_F", (a + 0.5 * b) * default)

    return {"A": table(1, 0), "B": table(0, 1), "A + B": table(1, 1), "A - B": table(1, -1)}


def _parallelogram(_s: Situation, made: Made) -> list[Equality]:
    """Return I(A + B) + I(A - B) = 2 I(A) + 2 I(B), which sums of squares of sums of amplitudes keep."""
    a, b, plus, minus = (made[name].photons for name in ("A", "B", "A + B", "A - B"))
    return [sum_is(plus + minus, 2.0 * a, 2.0 * b)]


def _split_table(s: Situation) -> LinesByName:
    """Half of the reflections with F = 0, then the other half; what is not listed keeps its amplitude."""
    rows = s.base.table("-hkl")

    def kept(which: int) -> CommandLine:
        halves = [[*row[:3], row[3] if _half(row) == which else 0.0] for row in rows]
        return s.base.giving_table("-hkl", halves)

    return {"one half": kept(0), "other half": kept(1), "neither": kept(2)}


def _half(row: list[float]) -> int:
    return int(row[0] + row[1] + row[2]) % 2


def _halves_add(_s: Situation, made: Made) -> list[Equality]:
    """Return that without interpolation one reflection alone makes each term."""
    whole, neither = made[BASE].photons, made["neither"].photons
    return [sum_is(whole + neither, made["one half"].photons, made["other half"].photons)]


def _by_size(s: Situation) -> LinesByName:
    """The crystal's edges in mm in place of counts, half a cell short, since counts are rounded up."""
    edges = s.base.numbers("-cell")
    line = s.base.without(*COUNTS)
    for name, count, edge in zip(SIZES[1:], COUNTS[1:], edges, strict=False):
        cells = s.base.number(count, s.base.number("-N", 1.0))
        line = line.giving(name, (cells - 0.5) * edge / A_PER_MM)
    return {"edges in place of counts": line}


def _free_of_interpolation(s: Situation) -> str:
    return "" if s.base.has("-nointerpolate") or not s.base.has("-hkl") else "needs -nointerpolate"


ORIENTED = (having("-mat"), lacking("-dump", *SIZES), _whole_cell)
ROWS = (
    Relation(
        "crystal-axes", "the crystal's axes renamed in matrix, table and counts: the same image",
        "03 sections 2 and 5, 05", Sameness.OWN, _cycled_axes, same(), ORIENTED, LATCHED,
    ),
    Relation(
        "reversed-axes", "two axes of the crystal reversed, and their indices: the same image",
        "03 section 2, 05", Sameness.OWN, _reversed_axes, same(), ORIENTED, LATCHED,
    ),
    Relation(
        "phi-is-misset", "turned by phi about z: as turned by the third angle of -misset",
        "03 sections 4 and 5, 06 section 7", Sameness.OWN, _turned_about_z, _phi_is_misset,
        (is_understood, _spindle_along_z, _fixed_misset, lacking(*FROM_HEADER)), CARRIED,
        on=("rotation", "mosaic", "water",),
    ),
    Relation(
        "full-turns", "phi, or an angle of -misset, and 360 degrees: the same image",
        "03 section 4, 06 section 7", Sameness.OWN, _full_turns, same(),
        (_fixed_misset, lacking(*FROM_HEADER)), CARRIED,
        on=("rotation", "mosaic",),
    ),
    Relation(
        "phi-steps", "the image of a rotation: the mean of its steps",
        "04 section 1, 06 sections 7 and 13", Sameness.SUM, _single_steps, mean_of_others,
        (is_understood, _several_steps, lacking(*FROM_HEADER)),
        (*CARRIED, "Q-PHISTEP-WINS", "Q-OVERSAMPLE-RUNNING-PRODUCT"),
        on=("rotation", "axes", "interpolated", "tophat",),
    ),
    Relation(
        "first-domain", "one mosaic domain of any spread: the crystal without spread",
        "07, Q-MOSAIC-ALIGNED", Sameness.BITS, _first_domain, _one_is_none, (having("-mosaic"),),
    ),
    Relation(
        "more-domains", "the sum over mosaic domains: never less with one domain more",
        "04 section 5, 07", Sameness.SUM, _more_domains, _each_adds,
        (having("-mosaic"), lacking("-water")), ("Q-OVERSAMPLE-RUNNING-PRODUCT",),
    ),
    Relation(
        "lone-cell", "one cell of equal amplitudes: one image for every orientation, rotation and spread",
        "06 sections 8 to 12", Sameness.OWN, _lone_cell, _all_alike,
        (having("-cell", "-mat"), lacking(*SMOOTH_SHAPES, "-dump", "-water", *FROM_HEADER)),
        ("Q-OVERSAMPLE-RUNNING-PRODUCT",),
        on=("rotation", "divergent",),
    ),
    Relation(
        "constant-table", "a table of one value, interpolated or not: no table and that value",
        "05 sections 4 and 5", Sameness.OWN, _constant_table, _table_is_default,
        (having("-hkl"), lacking("-dump")), LATCHED,
        on=("interpolated", "rotation",),
    ),
    Relation(
        "amplitudes-add", "I(A + B) + I(A - B) = 2 I(A) + 2 I(B) of two tables, interpolated or not",
        "05 section 5, 06 section 12", Sameness.SUM, _combined, _parallelogram,
        (having("-hkl"), lacking("-dump", "-water")), LATCHED,
        on=("interpolated", "divergent",),
    ),
    Relation(
        "reflections-add", "halves of the table, not interpolated: their images add",
        "05 section 5, 06 section 12", Sameness.SUM, _split_table, _halves_add,
        (having("-hkl"), _free_of_interpolation, lacking("-dump", "-water", "-interpolate")),
        on=("rotation", "divergent",),
    ),
    Relation(
        "crystal-size", "the crystal's edges in place of its counts of cells: the same image",
        "03 section 6", Sameness.OWN, _by_size, same(),
        (having("-cell"), lacking("-mat", *SIZES), _whole_cell, _free_of_interpolation),
        ("Q-INTERP-AUTO-ORDER",),
        on=("rotation", "sensor",),
    ),
)  # fmt: skip
