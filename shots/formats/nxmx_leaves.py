"""The groups and fields of an NXmx file as data: one leaf for each field, in the McStas frame of NeXus.

The frame has z along the beam and x against the spindle, as far as that stands across the beam. Panels lie
one below the other in one image, whose free pixels are masked. Corner and axes of a panel are a chain of
three translations along x, y and z, the ends of which are the outer corner of its pixel (0, 0).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shots.frames import MASKED, Frames
from shots.geometry.panel import Panel, Setup
from shots.geometry.reference_frames import frame_named, setup_in
from simulator.units import A_of_m, deg_of_rad
from system_io.version import VERSION

ENTRY = "/entry"
DATA = f"{ENTRY}/data/data"
INSTRUMENT = f"{ENTRY}/instrument"
DETECTOR = f"{INSTRUMENT}/detector"
PIXEL_MASK = f"{DETECTOR}/pixel_mask"
PROCESS = f"{ENTRY}/process"
PHI = f"{ENTRY}/sample/transformations/phi"
GAP, BAD = 1, 1 << 8
"""Bits of `pixel_mask`: a pixel that no panel has, one that does not measure."""
SENSOR = "Si"
"""Readers demand a material and know a few; a run states attenuation and thickness only."""
THINNEST_M = 1e-9
"""Stands for no sensor: DIALS refuses a thickness of 0; no pixel shifts by it."""
GROUPS: Mapping[str, Mapping[str, str]] = {
    ENTRY: {"NX_class": "NXentry", "default": "data"},
    f"{ENTRY}/data": {"NX_class": "NXdata", "signal": "data"},
    f"{ENTRY}/sample": {"NX_class": "NXsample"},
    f"{ENTRY}/sample/transformations": {"NX_class": "NXtransformations"},
    f"{ENTRY}/source": {"NX_class": "NXsource"},
    INSTRUMENT: {"NX_class": "NXinstrument"},
    f"{INSTRUMENT}/beam": {"NX_class": "NXbeam"},
    DETECTOR: {"NX_class": "NXdetector"},
    f"{DETECTOR}/transformations": {"NX_class": "NXtransformations"},
    PROCESS: {"NX_class": "NXprocess"},
}
"""Attributes of the groups that every file has."""


@dataclass(frozen=True, eq=False)
class Leaf:
    """A field of an NXmx file.

    Attributes:
        value: a text, or numbers.
        attributes: by name, texts or numbers.
        of_shot: whether the first axis counts shots.
    """

    value: Any
    attributes: Mapping[str, Any] = field(default_factory=dict)
    of_shot: bool = False


def module_path(index: int) -> str:
    """Return the group of a panel."""
    return f"{DETECTOR}/module_{index:03d}"


def stacked_rows(panels: Sequence[Panel]) -> list[slice]:
    """Return the rows of the one image that each panel takes."""
    ends = np.cumsum([panel.slow_pixels for panel in panels])
    return [slice(int(end) - panel.slow_pixels, int(end)) for end, panel in zip(ends, panels, strict=True)]


def stacked(images: Sequence[NDArray[Any]], panels: Sequence[Panel], free: float) -> NDArray[Any]:
    """Return one image [slow, fast] that holds those of all panels, one below the other.

    Args:
        images: of each panel [slow, fast].
        panels: of the same sizes.
        free: value of pixels that no panel has.
    """
    rows = stacked_rows(panels)
    width = max(panel.fast_pixels for panel in panels)
    whole = np.full((rows[-1].stop, width), free, dtype=images[0].dtype)
    for image, row in zip(images, rows, strict=True):
        whole[row, : image.shape[1]] = image
    return whole


def shot_leaves(frames: Frames) -> dict[str, Leaf]:
    """Return all fields of a shot but its pixels, by path.

    Raises:
        InputError: for a set-up in which no frame follows.
    """
    setup = setup_in(frames.setup, frame_named("nexus"))
    masks = [np.where(counts == MASKED, BAD, 0).astype(np.uint32) for counts in frames.counts]
    leaves = {
        f"{ENTRY}/definition": Leaf("NXmx", {"version": "1.0"}),
        f"{ENTRY}/source/name": Leaf("simulated"),
        f"{INSTRUMENT}/name": Leaf("simulated"),
        PIXEL_MASK: Leaf(stacked(masks, setup.panels, GAP)),
        **dict(_sample(setup)),
        **dict(_beam(setup)),
        **dict(_detector(setup)),
        **dict(_process(frames)),
    }
    for index, (panel, rows) in enumerate(zip(setup.panels, stacked_rows(setup.panels), strict=True)):
        leaves.update(_module(panel, index, rows))
    return leaves


def _of_shot(value: Any, units: str, **attributes: Any) -> Leaf:
    return Leaf(np.array([value], dtype=np.float64), {"units": units, **attributes}, of_shot=True)


def _sample(setup: Setup) -> Iterator[tuple[str, Leaf]]:
    start, osc = deg_of_rad(setup.phi_start_rad), deg_of_rad(setup.phi_range_rad)
    axis = {"transformation_type": "rotation", "vector": np.array(setup.spindle), "depends_on": "."}
    yield f"{ENTRY}/sample/name", Leaf("simulated")
    yield f"{ENTRY}/sample/depends_on", Leaf(PHI)
    yield PHI, _of_shot(start, "deg", **axis)
    yield f"{PHI}_end", _of_shot(start + osc, "deg")
    yield f"{PHI}_increment_set", _of_shot(osc, "deg")


def _beam(setup: Setup) -> Iterator[tuple[str, Leaf]]:
    """Yield wavelength and Stokes parameters (I, Q, U, V), Q along x, U half-way between x and y."""
    degree = 2.0 * setup.polarization_fraction - 1.0
    angle = math.atan2(setup.polarization_axis[1], setup.polarization_axis[0])
    stokes = (1.0, degree * math.cos(2.0 * angle), degree * math.sin(2.0 * angle), 0.0)
    yield f"{INSTRUMENT}/beam/incident_wavelength", _of_shot(A_of_m(setup.wavelength_m), "angstrom")
    yield f"{INSTRUMENT}/beam/incident_polarization_stokes", _of_shot(stokes, "")


def _detector(setup: Setup) -> Iterator[tuple[str, Leaf]]:
    first = setup.panels[0]
    saturation = min(panel.saturation for panel in setup.panels)
    yield f"{DETECTOR}/depends_on", Leaf(".")
    yield f"{DETECTOR}/type", Leaf("simulated")
    yield f"{DETECTOR}/description", Leaf("nanoBragg simulation")
    yield f"{DETECTOR}/sensor_material", Leaf(SENSOR)
    yield f"{DETECTOR}/sensor_thickness", Leaf(max(first.thickness_m, THINNEST_M), {"units": "m"})
    yield f"{DETECTOR}/sensor_attenuation", Leaf(first.attenuation_per_m, {"units": "1/m"})
    yield f"{DETECTOR}/x_pixel_size", Leaf(first.pixel_size_m, {"units": "m"})
    yield f"{DETECTOR}/y_pixel_size", Leaf(first.pixel_size_m, {"units": "m"})
    yield f"{DETECTOR}/distance", _of_shot(setup.distance_m, "m")
    yield f"{DETECTOR}/underload_value", Leaf(0)
    yield f"{DETECTOR}/bit_depth_image", Leaf(32)
    if saturation < math.inf:
        yield f"{DETECTOR}/saturation_value", Leaf(math.floor(saturation))
    if first.gain != 1.0 and all(panel.gain == first.gain for panel in setup.panels):
        yield f"{ENTRY}/data/data_scaling_factor", Leaf(1.0 / first.gain)


def _module(panel: Panel, index: int, rows: slice) -> Iterator[tuple[str, Leaf]]:
    """Yield where a panel lies in the image and in space: x depends on y, y on z, z on nothing."""
    group = module_path(index)
    still = {"transformation_type": "translation"}
    below = [".", f"{group}/offset_z", f"{group}/offset_y"]
    vectors = np.eye(3)
    for axis, depends_on in zip((2, 1, 0), below, strict=True):
        path = f"{group}/offset_{'xyz'[axis]}"
        yield path, _of_shot(panel.origin_m[axis], "m", **still, vector=vectors[axis], depends_on=depends_on)
    for name, vector in (("fast", panel.fast), ("slow", panel.slow)):
        attributes = {"units": "m", **still, "vector": np.array(vector), "depends_on": f"{group}/offset_x"}
        yield f"{group}/{name}_pixel_direction", Leaf(panel.pixel_size_m, attributes)
    yield f"{group}/data_origin", Leaf(np.array([rows.start, 0]))
    yield f"{group}/data_size", Leaf(np.array([panel.slow_pixels, panel.fast_pixels]))
    yield f"{group}/data_stride", Leaf(np.array([1, 1]))
    yield f"{group}/name", Leaf(panel.name)


def _process(frames: Frames) -> Iterator[tuple[str, Leaf]]:
    lines = "\n".join("\0".join(words) for words in frames.command_lines)
    yield f"{PROCESS}/program", Leaf("nanoBragg")
    yield f"{PROCESS}/version", Leaf(VERSION)
    yield f"{PROCESS}/shot", Leaf(np.array([frames.number]), of_shot=True)
    yield f"{PROCESS}/command_lines", Leaf([lines.replace("\0", " ")], of_shot=True)
