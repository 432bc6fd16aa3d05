"""Derivatives of runs, by reverse and by forward mode."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from simulator import RunConfig, simulate
from simulator.config import Compile
from simulator.dual_tensors import dual_of
from simulator.fit.parameters import value_of, with_values
from simulator.scene.scene import Scene, prepare

INPUTS = ("cell_lengths_A", "Sclose_m")
"""With these a run has a call of each stage that gives derivatives; more of them cost time to compile."""


def drawn(shape: Collection[int], seed: int) -> Tensor:
    """Return numbers between -0.3 and 0.7."""
    return torch.rand(tuple(shape), dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) - 0.3


def slopes(config: RunConfig, compile_: Compile) -> Mapping[str, Tensor]:
    """Return the slope of a loss to each input of a run."""
    config = replace(config, compute=replace(config.compute, compile=compile_))
    values = {name: value_of(config, name).requires_grad_() for name in INPUTS}
    image = simulate(with_values(config, values))
    found = torch.autograd.grad((image * drawn(image.shape, 3)).sum(), list(values.values()))
    return dict(zip(values, found, strict=True))


def moving(
    config: RunConfig, ways: Mapping[str, tuple[Tensor, Tensor]], choices: Iterable[Collection[str]]
) -> Iterator[Scene]:
    """Yield the scene in which the inputs of a choice change; all are dual, so that scenes are alike."""
    for chosen in choices:
        values = {
            name: dual_of(value, way if name in chosen else torch.zeros_like(way))
            for name, (value, way) in ways.items()
        }
        yield prepare(with_values(config, values))
