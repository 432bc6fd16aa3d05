"""Values, words and states that people give a run: each works, or is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from simulator import Experiment, RunConfig, simulate
from simulator.errors import InputError
from simulator.fit.parameters import value_of, with_numbers, with_values
from tests.simulator.small_run import run


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
