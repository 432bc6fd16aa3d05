"""A command line whose geometry is written out: every vector, the beam centre and the pivot, as CUSTOM.

What a convention stands for comes from the simulator's reader of command lines. Turned, mirrored and shifted
experiments are then changes of numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from harness.invariants.relations.command_line import CommandLine
from harness.invariants.relations.relation import Situation, is_understood, lacking

MM = 1000.0
SKEW = 1e-9
CENTRES = ("-Xbeam", "-Ybeam", "-Xclose", "-Yclose", "-ORGX", "-ORGY")
CONVENTIONS = ("-mosflm", "-adxv", "-denzo", "-xds", "-dials")
VECTORS = {
    "-fdet_vector": "fast",
    "-sdet_vector": "slow",
    "-odet_vector": "normal",
    "-beam_vector": "beam",
    "-polar_vector": "polar",
    "-spindle_axis": "spindle",
    "-twotheta_axis": "twotheta",
}
PLACED = ("-pix0_vector", "-pix0_vector_mm")
FROM_HEADER = ("-img", "-mask")
DETECTOR_TURNS = ("-detector_rotx", "-detector_roty", "-detector_rotz")
Vector = tuple[float, float, float]


def vector_product(a: Vector, b: Vector) -> Vector:
    """Return the vector product."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def reversed_vector(a: Vector) -> Vector:
    """Return the opposite vector."""
    return (-a[0], -a[1], -a[2])


def cycled(a: Vector) -> Vector:
    """Return a vector in axes that are called y, z, x."""
    return (a[1], a[2], a[0])


@dataclass(frozen=True)
class ExperimentGeometry:
    """The vectors of an experiment, its beam centre in mm (fast, slow), and the pixels of each axis."""

    fast: Vector
    slow: Vector
    normal: Vector
    beam: Vector
    polar: Vector
    spindle: Vector
    twotheta: Vector
    centre: tuple[float, float]
    pixels: tuple[int, int]
    pixel_mm: float
    pivot: str

    @property
    def size(self) -> tuple[float, float]:
        """Return the size of the detector along fast and slow, mm."""
        return (self.pixels[0] * self.pixel_mm, self.pixels[1] * self.pixel_mm)

    def turned(self, turn: Callable[[Vector], Vector]) -> ExperimentGeometry:
        """Return the experiment with every vector turned."""
        vectors: dict[str, Any] = {name: turn(getattr(self, name)) for name in VECTORS.values()}
        return replace(self, **vectors)


def geometry_of(s: Situation) -> ExperimentGeometry:
    """Return the geometry of a base that is understood."""
    d, beam, crystal = s.meaning.detector, s.meaning.beam, s.meaning.crystal
    at_beam = d.pivot == "BEAM"
    centre = (d.Fbeam_m, d.Sbeam_m) if at_beam else (d.Fclose_m, d.Sclose_m)
    return ExperimentGeometry(
        fast=d.fast,
        slow=d.slow,
        normal=d.normal,
        beam=beam.direction,
        polar=beam.polarization_axis,
        spindle=crystal.spindle_axis,
        twotheta=d.twotheta_axis,
        centre=(centre[0] * MM, centre[1] * MM),
        pixels=(d.fpixels, d.spixels),
        pixel_mm=d.pixel_size_m * MM,
        pivot=d.pivot.lower(),
    )


def spelled_out(base: CommandLine, geometry: ExperimentGeometry) -> CommandLine:
    """Return a command line with the convention CUSTOM and a geometry written out.

    The pixels are given by their counts. The swing stands behind its axis, for which the original takes it,
    and the pivot last, since other options imply one.
    """
    swing = base.number("-twotheta", 0.0)
    line = base.without(
        *CONVENTIONS, *CENTRES, "-pivot", "-twotheta", "-detsize", "-detsize_f", "-detsize_s", "-detpixels"
    )
    for option, name in VECTORS.items():
        line = line.giving(option, *getattr(geometry, name))
    for option, count in zip(("-detpixels_f", "-detpixels_s"), geometry.pixels, strict=True):
        line = line.giving(option, count)
    for option, place in zip(("-Xbeam", "-Ybeam"), geometry.centre, strict=True):
        line = line.giving(option, place)
    return line.giving("-twotheta", swing).giving("-pivot", geometry.pivot)


def can_be_spelled_out(s: Situation) -> str:
    """Return why the geometry of a base cannot be written out, nothing where it can."""
    why = is_understood(s) or lacking(*PLACED, *FROM_HEADER)(s)
    if why:
        return why
    d = s.meaning.detector
    derived = d.convention == "CUSTOM" and d.fast_or_slow_given and not d.normal_given
    if derived or not any(d.normal):
        return "needs -odet_vector beside -fdet_vector and -sdet_vector"
    return ""


def has_square_axes(s: Situation) -> str:
    """Return why a detector cannot be shifted or mirrored in its plane, nothing where it can."""
    d = s.meaning.detector
    normal = vector_product(d.fast, d.slow)
    skew = 1.0 - abs(sum(one * other for one, other in zip(normal, d.normal, strict=True)))
    return "" if abs(skew) < SKEW else "needs detector axes at right angles"
