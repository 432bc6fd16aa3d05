"""The taps of a sub-pixel and of a source (spec 06 sections 3 to 6, 12 and 15).

A second implementation on purpose: an oracle that shares no code with either program.
"""

from __future__ import annotations

from harness.proof.balls import Real
from harness.proof.place import FormulaPlace, NotProvableError, quirk
from harness.proof.setup_formulas import OPTION_ROUNDINGS, Formula
from harness.proof.space import (
    Balls,
    ball_cross,
    ball_dot,
    ball_length,
    ball_product,
    ball_rot_axis,
    ball_scale,
    ball_unit,
)

UNIT_ROUNDINGS = 8.0
"""How far a unit vector may be from one that is normalised again, in units of u (Q-POLAR-UNITIZE)."""
ANGLE_ERROR = 40.0
"""Absolute error of cos(2 psi) by the roundings of atan2, of 2 psi <= 2 pi and of cos, in units of u."""


def _sub_pixel(axis: str, sub: str) -> Formula:
    def coordinate(at: FormulaPlace) -> Balls:
        side = at.one("pixel_size_meters") / at.one("oversample")
        number = at.turn[axis] * at.number("oversample") + at.turn[sub]
        return (side * float(number) + side / 2.0,)

    return coordinate


def _depth(at: FormulaPlace) -> Balls:
    step = at.by.of(float(at.config.detector.thickness_m.step)).widened(OPTION_ROUNDINGS)
    return (step * float(at.turn["t"]),)


def _position(at: FormulaPlace) -> Balls:
    axes = [at.vec(f"{name}det_vec") for name in "fso"]
    away = [at.one(f"{name}det_meters") for name in "FSO"]
    corner = at.vec("pix0_vector_meters")
    flat = tuple(
        at.by.total([*(part * axis[i] for part, axis in zip(away, axes, strict=True)), corner[i]])
        for i in range(3)
    )
    return _bent(at, flat) if at.config.detector.curved else flat


def _bent(at: FormulaPlace, flat: Balls) -> Balls:
    """Return the position on a sphere about the sample (spec 02 section 6)."""
    distance, beam = at.one("distance_meters"), at.vec("beam_vec")
    fast, slow = at.vec("fdet_vec"), at.vec("sdet_vec")
    straight = ball_scale(beam, distance)
    if quirk(at, "Q-CURVED-TRANSPOSE"):
        once = ball_rot_axis(straight, slow, flat[1] / distance)
        return ball_rot_axis(once, fast, flat[2] / distance)
    spot = {name: (at.one(f"{name}det_meters") - at.one(f"{name}beam_meters")) / distance for name in "FS"}
    once = ball_rot_axis(straight, ball_unit(ball_cross(beam, fast)), spot["F"])
    return ball_rot_axis(once, ball_unit(ball_cross(beam, slow)), spot["S"])


def _direction(at: FormulaPlace) -> Balls:
    return ball_scale(at.vec("pixel_pos_meters"), 1.0 / at.one("R_distance_meters"))


def _obliquity(at: FormulaPlace) -> Balls:
    return (at.one("close_distance_meters") / at.one("R_distance_meters"),)


def _cached(at: FormulaPlace, each: bool, scope: tuple[str, ...], first: bool, made: Formula) -> Balls:
    """Return a cached factor: formed anew with its flag or at first, else that of the record before."""
    if each:
        return made(at)
    before = at.before(*scope)
    if before is None:
        if not first:
            raise NotProvableError("the record that the cache was formed at is not in the trace")
        return made(at)
    if before[0].holds(0.0, 0.0):
        raise NotProvableError("a cache of 0 is formed again")
    return before


def _omega(at: FormulaPlace) -> Balls:
    first = all(at.turn[key] == 0 for key in ("t", "ss", "sf"))
    return _cached(at, at.number("oversample_omega") != 0.0, ("s", "f"), first, _solid_angle)


