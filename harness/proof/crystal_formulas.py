"""The taps of the crystal and of the end of a pixel (spec 03 section 5, 05 section 5, 06 sections 7 to 15).

A second implementation on purpose: an oracle that shares no code with either program.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from harness.proof.balls import Real, Rounding
from harness.proof.place import FormulaPlace, NotProvableError, quirk
from harness.proof.ray_formulas import is_inside
from harness.proof.setup_formulas import Formula
from harness.proof.space import Balls, ball_dot, ball_product, ball_rot_axis

SERIES_BELOW = 0.05
TOPHAT_LIMIT, GAUSS_WIDTH, ROUND_FACTOR = 0.3969, 0.63, 0.723601254558268


def _rotated(axis: str) -> Formula:
    def cell(at: FormulaPlace) -> Balls:
        phi = at.number("phi_rad")
        if phi == 0.0 and quirk(at, "Q-PHI-CARRYOVER"):
            phi = _carried_over(at)
        direct = at.vec(f"{axis}_angstroms")
        return direct if phi == 0.0 else ball_rot_axis(direct, at.vec("spindle_axis"), _angle(at, phi))

    return cell


def _angle(at: FormulaPlace, phi_rad: float) -> Real:
    """Return the enclosure of the phi step that has a printed angle."""
    own = at.one("phi_rad")
    return own if own.holds(phi_rad, phi_rad) else at.by.of(phi_rad)


def _carried_over(at: FormulaPlace) -> float:
    """Return the angle that a step of exactly 0 keeps (spec 06 section 7)."""
    angles = [angle.ends[0] for (angle,) in at.every("phi_rad")]
    before = [angle for angle in angles[: at.turn["phi"]] if angle != 0.0]
    if before:
        return before[-1]
    turning = [angle for angle in angles if angle != 0.0]
    if not turning:
        return 0.0
    if all(at.turn[key] == 0 for key in ("t", "ss", "sf")):
        if at.config.sampling.dmin_m > 0.0:
            raise NotProvableError("whether this is the first sweep of the run is not in the trace")
        if at.turn["src"] == 0 and (at.turn["s"], at.turn["f"]) == _first_pixel(at):
            return 0.0
    return turning[-1]


def _first_pixel(at: FormulaPlace) -> tuple[int, int]:
    """Return (slow, fast) of the first pixel that a run computes."""
    detector = at.config.detector
    fast_min, _, slow_min, _ = detector.roi
    if detector.mask.size == 0:
        return slow_min, fast_min
    kept = np.argwhere(detector.mask[slow_min:, fast_min : detector.roi[1] + 1])
    return (int(kept[0, 0]) + slow_min, int(kept[0, 1]) + fast_min) if len(kept) else (-1, -1)


def _in_domain(axis: str) -> Formula:
    def cell(at: FormulaPlace) -> Balls:
        rows = at.vec("mosaic_umat")
        return tuple(ball_dot(rows[3 * i : 3 * i + 3], at.vec(f"rot_{axis}_angstroms")) for i in range(3))

    return cell


def _indices(at: FormulaPlace) -> Balls:
    stem = "mos" if at.config.crystal.mosaic_spread_rad > 0.0 else "rot"
    q = at.vec("scattering_vec_m_inv")
    return tuple((ball_dot(at.vec(f"{stem}_{axis}_angstroms"), q) * 1e-10).widened(1.0) for axis in "abc")


def _nearest(at: FormulaPlace) -> Balls:
    """Return ceil(h - 0.5) as a program gives it, whose subtraction is rounded too."""
    return tuple(at.by.of(float(_whole(index))) for index in at.numbers("hkl_frac"))


def _whole(index: float) -> int:
    if not math.isfinite(index):
        raise NotProvableError("an index is not a number")
    return math.ceil(index - 0.5)


def _off(at: FormulaPlace) -> list[Real]:
    """Return the distances of the indices from the nearest whole ones."""
    return [h - w for h, w in zip(at.vec("hkl_frac"), at.vec("hkl_rounded"), strict=True)]


def _grating(number: int) -> Formula:
    def factor(at: FormulaPlace) -> Balls:
        cells = at.numbers("N_cells")[number]
        if cells <= 1.0:
            return (at.by.of(1.0),)
        whole = not quirk(at, "Q-SINCG-INTEGER")
        index = _off(at)[number] if whole else at.vec("hkl_frac")[number]
        if index.ends == (0.0, 0.0):
            return (at.by.of(cells),)
        x = index * at.by.pi()
        return (at.by.call("sin", x * cells) / at.by.call("sin", x),)

    return factor


def _by_axes(at: FormulaPlace) -> Balls:
    parts = zip(_off(at), at.vec("N_cells"), strict=True)
    return (at.by.total([ball_product([d, d, n, n]) for d, n in parts]),)


def _by_length(at: FormulaPlace) -> Balls:
    """Return the squared distance from the lattice point, times all counts squared: Q-GAUSS-WIDTH."""
    stars = [at.vec(f"{axis}_star_A_inv") for axis in "abc"]
    off = _off(at)
    away = [at.by.total([d * star[i] for d, star in zip(off, stars, strict=True)]) for i in range(3)]
    counts = [count for n in at.vec("N_cells") for count in (n, n)]
    return (ball_product([at.by.total([part * part for part in away]), *counts]),)


def _spot_distance(at: FormulaPlace) -> Real:
    return at.one("rad_star_sqr" if quirk(at, "Q-GAUSS-WIDTH") else "hrad_sqr")


def _fudge(at: FormulaPlace) -> Real:
    return at.by.of(float(at.config.crystal.fudge))


def _count(at: FormulaPlace) -> Real:
    return ball_product(at.vec("N_cells"))


def _square(at: FormulaPlace) -> Real:
    return ball_product([at.one(f"F_latt_{axis}") for axis in "abc"])


def _round(at: FormulaPlace) -> Real:
    x = at.by.call("sqrt", at.one("hrad_sqr") * _fudge(at)) * at.by.pi()
    return _count(at) * ROUND_FACTOR * _ball_transform(at, x)


def _ball_transform(at: FormulaPlace, x: Real) -> Real:
    """Return 3 (sin(x)/x - cos(x))/x^2, or its series (Q-SINC3-SMALL off)."""
    if x.ends == (0.0, 0.0):
        return at.by.of(1.0)
    square = x * x
    if not quirk(at, "Q-SINC3-SMALL"):
        if x.holds(SERIES_BELOW, SERIES_BELOW):
            raise NotProvableError("rounding decides whether the series is taken")
        if x.ends[1] < SERIES_BELOW:
            powers = [square / 10.0, square * square / 280.0, square * square * square / 15120.0]
            return at.by.total([at.by.of(1.0), -powers[0], powers[1], -powers[2]])
    return (at.by.call("sin", x) / x - at.by.call("cos", x)) * 3.0 / square


def _gauss(at: FormulaPlace) -> Real:
    exponent = _spot_distance(at) / GAUSS_WIDTH * _fudge(at)
    return _count(at) * at.by.call("exp", -exponent)


def _tophat(at: FormulaPlace) -> Real:
    margin = _spot_distance(at) * _fudge(at) - TOPHAT_LIMIT
    if not margin.known or margin.holds(0.0, 0.0):
        raise NotProvableError("rounding decides whether the index is inside the top hat")
    return _count(at) if margin.ends[1] < 0.0 else at.by.of(0.0)


SHAPE_FORMULAS: dict[str, Callable[[FormulaPlace], Real]] = {
    "SQUARE": _square, "ROUND": _round, "GAUSS": _gauss, "TOPHAT": _tophat,
}  # fmt: skip


def _lattice(at: FormulaPlace) -> Balls:
    shape = at.word("xtal_shape")
    if shape not in SHAPE_FORMULAS:
        raise NotProvableError(f"no formula here of the shape {shape!r:.20}")
    return (SHAPE_FORMULAS[shape](at).widened(2.0),)


def _entry(at: FormulaPlace, index: tuple[int, ...]) -> float:
    """Return the table's structure factor, default_F outside."""
    factors = at.config.structure_factors
    if factors.reflections == 0:
        return float(factors.default_F)
    place = tuple(n - least for n, least in zip(index, factors.hkl_min, strict=True))
    inside = all(0 <= n < size for n, size in zip(place, factors.table.shape, strict=True))
    return float(factors.table[place]) if inside else float(factors.default_F)


