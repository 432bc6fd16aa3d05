"""A detector described in TOML: panels one by one, or as a grid."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from shots.geometry.panel import BadRegion, Direction, Panel
from shots.geometry.reference_frames import REFERENCE_FRAMES, frame_named, turn_between, turned_panel
from shots.geometry.setup_of import require_axes
from simulator.errors import InputError
from simulator.units import m_of_mm, rad_of_deg, sensor_m_of_um
from system_io.shown import printable
from system_io.toml_table import TomlTable, read_toml

SCHEMA = "nbp-detector/1"
MOST_PANELS = 4096
PANEL_KEYS = (
    "name", "pixels", "pixel_size_mm", "origin_mm", "distance_mm", "beam_pixels", "fast", "slow", "tilt_deg",
    "grid", "gain", "saturation", "thickness_um", "attenuation_um", "mask", "bad",
)  # fmt: skip
"""Of `[[panel]]`, and of `[all]`, which holds what panels do not say themselves."""
REQUIRED = math.nan
"""In place of the usual value of a number that must be given."""


def read_detector_toml(path: Path) -> tuple[Panel, ...]:
    """Return the panels of a detector file of our own.

    Args:
        path: of the TOML file.

    Returns:
        Panels in the frame `mosflm` of `REFERENCE_FRAMES`.

    Raises:
        InputError: for a file that cannot be read, keys unknown or missing, and values without meaning.
    """
    whole = read_toml(path, "detector file", "give another one", InputError)
    if whole.take("schema", str) != SCHEMA:
        raise whole.fault("schema", f'is {whole.content["schema"]!r}; give schema = "{SCHEMA}"')
    frame_name = whole.take("frame", str)
    if frame_name not in REFERENCE_FRAMES:
        raise whole.fault("frame", f"is '{frame_name}'; give one of {', '.join(REFERENCE_FRAMES)}")
    frame = frame_named(frame_name)
    whole.may_have(("title",))
    usual = whole.table("all")
    usual.may_have(PANEL_KEYS)
    usual.close()
    panels: list[Panel] = []
    for number, own in enumerate(whole.take("panel", list, [])):
        where = f"{whole.where}.panel[{number}]"
        if not isinstance(own, dict):
            raise whole.fault(f"panel[{number}]", f"is {own!r:.60}, must be a table; write [[panel]]")
        table = TomlTable({"name": f"p{number}", **usual.content, **own}, where, InputError)
        table.may_have(PANEL_KEYS)
        table.close()
        panels += _PanelTable(table, path.parent, frame.beam).panels()
        if len(panels) > MOST_PANELS:
            raise InputError(f"{where}: more than {MOST_PANELS} panels; give fewer")
    whole.close()
    turn = turn_between(frame, REFERENCE_FRAMES["mosflm"])
    return tuple(turned_panel(panel, turn) for panel in panels)


@dataclass(frozen=True)
class _PanelTable:
    """One table [[panel]] with what `[all]` adds to it."""

    table: TomlTable
    folder: Path
    beam: Direction

    def panels(self) -> Iterator[Panel]:
        """Yield the panel, or those of its grid."""
        first = self._panel()
        if self.table.has("grid"):
            yield from self._grid(first)
        else:
            yield first

    def _panel(self) -> Panel:
        """Return the panel; of a grid that in the corner."""
        pixels = self._list("pixels", 2, int)
        if min(pixels) < 1:
            raise self.table.fault("pixels", f"is {pixels}, must be 1 or more; give such ones")
        size_m = m_of_mm(self._above_zero("pixel_size_mm", REQUIRED))
        fast, slow = (self._turned(self._list(key, 3)) for key in ("fast", "slow"))
        panel = Panel(
            name=self.table.take("name", str),
            fast_pixels=pixels[0],
            slow_pixels=pixels[1],
            pixel_size_m=size_m,
            origin_m=self._origin_m(fast, slow, size_m),
            fast=fast,
            slow=slow,
            gain=self._above_zero("gain", 1.0),
            saturation=self._above_zero("saturation", math.inf),
            mask_file=self._mask(),
            bad=tuple(self._bad(pixels)),
            **self._sensor(),
        )
        require_axes(panel, f"fast and slow of {self.table.where}")
        return panel

    def _list(self, key: str, count: int, kind: type = float) -> list[Any]:
        """Return a list of so many numbers."""
        given = self.table.take(key, list)
        types = (int,) if kind is int else (int, float)
        fits = all(isinstance(one, types) and not isinstance(one, bool) for one in given)
        if not fits or len(given) != count or not all(math.isfinite(one) for one in given):
            words = "whole numbers" if kind is int else "numbers"
            raise self.table.fault(
                key, f"is {given!r:.60}, must be a list of {count} {words}; give such a one"
            )
        return [kind(one) for one in given]

    def _above_zero(self, key: str, usual: float) -> float:
        value = self.table.take(key, float, None if math.isnan(usual) else usual)
        if not value > 0.0:
            raise self.table.fault(key, f"is {value:g}, must be above 0; give such a number")
        return value

    def _turned(self, axis: list[float]) -> Direction:
        """Return an axis after the tilts about x, y and z of the frame (rot_xyz of spec 02 section 1)."""
        x, y, z = axis
        if not self.table.has("tilt_deg"):
            return x, y, z
        from simulator.physics.vectors import rot_xyz, vec

        tilts = vec(tuple(rad_of_deg(angle) for angle in self._list("tilt_deg", 3)))
        x, y, z = (float(part) for part in rot_xyz(vec((x, y, z)), tilts))
        return x, y, z

    def _origin_m(self, fast: Direction, slow: Direction, size_m: float) -> Direction:
        """Return the corner of the first pixel: as given, or from where the beam meets the panel."""
        by_beam = [key for key in ("distance_mm", "beam_pixels") if self.table.has(key)]
        if self.table.has("origin_mm"):
            if by_beam:
                raise self.table.fault(by_beam[0], "places it beside origin_mm; leave one of them out")
            x, y, z = map(m_of_mm, self._list("origin_mm", 3))
            return x, y, z
        if len(by_beam) < 2:
            raise self.table.fault("", "has no place; give origin_mm, or distance_mm and beam_pixels")
        F, S = (count * size_m for count in self._list("beam_pixels", 2))
        distance_m = m_of_mm(self.table.take("distance_mm", float))
        x, y, z = (-F * f - S * s + distance_m * b for f, s, b in zip(fast, slow, self.beam, strict=True))
        return x, y, z

    def _sensor(self) -> dict[str, float]:
        given = [key for key in ("thickness_um", "attenuation_um") if self.table.has(key)]
        if not given:
            return {}
        if len(given) < 2:
            raise self.table.fault(given[0], "alone says nothing of a sensor; give both or none")
        thickness, attenuation = (sensor_m_of_um(self._above_zero(key, REQUIRED)) for key in given)
        return {"thickness_m": thickness, "attenuation_per_m": 1.0 / attenuation}

    def _mask(self) -> Path:
        if not self.table.has("mask"):
            return Path()
        file = self.folder / self.table.take("mask", str)
        if self.table.has("grid"):
            raise self.table.fault("mask", "is of a grid; write a [[panel]] for each mask")
        if not file.is_file():
            raise self.table.fault("mask", f"'{printable(str(file))}' is no file; give another path")
        return file

    def _bad(self, pixels: list[int]) -> Iterator[BadRegion]:
        """Yield rectangles that do not measure: fast and slow from and to, the ends not in it."""
        for number, given in enumerate(self.table.take("bad", list, [])):
            held = TomlTable({f"bad[{number}]": given}, self.table.where, InputError)
            inner = replace(self, table=held)._list(f"bad[{number}]", 4, int)
            fast, fast_end, slow, slow_end = inner
            if not (0 <= fast < fast_end <= pixels[0] and 0 <= slow < slow_end <= pixels[1]):
                raise held.fault(
                    f"bad[{number}]",
                    f"is {inner}, must be fast from and to, slow from and to, within the panel; mend it",
                )
            yield fast, fast_end, slow, slow_end

    def _grid(self, first: Panel) -> Iterator[Panel]:
        """Yield equal panels in rows along the slow and columns along the fast axis, with gaps in between."""
        grid = self.table.table("grid")
        rows, columns = (grid.take(key, int, 1) for key in ("rows", "columns"))
        gaps = replace(self, table=grid)._list("gap_pixels", 2) if grid.has("gap_pixels") else [0.0, 0.0]
        grid.may_have(("gap_pixels",))
        grid.close()
        if not (rows >= 1 and columns >= 1 and rows * columns <= MOST_PANELS):
            raise self.table.fault("grid", f"has {rows} x {columns} panels; give 1 to {MOST_PANELS}")
        sizes, axes = (first.fast_pixels, first.slow_pixels), (first.fast, first.slow)
        across, down = (
            (count + gap) * first.pixel_size_m * np.array(axis)
            for count, gap, axis in zip(sizes, gaps, axes, strict=True)
        )
        for row in range(rows):
            for column in range(columns):
                place = np.array(first.origin_m) + column * across + row * down
                x, y, z = (float(part) for part in place)
                yield replace(first, name=f"{first.name}_r{row}_c{column}", origin_m=(x, y, z))
