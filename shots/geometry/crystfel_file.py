"""CrystFEL geometry files (.geom) read: panels, bad regions, gain and limits."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shots.geometry.bad_regions import rectangles_of
from shots.geometry.crystfel_lines import (
    ENERGIES_EV,
    MASKS,
    PLACED,
    WAVELENGTHS_A,
    GeomLines,
    finite_number,
    length_m,
    measured_value,
    sorted_lines,
)
from shots.geometry.panel import BadRegion, Direction, Panel
from shots.geometry.reference_frames import REFERENCE_FRAMES, turn_between, turned_panel
from simulator.errors import InputError
from simulator.io.numbers import number
from simulator.units import ENERGY_WAVELENGTH_EV_A, A_of_m, wavelength_m_of_A, wavelength_m_of_eV
from system_io.shown import printable

REGION_KINDS: Mapping[str, Set[str]] = {
    "panel": {"min_fs", "max_fs", "min_ss", "max_ss", "panel"},
    "laboratory": {"min_x", "max_x", "min_y", "max_y"},
}
"""The keys of a bad region: pixels of a panel, or a rectangle of the laboratory in pixels."""
AXIS = re.compile(r"\s*([+-]?\s*[0-9.]*(?:[eE][+-]?[0-9]+)?)\s*\*?\s*([xyz])")
NEARLY = 1e-3
"""How far the axes of a file, which are often rounded, may be from unit length and a right angle."""


@dataclass(frozen=True)
class GeomFile:
    """What a geometry file says.

    Attributes:
        panels: in the frame `mosflm` of `REFERENCE_FRAMES`.
        wavelength_m: NaN where the file names a place in image files, or nothing.
    """

    panels: tuple[Panel, ...]
    wavelength_m: float


def read_geom(path: Path) -> GeomFile:
    """Return the panels of a CrystFEL geometry file.

    Axes that are rounded are made unit vectors at right angles. Bad regions and panels with `no_index` become
    regions of the panels, `adu_per_photon` and `adu_per_eV` their gain, `max_adu` their saturation.

    Args:
        path: of the file.

    Raises:
        InputError: for a file that cannot be read, unknown or missing keys, values without meaning, and a
            `clen`, mask or rail that lies in image files or elsewhere.
    """
    lines = sorted_lines(path)
    if not lines.panels:
        raise InputError(f"{lines.where}: no panel; write lines like p0/min_fs = 0")
    wavelength_m = _wavelength_m(lines)
    shift_m = [length_m(lines.whole.get(f"detector_shift_{axis}", "0"), lines.where) for axis in "xy"]
    turn = turn_between(REFERENCE_FRAMES["crystfel"], REFERENCE_FRAMES["mosflm"])
    tables = [
        _PanelLines(name, keys, f"{lines.where}: panel '{printable(name)}'", wavelength_m)
        for name, keys in lines.panels.items()
    ]
    _require_known_panels(lines)
    panels = [
        replace(turned_panel(table.panel(shift_m), turn), bad=tuple(_bad_regions(lines, table)))
        for table in tables
    ]
    return GeomFile(tuple(panels), wavelength_m)


def _wavelength_m(lines: GeomLines) -> float:
    """Return the wavelength that a file says, NaN for a place in image files or nothing.

    Raises:
        InputError: for an electron beam, both wavelength and energy, and values not above 0.
    """
    if "electron_voltage" in lines.whole:
        raise InputError(f"{lines.where}: electron_voltage: a run needs X-rays; give photon_energy")
    given = [key for key in ("wavelength", "photon_energy") if key in lines.whole]
    if len(given) > 1:
        raise InputError(f"{lines.where}: has wavelength and photon_energy; leave one out")
    if not given or lines.whole[given[0]].startswith("/"):
        return math.nan
    what, text = f"{lines.where}: {given[0]}", lines.whole[given[0]]
    of_energy = given[0] == "photon_energy"
    value = measured_value(text, ENERGIES_EV if of_energy else WAVELENGTHS_A, what)
    if not value > 0.0:
        raise InputError(f"{what} is {value:g}; must be above 0")
    return wavelength_m_of_eV(value) if of_energy else wavelength_m_of_A(value)


@dataclass(frozen=True)
class _PanelLines:
    """The keys of a panel.

    Attributes:
        name: of the panel.
        keys: with their values.
        where: file and panel, for messages.
        wavelength_m: of the beam, NaN where it is not known.
    """

    name: str
    keys: Mapping[str, str]
    where: str
    wavelength_m: float

    def number(self, key: str, default: str = "") -> float:
        """Return the number of a key.

        Raises:
            InputError: if it is missing or no number.
        """
        return finite_number(self._text(key, default), f"{self.where}: {key}")

    def _text(self, key: str, default: str = "") -> str:
        text = self.keys.get(key, default)
        if not text:
            raise InputError(f"{self.where}: {key} is missing; a panel has {', '.join(PLACED)}")
        return text

    def span(self, axis: str) -> tuple[int, int]:
        """Return first and last pixel of the panel along an axis of the image file.

        Raises:
            InputError: for what is no range of whole numbers.
        """
        low, high = self.number(f"min_{axis}"), self.number(f"max_{axis}")
        if not (low.is_integer() and high.is_integer() and 0 <= low <= high):
            raise InputError(
                f"{self.where}: {axis} from {low:g} to {high:g}; must be whole, 0 or more, rising"
            )
        return int(low), int(high)

    def corner_pixels(self) -> NDArray[np.float64]:
        """Return the corner of the first pixel along x and y."""
        return np.array([self.number("corner_x"), self.number("corner_y")])

    def axes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return fast and slow axis, unit vectors at right angles.

        Raises:
            InputError: for axes that are further from that than rounding is.
        """
        fast, slow = (self._vector(key) for key in ("fs", "ss"))
        lengths = [math.sqrt(vector @ vector) for vector in (fast, slow)]
        off = max(abs(length - 1.0) for length in lengths)
        if off > NEARLY or abs(fast @ slow) > NEARLY:
            raise InputError(
                f"{self.where}: fs and ss are {off:.3g} off unit length, {fast @ slow:.3g} off a right angle;"
                " only rounding is mended"
            )
        fast = fast / lengths[0]
        slow = slow - (slow @ fast) * fast
        return fast, slow / math.sqrt(slow @ slow)

    def _vector(self, key: str) -> NDArray[np.float64]:
        """Return a vector written like +1.0x -0.5y.

        Raises:
            InputError: for anything else.
        """
        text, place = self._text(key), 0
        vector = np.zeros(3)
        while place < len(text):
            term = AXIS.match(text, place)
            word = "" if term is None else term[1].replace(" ", "")
            value = {"": 1.0, "+": 1.0, "-": -1.0}.get(word, number(word))
            if term is None or value is None:
                raise InputError(
                    f"{self.where}: {key} is '{printable(text[:60])}'; write it like +1.0x -0.5y"
                )
            vector["xyz".index(term[2])] += value
            place = term.end() if text[term.end() :].strip() else len(text)
        return vector

    def panel(self, shift_m: Sequence[float]) -> Panel:
        """Return the panel in the frame of CrystFEL.

        Args:
            shift_m: of the whole detector along x and y.

        Raises:
            InputError: for values without meaning.
        """
        self._refuse_elsewhere()
        (low_f, high_f), (low_s, high_s) = self.span("fs"), self.span("ss")
        res = self.number("res")
        if not res > 0.0:
            raise InputError(f"{self.where}: res is {res:g} pixels a metre; must be above 0")
        fast, slow = self.axes()
        x, y = self.corner_pixels() / res + np.asarray(shift_m)
        z = self._length_m("clen") + self._length_m("coffset", "0")
        saturation = self.number("max_adu", repr(sys.float_info.max))
        return Panel(
            name=self.name,
            fast_pixels=high_f - low_f + 1,
            slow_pixels=high_s - low_s + 1,
            pixel_size_m=1.0 / res,
            origin_m=(float(x), float(y), z),
            fast=_direction(fast),
            slow=_direction(slow),
            gain=self._gain(),
            saturation=saturation if saturation < sys.float_info.max else math.inf,
        )

    def _length_m(self, key: str, default: str = "") -> float:
        return length_m(self._text(key, default), f"{self.where}: {key}")

    def _refuse_elsewhere(self) -> None:
        """Raise InputError for a mask in image files and a rail that is not along the beam."""
        masks = [key for key in self.keys if MASKS.fullmatch(key)]
        if masks:
            raise InputError(
                f"{self.where}: {', '.join(masks)} {'name masks' if len(masks) > 1 else 'names a mask'} in"
                " files of images; take that out, give the mask of a panel as NXmx or .npy"
            )
        if "rail_direction" in self.keys and not np.array_equal(self._vector("rail_direction"), [0, 0, 1]):
            raise InputError(
                f"{self.where}: rail_direction must be along z, the beam; state corners and coffset"
            )

    def _gain(self) -> float:
        """Return counts a photon, 1 where nothing is said.

        Raises:
            InputError: for values not above 0, both ways of saying it, and a gain by energy without one.
        """
        given = [key for key in ("adu_per_photon", "adu_per_eV") if key in self.keys]
        if not given:
            return 1.0
        gain = self.number(given[0])
        if len(given) > 1 or not gain > 0.0:
            raise InputError(f"{self.where}: {' and '.join(given)} {gain:g}; give one of them, above 0")
        if given[0] == "adu_per_photon":
            return gain
        if math.isnan(self.wavelength_m):
            raise InputError(
                f"{self.where}: adu_per_eV without an energy; give photon_energy or adu_per_photon"
            )
        return gain * ENERGY_WAVELENGTH_EV_A / A_of_m(self.wavelength_m)


