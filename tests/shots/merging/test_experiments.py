"""Experiments on one reflection at a time: what integration must find follows from the crystal alone."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from shots.merging.experiments import rotation_series, still_series
from shots.merging.spots import photons_by_reflection, ray_maps
from shots.merging.stills import partialities, still_weights
from simulator import RunConfig, simulate

ARGS = (
    "-default_F 100 -cell 50 60 70 90 90 90 -Na 8 -Nb 7 -Nc 6 -gauss_xtal -lambda 1 -distance 100 -pixel 0.15"
    " -detpixels 240 -oversample 1 -fluence 1e24 -mosaic 0.2 -mosaic_domains 3"
)


@pytest.fixture(scope="module")
def run() -> RunConfig:
    return RunConfig.from_args(ARGS.split())


def test_orientations_are_uniform(run: RunConfig) -> None:
    """Entries of the matrices are uniform on -1 to 1: mean 0, mean square 1/3, within 5 standard errors."""
    turned = []
    for config in still_series(run, 5, 600):
        x, y, z = config.crystal.misset_rad
        c, s = np.cos([x, y, z]), np.sin([x, y, z])
        about_x = np.array([[1, 0, 0], [0, c[0], -s[0]], [0, s[0], c[0]]])
        about_y = np.array([[c[1], 0, s[1]], [0, 1, 0], [-s[1], 0, c[1]]])
        about_z = np.array([[c[2], -s[2], 0], [s[2], c[2], 0], [0, 0, 1]])
        turned.append(about_z @ about_y @ about_x)
    entries = np.array(turned)
    assert np.abs(entries.mean(axis=0)).max() < 5.0 * (1.0 / 3.0 / 600) ** 0.5
    assert np.abs((entries**2).mean(axis=0) - 1.0 / 3.0).max() < 5.0 * (4.0 / 45.0 / 600) ** 0.5


def test_stills_of_a_series_do_not_depend_on_how_many_there_are(run: RunConfig) -> None:
    few, many = (list(still_series(run, 1, count)) for count in (2, 5))
    assert [one.crystal.misset_rad for one in few] == [one.crystal.misset_rad for one in many[:2]]


def test_a_rotation_series_has_no_gaps(run: RunConfig) -> None:
    angles = [a for one in rotation_series(run, 0.6, 3, 4) for a in one.crystal.phi_rad.values()]
    np.testing.assert_allclose(np.diff(angles), 0.05, rtol=1e-9)


def test_cuts_through_equal_reflections_are_as_their_partialities(run: RunConfig) -> None:
    """All F are 100, so cut / partiality is one number; pixels of 1.5 rms widths sample a spot to 2 %."""
    (config,) = still_series(run, 2, 1)
    maps = ray_maps(config)
    sums = photons_by_reflection(simulate(config).numpy(), config, maps, still_weights(maps), 0)
    shares = partialities(config, sums.hkl)
    near = shares > 0.1
    assert near.sum() > 20
    ratio = sums.intensity[near] / shares[near]
    np.testing.assert_allclose(ratio / np.median(ratio), 1.0, atol=0.05)


def test_a_still_through_the_middle_is_whole_and_one_beside_it_is_not(run: RunConfig) -> None:
    """A reflection at q lies on the sphere when its crystal is turned by half the scattering angle."""
    crystal = replace(run.crystal, mosaic_spread_rad=0.0, mosaic_domains=1, has_misset=True)
    theta = math.asin(5 / 50.0 / 2.0)
    hkl = np.array([[-5, 0, 0], [5, 0, 0]])
    best = []
    for turn in (-theta, theta, 0.0):
        config = replace(run, crystal=replace(crystal, misset_rad=(0.0, turn + math.pi / 2.0, 0.0)))
        best.append(partialities(config, hkl).max())
    assert max(best[:2]) == pytest.approx(1.0, abs=1e-6)
    assert best[2] < 1e-3
