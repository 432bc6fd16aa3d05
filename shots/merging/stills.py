"""Reflections of still images: the Ewald sphere cuts each somewhere; the partiality says how near."""

from __future__ import annotations

from shots.merging.spots import HklRows, RayMaps, SpotValues
from simulator.config import RunConfig
from simulator.units import ANGSTROM_PER_M


def still_weights(maps: RayMaps) -> SpotValues:
    """Return what makes photons of pixels the intensity of a cut through a reflection: 1 / polarization."""
    return 1.0 / maps.polar


def partialities(config: RunConfig, hkl: HklRows) -> SpotValues:
    """Return how much of the most that it can be a still shows of each reflection.

    It is the square of the lattice factor where the Ewald sphere is nearest to the reflection, as a share
    of that of its middle, averaged over the mosaic domains: exact for Gaussian spots that are equally wide in
    all directions and small beside the sphere.

    Args:
        config: of the still; its first phi step counts.
        hkl: [n, 3].

    Returns:
        0 to 1 [n].

    Source: spec 03, 06 sections 8 to 10.
    """
    import torch

    from simulator.kernel.taps import silent
    from simulator.physics.vectors import vec
    from simulator.scene.scene import prepare
    from simulator.scene.setting_up import set_up

    with torch.inference_mode():
        scene = prepare(config)
        ins = set_up(scene)
        direct = scene.lattice.direct_A
        reciprocal = scene.lattice.reciprocal_A_inv
        index = torch.as_tensor(hkl, dtype=torch.float64, device="cpu")
        middle = torch.einsum("mij,nj->mni", scene.umats, index @ reciprocal)  # [M, n, 3]
        beam = scene.geometry.beam / (config.beam.wavelength_m * ANGSTROM_PER_M)
        outgoing = middle + beam
        nearest = outgoing * (beam.norm() / outgoing.norm(dim=2, keepdim=True)) - beam
        fraction = torch.einsum("mij,mni->mnj", scene.umats, nearest) @ direct.T
        whole = index.expand(fraction.shape)
        factor = ins.shape.factor(vec(fraction), vec(whole), silent)
        most = ins.shape.factor(vec(whole), vec(whole), silent)
        found: SpotValues = ((factor / most) ** 2).mean(dim=0).to(torch.float64).numpy()
    return found
