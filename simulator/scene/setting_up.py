"""A scene made into the instrument that the kernel reads, on the device of the run."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from simulator.engine.tensor_tree import leaves, rebuilt
from simulator.errors import InputError
from simulator.physics.lattice.shapes import crystal_shape
from simulator.physics.vectors import apply, moves, negative, vec
from simulator.quirks import Quirks
from simulator.scene.instrument import Instrument, Numbers, Plan
from simulator.scene.number_types import PRECISIONS, precision_of
from simulator.scene.policy import Policy
from simulator.scene.scene import Scene


def set_up(scene: Scene) -> Instrument:
    """Return the instrument of a scene on the device and in the precision its configuration asks for.

    Raises:
        InputError: for a device that is not there.
    """
    device = _device(scene.config.compute.device)
    ins = _on_cpu(scene)
    return ins if device.type == "cpu" else rebuilt(ins, _moved(list(leaves(ins)), device))


def _on_cpu(scene: Scene) -> Instrument:
    """Return the instrument of a scene where the scene is."""
    config, quirks = scene.config, scene.config.quirks
    plan, geometry = _plan(scene), scene.geometry
    weights = None
    weight = scene.sources.weight
    if "Q-SOURCE-WEIGHTS" not in quirks and (moves(weight) or len(set(weight.tolist())) > 1):
        weights = _per_source(scene.sources.relative_weight(quirks))
    a, b, c = (vec(row) for row in scene.lattice.reciprocal_A_inv)
    usual = scene.orientations(False)
    return Instrument(
        plan=plan,
        policy=Policy.of(config),
        numbers=_numbers(scene),
        geometry=geometry,
        polarization=vec(geometry.polarization),
        incident=negative(apply(_per_source, vec(scene.sources.direction))),
        wavelength_m=_per_source(scene.sources.wavelength_m),
        relative_weight=weights,
        table=scene.table.to(plan.work_dtype),
        shape=crystal_shape(
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


def _numbers(scene: Scene) -> Numbers:
    """Return the numbers of a scene."""
    beam, detector = scene.config.beam, scene.config.detector

    def made(value: float | Tensor) -> Tensor:
        return torch.as_tensor(value, dtype=torch.float64, device="cpu")

    return Numbers(
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


def _plan(scene: Scene) -> Plan:
    """Return the decisions of a scene."""
    config, quirks = scene.config, scene.config.quirks
    work_dtype, sum_dtype = PRECISIONS[precision_of(scene)]
    water = bool(config.beam.water_size_m != 0.0)
    return Plan(
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


def _zero(value: float | Tensor) -> bool:
    """Return whether a quantity is 0 and stays so."""
    return not moves(value) and bool(value == 0.0)


def _cuts_short(quirks: Quirks) -> bool:
    """Return whether evaluations with F_latt = 0 are left out (spec 06 section 10)."""
    return "Q-OVERSAMPLE-RUNNING-PRODUCT" in quirks or "Q-INTERP-LATCH" in quirks


def _device(name: str) -> torch.device:
    """Return a device by name.

    Raises:
        InputError: if torch cannot use it.
    """
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
    """Return tensors on another device, which is not waited for; all of one type travel in one copy."""
    moved = list(parts)
    for dtype in {part.dtype for part in parts}:
        places = [n for n, part in enumerate(parts) if part.dtype == dtype]
        packed = torch.cat([parts[n].reshape(-1) for n in places]).to(device, non_blocking=True)
        pieces = torch.split(packed, [parts[n].numel() for n in places])
        for n, piece in zip(places, pieces, strict=True):
            moved[n] = piece.view(parts[n].shape)
    return moved
