"""A scene made ready for the kernel: tensors on the device, with the axes and types the kernel uses."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.engine.tensor_tree import Divisible, exchanged, leaves, only, rebuilt
from simulator.errors import InputError
from simulator.physics.detector import Geometry
from simulator.physics.lattice.factor import CrystalShape
from simulator.physics.structure_factors import Table
from simulator.physics.vectors import Vec, apply, moves, negative, vec
from simulator.quirks import Quirks
from simulator.scene.number_types import PRECISIONS, precision_of
from simulator.scene.policy import Policy
from simulator.scene.scene import Orientations, Scene

CellVectors = tuple[Vec, Vec, Vec]


@dataclass(frozen=True, eq=False)
class Numbers:
    """The quantities of the run that are no vectors, tensors without dimensions (float64).

    kahn is None where the polarization factor is 0; sub_pixels, the number of sub-pixels a side, is int64;
    steps and samples: evaluations, and rays of a layer, that a pixel is averaged over.
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
    samples: Tensor

    @classmethod
    def of(cls, scene: Scene) -> Numbers:
        """Return the numbers of a scene."""
        beam, detector = scene.config.beam, scene.config.detector

        def made(value: float | Tensor) -> Tensor:
            return torch.as_tensor(value, dtype=torch.float64, device="cpu")

        return cls(
            sub_pixels=torch.tensor(scene.oversample, device="cpu"),
            sub_pixel_m=made(scene.sub_pixel_m),
            pixel_m=made(detector.pixel_size_m),
            layer_m=made(detector.thickness_m.step),
            attenuation_per_m=made(detector.attenuation_per_m),
            dmin_m=made(scene.config.sampling.dmin_m),
            kahn=None if _zero(beam.kahn_factor) else made(beam.kahn_factor),
            fluence_photons_per_m2=made(beam.fluence_photons_per_m2),
            water_electrons_sqr=made(scene.water_electrons_sqr),
            I_bg=made(scene.I_bg),
            steps=made(float(scene.steps)),
            samples=made(float(len(scene.sources.weight) * scene.oversample * scene.oversample)),
        )


@dataclass(frozen=True)
class Plan(Divisible):
    """The decisions of the run that the kernel branches on.

    sides, layers: sub-pixels a side and sensor layers; resolution_limit: whether dmin is set; mosaic: whether
    domains are turned; interpolate: as the pixel loop starts; short_cut: whether evaluations with F_latt = 0
    are left out; latching: whether an index out of range ends interpolation; background: whether the water is
    added at the end of the pixel.
    """

    sides: int
    layers: int
    curved: bool
    point_pixel: bool
    resolution_limit: bool
    mosaic: bool
    interpolate: bool
    short_cut: bool
    latching: bool
    background: bool
    work_dtype: torch.dtype
    sum_dtype: torch.dtype
    quirks: Quirks

    @classmethod
    def of(cls, scene: Scene) -> Plan:
        """Return the decisions of a scene."""
        config, quirks = scene.config, scene.config.quirks
        work_dtype, sum_dtype = PRECISIONS[precision_of(scene)]
        water = bool(config.beam.water_size_m != 0.0)
        return cls(
            sides=scene.oversample,
            layers=scene.layers,
            curved=config.detector.curved,
            point_pixel=config.detector.point_pixel,
            resolution_limit=config.sampling.dmin_m > 0.0,
            mosaic=scene.mosaic,
            interpolate=scene.interpolate,
            short_cut=not water and _cuts_short(quirks),
            latching=scene.interpolate and "Q-INTERP-LATCH" in quirks,
            background=water and "Q-WATER-STEPS" not in quirks,
            work_dtype=work_dtype,
            sum_dtype=sum_dtype,
            quirks=quirks,
        )


@dataclass(frozen=True, eq=False)
class Instrument(Divisible):
    """What the kernel reads; vectors of the geometry have components without dimensions.

    incident: [K, 1, 1, 1]; wavelength_m, relative_weight: [K, 1, 1, 1], the latter None where all weigh the
    same; usual, first: orientations of all blocks and of the first block of a run.
    """

    plan: Plan
    policy: Policy
    numbers: Numbers
    geometry: Geometry
    polarization: Vec
    incident: Vec
    wavelength_m: Tensor
    relative_weight: Tensor | None
    table: Table
    shape: CrystalShape
    usual: Orientations
    first: Orientations

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

        Args: parts, decisions: names of fields of `Instrument` and of `Plan`.
        """
        return exchanged(only(self, ("plan", *parts)), plan=only(self.plan, decisions))

    @classmethod
    def of(cls, scene: Scene) -> Instrument:
        """Return the instrument of a scene on the device and in the precision its configuration asks for.

        Raises: InputError for a device that is not there.
        """
        device = _device(scene.config.compute.device)
        ins = cls._made(scene)
        return ins if device.type == "cpu" else rebuilt(ins, _moved(list(leaves(ins)), device))

    @classmethod
    def _made(cls, scene: Scene) -> Instrument:
        """Return the instrument of a scene where the scene is."""
        config, quirks = scene.config, scene.config.quirks
        plan, geometry = Plan.of(scene), scene.geometry
        weights = None
        weight = scene.sources.weight
        if "Q-SOURCE-WEIGHTS" not in quirks and (weight.requires_grad or len(set(weight.tolist())) > 1):
            weights = _per_source(scene.sources.relative_weight(quirks))
        a, b, c = (vec(row) for row in scene.lattice.reciprocal_A_inv)
        usual = scene.orientations(False)
        return cls(
            plan=plan,
            policy=Policy.of(config),
            numbers=Numbers.of(scene),
            geometry=geometry,
            polarization=vec(geometry.polarization),
            incident=negative(apply(_per_source, vec(scene.sources.direction))),
            wavelength_m=_per_source(scene.sources.wavelength_m),
            relative_weight=weights,
            table=scene.table.to(plan.work_dtype),
            shape=CrystalShape.of(
                config.crystal.shape,
                scene.lattice.cells,
                config.crystal.fudge,
                (a, b, c),
                quirks,
                plan.work_dtype,
            ),
            usual=usual,
            first=scene.orientations(True) if scene.first_block_differs else usual,
        )


def _zero(value: float | Tensor) -> bool:
    """Return whether a quantity is 0 and stays so."""
    return not moves(value) and bool(value == 0.0)


def _cuts_short(quirks: Quirks) -> bool:
    """Return whether evaluations with F_latt = 0 are left out (spec 06 section 10)."""
    return "Q-OVERSAMPLE-RUNNING-PRODUCT" in quirks or "Q-INTERP-LATCH" in quirks


def _device(name: str) -> torch.device:
    """Return a device by name. Raises: InputError if torch cannot use it."""
    try:
        device = torch.zeros(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"-device {name}: torch cannot use it ({reason}); give cpu") from error
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"-device {name}: the simulator runs on cpu and cuda only; give one of these")
    return device


def _per_source(values: Tensor) -> Tensor:
    """Return [K] as [K, 1, 1, 1]."""
    return values[:, None, None, None]


def _moved(parts: Sequence[Tensor], device: torch.device) -> list[Tensor]:
    """Return tensors on another device; all of one type travel in one copy."""
    moved = list(parts)
    for dtype in {part.dtype for part in parts}:
        places = [n for n, part in enumerate(parts) if part.dtype == dtype]
        packed = torch.cat([parts[n].reshape(-1) for n in places]).to(device)
        pieces = torch.split(packed, [parts[n].numel() for n in places])
        for n, piece in zip(places, pieces, strict=True):
            moved[n] = piece.view(parts[n].shape)
    return moved
