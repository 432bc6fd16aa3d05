"""Where the detector stands: basis vectors, origin, distances, and the place of a sub-pixel (spec 02)."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.config import Beam, Detector
from simulator.errors import InputError
from simulator.limits.value_table import GRAZING, RANGES
from simulator.physics.vectors import (
    Vec,
    cross,
    dot,
    length,
    negative,
    plain,
    rot_axis,
    rot_xyz,
    scalar,
    scale,
    stack,
    unit,
    vec,
)
from simulator.quirks import Quirks
from simulator.units import MM_PER_M


@dataclass(frozen=True)
class Geometry:
    """The final geometry (spec 02 sections 4 and 5): unit vectors [3], lengths in metres, no dimensions."""

    beam: Tensor
    """From the source to the sample."""
    polarization: Tensor
    """Direction of the electric field."""
    vertical: Tensor
    """Across beam and polarization."""
    fast: Tensor
    slow: Tensor
    normal: Tensor
    twotheta_axis: Tensor
    rot_rad: Tensor
    """Detector rotations about x, y and z [3]."""
    twotheta_rad: Tensor
    """Two-theta swing, no dimensions."""
    turn: Tensor
    """Matrix of all that the detector is turned by [3, 3]; sheared by a two-theta axis of another length."""
    pix0_m: Tensor
    """From the sample to the corner of the first pixel [3]."""
    distance_m: Tensor
    close_distance_m: Tensor
    Fbeam_m: Tensor
    Sbeam_m: Tensor
    Fclose_m: Tensor
    Sclose_m: Tensor
    orgx_pixels: Tensor
    orgy_pixels: Tensor
    dials_origin_mm: Tensor
    """`pix0_m` in the frame and the unit of DIALS [3]."""


@dataclass(frozen=True)
class _Axes:
    """Beam and detector as unit vectors, before the detector is turned, and the turn (spec 02 section 4)."""

    beam: Vec
    fast: Vec
    slow: Vec
    normal: Vec
    twotheta: Vec
    rot_rad: Vec
    swing_rad: Tensor

    def turned(self, v: Vec) -> Vec:
        """Return a vector after the three detector rotations and the two-theta swing."""
        return rot_axis(rot_xyz(v, self.rot_rad), self.twotheta, self.swing_rad)


def place(detector: Detector, beam: Beam, quirks: Quirks) -> Geometry:
    """Return the final geometry of the detector.

    pix0 is the outer corner of pixel (0,0); the beam meets the plane at (Fbeam, Sbeam).

    Args:
        detector: the resolved options (metres, radians).
        beam: the resolved options (metres, radians).
        quirks: which upstream quirks are on.

    Raises:
        InputError: if the beam lies in the detector plane (Q-PERPENDICULAR off).

    Source: spec 02 sections 4 and 5.
    """
    axes = _unit_axes(detector, beam, quirks)
    b = axes.beam
    ratio = _ratio(dot(b, rot_xyz(axes.normal, axes.rot_rad)), quirks)
    if math.isnan(plain(detector.close_distance_m)):
        close = (ratio * detector.distance_m).abs()
    else:
        close = scalar(detector.close_distance_m)
    fast, slow, normal = (axes.turned(v) for v in (axes.fast, axes.slow, axes.normal))
    pix0 = _origin(detector, quirks, axes, close, close / ratio, (fast, slow))
    close = dot(pix0, normal)
    if "Q-RATIO-NO-TWOTHETA" not in quirks:
        ratio = _ratio(dot(b, normal), quirks)
    distance = close / ratio
    spot = _minus(scale(b, distance), pix0)
    Fclose, Sclose = -dot(pix0, fast), -dot(pix0, slow)
    p = unit(vec(beam.polarization_axis))
    found = Geometry(
        beam=stack(b),
        polarization=stack(p),
        vertical=stack(unit(cross(b, p))),
        fast=stack(fast),
        slow=stack(slow),
        normal=stack(normal),
        twotheta_axis=stack(axes.twotheta),
        rot_rad=stack(axes.rot_rad),
        twotheta_rad=axes.swing_rad,
        turn=_whole_turn(axes),
        pix0_m=stack(pix0),
        distance_m=distance,
        close_distance_m=close,
        Fbeam_m=dot(fast, spot),
        Sbeam_m=dot(slow, spot),
        Fclose_m=Fclose,
        Sclose_m=Sclose,
        orgx_pixels=Fclose / detector.pixel_size_m + 0.5,
        orgy_pixels=Sclose / detector.pixel_size_m + 0.5,
        dials_origin_mm=torch.stack((1000.0 * pix0[2], 1000.0 * pix0[1], -1000.0 * pix0[0])),
    )
    _require_sound(found)
    if detector.curved:
        _require_radius(plain(found.distance_m))
    return found


def _require_radius(distance_m: float) -> None:
    """Raise InputError for a curved detector whose radius no distance may have: the beam runs along it."""
    problem = RANGES["-distance"].problem(distance_m * MM_PER_M)
    if problem:
        raise InputError(
            f"-curved_det: the radius, a distance of {distance_m * MM_PER_M:.10g} mm, {problem}; turn the"
            " detector, or leave -curved_det out"
        )


def _require_sound(geometry: Geometry) -> None:
    """Raise InputError for a detector that no numbers can place, or that the sample lies in."""
    for name in (
        "pix0_m",
        "distance_m",
        "close_distance_m",
        "Fbeam_m",
        "Sbeam_m",
        "orgx_pixels",
        "orgy_pixels",
    ):
        value = getattr(geometry, name)
        if not bool(value.isfinite().all()):
            raise InputError(
                f"the detector cannot be placed: {name} is beyond the range of numbers; change the"
                " distance, the beam centre or the axes"
            )
    if geometry.close_distance_m == 0.0:
        raise InputError(
            "the detector plane goes through the sample (close distance 0); move or turn the detector"
        )


def _whole_turn(axes: _Axes) -> Tensor:
    """Return the matrix of all that the detector is turned by [3, 3]."""
    zero, one = scalar(0.0), scalar(1.0)
    columns = (axes.turned(v) for v in ((one, zero, zero), (zero, one, zero), (zero, zero, one)))
    return torch.stack([stack(v) for v in columns], 1)


def _minus(u: Vec, v: Vec) -> Vec:
    """Return u - v."""
    return u[0] - v[0], u[1] - v[1], u[2] - v[2]


def _ratio(ratio: Tensor, quirks: Quirks) -> Tensor:
    """Return beam . normal, with Q-PERPENDICULAR for exactly 0 (spec 02 section 5 step 1)."""
    if ratio != 0.0:
        return ratio
    if "Q-PERPENDICULAR" in quirks:
        return scalar(sys.float_info.min)
    raise InputError("the beam lies in the detector plane (beam . normal = 0); turn the detector or the beam")


def _unit_axes(detector: Detector, beam: Beam, quirks: Quirks) -> _Axes:
    """Return the normalised axes; the normal may be re-made from fast x slow (spec 02 section 4)."""
    b, f, s = (unit(vec(v)) for v in (beam.direction, detector.fast, detector.slow))
    if not plain(length(cross(f, s))) > GRAZING:
        raise InputError("-fdet_vector and -sdet_vector are parallel: the detector has no area; turn one")
    o, t = vec(detector.normal), vec(detector.twotheta_axis)
    if "Q-TWOTHETA-AXIS-NORM" not in quirks:
        t = unit(t)
    if "Q-ODET-DISCARDED" in quirks:
        o = unit(o) if length(o) == 1.0 else unit(cross(f, s))
    elif (detector.fast_or_slow_given and not detector.normal_given) or length(o) == 0.0:
        o = unit(cross(f, s))
        o = negative(o) if dot(b, o) < 0.0 else o
    else:
        o = unit(o)
    return _Axes(b, f, s, o, t, vec(detector.rot_rad), scalar(detector.twotheta_rad))


def _origin(
    detector: Detector, quirks: Quirks, axes: _Axes, close: Tensor, distance: Tensor, turned: tuple[Vec, Vec]
) -> Vec:
    """Return pix0 by the pivot of the run, or as given (spec 02 section 5 steps 4 to 6)."""
    if detector.pix0_given and detector.convention == "CUSTOM" and "Q-PIX0-IGNORED" not in quirks:
        return vec(detector.pix0_m)
    if detector.pivot == "SAMPLE":
        corner = _corner(detector.Fclose_m, detector.Sclose_m, close, (axes.fast, axes.slow, axes.normal))
        return axes.turned(corner)
    return _corner(detector.Fbeam_m, detector.Sbeam_m, distance, (*turned, axes.beam))


def _corner(F_m: float, S_m: float, away_m: Tensor, axes: tuple[Vec, Vec, Vec]) -> Vec:
    """Return -F f - S s + away o for each component, left to right."""
    x, y, z = (-F_m * f - S_m * s + away_m * o for f, s, o in zip(*axes, strict=True))
    return x, y, z


def flat_position(geometry: Geometry, Fdet_m: Tensor, Sdet_m: Tensor, Odet_m: Tensor) -> Vec:
    """Return the position of points of a flat detector, ((Fdet f + Sdet s) + Odet o) + pix0, in metres.

    Source: spec 06 section 3.
    """
    rows = zip(
        *(vec(v) for v in (geometry.fast, geometry.slow, geometry.normal, geometry.pix0_m)), strict=True
    )
    x, y, z = (Fdet_m * f + Sdet_m * s + Odet_m * o + pix0 for f, s, o, pix0 in rows)
    return x, y, z


def curved_position(geometry: Geometry, flat_m: Vec, Fdet_m: Tensor, Sdet_m: Tensor, quirks: Quirks) -> Vec:
    """Return the flat positions bent onto a sphere of radius `distance` about the sample.

    The beam point D b is turned by the two displacements over D; Q-CURVED-TRANSPOSE takes laboratory y and z.

    Args:
        flat_m: positions on the flat detector.
        Fdet_m: their detector coordinates.
        Sdet_m: their detector coordinates.

    Source: spec 02 section 6.
    """
    b, f, s = vec(geometry.beam), vec(geometry.fast), vec(geometry.slow)
    D = geometry.distance_m
    if "Q-CURVED-TRANSPOSE" in quirks:
        return rot_axis(rot_axis(scale(b, D), s, flat_m[1] / D), f, flat_m[2] / D)
    first = rot_axis(scale(b, D), unit(cross(b, f)), (Fdet_m - geometry.Fbeam_m) / D)
    return rot_axis(first, unit(cross(b, s)), (Sdet_m - geometry.Sbeam_m) / D)
