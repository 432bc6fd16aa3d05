"""The noise image: which pixels draw, what is cut and how it is rounded (spec 08)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator.config import Detector, Output, RunConfig
from simulator.output.noise import noise_image
from simulator.output.poisson import poisson
from simulator.physics.c_random import Stream
from simulator.quirks import PARITY_MODES

MEANS = np.array([[0.0, 3.0, 50.0], [2.0e6, 0.5, 1.0e5]], np.float32)


def configured(
    adc: float = 40.0, mode: str = "c-parity", roi: tuple[int, int, int, int] = (0, 3, 0, 2)
) -> RunConfig:
    detector = Detector(fpixels=3, spixels=2, roi=roi)
    return RunConfig(detector=detector, output=Output(adc=adc, noise_seed=-1), quirks=PARITY_MODES[mode])


def test_pixels_draw_in_row_order_and_are_cut_at_65535() -> None:
    photons = poisson(MEANS.flatten().tolist(), Stream(-1))
    noise = noise_image(MEANS, configured())
    wanted = [min(int(n + 40.0), 65535) for n in photons]
    assert noise.counts.flatten().tolist() == wanted
    assert (noise.photons, noise.overloads) == (sum(photons), 2)


def test_pixels_outside_the_region_draw_nothing() -> None:
    noise = noise_image(MEANS, configured(roi=(1, 1, 0, 2)))
    wanted = poisson([3.0, 0.5], Stream(-1))
    assert noise.counts[:, 1].tolist() == [int(n) + 40 for n in wanted]
    assert noise.counts[:, 0].tolist() == [0, 0]


@pytest.mark.parametrize(("mode", "background"), [("c-parity", 0), ("spec", 1)])
def test_offset_is_truncated_or_rounded(mode: str, background: int) -> None:
    assert noise_image(np.zeros((2, 3), np.float32), configured(0.7, mode)).counts[0, 0] == background


@pytest.mark.parametrize(("mode", "background"), [("c-parity", 65436), ("spec", 0)])
def test_negative_counts_wrap_or_are_zero(mode: str, background: int) -> None:
    assert noise_image(np.zeros((2, 3), np.float32), configured(-100.0, mode)).counts[0, 0] == background


def test_same_seed_same_image() -> None:
    first, second = (noise_image(MEANS, configured()).counts for _ in range(2))
    assert (first == second).all()
    other = configured()
    other = replace(other, output=replace(other.output, noise_seed=-2))
    assert (noise_image(MEANS, other).counts != first).any()


def test_pixels_that_are_not_finite_end_in_counts() -> None:
    odd = np.array([[np.nan, np.inf, -5.0]], np.float32)
    config = replace(configured(), detector=Detector(fpixels=3, spixels=1, roi=(0, 3, 0, 1)))
    assert noise_image(odd, config).counts.tolist() == [[40, 65535, 40]]
