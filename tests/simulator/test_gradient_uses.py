"""Ways in which people use an image with a gradient: each works, or is refused by name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import least_squares
from torch import Tensor
from torch.autograd import forward_ad
from torch.autograd.functional import jacobian, jvp

from simulator import Experiment, RunConfig, simulate
from simulator.errors import InputError
from simulator.parameters import value_of, with_numbers, with_values

LINE = (
    "-cell 60 60 40 90 90 90 -misset 10 20 30 -default_F 100 -N 4 -lambda 1 -distance 100 -detpixels 12"
    " -pixel 4 -oversample 1 -dtype float64 -nonoise -nopgm --compile off"
)


def run(options: str = "", without: str = "") -> RunConfig:
    return RunConfig.from_args(f"{LINE.replace(without, '')} {options}".split())


def image_at(distance_m: Tensor) -> Tensor:
    return simulate(with_values(run(), {"distance_m": distance_m}))


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


def dual(value: Tensor) -> Tensor:
    with forward_ad.dual_level():
        return image_at(forward_ad.make_dual(value, torch.ones_like(value)))


def of_experiment(value: Tensor) -> Tensor:
    experiment = Experiment(run(), "distance_m")
    variables = {name: torch.zeros(1, dtype=torch.float64) for name, _ in experiment.named_parameters()}

    def image(part: Tensor) -> Tensor:
        made: Tensor = torch.func.functional_call(experiment, dict.fromkeys(variables, part))
        return made

    return torch.func.jacfwd(image)(next(iter(variables.values())))  # type: ignore[no-any-return]


WAYS: Mapping[str, Callable[[Tensor], object]] = {
    "jacfwd": torch.func.jacfwd(image_at),
    "jvp": lambda d: torch.func.jvp(image_at, (d,), (d,)),
    "grad": torch.func.grad(lambda part: image_at(part).sum()),
    "vjp": lambda d: torch.func.vjp(image_at, d),
    "jacrev": torch.func.jacrev(image_at),
    "hessian": torch.func.hessian(lambda part: image_at(part).sum()),
    "linearize": lambda d: torch.func.linearize(image_at, d),
    "vmap": lambda d: torch.func.vmap(image_at)(torch.stack([d, d])),
    "dual tensors": dual,
    "is_grads_batched": lambda d: many_gradients(d.requires_grad_()),
    "forward-mode jacobian": lambda d: jacobian(image_at, d, strategy="forward-mode", vectorize=True),
    "vectorized jacobian": lambda d: jacobian(image_at, d, vectorize=True),
    "functional.jvp": lambda d: jvp(image_at, d, d),
    "Experiment": of_experiment,
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")
@pytest.mark.parametrize("way", WAYS)
def test_what_has_no_slope_is_refused_by_name(way: str) -> None:
    with pytest.raises(InputError, match=r"reverse mode only|no second derivatives"):
        WAYS[way](distance())


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


def test_values_are_switched_on() -> None:
    without = run(without="-misset 10 20 30")
    angles = value_of(run(), "misset_rad")
    assert torch.equal(simulate(with_values(without, {"misset_rad": angles})), simulate(run()))
    sized = run("-xtalsize 0.00003")
    counts = torch.tensor([4.0, 4.0, 4.0], dtype=torch.float64)
    assert torch.equal(simulate(with_values(sized, {"cells": counts})), simulate(run()))


@pytest.mark.parametrize("make", [with_values, with_numbers])
@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("distance_m", 0.0, "0 m: give a number above 0"),
        ("distance_m", -0.1, "above 0"),
        ("distance_m", float("nan"), "finite"),
        ("wavelength_m", 0.0, "above 0"),
        ("wavelength_m", -1e-10, "above 0"),
        ("wavelength_m", float("inf"), "finite"),
        ("cell_lengths_A", [60.0, 0.0, 40.0], "0 A: give a number above 0"),
        ("cell_angles_rad", [1.5, 1.5, 3.5], "below pi"),
        ("misset_rad", [0.0, float("nan"), 0.0], "finite"),
        ("fluence_photons_per_m2", -1.0, "0 or a number above"),
        ("mosaic_spread_rad", -0.1, "0 or a number above"),
        ("default_F", -1.0, "0 or a number above"),
        ("kahn_factor", 1.5, "from -1 to 1"),
        ("cells", [4.0, 0.0, 4.0], "1 or a number above"),
        ("pixel_size_m", 0.0, "above 0"),
        ("spindle_axis", [0.0, 0.0, 0.0], "length above 0"),
        ("beam_direction", [0.0, 0.0, 0.0], "length above 0"),
        ("dispersion_first", -1.0, "above -1"),
        ("distance_m", [0.1, 0.2], "shape"),
        ("distance_m", "far", "not a number"),
        ("distance_m", None, "not a number"),
        ("distance_m", 0.1 + 0.2j, "number"),
        ("colour", 1.0, "unknown"),
    ],
)
def test_values_of_which_no_run_can_be_made_are_refused(
    make: Callable[..., RunConfig], name: str, value: object, rule: str
) -> None:
    with pytest.raises(InputError, match=rule):
        make(run(), {name: value})


@pytest.mark.parametrize("value", [0.11, np.float64(0.11), torch.tensor(0.11, dtype=torch.float64)])
def test_numbers_are_values(value: object) -> None:
    assert torch.equal(simulate(with_values(run(), {"distance_m": value})), simulate(run("-distance 110")))


def test_a_run_without_cell_has_no_lengths_to_give(tmp_path: Path) -> None:
    (tmp_path / "A.mat").write_text("0.02 0 0\n0 0.018 0\n0 0 0.016\n")
    config = run(f"-mat {tmp_path / 'A.mat'}", without="-cell 60 60 40 90 90 90")
    with pytest.raises(InputError, match="with_cell"):
        with_values(config, {"cell_lengths_A": [50.0, 50.0, 50.0]})


def test_words_may_be_numbers_and_paths(tmp_path: Path) -> None:
    (tmp_path / "few.hkl").write_text("0 0 1 10\n1 1 0 20\n")
    third = 1.0 / 3.0
    words = [
        "-cell",
        60,
        np.int64(60),
        40.0,
        "-misset",
        third,
        np.float64(1e-17),
        0,
        "-hkl",
        tmp_path / "few.hkl",
    ]
    config = RunConfig.from_args([*words, "-N", 4])
    assert config.crystal.cell_lengths_A == (60.0, 60.0, 40.0)
    assert (
        config.crystal.misset_rad
        == RunConfig.from_args(
            ["-cell", "60", "-default_F", "1", "-misset", repr(third), "1e-17", "0"]
        ).crystal.misset_rad
    )
    assert config.structure_factors.reflections == 2


@pytest.mark.parametrize(
    "words", ["-cell 60 -default_F 1", ["-cell", True], ["-cell", None], ["-cell", [60]], 5, b"-cell"]
)
def test_what_is_no_word_is_refused(words: object) -> None:
    with pytest.raises(InputError, match="command line"):
        RunConfig.from_args(words)  # type: ignore[arg-type]


@pytest.fixture
def defaults() -> Iterator[None]:
    kind = torch.get_default_dtype()
    yield
    torch.set_default_device("cpu")
    torch.set_default_dtype(kind)


OTHER_DEFAULTS = [
    "",
    "-mosaic 1 -mosaic_domains 3 -osc 1 -phisteps 3 --parity-mode c-parity",
    "-round_xtal -hdivrange 1 -hdivsteps 3 -dispersion 1 -dispsteps 2 -roi 2 9 3 8",
    "-gauss_xtal -dtype mixed -dmin 2 -detector_thick 100 -detector_thicksteps 3 -detector_abs 400 -water 1",
    "-tophat_spots -dtype float32 -oversample 2 -oversample_omega",
]


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.float16])
@pytest.mark.parametrize("options", OTHER_DEFAULTS)
@pytest.mark.usefixtures("defaults")
def test_defaults_of_torch_change_nothing(options: str, kind: torch.dtype) -> None:
    def results() -> list[Tensor]:
        experiment = Experiment(run(options), ["distance_m", "default_F"])
        image = experiment()
        image.square().sum().backward()
        grads = [part.grad for part in experiment.parameters() if part.grad is not None]
        return [simulate(run(options)), image.detach(), *grads, experiment.numbers().detach()]

    before = results()
    torch.set_default_device("meta")
    torch.set_default_dtype(kind)
    after = results()
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))


@pytest.mark.usefixtures("defaults")
def test_an_epsilon_run_does_not_depend_on_the_default_device() -> None:
    config = run("-detpixels 64 -pixel 0.75 -N 10 --epsilon 1e-3")
    before = simulate(config)
    torch.set_default_device("meta")
    assert torch.equal(simulate(config), before)


def test_a_state_of_other_components_changes_nothing() -> None:
    first = Experiment(run(), ["distance_m", "cell_lengths_A[a,c]"])
    second = Experiment(run("-distance 120"), ["distance_m", "cell_lengths_A[b,c]"])
    before = second.values()
    with pytest.raises(InputError, match=r"move the components \[\(0,\), \(2,\)\], here \[\(1,\), \(2,\)\]"):
        second.load_state_dict(first.state_dict())
    with pytest.raises(InputError, match="move the components"):
        torch.nn.Sequential(second).load_state_dict(torch.nn.Sequential(first).state_dict())
    assert all(torch.equal(before[name], value) for name, value in second.values().items())


@pytest.mark.parametrize("start", [float("nan"), -1.0])
def test_a_state_that_is_no_run_is_refused(start: float) -> None:
    experiment = Experiment(run(), "distance_m")
    state = {name: part.clone() for name, part in experiment.state_dict().items()}
    state["inputs.distance_m.start"].fill_(start)
    with pytest.raises(InputError, match="distance_m"):
        experiment.load_state_dict(state)
    assert float(experiment.values()["distance_m"]) == 0.1


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.half(),
        lambda one: one.float(),
        lambda one: one.bfloat16(),
        lambda one: one.to(torch.float32),
        lambda one: torch.nn.Sequential(one).half(),
    ],
)
def test_variables_stay_in_double_precision(change: Callable[[Experiment], object]) -> None:
    experiment = Experiment(run(), "distance_m")
    with pytest.raises(InputError, match=r"rounded to (float|bfloat)"):
        change(experiment)
    assert experiment.double().to("cpu").values()["distance_m"].dtype == torch.float64


@pytest.mark.parametrize("dtype", ["mixed", "float32"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("cells", "--parity-mode c-parity"),
        ("distance_m", "-default_F 1e37"),
        ("default_F", "-default_F 1e37"),
        ("fluence_photons_per_m2", "-fluence 1e60"),
        ("misset_rad", "-default_F 1e30 -N 1000"),
    ],
)
def test_slopes_that_single_precision_has_not_are_those_of_double(
    name: str, options: str, dtype: str
) -> None:
    grads = []
    for kind in ("float64", dtype):
        config = run(f"{options} -dtype {kind}")
        free = value_of(config, name).requires_grad_()
        grads += torch.autograd.grad(simulate(with_values(config, {name: free})).sum(), free)
    assert torch.allclose(*grads, rtol=1e-9, atol=0.0)
    assert bool(grads[0].any())
