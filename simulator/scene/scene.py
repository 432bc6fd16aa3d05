"""Everything that is fixed before the pixel loop starts: geometry, lattice, sources, orientations, table."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from simulator.config import Beam, Compute, Detector, RunConfig
from simulator.engine.tensor_tree import leaves
from simulator.limits.transforms import require_plain_tensors
from simulator.limits.value_rules import check_config, check_work
from simulator.physics.background import water_electrons_sqr
from simulator.physics.crystal import Lattice, orient
from simulator.physics.detector import Geometry, place
from simulator.physics.mosaic import domain_rotations
from simulator.physics.phi import orientation_steps, phi_angles_rad
from simulator.physics.sources import Sources, list_sources
from simulator.physics.structure_factors import Table, make_table, uses_interpolation
from simulator.physics.vectors import Vec, apply, column, moves, plain, rot_axis, scalar, turn, vec
from simulator.quirks import Quirks
from simulator.scene.orientations import Orientations
from simulator.scene.region import executed_pixels, pixels_of, window_of
from simulator.scene.skippable import require_skippable

BEYOND_ANY_USE = 2.0**62
"""Stands for a number of sub-pixels that has no end."""


_last: tuple[tuple[Detector, Beam, Quirks], tuple[Geometry, Sources]] | None = None
"""What `_placed` was given last, and what it made of that."""


@dataclass(frozen=True, eq=False)
class Scene:
    """One run, set up: float64 tensors on the CPU and the discrete decisions."""

    config: RunConfig
    geometry: Geometry
    lattice: Lattice
    sources: Sources
    table: Table
    phi_rad: list[float]
    """Of the P phi steps."""
    umats: Tensor
    """Rotations of the mosaic domains [M, 3, 3]."""
    interpolate: bool
    """Whether structure factors are interpolated as the pixel loop starts."""
    oversample: int
    """Sub-pixels a side."""
    recommended_oversample: int
    """Sub-pixels a side that the crystal size calls for."""
    steps: int
    """Evaluations of a pixel and a sensor layer: K P M oversample^2."""
    water_electrons_sqr: float
    """Scattering power of the water."""
    I_bg: Tensor
    """What the running sum of a pixel starts with, electrons^2, no dimensions."""

    @property
    def sub_pixel_m(self) -> float:
        """Size of a sub-pixel in metres."""
        return self.config.detector.pixel_size_m / self.oversample

    @property
    def mosaic(self) -> bool:
        """Whether domains are turned, be it by 0."""
        crystal = self.config.crystal
        turned = crystal.mosaic_domains > 1 or bool(crystal.mosaic_spread_rad > 0.0)
        return turned or moves(crystal.mosaic_spread_rad)

    @property
    def layers(self) -> int:
        """Number of sensor layers."""
        return self.config.detector.thickness_m.count

    def with_compute(self, compute: Compute) -> Scene:
        """Return the scene as another arithmetic or device computes it."""
        return replace(self, config=replace(self.config, compute=compute))

    def whole(self) -> Scene:
        """Return the scene of which nothing is left out."""
        return self.with_compute(replace(self.config.compute, epsilon=0.0))

    @property
    def evaluations(self) -> int:
        """Number of evaluations of the run, with all sources (spec 06 section 1)."""
        return pixels_of(window_of(self.config.detector)) * self.steps * self.layers

    @property
    def first_block_differs(self) -> bool:
        """Whether the first executed block of the run sees other orientations (Q-PHI-CARRYOVER)."""
        usual, first = (orientation_steps(self.phi_rad, way, self.config.quirks) for way in (False, True))
        return usual != first

    def orientations(self, first_block: bool) -> Orientations:
        """Return the cells that the phi steps and domains see; the first block of a run may see others.

        a = U_m rot(a0; spindle, phi_j), with the step j that Q-PHI-CARRYOVER gives.

        Source: spec 03 section 5, 06 sections 7 and 8.
        """
        steps = orientation_steps(self.phi_rad, first_block, self.config.quirks)
        angles = column(self.config.crystal.phi_rad.values())[steps][:, None]  # [P, 1]
        spindle = vec(self.lattice.spindle)
        a, b, c = (rot_axis(vec(row), spindle, angles) for row in self.lattice.direct_m)
        rotated = (a, b, c)
        if self.mosaic:
            a, b, c = (turn(self.umats, v) for v in rotated)  # [P, M]
        return Orientations(_on_axes(rotated), _on_axes((a, b, c)))

    def executed(self) -> Tensor:
        """Return which pixels the run computes, inside the region of interest and kept by the mask.

        Returns:
            Bool [spixels, fpixels].

        Source: spec 06 section 2.
        """
        return torch.from_numpy(executed_pixels(self.config.detector))


def prepare(config: RunConfig, table: Table | None = None) -> Scene:
    """Return the set-up of a run.

    Args:
        table: that of the run's structure factors, where it was made before.

    Raises:
        InputError: for a geometry, cell or source list that cannot be simulated.

    Source: spec 00 "Data flow".
    """
    require_plain_tensors(config)
    check_config(config)
    quirks = config.quirks
    geometry, sources = _placed(config)
    lattice = orient(config.crystal, config.beam.wavelength_m, quirks)
    recommended = _recommended_oversample(config, geometry, lattice)
    oversample = config.sampling.oversample if config.sampling.oversample > 0 else recommended
    orientations = config.crystal.phi_rad.count * config.crystal.mosaic_domains
    steps = len(sources.weight) * orientations * oversample * oversample
    check_work(_asked_pixels(config), steps, config.detector.thickness_m.count, oversample)
    umats = domain_rotations(config.crystal, quirks)
    phi_rad = [plain(angle) for angle in phi_angles_rad(config.crystal.phi_rad)]
    counted = config.crystal.cells if "Q-INTERP-AUTO-ORDER" in quirks else lattice.cells
    water = water_electrons_sqr(config.beam, quirks)
    interpolate = uses_interpolation(config.structure_factors, counted)
    require_skippable(config, interpolate)
    return Scene(
        config=config,
        geometry=geometry,
        lattice=lattice,
        sources=sources,
        table=make_table(config.structure_factors) if table is None else table,
        phi_rad=phi_rad,
        umats=umats,
        interpolate=interpolate,
        oversample=oversample,
        recommended_oversample=recommended,
        steps=steps,
        water_electrons_sqr=water,
        I_bg=scalar(water if "Q-WATER-STEPS" in quirks else 0.0),
    )


def _placed(config: RunConfig) -> tuple[Geometry, Sources]:
    """Return detector and sources of a run; those of the last run where that had the very same ones.

    A configuration of plain numbers does not change, so that its objects stand for their values.
    """
    global _last  # noqa: PLW0603  many runs in a process differ in the crystal alone
    given = (config.detector, config.beam, config.quirks)
    last = _last
    if last is not None and all(one is other for one, other in zip(last[0], given, strict=True)):
        return last[1]
    geometry = place(*given)
    found = geometry, list_sources(config.beam, geometry, config.quirks)
    if not any(True for _ in leaves(given)) and not torch.is_inference_mode_enabled():
        _last = (given, found)
    return found


def _recommended_oversample(config: RunConfig, geometry: Geometry, lattice: Lattice) -> int:
    """Return ceil(3 X / (lambda0 D / px)) with X the largest crystal edge, at least 1 (spec 03 section 7)."""
    spot_m = config.beam.wavelength_m * geometry.distance_m / config.detector.pixel_size_m
    wanted = plain(3.0 * lattice.largest_edge_m() / spot_m)
    return 1 if math.isnan(wanted) else max(1, math.ceil(min(wanted, BEYOND_ANY_USE)))


def _asked_pixels(config: RunConfig) -> int:
    """Return the number of pixels that a run computes at most."""
    return len(config.trace.pixels) if config.trace.only else pixels_of(window_of(config.detector))


def _on_axes(cell: tuple[Vec, Vec, Vec]) -> tuple[Vec, Vec, Vec]:
    """Return cell vectors with components [P, M] on the kernel's axes [K, N, P, M]."""
    a, b, c = (apply(lambda part: part[None, None], v) for v in cell)
    return a, b, c
