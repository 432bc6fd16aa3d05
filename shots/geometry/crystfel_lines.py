"""The lines of a CrystFEL geometry file (.geom): sorted by panel, known by their keys, numbers with units."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

from simulator.errors import InputError
from simulator.io.numbers import number
from simulator.io.text import read_text
from simulator.units import A_of_m, m_of_mm
from system_io.shown import printable

REMEDY = "give a .geom file"
PLACED = ("min_fs", "max_fs", "min_ss", "max_ss", "corner_x", "corner_y", "fs", "ss", "res", "clen")
"""What every panel must have."""
PANEL_KEYS = frozenset(
    {*PLACED, "coffset", "adu_per_photon", "adu_per_eV", "max_adu", "no_index", "mask_edge_pixels",
     "rail_direction", "data", "saturation_map", "saturation_map_file", "badrow_direction"}
)  # fmt: skip
"""Of a panel; without a panel's name in front, of all panels below that line."""
WHOLE_KEYS = frozenset(
    {"wavelength", "photon_energy", "bandwidth", "clen_for_centering", "adu_scale", "peak_list",
     "peak_list_type", "peak_info_location", "detector_shift_x", "detector_shift_y", "electron_voltage"}
)  # fmt: skip
"""Of the whole detector."""
FREE = re.compile(r"(rigid_)?group_\w+|rigid_group_collection_\w+|dim\d+|flag_\w+|mask\d*_(good|bad)(bits)?")
"""Further keys: groups for refinement, layout of image files, values of pixels that are flags."""
MASKS = re.compile(r"mask\d*(_file|_data)?")
"""Keys that name masks in files."""
REGION_KEYS = frozenset(
    {f"{end}_{axis}" for end in ("min", "max") for axis in ("fs", "ss", "x", "y")} | {"panel"}
)
LENGTHS_M: Mapping[str, float] = {"m": 1.0, "mm": m_of_mm(1.0)}
WAVELENGTHS_A: Mapping[str, float] = {"m": A_of_m(1.0), "A": 1.0}
ENERGIES_EV: Mapping[str, float] = {"eV": 1.0, "keV": 1000.0, "MeV": 1000000.0}
LIKENESS = 0.6


@dataclass
class GeomLines:
    """The lines of a file, sorted by what they are about.

    Attributes:
        where: the file, for messages.
        whole: keys of the whole detector.
        usual: keys without a panel in front, as they stand where a panel is first named.
        panels: keys of each panel, the usual ones included.
        regions: keys of each bad region.
    """

    where: str
    whole: dict[str, str] = field(default_factory=dict)
    usual: dict[str, str] = field(default_factory=dict)
    panels: dict[str, dict[str, str]] = field(default_factory=dict)
    regions: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, key: str, value: str, place: str) -> None:
        """Add a line.

        Raises:
            InputError: for an unknown key.
        """
        owner, slash, inner = key.rpartition("/")
        if not slash and (key in WHOLE_KEYS or FREE.fullmatch(key)):
            self.whole[key] = value
        elif slash and owner.startswith("bad"):
            _refuse_unknown(inner, REGION_KEYS, place)
            self.regions.setdefault(owner, {})[inner] = value
        elif slash and FREE.fullmatch(inner):
            self.panels.setdefault(owner, dict(self.usual))
        elif slash:
            if not MASKS.fullmatch(inner):
                _refuse_unknown(inner, PANEL_KEYS, place)
            self.panels.setdefault(owner, dict(self.usual))[inner] = value
        else:
            if not MASKS.fullmatch(key):
                _refuse_unknown(key, PANEL_KEYS | WHOLE_KEYS, place)
            self.usual[key] = value


def sorted_lines(path: Path) -> GeomLines:
    """Return the lines of a file.

    Raises:
        InputError: for a file that is no text, and a line that is no assignment.
    """
    text = read_text(path, "CrystFEL file", REMEDY)
    lines = GeomLines(f"CrystFEL file '{printable(str(path))}'")
    for place_in_file, line in enumerate(text.lines(), 1):
        said = line.partition(";")[0].strip()
        if not said:
            continue
        place = f"{lines.where} line {place_in_file}"
        key, equals, value = (part.strip() for part in said.partition("="))
        if not (equals and key and value):
            raise InputError(f"{place}: '{printable(said[:40])}' is no line KEY = VALUE; mend it")
        lines.add(key, value, place)
    return lines


def _refuse_unknown(key: str, known: Set[str], place: str) -> None:
    if key not in known:
        near = difflib.get_close_matches(key, known, 1, LIKENESS)
        remedy = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(sorted(known))}"
        raise InputError(f"{place}: '{printable(key)}' is no key; {remedy}")


def finite_number(text: str, what: str) -> float:
    """Return a finite number.

    Raises:
        InputError: for anything else.
    """
    value = number(text)
    if value is None:
        raise InputError(f"{what} is '{printable(text[:40])}', must be a number; mend it")
    return value


def measured_value(text: str, units: Mapping[str, float], what: str) -> float:
    """Return a number times its unit, the first of the units where none is said.

    Raises:
        InputError: for no number, another unit, and a place in image files.
    """
    word, _, unit = text.partition(" ")
    unit = unit.strip() or next(iter(units))
    if word.startswith("/"):
        raise InputError(
            f"{what} is '{printable(text)}', a place in image files, of which there are none; give it"
        )
    if unit not in units:
        raise InputError(f"{what} has unit '{printable(unit[:40])}'; give one of {', '.join(units)}")
    return finite_number(word, what) * units[unit]


def length_m(text: str, what: str) -> float:
    """Return a length in metres, which is the unit where none is said.

    Raises:
        InputError: for no number, another unit, and a place in image files.
    """
    return measured_value(text, LENGTHS_M, what)
