"""The printout of pixel values (spec 08 "Printout"): a tap that keeps the last value of what it shows."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from simulator.kernel.taps import Level, Offered, Show, Spot, made_value
from simulator.scene.scene import Scene
from simulator.units import A_of_m

LAST_TAP = "floatimage_accumulated"
CELL_AXES = ("a", "b", "c")
SHOWN = frozenset({
    "stol_m_inv", "pixel_pos_meters", "hkl_frac", "hkl_rounded", "F_cell", "F_latt", "I_before_scaling",
    "polar", "omega_pixel_sr", "capture_fraction", LAST_TAP,
    *(f"{stage}_{axis}_angstroms" for stage in ("rot", "mos") for axis in CELL_AXES),
})  # fmt: skip
Parts = tuple[Tensor, ...]


class Printout:
    """Prints a block of lines for each executed pixel, or for one, when its last value has been seen.

    Args:
        scene: of the run.
        pixel: (fast, slow), a negative fast for all pixels.
        say: prints a line.

    Source: spec 08 "Printout".
    """

    active = True

    def __init__(self, scene: Scene, pixel: tuple[int, int], say: Callable[[str], None]) -> None:
        self.scene = scene
        self.pixel = pixel
        self.say = say
        self._fast: Tensor | None = None
        self._seen: dict[str, Parts] = {}

    def at(self, level: Level, spot: Spot) -> Show:
        """Return the receiver of the values of one level and place."""
        if spot.fast is not self._fast:
            self._fast, self._seen = spot.fast, {}
        chosen = self._chosen(spot)
        pixels = len(spot.fast)

        def show(name: str, value: Offered, where: Tensor | None = None) -> Offered:
            if name not in SHOWN or not chosen:
                return value
            made = made_value(value)
            parts = made if isinstance(made, tuple) else (made,)
            before = self._seen.get(name)
            self._seen[name] = tuple(
                _last(part, where, pixels, None if before is None else before[place])
                for place, part in enumerate(parts)
            )
            if name == LAST_TAP:
                for place in chosen:
                    self._print(int(spot.fast[place]), int(spot.slow[place]), place)
            return value

        return show

    def _chosen(self, spot: Spot) -> list[int]:
        """Return the places in the block of the pixels to print."""
        if self.pixel[0] < 0:
            return list(range(len(spot.fast)))
        hit = (spot.fast == self.pixel[0]) & (spot.slow == self.pixel[1])
        places: list[int] = torch.nonzero(hit).flatten().tolist()
        return places

    def _numbers(self, name: str, place: int, count: int = 1) -> list[float]:
        """Return the values seen last for one pixel, zeros for what was never reached."""
        parts = self._seen.get(name)
        return [0.0] * count if parts is None else [float(part[place]) for part in parts]

    def _print(self, fast: int, slow: int, place: int) -> None:
        (stol,) = self._numbers("stol_m_inv", place)
        position = self._numbers("pixel_pos_meters", place, 3)
        hkl, nearest = self._numbers("hkl_frac", place, 3), self._numbers("hkl_rounded", place, 3)
        (total,) = self._numbers("I_before_scaling", place)
        caches = ("polar", "omega_pixel_sr", "capture_fraction", LAST_TAP)
        polar, omega, capture, photons = (self._numbers(name, place)[0] for name in caches)
        F_cell, F_latt = (self._numbers(name, place)[0] for name in ("F_cell", "F_latt"))
        stage = "mos" if "mos_a_angstroms" in self._seen else "rot"
        cell = [self._numbers(f"{stage}_{axis}_angstroms", place, 3) for axis in CELL_AXES]
        lines = [
            f"fast {fast} slow {slow} stol {stol:g} {self._second_stol(position):g}",
            "position {:g} {:g} {:g}".format(*position),
            "hkl {:f} {:f} {:f} nearest {:.0f} {:.0f} {:.0f}".format(*hkl, *nearest),
            f"F_cell {F_cell:g} F_latt {F_latt:g} I {total:g}",
            f"I/steps {total / self.scene.steps:15.10g}",
            f"polar   {polar:15.10g}",
            f"omega   {omega:15.10g}",
            f"capfrac {capture:15.10g}",
            f"pixel   {photons:15.10g}",
            "cell vectors in Angstrom, columns a b c",
        ]
        lines += [
            f"{letter}: " + " ".join(f"{vector[row]:11.8f}" for vector in cell)
            for row, letter in enumerate("XYZ")
        ]
        for line in lines:
            self.say(line)

    def _second_stol(self, position_m: list[float]) -> float:
        """Return sin(theta)/lambda0 from the position alone (Q-PRINTOUT-ANGLE: beam along x, 1/Angstrom)."""
        wavelength_m = self.scene.config.beam.wavelength_m
        if "Q-PRINTOUT-ANGLE" in self.scene.config.quirks:
            x, y, z = position_m
            return math.sin(math.atan2(math.sqrt(y * y + z * z), x) / 2) / A_of_m(wavelength_m)
        beam = [float(part) for part in self.scene.geometry.beam]
        along = sum(p * b for p, b in zip(position_m, beam, strict=True))
        across = math.sqrt(max(sum(p * p for p in position_m) - along * along, 0.0))
        return math.sin(math.atan2(across, along) / 2) / wavelength_m


def _last(value: Tensor, where: Tensor | None, pixels: int, before: Tensor | None) -> Tensor:
    """Return the last entry in loop order for each pixel [N]; where there is none, what was before.

    Args:
        value: broadcastable to [K, N, P, M].
        where: broadcastable to [K, N, P, M].
        pixels: N.
    """
    value = value.detach().to("cpu", torch.float64)
    if value.dim() < 4:
        return value.expand(pixels)
    exists = torch.ones((), dtype=torch.bool, device="cpu") if where is None else where.cpu()
    shape = np.broadcast_shapes(value.shape, exists.shape, (1, pixels, 1, 1))
    values = value.expand(shape).movedim(1, 0).flatten(1)  # [N, K P M]
    present = exists.expand(shape).movedim(1, 0).flatten(1)  # [N, K P M]
    count = present.shape[1]
    order = torch.where(present, torch.arange(1, count + 1, device="cpu"), 0).amax(1)
    picked = values.gather(1, (order - 1).clamp(min=0)[:, None])[:, 0]
    fallback = torch.zeros(pixels, dtype=torch.float64, device="cpu") if before is None else before
    return torch.where(order > 0, picked, fallback)
