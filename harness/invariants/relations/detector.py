"""Relations of the detector: regions, masks, edges, mirrors, and ways to say one geometry (spec 02)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from golden_suite_generator.inputs.smv import sized, smv_bytes
from harness.arrays import Reals
from harness.invariants.relations.beam import GENERATED
from harness.invariants.relations.relation import (
    BASE,
    Equality,
    LinesByName,
    Made,
    Need,
    Relation,
    Sameness,
    Situation,
    having,
    is_understood,
    lacking,
    same,
    sum_and_size,
)
from harness.invariants.relations.spelled_out import (
    DETECTOR_TURNS,
    FROM_HEADER,
    ExperimentGeometry,
    can_be_spelled_out,
    cycled,
    geometry_of,
    has_square_axes,
    reversed_vector,
    spelled_out,
)

FLAGS = ("-oversample_thick", "-oversample_polar", "-oversample_omega")
CARRIED = ("Q-PHI-CARRYOVER", "Q-INTERP-LATCH")
CURVED = ("Q-CURVED-TRANSPOSE", "Q-ODET-DISCARDED", "Q-RATIO-NO-TWOTHETA")
FRAME_RUNNING = ("Q-OVERSAMPLE-RUNNING-PRODUCT", "Q-OVERSAMPLE-THICK-NO-SENSOR", "Q-NOPOLAR-OVERSAMPLE-POLAR")
SIZES_MM = ("-detsize", "-detsize_f", "-detsize_s")
"""With these, the pixels that a header counts get another size."""
SHIFT_PX = (2, 1)
MORE_PX = (3, 2)
KEPT_OF_MASK = 3
PixelBox = tuple[int, int, int, int]


def region_of(s: Situation) -> PixelBox:
    """Return (fast_min, fast_max, slow_min, slow_max) of the computed pixels, bounds included."""
    d = s.meaning.detector
    f0, f1, s0, s1 = d.roi
    return (f0, min(f1, d.fpixels - 1), s0, min(s1, d.spixels - 1))


def _wide_enough(s: Situation) -> str:
    f0, f1, s0, s1 = region_of(s)
    return "" if f1 - f0 >= 1 and s1 - s0 >= 1 else "needs a region of 2 x 2 pixels"


def _tile_boxes(s: Situation) -> dict[str, PixelBox]:
    """Return the quarters of the region by name."""
    f0, f1, s0, s1 = region_of(s)
    fm, sm = (f0 + f1) // 2, (s0 + s1) // 2
    boxes = [(a, b, c, d) for c, d in ((s0, sm), (sm + 1, s1)) for a, b in ((f0, fm), (fm + 1, f1))]
    return {f"tile {n}": box for n, box in enumerate(boxes, 1)}


def _tiles(s: Situation) -> LinesByName:
    return {name: s.base.giving("-roi", *box) for name, box in _tile_boxes(s).items()}


def _put_together(s: Situation, made: Made) -> list[Equality]:
    """Return that each tile is the whole inside its box and 0 outside."""
    whole = made[BASE].photons
    found = []
    for name, (f0, f1, s0, s1) in _tile_boxes(s).items():
        expected = np.zeros_like(whole)
        expected[s0 : s1 + 1, f0 : f1 + 1] = whole[s0 : s1 + 1, f0 : f1 + 1]
        found.append(Equality(expected, made[name].photons))
    return found


def _kept(shape: tuple[int, int]) -> Reals:
    """Return a mask [slow, fast] of a made-up pattern that leaves out the first pixel."""
    slow, fast = np.indices(shape)
    kept: Reals = ((slow * 5 + fast * 7 + slow * fast) % KEPT_OF_MASK != 0).astype(np.float64)
    return kept


def _masked(s: Situation) -> LinesByName:
    d = s.meaning.detector
    pixels = _kept((d.spixels, d.fpixels)).astype(np.uint16)
    return {"masked": s.base.giving_file("-mask", smv_bytes(sized(pixels, {}), pixels))}


def _kept_only(_s: Situation, made: Made) -> list[Equality]:
    whole = made[BASE].photons
    return [Equality(whole * _kept((whole.shape[0], whole.shape[1])), made["masked"].photons)]


def _larger(s: Situation) -> LinesByName:
    g = geometry_of(s)
    wide = replace(g, pixels=(g.pixels[0] + MORE_PX[0], g.pixels[1] + MORE_PX[1]))
    return {"spelled out": spelled_out(s.base, g), "larger": spelled_out(s.base, wide)}


def _same_corner(_s: Situation, made: Made) -> list[Equality]:
    first = made["spelled out"].photons
    return [Equality(first, made["larger"].photons[: first.shape[0], : first.shape[1]])]


def _shifted(s: Situation) -> LinesByName:
    g = geometry_of(s)
    centre = tuple(c + n * g.pixel_mm for c, n in zip(g.centre, SHIFT_PX, strict=True))
    return {"centre shifted": spelled_out(s.base, replace(g, centre=(centre[0], centre[1])))}


def _moved(_s: Situation, made: Made) -> list[Equality]:
    fast, slow = SHIFT_PX
    return [Equality(made[BASE].photons[:-slow, :-fast], made["centre shifted"].photons[slow:, fast:])]


def _mirrored_fast(g: ExperimentGeometry) -> ExperimentGeometry:
    return replace(g, fast=reversed_vector(g.fast), centre=(g.size[0] - g.centre[0], g.centre[1]))


def _mirrored_slow(g: ExperimentGeometry) -> ExperimentGeometry:
    return replace(g, slow=reversed_vector(g.slow), centre=(g.centre[0], g.size[1] - g.centre[1]))


def _exchanged(g: ExperimentGeometry) -> ExperimentGeometry:
    return replace(g, fast=g.slow, slow=g.fast, centre=g.centre[::-1], pixels=g.pixels[::-1])


def _as_seen(
    name: str, change: Callable[[ExperimentGeometry], ExperimentGeometry], view: Callable[[Reals], Reals]
) -> tuple[Callable[[Situation], LinesByName], Callable[[Situation, Made], list[Equality]]]:
    """Return the lines with a changed geometry, and that its image is a view of the base's."""
    return (
        lambda s: {name: spelled_out(s.base, change(geometry_of(s)))},
        lambda _s, made: [Equality(view(made[BASE].photons), made[name].photons)],
    )


