"""Relations of scale: lengths, amplitudes, photons, the water drop, times powers of two (spec 02 to 06)."""

from __future__ import annotations

from harness.invariants.relations.command_line import CommandLine
from harness.invariants.relations.relation import (
    BASE,
    ONLY,
    Equality,
    LinesByName,
    Made,
    Relation,
    Sameness,
    Situation,
    having,
    is_understood,
    lacking,
    same,
    sum_is,
)
from harness.invariants.relations.spelled_out import FROM_HEADER

DEFAULT_FLUENCE = 125932015286227086360700780544.0
ENERGY_A = 12398.42
"""Energy in eV times wavelength in Angstrom, spec 01 section 4.3."""
SIZES = ("-xtalsize", "-sample_x", "-sample_y", "-sample_z")
SMOOTH_SHAPES = ("-round_xtal", "-gauss_xtal", "-tophat_spots")
COUNTS = ("-N", "-Na", "-Nb", "-Nc")
LABORATORY = (
    "-distance", "-close_distance", "-pixel", "-detsize", "-detsize_f", "-detsize_s", "-Xbeam", "-Ybeam",
    "-Xclose", "-Yclose", "-pix0_vector", "-pix0_vector_mm", "-detector_thick", "-detector_abs",
)  # fmt: skip
RUNNING = ("Q-OVERSAMPLE-RUNNING-PRODUCT",)
WATER = ("Q-WATER-STEPS", "Q-DMIN-ZERO-POLAR", *RUNNING)
WAVELENGTH_COLUMN = 4


def _wavelength(line: CommandLine, factor: float) -> CommandLine:
    """Return a command line with every wavelength times a factor."""
    if line.has("-sourcefile"):
        rows = line.table("-sourcefile")
        for row in rows:
            row[WAVELENGTH_COLUMN:] = [value * factor for value in row[WAVELENGTH_COLUMN:]]
        line = line.giving_table("-sourcefile", rows)
    if line.has("-energy"):
        return line.scaling(1.0 / factor, "-energy")
    return line.giving("-lambda", line.number("-lambda", 1.0) * factor)


def _crystal_lengths(s: Situation) -> LinesByName:
    """The matrix of a file is the wavelength times the reciprocal vectors, which shrink by themselves."""
    waves = _wavelength(s.base, 2.0)
    all_lengths = {"crystal and wave doubled": waves.scaling(2.0, "-cell", count=3).scaling(2.0, "-dmin")}
    if s.base.has("-cell"):
        return {**all_lengths, f"{ONLY}wave doubled": waves}
    rows = [[value * 2.0 for value in row] for row in s.base.table("-mat")]
    return {**all_lengths, f"{ONLY}crystal halved": s.base.giving_table("-mat", rows)}


def _laboratory_lengths(s: Situation) -> LinesByName:
    line = s.base
    if not line.has("-distance", "-close_distance"):
        line = line.beginning("-distance", 100.0)
    if not line.has("-pixel"):
        line = line.beginning("-pixel", 0.1)
    if not line.has("-detpixels", "-detpixels_f", "-detpixels_s", "-detsize", "-detsize_f", "-detsize_s"):
        line = line.beginning("-detsize", 102.4)
    return {
        "laboratory doubled": line.scaling(2.0, *LABORATORY),
        f"{ONLY}pixels doubled": line.scaling(2.0, "-pixel"),
    }


def doubled_factors(line: CommandLine, factor: float = 2.0) -> CommandLine:
    """Return a command line with all structure factors times a factor."""
    if line.has("-hkl"):
        line = line.giving_table("-hkl", [[*row[:3], row[3] * factor] for row in line.table("-hkl")])
    return line.scaling(factor, "-default_F")


def without_crystal(line: CommandLine) -> CommandLine:
    """Return a command line whose crystal scatters nothing: a table of one reflection of F = 0."""
    empty = line.without("-interpolate").giving_table("-hkl", [[0.0, 0.0, 0.0, 0.0]])
    return empty.giving("-default_F", 0).giving("-nointerpolate")


def _one_cell(s: Situation) -> str:
    """A second -cell may state fewer numbers than the first, which then stay."""
    return (
        "" if [entry[0] for entry in s.base.entries()].count("-cell") <= 1 else "not with -cell given twice"
    )


def _flux_is_used(line: CommandLine) -> bool:
    """Tell whether the fluence follows from the flux: it needs an exposure and an area of the beam."""
    positive = all(line.number(name, 1.0) > 0.0 for name in ("-exposure", "-beamsize"))
    return line.has("-flux") and positive


def twice_the_photons(s: Situation) -> LinesByName:
    """Return the command lines that double the photons of a base: fluence, or flux and exposure."""
    line = s.base
    if not _flux_is_used(line):
        return {"fluence doubled": line.giving("-fluence", 2.0 * line.number("-fluence", DEFAULT_FLUENCE))}
    longer = line.giving("-exposure", 2.0 * line.number("-exposure", 1.0))
    return {"flux doubled": line.scaling(2.0, "-flux"), "exposure doubled": longer}


def _spread_photons(s: Situation) -> LinesByName:
    wide = s.base.scaling(2.0, "-beamsize")
    return {"flux over four times the area": wide.scaling(4.0, "-flux"), f"{ONLY}beam doubled": wide}


def _water_volume(s: Situation) -> LinesByName:
    empty = without_crystal(s.base)
    return {"water": empty, "water doubled": empty.scaling(2.0, "-water")}


def _eight_times(_s: Situation, made: Made) -> list[Equality]:
    return [Equality(made["water"].photons * 8.0, made["water doubled"].photons)]


