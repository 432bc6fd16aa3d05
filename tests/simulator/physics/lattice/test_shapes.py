"""A crystal shape is one row of one table; whatever else names shapes has each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
import torch

from simulator import RunConfig, simulate
from simulator.command_line.option_table import BY_SPELLING
from simulator.command_line.resolve_crystal import SHAPE_OPTIONS
from simulator.config import Shape
from simulator.errors import InputError
from simulator.output.messages import setup_lines
from simulator.physics.lattice import shapes
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
