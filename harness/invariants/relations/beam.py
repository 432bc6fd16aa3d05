"""Relations of the beam: sources, wavelengths, divergence, polarization, resolution limit (spec 04, 06)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from harness.arrays import Reals
from harness.invariants.relations.command_line import CommandLine, NumberTable
from harness.invariants.relations.crystal import MOST_PARTS
from harness.invariants.relations.relation import (
    Equality,
    InconclusiveError,
    LinesByName,
    Made,
    Relation,
    Sameness,
    Situation,
    at_least,
    having,
    is_understood,
    lacking,
    one,
    same,
    sum_and_size,
    sum_is,
)
from harness.invariants.relations.spelled_out import (
    FROM_HEADER,
    can_be_spelled_out,
    geometry_of,
    spelled_out,
    vector_product,
)

A_PER_M = 1e10
NOT_NEAR = 0.9
"""Spacings nearer than this to a limit, as a ratio, may be on either side of it."""
MADE_UP_KAHN = 0.7
MADE_UP_RANGE_MRAD = 8.0
MADE_UP_SPECTRUM = 3.0
HORIZONTAL = ("-hdivrange", "-hdivstep", "-hdivsteps")
VERTICAL = ("-vdivrange", "-vdivstep", "-vdivsteps")
BOTH = ("-divergence", "-divsteps")
DISPERSION = ("-dispersion", "-dispsteps")
GENERATED = (*HORIZONTAL, *VERTICAL, *BOTH, *DISPERSION)
RUNNING = ("Q-OVERSAMPLE-RUNNING-PRODUCT",)
CARRIED = ("Q-PHI-CARRYOVER",)
WEIGHT_COLUMN = 3
UNWEIGHTED = ("Q-SOURCE-WEIGHTS",)


def _listed(s: Situation, change: Callable[[NumberTable], NumberTable]) -> CommandLine:
    return s.base.giving_table("-sourcefile", change(s.base.table("-sourcefile")))


def _weights(rows: NumberTable) -> list[float]:
    return [row[WEIGHT_COLUMN] if len(row) > WEIGHT_COLUMN else 1.0 for row in rows]


def _other_units(rows: NumberTable) -> NumberTable:
    return [
        [*(2.0 * value for value in row[:WEIGHT_COLUMN]), 4.0 * weight, *row[WEIGHT_COLUMN + 1 :]]
        for row, weight in zip(rows, _weights(rows), strict=True)
    ]


def _sources_apart(s: Situation) -> LinesByName:
    """Each source alone, and all, with the polarization of each: it is that of the first otherwise."""
    rows, line = s.base.table("-sourcefile"), s.base.adding("-oversample_polar")
    parts = {f"source {n}": line.giving_table("-sourcefile", [row]) for n, row in enumerate(rows)}
    return {"all sources": line, **parts}


def _by_weight(s: Situation, made: Made) -> list[Equality]:
    """Return that the whole is the mean over sources, by their weights over the mean weight."""
    weights = _weights(s.base.table("-sourcefile"))
    parts = [made[f"source {n}"].photons * weight for n, weight in enumerate(weights)]
    total, size = sum_and_size(*parts)
    return [Equality(made["all sources"].photons * sum(weights), total, size)]


def _few_sources(s: Situation) -> str:
    count = len(s.base.table("-sourcefile"))
    return "" if 1 < count <= MOST_PARTS else f"needs 2 to {MOST_PARTS} sources"


def _single_waves(s: Situation) -> LinesByName:
    """The central wavelength times 1 + x, with x from minus to plus half the width of the spectrum."""
    spread, count = s.base.number("-dispersion", MADE_UP_SPECTRUM), 3
    line = s.base.without(*DISPERSION, "-energy", "-lambda")
    wave = s.meaning.beam.wavelength_m * A_PER_M
    shifts = [spread / 100.0 * (n / (count - 1) - 0.5) for n in range(count)]
    whole = s.base.giving("-dispersion", spread).giving("-dispsteps", count)
    parts = {f"wave {n}": line.giving("-lambda", wave * (1.0 + x)) for n, x in enumerate(shifts)}
    return {"spectrum": whole, **parts}


def _mean_of_waves(_s: Situation, made: Made) -> list[Equality]:
    parts = [image.photons for name, image in made.items() if name.startswith("wave")]
    total, size = sum_and_size(*parts)
    return [Equality(made["spectrum"].photons * len(parts), total, size)]


def _nested(options: tuple[str, str, str]) -> Callable[[Situation], LinesByName]:
    """Return lines of 3, 2 and 1 directions in one plane: middle and ends, the ends, the middle."""

    def lines(s: Situation) -> LinesByName:
        straight = s.base.without(*HORIZONTAL, *VERTICAL, *BOTH).giving("-nopolar")
        wide = straight.giving(options[0], s.base.number(options[0], MADE_UP_RANGE_MRAD))
        return {
            "three": wide.giving(options[2], 3),
            "two": wide.giving(options[2], 2),
            "one": straight,
        }

    return lines


def _ends_and_middle(_s: Situation, made: Made) -> list[Equality]:
    three, two, single = (made[name].photons for name in ("three", "two", "one"))
    return [sum_is(3.0 * three, 2.0 * two, single)]


def _polarized(s: Situation) -> LinesByName:
    kahn = s.base.number("-polar", 0.0) or MADE_UP_KAHN
    return {f"{sense:+d}": s.base.giving("-polar", sense * kahn) for sense in (1, 0, -1)}


def _linear(_s: Situation, made: Made) -> list[Equality]:
    plus, none, minus = (made[name].photons for name in ("+1", "+0", "-1"))
    return [sum_is(2.0 * none, plus, minus)]


def _crossed(s: Situation) -> LinesByName:
    g = geometry_of(s)
    turned = replace(g, polar=vector_product(g.beam, g.polar))
    line = s.base.giving("-polar", s.base.number("-polar", 0.0) or MADE_UP_KAHN)
    return {
        "along": spelled_out(line, g),
        "across": spelled_out(line, turned),
        "none": spelled_out(line.giving("-polar", 0.0), g),
    }


def _along_and_across(_s: Situation, made: Made) -> list[Equality]:
    along, across, none = (made[name].photons for name in ("along", "across", "none"))
    return [sum_is(2.0 * none, along, across)]


def _unpolarized(s: Situation) -> LinesByName:
    return {
        "none": s.base.without("-polar", "-nopolar").giving("-polar", 0.0),
        "left out": s.base.giving("-nopolar"),
    }


def _between_half_and_all(_s: Situation, made: Made) -> list[Equality]:
    """Return that (1 + cos^2)/2 lies between a half and 1."""
    none, without = made["none"].photons, made["left out"].photons
    return [at_least(without, none), at_least(none, 0.5 * without)]


def _middle_spacing(s: Situation) -> float:
    """Return the spacing at the middle of the detector's range, Angstrom."""
    d, wave = s.meaning.detector, s.meaning.beam.wavelength_m * A_PER_M
    width = max(d.fpixels, d.spixels) * d.pixel_size_m / 2.0
    return 1.3 * wave * d.distance_m / width


