"""How a pixel follows each tap: autograd through the simulator's kernel, one number for each traced value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulator.engine.eager import Eager
from simulator.engine.tensor_tree import leaves, rebuilt
from simulator.kernel.blocks import Block
from simulator.kernel.kernel import photons
from simulator.kernel.stages import Stages
from simulator.kernel.taps import Level, Offer, Offered, Recorder, Show, Spot
from simulator.physics.phi import orientation_steps
from simulator.physics.vectors import Vec, apply, turn
from simulator.scene.instrument import Instrument
from simulator.scene.orientations import Orientations
from simulator.scene.scene import Scene
from simulator.scene.setting_up import set_up
from simulator.units import ANGSTROM_PER_M, R_E_SQR_M2

ELEMENTS = 1 << 15
CELLS = tuple(f"{stem}_{axis}_angstroms" for stem in ("rot", "mos") for axis in "abc")
Key = tuple[str, tuple[int, ...]]
"""Name of a tap and the loop counters of a record, outermost first; no counters for the set-up."""
Sensitivities = Mapping[Key, NDArray[np.float64]]


@dataclass(frozen=True)
class Follows:
    """A pixel in photons, and its derivative to each value of each tap."""

    photons: float
    slopes: Sensitivities


@dataclass(frozen=True)
class _Offered:
    name: str
    level: Level
    spot: Spot
    parts: tuple[Tensor, ...]
    where: Tensor | None


class _Watcher:
    """Keeps the tensors of the graph that the kernel offers; cells come as copies and are looked up."""

    active = True

    def __init__(self, cells: Mapping[str, Vec]) -> None:
        self.cells = cells
        self.offered: list[_Offered] = []

    def at(self, level: Level, spot: Spot) -> Show:
        """Return the receiver of one level and place."""

        def show(name: str, value: Offered, where: Tensor | None = None) -> Offered:
            seen: Offer = self.cells.get(name, value)
            if callable(seen) or (isinstance(seen, Tensor) and seen.dim() > 4):
                return value
            parts = seen if isinstance(seen, tuple) else (seen,)
            self.offered.append(_Offered(name, level, spot, parts, where))
            return value

        return show


def sensitivities(scene: Scene, pixel: tuple[int, int]) -> Follows:
    """Return a pixel and how it follows every tap that lies on its way.

    A tap's value that is used in several places has its whole derivative on its first record.

    Args:
        scene: float64, on the CPU.
        pixel: (slow, fast), executed.
    """
    with torch.enable_grad():
        ins = set_up(scene)
        ins = rebuilt(ins, [_free(part) for part in leaves(ins)])
        rotated, umats = _free_cells(scene)
        turned = _on_axes(*(_turned(scene, umats, v) for v in rotated))
        usual = Orientations(rotated=_on_axes(*rotated), final=turned)
        ins = replace(ins, usual=usual, first=ins.first if scene.first_block_differs else usual)
        cells = dict(zip(CELLS, (*rotated, *turned), strict=True))
        watcher = _Watcher(cells)
        slow, fast = (torch.tensor([place], device="cpu") for place in pixel)
        block = Block(slow, fast, first_visit=_first_visit(scene, pixel))
        value = photons(Stages(ins, Eager(ELEMENTS, 1)), block, watcher).pixels.sum()
        setup = _setup(ins, umats)
        slopes = _of_records(value, watcher, pixel) | _of_setup(value, setup, scene, rotated)
    return Follows(float(value.detach()), slopes)


def _free(part: Tensor) -> Tensor:
    return part.detach().clone().requires_grad_(part.is_floating_point())


def _free_cells(scene: Scene) -> tuple[tuple[Vec, Vec, Vec], Tensor]:
    """Return cells [P, 1] after the spindle and the domains' rotations, free of what they come from."""
    made = scene.orientations(first_block=False).rotated
    a, b, c = (apply(lambda part: _free(part[0, 0]), v) for v in made)
    return (a, b, c), _free(scene.umats)


def _on_axes(a: Vec, b: Vec, c: Vec) -> tuple[Vec, Vec, Vec]:
    """Return vectors [P, M] as [1, 1, P, M]."""
    a, b, c = (apply(lambda part: part[None, None], v) for v in (a, b, c))
    return a, b, c


def _turned(scene: Scene, umats: Tensor, v: Vec) -> Vec:
    return turn(umats, v) if scene.config.crystal.mosaic_spread_rad > 0.0 else apply(torch.clone, v)


def _first_visit(scene: Scene, pixel: tuple[int, int]) -> int:
    """Return 0 for the first pixel of a run whose first visit sees other orientations, else -1."""
    first = scene.executed().nonzero()[0].tolist()
    return 0 if scene.first_block_differs and tuple(first) == pixel else -1


def _setup(ins: Instrument, umats: Tensor) -> dict[Key, tuple[tuple[Tensor, ...], float]]:
    """Return the leaves that belong to a tap of the set-up, and what turns them into its unit.

    Not those that production functions of later taps hold: pixel size, cell counts, reciprocal cell.
    """
    numbers, geometry = ins.numbers, ins.geometry
    re_scale = float(numbers.fluence_photons_per_m2.detach()) / R_E_SQR_M2
    whole = {
        "fluence_photons_per_m2": (numbers.fluence_photons_per_m2,),
        "steps": (numbers.steps,),
        "I_bg": (numbers.I_bg,),
        "fdet_vec": (geometry.fast,),
        "sdet_vec": (geometry.slow,),
        "odet_vec": (geometry.normal,),
        "pix0_vector_meters": (geometry.pix0_m,),
        "close_distance_meters": (geometry.close_distance_m,),
        "polar_vec": ins.polarization,
    }
    made: dict[Key, tuple[tuple[Tensor, ...], float]] = {
        (name, ()): (part, 1.0) for name, part in whole.items()
    }
    # r_e^2 and the fluence stand in one product
    made["r_e_sqr", ()] = ((numbers.fluence_photons_per_m2,), re_scale)
    made["mosaic_umat", ()] = ((umats,), 1.0)
    return made


