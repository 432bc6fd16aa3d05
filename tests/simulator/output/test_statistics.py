"""Statistics, integer image and preview (spec 08, 11 sections 10 and 15)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator.config import Detector, Output
from simulator.output.integer_images import integer_image, integer_scale, preview, preview_scale
from simulator.output.statistics import Statistics, statistics_of
from simulator.quirks import Quirks

C, SPEC = Quirks.c_parity(), Quirks.spec()
DETECTOR = Detector(fpixels=3, spixels=2, pixel_size_m=1e-4, roi=(0, 3, 0, 2))
IMAGE = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 0.0]], np.float32)
ALL = np.ones((2, 3), bool)
NOTHING = Statistics(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_mean_rms_and_rmsd() -> None:
    found = statistics_of(IMAGE, ALL, DETECTOR, 1, C)
    assert found.mean == 2.5
    assert found.rms == pytest.approx((55 / 5) ** 0.5, rel=1e-15)
    assert found.rmsd == pytest.approx((17.5 / 5) ** 0.5, rel=1e-15)


def test_masked_pixels_enter_rmsd_in_c_parity_only() -> None:
    kept = ALL.copy()
    kept[1, 2] = False
    assert statistics_of(IMAGE, kept, DETECTOR, 1, C).rmsd == pytest.approx((19 / 5) ** 0.5, rel=1e-15)
    assert statistics_of(IMAGE, kept, DETECTOR, 1, SPEC).rmsd == pytest.approx((10 / 4) ** 0.5, rel=1e-15)


@pytest.mark.parametrize(("oversample", "upstream"), [(1, 1.5e-4), (4, 1.875e-4)])
def test_maximum_lies_at_the_last_sub_pixel_or_the_centre(oversample: int, upstream: float) -> None:
    found = statistics_of(IMAGE, ALL, DETECTOR, oversample, C)
    assert (found.max_I, found.max_fast_m) == (5.0, pytest.approx(upstream, rel=1e-14))
    assert statistics_of(IMAGE, ALL, DETECTOR, oversample, SPEC).max_fast_m == pytest.approx(
        1.5e-4, rel=1e-14
    )


def test_first_of_equal_maxima_is_reported() -> None:
    flat = np.full((2, 3), 7.0, np.float32)
    assert statistics_of(flat, ALL, DETECTOR, 1, C).max_fast_m == pytest.approx(0.5e-4, rel=1e-14)


def test_squares_overflow_in_four_bytes_only() -> None:
    bright = IMAGE * np.float32(1e19)
    assert statistics_of(bright, ALL, DETECTOR, 1, C).rms == np.inf
    assert np.isfinite(statistics_of(bright, ALL, DETECTOR, 1, SPEC).rms)


def test_empty_region_gives_zeros() -> None:
    detector = replace(DETECTOR, roi=(2, 1, 0, 1))
    assert statistics_of(IMAGE * 0, ~ALL, detector, 1, C) == NOTHING


@pytest.mark.parametrize(
    ("value", "upstream", "sane"),
    [(54999.4999, 55000, 54999), (54999.498, 54999, 54999), (0.4999, 0, 0), (0.5, 1, 1),
     (40.49999999, 41, 40), (65534.49999, 65535, 65534), (65535, 65535, 65535), (-3, 0, 0),
     (9e9, 65535, 65535)],
)  # fmt: skip
def test_rounding_of_the_integer_image(value: float, upstream: int, sane: int) -> None:
    zero = np.zeros((2, 3), np.float32)
    assert integer_image(zero, 1.0, value, DETECTOR, C)[0, 0] == upstream
    assert integer_image(zero, 1.0, value, DETECTOR, SPEC)[0, 0] == sane


def test_pixels_outside_the_region_have_no_offset() -> None:
    counts = integer_image(IMAGE, 1.0, 40.0, replace(DETECTOR, roi=(1, 1, 0, 0)), C)
    assert counts.tolist() == [[0, 42, 0], [0, 0, 0]]


def test_scales_are_typed_or_follow_from_the_image() -> None:
    found = Statistics(5.0, 0.0, 0.0, 0.0, 0.0, 2.0)
    assert integer_scale(Output(scale=3.0), found) == 3.0
    assert integer_scale(Output(), found) == 11000.0
    assert integer_scale(Output(), NOTHING) == 1.0
    assert preview_scale(Output(), found, 9.0) == 25.0
    assert preview_scale(Output(), NOTHING, 9.0) == 9.0


def test_preview_truncates_and_saturates() -> None:
    shades = preview(IMAGE, 60.0, DETECTOR, C)
    assert shades.tolist() == [[60, 120, 180], [240, 255, 0]]


def test_preview_has_a_lower_limit_in_spec_mode() -> None:
    assert preview(-IMAGE, 1.0, DETECTOR, SPEC).max() == 0
    assert preview(-IMAGE, 1.0, DETECTOR, C)[0, 0] == 255