def _two_limits(s: Situation) -> LinesByName:
    """The spacing at the middle of the detector's range, and one beyond all."""
    line = s.base.without("-dmin")
    return {
        "no limit": line,
        "tiny limit": line.giving("-dmin", 1e-6 * s.meaning.beam.wavelength_m * A_PER_M),
        "middle limit": line.giving("-dmin", _middle_spacing(s)),
    }


def _require_both_sides(s: Situation, lit: Reals) -> None:
    """Check that spacings of lit pixels [n], Angstrom, lie well on both sides of the middle one.

    Raises:
        InconclusiveError if they do not.
    """
    middle = _middle_spacing(s)
    if not ((lit < NOT_NEAR * middle).any() and (lit > middle / NOT_NEAR).any()):
        raise InconclusiveError("the computed pixels that are not 0 lie on one side of the limit")


def _cut_far_out(s: Situation, made: Made) -> list[Equality]:
    """Return that a tiny limit cuts nothing, and another one all that lies beyond some radius, wholly."""
    d = s.meaning.detector
    whole, cut = made["no limit"].photons, made["middle limit"].photons
    slow, fast = np.indices(whole.shape) + 0.5
    radius = np.hypot(fast * d.pixel_size_m - d.Fbeam_m, slow * d.pixel_size_m - d.Sbeam_m)
    with np.errstate(divide="ignore"):  # in the middle of the beam nothing is cut
        spacing = (
            s.meaning.beam.wavelength_m * A_PER_M / (2.0 * np.sin(np.arctan2(radius, d.distance_m) / 2.0))
        )
    _require_both_sides(s, spacing[whole != 0.0])
    gone, stays = (cut == 0.0) & (whole != 0.0), cut != 0.0
    nearest = radius[gone].min() if gone.any() else np.inf
    farthest = radius[stays].max() if stays.any() else np.inf
    return [
        Equality(whole, made["tiny limit"].photons),
        Equality(np.where(gone, 0.0, whole), cut),
        at_least(one(nearest), one(farthest)),
        Equality(one(gone.any() and stays.any()), one(1.0)),
    ]


def _named_convention(s: Situation) -> str:
    return "" if s.meaning.detector.convention != "CUSTOM" else "needs a convention of a name"


def _single_beam(s: Situation) -> str:
    return lacking("-sourcefile", *GENERATED)(s)


