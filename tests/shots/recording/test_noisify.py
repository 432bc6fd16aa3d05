"""Upstream's separate noise program: what spec 10 states of its streams, its blur, its limits."""

from __future__ import annotations

import numpy as np
import pytest

from shots.recording.noisify import UpstreamNoise, noiseless_counts, noisified, spread_by_pixel
from simulator.output.poisson import poisson
from simulator.physics.c_random import Shuffle, Stream

QUIET = UpstreamNoise(calibration=0.0, adc=0.0)


def flat(mean: float, shape: tuple[int, int] = (40, 40)) -> np.ndarray:
    return np.full(shape, mean, np.float32)


def test_deviates_taken_one_by_one_are_those_of_the_stream() -> None:
    draw = Stream(-1).one_by_one()
    assert [draw() for _ in range(10_000)] == Stream(-1).uniforms(10_000)


def test_streams_that_take_turns_are_those_that_ask_for_one_deviate_at_a_time() -> None:
    shared, other = Shuffle(), Shuffle()
    quick = [Stream(seed, shared).one_by_one() for seed in (123456789, -7)]
    slow = [Stream(seed, other).uniform for seed in (123456789, -7)]
    turns = [0, 1, 1, 0, 0, 1] * 40
    assert [quick[n]() for n in turns] == [slow[n]() for n in turns]


@pytest.mark.parametrize(
    ("seed", "mean", "counts"),
    [
        (-1, 3.0, [1, 5, 6, 2, 2, 3, 2, 2, 3, 5]),
        (-54321, 100.0, [89, 98, 106, 108, 108, 111, 113, 93, 99, 106]),
    ],
)
def test_photon_noise_alone_is_that_of_the_specification(seed: int, mean: float, counts: list[int]) -> None:
    found = noisified(flat(mean, (2, 5)), UpstreamNoise(calibration=0.0, adc=0.0, seed=seed))
    assert found.counts.ravel().tolist() == counts


def test_mixed_means_draw_one_after_the_other() -> None:
    means = np.array([[0, 0.5, 3, 11.9, 12], [100, 1234.5, 300, 0.5, 30]], np.float32)
    found = noisified(means, UpstreamNoise(calibration=0.0, adc=0.0, seed=-7))
    assert found.counts.ravel().tolist() == poisson(means.ravel().tolist(), Stream(-7))


def test_variance_is_that_of_the_specification() -> None:
    """gain^2 (p + p^2 (flicker^2 + calibration^2)) + readout^2, within 5 standard errors; counts are cut."""
    noise = UpstreamNoise(0.04, 0.05, gain=2.0, readout_noise=5.0)
    counts = noisified(flat(300.0), noise).counts
    variance = 4.0 * (300.0 + 300.0**2 * (0.04**2 + 0.05**2)) + 25.0
    assert abs(counts.mean() - (640.0 - 0.5)) < 5.0 * (variance / counts.size) ** 0.5
    assert abs(counts.var() - variance) < 5.0 * variance * (2.0 / counts.size) ** 0.5


def test_calibration_is_not_the_same_in_runs_of_other_noise_seeds() -> None:
    """The quirk that spec 10 states: the streams share their table and spare."""
    runs = [
        noisified(flat(1e5), UpstreamNoise(calibration=0.5, seed=seed, bits=32)).counts for seed in (-1, -2)
    ]
    assert abs(np.corrcoef(runs[0].ravel(), runs[1].ravel())[0, 1]) < 5.0 / 40.0


def test_with_flicker_the_calibration_seed_has_no_effect() -> None:
    runs = [
        noisified(flat(50.0), UpstreamNoise(0.1, 0.1, calibration_seed=seed)).counts.tolist()
        for seed in (123456789, 5)
    ]
    assert runs[0] == runs[1]


@pytest.mark.parametrize(
    ("shape", "row"),
    [("gauss", (322069.0, 117463.0, 5233.8, 24.6)), ("fiber", (132753.6, 58068.4, 14821.3, 5114.0))],
)
def test_one_bright_pixel_is_spread_as_upstream_was_seen_to(shape: str, row: tuple[float, ...]) -> None:
    """The numbers of spec 10; the tail that goes to all pixels depends on their number, 1e-5 of it here."""
    image = np.zeros((301, 301), np.float32)
    image[150, 150] = 1e6
    found = spread_by_pixel(image, shape, 1.5)[150, 150:154]
    np.testing.assert_allclose(found, row, rtol=2e-4, atol=0.3)


def test_a_given_radius_cuts_the_spread() -> None:
    image = np.zeros((21, 21), np.float32)
    image[10, 10] = 1000.0
    found = spread_by_pixel(image, "fiber", 1.5, 3)
    evenly = found[0, 0]
    assert (found == evenly).sum() == 21 * 21 - 29
    assert evenly == pytest.approx(1000.0 * 0.97857 / np.hypot(0.97857, 3.0) / 441, rel=1e-4)


def test_what_passes_the_end_of_a_row_by_one_falls_on_the_next() -> None:
    image = np.zeros((9, 9), np.float32)
    image[4, 8] = 1000.0
    found = spread_by_pixel(image, "gauss", 1.5, 2)
    assert found[5, 0] - found[8, 0] == pytest.approx(117.463, rel=2e-3)


@pytest.mark.parametrize(("bits", "bright", "dark"), [(16, 65535, 65533), (32, 2000000, -3)])
def test_limits_are_those_of_the_depth_and_below_0_there_is_none(bits: int, bright: int, dark: int) -> None:
    noise = UpstreamNoise(calibration=0.0, adc=-3.0, bits=bits)
    found = noisified(np.array([[2e6, 0.0]], np.float32), noise)
    assert found.counts[0, 1] == dark
    assert found.counts[0, 0] == pytest.approx(bright, rel=0.01)
    assert found.overloads == (bits == 16)


def test_the_noiseless_image_is_cut_off_and_limited_to_16_bits() -> None:
    counts = noiseless_counts(np.array([[1.99, 1e6, 0.0]], np.float32), 1.0, 40.0)
    assert counts.tolist() == [[41, 65535, 40]]


def test_a_fresh_start_has_no_other_state() -> None:
    assert noisified(flat(9.0), QUIET).counts.tolist() == noisified(flat(9.0), QUIET).counts.tolist()
