"""Our own words: a detector file in TOML, and a table to read."""

from __future__ import annotations

import json
import math

from shots.geometry.beam_spot import beam_spot, nearest_point
from shots.geometry.detector_file import SCHEMA
from shots.geometry.in_words.written import in_mm
from shots.geometry.panel import Panel, Setup
from shots.geometry.panel_words import typed_mm, typed_sensor_um
from simulator.units import A_of_m, deg_of_rad, mm_of_m
from system_io.shown import printable


def toml_text(setup: Setup) -> str:
    """Return a detector file that `read_detector` reads.

    Args:
        setup: in the frame `mosflm`.
    """
    lines = [f'schema = "{SCHEMA}"', 'frame = "mosflm"']
    for panel in setup.panels:
        lines += ["", "[[panel]]", *(f"{key} = {value}" for key, value in _facts(panel).items())]
    return "\n".join(lines) + "\n"


def _facts(panel: Panel) -> dict[str, str]:
    facts: dict[str, object] = {
        "name": panel.name,
        "pixels": [panel.fast_pixels, panel.slow_pixels],
        "pixel_size_mm": float(typed_mm(panel.pixel_size_m)),
        "origin_mm": [float(typed_mm(part)) for part in panel.origin_m],
        "fast": list(panel.fast),
        "slow": list(panel.slow),
        "gain": panel.gain,
    }
    if math.isfinite(panel.saturation):
        facts["saturation"] = panel.saturation
    if panel.thickness_m > 0.0 and panel.attenuation_per_m > 0.0:
        facts["thickness_um"], facts["attenuation_um"] = map(float, typed_sensor_um(panel))
    if panel.bad:
        facts["bad"] = [list(region) for region in panel.bad]
    if panel.mask_file.name:
        facts["mask"] = str(panel.mask_file.resolve())
    return {key: json.dumps(value) for key, value in facts.items()}


def shown_setup(setup: Setup) -> str:
    """Return a table to read: beam, spindle, and for each panel where it stands and where the beam meets it.

    Args:
        setup: in the laboratory frame of its run.
    """
    lines = [
        f"wavelength      {A_of_m(setup.wavelength_m):.9g} A",
        f"beam            {_shown(setup.beam)}",
        f"polarization    {_shown(setup.polarization_axis)}, fraction {setup.polarization_fraction:.6g}",
        f"spindle         {_shown(setup.spindle)}, phi {deg_of_rad(setup.phi_start_rad):.9g} deg"
        f" + {deg_of_rad(setup.phi_range_rad):.9g} deg",
    ]
    for panel in setup.panels:
        lines += ["", *_panel_lines(panel, setup)]
    return "\n".join(lines) + "\n"


def _panel_lines(panel: Panel, setup: Setup) -> list[str]:
    near, spot = nearest_point(panel), beam_spot(panel, setup)
    meets = "never" if spot is None else _point_shown(spot.fast, spot.slow, spot.distance_m)
    lines = [
        f"panel           {panel.name}: {panel.fast_pixels} x {panel.slow_pixels} pixels (fast x slow) of"
        f" {mm_of_m(panel.pixel_size_m):.9g} mm",
        f"  origin        {_shown(in_mm(panel.origin_m))} mm, outer corner of the first pixel",
        f"  fast          {_shown(panel.fast)}",
        f"  slow          {_shown(panel.slow)}",
        f"  beam meets it {meets}",
        f"  nearest point {_point_shown(near.fast, near.slow, near.distance_m)}",
    ]
    if panel.thickness_m > 0.0:
        length_mm = mm_of_m(1.0 / panel.attenuation_per_m) if panel.attenuation_per_m > 0.0 else math.inf
        lines.append(
            f"  sensor        {mm_of_m(panel.thickness_m):.9g} mm, attenuation length {length_mm:.9g} mm"
        )
    if panel.bad:
        lines.append(f"  bad pixels    {len(panel.bad)} rectangles")
    if panel.mask_file.name:
        lines.append(f"  mask          {printable(str(panel.mask_file))}")
    if panel.gain != 1.0 or math.isfinite(panel.saturation):
        lines.append(f"  counts        {panel.gain:.9g} a photon, saturated from {panel.saturation:.9g}")
    return lines


def _shown(vector: tuple[float, ...] | list[float]) -> str:
    return " ".join(f"{part:.9g}" for part in vector)


def _point_shown(fast: float, slow: float, distance_m: float) -> str:
    return f"at fast {fast:.6f} slow {slow:.6f} pixels from the corner, {mm_of_m(distance_m):.9g} mm away"
