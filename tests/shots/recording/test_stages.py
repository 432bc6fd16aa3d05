"""What a detector adds to photons: mean and variance of each stage, on fixed seeds.

A test of a mean or a variance over n pixels allows five standard errors, which chance alone would pass with a
false-alarm rate below 1e-6.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2, norm, poisson

from shots.geometry.panel import Panel, Setup
from shots.recording.noise import (
    flicker_factor,
    photons_counted,
    poisson_quantiles,
    readout_noise,
    sensitivity,
)
from shots.recording.seeds import ShotSeeds
from shots.recording.settings import BackgroundLayer, Recording
from shots.recording.stages import recorded_counts

SIDE = 200
STANDARD_ERRORS = 5.0
PANEL = Panel("a", SIDE, SIDE, 1e-4, (0.1, -0.01, -0.01), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0))
OTHER = replace(PANEL, name="b", origin_m=(0.1, 0.02, -0.01))
SETUP = Setup((PANEL, OTHER), (1.0, 0.0, 0.0), 1e-10, (0.0, 0.0, 1.0), 1.0, (0.0, 1.0, 0.0), 0.0, 0.0, 0.1)
SEEDS = ShotSeeds(plan=7, shot=3)
SILENT = Recording(poisson=False)
Numbers = NDArray[np.generic]


def flat(photons: float) -> NDArray[np.float32]:
    return np.full((SIDE, SIDE), photons, np.float32)


def read(photons: float, recording: Recording, seeds: ShotSeeds = SEEDS) -> NDArray[np.int32]:
    return recorded_counts(flat(photons), PANEL, SETUP, recording, seeds)


def photon_generators() -> tuple[np.random.Generator, np.random.Generator]:
    return SEEDS.of_shot("poisson", 0), SEEDS.of_shot("bright photons", 0)


def require_moments(found: Numbers, mean: float, variance: float, kurtosis: float = 3.0) -> None:
    """Check mean and variance within standard errors; a variance has that of the fourth moment."""
    n = found.size
    assert abs(found.mean(dtype=np.float64) - mean) < STANDARD_ERRORS * (variance / n) ** 0.5
    spread = variance * ((kurtosis - 1.0) / n) ** 0.5
    assert abs(found.var(dtype=np.float64) - variance) < STANDARD_ERRORS * spread


@pytest.mark.parametrize("mean", [0.02, 0.7, 3.0, 9.0, 11.9, 12.5, 40.0, 700.0, 2e5])
def test_photons_have_mean_and_variance_of_poisson(mean: float) -> None:
    counted = photons_counted(flat(mean), *photon_generators())
    require_moments(counted, float(np.float32(mean)), float(np.float32(mean)), 3.0 + 1.0 / mean)


def test_no_photons_stay_none() -> None:
    assert not photons_counted(flat(0.0), *photon_generators()).any()
    assert not photons_counted(flat(-1.0), *photon_generators()).any()


@pytest.mark.parametrize(("mean", "most"), [(12.0, 1e-4), (20.0, 3.3e-5), (33.3, 2e-5)])
def test_few_quantiles_differ_from_those_of_poisson(mean: float, most: float) -> None:
    """Half the sum of |P - P'| over all counts, P' from a grid of normal values, which alone gives 1e-5."""
    z = np.linspace(-6.5, 6.5, 1_300_001, dtype=np.float32)
    found = poisson_quantiles(np.full(z.shape, mean, np.float32), z).astype(int)
    weights = norm.pdf(z.astype(np.float64))
    law = np.bincount(found, weights / weights.sum(), int(mean + 12.0 * mean**0.5))
    assert 0.5 * np.abs(law - poisson.pmf(np.arange(len(law)), float(np.float32(mean)))).sum() < most


@pytest.mark.parametrize("mean", [4.0, 11.9, 12.0, 60.0, 900.0])
def test_counts_are_spread_as_poisson_says(mean: float) -> None:
    """Chi squared over counts that 20 or more of 640,000 pixels should have, below its 1e-6 quantile."""
    counted = photons_counted(np.full(640_000, mean, np.float32), *photon_generators()).astype(int)
    expected = poisson.pmf(np.arange(counted.max() + 1), float(np.float32(mean))) * counted.size
    often = expected > 20.0
    seen, expected = np.bincount(counted)[often], expected[often]
    assert ((seen - expected) ** 2 / expected).sum() < chi2.isf(1e-6, often.sum())


def test_dim_and_bright_pixels_may_lie_side_by_side() -> None:
    means = np.tile(np.array([0.5, 11.0, 13.0, 500.0], np.float32), (10_000, 1))
    counted = photons_counted(means, *photon_generators())
    for column, mean in enumerate(means[0]):
        require_moments(counted[:, column], float(mean), float(mean), 3.0 + 1.0 / float(mean))


def test_flicker_has_its_rms_from_shot_to_shot_and_is_one_factor_for_all_panels() -> None:
    factors = np.array([flicker_factor(0.05, ShotSeeds(7, shot)) for shot in range(2000)])
    require_moments(factors, 1.0, 0.05**2)
    silent = replace(SILENT, flicker=0.1)
    both = [recorded_counts(flat(1e6), panel, SETUP, silent, SEEDS) for panel in SETUP.panels]
    assert np.ptp(both) == 0
    assert both[0][0, 0] == round(1e6 * float(flicker_factor(0.1, SEEDS)))


def test_calibration_has_its_rms_and_is_the_same_in_all_shots_of_a_detector() -> None:
    factors = sensitivity(0.03, 5, 0, (SIDE, SIDE))
    require_moments(factors, 1.0, 0.03**2)
    calibrated = replace(SILENT, calibration=0.03, detector_seed=5)
    first, second = (read(1e4, calibrated, ShotSeeds(plan, plan)) for plan in (1, 2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, np.floor(np.float32(1e4) * factors + 0.5))
    assert np.corrcoef(factors.ravel(), sensitivity(0.03, 5, 1, (SIDE, SIDE)).ravel())[0, 1] < 0.025
    assert np.corrcoef(factors.ravel(), sensitivity(0.03, 6, 0, (SIDE, SIDE)).ravel())[0, 1] < 0.025


def test_readout_noise_has_its_rms() -> None:
    require_moments(readout_noise((SIDE, SIDE), 2.5, SEEDS.of_shot("readout_noise", 0)), 0.0, 2.5**2)


def test_all_stages_together_have_the_variance_of_the_specification() -> None:
    """gain^2 (p + p^2 calibration^2) + readout^2, and a twelfth of a count for rounding (spec 10)."""
    p, gain, calibration, readout, adc = 400.0, 1.8, 0.05, 3.0, 40.0
    settings = Recording(gain=gain, calibration=calibration, readout_noise=readout, adc=adc)
    variance = gain**2 * (p + p**2 * calibration**2) + readout**2 + 1.0 / 12.0
    require_moments(read(p, settings), gain * p + adc, variance)


def test_gain_of_panel_and_recording_multiply_and_rounding_is_to_the_nearest() -> None:
    panel = replace(PANEL, gain=2.0)
    setup = replace(SETUP, panels=(panel,))
    counts = recorded_counts(flat(1.25), panel, setup, replace(SILENT, gain=1.5, adc=0.75), SEEDS)
    assert np.unique(counts).tolist() == [5]


@pytest.mark.parametrize(
    ("settings", "panel_limit", "largest"),
    [({"bits": 16}, 1e9, 65535), ({"saturation": 500.5}, 1e9, 500), ({}, 300.0, 300), ({}, 1e12, 2**31 - 1)],
)
def test_counts_stop_at_the_least_limit(settings: dict[str, float], panel_limit: float, largest: int) -> None:
    panel = replace(PANEL, saturation=panel_limit)
    counts = recorded_counts(
        flat(1e12), panel, replace(SETUP, panels=(panel,)), replace(SILENT, **settings), SEEDS
    )
    assert np.unique(counts).tolist() == [largest]


def test_counts_do_not_go_below_0() -> None:
    assert read(0.0, replace(SILENT, adc=-10.0, readout_noise=2.0)).min() == 0


def test_hot_pixels_are_full_and_dead_ones_see_nothing_in_every_shot() -> None:
    settings = replace(SILENT, hot=0.01, dead=0.02, adc=3.0, bits=16)
    first, second = (read(100.0, settings, ShotSeeds(1, shot)) for shot in (0, 1))
    np.testing.assert_array_equal(first, second)
    for value, share in ((65535, 0.01), (3, 0.02)):
        expected = share * SIDE**2
        assert abs(np.count_nonzero(first == value) - expected) < STANDARD_ERRORS * expected**0.5
    masked = read(100.0, replace(settings, mask_bad=True))
    np.testing.assert_array_equal(masked == -1, first != 103)


def test_everything_follows_from_seed_shot_and_panel() -> None:
    settings = Recording(flicker=0.1, calibration=0.1, readout_noise=1.0, psf="gauss", psf_fwhm_um=120.0)
    counts = read(20.0, settings)
    np.testing.assert_array_equal(counts, read(20.0, settings))
    others = [read(20.0, settings, ShotSeeds(7, 4)), read(20.0, settings, ShotSeeds(8, 3))]
    others.append(recorded_counts(flat(20.0), OTHER, SETUP, settings, SEEDS))
    for other in others:
        assert np.mean(counts == other) < 0.25


def test_photons_stay_as_they_are() -> None:
    photons = flat(5.0)
    settings = Recording(
        flicker=0.1, calibration=0.1, readout_noise=1.0, adc=5.0, hot=0.1, dead=0.1, psf="fiber",
        psf_fwhm_um=90.0, background=(BackgroundLayer("water", path_mm=0.1, beam_um=100.0),),
    )  # fmt: skip
    recorded_counts(photons, PANEL, SETUP, settings, SEEDS, 1e22)
    assert (photons == 5.0).all()


def test_counts_do_not_depend_on_how_many_rows_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Recording(calibration=0.1, readout_noise=1.0, hot=0.01, dead=0.01)  # bright and dim pixels
    whole = read(20.0, settings)
    monkeypatch.setattr("shots.recording.stages.ROWS", 7)
    np.testing.assert_array_equal(whole, read(20.0, settings))
