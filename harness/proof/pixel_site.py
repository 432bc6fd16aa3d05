"""Where values of another program's taps can be put into one pixel of the simulator.

The kernel computes the pixel as it always does; a receiver hands back the other program's value at the tap's
own place (`simulator.kernel.taps`). What the kernel starts from is exchanged in the instrument.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from simulator.config import Steps
from simulator.engine.eager import Eager
from simulator.kernel.blocks import Block
from simulator.kernel.kernel import photons
from simulator.kernel.stages import Stages
from simulator.kernel.taps import NEVER, Level, Offered, Show, Spot, made_value
from simulator.physics.vectors import turn
from simulator.scene.instrument import Instrument
from simulator.scene.orientations import CellVectors, Orientations
from simulator.scene.scene import Scene
from simulator.scene.setting_up import set_up
from simulator.units import ANGSTROM_PER_M, R_E_SQR_M2

ELEMENTS = 1 << 15
SiteRecords = Mapping[tuple[int, ...], tuple[float, ...]]
"""SiteValues of one tap by the loop counters of its records, outermost first; no counters for the set-up."""
SiteValues = Mapping[str, SiteRecords]


@dataclass(frozen=True)
class _Listed(Steps):
    """Positions of steps that are listed, not computed."""

    listed: tuple[float, ...] = ()

    def values(self) -> list[float]:
        """Return the list."""
        return list(self.listed)


KERNEL_SITES = frozenset({
    "Fdet_meters", "Sdet_meters", "Odet_meters", "pixel_pos_meters", "R_distance_meters", "diffracted_vec",
    "omega_pixel_sr", "capture_fraction", "scattering_vec_m_inv", "polar", "capture_fraction_inside",
    "polar_inside", "omega_pixel_inside", "term_factor", "sum_factor", "water_factor", "hkl_frac",
    "hkl_rounded", "F_latt_a", "F_latt_b", "F_latt_c", "hrad_sqr", "rad_star_sqr", "F_latt", "F_cell",
    "I_contribution", "I_before_scaling", "capture_fraction_applied", "polar_applied", "omega_pixel_applied",
    "water_photons", "I_pixel_final",
})  # fmt: skip
"""Taps whose receiver the kernel goes on with."""


class _Exchange:
    """Hands back the other program's values where it has them."""

    active = True

    def __init__(self, values: SiteValues) -> None:
        self.values = values

    def at(self, level: Level, spot: Spot) -> Show:
        """Return the receiver of values of one level and place."""
        inner = level - Level.SUBPIXEL
        counts = tuple(count if axis < inner else 1 for axis, count in enumerate(spot.counts))
        starts = (spot.source, spot.phi, spot.domain)
        outer = (int(spot.slow[0]), int(spot.fast[0]), spot.layer, spot.sub_slow, spot.sub_fast)
        keys = 2 if level == Level.PIXEL else 5 + max(inner, 0)

        def show(name: str, value: Offered, where: Tensor | None = None) -> Offered:
            records = self.values.get(name)
            if records is None or name not in KERNEL_SITES:
                return value
            made = made_value(value)
            parts = made if isinstance(made, tuple) else (made,)
            K, P, M = counts
            full = [part.expand(_shape(part, (K, 1, P, M))).clone() for part in parts]
            for k in range(K):
                for p in range(P):
                    for m in range(M):
                        place = (starts[0] + k, starts[1] + p, starts[2] + m)
                        found = records.get((*outer, *place)[:keys])
                        for part, number in zip(full, found or (), strict=False):
                            part[(k, 0, p, m)] = number
            shown = full[0] if not isinstance(made, tuple) else (full[0], full[1], full[2])
            return cast(Offered, shown)

        return show


def _shape(part: Tensor, counts: tuple[int, int, int, int]) -> tuple[int, ...]:
    """Return the shape that holds a value for each turn of the loops."""
    return tuple(np.broadcast_shapes(tuple(part.shape), counts))


