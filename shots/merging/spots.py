"""Integration: the photons of each predicted reflection of an image, corrected for its rays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.config import RunConfig
from simulator.units import ANGSTROM_PER_M

if TYPE_CHECKING:
    from torch import Tensor

HklRows = NDArray[np.int64]
SpotValues = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RayMaps:
    """What is known of the rays to the pixels of a run, each [slow, fast].

    Attributes:
        polar: polarization factor.
        lorentz: speed at which a rotation about the spindle sweeps the Ewald sphere, |u.(d x i)|.
        zeta: that speed as a share of the fastest at the same scattering angle.
        q_per_A: length of the scattering vector.
        q_whole_per_A: up to where the detector sees all directions around the beam.
    """

    polar: SpotValues
    lorentz: SpotValues
    zeta: SpotValues
    q_per_A: SpotValues
    q_whole_per_A: float


def ray_maps(config: RunConfig) -> RayMaps:
    """Return polarization, Lorentz factor and scattering vector of the middle of each pixel.

    Args:
        config: of a run on a flat detector with one source.

    Raises:
        InputError: for a run that cannot be simulated.

    Source: spec 06 sections 3 and 6.
    """
    import torch

    from simulator.physics.detector import flat_position
    from simulator.physics.polarization import kahn_factor
    from simulator.physics.vectors import apply, cross, dot, length, plain, unit, vec
    from simulator.scene.scene import prepare

    with torch.inference_mode():
        scene = prepare(config)
        slow, fast = (
            (torch.arange(count, dtype=torch.float64, device="cpu") + 0.5) * config.detector.pixel_size_m
            for count in (config.detector.spixels, config.detector.fpixels)
        )
        flat = flat_position(scene.geometry, fast[None, :], slow[:, None], fast.new_zeros(()))
        rays, beam = unit(flat), vec(scene.geometry.beam)
        incident = apply(lambda part: part.expand(rays[0].shape), beam)
        turning = cross(rays, incident)
        speed = dot(vec(scene.lattice.spindle), turning).abs()
        kahn = None if config.beam.nopolar else torch.as_tensor(config.beam.kahn_factor, device="cpu")
        polar = kahn_factor(kahn, beam, rays, vec(scene.geometry.polarization))
        if config.beam.nopolar:
            polar = torch.ones_like(polar)
        q = length((rays[0] - beam[0], rays[1] - beam[1], rays[2] - beam[2])) / (
            config.beam.wavelength_m * ANGSTROM_PER_M
        )
    edges = torch.cat((q[0], q[-1], q[:, 0], q[:, -1]))
    zeta = speed / length(turning)
    return RayMaps(_numbers(polar), _numbers(speed), _numbers(zeta), _numbers(q), plain(edges.min()))


def _numbers(values: Tensor) -> SpotValues:
    found: SpotValues = values.numpy()
    return found


@dataclass(frozen=True, eq=False)
class SpotSums:
    """SpotValues over the pixels of reflections.

    Attributes:
        hkl: [n, 3].
        shot: in which the sum was seen, or the first of several [n].
        intensity: corrected photons [n].
        zeta: mean of the map of that name over those photons [n].
    """

    hkl: HklRows
    shot: HklRows
    intensity: SpotValues
    zeta: SpotValues

    def chosen(self, rows: NDArray[Any]) -> SpotSums:
        """Return some rows, by their places or by a bool for each."""
        return SpotSums(self.hkl[rows], self.shot[rows], self.intensity[rows], self.zeta[rows])


def photons_by_reflection(
    image: NDArray[np.floating[Any]], config: RunConfig, maps: RayMaps, weights: SpotValues, shot: int
) -> SpotSums:
    """Return the weighted photons of all pixels that come nearest to each reflection.

    Reflections of which some pixels may lie off the detector, at any turn about the beam, are left out.

    Args:
        image: photons [slow, fast].
        config: of the run; the positions follow from it alone.
        maps: of the run.
        weights: of the pixels [slow, fast].
        shot: number of the image.
    """
    from simulator.predicted import NOT_COMPUTED, predicted_reflections

    hkl, _ = predicted_reflections(config)
    used = hkl[0] != NOT_COMPUTED
    found, places = np.unique(hkl[:, used].T.astype(np.int64), axis=0, return_inverse=True)
    values = (image * weights)[used]
    sums: SpotValues = np.bincount(places.ravel(), values, len(found)).astype(np.float64)
    slants = np.bincount(places.ravel(), values * maps.zeta[used], len(found))
    zeta = np.divide(slants, sums, out=np.zeros_like(sums), where=sums > 0.0)
    every = SpotSums(found, np.full(len(found), shot, np.int64), sums, zeta)
    return every.chosen(_wholly_seen(config, found, maps.q_whole_per_A))


def _wholly_seen(config: RunConfig, hkl: HklRows, q_whole_per_A: float) -> NDArray[np.bool_]:
    """Return which reflections lie half an index or more inside the sphere that the detector sees whole.

    The direct beam, 0 0 0, is none.
    """
    from simulator.physics.crystal import orient

    lattice = orient(config.crystal, config.beam.wavelength_m, config.quirks)
    reciprocal = lattice.reciprocal_A_inv.numpy()
    margin = 0.5 * np.linalg.norm(reciprocal, axis=1).max()
    lengths = np.linalg.norm(hkl @ reciprocal, axis=1)
    seen: NDArray[np.bool_] = (lengths > 0.0) & (lengths < q_whole_per_A - margin)
    return seen


def joined(parts: Sequence[SpotSums]) -> SpotSums:
    """Return the sums of several images one behind the other."""
    return SpotSums(
        np.concatenate([part.hkl for part in parts]),
        np.concatenate([part.shot for part in parts]),
        np.concatenate([part.intensity for part in parts]),
        np.concatenate([part.zeta for part in parts]),
    )
