"""The taps of the set-up that follow from other taps or directly from options (spec 02 to 04).

A second implementation on purpose: an oracle that shares no code with either program. Options come as the
simulator's command line reads them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from harness.proof.balls import Real
from harness.proof.place import FormulaPlace, NotProvableError, quirk
from harness.proof.space import (
    Balls,
    ball_cross,
    ball_dot,
    ball_product,
    ball_rot_axis,
    ball_rot_xyz,
    ball_unit,
)
from simulator.config import RunConfig, Vec3
from simulator.units import AVOGADRO_PER_MOL, R_E_SQR_M2

OPTION_ROUNDINGS = 4.0
"""From the typed number to the unit of the tap."""
Formula = Callable[[FormulaPlace], Balls]


def typed(at: FormulaPlace, *values: float) -> Balls:
    """Return options, each a few roundings from what the command line gives."""
    return tuple(at.by.of(float(value)).widened(OPTION_ROUNDINGS) for value in values)


def _axis(at: FormulaPlace, v: Vec3) -> Balls:
    return ball_unit(tuple(at.by.of(float(part)) for part in v))


def _beam(at: FormulaPlace) -> Balls:
    return _axis(at, at.config.beam.direction)


def _polar_axis(at: FormulaPlace) -> Balls:
    return _axis(at, at.config.beam.polarization_axis)


def _spindle(at: FormulaPlace) -> Balls:
    return _axis(at, at.config.crystal.spindle_axis)


def _twotheta(at: FormulaPlace) -> Balls:
    axis = at.config.detector.twotheta_axis
    if quirk(at, "Q-TWOTHETA-AXIS-NORM"):
        return tuple(at.by.of(float(part)) for part in axis)
    return _axis(at, axis)


def _turned(at: FormulaPlace, v: Balls) -> Balls:
    """Return a vector after the detector rotations and the two-theta swing."""
    turned = ball_rot_xyz(v, at.vec("detector_rot_rad"))
    return ball_rot_axis(turned, at.vec("twotheta_axis"), at.one("twotheta_rad"))


def _turn(at: FormulaPlace) -> Balls:
    zero, one = at.by.of(0.0), at.by.of(1.0)
    columns = [_turned(at, v) for v in ((one, zero, zero), (zero, one, zero), (zero, zero, one))]
    return tuple(columns[j][i] for i in range(3) for j in range(3))


def _fast(at: FormulaPlace) -> Balls:
    return _turned(at, _axis(at, at.config.detector.fast))


def _slow(at: FormulaPlace) -> Balls:
    return _turned(at, _axis(at, at.config.detector.slow))


def _first_normal(at: FormulaPlace) -> Balls:
    """Return the normal before the detector is turned: as typed, or re-made of fast and slow."""
    detector = at.config.detector
    typed_normal = tuple(at.by.of(float(part)) for part in detector.normal)
    size_sqr = sum(float(part) ** 2 for part in detector.normal)
    remade = ball_unit(ball_cross(_axis(at, detector.fast), _axis(at, detector.slow)))
    if quirk(at, "Q-ODET-DISCARDED"):
        if size_sqr != 1.0 and abs(size_sqr - 1.0) < 1e-12:
            raise NotProvableError("rounding decides whether the normal counts as typed")
        return ball_unit(typed_normal) if size_sqr == 1.0 else remade
    if (detector.fast_or_slow_given and not detector.normal_given) or size_sqr == 0.0:
        along = ball_dot(at.vec("beam_vec"), remade)
        if not along.known or along.holds(0.0, 0.0):
            raise NotProvableError("the sign of the normal is not certain")
        return tuple(-part for part in remade) if along.ends[1] < 0.0 else remade
    return ball_unit(typed_normal)


def _normal(at: FormulaPlace) -> Balls:
    return _turned(at, _first_normal(at))


def _on_plane(axis: str) -> Formula:
    def beam_spot(at: FormulaPlace) -> Balls:
        beam, pix0 = at.vec("beam_vec"), at.vec("pix0_vector_meters")
        distance = at.one("distance_meters")
        from_corner = tuple(distance * b - p for b, p in zip(beam, pix0, strict=True))
        return (ball_dot(at.vec(axis), from_corner),)

    return beam_spot


def _closest(axis: str) -> Formula:
    return lambda at: (-ball_dot(at.vec("pix0_vector_meters"), at.vec(axis)),)


def _origin(at: FormulaPlace) -> Balls:
    """Return the corner of the first pixel by the pivot, or as given (spec 02 section 5)."""
    detector = at.config.detector
    if detector.pix0_given and detector.convention == "CUSTOM" and not quirk(at, "Q-PIX0-IGNORED"):
        return typed(at, *detector.pix0_m)
    beam, normal = at.vec("beam_vec"), _first_normal(at)
    ratio = ball_dot(beam, ball_rot_xyz(normal, at.vec("detector_rot_rad")))
    if math.isnan(detector.close_distance_m):
        close = _magnitude(ratio * typed(at, detector.distance_m)[0])
    else:
        (close,) = typed(at, detector.close_distance_m)
    if detector.pivot == "SAMPLE":
        axes = (_axis(at, detector.fast), _axis(at, detector.slow), normal)
        return _turned(at, _corner(at, (detector.Fclose_m, detector.Sclose_m), close, axes))
    axes = (at.vec("fdet_vec"), at.vec("sdet_vec"), beam)
    return _corner(at, (detector.Fbeam_m, detector.Sbeam_m), close / ratio, axes)


def _magnitude(value: Real) -> Real:
    if not value.known or value.holds(0.0, 0.0):
        raise NotProvableError("the sign of a distance is not certain")
    return -value if value.ends[1] < 0.0 else value


def _corner(at: FormulaPlace, spot_m: tuple[float, float], away_m: Real, axes: Sequence[Balls]) -> Balls:
    """Return -F f - S s + away o."""
    F, S = typed(at, *spot_m)
    fast, slow, out = axes
    return tuple(at.by.total([-(F * fast[i]), -(S * slow[i]), away_m * out[i]]) for i in range(3))


def _close_distance(at: FormulaPlace) -> Balls:
    return (ball_dot(at.vec("pix0_vector_meters"), at.vec("odet_vec")),)


def _distance(at: FormulaPlace) -> Balls:
    turned = at.vec("odet_vec")
    if quirk(at, "Q-RATIO-NO-TWOTHETA"):
        turned = ball_rot_xyz(_first_normal(at), at.vec("detector_rot_rad"))
    return (at.one("close_distance_meters") / ball_dot(at.vec("beam_vec"), turned),)


def _star(first: str, second: str) -> Formula:
    """Return how a reciprocal vector is re-made from two direct ones (spec 03 section 4 step 5)."""

    def star(at: FormulaPlace) -> Balls:
        normal = ball_cross(at.vec(first), at.vec(second))
        return tuple((part / at.one("V_cell_A3")).widened(2.0) for part in normal)

    return star


def _misset(at: FormulaPlace) -> Balls:
    if at.config.crystal.random_misset:
        raise NotProvableError("the angles were drawn")
    return typed(at, *at.config.crystal.misset_rad)


def _steps(at: FormulaPlace) -> Balls:
    sides = at.one("oversample")
    return (
        ball_product([at.one(name) for name in ("sources", "mosaic_domains", "phisteps")] + [sides, sides]),
    )


def _water(at: FormulaPlace) -> Balls:
    size = at.by.of(float(at.config.beam.water_size_m)).widened(OPTION_ROUNDINGS)
    found = ball_product([at.by.of(2.57), at.by.of(2.57), size, size, size]) * 1e6 * AVOGADRO_PER_MOL / 18.0
    if quirk(at, "Q-WATER-FLUENCE-SQUARED"):
        found = found * at.one("r_e_sqr") * at.one("fluence_photons_per_m2")
    return (found.widened(1.0),)


def _background(at: FormulaPlace) -> Balls:
    return at.vec("water_electrons_sqr") if quirk(at, "Q-WATER-STEPS") else (at.by.of(0.0),)


def _relative_weight(at: FormulaPlace) -> Balls:
    if quirk(at, "Q-SOURCE-WEIGHTS"):
        return (at.by.of(1.0),)
    weights = [weight for (weight,) in at.every("source_weight")]
    if len(weights) != at.number("sources"):
        raise NotProvableError("the trace has not every source_weight")
    return ((at.one("source_weight") / (at.by.total(weights) / float(len(weights)))).widened(2.0),)


def _phi(at: FormulaPlace) -> Balls:
    """Return phi0 + dphi*j; both as the command line reads them."""
    phi = at.config.crystal.phi_rad
    first, step = typed(at, phi.first, phi.step)
    return (at.by.total([first, step * float(at.turn["phi"])]),)


def _count(of: Callable[[RunConfig], float]) -> Formula:
    """Return a formula of a whole number that an option gives; 0 or less stands for one that follows."""

    def count(at: FormulaPlace) -> Balls:
        found = of(at.config)
        if found <= 0:
            raise NotProvableError("the count follows from other values")
        return (at.by.of(float(found)),)

    return count


def _flag(option: str) -> Formula:
    return lambda at: (at.by.of(float(getattr(at.config.sampling, option))),)


def _cells(at: FormulaPlace) -> Balls:
    crystal = at.config.crystal
    if any(float(size) > 0.0 for size in crystal.size_m):
        raise NotProvableError("the counts follow from the size of the crystal")
    return tuple(at.by.of(float(max(1, count))) for count in crystal.cells)


SETUP_FORMULAS: dict[str, Formula] = {
    "fpixels": _count(lambda config: config.detector.fpixels),
    "spixels": _count(lambda config: config.detector.spixels),
    "N_cells": _cells,
    "oversample": _count(lambda config: config.sampling.oversample),
    **{name: _flag(name) for name in ("oversample_thick", "oversample_polar", "oversample_omega")},
    "phisteps": _count(lambda config: config.crystal.phi_rad.count),
    "mosaic_domains": _count(lambda config: config.crystal.mosaic_domains),
    "thicksteps": _count(lambda config: config.detector.thickness_m.count),
    "pixel_size_meters": lambda at: typed(at, at.config.detector.pixel_size_m),
    "lambda0_meters": lambda at: typed(at, at.config.beam.wavelength_m),
    "fluence_photons_per_m2": lambda at: typed(at, at.config.beam.fluence_photons_per_m2),
    "r_e_sqr": lambda at: (at.by.of(R_E_SQR_M2),),
    "beam_vec": _beam,
    "polar_vec": _polar_axis,
    "spindle_axis": _spindle,
    "twotheta_axis": _twotheta,
    "detector_rot_rad": lambda at: typed(at, *at.config.detector.rot_rad),
    "twotheta_rad": lambda at: typed(at, at.config.detector.twotheta_rad),
    "detector_turn": _turn,
    "fdet_vec": _fast,
    "sdet_vec": _slow,
    "odet_vec": _normal,
    "Fbeam_meters": _on_plane("fdet_vec"),
    "Sbeam_meters": _on_plane("sdet_vec"),
    "Fclose_meters": _closest("fdet_vec"),
    "Sclose_meters": _closest("sdet_vec"),
    "pix0_vector_meters": _origin,
    "close_distance_meters": _close_distance,
    "distance_meters": _distance,
    "misset_rad": _misset,
    "a_star_A_inv": _star("b_angstroms", "c_angstroms"),
    "b_star_A_inv": _star("c_angstroms", "a_angstroms"),
    "c_star_A_inv": _star("a_angstroms", "b_angstroms"),
    "steps": _steps,
    "water_electrons_sqr": _water,
    "I_bg": _background,
    "source_relative_weight": _relative_weight,
    "phi_rad": _phi,
}
"""Tap of the set-up -> function of its inputs."""

SETUP_WORDS: dict[str, Callable[[RunConfig], str]] = {
    "convention": lambda config: config.detector.convention,
    "pivot": lambda config: config.detector.pivot,
    "xtal_shape": lambda config: config.crystal.shape,
}
"""Tap of the set-up that is a word -> the word that the options end on."""