def _nodes(at: FormulaPlace) -> Balls:
    low = [math.floor(index) - 1 for index in at.numbers("hkl_frac")]
    steps = [(h, k, m) for h in range(4) for k in range(4) for m in range(4)]
    return tuple(at.by.of(_entry(at, tuple(n + s for n, s in zip(low, step, strict=True)))) for step in steps)


def _cell_factor(at: FormulaPlace) -> Balls:
    try:
        nodes = at.vec("tricubic_F")
    except NotProvableError:
        whole = tuple(int(index) for index in at.numbers("hkl_rounded"))
        return (at.by.of(_entry(at, whole)).widened(1.0),)
    low = [math.floor(index) - 1 for index in at.numbers("hkl_frac")]
    h, k, m = at.vec("hkl_frac")
    lines = [_lagrange(at.by, m, low[2], nodes[n : n + 4]) for n in range(0, 64, 4)]
    planes = [_lagrange(at.by, k, low[1], tuple(lines[n : n + 4])) for n in range(0, 16, 4)]
    return (_lagrange(at.by, h, low[0], tuple(planes)),)


def _lagrange(by: Rounding, x: Real, first: int, values: Balls) -> Real:
    """Return the polynomial through four whole places from `first` on, at x (spec 05 section 5)."""
    away = [x - float(first + n) for n in range(4)]
    terms = []
    for n, value in enumerate(values):
        others = [m for m in range(4) if m != n]
        below = float(math.prod(n - m for m in others))
        terms.append(ball_product([*(away[m] for m in others), value]) / below)
    return by.total(terms)


