"""The module that hands a run's continuous inputs to an optimiser."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from simulator import Experiment, RunConfig, simulate
from simulator.errors import InputError
from simulator.fit.experiment import with_cell
from simulator.fit.parameters import PARAMETERS, value_of, with_values
from simulator.fit.selection import COMPONENTS

LINE = (
    "-cell 60 60 40 90 90 90 -misset 10 20 30 -default_F 100 -N 4 -lambda 1 -distance 100 -detpixels 12"
    " -pixel 4 -oversample 1 -dtype float64 -nonoise -nopgm"
)


def run(options: str = "") -> RunConfig:
    return RunConfig.from_args(f"{LINE} {options}".split())


def image_of(experiment: Experiment) -> Tensor:
    image = experiment()
    assert isinstance(image, Tensor)
    return image


@pytest.mark.parametrize(
    "name", ["cell_lengths_A", "misset_rad", "distance_m", "wavelength_m", "kahn_factor"]
)
def test_start_is_the_run_to_the_last_bit(name: str) -> None:
    experiment = Experiment(run("-polar 0.9"), [name])
    assert torch.equal(image_of(experiment).detach(), simulate(run("-polar 0.9")))
    assert torch.equal(experiment.values()[name], value_of(run("-polar 0.9"), name))


def test_slope_of_a_variable_is_the_step_times_the_slope_of_the_input() -> None:
    experiment = Experiment(run(), ["cell_lengths_A", "distance_m"])
    image_of(experiment).sum().backward()
    for name, part in experiment.inputs.items():
        free = value_of(run(), name).requires_grad_()
        (expected,) = torch.autograd.grad(simulate(with_values(run(), {name: free})).sum(), free)
        found = part.variables.grad
        assert isinstance(found, Tensor)
        assert torch.allclose(found, expected.flatten() * part.step, rtol=1e-12)


def test_chosen_pixels_are_those_of_the_image_with_their_slopes() -> None:
    whole, some = (Experiment(run(), ["cell_lengths_A", "distance_m"]) for _ in range(2))
    slow, fast = torch.tensor([0, 0, 5, 11]), torch.tensor([3, 7, 6, 11])
    image, pixels = image_of(whole), some.pixels(slow, fast)
    scale = float(image.detach().max())
    assert torch.allclose(pixels, image[slow, fast], rtol=1e-12, atol=1e-14 * scale)
    image[slow, fast].sum().backward()
    pixels.sum().backward()
    for one, other in zip(whole.parameters(), some.parameters(), strict=True):
        assert one.grad is not None
        assert other.grad is not None
        assert torch.allclose(one.grad, other.grad, rtol=1e-9)


@pytest.mark.parametrize(
    ("slow", "fast", "words"),
    [([0, 12], [0, 0], "beside the detector"), ([0, 0], [1, 1], "twice"), ([1, 0], [0, 0], "out of order")],
)
def test_wrong_pixels_are_refused(slow: list[int], fast: list[int], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Experiment(run(), "distance_m").pixels(torch.tensor(slow), torch.tensor(fast))


@pytest.mark.parametrize("mode", ["spec", "c-parity"])
def test_no_pixels_and_many_pixels(mode: str) -> None:
    config = run(f"-osc 1 -phisteps 2 --parity-mode {mode}")
    nothing = torch.zeros(0, dtype=torch.int64)
    assert Experiment(config, "distance_m").pixels(nothing, nothing).shape == (0,)
    everything = torch.arange(144)
    found = Experiment(config, "distance_m").pixels(everything // 12, everything % 12)
    assert torch.equal(found.detach().reshape(12, 12), simulate(config))


def test_an_image_may_take_part_in_a_graph() -> None:
    target = simulate(run())
    assert not target.is_inference()
    (image_of(Experiment(run(), "distance_m")) * target).sum().backward()


def test_tied_cells_move_together_and_only_they() -> None:
    experiment = Experiment(run(), "cell_lengths_A[a=b]")
    assert experiment.labels() == ["cell_lengths_A[a=b]"]
    with torch.no_grad():
        next(experiment.parameters()).add_(3.0)
    a, b, c = experiment.values()["cell_lengths_A"].tolist()
    assert a == b == pytest.approx(60.0 * (1.0 + 3.0 / 1024.0))
    assert c == 40.0


def test_slope_of_a_tie_is_the_sum_of_the_slopes() -> None:
    tied, apart = (Experiment(run(), f"cell_lengths_A[{which}]") for which in ("a=b", "a,b"))
    for experiment in (tied, apart):
        image_of(experiment).square().sum().backward()
    (one,), (both,) = ([part.grad for part in experiment.parameters()] for experiment in (tied, apart))
    assert one is not None
    assert both is not None
    assert float(one) == pytest.approx(float(both.sum()), rel=1e-12)


@pytest.mark.parametrize(("far", "end"), [(-1e9, 0.09), (1e9, 0.2)])
def test_no_variable_leaves_its_bounds(far: float, end: float) -> None:
    experiment = Experiment(run(), ["distance_m"], bounds={"distance_m": (0.09, 0.2)})
    with torch.no_grad():
        next(experiment.parameters()).fill_(far)
    assert float(experiment.values()["distance_m"]) == pytest.approx(end, rel=1e-15)
    assert torch.isfinite(image_of(experiment)).all()


def test_an_input_that_starts_at_its_bound_can_leave_it() -> None:
    experiment = Experiment(run("-polar 1"), ["kahn_factor"])
    assert float(experiment.slopes()) > 0.0
    for step in (-1.0, 0.0, 1.0):
        with torch.no_grad():
            next(experiment.parameters()).fill_(step)
        assert float(experiment.values()["kahn_factor"]) == pytest.approx(1.0 - abs(step) / 16.0, rel=1e-4)


def test_slopes_are_those_of_the_values() -> None:
    experiment = Experiment(run("-polar 0.9"), ["kahn_factor", "cell_lengths_A[c]"])
    (first, _) = experiment.parameters()
    h = 2.0**-16
    ends = []
    with torch.no_grad():
        for sign in (1, -1):
            first.fill_(0.7 + sign * h)
            ends.append(float(experiment.numbers()[0]))
        first.fill_(0.7)
    assert float(experiment.slopes()[0]) == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-8)


def test_state_survives_a_file_and_another_start(tmp_path: Path) -> None:
    first = Experiment(run(), ["cell_lengths_A[a=b,c]", "distance_m"])
    with torch.no_grad():
        for part in first.parameters():
            part.add_(0.5)
    torch.save(first.state_dict(), tmp_path / "state.pt")
    second = Experiment(run("-distance 120"), ["cell_lengths_A[a=b,c]", "distance_m"])
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert torch.equal(image_of(first), image_of(second))


def test_config_of_the_current_values_is_plain_and_gives_the_image() -> None:
    experiment = Experiment(run(), ["cell_lengths_A", "misset_rad", "distance_m"])
    with torch.no_grad():
        for part in experiment.parameters():
            part.add_(0.25)
    config = experiment.config()
    assert isinstance(config.detector.distance_m, float)
    assert all(isinstance(length, float) for length in config.crystal.cell_lengths_A)
    assert torch.equal(simulate(config), image_of(experiment).detach())


def test_every_input_survives_as_plain_numbers(tmp_path: Path) -> None:
    (tmp_path / "sources.txt").write_text("-1 0.1 0 1.2 1.0e-10\n-1 -0.1 0 0.7 1.01e-10\n")
    (tmp_path / "A.mat").write_text("0.02 0 0\n0 0.018 0\n0 0 0.016\n")
    (tmp_path / "few.hkl").write_text("0 0 1 10\n1 1 0 20\n")
    config = run(
        f"-water 1 -sourcefile {tmp_path / 'sources.txt'} -mat {tmp_path / 'A.mat'}"
        f" -hkl {tmp_path / 'few.hkl'}"
    )
    free = [name for name in PARAMETERS if name != "mosaic_spread_rad"]
    names = [n for n in free if value_of(config, n).numel() and not value_of(config, n).isnan().any()]
    within = [n for n in names if bool((value_of(config, n) >= PARAMETERS[n].lower).all())]
    experiment = Experiment(config, within)
    made = experiment.config()
    assert all(torch.equal(value_of(made, name), value_of(config, name)) for name in within)
    assert torch.equal(simulate(made), image_of(experiment).detach())


def test_new_values_become_the_start() -> None:
    experiment = Experiment(run(), ["cell_lengths_A[a=b,c]", "distance_m"])
    experiment.set_values({"distance_m": 0.11, "cell_lengths_A": [61, 61, 41]})
    assert float(experiment.values()["distance_m"]) == 0.11
    assert all(not part.any() for part in experiment.parameters())


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"distance_m": -1.0}, "-1 m: give a number above 0"),
        ({"distance_m": [1.0, 2.0]}, "shape"),
        ({"cell_lengths_A": [61, 62, 41]}, "tied"),
        ({"wavelength_m": 1e-10}, "not free"),
        ({"distance_m": "far"}, "not a number"),
        ({"cell_lengths_A": [61, 61, 41], "distance_m": float("nan")}, "finite"),
    ],
)
def test_refused_values_change_nothing(values: Mapping[str, object], words: str) -> None:
    experiment = Experiment(run(), ["cell_lengths_A[a=b,c]", "distance_m"])
    before = experiment.values()
    with pytest.raises(InputError, match=words):
        experiment.set_values(values)
    assert all(torch.equal(before[name], value) for name, value in experiment.values().items())


@pytest.mark.parametrize(
    ("free", "words"),
    [
        ([], "nothing is named"),
        (["colour"], "unknown"),
        (["oversample"], "a choice"),
        (["cell_lengths_A[d]"], "no such component; there are a, b, c"),
        (["source_weights"], "no value"),
        (["close_distance_m"], "follows from distance_m"),
        (["matrix"], "give -mat"),
        (["misset_rad[x=y]"], "tied"),
        (["misset_rad[x]", "misset_rad"], "named twice"),
        (["distance_m[0"], "write NAME"),
        (["water_size_m[1]"], "0 to 0"),
    ],
)  # fmt: skip
def test_wrong_selections_are_refused(free: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Experiment(run(), free)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"bounds": {"distance_m": (0.2, 0.3)}}, "outside"),
        ({"bounds": {"distance_m": (0.3, 0.05)}}, "ascend"),
        ({"bounds": {"distance_m": (-1.0, 0.3)}}, "ascend and lie in"),
        ({"bounds": {"wavelength_m": (0.0, 1.0)}}, "not free"),
        ({"steps": {"distance_m": 0.0}}, "above 0"),
    ],
)  # fmt: skip
def test_wrong_bounds_and_steps_are_refused(given: Mapping[str, dict[str, object]], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Experiment(run(), ["distance_m"], **given)  # type: ignore[arg-type]


def test_a_matrix_with_its_cell_gives_the_same_lattice(tmp_path: Path) -> None:
    (tmp_path / "A.mat").write_text("0.020 0.003 0.001\n-0.002 0.018 0.004\n0.001 -0.003 0.016\n")
    line = LINE.replace("-cell 60 60 40 90 90 90 -misset 10 20 30", f"-mat {tmp_path / 'A.mat'}")
    config = RunConfig.from_args(line.split())
    with pytest.raises(InputError, match="with_cell"):
        Experiment(config, ["cell_lengths_A"])
    experiment = Experiment(with_cell(config), ["cell_lengths_A", "misset_rad"])
    whole = simulate(config)
    assert torch.allclose(image_of(experiment), whole, rtol=0.0, atol=1e-12 * float(whole.max()))
    assert experiment.idle() == []


def test_variables_without_effect_are_named() -> None:
    experiment = Experiment(run(), ["distance_m", "Fclose_m", "hdiv_step_rad"])
    assert experiment.idle() == ["Fclose_m", "hdiv_step_rad"]


def test_automatic_choices_are_made_once() -> None:
    line = (
        LINE.replace(" -oversample 1", "")
        .replace(" -N 4", " -xtalsize 0.00003")
        .replace("-pixel 4", "-pixel 0.5")
    )
    experiment = Experiment(RunConfig.from_args(line.split()), ["cell_lengths_A"])
    config = experiment.config()
    assert config.sampling.oversample > 0
    assert config.crystal.size_m == (0.0, 0.0, 0.0)
    assert torch.equal(simulate(config), simulate(RunConfig.from_args(line.split())))


def test_a_torch_optimiser_finds_a_distance() -> None:
    truth = simulate(run("-distance 100.4"))
    experiment = Experiment(run(), ["distance_m"])
    optimiser = torch.optim.LBFGS(experiment.parameters(), line_search_fn="strong_wolfe", max_iter=30)

    def loss() -> Tensor:
        optimiser.zero_grad()
        misfit = (image_of(experiment) - truth).square().sum() / truth.square().sum()
        misfit.backward()
        return misfit

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    assert float(experiment.values()["distance_m"]) == pytest.approx(0.1004, rel=1e-6)


def test_table_has_a_line_for_each_variable() -> None:
    lines = Experiment(run(), ["cell_lengths_A[a=b,c]", "distance_m"]).table().splitlines()
    assert [line.split()[0] for line in lines] == [
        "variable", "cell_lengths_A[a=b]", "cell_lengths_A[c]", "distance_m",
    ]  # fmt: skip
    assert lines[3].split()[1:3] == ["0.1", "m"]


def test_named_components_belong_to_inputs() -> None:
    for name, words in COMPONENTS.items():
        assert name in PARAMETERS
        assert value_of(run(), name).numel() == len(words)


def test_import_and_command_line_stay_without_torch() -> None:
    code = "import sys, simulator; assert 'Experiment' in simulator.__all__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