def _flat_on(s: Situation) -> str:
    turned = ("-twotheta", "-detector_rotx", "-detector_roty", "-detector_rotz")
    return lacking(*turned, "-curved_det", "-detector_thick")(s)


def _polarized_across(s: Situation) -> str:
    beam = s.meaning.beam
    return "" if any(vector_product(beam.direction, beam.polarization_axis)) else "polarized along the beam"


def _one_direction(s: Situation) -> str:
    return "" if s.base.numbers("-oversample") == (1.0,) else "needs -oversample 1"


def _whole_positions(s: Situation) -> str:
    rows = s.base.table("-sourcefile")
    return "" if all(len(row) >= WEIGHT_COLUMN for row in rows) else "needs three coordinates of each source"


def _one_polarization(s: Situation) -> str:
    both = s.base.has("-polar") and s.base.has("-nopolar")
    return "not with both -polar and -nopolar" if both else ""


LISTED = (having("-sourcefile"), _few_sources)
SAMPLED = having("-oversample")
ROWS = (
    Relation(
        "source-order", "the sources behind the first in another order: the same image",
        "04 section 6, 06 section 6", Sameness.OWN,
        lambda s: {"reversed": _listed(s, lambda rows: [rows[0], *rows[:0:-1]])}, same(), LISTED, RUNNING,
    ),
    Relation(
        "source-units", "positions of the sources doubled, weights times four: the same image",
        "04 sections 6 and 7", Sameness.BITS,
        lambda s: {"other units": _listed(s, _other_units)}, same(), (*LISTED, _whole_positions),
    ),
    Relation(
        "sources-twice", "every source listed twice: the same image",
        "04 section 7, 06 section 13", Sameness.OWN,
        lambda s: {"twice": _listed(s, lambda rows: [*rows, *rows])}, same(), LISTED, RUNNING,
    ),
    Relation(
        "sources-add", "several sources: the mean of their images, by weight",
        "04 section 7, 06 section 15", Sameness.SUM, _sources_apart, _by_weight,
        (*LISTED, lacking("-dmin")), (*UNWEIGHTED, *CARRIED, *RUNNING, "Q-NOPOLAR-OVERSAMPLE-POLAR"),
    ),
    Relation(
        "spectrum", "three wavelengths: the mean of the images of each",
        "04 section 2", Sameness.SUM, _single_waves, _mean_of_waves,
        (is_understood, SAMPLED, having("-cell"), lacking("-sourcefile", "-mat", *FROM_HEADER)),
        (*CARRIED, *RUNNING, "Q-WATER-STEPS"),
        on=("rotation", "divergent",),
    ),
    Relation(
        "horizontal-divergence", "three directions in one plane: the mean of their ends and their middle",
        "04 sections 2 and 3", Sameness.SUM, _nested(HORIZONTAL), _ends_and_middle,
        (lacking("-sourcefile"), _one_polarization), (*CARRIED, *RUNNING, "Q-WATER-STEPS"),
        on=("divergent", "rotation",),
    ),
    Relation(
        "vertical-divergence", "as horizontal-divergence, in the other plane",
        "04 sections 2 and 3", Sameness.SUM, _nested(VERTICAL), _ends_and_middle,
        (lacking("-sourcefile"), _one_polarization), (*CARRIED, *RUNNING, "Q-WATER-STEPS"),
        on=("divergent", "axes",),
    ),
    Relation(
        "polarization-linear", "polarizations K and -K: twice the image of K = 0",
        "06 section 6", Sameness.SUM, _polarized, _linear, (lacking("-nopolar"),), RUNNING,
        on=("mosaic", "sources", "sensor",),
    ),
    Relation(
        "crossed-polarization", "two polarization vectors at right angles: twice the image of K = 0",
        "06 section 6", Sameness.SUM, _crossed, _along_and_across,
        (can_be_spelled_out, _polarized_across, _single_beam, lacking("-nopolar")), RUNNING,
        on=("axes", "mosaic",),
    ),
    Relation(
        "polarization-range", "no polarization: between half the image without the factor, and that image",
        "06 section 6", Sameness.SUM, _unpolarized, _between_half_and_all, (_one_polarization,),
        (*RUNNING, "Q-NOPOLAR-OVERSAMPLE-POLAR"),
        on=("mosaic", "divergent",),
    ),
    Relation(
        "resolution-limit", "-dmin: pixels beyond it are 0, the others stay",
        "06 section 6", Sameness.BITS, _two_limits, _cut_far_out,
        (
            is_understood, _single_beam, _one_direction, _flat_on, _named_convention,
            lacking("-water", *FROM_HEADER),
        ),
        (*CARRIED, "Q-CENTRE-IGNORED"),
    ),
)  # fmt: skip