@dataclass(frozen=True)
class SimulatorSite:
    """One pixel (slow, fast) of a run, float64 on the CPU, into which values can be put.

    interpolated: evaluations with an ordinal below it interpolate, 0 where an earlier pixel ended that.
    """

    scene: Scene
    pixel: tuple[int, int]
    interpolated: int = NEVER

    @property
    def names(self) -> frozenset[str]:
        """Return the taps that have a place in it."""
        return KERNEL_SITES | SETUP_SITES.keys() | CELL_SITES.keys()

    def final(self, values: SiteValues) -> float:
        """Return the pixel in photons with other values at some taps.

        Args:
            values: of each tap, all of them names of sites.
        """
        with torch.inference_mode():
            scene = _exchanged_scene(self.scene, values)
            ins = set_up(scene)
            for tap, exchange in SETUP_SITES.items():
                if tap in values:
                    ins = exchange(ins, values[tap])
            ins = _exchanged_cells(scene, ins, values, self.pixel)
            slow, fast = (torch.tensor([place], device="cpu") for place in self.pixel)
            block = Block(slow, fast, _first_visit(self.scene, self.pixel), self.interpolated)
            stages = Stages(ins, Eager(ELEMENTS, 1))
            found = photons(stages, block, _Exchange(values))
            if found.escape is not None and int(found.escape[0]) != NEVER:
                block = replace(block, interpolated=int(found.escape[0]))
                found = photons(stages, block, _Exchange(values))
            return float(found.pixels.sum())


def _first_visit(scene: Scene, pixel: tuple[int, int]) -> int:
    first = scene.executed().nonzero()[0].tolist()
    return 0 if scene.first_block_differs and tuple(first) == pixel else -1


def _tensor(numbers: tuple[float, ...]) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64, device="cpu")


def _scalar(records: SiteRecords) -> Tensor:
    return _tensor(records[()])[0]


def _listed(records: SiteRecords) -> Tensor:
    """Return the records in the order of their last loop counter [n, size]."""
    latest = {context[-1]: numbers for context, numbers in sorted(records.items())}
    return torch.stack([_tensor(numbers) for _, numbers in sorted(latest.items())])


def _number(*names: str) -> Callable[[Instrument, SiteRecords], Instrument]:
    def exchange(ins: Instrument, records: SiteRecords) -> Instrument:
        made: dict[str, Any] = {name: _scalar(records) for name in names}
        return replace(ins, numbers=replace(ins.numbers, **made))

    return exchange


def _pixel_size(ins: Instrument, records: SiteRecords) -> Instrument:
    size = _scalar(records)
    made = {"pixel_m": size, "sub_pixel_m": size / ins.numbers.sub_pixels}
    return replace(ins, numbers=replace(ins.numbers, **made))


def _radius(ins: Instrument, records: SiteRecords) -> Instrument:
    fluence = ins.numbers.fluence_photons_per_m2 * (_scalar(records) / R_E_SQR_M2)
    return replace(ins, numbers=replace(ins.numbers, fluence_photons_per_m2=fluence))


def _geometry(name: str) -> Callable[[Instrument, SiteRecords], Instrument]:
    def exchange(ins: Instrument, records: SiteRecords) -> Instrument:
        made = _tensor(records[()])
        there: dict[str, Any] = {name: made[0] if len(made) == 1 else made}
        return replace(ins, geometry=replace(ins.geometry, **there))

    return exchange


def _of_sources(name: str, sign: float = 1.0) -> Callable[[Instrument, SiteRecords], Instrument]:
    def exchange(ins: Instrument, records: SiteRecords) -> Instrument:
        columns = [sign * column[:, None, None, None] for column in _listed(records).unbind(-1)]
        made: Any = columns[0] if len(columns) == 1 else tuple(columns)
        return replace(ins, **{name: made})

    return exchange


def _polar_axis(ins: Instrument, records: SiteRecords) -> Instrument:
    x, y, z = _tensor(records[()])
    return replace(ins, polarization=(x, y, z))


def _cells(ins: Instrument, records: SiteRecords) -> Instrument:
    Na, Nb, Nc = records[()]
    made = (_tensor((Na,))[0], _tensor((Nb,))[0], _tensor((Nc,))[0])
    shape = replace(ins.shape, cells=made, single=(Na <= 1, Nb <= 1, Nc <= 1))
    return replace(ins, shape=shape)


def _star(axis: int) -> Callable[[Instrument, SiteRecords], Instrument]:
    def exchange(ins: Instrument, records: SiteRecords) -> Instrument:
        stars = list(ins.shape.reciprocal)
        x, y, z = _tensor(records[()])
        stars[axis] = (x, y, z)
        a, b, c = stars
        return replace(ins, shape=replace(ins.shape, reciprocal=(a, b, c)))

    return exchange


