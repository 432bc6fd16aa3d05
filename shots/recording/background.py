"""Background: photons that air, water, ice and plastic in the beam scatter into each pixel."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shots.geometry.panel import Panel, Setup
from shots.recording.materials import MATERIALS, STOL, Material
from shots.recording.noise import PixelValues
from shots.recording.settings import BackgroundLayer
from simulator.io.tables import stol_rows
from simulator.units import ANGSTROM_PER_M, AVOGADRO_PER_MOL, R_E_SQR_M2, m_of_mm, sensor_m_of_um
from system_io.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

ROWS = 32
"""Of a panel that are computed together; what they need stays in the cache of the processor."""
CM3_PER_M3 = 1_000_000.0


def expected_background(
    panel: Panel, setup: Setup, layers: tuple[BackgroundLayer, ...], fluence_photons_per_m2: float
) -> PixelValues:
    """Return the photons that layers of matter scatter into the pixels of a panel, without noise.

    photons = r_e^2 fluence omega P sum over layers of N |F(sin(theta)/lambda)|^2, where N is the number of
    molecules in the beam: density N_A path beam^2 / molecular weight. All matter scatters once, from the
    place of the sample, and nothing on the way weakens it.

    Args:
        panel: one of the detector's.
        setup: beam, wavelength and polarization.
        layers: at least one.
        fluence_photons_per_m2: of the beam.

    Returns:
        [slow, fast].

    Raises:
        UserError: for a file that cannot be read or holds no table.

    Source: spec 06 sections 2, 4, 6 and 13.
    """
    maps = _maps(replace(setup, phi_start_rad=0.0, phi_range_rad=0.0), layers)
    if panel not in maps:
        maps[panel] = _per_fluence(panel, setup, layers)
    return maps[panel] * np.float32(R_E_SQR_M2 * fluence_photons_per_m2)


@lru_cache(maxsize=1)
def _maps(setup: Setup, layers: tuple[BackgroundLayer, ...]) -> dict[Panel, PixelValues]:
    """Return the maps that were made of the panels of a set-up; those of the last set-up alone are kept."""
    return {}


def _per_fluence(panel: Panel, setup: Setup, layers: tuple[BackgroundLayer, ...]) -> PixelValues:
    """Return electrons^2 omega P of each pixel."""
    import torch

    electrons_sqr = sum((scattering_curve(layer) for layer in layers), np.zeros_like(STOL))
    image = np.empty((panel.slow_pixels, panel.fast_pixels), np.float32)
    with torch.inference_mode():
        for first in range(0, panel.slow_pixels, ROWS):
            rows = slice(first, min(first + ROWS, panel.slow_pixels))
            stol_per_A, share = _rays_of_rows(panel, setup, rows)
            image[rows] = _looked_up(electrons_sqr, stol_per_A) * share
    return image


def _looked_up(curve: NDArray[np.float64], stol_per_A: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a curve over `STOL` at other places, by straight lines; beyond its end its last value."""
    steps = np.minimum(stol_per_A / STOL[1], float(len(STOL) - 1))
    below = np.minimum(steps.astype(np.int32), len(STOL) - 2)
    found: NDArray[np.float64] = curve[below] + (steps - below) * np.diff(curve)[below]
    return found


def scattering_curve(layer: BackgroundLayer) -> NDArray[np.float64]:
    """Return the electrons^2 of all molecules of a layer in the beam, over `STOL`.

    Raises:
        UserError: for a file that cannot be read or holds no table.
    """
    material = MATERIALS[layer.material] if layer.material else _material_of(layer.file, layer)
    density = layer.density_g_per_cm3 or material.density_g_per_cm3
    volume_m3 = m_of_mm(layer.path_mm) * sensor_m_of_um(layer.beam_um) ** 2
    molecules = density * CM3_PER_M3 * volume_m3 * AVOGADRO_PER_MOL / material.molecular_weight
    return molecules * _curve(material)


@lru_cache(maxsize=len(MATERIALS))
def _curve(material: Material) -> NDArray[np.float64]:
    return material.electrons_sqr()


def _material_of(file: Path, layer: BackgroundLayer) -> Material:
    """Return the material of a file of two columns, sin(theta)/lambda in 1/Angstrom and F in electrons."""
    rows = stol_rows(file, "background table", "name a file of lines sin(theta)/lambda and F")
    where = f"background table '{file}'"
    if any(len(row) < 2 or not np.isfinite(row).all() for row in rows):
        raise UserError(f"{where}: each line must hold two numbers, sin(theta)/lambda and F; complete it")
    stol, F = np.array(rows, np.float64).T
    if len(stol) < 2 or not (np.diff(stol) > 0.0).all() or stol[0] < 0.0:
        raise UserError(
            f"{where}: sin(theta)/lambda must be 0 or more and rise from line to line; sort two or more"
        )
    return Material(layer.density_g_per_cm3, layer.molecular_weight, lambda: np.interp(STOL, stol, F) ** 2)


def _rays_of_rows(panel: Panel, setup: Setup, rows: slice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sin(theta)/lambda in 1/Angstrom and omega P in steradian of the pixels of some rows."""
    import torch
    from torch import Tensor

    from simulator.physics.polarization import kahn_factor
    from simulator.physics.solid_angle import solid_angle_sr
    from simulator.physics.vectors import apply, dot, length, vec
    from simulator.quirks import Quirks

    fast = _middles_m(panel, range(panel.fast_pixels))[None, :]
    slow = _middles_m(panel, range(rows.start, rows.stop))[:, None]
    corners = zip(panel.fast, panel.slow, panel.origin_m, strict=True)
    x, y, z = (fast * f + slow * s + corner for f, s, corner in corners)
    R_m = length((x, y, z))
    direction = (x / R_m, y / R_m, z / R_m)
    beam = vec(setup.beam)
    normal = np.cross(panel.fast, panel.slow)
    close_m = torch.tensor(abs(float(np.dot(normal, panel.origin_m))), dtype=torch.float64, device="cpu")
    pixel_m = torch.tensor(panel.pixel_size_m, dtype=torch.float64, device="cpu")
    omega = solid_angle_sr(R_m, pixel_m, close_m, False, Quirks.spec())
    K = 2.0 * setup.polarization_fraction - 1.0
    kahn = torch.tensor(K, dtype=torch.float32, device="cpu") if K else None
    vectors = (apply(Tensor.float, v) for v in (beam, direction, vec(setup.polarization_axis)))
    polar = kahn_factor(kahn, *vectors)
    sin_theta = (0.5 * (1.0 - dot(direction, beam))).clamp(min=0.0).sqrt()
    return (sin_theta / (setup.wavelength_m * ANGSTROM_PER_M)).numpy(), (omega * polar).numpy()


def _middles_m(panel: Panel, numbers: range) -> Tensor:
    """Return the places of the middles of pixels along an axis of a panel."""
    import torch

    places = torch.arange(numbers.start, numbers.stop, dtype=torch.float64, device="cpu")
    return (places + 0.5) * panel.pixel_size_m
