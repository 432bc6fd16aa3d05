"""Forward mode gives what reverse mode gives, in every way to ask for it, or is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from simulator import RunConfig, simulate
from simulator.dual_tensors import dual_tensors
from simulator.fit.parameters import value_of, with_values
from simulator.image import render_tangents
from tests.simulator import gradient_cases as cases
from tests.simulator.derivatives import drawn, moving
from tests.simulator.gradient_cases import configured, continuous

EQUAL = 1e-10
"""Largest difference of both modes in double precision, of the sum of sizes of what is added up, or of the
image where a change of the input by its size adds up to less."""
CASES = {
    **{
        f"{shape}-{name}": f"-nointerpolate {cases.SHAPES[shape]} {cases.SAMPLINGS[name]}"
        for shape, name in zip(list(cases.SHAPES) * 3, cases.SAMPLINGS, strict=False)
        if name != "all-flags"
    },
    "all-flags": f"-interpolate -oversample_thick -oversample_polar -oversample_omega {cases.SENSOR}",
    "curved-interpolated": f"-interpolate {cases.SHAPES['GAUSS']} {cases.SAMPLINGS['curved']}",
    **cases.PLACES,
    "dmin": f"-dmin 2 {cases.SAMPLINGS['sources']}",
    "oscillation": f"{cases.SAMPLINGS['phi']} -oversample 2",
}
"""Each shape, each sampling and each place; `test_gradcheck` has all pairs in reverse mode."""
RUNS = [(case, cases.MODES[number % len(cases.MODES)]) for number, case in enumerate(CASES)]
"""Each in one parity mode, in turn: what differs between them has no slopes of its own."""
ONE_BY_ONE = ("SQUARE-plain", "all-flags", "pix0", "source-file")
"""Cases in which each input moves alone; in the others all move at once."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("forward")
    cases.write_inputs(made)
    return made


def directions(config: RunConfig) -> Mapping[str, tuple[Tensor, Tensor]]:
    """Return value and change of each input of a run."""
    values = {name: value_of(config, name) for name in continuous(config)}
    return {
        name: (value, drawn(value.shape, 5) * (float(value.abs().max()) or 1.0))
        for name, value in values.items()
    }


def reverse(
    config: RunConfig, ways: Mapping[str, tuple[Tensor, Tensor]], weight: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """Return the pixels, and the change of a weighed sum of them along each direction by reverse mode."""
    free = {name: value.clone().requires_grad_() for name, (value, _) in ways.items()}
    image = simulate(with_values(config, free))
    found = torch.autograd.grad((image.flatten() * weight).sum(), list(free.values()), materialize_grads=True)
    return image.detach().flatten(), {
        name: float((slope * way).sum()) for slope, (name, (_, way)) in zip(found, ways.items(), strict=True)
    }


@pytest.mark.parametrize(("case", "mode"), RUNS)
def test_all_inputs_have_the_slopes_of_reverse_mode(case: str, mode: str, folder: Path) -> None:
    config = configured(folder, mode, CASES[case])
    ways = directions(config)
    choices = [[name] for name in ways] if case in ONE_BY_ONE else [list(ways)]
    with dual_tensors():
        columns = render_tangents(moving(config, ways, choices))
    weight = drawn(torch.Size([columns.shape[1]]), 3)
    pixels, expected = reverse(config, ways, weight)
    least = float((pixels * weight).abs().sum())
    wrong = [
        chosen
        for chosen, column in zip(choices, columns, strict=True)
        if not abs(float((column * weight).sum()) - sum(expected[name] for name in chosen))
        <= EQUAL * max(least, float((column * weight).abs().sum()))
    ]
    assert not wrong
    assert sum(slope != 0.0 for slope in expected.values()) > 15