def _of_setup(
    value: Tensor,
    setup: Mapping[Key, tuple[tuple[Tensor, ...], float]],
    scene: Scene,
    rotated: tuple[Vec, Vec, Vec],
) -> dict[Key, NDArray[np.float64]]:
    """Return the slopes to the values of the set-up."""
    slopes: dict[Key, NDArray[np.float64]] = {}
    for key, (parts, unit) in setup.items():
        grads = _grads(value, parts)
        slopes[key] = unit * np.concatenate([grad.reshape(-1).numpy() for grad in grads])
    umats = slopes.pop(("mosaic_umat", ())).reshape(-1, 9)
    slopes |= {("mosaic_umat", (m,)): row for m, row in enumerate(umats)}
    back = torch.stack(_grads(value, [part for v in rotated for part in v]))
    return slopes | _of_turns(scene, back)


def _of_turns(scene: Scene, back: Tensor) -> dict[Key, NDArray[np.float64]]:
    """Return the slopes to the cell at phi = 0, the spindle and each phi.

    Args:
        back: slopes to the components of the turned cells [9, P, 1].
    """
    steps = orientation_steps(scene.phi_rad, False, scene.config.quirks)
    direct, spindle = _free(scene.lattice.direct_m), _free(scene.lattice.spindle)
    phi = torch.tensor(
        scene.config.crystal.phi_rad.first, dtype=torch.float64, device="cpu", requires_grad=True
    )
    crystal = scene.config.crystal
    crystal = replace(crystal, phi_rad=replace(crystal.phi_rad, first=phi))  # type: ignore[arg-type]
    turning = replace(
        scene,
        lattice=replace(scene.lattice, direct_m=direct, spindle=spindle),
        config=replace(scene.config, crystal=crystal),
    )
    ends = torch.stack([part[0, 0] for v in turning.orientations(first_block=False).rotated for part in v])
    of_cell, of_spindle = torch.zeros_like(direct), torch.zeros_like(spindle)
    of_phi = np.zeros(len(scene.phi_rad))
    for j, step in enumerate(steps):
        parts = torch.autograd.grad(ends[:, j], (direct, spindle, phi), back[:, j], retain_graph=True)
        of_cell, of_spindle = of_cell + parts[0], of_spindle + parts[1]
        of_phi[step] += float(parts[2])
    slopes = {
        (f"{axis}_angstroms", ()): row.numpy() / ANGSTROM_PER_M
        for axis, row in zip("abc", of_cell, strict=True)
    }
    slopes["spindle_axis", ()] = of_spindle.numpy()
    return slopes | {("phi_rad", (j,)): np.asarray([slope]) for j, slope in enumerate(of_phi)}


def _grads(value: Tensor, parts: Sequence[Tensor]) -> list[Tensor]:
    """Return the derivative to each tensor, 0 where the pixel does not follow it."""
    wanted = [part for part in parts if part.requires_grad]
    found: tuple[Tensor | None, ...] = ()
    if wanted:
        found = torch.autograd.grad(value, wanted, retain_graph=True, allow_unused=True)
    by_id = {id(part): grad for part, grad in zip(wanted, found, strict=True)}
    grads = [by_id.get(id(part)) for part in parts]
    return [
        torch.zeros_like(part, dtype=torch.float64) if grad is None else grad.to(torch.float64)
        for part, grad in zip(parts, grads, strict=True)
    ]


def _of_records(value: Tensor, watcher: _Watcher, pixel: tuple[int, int]) -> dict[Key, NDArray[np.float64]]:
    """Return the slopes to the taps of the loops, laid out as a recorder lays out their values."""
    parts = {id(part): part for offer in watcher.offered for part in offer.parts}
    grads = dict(zip(parts, _grads(value, list(parts.values())), strict=True))
    recorder, seen = Recorder([pixel]), set()
    for offer in watcher.offered:
        p, m = offer.spot.phi, offer.spot.domain
        cell = offer.name in CELLS
        key = (offer.name, tuple(map(id, offer.parts)), (p, m) if cell else None)
        first = key not in seen
        seen.add(key)
        laid = [_laid_out(grads[id(part)] * first, offer, cell) for part in offer.parts]
        shown = laid[0] if len(laid) == 1 else (laid[0], laid[1], laid[2])
        recorder.at(offer.level, offer.spot)(offer.name, shown, offer.where)
    return {
        (record.name, record.context): np.asarray(record.values, np.float64) for record in recorder.records()
    }


def _laid_out(grad: Tensor, offer: _Offered, cell: bool) -> Tensor:
    """Return a slope as [K, 1, P, M] of its level, on the first entry along an axis that it does not have."""
    inner = offer.level - Level.SUBPIXEL
    counts = [count if axis < inner else 1 for axis, count in enumerate(offer.spot.counts)]
    if cell:
        grad = grad.reshape(1, 1, *(grad.shape[-2:])) / ANGSTROM_PER_M
        p, m = offer.spot.phi, offer.spot.domain
        grad = grad[:, :, p : p + counts[1], m : m + counts[2]]
    while grad.dim() < 4:
        grad = grad[None]
    full = torch.zeros(counts[0], 1, counts[1], counts[2], dtype=torch.float64, device="cpu")
    full[: grad.shape[0], :, : grad.shape[2], : grad.shape[3]] = grad
    return full
