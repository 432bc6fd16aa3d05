"""A crystal shape is one row of one table; whatever else names shapes has each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
import torch

from simulator import RunConfig, simulate
from simulator.command_line.option_table import BY_SPELLING
from simulator.command_line.resolve_crystal import SHAPE_OPTIONS
from simulator.config import Shape
from simulator.errors import InputError
from simulator.output.messages import setup_lines
from simulator.physics.lattice import shapes
from simulator.physics.lattice.gauss import exponential
from simulator.scene.scene import prepare

WORDS = (
    "-cell 60 70 90 80 100 110 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 24 -pixel 0.2 -N 20"
    " -default_F 100 -oversample 1 -osc 1 -phisteps 3 -mosaic 0.3 -mosaic_domains 5 -fudge 1.7 -gauss_xtal"
)


def gaussian_named(name: Any, epsilon: float = 0.0) -> RunConfig:
    """A run of Gaussian spots whose shape has another name."""
    config = RunConfig.from_args(WORDS.split())
    return replace(
        config,
        crystal=replace(config.crystal, shape=name),
        compute=replace(config.compute, epsilon=epsilon),
    )


@pytest.mark.parametrize("epsilon", [0.0, 1.0 / 1024.0])
def test_a_row_is_all_that_a_new_shape_needs(epsilon: float, monkeypatch: pytest.MonkeyPatch) -> None:
    fuzzy_crystal = type("FuzzyCrystal", (shapes.SHAPES["GAUSS"],), {"word": "fuzzy"})
    monkeypatch.setattr(shapes, "SHAPES", {"FUZZY": fuzzy_crystal})
    fuzzy = gaussian_named("FUZZY", epsilon)
    assert "fuzzy xtal: 20x20x20 cells" in "".join(setup_lines(prepare(fuzzy)))
    made = simulate(fuzzy)
    monkeypatch.undo()
    assert torch.equal(made, simulate(gaussian_named("GAUSS", epsilon)))
    assert made.max() > 0.0


@pytest.mark.parametrize("epsilon", [0.0, 1.0 / 1024.0])
def test_an_unknown_shape_is_refused(epsilon: float) -> None:
    with pytest.raises(InputError, match="crystal shape 'CUBE': unknown; give one of SQUARE, ROUND"):
        simulate(gaussian_named("CUBE", epsilon))


def test_every_shape_stands_in_each_table() -> None:
    names = set(get_args(Shape))
    assert shapes.SHAPES.keys() == names, "simulator/physics/lattice/shapes.py"
    assert set(SHAPE_OPTIONS.values()) == names, "simulator/command_line/resolve_crystal.py"
    assert SHAPE_OPTIONS.keys() <= BY_SPELLING.keys(), "simulator/command_line/option_table.py"


def test_the_tail_of_a_gaussian_spot_has_the_digits_of_its_number_type() -> None:
    """Without the rest of the exponent the last of these would be 34 roundings of 4-byte floats off."""
    exponent = torch.linspace(-34.5, 0.0, 1001, dtype=torch.float64)
    exact = torch.exp(exponent)
    off = (exponential(exponent, torch.float32).to(torch.float64) - exact).abs() / exact
    assert float(off.max()) < 4.0 * np.finfo(np.float32).eps
    assert torch.equal(exponential(exponent, torch.float64), exact)


def test_the_slope_of_a_gaussian_spot_is_its_value() -> None:
    exponent = torch.tensor([-20.0, -1.0], dtype=torch.float64, requires_grad=True)
    value = exponential(exponent, torch.float32)
    (slope,) = torch.autograd.grad(value.sum(), exponent)
    assert slope.tolist() == pytest.approx(value.tolist(), rel=1e-6)


@pytest.mark.parametrize("dtype", ["mixed", "float32"])
def test_faint_pixels_of_gaussian_spots_keep_their_bound(dtype: Any) -> None:
    """Down to 1e-27 of the brightest pixel: 2e-6 of each pixel, as everywhere else."""
    words = WORDS.replace("-N 20", "-N 8").replace("-fudge 1.7", "-fudge 0.5").split()
    double, single = (
        simulate(RunConfig.from_args([*words, "-dtype", name])).double().numpy()
        for name in ("float64", dtype)
    )
    seen = double > 1e-30 * double.max()
    assert double[seen].min() < 1e-12 * double.max()
    assert np.abs(single / double - 1.0)[seen].max() < 1e-6
