"""What the kernel reads: tensors on the device, with the axes and types that it uses, and decisions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.engine.tensor_tree import Divisible, exchanged, only
from simulator.physics.detector import Geometry
from simulator.physics.lattice.crystal_shape import CrystalShape
from simulator.physics.structure_factors import Table
from simulator.physics.vectors import Vec
from simulator.quirks import Quirks
from simulator.scene.orientations import Orientations
from simulator.scene.policy import Policy


@dataclass(frozen=True, eq=False)
class Numbers:
    """The quantities of the run that are no vectors, tensors without dimensions (float64).

    kahn is None where the polarization factor is 0; sub_pixels, the number of sub-pixels a side, is int64.
    """

    sub_pixels: Tensor
    sub_pixel_m: Tensor
    pixel_m: Tensor
    layer_m: Tensor
    attenuation_per_m: Tensor
    dmin_m: Tensor
    kahn: Tensor | None
    fluence_photons_per_m2: Tensor
    water_electrons_sqr: Tensor
    I_bg: Tensor
    steps: Tensor
    """Evaluations that a pixel is averaged over."""
    samples: Tensor
    """Rays of a layer that a pixel is averaged over."""


@dataclass(frozen=True)
class Plan(Divisible):
    """The decisions of the run that the kernel branches on."""

    sides: int
    """Sub-pixels a side."""
    layers: int
    """Sensor layers."""
    curved: bool
    point_pixel: bool
    resolution_limit: bool
    """Whether dmin is set."""
    mosaic: bool
    """Whether domains are turned."""
    interpolate: bool
    """Whether structure factors are interpolated as the pixel loop starts."""
    short_cut: bool
    """Whether evaluations with F_latt = 0 are left out."""
    latching: bool
    """Whether an index out of range ends interpolation."""
    background: bool
    """Whether the water is added at the end of the pixel."""
    work_dtype: torch.dtype
    sum_dtype: torch.dtype
    quirks: Quirks


@dataclass(frozen=True, eq=False)
class Instrument(Divisible):
    """What the kernel reads; vectors of the geometry have components without dimensions."""

    plan: Plan
    policy: Policy
    numbers: Numbers
    geometry: Geometry
    polarization: Vec
    incident: Vec
    """[K, 1, 1, 1]."""
    wavelength_m: Tensor
    """[K, 1, 1, 1]."""
    relative_weight: Tensor | None
    """[K, 1, 1, 1], None where all weigh the same."""
    table: Table
    shape: CrystalShape
    usual: Orientations
    """Orientations of all blocks but the first one."""
    first: Orientations
    """Orientations of the first block of a run."""

    @property
    def device(self) -> torch.device:
        """Where the kernel runs."""
        return self.wavelength_m.device

    @property
    def counts(self) -> tuple[int, int, int]:
        """Number of sources, phi steps and mosaic domains."""
        P, M = self.usual.final[0][0].shape[2:]
        return len(self.wavelength_m), P, M

    def only(self, parts: Collection[str], decisions: Collection[str]) -> Instrument:
        """Return the instrument with these parts and decisions of the plan alone; reading others fails.

        Args:
            parts: names of fields of `Instrument` and of `Plan`.
            decisions: names of fields of `Instrument` and of `Plan`.
        """
        return exchanged(only(self, ("plan", *parts)), plan=only(self.plan, decisions))
