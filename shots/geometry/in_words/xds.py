"""XDS: the lines of XDS.INP that say where everything stands."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from shots.geometry.in_words.written import digits, one_pixel_size, plane_normal, unsaid, with_first_rows
from shots.geometry.panel import Panel, Setup
from simulator.units import A_of_m, deg_of_rad, mm_of_m

SAID = ("sensor", "saturation", "bad pixels")
"""What a panel is made of, as `unsaid` calls it, that this format has words for."""
AXES = (
    "DIRECTION_OF_DETECTOR_X-AXIS= {}", "DIRECTION_OF_DETECTOR_Y-AXIS= {}", "ORGX= {} ORGY= {}",
    "DETECTOR_DISTANCE= {}",
)  # fmt: skip
SEGMENT_AXES = (
    "DIRECTION_OF_SEGMENT_X-AXIS= {}", "DIRECTION_OF_SEGMENT_Y-AXIS= {}", "SEGMENT_ORGX= {} SEGMENT_ORGY= {}",
    "SEGMENT_DISTANCE= {}",
)  # fmt: skip
WHOLE_FRAME = (
    "DIRECTION_OF_DETECTOR_X-AXIS= 1 0 0", "DIRECTION_OF_DETECTOR_Y-AXIS= 0 1 0", "ORGX= 0 ORGY= 0",
    "DETECTOR_DISTANCE= 0",
)  # fmt: skip
"""Of a detector of segments: its frame is that of the laboratory, so that segments say all of their place."""


def xds_text(setup: Setup) -> str:
    """Return lines of XDS.INP; several panels are segments of one image, below each other in their order.

    The middle of the first pixel of an image is at 1, 1.

    Args:
        setup: in the frame `xds`.

    Raises:
        InputError: for panels of several pixel sizes.
    """
    size_mm = mm_of_m(one_pixel_size(setup, "XDS.INP"))
    panels = setup.panels
    lines = [
        "! beam along +z, spindle along +x",
        f"NX= {max(panel.fast_pixels for panel in panels)} NY= {sum(panel.slow_pixels for panel in panels)}"
        f" QX= {digits([size_mm])} QY= {digits([size_mm])}",
        f"INCIDENT_BEAM_DIRECTION= {digits(setup.beam)}",
        f"X-RAY_WAVELENGTH= {digits([A_of_m(setup.wavelength_m)])}",
        f"ROTATION_AXIS= {digits(setup.spindle)}",
        f"STARTING_ANGLE= {digits([deg_of_rad(setup.phi_start_rad)])}",
        f"OSCILLATION_RANGE= {digits([deg_of_rad(setup.phi_range_rad)])}",
        f"FRACTION_OF_POLARIZATION= {digits([setup.polarization_fraction])}",
        f"POLARIZATION_PLANE_NORMAL= {digits(plane_normal(setup))}",
        *_hardware(setup),
        *(f"! {text}" for text in unsaid(setup, SAID)),
        *_untrusted(setup),
    ]
    if len(panels) == 1:
        return "\n".join([*lines, *_place(panels[0], 0, AXES)]) + "\n"
    lines += WHOLE_FRAME
    for panel, row in with_first_rows(panels):
        lines.append(f"SEGMENT= 1 {panel.fast_pixels} {row + 1} {row + panel.slow_pixels} ! {panel.name}")
        lines += _place(panel, row, SEGMENT_AXES)
    return "\n".join(lines) + "\n"


def _place(panel: Panel, row: int, words: tuple[str, ...]) -> list[str]:
    """Return axes, origin and distance of a panel: x = Q (X - ORGX) ex + Q (Y - ORGY) ey + F (ex x ey)."""
    origin = np.array(panel.origin_m)
    fast, slow = np.array(panel.fast), np.array(panel.slow)
    X, Y = (0.5 - float(origin @ axis) / panel.pixel_size_m for axis in (fast, slow))
    distance_mm = mm_of_m(float(origin @ np.cross(fast, slow)))
    across, down, centre, away = words
    return [
        across.format(digits(panel.fast)),
        down.format(digits(panel.slow)),
        centre.format(digits([X]), digits([Y + row])),
        away.format(digits([distance_mm])),
    ]


def _untrusted(setup: Setup) -> Iterator[str]:
    """Yield the rectangles of bad pixels and those beside narrow panels; XDS leaves their ends out."""
    most = max(panel.fast_pixels for panel in setup.panels)
    for panel, row in with_first_rows(setup.panels):
        beside = (panel.fast_pixels, most, 0, panel.slow_pixels)
        for fast, fast_end, slow, slow_end in (*panel.bad, *((beside,) if panel.fast_pixels < most else ())):
            yield f"UNTRUSTED_RECTANGLE= {fast} {fast_end + 1} {row + slow} {row + slow_end + 1}"


def _hardware(setup: Setup) -> list[str]:
    """Return what the panels are made of, for what all of them share."""
    told = {
        "SENSOR_THICKNESS": {mm_of_m(panel.thickness_m) for panel in setup.panels},
        "SILICON": {panel.attenuation_per_m / mm_of_m(1.0) for panel in setup.panels},
        "OVERLOAD": {panel.saturation for panel in setup.panels},
    }
    lines = []
    for word, values in told.items():
        if len(values) > 1:
            lines.append(f"! {word} differs from panel to panel")
        elif 0.0 < max(values) < math.inf:
            lines.append(f"{word}= {digits(values)}")
    return lines