def _solid_angle(at: FormulaPlace) -> Balls:
    R, pixel = at.one("R_distance_meters"), at.one("pixel_size_meters")
    if not at.config.detector.point_pixel:
        return (pixel * pixel / R / R * at.one("close_distance_meters") / R,)
    area = at.by.of(1.0) if quirk(at, "Q-POINT-PIXEL-AREA") else pixel * pixel
    return (area / R / R,)


def _capture(at: FormulaPlace) -> Balls:
    detector = at.config.detector
    each = at.number("oversample_thick") != 0.0
    bare = detector.thickness_m.range == 0.0
    blind = bare and not (each and quirk(at, "Q-OVERSAMPLE-THICK-NO-SENSOR"))
    clear = not bare and detector.attenuation_per_m <= 0.0 and not quirk(at, "Q-THICK-ABS-ORDER")
    if blind or clear:
        return (at.by.of(1.0),)
    first = at.turn["ss"] == 0 and at.turn["sf"] == 0
    return _cached(at, each, ("s", "f", "t"), first, _stopped)


def _stopped(at: FormulaPlace) -> Balls:
    detector, layer = at.config.detector, at.turn["t"]
    mu = at.by.of(float(detector.attenuation_per_m)).widened(OPTION_ROUNDINGS)
    step = at.by.of(float(detector.thickness_m.step)).widened(OPTION_ROUNDINGS)
    rho = ball_dot(at.vec("diffracted_vec"), at.vec("odet_vec"))
    front, back = (at.by.call("exp", step * float(-t) * mu / rho) for t in (layer, layer + 1))
    return (front - back,)


def _incident(at: FormulaPlace) -> Balls:
    return tuple(-part for part in at.vec("source_vec"))


def _diffracted(at: FormulaPlace) -> Balls:
    """Return the ray as a source sees it, which may have been normalised again for those before."""
    ray = at.vec("diffracted_vec")
    again = quirk(at, "Q-POLAR-UNITIZE") and at.turn["src"] > 0
    return tuple(part.widened(UNIT_ROUNDINGS) for part in ray) if again else ray


def _scattering(at: FormulaPlace) -> Balls:
    wavelength = at.one("lambda_meters")
    rays = zip(_diffracted(at), at.vec("incident_vec"), strict=True)
    return tuple((d - i) / wavelength for d, i in rays)


def _stol(at: FormulaPlace) -> Balls:
    return (ball_length(at.vec("scattering_vec_m_inv")) * 0.5,)


def _skipped(at: FormulaPlace) -> Balls:
    dmin, stol = float(at.config.sampling.dmin_m), at.one("stol_m_inv")
    if dmin <= 0.0:
        return (at.by.of(0.0),)
    margin = at.by.of(dmin).widened(OPTION_ROUNDINGS) - 0.5 / stol
    if not margin.known or margin.holds(0.0, 0.0):
        raise NotProvableError("rounding decides whether the source passes dmin")
    return (at.by.of(1.0 if margin.ends[0] > 0.0 else 0.0),)


def _cos_2theta(at: FormulaPlace) -> Balls:
    rays = (ball_unit(at.vec("incident_vec")), ball_unit(_diffracted(at)))
    return (ball_dot(*rays).widened(UNIT_ROUNDINGS),)


def _polar(at: FormulaPlace) -> Balls:
    each = at.number("oversample_polar") != 0.0
    if at.config.beam.nopolar and not (each and quirk(at, "Q-NOPOLAR-OVERSAMPLE-POLAR")):
        return (at.by.of(1.0),)
    first = all(at.turn[key] == 0 for key in ("t", "ss", "sf", "src"))
    kept = quirk(at, "Q-DMIN-ZERO-POLAR") and at.config.sampling.dmin_m > 0.0
    return _cached(at, each, ("s", "f"), first or kept, _kahn)


