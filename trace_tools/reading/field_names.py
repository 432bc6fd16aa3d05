"""Names and units of the field: which tap another name means, and the factor between the units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from trace_tools.tap_points import TAP_ID, TAP_POINTS

_RAD_PER_DEGREE = math.pi / 180.0


@dataclass(frozen=True)
class Meaning:
    """The tap that a name stands for, and the factor from the unit of the name to that of the tap."""

    tap: str
    factor: float = 1.0


# names that differ from the tap's in more than the unit behind them
SYNONYMS: Mapping[str, Meaning] = {
    # per metre, whatever its name says
    "scattering_vec_A_inv": Meaning("scattering_vec_m_inv"),
    "omega_pixel": Meaning("omega_pixel_applied"),
    "F_cell_nearest": Meaning("F_cell"),
    "I_before_scaling_pre_polar": Meaning("I_before_scaling"),
    "detector_convention": Meaning("convention"),
    "detector_pivot": Meaning("pivot"),
    "pix0_vector": Meaning("pix0_vector_meters"),
    "beam_vector": Meaning("beam_vec"),
    "polar_vector": Meaning("polar_vec"),
    "fdet_vector": Meaning("fdet_vec"),
    "sdet_vector": Meaning("sdet_vec"),
    "odet_vector": Meaning("odet_vec"),
    "spindle_axis_normalized": Meaning("spindle_axis"),
    "spindle_vec": Meaning("spindle_axis"),
    "fluence": Meaning("fluence_photons_per_m2"),
    "wavelength_m": Meaning("lambda_meters"),
    "wavelength_meters": Meaning("lambda_meters"),
    "wavelength_A": Meaning("lambda_meters", 1e-10),
    "wavelength_angstroms": Meaning("lambda_meters", 1e-10),
    "phi_deg": Meaning("phi_rad", _RAD_PER_DEGREE),
}

# what stands at the end of a tap's name, and what the field puts in its place, with the factor
_SUFFIXES: Mapping[str, Mapping[str, float]] = {
    "_meters": {
        "_m": 1.0, "_metres": 1.0, "_mm": 1e-3, "_millimeters": 1e-3, "_um": 1e-6, "_microns": 1e-6,
        "_nm": 1e-9,
        "_A": 1e-10, "_angstrom": 1e-10, "_angstroms": 1e-10, "_Angstroms": 1e-10,
    },
    "_angstroms": {"_A": 1.0, "_angstrom": 1.0, "_Angstroms": 1.0, "_nm": 10.0, "_m": 1e10, "_meters": 1e10},
    "_rad": {"_radians": 1.0, "_mrad": 1e-3, "_deg": _RAD_PER_DEGREE, "_degrees": _RAD_PER_DEGREE},
    "_sr": {"_steradians": 1.0},
}  # fmt: skip


def _with_other_units() -> dict[str, Meaning]:
    found: dict[str, Meaning] = {}
    for tap in TAP_POINTS:
        for suffix, others in _SUFFIXES.items():
            if tap.name.endswith(suffix):
                stem = tap.name.removesuffix(suffix)
                found |= {stem + other: Meaning(tap.name, factor) for other, factor in others.items()}
    return found


ALIASES: Mapping[str, Meaning] = {
    name: meaning for name, meaning in {**_with_other_units(), **SYNONYMS}.items() if name not in TAP_ID
}
"""Names of the field and what they mean; a name of the contract means itself."""

# unit words behind values: (what is measured, factor to the first unit of its row)
UNITS: Mapping[str, tuple[str, float]] = {
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), ("length", 1.0)),
    **dict.fromkeys(("mm", "millimeter", "millimeters"), ("length", 1e-3)),
    **dict.fromkeys(("um", "µm", "μm", "micron", "microns"), ("length", 1e-6)),
    "nm": ("length", 1e-9),
    **dict.fromkeys(("A", "Å", "Ang", "angstrom", "angstroms", "Angstrom", "Angstroms"), ("length", 1e-10)),
    **dict.fromkeys(("1/m", "m^-1", "m-1", "m⁻¹", "m**-1"), ("inverse length", 1.0)),
    **dict.fromkeys(
        ("1/A", "1/Å", "1/Angstrom", "A^-1", "A-1", "Å^-1", "Å⁻¹", "Å-1", "A**-1"), ("inverse length", 1e10)
    ),
    **dict.fromkeys(("rad", "radian", "radians"), ("angle", 1.0)),
    "mrad": ("angle", 1e-3),
    **dict.fromkeys(("deg", "degree", "degrees", "°"), ("angle", _RAD_PER_DEGREE)),
    **dict.fromkeys(("sr", "steradian", "steradians"), ("solid angle", 1.0)),
    **dict.fromkeys(("photons/m^2", "photons/m2", "photons/m²", "ph/m^2", "ph/m2"), ("fluence", 1.0)),
    **dict.fromkeys(("m^2", "m2", "m²"), ("area", 1.0)),
    **dict.fromkeys(("A^3", "A3", "Å^3", "Å³", "Angstrom^3"), ("volume", 1e-30)),
    **dict.fromkeys(("m^3", "m3", "m³"), ("volume", 1.0)),
    **dict.fromkeys(("photons", "photon", "ph"), ("photons", 1.0)),
    **dict.fromkeys(("px", "pixel", "pixels"), ("pixels", 1.0)),
    **dict.fromkeys(("electron", "electrons"), ("electrons", 1.0)),
    **dict.fromkeys(("electrons^2", "e^2"), ("electrons^2", 1.0)),
    **dict.fromkeys(("cells", "cell"), ("cells", 1.0)),
}  # fmt: skip


def unit_factor(unit: str, tap: str) -> float | None:
    """Return the factor from a unit word to the unit of a tap, None if it measures something else."""
    one, other = UNITS.get(unit), UNITS.get(TAP_POINTS[TAP_ID[tap]].unit)
    if one is None or other is None or one[0] != other[0]:
        return None
    return 1.0 if one[1] == other[1] else one[1] / other[1]


def keyed_name(name: str, keys: tuple[str, ...]) -> str:
    """Return the name of a record whose numbers each have a key, as it is compared."""
    return f"{name} {{{','.join(keys)}}}" if keys else name


def states_several(name: str) -> bool:
    """Tell whether the numbers of a record by this name are of different things: keyed, or out of a text."""
    return name.endswith("}") or "#" in name
