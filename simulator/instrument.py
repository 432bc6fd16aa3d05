"""A scene made ready for the kernel: tensors on the device, with the axes and types the kernel uses."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from simulator.detector import Geometry
from simulator.errors import InputError
from simulator.factors import Policy
from simulator.lattice_factor import CrystalShape
from simulator.quirks import Quirks
from simulator.scene import Orientations, Scene
from simulator.structure_factors import Table
from simulator.vectors import Vec, apply, negative, vec

PRECISIONS = {
    "float64": (torch.float64, torch.float64),
    "mixed": (torch.float32, torch.float64),
    "float32": (torch.float32, torch.float32),
}
"""Arithmetic of the lattice factor (SQUARE and GAUSS; ROUND and TOPHAT stay float64) and of the sums.

Geometry, scattering vectors and indices are always float64. Measured against float64 at 1000 cells a side and
0.3 A: within 5e-7 of the maximum for mixed, 7e-7 for float32; float32 sums overflow above 3e38 electrons^2.
"""

CellVectors = tuple[Vec, Vec, Vec]


@dataclass(frozen=True, eq=False)
class Instrument:
    """What the kernel reads; vectors of the geometry have components without dimensions.

    incident: [K, 1, 1, 1]; wavelength_m, relative_weight: [K, 1, 1, 1], the latter None where all weigh the
    same; usual, first: orientations of all blocks and of the first block of a run; short_cut: whether
    evaluations with F_latt = 0 are left out; background: whether the water is added at the end of the pixel.
    """

    scene: Scene
    geometry: Geometry
    polarization: Vec
    incident: Vec
    wavelength_m: Tensor
    relative_weight: Tensor | None
    table: Table
    shape: CrystalShape
    usual: Orientations
    first: Orientations
    policy: Policy
    sum_dtype: torch.dtype
    short_cut: bool
    latching: bool
    background: bool

    @property
    def device(self) -> torch.device:
        """Where the kernel runs."""
        return self.wavelength_m.device

    @classmethod
    def of(cls, scene: Scene) -> Instrument:
        """Return the instrument of a scene on the device and in the precision its configuration asks for.

        Raises: InputError for a device that is not there.
        """
        config, quirks = scene.config, scene.config.quirks
        device = _device(config.compute.device)
        work_dtype, sum_dtype = PRECISIONS[config.compute.precision]
        geometry = Geometry(
            **{field.name: getattr(scene.geometry, field.name).to(device) for field in fields(Geometry)}
        )
        weights = None
        if "Q-SOURCE-WEIGHTS" not in quirks and len(set(scene.sources.weight.tolist())) > 1:
            weights = _per_source(scene.sources.relative_weight(quirks).to(device))
        a, b, c = (vec(row.to(device)) for row in scene.lattice.reciprocal_A_inv)
        usual = _orientations(scene, False, device)
        return cls(
            scene=scene,
            geometry=geometry,
            polarization=vec(geometry.polarization),
            incident=negative(apply(_per_source, vec(scene.sources.direction.to(device)))),
            wavelength_m=_per_source(scene.sources.wavelength_m.to(device)),
            relative_weight=weights,
            table=scene.table.to(device, sum_dtype),
            shape=CrystalShape(
                name=config.crystal.shape,
                cells=scene.lattice.cells,
                fudge=config.crystal.fudge,
                reciprocal=(a, b, c),
                quirks=quirks,
                dtype=work_dtype,
            ),
            usual=usual,
            first=_orientations(scene, True, device) if scene.first_block_differs else usual,
            policy=Policy.of(config),
            sum_dtype=sum_dtype,
            short_cut=config.beam.water_size_m == 0.0 and _cuts_short(quirks),
            latching=scene.interpolate and "Q-INTERP-LATCH" in quirks,
            background=config.beam.water_size_m != 0.0 and "Q-WATER-STEPS" not in quirks,
        )


def _cuts_short(quirks: Quirks) -> bool:
    """Return whether evaluations with F_latt = 0 are left out (spec 06 section 10)."""
    return "Q-OVERSAMPLE-RUNNING-PRODUCT" in quirks or "Q-INTERP-LATCH" in quirks


def _device(name: str) -> torch.device:
    """Return a device by name. Raises: InputError if torch cannot use it."""
    try:
        return torch.zeros(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"-device {name}: torch cannot use it ({reason}); give cpu") from error


def _per_source(values: Tensor) -> Tensor:
    """Return [K] as [K, 1, 1, 1]."""
    return values[:, None, None, None]


def _orientations(scene: Scene, first_block: bool, device: torch.device) -> Orientations:
    """Return the orientations on the device."""
    made = scene.orientations(first_block)
    return replace(made, rotated=_moved(made.rotated, device), final=_moved(made.final, device))


def _moved(cell: CellVectors, device: torch.device) -> CellVectors:
    """Return cell vectors on another device."""
    a, b, c = (apply(lambda part: part.to(device), v) for v in cell)
    return a, b, c
