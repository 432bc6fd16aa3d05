"""Gradients of images against differences of the same images, for every continuous input."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from simulator import RunConfig, simulate
from simulator.errors import InputError
from simulator.lattice_factor import sinc3, sincg
from simulator.lattice_slopes import ball_slope, grating_slopes
from simulator.parameters import PARAMETERS, value_of, with_values

BASE = (
    "-dtype float64 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 8 -pixel 3 -N 5 -default_F 100"
    " -nonoise -nopgm -oversample 1 -phi 3 -polar 0.7 -twotheta 5 -detector_rotx 3"
)
CELL = "-cell 40 45 50 85 95 100"
THREE = "-osc 2 -phisteps 3 -mosaic 1 -mosaic_domains 3"
SENSOR = "-detector_thick 400 -detector_abs 300 -detector_thicksteps 2"
BEAMS = "-hdivrange 2 -hdivsteps 2 -dispersion 1 -dispsteps 2"
SHAPES = ("", "-round_xtal -fudge 0.8", "-gauss_xtal", "-tophat_spots -fudge 0.04")
SAMPLINGS = {
    "plain": "",
    "steps": f"{THREE} -oversample 2",
    "thick": f"{SENSOR} -oversample 2 -oversample_thick",
    "polar": f"{BEAMS} -oversample 2 -oversample_polar",
    "omega": "-oversample 2 -oversample_omega -point_pixel",
    "all-flags": f"{SENSOR} {BEAMS} -oversample 2 -oversample_thick -oversample_polar -oversample_omega",
    "water": f"-water 1 {SENSOR}",
    "curved": f"-curved_det {THREE}",
}
STEP = 2.0**-20
"""Of the largest component of a parameter (of 1 where all are 0); errors are of the fourth power of it."""
TOLERANCE = 2e-5
"""Of the larger of both slopes; the rounding of the image over the step is allowed for separately."""
JUMPS = {"normal_axis": "Q-ODET-DISCARDED asks whether its length is exactly 1"}
FLAT = {"water_size_m": "differences of its third power at 0 are rounding alone"}


def configured(options: str) -> RunConfig:
    return RunConfig.from_args(f"{BASE} {CELL} {options}".split())


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gradients") / "box.hkl"
    span = range(-7, 8)
    rows = [(h, k, l, 20 + (7 * h + 13 * k + 29 * l) % 61) for h in span for k in span for l in span]
    path.write_text("".join(f"{h} {k} {l} {F}\n" for h, k, l, F in rows if (h + k + l) % 5))
    return path


def objective(config: RunConfig) -> Tensor:
    """Return a sum of all pixels with fixed weights, so that no symmetry cancels a slope."""
    weights = torch.randn(8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return (simulate(config) * weights).sum()


def slopes(config: RunConfig, name: str) -> tuple[float, float, float]:
    """Return autograd's slope along a fixed direction, that of differences, and the rounding noise in it."""
    value = value_of(config, name)
    along = torch.randn(value.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    free = value.clone().requires_grad_()
    result = objective(with_values(config, {name: free}))
    found = torch.autograd.grad(result, free, allow_unused=True)[0] if result.requires_grad else None
    size = float(value.abs().max()) or 1.0

    def difference(times: int) -> float:
        step = times * STEP * size * along
        ends = [objective(with_values(config, {name: value + sign * step})) for sign in (1, -1)]
        return float(ends[0] - ends[1]) / (2 * times * STEP * size)

    expected = (4 * difference(1) - difference(2)) / 3
    noise = 64 * 2.0**-52 * float(simulate(config).abs().sum()) / (STEP * size)
    return 0.0 if found is None else float((found * along).sum()), expected, noise


def free_of_jumps(config: RunConfig) -> list[str]:
    """Return the parameters that a run has, without those whose differences say nothing at their value."""
    names = []
    for name in PARAMETERS:
        value = value_of(config, name)
        there = value.numel() > 0 and bool(torch.isfinite(value).all())
        jumps = name in JUMPS and "Q-ODET-DISCARDED" in config.quirks
        flat = name in FLAT and not value.any()
        if there and not jumps and not flat:
            names.append(name)
    return names


def check_all(config: RunConfig) -> int:
    """Assert that both slopes agree for all parameters; return how many slopes are not 0."""
    alive = 0
    for name in free_of_jumps(config):
        found, expected, noise = slopes(config, name)
        assert found == pytest.approx(expected, rel=TOLERANCE, abs=noise), name
        alive += found != 0.0
    return alive


@pytest.mark.parametrize("mode", ["spec", "c-parity"])
@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_slope_is_that_of_differences(shape: str, sampling: str, mode: str) -> None:
    alive = check_all(configured(f"{shape} {SAMPLINGS[sampling]} --parity-mode {mode}"))
    assert alive > (3 if "tophat" in shape else 10)


@pytest.mark.parametrize("mode", ["spec", "c-parity"])
@pytest.mark.parametrize("look_up", ["-interpolate", "-nointerpolate"])
@pytest.mark.parametrize("sampling", ["plain", "steps", "polar"])
def test_slopes_with_a_list_of_reflections(look_up: str, sampling: str, mode: str, box: Path) -> None:
    options = f"-hkl {box} {look_up} -N 4 {SAMPLINGS[sampling]} --parity-mode {mode}"
    assert check_all(configured(options)) > 10


def test_slopes_of_a_source_file(tmp_path: Path) -> None:
    rows = "-1 0.1 0.05 1.2 1.0e-10\n-1 -0.1 0.02 0.7 1.01e-10\n"
    (tmp_path / "sources.txt").write_text(rows)
    config = configured(f"-sourcefile {tmp_path / 'sources.txt'}")
    for name in ("source_positions_m", "source_weights", "source_wavelengths_m"):
        found, expected, noise = slopes(config, name)
        assert found == pytest.approx(expected, rel=TOLERANCE, abs=noise)
        assert found != 0.0


def test_slopes_of_a_matrix(tmp_path: Path) -> None:
    (tmp_path / "A.mat").write_text("0.020 0.003 0.001\n-0.002 0.018 0.004\n0.001 -0.003 0.016\n")
    options = BASE.replace("-misset 10 20 30", "")
    config = RunConfig.from_args(f"{options} -mat {tmp_path / 'A.mat'}".split())
    found, expected, noise = slopes(config, "matrix")
    assert found == pytest.approx(expected, rel=TOLERANCE, abs=noise)
    assert found != 0.0


@pytest.mark.parametrize("shape", SHAPES[:3])
@pytest.mark.parametrize("name", ["misset_rad", "cell_lengths_A", "distance_m", "wavelength_m"])
def test_direct_beam_and_exact_peaks_have_finite_slopes(shape: str, name: str) -> None:
    line = (
        "-cell 100 100 100 90 90 90 -misset 0 0 0 -lambda 1 -distance 100 -detpixels 9 -pixel 1 -N 5"
        " -default_F 10 -nonoise"
    )
    config = RunConfig.from_args(f"{line} -polar 0.9 -Xbeam 4 -Ybeam 4 -oversample 1 {shape}".split())
    free = value_of(config, name).requires_grad_()
    (found,) = torch.autograd.grad(simulate(with_values(config, {name: free})).sum(), free)
    assert torch.isfinite(found).all()


@pytest.mark.parametrize("cells", [1.0, 5.0, 47.0, 1000.0])
def test_grating_slopes_against_exact_arithmetic(cells: float) -> None:
    mpmath = pytest.importorskip("mpmath")
    mpmath.mp.dps = 60
    for turns in (0, 3):
        for offset in (0.0, 1e-15, 1e-9, 1e-5, 0.01 / cells, 0.1 / cells, 0.3, 1.2):
            x = turns * torch.pi + offset
            exact = mpmath.diff(
                lambda p: mpmath.sin(cells * p) / mpmath.sin(p), mpmath.mpf(x) + mpmath.mpf(10) ** -30
            )
            found = grating_slopes(
                torch.tensor(x, dtype=torch.float64), torch.tensor(cells, dtype=torch.float64)
            )
            assert float(found[0]) == pytest.approx(float(exact), rel=1e-8, abs=1e-10 * cells**2)


@pytest.mark.parametrize("x", [0.0, 1e-8, 1e-3, 0.3, 0.49, 0.51, 1.0, 7.0])
def test_slope_of_the_ball(x: float) -> None:
    h = 1e-3
    ends = [
        float(sinc3(torch.tensor(x + n * h, dtype=torch.float64).abs(), series=True)) for n in (-2, -1, 1, 2)
    ]
    expected = (8 * (ends[2] - ends[1]) - (ends[3] - ends[0])) / (12 * h)
    assert float(ball_slope(torch.tensor(x, dtype=torch.float64))) == pytest.approx(expected, abs=1e-9)


def test_gradient_runs_give_the_image_of_plain_runs() -> None:
    config = configured(THREE)
    free = value_of(config, "distance_m").requires_grad_()
    assert torch.equal(simulate(with_values(config, {"distance_m": free})).detach(), simulate(config))


def test_block_size_does_not_change_a_gradient() -> None:
    from dataclasses import replace

    found = []
    for elements in (1 << 15, 7):
        config = configured(THREE)
        config = replace(config, compute=replace(config.compute, block_elements=elements))
        free = value_of(config, "misset_rad").requires_grad_()
        found.append(torch.autograd.grad(objective(with_values(config, {"misset_rad": free})), free)[0])
    assert torch.allclose(found[0], found[1], rtol=1e-12)


def test_a_detached_factor_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator import rays

    whole = rays.solid_angle_sr
    monkeypatch.setattr(rays, "solid_angle_sr", lambda *given: whole(*given).detach())
    found, expected, noise = slopes(configured(""), "pixel_size_m")
    assert found != pytest.approx(expected, rel=TOLERANCE, abs=noise)


def test_centre_of_the_grating_has_slope_zero() -> None:
    phase = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    sincg(phase, torch.tensor(5.0, dtype=torch.float64)).sum().backward()
    assert phase.grad is not None
    assert phase.grad.item() == pytest.approx(0.0, abs=1e-20)


def test_wrong_names_and_shapes_are_refused() -> None:
    config = configured("")
    with pytest.raises(InputError, match="unknown"):
        value_of(config, "colour")
    with pytest.raises(InputError, match="shape"):
        with_values(config, {"misset_rad": torch.zeros(2, dtype=torch.float64)})
