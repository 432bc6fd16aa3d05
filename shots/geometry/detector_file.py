"""A detector described in TOML: panels one by one, or as a grid."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from shots.geometry.panel import Direction, Panel
from shots.geometry.reference_frames import REFERENCE_FRAMES, frame_named, turn_between, turned_panel
from shots.geometry.setup_of import require_axes
from simulator.errors import InputError
from simulator.io.files import read_bytes
from simulator.units import m_of_mm, rad_of_deg, sensor_m_of_um
from system_io.shown import printable

SCHEMA = "nbp-detector/1"
MOST_PANELS = 4096
LIKENESS = 0.5
"""Of a key to a known one, to be suggested."""


@dataclass(frozen=True)
class _Kind:
    """What the value of a key must be, and what a list must hold."""

    words: str
    types: tuple[type, ...]
    count: int = 0
    """Of a list, 0 for a single value."""


NUMBER, WHOLE, TEXT = (
    _Kind("a number", (int, float)),
    _Kind("a whole number", (int,)),
    _Kind("a text", (str,)),
)
VECTOR = _Kind("a list of three numbers", (int, float), 3)
TABLE = _Kind("a table", (dict,))
KEYS: Mapping[str, _Kind] = {
    "name": TEXT,
    "pixels": _Kind("a list of two whole numbers, fast and slow", (int,), 2),
    "pixel_size_mm": NUMBER,
    "origin_mm": VECTOR,
    "distance_mm": NUMBER,
    "beam_pixels": _Kind("a list of two numbers, fast and slow", (int, float), 2),
    "fast": VECTOR,
    "slow": VECTOR,
    "tilt_deg": VECTOR,
    "grid": TABLE,
    "gain": NUMBER,
    "saturation": NUMBER,
    "thickness_um": NUMBER,
    "attenuation_um": NUMBER,
    "mask": TEXT,
}
"""Of a panel, and of `[all]`, which holds what panels do not say themselves."""
GRID_KEYS: Mapping[str, _Kind] = {
    "rows": WHOLE,
    "columns": WHOLE,
    "gap_pixels": _Kind("a list of two numbers, fast and slow", (int, float), 2),
}
FILE_KEYS: Mapping[str, _Kind] = {
    "schema": TEXT, "title": TEXT, "frame": TEXT, "all": TABLE, "panel": _Kind("tables [[panel]]", (list,)),
}  # fmt: skip
ABOVE_ZERO = ("pixel_size_mm", "gain", "saturation", "thickness_um", "attenuation_um")


def read_detector_toml(path: Path) -> tuple[Panel, ...]:
    """Return the panels of a detector file of our own.

    Args:
        path: of the TOML file.

    Returns:
        Panels in the frame `mosflm` of `REFERENCE_FRAMES`.

    Raises:
        InputError: for a file that cannot be read, keys unknown or missing, and values without meaning.
    """
    where = f"detector file '{printable(str(path))}'"
    try:
        content = tomllib.loads(read_bytes(path, "detector file", "give another one").decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{where}: is no TOML file ({error}); mend it") from error
    _check(content, FILE_KEYS, where)
    if content.get("schema") != SCHEMA:
        raise InputError(f'{where}: schema is {content.get("schema")!r}; give schema = "{SCHEMA}"')
    if "frame" not in content:
        raise InputError(f"{where}: frame is missing; give one of {', '.join(REFERENCE_FRAMES)}")
    frame = frame_named(content["frame"])
    usual = content.get("all", {})
    _check(usual, KEYS, f"{where}: all")
    panels: list[Panel] = []
    for number, own in enumerate(content.get("panel", [])):
        place = f"{where}: panel {number}"
        if not isinstance(own, dict):
            raise InputError(f"{place} is {own!r:.60}, must be a table; write [[panel]]")
        _check(own, KEYS, place)
        reader = _PanelTable({"name": f"p{number}", **usual, **own}, place, path.parent, frame.beam)
        panels += reader.panels()
        if len(panels) > MOST_PANELS:
            raise InputError(f"{place}: more than {MOST_PANELS} panels; give fewer")
    turn = turn_between(frame, REFERENCE_FRAMES["mosflm"])
    return tuple(turned_panel(panel, turn) for panel in panels)


def _check(table: Mapping[str, Any], keys: Mapping[str, _Kind], place: str) -> None:
    """Raise InputError for an unknown key, naming the nearest, and a value of another kind."""
    for key, value in table.items():
        if key not in keys:
            near = difflib.get_close_matches(key, keys, 1, LIKENESS)
            known = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(keys)}"
            raise InputError(f"{place}: '{printable(key)}' is no key; {known}")
        kind = keys[key]
        values = value if kind.count and isinstance(value, list) else [value]
        fits = all(isinstance(one, kind.types) and not isinstance(one, bool) for one in values)
        if not fits or (kind.count and (not isinstance(value, list) or len(values) != kind.count)):
            raise InputError(f"{place}: {key} is {value!r:.60}, must be {kind.words}; give such a one")
        if any(isinstance(one, float) and math.isnan(one) for one in values):
            raise InputError(f"{place}: {key} is {value!r:.60}; give numbers")


@dataclass(frozen=True)
class _PanelTable:
    """One table [[panel]] with what `[all]` adds to it."""

    table: Mapping[str, Any]
    place: str
    folder: Path
    beam: Direction

    def panels(self) -> Iterator[Panel]:
        """Yield the panel, or those of its grid."""
        for key in ABOVE_ZERO:
            if key in self.table and not self.table[key] > 0:
                raise InputError(
                    f"{self.place}: {key} is {self.table[key]:g}, must be above 0; give such a one"
                )
        first = self._panel()
        if "grid" not in self.table:
            yield first
            return
        yield from self._grid(first)

    def _needed(self, key: str) -> Any:
        if key not in self.table:
            raise InputError(f"{self.place}: {key} is missing; give {KEYS[key].words}")
        return self.table[key]

    def _panel(self) -> Panel:
        """Return the panel, of a grid that in the corner, all of them its place but for the shift."""
        pixels = self._needed("pixels")
        if min(pixels) < 1:
            raise InputError(f"{self.place}: pixels is {pixels}, must be 1 or more; give such ones")
        size_m = m_of_mm(float(self._needed("pixel_size_mm")))
        fast, slow = (self._turned(self._needed(key)) for key in ("fast", "slow"))
        panel = Panel(
            name=self.table["name"],
            fast_pixels=pixels[0],
            slow_pixels=pixels[1],
            pixel_size_m=size_m,
            origin_m=self._origin_m(fast, slow, size_m),
            fast=fast,
            slow=slow,
            gain=float(self.table.get("gain", 1.0)),
            saturation=float(self.table.get("saturation", math.inf)),
            mask_file=self._mask(),
            bad=(),
            **self._sensor(),
        )
        require_axes(panel, f"fast and slow of {self.place}")
        return panel

    def _turned(self, axis: list[float]) -> Direction:
        """Return an axis after the tilts about x, y and z of the frame (rot_xyz of spec 02 section 1)."""
        x, y, z = (float(part) for part in axis)
        if not any(self.table.get("tilt_deg", ())):
            return x, y, z
        from simulator.physics.vectors import rot_xyz, vec

        tilts = vec(tuple(rad_of_deg(float(angle)) for angle in self.table["tilt_deg"]))
        x, y, z = (float(part) for part in rot_xyz(vec((x, y, z)), tilts))
        return x, y, z

    def _origin_m(self, fast: Direction, slow: Direction, size_m: float) -> Direction:
        """Return the corner of the first pixel: as given, or from where the beam meets the panel."""
        by_beam = [key for key in ("distance_mm", "beam_pixels") if key in self.table]
        if "origin_mm" in self.table:
            if by_beam:
                raise InputError(f"{self.place}: origin_mm and {by_beam[0]} both place it; leave one out")
            x, y, z = (m_of_mm(float(part)) for part in self.table["origin_mm"])
            return x, y, z
        if len(by_beam) < 2:
            raise InputError(f"{self.place}: no place; give origin_mm, or distance_mm and beam_pixels")
        F, S = (float(count) * size_m for count in self.table["beam_pixels"])
        distance_m = m_of_mm(float(self.table["distance_mm"]))
        x, y, z = (-F * f - S * s + distance_m * b for f, s, b in zip(fast, slow, self.beam, strict=True))
        return x, y, z

    def _sensor(self) -> dict[str, float]:
        given = [key for key in ("thickness_um", "attenuation_um") if key in self.table]
        if not given:
            return {}
        if len(given) < 2:
            raise InputError(f"{self.place}: {given[0]} alone says nothing of a sensor; give both or none")
        return {
            "thickness_m": sensor_m_of_um(float(self.table["thickness_um"])),
            "attenuation_per_m": 1.0 / sensor_m_of_um(float(self.table["attenuation_um"])),
        }

    def _mask(self) -> Path:
        if "mask" not in self.table:
            return Path()
        file = self.folder / str(self.table["mask"])
        if "grid" in self.table:
            raise InputError(f"{self.place}: mask of a grid; write a [[panel]] for each mask")
        if not file.is_file():
            raise InputError(f"{self.place}: mask '{printable(str(file))}' is no file; give another path")
        return file

    def _grid(self, first: Panel) -> Iterator[Panel]:
        """Yield equal panels in rows along the slow and columns along the fast axis, with gaps in between."""
        grid = self.table["grid"]
        _check(grid, GRID_KEYS, f"{self.place}: grid")
        rows, columns = (grid.get(key, 1) for key in ("rows", "columns"))
        if not (rows >= 1 and columns >= 1 and rows * columns <= MOST_PANELS):
            raise InputError(f"{self.place}: grid of {rows} x {columns}; give 1 to {MOST_PANELS} panels")
        gaps = grid.get("gap_pixels", (0, 0))
        across, down = (
            (count + gap) * first.pixel_size_m * np.array(axis)
            for count, gap, axis in zip(
                (first.fast_pixels, first.slow_pixels), gaps, (first.fast, first.slow), strict=True
            )
        )
        for row in range(rows):
            for column in range(columns):
                x, y, z = (float(part) for part in np.array(first.origin_m) + column * across + row * down)
                yield replace(first, name=f"{first.name}_r{row}_c{column}", origin_m=(x, y, z))
