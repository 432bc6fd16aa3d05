"""Slopes of single functions, and gradients of images where a difference says nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from simulator import RunConfig, simulate
from simulator.errors import InputError
from simulator.fit.parameters import value_of, with_values
from simulator.physics.lattice.interference import (
    OFF_CENTRE,
    ball_slope,
    grating,
    grating_slopes,
    sinc3,
    sincg,
)

BASE = (
    "-dtype float64 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 8 -pixel 3 -N 5 -default_F 100"
    " -nonoise -nopgm -oversample 1 -phi 3 -polar 0.7 -twotheta 5 -detector_rotx 3"
)
CELL = "-cell 40 45 50 85 95 100"
ON_THE_PEAK = (
    "-cell 100 100 100 90 90 90 -misset 0 0 0 -lambda 1 -distance 100 -detpixels 9 -pixel 1 -N 5"
    " -default_F 10 -nonoise -polar 0.9 -Xbeam 4 -Ybeam 4 -oversample 1"
)
THREE = "-osc 2 -phisteps 3 -mosaic 1 -mosaic_domains 3"
SHAPES = ("", "-round_xtal", "-gauss_xtal")


def configured(options: str) -> RunConfig:
    return RunConfig.from_args(f"{BASE} {CELL} {options}".split())


def objective(config: RunConfig) -> Tensor:
    """Return a sum of all pixels with fixed weights, so that no symmetry cancels a slope."""
    weights = torch.randn(8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return (simulate(config) * weights).sum()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["misset_rad", "cell_lengths_A", "distance_m", "wavelength_m"])
def test_direct_beam_and_exact_peaks_have_finite_slopes(shape: str, name: str) -> None:
    config = RunConfig.from_args(f"{ON_THE_PEAK} {shape}".split())
    free = value_of(config, name).requires_grad_()
    (found,) = torch.autograd.grad(simulate(with_values(config, {name: free})).sum(), free)
    assert torch.isfinite(found).all()


def _quotient_of_sines(half_turns, cells):
    from mpmath import sinpi

    return sinpi(cells * half_turns) / sinpi(half_turns)


@pytest.mark.parametrize("cells", [5.0, 47.0, 1000.0])
def test_slopes_in_single_precision_against_exact_arithmetic(cells: float) -> None:
    mpmath = pytest.importorskip("mpmath")
    mpmath.mp.dps = 60
    for distance in (0.0, 1e-9, 1e-3, 0.004, 0.01, 0.06, 0.1, 0.3, 0.5):  # of N d, in half turns
        d = distance / cells if distance < 0.5 else 0.41
        index, N = torch.tensor([3.0 + d], dtype=torch.float64), torch.tensor(cells, dtype=torch.float64)
        index.requires_grad_(), N.requires_grad_()
        values = grating(index, torch.tensor([3.0]), N, torch.pi, torch.float32)
        found = torch.autograd.grad(values.sum(), (index, N))
        x = mpmath.mpf(float(index.detach()) - 3.0) + mpmath.mpf(10) ** -30
        sign = (-1) ** int(mpmath.nint(cells * x))
        exact = [mpmath.diff(_quotient_of_sines, (x, cells), order) for order in ((1, 0), (0, 1))]
        for value, expected, scale in zip(found, exact, (cells**2, 1.0), strict=True):
            assert float(value) == pytest.approx(float(sign * expected), rel=1e-5, abs=1e-6 * scale)


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
            phase, N = (torch.tensor([value], dtype=torch.float64) for value in (x, cells))
            one = (phase + OFF_CENTRE).sin()
            found = grating_slopes((phase, N * phase), N, (sincg(phase, N), one), along_cells=True)
            assert float(found[0]) == pytest.approx(float(exact), rel=1e-8, abs=1e-10 * cells**2)


@pytest.mark.parametrize("x", [0.0, 1e-8, 1e-3, 0.3, 0.49, 0.51, 1.0, 7.0])
def test_slope_of_the_ball(x: float) -> None:
    h = 1e-3
    ends = [
        float(sinc3(torch.tensor(x + n * h, dtype=torch.float64).abs(), series=True)) for n in (-2, -1, 1, 2)
    ]
    expected = (8 * (ends[2] - ends[1]) - (ends[3] - ends[0])) / (12 * h)
    assert float(ball_slope(torch.tensor(x, dtype=torch.float64))) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["misset_rad", "distance_m", "default_F"])
@pytest.mark.parametrize("dtype", ["mixed", "float32"])
def test_a_gradient_has_the_arithmetic_of_the_run(dtype: str, name: str) -> None:
    weights = torch.rand(9, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = []
    for words in (f"-dtype {dtype}", "-dtype float64"):
        config = RunConfig.from_args(f"{ON_THE_PEAK} {words}".split())
        free = value_of(config, name).requires_grad_()
        image = simulate(with_values(config, {name: free}))
        assert torch.equal(image.detach(), simulate(config))
        found.append(torch.autograd.grad((image * weights).sum(), free)[0])
    error = float((found[0] - found[1]).norm() / found[1].norm())
    assert 0.0 < error < 1e-5


@pytest.mark.parametrize("shape", ["-square_xtal", "-gauss_xtal", "-round_xtal", "-tophat_spots"])
@pytest.mark.parametrize("factor", [2.0**130, 2.0**-200])
def test_no_slope_leaves_the_range_of_single_precision(shape: str, factor: float) -> None:
    config = RunConfig.from_args(f"{ON_THE_PEAK} {shape} -dtype mixed".split())
    free = [value_of(config, name).requires_grad_() for name in ("distance_m", "default_F")]
    image = simulate(with_values(config, dict(zip(("distance_m", "default_F"), free, strict=True))))
    plain = torch.autograd.grad(image.sum(), free, retain_graph=True)
    large = torch.autograd.grad(image.sum() * factor, free)
    for a, b in zip(plain, large, strict=True):
        assert torch.isfinite(a)
        assert a != 0.0
        assert torch.equal(a * factor, b)


def test_gradient_runs_give_the_image_of_plain_runs() -> None:
    config = configured(THREE)
    free = value_of(config, "distance_m").requires_grad_()
    assert torch.equal(simulate(with_values(config, {"distance_m": free})).detach(), simulate(config))


PEAK = """
import sys, torch
from pathlib import Path
from simulator import RunConfig, simulate
from simulator.fit.parameters import value_of, with_values
config = RunConfig.from_args(sys.argv[1:])
free = value_of(config, "misset_rad").requires_grad_()
simulate(with_values(config, {"misset_rad": free})).square().sum().backward()
lines = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="no /proc: peak memory is not known")
def test_memory_of_a_gradient_grows_with_the_image_alone() -> None:
    peaks_kib = []
    for side in (512, 1024):
        words = f"{CELL} -misset 1 2 3 -lambda 1 -distance 100 -pixel 0.1 -detpixels {side} -N 5 -default_F 1"
        words += " -oversample 1 -osc 1 -phisteps 10 -nonoise --compile off"
        ran = subprocess.run(
            [sys.executable, "-c", PEAK, *words.split()], capture_output=True, text=True, check=True
        )
        peaks_kib.append(int(ran.stdout))
    pixels = 1024 * 1024 - 512 * 512
    # the graph of one evaluation keeps some 30 numbers: 1.9 GB more, if it were kept
    assert (peaks_kib[1] - peaks_kib[0]) * 1024 < 20 * 8 * pixels


def test_block_size_does_not_change_a_gradient() -> None:
    from dataclasses import replace

    found = []
    for elements in (1 << 15, 7):
        config = configured(THREE)
        config = replace(config, compute=replace(config.compute, block_elements=elements))
        free = value_of(config, "misset_rad").requires_grad_()
        found.append(torch.autograd.grad(objective(with_values(config, {"misset_rad": free})), free)[0])
    assert torch.allclose(found[0], found[1], rtol=1e-12)


def test_second_derivatives_are_refused() -> None:
    free = value_of(configured(""), "distance_m").requires_grad_()
    result = objective(with_values(configured(""), {"distance_m": free}))
    with pytest.raises(InputError, match="create_graph"):
        torch.autograd.grad(result, free, create_graph=True)


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