def _require_known_panels(lines: GeomLines) -> None:
    """Raise InputError for a bad region on a panel that there is not."""
    for name, region in lines.regions.items():
        if "panel" in region and region["panel"] not in lines.panels:
            known = ", ".join(lines.panels)
            panel = printable(region["panel"])
            raise InputError(f"{lines.where}: {printable(name)} is on panel '{panel}'; there are {known}")


def _bad_regions(lines: GeomLines, table: _PanelLines) -> Iterator[BadRegion]:
    """Yield the rectangles of a panel that bad regions and `no_index` take out.

    Raises:
        InputError: for a region that is neither a rectangle of a panel nor one of the laboratory.
    """
    (low_f, high_f), (low_s, high_s) = table.span("fs"), table.span("ss")
    if table.number("no_index", "0") != 0.0:
        yield 0, high_f - low_f + 1, 0, high_s - low_s + 1
        return
    yield from _edges(table, (high_f - low_f + 1, high_s - low_s + 1))
    for name, region in lines.regions.items():
        where = f"{lines.where}: {printable(name)}"
        kind = next((kind for kind in REGION_KINDS if set(region) == REGION_KINDS[kind]), None)
        if kind is None:
            ways = " or ".join(", ".join(sorted(keys)) for keys in REGION_KINDS.values())
            raise InputError(f"{where} has {', '.join(sorted(region))}; give {ways}")
        limits = {
            key: finite_number(text, f"{where}/{key}") for key, text in region.items() if key != "panel"
        }
        if kind == "laboratory":
            yield from rectangles_of(_inside(table, limits))
        elif region["panel"] == table.name:
            fast = _clipped(limits["min_fs"], limits["max_fs"], low_f, high_f)
            slow = _clipped(limits["min_ss"], limits["max_ss"], low_s, high_s)
            yield (*fast, *slow)


