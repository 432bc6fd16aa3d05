"""DIALS experiment lists (.expt) read: one detector of flat panels, one beam, the axis and the angle."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shots.geometry.beam_spot import beam_spot, nearest_point
from shots.geometry.json_object import JsonObject
from shots.geometry.panel import Direction, Panel, Setup
from shots.geometry.reference_frames import REFERENCE_FRAMES, setup_in
from shots.geometry.setup_of import require_axes
from simulator.errors import InputError
from simulator.io.files import read_bytes
from simulator.units import m_of_mm, mm_of_m, rad_of_deg, wavelength_m_of_A
from system_io.shown import printable

FLAT_STRATEGIES = ("SimplePxMmStrategy", "ParallaxCorrectedPxMmStrategy")
"""How pixels become millimetres: without and with the depth of the sensor, which a run computes itself."""
MODELS = ("beam", "detector", "goniometer", "scan")
LARGEST = sys.float_info.max
"""Stands for a panel without saturation."""
OF_EVERY_IMAGE = "_at_scan_points"
"""End of the names of what changes from image to image."""
FrameMatrix = NDArray[np.float64]
REMEDY = "give the .expt of one still or sweep"


def read_expt(path: Path) -> Setup:
    """Return detector, beam, axis and first image of an experiment list.

    Several experiments may share them, as lattices of one image do.

    Args:
        path: of the JSON file.

    Returns:
        In the frame `mosflm` of `REFERENCE_FRAMES`: the beam along +x, the axis along +z. Without a
        goniometer the axis is that of DIALS, without a scan the angles are 0.

    Raises:
        InputError: for a file that cannot be read, several detectors, beams or axes, and models that no flat
            panels or no monochromatic beam of X-rays are.
    """
    where = f"DIALS file '{printable(str(path))}'"
    try:
        content = json.loads(read_bytes(path, "DIALS file", REMEDY).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: is no JSON ({error}); {REMEDY}") from error
    whole = JsonObject.of(content, where)
    if whole.table.get("__id__") != "ExperimentList":
        raise InputError(f"{where}: is no ExperimentList of DIALS; {REMEDY}")
    _refuse_corrected_images(whole)
    beam, detector, goniometer, scan = (_only(whole, model) for model in MODELS)
    if beam is None or detector is None:
        raise InputError(
            f"{where}: its experiments have no {'beam' if beam is None else 'detector'}; {REMEDY}"
        )
    panels = tuple(_panels(detector))
    setup = replace(_beam(beam), panels=panels, spindle=_axis(goniometer))
    start_deg, range_deg = (0.0, 0.0) if scan is None else _first_image(scan)
    spot = beam_spot(panels[0], setup) or nearest_point(panels[0])
    setup = replace(
        setup,
        phi_start_rad=rad_of_deg(start_deg),
        phi_range_rad=rad_of_deg(range_deg),
        distance_m=spot.distance_m,
    )
    return setup_in(setup, REFERENCE_FRAMES["mosflm"])


def _refuse_corrected_images(whole: JsonObject) -> None:
    """Raise InputError for image sets whose pixels are moved or masked by files that are pickles of DIALS."""
    found = [
        f"imageset {number} has {what} in '{printable(str(images.table[key]))}'"
        for number, images in enumerate(whole.objects("imageset", needed=False))
        for key, what in (("dx", "moved pixels"), ("dy", "moved pixels"), ("mask", "a mask"))
        if images.table.get(key)
    ]
    if found:
        raise InputError(
            f"{whole.where}: {', '.join(found)}: files of Python objects, which are not loaded; empty these"
            " entries, give a mask as NXmx or .npy"
        )


def _only(whole: JsonObject, model: str) -> JsonObject | None:
    """Return the one model that all experiments share, None where they have none.

    Raises:
        InputError: for several that differ, and for a number of none.
    """
    experiments = whole.objects("experiment")
    if not experiments:
        raise InputError(f"{whole.where}: no experiment; {REMEDY}")
    numbers = [experiment.table.get(model) for experiment in experiments]
    models = whole.objects(model, needed=False)
    for number in numbers:
        fits = number is None or (type(number) is int and 0 <= number < len(models))
        if not fits:
            raise InputError(
                f"{whole.where}: an experiment has {model} {number!r:.40}, of {len(models)}; mend it"
            )
    used = [None if number is None else models[number] for number in dict.fromkeys(numbers)]
    first = used[0]
    for other in used[1:]:
        if (first and first.table) != (other and other.table):
            raise InputError(
                f"{whole.where}: its experiments have several {model}s; {REMEDY} (dials.split_experiments)"
            )
    return first


def _beam(beam: JsonObject) -> Setup:
    """Return a set-up with a beam and nothing else.

    The field of the beam lies along normal x direction; what is missing is as DIALS has it.
    """
    kind, probe = beam.table.get("__id__", "monochromatic"), beam.table.get("probe", "x-ray")
    if kind != "monochromatic":
        raise InputError(f"{beam.where}: is {kind!r:.40}; a run needs a monochromatic one")
    if probe != "x-ray":
        raise InputError(f"{beam.where}: its probe is {probe!r:.40}; a run needs x-ray")
    _refuse_changes(beam)
    source = _unit(beam.vector("direction"), f"{beam.where}: direction")
    normal = _unit(beam.vector("polarization_normal", (0.0, 1.0, 0.0)), f"{beam.where}: polarization_normal")
    wavelength_A = beam.number("wavelength")
    fraction = beam.number("polarization_fraction", 0.999)
    if not wavelength_A > 0.0:
        raise InputError(f"{beam.where}: wavelength is {wavelength_A:g} Angstrom; must be above 0")
    if not 0.0 <= fraction <= 1.0:
        raise InputError(f"{beam.where}: polarization_fraction is {fraction:g}; must be 0 to 1")
    field = _unit(np.cross(normal, source), f"{beam.where}: polarization_normal along the beam")
    return Setup(
        panels=(),
        beam=_direction(-source),
        wavelength_m=wavelength_m_of_A(wavelength_A),
        polarization_axis=_direction(field),
        polarization_fraction=fraction,
        spindle=REFERENCE_FRAMES["dials"].spindle,
        phi_start_rad=0.0,
        phi_range_rad=0.0,
        distance_m=math.nan,
    )


def _refuse_changes(model: JsonObject) -> None:
    """Raise InputError where a model changes from image to image."""
    for key, value in model.table.items():
        if key.endswith(OF_EVERY_IMAGE) and value:
            raise InputError(f"{model.where}: {key} changes from image to image; {REMEDY} that is static")


def _axis(goniometer: JsonObject | None) -> Direction:
    """Return the rotation axis in the laboratory: the scanned one, turned by those that carry it."""
    if goniometer is None:
        return REFERENCE_FRAMES["dials"].spindle
    _refuse_changes(goniometer)
    where = goniometer.where
    if "axes" not in goniometer.table:
        setting = goniometer.numbers("setting_rotation", 9, np.eye(3).ravel().tolist())
        turned = np.reshape(setting, (3, 3)) @ np.array(goniometer.vector("rotation_axis"))
        return _direction(_unit(turned, f"{where}: rotation_axis"))
    axes, angles = goniometer.vectors("axes"), goniometer.numbers("angles")
    scanned = goniometer.whole("scan_axis", 0)
    if len(axes) != len(angles) or not 0 <= scanned < len(axes):
        raise InputError(f"{where}: {len(axes)} axes, {len(angles)} angles, scan_axis {scanned}; mend them")
    from scipy.spatial.transform import Rotation

    axis = _unit(axes[scanned], f"{where}: axes")
    for carrier, angle_deg in zip(axes[scanned + 1 :], angles[scanned + 1 :], strict=True):
        axis = Rotation.from_rotvec(rad_of_deg(angle_deg) * _unit(carrier, f"{where}: axes")).apply(axis)
    return _direction(axis)


def _first_image(scan: JsonObject) -> tuple[float, float]:
    """Return angle and range of the first image, in degrees; newer lists give the angle of every image."""
    if "properties" not in scan.table:
        start, width = scan.numbers("oscillation", 2, [0.0, 0.0])
        return start, width
    properties = JsonObject.of(scan.table["properties"], f"{scan.where}: properties")
    angles = properties.numbers("oscillation", default=[0.0])
    if not angles:
        raise InputError(f"{scan.where}: no oscillation; {REMEDY}")
    width = angles[1] - angles[0] if len(angles) > 1 else properties.number("oscillation_width", 0.0)
    return angles[0], width


@dataclass(frozen=True, eq=False)
class _Place:
    """A frame of the hierarchy in the laboratory: axes as columns, and the origin in millimetres."""

    axes: FrameMatrix
    origin_mm: FrameMatrix

    def inside(self, node: JsonObject) -> _Place:
        """Return the frame of a node or panel, whose own numbers are relative to this one."""
        fast, slow = (_unit(node.vector(key), f"{node.where}: {key}") for key in ("fast_axis", "slow_axis"))
        local = np.column_stack([fast, slow, np.cross(fast, slow)])
        return _Place(self.axes @ local, self.origin_mm + self.axes @ np.array(node.vector("origin")))


LABORATORY = _Place(np.eye(3), np.zeros(3))


def _panels(detector: JsonObject) -> Iterator[Panel]:
    """Yield the panels at their places.

    Raises:
        InputError: for a hierarchy that does not hold each of them once.
    """
    panels = detector.objects("panels")
    places: dict[int, _Place] = {}
    if "hierarchy" in detector.table:
        root = JsonObject.of(detector.table["hierarchy"], f"{detector.where}: hierarchy")
        for number, place in _leaves(root, LABORATORY):
            if number in places or not 0 <= number < len(panels):
                raise InputError(f"{root.where}: panel {number} of {len(panels)} is in it twice or not there")
            places[number] = place
    else:
        places = dict.fromkeys(range(len(panels)), LABORATORY)
    if not panels or len(places) < len(panels):
        raise InputError(f"{detector.where}: {len(places)} of {len(panels)} panels have a place; mend it")
    for number, panel in enumerate(panels):
        yield _panel(panel, places[number].inside(panel), number)


def _leaves(node: JsonObject, around: _Place) -> Iterator[tuple[int, _Place]]:
    """Yield the numbers of the panels below a node, each with the frame that it lies in."""
    has_frame = any(key in node.table for key in ("fast_axis", "slow_axis", "origin"))
    here = around.inside(node) if has_frame else around
    for child in node.objects("children"):
        if "panel" in child.table:
            yield child.whole("panel"), here
        else:
            yield from _leaves(child, here)


def _panel(panel: JsonObject, place: _Place, number: int) -> Panel:
    """Return a panel.

    Raises:
        InputError: for pixels that are not square, moved pixels, and an offset of the counts.
    """
    where = panel.where
    strategy = JsonObject.of(panel.table.get("px_mm_strategy") or {}, f"{where}: px_mm_strategy")
    kind = strategy.table.get("type", FLAT_STRATEGIES[0])
    if kind not in FLAT_STRATEGIES:
        raise InputError(f"{where}: px_mm_strategy is {kind!r:.60}; known are {', '.join(FLAT_STRATEGIES)}")
    fast_pixels, slow_pixels = panel.wholes("image_size", 2)
    sizes_mm = panel.numbers("pixel_size", 2)
    if min(fast_pixels, slow_pixels) < 1 or not min(sizes_mm) > 0.0 or sizes_mm[0] != sizes_mm[1]:
        raise InputError(
            f"{where}: {fast_pixels} x {slow_pixels} pixels of {sizes_mm[0]:g} x {sizes_mm[1]:g} mm; a run"
            " needs square ones, at least one each way"
        )
    if panel.number("pedestal", 0.0) != 0.0:
        raise InputError(
            f"{where}: pedestal is {panel.number('pedestal'):g}; set it to 0, give it as an offset"
        )
    thickness_m, per_mm = m_of_mm(panel.number("thickness", 0.0)), panel.number("mu", 0.0)
    sensor = thickness_m > 0.0 and per_mm > 0.0
    gain, highest = panel.number("gain", 1.0), panel.numbers("trusted_range", 2, [0.0, LARGEST])[1]
    if not gain > 0.0:
        raise InputError(f"{where}: gain is {gain:g}; must be above 0")
    x, y, z = (m_of_mm(float(part)) for part in place.origin_mm)
    found = Panel(
        name=str(panel.table.get("name") or f"panel{number}"),
        fast_pixels=fast_pixels,
        slow_pixels=slow_pixels,
        pixel_size_m=m_of_mm(sizes_mm[0]),
        origin_m=(x, y, z),
        fast=_direction(place.axes[:, 0]),
        slow=_direction(place.axes[:, 1]),
        thickness_m=thickness_m if sensor else 0.0,
        attenuation_per_m=mm_of_m(per_mm) if sensor else 0.0,
        gain=gain,
        saturation=highest if 0.0 < highest < LARGEST else math.inf,
        bad=tuple(_regions(panel)),
    )
    require_axes(found, f"fast_axis and slow_axis of {where}")
    return found


def _regions(panel: JsonObject) -> Iterator[tuple[int, int, int, int]]:
    """Yield the masked rectangles: fast and slow from and to, the ends not in it."""
    rectangles = panel.table.get("mask") or []
    for number, given in enumerate(rectangles if isinstance(rectangles, Sequence) else [rectangles]):
        held: Mapping[str, Any] = {"rectangle": given}
        low_fast, high_fast, low_slow, high_slow = JsonObject(held, f"{panel.where}: mask {number}").wholes(
            "rectangle", 4
        )
        yield low_fast, high_fast, low_slow, high_slow


def _unit(vector: Any, what: str) -> FrameMatrix:
    """Return the unit vector along a vector.

    Raises:
        InputError: for one without direction.
    """
    numbers = np.asarray(vector, dtype=np.float64)
    length = float(np.sqrt(numbers @ numbers))
    if not 0.0 < length < math.inf:
        raise InputError(f"{what}: no direction follows from {numbers.tolist()}; mend it")
    return np.asarray(numbers / length)


def _direction(vector: FrameMatrix) -> Direction:
    x, y, z = (float(part) for part in vector + 0.0)
    return x, y, z