def _kahn(at: FormulaPlace) -> Balls:
    kahn = float(at.config.beam.kahn_factor)
    i, d, axis = ball_unit(at.vec("incident_vec")), ball_unit(_diffracted(at)), ball_unit(at.vec("polar_vec"))
    cosine = ball_dot(i, d)
    cos_sqr = cosine * cosine
    if kahn == 0.0:
        return ((cos_sqr + 1.0) * 0.5,)
    across = ball_unit(ball_cross(axis, i))
    along = ball_unit(ball_cross(i, across))
    twice = at.by.within(_cos_of_twice(ball_dot(d, across), ball_dot(d, along)), ANGLE_ERROR)
    factor = at.by.of(kahn).widened(1.0)
    return (((cos_sqr + 1.0) - factor * twice * (1.0 - cos_sqr)) * 0.5,)


def _cos_of_twice(y: Real, x: Real) -> Real:
    """Return cos(2 atan2(y, x)) = (x^2 - y^2)/(x^2 + y^2)."""
    return (x * x - y * y) / (x * x + y * y)


FACTORS = {
    "capture_fraction_inside": ("capture_fraction", "oversample_thick", "Q-THICK-LAST-LAYER"),
    "polar_inside": ("polar", "oversample_polar", ""),
    "omega_pixel_inside": ("omega_pixel_sr", "oversample_omega", ""),
}
"""Tap -> the factor, its flag, and the quirk without which it multiplies inside the loops anyway."""


def is_inside(at: FormulaPlace, tap: str) -> bool:
    """Tell whether a factor multiplies inside the loops."""
    _, flag, always = FACTORS[tap]
    on = at.number(flag) != 0.0
    if tap == "polar_inside" and at.config.beam.nopolar and not quirk(at, "Q-NOPOLAR-OVERSAMPLE-POLAR"):
        on = False
    return on or (bool(always) and not quirk(at, always))


def _inside(tap: str) -> Formula:
    return lambda at: at.vec(FACTORS[tap][0]) if is_inside(at, tap) else (at.by.of(1.0),)


def _flagged(at: FormulaPlace) -> list[Real]:
    """Return the factors inside that multiply the running sum: those with a flag, with the quirk."""
    if not quirk(at, "Q-OVERSAMPLE-RUNNING-PRODUCT"):
        return []
    return [at.one(tap) for tap, (_, flag, _) in FACTORS.items() if at.number(flag) != 0.0]


def _term_factor(at: FormulaPlace) -> Balls:
    running = quirk(at, "Q-OVERSAMPLE-RUNNING-PRODUCT")
    inside = [at.one(tap) for tap, (_, flag, _) in FACTORS.items() if not running or at.number(flag) == 0.0]
    return (ball_product([at.one("source_relative_weight"), *inside]),)


def _sum_factor(at: FormulaPlace) -> Balls:
    return (ball_product([at.by.of(1.0), *_flagged(at)]),)


def _water_factor(at: FormulaPlace) -> Balls:
    return (ball_product([at.one("source_relative_weight"), *(_water_part(at, tap) for tap in FACTORS)]),)


def _water_part(at: FormulaPlace, tap: str) -> Real:
    return at.one(FACTORS[tap][0]) if is_inside(at, tap) else at.by.of(1.0)


RAY_FORMULAS: dict[str, Formula] = {
    "Fdet_meters": _sub_pixel("f", "sf"),
    "Sdet_meters": _sub_pixel("s", "ss"),
    "Odet_meters": _depth,
    "pixel_pos_meters": _position,
    "R_distance_meters": lambda at: (ball_length(at.vec("pixel_pos_meters")),),
    "diffracted_vec": _direction,
    "obliquity_factor": _obliquity,
    "omega_pixel_sr": _omega,
    "capture_fraction": _capture,
    "incident_vec": _incident,
    "lambda_meters": lambda at: at.vec("source_lambda_meters"),
    "scattering_vec_m_inv": _scattering,
    "stol_m_inv": _stol,
    "dmin_skipped": _skipped,
    "cos_2theta": _cos_2theta,
    "polar": _polar,
    **{tap: _inside(tap) for tap in FACTORS},
    "term_factor": _term_factor,
    "sum_factor": _sum_factor,
    "water_factor": _water_factor,
}
"""Tap of a sub-pixel or a source -> function of its inputs."""