def _edges(table: _PanelLines, size: tuple[int, int]) -> Iterator[BadRegion]:
    """Yield the rows and columns at the edges of a panel that `mask_edge_pixels` takes out.

    Raises:
        InputError: for no whole number from 0 on.
    """
    width = table.number("mask_edge_pixels", "0")
    if not (width.is_integer() and width >= 0):
        raise InputError(f"{table.where}: mask_edge_pixels is {width:g}; must be a whole number, 0 or more")
    fast, slow = size
    if width > 0:
        across, down = min(int(width), fast), min(int(width), slow)
        yield from ((0, fast, 0, down), (0, fast, slow - down, slow))
        yield from ((0, across, 0, slow), (fast - across, fast, 0, slow))


def _clipped(low: float, high: float, first: int, last: int) -> tuple[int, int]:
    """Return a range, ends included, as first pixel and end within a panel, counted from its first one."""
    start = max(math.ceil(low), first) - first
    return start, max(min(math.floor(high), last) - first + 1, start)


def _inside(table: _PanelLines, limits: Mapping[str, float]) -> NDArray[np.bool_]:
    """Return which pixels [slow, fast] have their middle in a rectangle of x and y, in pixels."""
    (low_f, high_f), (low_s, high_s) = table.span("fs"), table.span("ss")
    fast, slow = table.axes()
    across, down = np.meshgrid(np.arange(high_f - low_f + 1) + 0.5, np.arange(high_s - low_s + 1) + 0.5)
    corner = table.corner_pixels()
    x, y = (corner[n] + across * fast[n] + down * slow[n] for n in (0, 1))
    within_x = (x >= limits["min_x"]) & (x <= limits["max_x"])
    return np.asarray(within_x & (y >= limits["min_y"]) & (y <= limits["max_y"]))


def _direction(vector: NDArray[np.float64]) -> Direction:
    x, y, z = (float(part) for part in vector + 0.0)
    return x, y, z
