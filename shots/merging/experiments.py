"""Two experiments on one crystal, simulated and merged: a rotation series and stills of many orientations."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from shots.merging.merge import MergedReflections, merge_reflections
from shots.merging.rotation import full_reflections, rotation_weights
from shots.merging.spots import SpotSums, joined, photons_by_reflection, ray_maps
from shots.merging.stills import partialities, still_weights
from shots.seeds import keyed_generator
from simulator.config import RunConfig, Steps
from simulator.simulation import simulate

STILL_KEY = 201
"""Of the orientations of stills among all that is drawn from a seed."""
LEAST_PARTIALITY = 0.02
"""Smaller cuts through a reflection are left out."""
ImageCounter = Callable[[int, int], None]
"""Is told how many images of how many are done."""


def rotation_series(config: RunConfig, range_rad: float, images: int, steps: int) -> Iterator[RunConfig]:
    """Yield the runs of a rotation series.

    Args:
        config: of all images; its phi angles do not matter.
        range_rad: of the whole series, from 0.
        images: that divide the range.
        steps: of rotation in one image.
    """
    width = range_rad / images
    for n in range(images):
        phi = Steps(n * width, width, width / steps, steps)
        yield replace(config, crystal=replace(config.crystal, phi_rad=phi))


def still_series(config: RunConfig, seed: int, count: int) -> Iterator[RunConfig]:
    """Yield runs of crystals in orientations that are uniform on the group of rotations.

    Turns about x and z are uniform, and so is the sine of that about y: the invariant measure of rotations.

    Args:
        config: of all stills; its turns and phi angles do not matter.
        seed: of the orientations.
        count: of the stills; the first n of a larger count are those of n.
    """
    for n in range(count):
        x, y, z = keyed_generator(seed, (n, STILL_KEY)).random(3)
        turns = (2.0 * math.pi * x, math.asin(2.0 * y - 1.0), 2.0 * math.pi * z)
        crystal = replace(config.crystal, has_misset=True, misset_rad=turns, phi_rad=Steps(0.0, 0.0, 0.0, 1))
        yield replace(config, crystal=crystal)


def merged_rotation(
    runs: Iterator[RunConfig], images: int, point_group: str, report: ImageCounter = lambda _, __: None
) -> MergedReflections:
    """Return the merged reflections of a simulated rotation series; only full ones count.

    Args:
        runs: from `rotation_series`.
        images: in the series.
        point_group: a key of `GENERATORS`.
        report: of progress.
    """
    parts = []
    maps = None
    for n, config in enumerate(runs):
        maps = ray_maps(config) if maps is None else maps
        image = simulate(config).numpy()
        parts.append(photons_by_reflection(image, config, maps, rotation_weights(maps), n))
        report(n + 1, images)
    full = full_reflections(joined(parts), images)
    return merge_reflections(full.hkl, full.intensity, np.ones(len(full.hkl)), point_group)


def merged_stills(
    runs: Iterator[RunConfig], count: int, point_group: str, report: ImageCounter = lambda _, __: None
) -> tuple[MergedReflections, MergedReflections]:
    """Return the merged reflections of simulated stills: by partialities, and as plain means.

    The second is the Monte Carlo mean: of all cuts of the Ewald sphere through the part of reciprocal space
    that lies nearest to the reflection, however far from its middle.

    Args:
        runs: from `still_series`.
        count: of the stills.
        point_group: a key of `GENERATORS`.
        report: of progress.
    """
    parts: list[SpotSums] = []
    shares = []
    maps = None
    for n, config in enumerate(runs):
        maps = ray_maps(config) if maps is None else maps
        image = simulate(config).numpy()
        sums = photons_by_reflection(image, config, maps, still_weights(maps), n)
        parts.append(sums)
        shares.append(partialities(config, sums.hkl))
        report(n + 1, count)
    every, share = joined(parts), np.concatenate(shares)
    near = share > LEAST_PARTIALITY
    cut = merge_reflections(every.hkl[near], every.intensity[near], share[near], point_group)
    mean = merge_reflections(every.hkl, every.intensity, np.ones(len(share)), point_group)
    return cut, mean
