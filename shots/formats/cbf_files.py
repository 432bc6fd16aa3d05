"""CBF: a file for each panel, with the header lines of miniCBF and the exact geometry of imgCIF.

The frame is that of imgCIF: z from the sample towards the source, x along the spindle. Readers take index
(0, 0) for the outer corner of the first pixel, and so do these files.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shots.extras import loaded_library
from shots.formats.writer import USUAL_NAMES, PanelFiles
from shots.frames import MASKED, Frames
from shots.geometry.beam_spot import beam_spot
from shots.geometry.panel import Panel, Setup
from shots.geometry.reference_frames import frame_named, setup_in
from simulator.errors import InputError
from simulator.units import A_of_m, deg_of_rad, mm_of_m
from system_io.files import FileChunk

LARGEST = 2**31 - 1
STARTER = b"\x0c\x1a\x04\xd5"
BOUNDARY = "--CIF-BINARY-FORMAT-SECTION--"
ARRAY = "ARRAY1"
GRAVITY_SOURCE = (
    ("GRAVITY", "gravity", (0.0, -1.0, 0.0)),
    ("SOURCE", "source", (0.0, 0.0, 1.0)),
)
NOTHING = (0.0, 0.0, 0.0)
Loop = tuple[str, Sequence[str], Sequence[Sequence[object]]]
"""A category of CIF, its items, and its rows."""


@dataclass(frozen=True)
class CbfFiles(PanelFiles):
    """The writer of CBF files; pixels are 32-bit counts, packed by byte offsets or not at all.

    Packed, the highest count, 2^31 - 1, is written one lower: beside a masked pixel, the step would need 64
    bits, which not all readers unpack.

    Attributes:
        compression: a key of `ENCODINGS`.
    """

    compression: str = "byte-offset"

    def chunks(self, frames: Frames, index: int, image: NDArray[Any]) -> list[FileChunk]:
        """Return header and pixels of a panel.

        Raises:
            InputError: if fabio is missing, no frame follows from the set-up, or counts differ by more than
                readers can unpack.
        """
        encoding = ENCODINGS[self.compression]
        packed = encoding.pack(image, frames.number)
        setup = setup_in(frames.setup, frame_named("dials"))
        head = _head(setup, setup.panels[index], frames.number, encoding)
        return [
            head.encode("ascii", "replace"),
            _section(packed, image, encoding).encode(),
            STARTER,
            packed,
            f"\r\n{BOUNDARY}--\r\n;\r\n".encode(),
        ]


def _byte_offsets(image: NDArray[np.int32], number: int) -> bytes:
    """Return the pixels packed by byte offsets.

    Raises:
        InputError: if fabio is missing, or counts differ by more than readers can unpack.
    """
    compression = loaded_library("fabio.compression", "CBF files need")
    pixels = np.minimum(image, LARGEST - 1)
    lowest = int(pixels.min())
    if int(pixels.max()) - lowest > LARGEST:
        raise InputError(
            f"shot {number}: counts of {lowest} and {int(pixels.max())} differ by 32 bits or more, too much"
            " for CBF; set a saturation or another format"
        )
    return bytes(compression.compByteOffset(pixels))


def _plain(image: NDArray[np.int32], _number_of_shot: int) -> bytes:
    """Return the pixels as they are."""
    return image.astype("<i4").tobytes()


@dataclass(frozen=True)
class Encoding:
    """A way to write pixels.

    Attributes:
        pack: returns the bytes of an image of a shot.
        name: what imgCIF calls it.
        conversions: line of the header of the pixels; empty for none.
    """

    pack: Callable[[NDArray[np.int32], int], bytes]
    name: str
    conversions: str


ENCODINGS: Mapping[str, Encoding] = {
    "byte-offset": Encoding(_byte_offsets, "byte_offset", "x-CBF_BYTE_OFFSET"),
    "none": Encoding(_plain, "none", ""),
}
"""By the word of a plan; the first is the usual one."""


def _number(value: float) -> str:
    return f"{value:.17g}"


def _head(setup: Setup, panel: Panel, number: int, encoding: Encoding) -> str:
    """Return the text before the pixels, lines ended by CR LF."""
    lines = ["###CBF: VERSION 1.5, nanoBragg simulation", "", f"data_{USUAL_NAMES.of(number)}", ""]
    for category, items, rows in _loops(setup, panel, encoding):
        lines += ["loop_", *(f"_{category}.{item}" for item in items)]
        lines += [" ".join(_word(value) for value in row) for row in rows]
        lines.append("")
    lines += ['_array_data.header_convention "PILATUS_1.2"', "_array_data.header_contents", ";"]
    lines += [*(f"# {line}" for line in _mini_lines(setup, panel)), ";", "", "_array_data.array_id " + ARRAY]
    lines += ["_array_data.binary_id 1", "_array_data.data", ";", ""]
    return "\r\n".join(lines)


def _word(value: object) -> str:
    return _number(value) if isinstance(value, float) else str(value)


def _mini_lines(setup: Setup, panel: Panel) -> Iterator[str]:
    """Yield the lines that readers of miniCBF look at; they know a beam spot and a distance only."""
    spot = beam_spot(panel, setup)
    yield f"Detector: nanoBragg simulation, panel {panel.name}"
    yield f"Pixel_size {panel.pixel_size_m:.9g} m x {panel.pixel_size_m:.9g} m"
    if panel.thickness_m > 0.0:
        yield f"Silicon sensor, thickness {panel.thickness_m:.9g} m"
    if panel.saturation < math.inf:
        yield f"Count_cutoff {math.floor(panel.saturation)} counts"
    yield f"Wavelength {_number(A_of_m(setup.wavelength_m))} A"
    if spot is not None:
        yield f"Detector_distance {_number(spot.distance_m)} m"
        yield f"Beam_xy ({_number(spot.fast)}, {_number(spot.slow)}) pixels"
    yield f"Polarization {_number(setup.polarization_fraction)}"
    yield f"Start_angle {_number(deg_of_rad(setup.phi_start_rad))} deg."
    yield f"Angle_increment {_number(deg_of_rad(setup.phi_range_rad))} deg."


def _loops(setup: Setup, panel: Panel, encoding: Encoding) -> Iterator[Loop]:
    """Yield the categories of imgCIF."""
    yield from _beam_loops(setup)
    yield from _axis_loops(setup, panel)
    yield from _array_loops(panel, encoding)


def _beam_loops(setup: Setup) -> Iterator[Loop]:
    """Yield beam and frame; the norm of polarization is the angle from x to the field in the xy plane."""
    norm = math.degrees(math.atan2(setup.polarization_axis[1], setup.polarization_axis[0]))
    ratio = 2.0 * setup.polarization_fraction - 1.0
    yield "diffrn", ("id", "crystal_id"), [("DIFFRN", "CRYSTAL")]
    yield "diffrn_source", ("diffrn_id", "source", "type"), [("DIFFRN", "simulated", "nanoBragg")]
    yield (
        "diffrn_radiation",
        ("diffrn_id", "wavelength_id", "monochromator", "polarizn_source_ratio", "polarizn_source_norm"),
        [("DIFFRN", "WAVELENGTH1", ".", ratio, norm)],
    )
    wavelength = A_of_m(setup.wavelength_m)
    yield "diffrn_radiation_wavelength", ("id", "wavelength", "wt"), [("WAVELENGTH1", wavelength, 1.0)]
    yield "diffrn_detector", ("diffrn_id", "id", "number_of_axes"), [("DIFFRN", "DETECTOR", 1)]
    yield "diffrn_detector_axis", ("detector_id", "axis_id"), [("DETECTOR", "DETECTOR_Z")]
    yield "diffrn_detector_element", ("id", "detector_id"), [("ELEMENT", "DETECTOR")]
    frame = ("FRAME1", "ELEMENT", ARRAY, 1)
    yield "diffrn_data_frame", ("id", "detector_element_id", "array_id", "binary_id"), [frame]
    goniometer = ("DIFFRN", "GONIOMETER", 1, "rotation")
    yield "diffrn_measurement", ("diffrn_id", "id", "number_of_axes", "method"), [goniometer]
    yield "diffrn_measurement_axis", ("measurement_id", "axis_id"), [("GONIOMETER", "PHI")]


def _axis_loops(setup: Setup, panel: Panel) -> Iterator[Loop]:
    start, osc = deg_of_rad(setup.phi_start_rad), deg_of_rad(setup.phi_range_rad)
    moving = ("PHI", "DETECTOR_Z")
    yield (
        "diffrn_scan",
        ("id", "frame_id_start", "frame_id_end", "frames"),
        [("SCAN1", "FRAME1", "FRAME1", 1)],
    )
    yield (
        "diffrn_scan_axis",
        ("scan_id", "axis_id", "angle_start", "angle_range", "angle_increment",
         "displacement_start", "displacement_range", "displacement_increment"),
        [("SCAN1", name, *((start, osc, osc) if name == "PHI" else NOTHING), *NOTHING) for name in moving],
    )  # fmt: skip
    yield "diffrn_scan_frame", ("frame_id", "frame_number", "scan_id"), [("FRAME1", 1, "SCAN1")]
    yield (
        "diffrn_scan_frame_axis",
        ("frame_id", "axis_id", "angle", "displacement"),
        [("FRAME1", name, start if name == "PHI" else 0.0, 0.0) for name in moving],
    )
    origin_mm = [mm_of_m(part) for part in panel.origin_m]
    yield (
        "axis",
        ("id", "type", "equipment", "depends_on", *(f"vector[{n}]" for n in (1, 2, 3)),
         *(f"offset[{n}]" for n in (1, 2, 3))),
        [
            ("PHI", "rotation", "goniometer", ".", *setup.spindle, *NOTHING),
            *((name, "general", kind, ".", *vector, *NOTHING) for name, kind, vector in GRAVITY_SOURCE),
            ("DETECTOR_Z", "translation", "detector", ".", 0.0, 0.0, 1.0, *NOTHING),
            ("ELEMENT_SLOW", "translation", "detector", "DETECTOR_Z", *panel.slow, *origin_mm),
            ("ELEMENT_FAST", "translation", "detector", "ELEMENT_SLOW", *panel.fast, *NOTHING),
        ],
    )  # fmt: skip


def _array_loops(panel: Panel, encoding: Encoding) -> Iterator[Loop]:
    size_mm = mm_of_m(panel.pixel_size_m)
    rows = [(1, "FAST", panel.fast_pixels), (2, "SLOW", panel.slow_pixels)]
    yield (
        "array_structure_list",
        ("array_id", "index", "dimension", "precedence", "direction", "axis_set_id"),
        [(ARRAY, index, count, index, "increasing", f"ELEMENT_{name}") for index, name, count in rows],
    )
    yield (
        "array_structure_list_axis",
        ("axis_set_id", "axis_id", "displacement", "displacement_increment"),
        [(f"ELEMENT_{name}", f"ELEMENT_{name}", 0.0, size_mm) for _, name, _ in rows],
    )
    yield (
        "array_element_size",
        ("array_id", "index", "size"),
        [(ARRAY, index, panel.pixel_size_m) for index, _, _ in rows],
    )
    overload = float(panel.saturation) if panel.saturation < math.inf else "."
    yield (
        "array_intensities",
        ("array_id", "binary_id", "linearity", "gain", "overload", "undefined_value"),
        [(ARRAY, 1, "linear", float(panel.gain), overload, MASKED)],
    )
    yield (
        "array_structure",
        ("id", "encoding_type", "compression_type", "byte_order"),
        [(ARRAY, '"signed 32-bit integer"', encoding.name, "little_endian")],
    )


def _section(packed: bytes, image: NDArray[Any], encoding: Encoding) -> str:
    """Return the header of the pixels."""
    digest = base64.b64encode(hashlib.md5(packed, usedforsecurity=False).digest()).decode()
    slow, fast = image.shape
    content = ["Content-Type: application/octet-stream"]
    if encoding.conversions:
        content = [f"{content[0]};", f'     conversions="{encoding.conversions}"']
    lines = [
        BOUNDARY,
        *content,
        "Content-Transfer-Encoding: BINARY",
        f"X-Binary-Size: {len(packed)}",
        "X-Binary-ID: 1",
        'X-Binary-Element-Type: "signed 32-bit integer"',
        "X-Binary-Element-Byte-Order: LITTLE_ENDIAN",
        f"Content-MD5: {digest}",
        f"X-Binary-Number-of-Elements: {image.size}",
        f"X-Binary-Size-Fastest-Dimension: {fast}",
        f"X-Binary-Size-Second-Dimension: {slow}",
        "X-Binary-Size-Padding: 0",
        "",
        "",
    ]
    return "\r\n".join(lines)