def _water_apart(s: Situation) -> LinesByName:
    return {"water": without_crystal(s.base), "crystal": s.base.without("-water")}


def _water_and_crystal(_s: Situation, made: Made) -> list[Equality]:
    return [sum_is(made[BASE].photons, made["water"].photons, made["crystal"].photons)]


def _water_sampled(s: Situation) -> LinesByName:
    empty = without_crystal(s.base)
    still = empty.without("-osc", "-phistep", "-phisteps", "-mosaic", "-mosaic_domains", "-mosaic_seed")
    return {"water": empty, "water of a still crystal": still}


def _water_stays(_s: Situation, made: Made) -> list[Equality]:
    return [Equality(made["water"].photons, made["water of a still crystal"].photons)]


def _is_smooth(s: Situation) -> str:
    return "" if s.meaning.crystal.shape != "SQUARE" else f"needs {' or '.join(SMOOTH_SHAPES)}"


def _fudged(s: Situation) -> LinesByName:
    counts = {name: s.base.numbers(name) for name in COUNTS if s.base.has(name)}
    larger = s.base
    for name, (count,) in counts.items():
        larger = larger.giving(name, int(2 * count))
    fudge = s.base.number("-fudge", 1.0)
    return {"cells doubled": larger, "fudge times four": s.base.giving("-fudge", 4.0 * fudge)}


def _sixty_four_times(_s: Situation, made: Made) -> list[Equality]:
    return [Equality(made["fudge times four"].photons * 64.0, made["cells doubled"].photons)]


def _every_axis_counted(s: Situation) -> str:
    given = s.base.has("-N") or all(s.base.has(name) for name in COUNTS[1:])
    return "" if given else "needs the cells along each axis"


def _by_energy(s: Situation) -> LinesByName:
    line, wave = s.base, s.base.number("-lambda", 1.0)
    if line.has("-energy"):
        wave = ENERGY_A / line.number("-energy", ENERGY_A)
        return {"wavelength": line.without("-energy").giving("-lambda", wave)}
    return {"energy": line.without("-lambda").giving("-energy", ENERGY_A / wave)}


ROWS = (
    Relation(
        "crystal-lengths",
        "cell edges, wavelengths and resolution limit doubled: the same image",
        "03 section 1, 06 section 9",
        Sameness.BITS,
        _crystal_lengths,
        same(),
        (having("-cell", "-mat"), _one_cell, lacking(*SIZES, *FROM_HEADER)),
        ("Q-GAUSS-WIDTH",),
        on=(
            "mosaic",
            "sources",
            "gauss",
            "round",
        ),
    ),
    Relation(
        "laboratory-lengths",
        "distance, pixel, beam centre and sensor doubled: the same image",
        "02 sections 2 to 5, 06 sections 4 and 5",
        Sameness.BITS,
        _laboratory_lengths,
        same(),
        (lacking(*FROM_HEADER),),
        ("Q-POINT-PIXEL-AREA",),
        on=(
            "sensor",
            "water",
            "axes",
            "divergent",
        ),
    ),
    Relation(
        "structure-factors",
        "all structure factors doubled: four times the image",
        "06 section 12",
        Sameness.BITS,
        lambda s: {"F doubled": doubled_factors(s.base)},
        same(4.0),
        (having("-hkl", "-default_F"), lacking("-water", "-dump")),
        on=(
            "interpolated",
            "divergent",
            "mosaic",
        ),
    ),
    Relation(
        "fluence",
        "photons doubled: twice the image",
        "06 section 13",
        Sameness.BITS,
        twice_the_photons,
        same(2.0),
        quirks=("Q-WATER-FLUENCE-SQUARED",),
        on=(
            "mosaic",
            "water",
            "rotation",
        ),
    ),
    Relation(
        "beam-size",
        "flux over a wider beam in proportion to its area: the same image",
        "01 section 4.3",
        Sameness.BITS,
        _spread_photons,
        same(),
        (having("-flux"), having("-beamsize"), lacking(*SIZES)),
    ),
    Relation(
        "water-volume",
        "water drop of twice the size, no crystal: eight times the image",
        "06 sections 1 and 15",
        Sameness.BITS,
        _water_volume,
        _eight_times,
        (having("-water"), lacking("-dump")),
    ),
    Relation(
        "water-adds",
        "crystal and water: the sum of crystal alone and water alone",
        "06 sections 12 and 15",
        Sameness.SUM,
        _water_apart,
        _water_and_crystal,
        (having("-water"), lacking("-dump")),
        WATER,
    ),
    Relation(
        "water-sampling",
        "water alone: the same image however many phi steps and mosaic domains",
        "06 section 15",
        Sameness.OWN,
        _water_sampled,
        _water_stays,
        (having("-water"), having("-phisteps", "-osc", "-mosaic"), lacking("-dump")),
        WATER,
    ),
    Relation(
        "size-is-fudge",
        "round, Gaussian, top-hat crystal of twice the cells: 64 times the image of four times the fudge",
        "06 sections 10 and 15",
        Sameness.BITS,
        _fudged,
        _sixty_four_times,
        (is_understood, _is_smooth, _every_axis_counted, lacking(*SIZES, "-water"), having("-oversample")),
        ("Q-GAUSS-WIDTH",),
    ),
    Relation(
        "energy",
        "wavelength told as energy, and the other way round: the same image",
        "01 section 4.3",
        Sameness.OWN,
        _by_energy,
        same(),
        (lacking(*FROM_HEADER),),
        on=("rotation",),
    ),
)
