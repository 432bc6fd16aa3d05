"""Point-spread functions: the numbers of spec 10, energy, and edges."""

from __future__ import annotations

import numpy as np
import pytest

from shots.recording.blur import blurred, psf_kernel


@pytest.mark.parametrize(
    ("shape", "share"),
    [
        ("gauss", (0.322069, 0.117463, 0.0052338, 0.0000246)),
        ("fiber", (0.1327536, 0.0580684, 0.0148213, 0.0051140)),
    ],
)
def test_one_bright_pixel_spreads_as_the_specification_says(shape: str, share: tuple[float, ...]) -> None:
    image = np.zeros((81, 81), np.float32)
    image[40, 40] = 1e6
    np.testing.assert_allclose(blurred(image, shape, 1.5)[40, 40:44] / 1e6, share, rtol=2e-3, atol=2e-6)


def test_a_gaussian_keeps_all_photons_away_from_edges() -> None:
    image = np.zeros((60, 50), np.float32)
    image[25:30, 20:30] = 1000.0
    assert blurred(image, "gauss", 2.2).sum(dtype=np.float64) == pytest.approx(5e4, rel=1e-6)


def test_a_fibre_keeps_what_does_not_leave_the_panel() -> None:
    """Beyond a circle of radius r lies g / sqrt(g^2 + r^2); a square of half side r lies between two."""
    image = np.zeros((101, 101), np.float32)
    image[50, 50] = 1e6
    kept = blurred(image, "fiber", 1.5).sum(dtype=np.float64) / 1e6
    g = 0.652383013252053 * 1.5
    lost = [g / np.hypot(g, radius) for radius in (50.5, 50.5 * 2**0.5)]
    assert 1.0 - lost[0] < kept < 1.0 - lost[1]


@pytest.mark.parametrize("shape", ["gauss", "fiber"])
def test_an_edge_loses_and_does_not_wrap(shape: str) -> None:
    image = np.zeros((20, 30), np.float32)
    image[10, 0] = 1e6
    found = blurred(image, shape, 2.0)
    kernel = psf_kernel(shape, 2.0, 19, 29)
    np.testing.assert_allclose(found[10], 1e6 * kernel[19, 29:], rtol=1e-4, atol=0.3)
    assert found.sum() < 0.8e6


@pytest.mark.parametrize("shape", ["gauss", "fiber"])
def test_every_pixel_is_the_sum_of_its_neighbours_shares(shape: str) -> None:
    image = np.random.default_rng(1).random((9, 12)).astype(np.float32)
    kernel = psf_kernel(shape, 1.0, 8, 11)
    wanted = [[(image * kernel[8 - s : 17 - s, 11 - f : 23 - f]).sum() for f in range(12)] for s in range(9)]
    np.testing.assert_allclose(blurred(image, shape, 1.0), wanted, rtol=2e-6)


@pytest.mark.parametrize("shape", ["gauss", "fiber"])
def test_a_width_far_below_a_pixel_leaves_the_image(shape: str) -> None:
    image = np.random.default_rng(1).random((9, 12)).astype(np.float32)
    np.testing.assert_allclose(blurred(image, shape, 1e-6), image, atol=1e-5)