SETUP_SITES: Mapping[str, Callable[[Instrument, SiteRecords], Instrument]] = {
    "fluence_photons_per_m2": _number("fluence_photons_per_m2"),
    "r_e_sqr": _radius,
    "steps": _number("steps"),
    "I_bg": _number("I_bg"),
    "water_electrons_sqr": _number("water_electrons_sqr"),
    "pixel_size_meters": _pixel_size,
    "fdet_vec": _geometry("fast"),
    "sdet_vec": _geometry("slow"),
    "odet_vec": _geometry("normal"),
    "pix0_vector_meters": _geometry("pix0_m"),
    "close_distance_meters": _geometry("close_distance_m"),
    "distance_meters": _geometry("distance_m"),
    "polar_vec": _polar_axis,
    "N_cells": _cells,
    "a_star_A_inv": _star(0),
    "b_star_A_inv": _star(1),
    "c_star_A_inv": _star(2),
    "source_vec": _of_sources("incident", -1.0),
    "incident_vec": _of_sources("incident"),
    "source_lambda_meters": _of_sources("wavelength_m"),
    "lambda_meters": _of_sources("wavelength_m"),
    "source_relative_weight": _of_sources("relative_weight"),
}
"""What the instrument holds as it is."""


def _exchanged_scene(scene: Scene, values: SiteValues) -> Scene:
    """Return the scene with another cell, spindle, phi steps or domains, of which orientations are made."""
    lattice = scene.lattice
    direct = lattice.direct_m.clone()
    for row, axis in enumerate("abc"):
        if f"{axis}_angstroms" in values:
            direct[row] = _tensor(values[f"{axis}_angstroms"][()]) / ANGSTROM_PER_M
    spindle = _tensor(values["spindle_axis"][()]) if "spindle_axis" in values else lattice.spindle
    scene = replace(scene, lattice=replace(lattice, direct_m=direct, spindle=spindle))
    if "mosaic_umat" in values:
        scene = replace(scene, umats=_listed(values["mosaic_umat"]).reshape(-1, 3, 3))
    if "phi_rad" in values:
        angles = tuple(_listed(values["phi_rad"])[:, 0].tolist())
        crystal = scene.config.crystal
        steps = _Listed(angles[0], math.nan, math.nan, len(angles), angles)
        config = replace(scene.config, crystal=replace(crystal, phi_rad=steps))
        scene = replace(scene, config=config, phi_rad=list(angles))
    return scene


CELL_SITES: Mapping[str, str] = {
    **{f"{axis}_angstroms": "scene" for axis in "abc"},
    "spindle_axis": "scene", "phi_rad": "scene", "mosaic_umat": "scene",
    **{f"rot_{axis}_angstroms": "rotated" for axis in "abc"},
    **{f"mos_{axis}_angstroms": "final" for axis in "abc"},
}  # fmt: skip
"""Taps of the orientations, and where they are exchanged."""


def _exchanged_cells(scene: Scene, ins: Instrument, values: SiteValues, pixel: tuple[int, int]) -> Instrument:
    """Return the instrument with other cells behind the phi rotation or the domains.

    All visits of the pixel see those of its last one; the first visit of a run sees its own.
    """
    if not values.keys() & {name for name, where in CELL_SITES.items() if where != "scene"}:
        return ins
    made = {}
    for way, last in (("usual", True), ("first", False)):
        orientations: Orientations = getattr(ins, way)
        rotated = _cells_of(orientations.rotated, "rot", values, pixel, last)
        final = orientations.final
        if values.keys() & {f"rot_{axis}_angstroms" for axis in "abc"}:
            final = _turned(scene, rotated)
        made[way] = Orientations(rotated, _cells_of(final, "mos", values, pixel, last))
    return replace(ins, usual=made["usual"], first=made["first"])


def _turned(scene: Scene, rotated: CellVectors) -> CellVectors:
    if not scene.mosaic:
        return rotated
    a, b, c = (turn(scene.umats, v) for v in rotated)
    return a, b, c


def _cells_of(
    cell: CellVectors, stem: str, values: SiteValues, pixel: tuple[int, int], last: bool
) -> CellVectors:
    """Return cells with those of a visit of the pixel, its first or its last one."""
    vectors = []
    for axis, own in zip("abc", cell, strict=True):
        records = values.get(f"{stem}_{axis}_angstroms", {})
        here = {context[2:]: numbers for context, numbers in records.items() if context[:2] == pixel}
        visits = sorted({context[:4] for context in here})
        parts = [part.clone() for part in own]
        for context, numbers in here.items():
            if context[:4] == visits[-1 if last else 0]:
                p, m = (*context[4:], 0)[:2]
                for part, number in zip(parts, numbers, strict=True):
                    part[0, 0, p, m] = number / ANGSTROM_PER_M
        x, y, z = parts
        vectors.append((x, y, z))
    a, b, c = vectors
    return a, b, c