def one_point_a_pixel(s: Situation) -> str:
    """Return why the factors of a pixel may be those of its first sub-pixel, nothing where there is one."""
    single = s.base.numbers("-oversample") == (1.0,)
    return "" if single or all(map(s.base.has, FLAGS)) else "needs -oversample 1"


def _cycled_axes(s: Situation) -> LinesByName:
    """The laboratory axes are called y, z, x: rows of the matrix and every vector with them."""
    line = spelled_out(s.base, geometry_of(s).turned(cycled))
    numbers = [value for row in line.table("-mat") for value in row]
    rows = [numbers[3:6], numbers[6:9], numbers[0:3]]
    line = line.giving_table("-mat", rows)
    if line.has("-sourcefile"):
        sources = [[*cycled((r[0], r[1], r[2])), *r[3:]] for r in line.table("-sourcefile")]
        line = line.giving_table("-sourcefile", sources)
    return {"axes renamed": line}


def _swing(s: Situation) -> LinesByName:
    """About the axis of the swing, here the z axis, a turn of the detector is a swing."""
    angle = s.base.number("-twotheta", 0.0) or 7.0
    sense = s.meaning.detector.twotheta_axis[2]
    turn = s.base.number("-detector_rotz", 0.0) + sense * angle
    still = s.base.without("-twotheta").giving("-pivot", "beam")
    return {
        "swung": still.giving("-twotheta", angle).giving("-pivot", "beam"),
        "turned": still.giving("-detector_rotz", turn).giving("-pivot", "beam"),
    }


def _about_z(s: Situation) -> str:
    d = s.meaning.detector
    axis = d.twotheta_axis[:2] == (0.0, 0.0) and math.isclose(abs(d.twotheta_axis[2]), 1.0)
    return "" if axis and d.pivot == "BEAM" else "needs a swing about z and the pivot at the beam"


def _swung_is_turned(_s: Situation, made: Made) -> list[Equality]:
    return [Equality(made["swung"].photons, made["turned"].photons)]


