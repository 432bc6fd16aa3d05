"""NeXus: the chain of transformations that an NXmx file holds, as text."""

from __future__ import annotations

from shots.geometry.in_words.written import digits, unsaid
from shots.geometry.panel import Setup
from simulator.units import A_of_m, deg_of_rad, mm_of_m


def nexus_text(setup: Setup) -> str:
    """Return the fields of an NXmx file that say where everything stands, in millimetres and degrees.

    Args:
        setup: in the frame `nexus`.
    """
    lines = [
        "# McStas: beam along +z, y upwards",
        f"beam/incident_wavelength = {digits([A_of_m(setup.wavelength_m)])} angstrom",
        f"beam/direction = {digits(setup.beam)}",
        f"beam/polarization_axis = {digits(setup.polarization_axis)}",
        f"beam/polarization_fraction = {digits([setup.polarization_fraction])}",
        f"sample/transformations/phi = {digits([deg_of_rad(setup.phi_start_rad)])} deg, rotation about"
        f" {digits(setup.spindle)}, increment {digits([deg_of_rad(setup.phi_range_rad)])}",
    ]
    for panel in setup.panels:
        offset = digits(map(mm_of_m, panel.origin_m))
        size = digits([mm_of_m(panel.pixel_size_m)])
        lines += [
            f"detector/{panel.name}/data_size = {panel.slow_pixels} {panel.fast_pixels}",
            f"detector/{panel.name}/module_offset = {offset} mm, translation",
            f"detector/{panel.name}/fast_pixel_direction = {size} mm, translation along {digits(panel.fast)}",
            f"detector/{panel.name}/slow_pixel_direction = {size} mm, translation along {digits(panel.slow)}",
        ]
    lines += [f"# {text}" for text in unsaid(setup, ())]
    return "\n".join(lines) + "\n"
