"""Ways in which people use an image with a gradient: each works, or is refused by name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import least_squares
from torch import Tensor
from torch.autograd.functional import jacobian, jvp

from simulator import Experiment, RunConfig, simulate, simulate_with_facts
from simulator.dual_tensors import dual_of, dual_tensors, plain_and_tangent
from simulator.errors import InputError
from simulator.fit.parameters import value_of, with_values
from simulator.image import render
from simulator.scene.scene import prepare
from tests.simulator.small_run import LINE, run


def image_at(distance_m: Tensor) -> Tensor:
    return simulate(with_values(run(), {"distance_m": distance_m}))


def rendered_at(distance_m: Tensor) -> Tensor:
    return render(prepare(with_values(run(), {"distance_m": distance_m}))).image


def with_facts_at(distance_m: Tensor) -> Tensor:
    return simulate_with_facts(with_values(run(), {"distance_m": distance_m}))[0]


def distance(gradient: bool = False) -> Tensor:
    return torch.tensor(0.1, dtype=torch.float64, requires_grad=gradient)


def turned_by_nothing(config: RunConfig) -> RunConfig:
    """Return a run of three mosaic domains with a spread of 0, which no command line gives."""
    crystal = replace(config.crystal, mosaic_spread_rad=0.0, mosaic_domains=3)
    return replace(config, crystal=crystal)


def many_gradients(value: Tensor) -> Tensor:
    image = image_at(value).flatten()
    given = torch.eye(144, dtype=torch.float64)[:3]
    return torch.autograd.grad(image, [value], given, is_grads_batched=True)[0]


def dual(value: Tensor, image: Callable[[Tensor], Tensor] = image_at) -> Tensor:
    """Return the tangent of an image."""
    with dual_tensors():
        return plain_and_tangent(image(dual_of(value, torch.ones_like(value))))[1]  # type: ignore[return-value]


def of_experiment(value: Tensor) -> Tensor:
    experiment = Experiment(run(), "distance_m")
    variables = {name: torch.zeros(1, dtype=torch.float64) for name, _ in experiment.named_parameters()}

    def image(part: Tensor) -> Tensor:
        made: Tensor = torch.func.functional_call(experiment, dict.fromkeys(variables, part))
        return made

    return torch.func.jacfwd(image)(next(iter(variables.values())))  # type: ignore[no-any-return]


FORWARD: Mapping[str, Callable[[Tensor], Tensor]] = {
    "jacfwd": torch.func.jacfwd(image_at),
    "jvp": lambda d: torch.func.jvp(image_at, (d,), (torch.ones_like(d),))[1],
    "jvp of a batch of tangents": lambda d: torch.func.vmap(
        lambda t: torch.func.jvp(image_at, (d,), (t,))[1])(torch.ones(1).double())[0],
    "dual tensors": dual,
    "Experiment": lambda d: of_experiment(d)[..., 0] / STEP,
    "scene": lambda d: dual(d, rendered_at),
    "with facts": lambda d: dual(d, with_facts_at),
}  # fmt: skip
STEP = 0.1 / 1024.0
"""Natural step of the distance."""


@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")  # of torch.func.jvp itself
@pytest.mark.parametrize("way", FORWARD)
def test_forward_mode_has_the_slopes_of_reverse_mode(way: str) -> None:
    expected = jacobian(image_at, distance())
    found = FORWARD[way](distance())
    assert found.shape == expected.shape
    assert float((found - expected).abs().max()) <= 1e-10 * float(expected.abs().max())


REFUSED: Mapping[str, Callable[[Tensor], object]] = {
    "grad": torch.func.grad(lambda part: image_at(part).sum()),
    "vjp": lambda d: torch.func.vjp(image_at, d)[1](torch.ones(12, 12).double()),
    "jacrev": torch.func.jacrev(image_at),
    "hessian": torch.func.hessian(lambda part: image_at(part).sum()),
    "twice forward": torch.func.jacfwd(torch.func.jacfwd(image_at)),
    "forward over reverse": lambda d: dual(d.requires_grad_()),
    "gradient of a tangent": torch.func.grad(
        lambda part: torch.func.jvp(image_at, (part,), (part,))[1].sum()),
    "vmap": lambda d: torch.func.vmap(image_at)(torch.stack([d, d])),
    "is_grads_batched": lambda d: many_gradients(d.requires_grad_()),
    "vectorized jacobian": lambda d: jacobian(image_at, d, vectorize=True),
    "functional.jvp": lambda d: jvp(image_at, d, d),
    "forward-mode jacobian": lambda d: jacobian(image_at, d, strategy="forward-mode", vectorize=True),
    "scene": torch.func.jacfwd(rendered_at),
    "with facts": torch.func.jacfwd(with_facts_at),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")
@pytest.mark.parametrize("way", REFUSED)
def test_what_has_no_slope_is_refused_by_name(way: str) -> None:
    with pytest.raises(InputError, match=r"an image has gradients in reverse mode by|no second derivatives"):
        REFUSED[way](distance())


def test_a_jacobian_of_reverse_mode_is_that_of_differences() -> None:
    found = jacobian(image_at, distance())
    h = 2.0**-20
    ends = [image_at(distance() + sign * h) for sign in (1.0, -1.0)]
    assert torch.allclose(
        found, (ends[0] - ends[1]) / (2.0 * h), rtol=1e-3, atol=1e-4 * float(found.abs().max())
    )


@pytest.mark.parametrize("options", ["", "-roi 2 9 3 8", "-dtype mixed"])
def test_an_image_may_be_changed_in_place(options: str) -> None:
    free = distance(gradient=True)
    image = simulate(with_values(run(options), {"distance_m": free}))
    before = image.detach().clone()
    image += 1.0
    image[0, 0] = 5.0
    image.mul_(2.0)
    image.sum().backward()
    free_too = distance(gradient=True)
    simulate(with_values(run(options), {"distance_m": free_too})).flatten()[1:].sum().backward()
    assert torch.equal(image.detach()[1:], 2.0 * (before[1:] + 1.0))
    assert free.grad is not None
    assert free_too.grad is not None
    assert float(free.grad) == pytest.approx(2.0 * float(free_too.grad), rel=1e-6)


AT_BOUNDS: Mapping[str, tuple[str, float]] = {
    "kahn_factor": ("-polar 1", -1.0),
    "mosaic_spread_rad": ("", 1.0),
    "cells": ("-N 1", 1.0),
    "fluence_photons_per_m2": ("-fluence 0", 1.0),
}


@pytest.mark.parametrize("name", AT_BOUNDS)
@pytest.mark.parametrize("side", [-1.0, 0.0, 1.0])
def test_an_input_at_its_bound_has_the_slope_of_the_allowed_side(name: str, side: float) -> None:
    options, inward = AT_BOUNDS[name]
    experiment = Experiment(turned_by_nothing(run(options)), name)
    h = 2.0**-12
    with torch.no_grad():
        for part in experiment.parameters():
            part.fill_(2.0 * side)
    step = torch.full((1,), h * (inward if side == 0.0 else side), dtype=torch.float64)
    weights = torch.linspace(1.0, 2.0, 144, dtype=torch.float64).reshape(12, 12)
    total = (experiment() * weights).sum()
    slope = sum(float(part.sum()) for part in torch.autograd.grad(total, list(experiment.parameters())))
    with torch.no_grad():
        for part in experiment.parameters():
            part.add_(step)
        moved = float((experiment() * weights).sum())
    assert slope != 0.0
    assert slope == pytest.approx((moved - float(total.detach())) / float(step), rel=0.02)


@pytest.mark.parametrize("mode", ["spec", "c-parity"])
@pytest.mark.parametrize("options", ["", "-N 1", "-N 1 -Nb 5"])
def test_a_gradient_at_a_bound_changes_no_bit_of_the_image(options: str, mode: str) -> None:
    config = turned_by_nothing(run(f"{options} --parity-mode {mode}"))
    free = {name: value_of(config, name).requires_grad_() for name in ("cells", "mosaic_spread_rad")}
    assert torch.equal(simulate(with_values(config, free)).detach(), simulate(config))


@pytest.mark.parametrize("options", ["", "-polar 1"])
def test_jacobian_is_what_the_gradient_has_of_each_pixel(options: str) -> None:
    experiment = Experiment(run(options), ["distance_m", "cell_lengths_A[a=b]", "kahn_factor"])
    found = experiment.jacobian()
    assert found.shape == (144, 3)
    image = experiment().flatten()
    for pixel in (3, 70, 143):
        grads = torch.autograd.grad(image[pixel], list(experiment.parameters()), retain_graph=True)
        expected = torch.cat(grads)
        assert torch.allclose(found[pixel], expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    assert all(not part.any() for part in experiment.parameters())
    places = torch.tensor([0, 5]), torch.tensor([3, 10])
    assert torch.allclose(experiment.jacobian(*places), found[places[0] * 12 + places[1]], rtol=1e-6)


def test_least_squares_of_scipy_finds_a_distance() -> None:
    truth = simulate(run("-distance 100.4")).flatten()
    experiment = Experiment(run(), "distance_m")
    (free,) = experiment.parameters()

    def at(vector: np.ndarray) -> Experiment:
        with torch.no_grad():
            free.copy_(torch.from_numpy(vector))
        return experiment

    least_squares(
        lambda v: (at(v)().detach().flatten() - truth).numpy(),
        np.zeros(1),
        jac=lambda v: at(v).jacobian().numpy(),
    )
    assert float(experiment.values()["distance_m"]) == pytest.approx(0.1004, rel=1e-7)


def test_an_optimiser_comes_back_from_far_beyond_a_bound() -> None:
    experiment = Experiment(run(), "distance_m", bounds={"distance_m": (0.09, 0.2)})
    for far in (-1e3, 1e3):
        with torch.no_grad():
            next(experiment.parameters()).fill_(far)
        assert float(experiment.slopes()) > 0.0


@pytest.mark.parametrize(("name", "options"), [("default_F", "-default_F 0"), ("water_size_m", "")])
def test_a_start_without_slope_is_refused(name: str, options: str, tmp_path: Path) -> None:
    (tmp_path / "few.hkl").write_text("0 0 1 10\n1 1 0 20\n")
    with pytest.raises(InputError, match="starts at 0"):
        Experiment(run(f"-hkl {tmp_path / 'few.hkl'} {options}"), name)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")
def test_compiling_a_users_function_leaves_the_simulator_out() -> None:
    def loss(value: Tensor) -> Tensor:
        return (image_at(value * 1.0) * 2.0).sum()

    seen: list[int] = []

    def backend(graph: torch.fx.GraphModule, _: list[Tensor]) -> Callable[..., object]:
        seen.append(len(list(graph.graph.nodes)))
        return graph.forward

    plain, traced = distance(gradient=True), distance(gradient=True)
    loss(plain).backward()
    torch.compile(loss, backend=backend)(traced).backward()  # type: ignore[arg-type]
    assert plain.grad is not None
    assert traced.grad is not None
    assert torch.equal(plain.grad, traced.grad)
    assert len(seen) == 2
    assert sum(seen) < 12


def test_simulating_does_not_import_the_tracer() -> None:
    code = f"""if True:
        import sys, torch
        from simulator import Experiment, RunConfig
        Experiment(RunConfig.from_args({LINE!r}.split()), "distance_m")().sum().backward()
        sys.exit("torch._dynamo" in sys.modules)"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