def _finer(s: Situation) -> LinesByName:
    flags = FLAGS if s.base.has("-detector_thick") else FLAGS[1:]
    line, g = s.base.adding(*flags), geometry_of(s)
    side = int(s.base.number("-oversample", 1.0))
    count = 2 * side if side % 2 else side
    fine = replace(g, pixels=(2 * g.pixels[0], 2 * g.pixels[1]), pixel_mm=g.pixel_mm / 2.0)
    half = spelled_out(line, fine).giving("-pixel", fine.pixel_mm).giving("-oversample", count // 2)
    return {"sub-pixels": line.giving("-oversample", count), "finer pixels": half}


def _four_pixels(_s: Situation, made: Made) -> list[Equality]:
    fine = made["finer pixels"].photons
    total, size = sum_and_size(fine[::2, ::2], fine[1::2, ::2], fine[::2, 1::2], fine[1::2, 1::2])
    return [Equality(made["sub-pixels"].photons, total, size)]


def _one_source(s: Situation) -> str:
    return lacking("-sourcefile", *GENERATED)(s)


PLAIN: tuple[Need, ...] = (can_be_spelled_out, lacking("-roi"))
MIRRORED: tuple[Need, ...] = (*PLAIN, has_square_axes, one_point_a_pixel)
FAST = _as_seen("fast axis reversed", _mirrored_fast, lambda image: image[:, ::-1])
SLOW = _as_seen("slow axis reversed", _mirrored_slow, lambda image: image[::-1])
EXCHANGED = _as_seen("axes exchanged", _exchanged, lambda image: image.T)

ROWS = (
    Relation(
        "tiles", "the tiles of a region: together the whole, 0 outside",
        "02 section 2, 06 section 7", Sameness.BITS, _tiles, _put_together,
        (is_understood, _wide_enough, lacking("-dump")), CARRIED,
        on=("rotation", "mosaic", "interpolated",),
    ),
    Relation(
        "mask", "masked pixels are 0 and change no other",
        "02 section 8", Sameness.BITS, _masked, _kept_only,
        (is_understood, lacking(*FROM_HEADER, *SIZES_MM)), CARRIED,
        on=("rotation", "sensor",),
    ),
    Relation(
        "larger-detector", "more pixels on the far sides: the others stay",
        "02 section 2", Sameness.BITS, _larger, _same_corner, PLAIN, CARRIED,
        on=("rotation", "sensor", "axes",),
    ),
    Relation(
        "beam-centre", "beam centre moved by whole pixels: the image moves with it",
        "02 section 5", Sameness.OWN, _shifted, _moved, (*PLAIN, has_square_axes), (*CARRIED, *CURVED),
        on=("sources", "divergent", "sensor",),
    ),
    Relation(
        "fast-axis", "fast axis reversed: the image mirrored",
        "02 sections 4 and 5", Sameness.OWN, *FAST, MIRRORED, (*CARRIED, *CURVED, *FRAME_RUNNING),
        on=("rotation", "axes", "water", "divergent",),
    ),
    Relation(
        "slow-axis", "slow axis reversed: the image mirrored",
        "02 sections 4 and 5", Sameness.OWN, *SLOW, MIRRORED, (*CARRIED, *CURVED, *FRAME_RUNNING),
        on=("rotation", "axes", "sensor", "sources",),
    ),
    Relation(
        "exchanged-axes", "fast and slow axis exchanged: the image transposed",
        "02 sections 4 and 5", Sameness.OWN, *EXCHANGED,
        (*MIRRORED, lacking("-curved_det")), (*CARRIED, *CURVED, *FRAME_RUNNING),
        on=("rotation", "axes", "sensor",),
    ),
    Relation(
        "convention", "a convention with its vectors, centre and pivot written out: the same image",
        "02 sections 3 to 5", Sameness.OWN, lambda s: {"spelled out": spelled_out(s.base, geometry_of(s))},
        same(), (can_be_spelled_out,), CURVED,
        on=("sources", "sensor", "mosaic", "interpolated",),
    ),
    Relation(
        "laboratory-axes", "the axes of the laboratory renamed in all vectors: the same image",
        "02 section 4, 03 section 2", Sameness.OWN, _cycled_axes, same(),
        (can_be_spelled_out, having("-mat"), lacking("-misset", "-mosaic", *DETECTOR_TURNS)), CURVED,
    ),
    Relation(
        "swing", "detector swung about z: the image of the detector turned about z",
        "02 section 5", Sameness.OWN, _swing, _swung_is_turned,
        (
            is_understood, _about_z, having("-oversample"),
            lacking(*FROM_HEADER, "-curved_det", "-pix0_vector", "-close_distance"),
        ),
        CURVED,
        on=("rotation", "mosaic",),
    ),
    Relation(
        "sub-pixels", "a pixel with its factors at each sub-pixel: the sum of finer pixels",
        "06 sections 2 and 15", Sameness.SUM, _finer, _four_pixels,
        (*PLAIN, having("-oversample"), lacking("-curved_det")),
        (*CARRIED, *FRAME_RUNNING, "Q-WATER-STEPS", "Q-POINT-PIXEL-AREA"),
        on=("rotation", "axes", "divergent", "sensor",),
    ),
    Relation(
        "idle-flags", "one sub-pixel, layer and source: the -oversample_... flags change nothing",
        "06 section 15", Sameness.OWN, lambda s: {"with flags": s.base.adding(*FLAGS)}, same(),
        (one_point_a_pixel, _one_source, lacking("-detector_thick")), FRAME_RUNNING,
        on=("rotation", "axes", "round",),
    ),
)  # fmt: skip
