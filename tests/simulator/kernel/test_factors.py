"""The factors of a pixel and of an evaluation: vectors of spec 11 sections 1 to 12."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from simulator.config import Beam, StructureFactors
from simulator.kernel.accumulate import add_terms, multiply_running_sum, running_sums, summed
from simulator.physics.absorption import capture_fraction
from simulator.physics.background import water_electrons_sqr
from simulator.physics.lattice.crystal_shape import CrystalShape
from simulator.physics.lattice.interference import sinc3, sincg
from simulator.physics.lattice.shapes import crystal_shape
from simulator.physics.polarization import kahn_factor
from simulator.physics.solid_angle import solid_angle_sr
from simulator.physics.structure_factors import Table, in_range, make_table, nearest_F, tricubic_F
from simulator.physics.vectors import length, vec
from simulator.quirks import Quirks

C, SPEC = Quirks.c_parity(), Quirks.spec()
PI = math.pi


def real(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


@pytest.mark.parametrize(
    ("x", "cells", "expected", "tolerance"),
    [
        (0.0, 5, 5, 0),
        (1e-9, 5, 5, 1e-14),
        (0.3 * PI, 5, -1.2360679774997896, 1e-14),
        (PI / 2, 5, 1, 1e-14),
        (2.37 * PI, 7, 1.0463512346355743, 1e-13),
        (1.0001 * PI, 10, -9.999983715163415, 1e-11),
        (1.0000000001 * PI, 20, -20, 1e-6),
        (PI, 4, -4, 1e-14),
        (PI, 5, 5, 1e-14),
    ],
)
def test_grating_function(x: float, cells: int, expected: float, tolerance: float) -> None:
    assert sincg(real(x), torch.tensor(float(cells))).item() == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize(("whole", "cells"), [(3, 7), (-3, 7), (5, 10), (17, 20), (100, 1000)])
def test_spec_mode_peaks_are_as_high_as_the_cells(whole: int, cells: int) -> None:
    shape = square_shape((cells, 1, 1), SPEC)
    h = vec(real(whole, 0, 0))
    assert shape.factor(h, h, lambda name, value: value).item() == cells


def square_shape(cells: tuple[int, int, int], quirks: Quirks) -> CrystalShape:
    zero = vec((0, 0, 0))
    return crystal_shape("SQUARE", cells, 1.0, (zero, zero, zero), quirks, torch.float64)


SINC3 = {
    0.0: (1, 1), 1e-9: (0, 1), 3e-8: (0.74014868308343784, 0.99999999999999989),
    1e-6: (1.0001999228848035, 0.99999999999989997), 1e-4: (1.0000000161269895, 0.99999999900000003),
    0.01: (0.99999000003569982, 0.99999000003571437), 0.1: (0.99900035707671786, 0.99900035707671786),
    1.0: (0.90350603681927022, 0.90350603681927022), 10.0: (0.023540082539625463, 0.023540082539625463),
}  # fmt: skip


@pytest.mark.parametrize(("x", "expected"), SINC3.items())
def test_transform_of_a_ball(x: float, expected: tuple[float, float]) -> None:
    noise = 1e-15 / (x * x) if x > 1e-8 else 1e-15
    assert sinc3(real(x), series=False).item() == pytest.approx(expected[0], abs=noise + 1e-14)
    assert sinc3(real(x), series=True).item() == pytest.approx(expected[1], rel=1e-14)


SHAPES = {
    ("SQUARE", 1.0): -81.560002468822503, ("SQUARE", 0.7): -81.560002468822503,
    ("ROUND", 1.0): 68.153677698253446, ("ROUND", 0.7): 73.426528863587208,
    ("GAUSS", 1.0): 115.41410803350102, ("GAUSS", 0.7): 116.77116241545343,
    ("TOPHAT", 1.0): 120, ("TOPHAT", 0.7): 120,
}  # fmt: skip
STARS = (vec((0.01, 0, 0)), vec((0.001, 0.0125, 0)), vec((0, 0.002, 0.02)))


@pytest.mark.parametrize(("case", "expected"), SHAPES.items())
@pytest.mark.parametrize(("dtype", "digits"), [(torch.float64, 1e-14), (torch.float32, 2e-7)])
def test_shapes(case: tuple, expected: float, dtype: torch.dtype, digits: float) -> None:
    shape = crystal_shape(case[0], (4, 5, 6), case[1], STARS, C, dtype)
    found = shape.factor(vec((2.1, -0.95, 3.02)), vec((2, -1, 3)), lambda name, value: value).item()
    sign = -1 if dtype == torch.float32 and expected < 0 else 1  # the reduced phase loses the sign
    assert sign * found == pytest.approx(expected, rel=digits)


POLARIZATION = [
    (0, (1, 0, 0), (0.8, 0.6, 0), (0, 0, 1), 0.82000000000000006),
    (0.5, (1, 0, 0), (0.8, 0.6, 0), (0, 0, 1), 0.91000000000000003),
    (0.5, (1, 0, 0), (0.8, 0, 0.6), (0, 0, 1), 0.73000000000000009),
    (1, (1, 0, 0), (0.8, 0, 0.6), (0, 0, 1), 0.64000000000000012),
    (1, (1, 0, 0), (0, 0, 1), (0, 0, 1), 0),
    (0.9, (1, 0, 0), (0.5, 0.5, 0.7071067811865476), (0, 0, 1), 0.51249999999999996),
    (0.99, (2, 0.1, -0.05), (1.5, -0.7, 0.9), (0.1, 0.2, 3), 0.77991364520894513),
    (-0.3, (0, 0, 1), (0.3, 0.4, 0.5), (0, 1, 0), 0.77100000000000002),
    (0.7, (1, 0, 0), (1, 0, 0), (0, 0, 1), 1),
    (0.7, (0, 0, 1), (0.3, 0.4, 0.5), (0, 0, 1), 0.57499999999999996),
]


@pytest.mark.parametrize(("kahn", "incident", "diffracted", "axis", "expected"), POLARIZATION)
def test_polarization(kahn: float, incident: tuple, diffracted: tuple, axis: tuple, expected: float) -> None:
    found = kahn_factor(number(kahn), vec(incident), vec(diffracted), vec(axis)).item()
    assert found == pytest.approx(expected, rel=1e-14, abs=1e-16)


@pytest.mark.parametrize(
    ("pixel_m", "position", "close_m", "omega", "point"),
    [
        (1e-4, (0.1, 0, 0), 0.1, 9.9999999999999995e-07, 100),
        (1e-4, (0.1, 0.02, -0.03), 0.1, 8.3249634370229846e-07, 88.495575221238937),
        (1.72e-4, (0.25, -0.11, 0.2), 0.25, 1.9064261041071662e-07, 8.7260034904013963),
        (1e-4, (0.1, 0.05, 0.05), 0.08, 4.354648431614538e-07, 66.666666666666657),
    ],
)
def test_solid_angle(pixel_m: float, position: tuple, close_m: float, omega: float, point: float) -> None:
    R, close = length(vec(position)), real(close_m)[0]
    assert solid_angle_sr(R, number(pixel_m), close, False, C).item() == omega
    assert solid_angle_sr(R, number(pixel_m), close, True, C).item() == pytest.approx(point, rel=2e-16)
    assert solid_angle_sr(R, number(pixel_m), close, True, SPEC).item() == pytest.approx(
        pixel_m**2 * point, rel=1e-15
    )


@pytest.mark.parametrize(
    ("layer", "layer_m", "mu", "rho", "expected"),
    [
        (0, 112.5e-6, 4000, 1, 0.36237184837822667),
        (4, 112.5e-6, 4000, 1, 0.059899663659722199),
        (4, 112.5e-6, 4000, 0.8, 0.045344556666556388),
        (1, 5e-5, 1e4, 0.9, 0.24456043292952717),
        (0, 0, -1, 1, 0),
    ],
)
def test_capture(layer: int, layer_m: float, mu: float, rho: float, expected: float) -> None:
    assert capture_fraction(layer, number(layer_m), number(mu), real(rho)).item() == pytest.approx(
        expected, rel=1e-14
    )


def test_water() -> None:
    at_default = water_electrons_sqr(Beam(water_size_m=5e-6), C)
    weaker = water_electrons_sqr(Beam(water_size_m=5e-6, fluence_photons_per_m2=1e24), C)
    assert at_default == pytest.approx(27621975214424.309, rel=1e-15)
    assert weaker == pytest.approx(219340373.07068539, rel=1e-15)
    assert water_electrons_sqr(Beam(water_size_m=5e-6, fluence_photons_per_m2=1e24), SPEC) == at_default


@pytest.mark.parametrize(
    ("start", "terms", "weights", "expected"),
    [
        (0.0, (1.0, 1.0, 1.0, 1.0), (0.9, 0.9, 0.9, 0.9), 3.0951),
        (5.0, (100.0, 200.0, 300.0, 400.0), (0.9, 0.8, 0.7, 0.6), 464.952),
        (0.0, (1e6, 2e6, 3e6, 4e6), (9.9e-7, 9.8e-7, 9.7e-7, 9.6e-7), 3.8400027936018244),
    ],
)
def test_running_product(start: float, terms: tuple, weights: tuple, expected: float) -> None:
    I, t, w = real(start), real(*terms)[:, None, None, None], real(*weights)[:, None, None, None]
    assert multiply_running_sum(I, t, (None, w), None).item() == pytest.approx(expected, rel=1e-15)
    total = summed(I, t, (None, w), None)
    sums = running_sums(I, t, (None, w), None, total)
    assert sums[-1].item() == total.item() == pytest.approx(expected, rel=1e-15)
    assert sums[0].item() == pytest.approx((start + terms[0]) * weights[0], rel=1e-15)
    assert add_terms(real(0.0), t, w).item() == pytest.approx(sum(map(float, terms * real(*weights).numpy())))


def table_of(low: int, high: int, function: object) -> Table:
    span = range(low, high + 1)
    values = np.array([[[function(h, k, l) for l in span] for k in span] for h in span], float)  # type: ignore[operator]
    return make_table(StructureFactors(-1.0, values.size, values, (low, low, low)))


def smooth(h: int, k: int, l: int) -> float:
    return 10 + 3 * h - 2 * k + 5 * l + h * k * l + h**3 - 2 * k * k * l + l**3


def rough(h: int, k: int, l: int) -> float:
    return (7 * h + 13 * k + 29 * l) % 31 + 1


TRICUBIC = [
    ((0.5, 0.5, 0.5), 13.125, 12.853271484375),
    ((0.25, 0.75, 0.1), 9.6728749999999994, 11.599250335693363),
    ((3.2, -1.4, 5.9), 240.48700000000011, 22.966635391999997),
    ((2.0, 3.0, 4.0), 54, 15),
    ((-2.3, -0.01, 1.999), 8.9815831990000046, 10.401163716282406),
]


@pytest.mark.parametrize(("hkl", "A", "B"), TRICUBIC)
def test_tricubic_interpolation(hkl: tuple, A: float, B: float) -> None:
    point = vec(real(*hkl))
    assert tricubic_F(table_of(-9, 9, smooth), point).item() == pytest.approx(A, rel=1e-12)
    assert tricubic_F(table_of(-9, 9, rough), point).item() == pytest.approx(B, rel=1e-12)


def test_nearest_entry_and_default_outside() -> None:
    table = table_of(-2, 2, rough)
    axis = torch.arange(-4.0, 5.0, dtype=torch.float64)
    h, k, l = torch.meshgrid(axis, axis, axis, indexing="ij")
    found = nearest_F(table, h.flatten(), k.flatten(), l.flatten()).tolist()
    places = zip(h.flatten().tolist(), k.flatten().tolist(), l.flatten().tolist(), strict=True)
    assert found == [rough(*map(int, p)) if max(map(abs, p)) <= 2 else -1.0 for p in places]


def test_no_number_gives_the_default() -> None:
    nothing = real(math.nan)
    assert nearest_F(table_of(-2, 2, rough), nothing, nothing, nothing).item() == -1.0


@pytest.mark.parametrize(("quirks", "low", "high"), [(C, -7.0, 7.0), (SPEC, -8.0, 8.0)])
def test_range_of_interpolation(quirks: Quirks, low: float, high: float) -> None:
    table, zero = table_of(-9, 9, smooth), real(0, 0, 0, 0)
    edge = 1e-9  # well above the rounding of h - h_min
    h = real(low, low - edge, high - edge, high + edge)
    assert in_range(table, (h, zero, zero), quirks).tolist() == [True, False, True, False]


@pytest.mark.parametrize(
    ("x", "expected"),
    [(-2.5, -3), (-0.5, -1), (-0.49999999999999994, -1), (0.49999999999999994, 0), (0.5, 0), (1.5, 1),
     (0.50000000000000011, 1), (3.4999999999999996, 3), (-7.5000000000000009, -8), (1e9 + 0.5, 10**9)],
)  # fmt: skip
def test_nearest_whole_index(x: float, expected: int) -> None:
    assert (real(x) - 0.5).ceil().item() == expected