def _contribution(at: FormulaPlace) -> Balls:
    F_cell, F_latt = at.one("F_cell"), at.one("F_latt")
    return (ball_product([F_cell, F_cell, F_latt, F_latt]),)


def _running(at: FormulaPlace) -> Balls:
    """Return (I + contribution * term_factor) * sum_factor, with the terms summed in any order."""
    so_far = len(at.every("I_contribution"))
    before = at.before("s", "f")
    start = at.one("I_bg") if before is None else before[0]
    found = at.by.total([start, at.one("I_contribution") * at.one("term_factor")])
    return ((found * at.one("sum_factor")).widened(4.0 * so_far),)


def _before_scaling(at: FormulaPlace) -> Balls:
    return at.vec("I_running") if at.every("I_running") else at.vec("I_bg")


def _applied(tap: str, inside: str) -> Formula:
    def factor(at: FormulaPlace) -> Balls:
        if is_inside(at, inside):
            return (at.by.of(1.0),)
        if at.every(tap):
            return at.every(tap)[-1]
        if tap == "polar" and at.config.beam.nopolar:
            return (at.by.of(1.0),)
        if tap == "polar" and quirk(at, "Q-DMIN-ZERO-POLAR"):  # every source was skipped
            return (at.by.of(0.0),)
        raise NotProvableError(f"the trace has no {tap}")

    return factor


def _water_sum(at: FormulaPlace) -> Balls:
    shares = [share for (share,) in at.every("water_factor")]
    return (at.by.total(shares) if shares else at.by.of(0.0),)


def _photon_scale(at: FormulaPlace) -> Real:
    return at.one("r_e_sqr") * at.one("fluence_photons_per_m2")


APPLIED = ("capture_fraction_applied", "polar_applied", "omega_pixel_applied")


def _water_photons(at: FormulaPlace) -> Balls:
    sides = at.one("oversample")
    samples = at.one("sources") * sides * sides
    share = ball_product([_photon_scale(at), at.one("water_electrons_sqr"), at.one("water_sum")]) / samples
    return (ball_product([share, *(at.one(tap) for tap in APPLIED)]),)


def _photons(at: FormulaPlace) -> Balls:
    value = _photon_scale(at) * at.one("I_before_scaling") / at.one("steps")
    value = ball_product([value, *(at.one(tap) for tap in APPLIED)])
    return (value + at.one("water_photons") if at.every("water_photons") else value,)


def _stored(at: FormulaPlace) -> Balls:
    """Return the nearest 4-byte float, which is certain of a certain value."""
    value = at.one("I_pixel_final")
    low, high = value.ends
    if low != high:
        return (value.by.within(value, 0.0) * at.by.of(1.0, 2.0**-24) + at.by.of(0.0, 2.0**-149),)
    with np.errstate(over="ignore"):
        return (at.by.of(float(np.float32(low))),)


CRYSTAL_FORMULAS: dict[str, Formula] = {
    **{f"rot_{axis}_angstroms": _rotated(axis) for axis in "abc"},
    **{f"mos_{axis}_angstroms": _in_domain(axis) for axis in "abc"},
    "hkl_frac": _indices,
    "hkl_rounded": _nearest,
    **{f"F_latt_{axis}": _grating(number) for number, axis in enumerate("abc")},
    "hrad_sqr": _by_axes,
    "rad_star_sqr": _by_length,
    "F_latt": _lattice,
    "tricubic_F": _nodes,
    "F_cell": _cell_factor,
    "I_contribution": _contribution,
    "I_running": _running,
    "I_before_scaling": _before_scaling,
    **{f"{factor}_applied": _applied(tap, f"{factor}_inside")
       for factor, tap in (("capture_fraction", "capture_fraction"), ("polar", "polar"),
                           ("omega_pixel", "omega_pixel_sr"))},
    "water_sum": _water_sum,
    "water_photons": _water_photons,
    "I_pixel_final": _photons,
    "floatimage_accumulated": _stored,
}  # fmt: skip
"""Tap of a phi step, of a domain or of the pixel -> function of its inputs."""
