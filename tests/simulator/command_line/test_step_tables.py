"""The tables that complete ranges, steps and counts (spec 04)."""

from __future__ import annotations

import pytest

from simulator.command_line.resolve import resolve_args
from simulator.command_line.step_tables import mosaic_domains, sensor_layers, spread_steps
from simulator.errors import InputError
from simulator.quirks import Quirks
from simulator.units import deg_of_rad

MINIMUM = ["-cell", "100", "-default_F", "1"]
C, SPEC = Quirks.c_parity(), Quirks.spec()
# one rounding of degrees to radians and back, a last digit of numbers of the order of 1
DIGITS = 1e-15

PHI_ROWS = [
    ("", [0], [0]),
    ("-osc 1", [0, 0.5], [0, 0.5]),
    ("-osc 0", [0, 0], [0]),
    ("-phistep 0.3", [0, 0.3], [0, 0.3]),
    ("-phistep 0.3 -phisteps 10", [0, 0.3], [0.3 * i for i in range(10)]),
    ("-osc 1 -phistep 0.3", [0, 0.3, 0.6, 0.9], [0, 0.3, 0.6, 0.9]),
    ("-osc 1 -phisteps 4", [0, 0.25, 0.5, 0.75], [0, 0.25, 0.5, 0.75]),
    ("-phisteps 4", [0, 0.25, 0.5, 0.75], [0, 0.25, 0.5, 0.75]),
    ("-phisteps 1", [0], [0]),
    ("-phi 5 -osc 1 -phisteps 1", [5], [5]),
    ("-osc 1 -phistep 0.1 -phisteps 3", [0, 0.1, 0.2], [0, 0.1, 0.2]),
    ("-osc 0 -phistep 1", [0], [0]),
    ("-osc -3", [0], [0]),
    ("-phisteps 0", [0], [0]),
]
SPREAD_ROWS = [
    ("-hdivrange 1", [-0.5, 0.5], [-0.5, 0.5]),
    ("-hdivstep 1", [-0.5, 0.5], [-0.5, 0.5]),
    ("-hdivrange 1 -hdivsteps 1", [-0.5, 0.5], [0]),
    ("-hdivrange 1 -hdivsteps 3", [-0.5, 0, 0.5], [-0.5, 0, 0.5]),
    ("-hdivstep 1 -hdivsteps 5", [-0.5, 0.5], [-2, -1, 0, 1, 2]),
    ("-hdivrange 1 -hdivstep 0.1 -hdivsteps 3", [-0.5, -0.4, -0.3], [-0.1, 0, 0.1]),
    ("-hdivrange 1 -hdivstep 0.3", [-0.5, -0.2, 0.1, 0.4], [-0.45, -0.15, 0.15, 0.45]),
    ("-hdivrange 1 -hdivstep 2", [-0.5], [0]),
    ("-hdivsteps 3", [-500, -1000 / 6, 1000 / 6], [0]),
    ("-hdivsteps 1", [-500], [0]),
    ("-hdivrange 0", [0], [0]),
]


@pytest.mark.parametrize(("options", "upstream", "sane"), PHI_ROWS)
def test_phi_steps_follow_the_table(options: str, upstream: list[float], sane: list[float]) -> None:
    for mode, wanted in (("c-parity", upstream), ("spec", sane)):
        steps = resolve_args([*MINIMUM, *options.split(), "--parity-mode", mode]).config.crystal.phi_rad
        assert [deg_of_rad(v) for v in steps.values()] == pytest.approx(wanted, abs=DIGITS)


@pytest.mark.parametrize(("options", "upstream", "sane"), SPREAD_ROWS)
def test_divergence_follows_the_table(options: str, upstream: list[float], sane: list[float]) -> None:
    for mode, wanted in (("c-parity", upstream), ("spec", sane)):
        steps = resolve_args([*MINIMUM, *options.split(), "--parity-mode", mode]).config.beam.hdiv_rad
        assert [1000 * v for v in steps.values()] == pytest.approx(wanted, rel=1e-12, abs=1e-12)


def test_one_phi_step_without_a_range_is_one_degree_in_the_header() -> None:
    steps = resolve_args([*MINIMUM, "-phisteps", "1"]).config.crystal.phi_rad
    assert deg_of_rad(steps.range) == pytest.approx(1.0, abs=DIGITS)


def test_dispersion_count_without_a_width_is_one_wavelength() -> None:
    assert spread_steps(0.0, -1.0, 5, C, "-dispersion").count == 1


def test_negative_dispersion_with_a_count_is_everything_or_an_error() -> None:
    assert spread_steps(-0.01, -1.0, 3, C, "-dispersion").range == 1.0
    with pytest.raises(InputError, match="-dispersion"):
        spread_steps(-0.01, -1.0, 3, SPEC, "-dispersion")


@pytest.mark.parametrize(
    ("thickness", "count", "upstream", "sane"),
    [(6.0, -1, (3.0, 2), (3.0, 2)), (6.0, 1, (6.0, 2), (6.0, 1)), (6.0, 3, (3.0, 3), (2.0, 3)),
     (0.0, 4, (0.0, 1), (0.0, 1)), (-1.0, -1, (0.0, 1), (0.0, 1))],
)  # fmt: skip
def test_layers(thickness: float, count: int, upstream: tuple[float, int], sane: tuple[float, int]) -> None:
    for quirks, wanted in ((C, upstream), (SPEC, sane)):
        layers = sensor_layers(thickness, count, quirks)
        assert (layers.step, layers.count) == wanted


def test_layer_count_without_a_positive_thickness_is_half_a_micrometre() -> None:
    assert sensor_layers(-1.0, 5, C).step == pytest.approx(1e-7, rel=1e-15)


@pytest.mark.parametrize(
    ("spread", "count", "wanted"),
    [(-1.0, -1, (0.0, 1)), (0.0, -1, (0.0, 1)), (0.1, -1, (0.1, 10)), (-1.0, 7, (0.0, 1)),
     (0.0, 7, (0.0, 1)), (0.1, 1, (0.1, 1))],
)  # fmt: skip
def test_mosaic_domains(spread: float, count: int, wanted: tuple[float, int]) -> None:
    assert mosaic_domains(spread, count)[:2] == wanted


def test_absurd_number_of_steps_is_refused() -> None:
    with pytest.raises(InputError, match="-hdivrange"):
        resolve_args([*MINIMUM, "-hdivrange", "1e9", "-hdivstep", "1e-9"])
