"""Values of the continuous inputs of a run, read and replaced by name.

The names stand in `parameter_table.PARAMETERS`. Each value may be a float64 tensor in place of the number,
also one that requires a gradient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulator.config import RunConfig
from simulator.errors import InputError
from simulator.fit.selection import REMEDIES
from simulator.limits.input_rules import check_values
from simulator.limits.parameter_table import PARAMETERS, raw_value, with_raw_value
from simulator.limits.transforms import require_one_value
from simulator.physics.crystal import orient
from simulator.physics.vectors import column, scalar
from simulator.untraced import untraced

__all__ = ["PARAMETERS", "value_of", "with_numbers", "with_values"]


@untraced
def value_of(config: RunConfig, name: str) -> Tensor:
    """Return a parameter of a configuration, float64, detached, a copy.

    Raises:
        InputError: for an unknown name.
    """
    value = raw_value(config, name)
    found = column([_plain(part) for part in value]) if isinstance(value, (tuple, list)) else value
    return torch.as_tensor(found, dtype=torch.float64, device="cpu").detach().clone()


@untraced
def with_values(config: RunConfig, values: Mapping[str, object]) -> RunConfig:
    """Return a configuration with other values of some parameters; the graphs of tensors are kept.

    What has no effect until it is switched on, is: missetting angles, numbers of cells of a crystal whose
    size was given.

    Args:
        values: of the shape that the run has, in the units of `PARAMETERS`: tensors, numbers or lists.

    Raises:
        InputError: for an unknown name, a value of another shape, one of which no run can be made, an input
            that the run has not, and several values that vmap made one tensor of.
    """
    for name, value in values.items():
        config = switched_on(config, name)
        there = value_of(config, name)
        made = number_of(name, value)
        if there.shape != made.shape:
            shapes = f"{list(made.shape)}, the run has {list(there.shape)}"
            raise InputError(f"parameter '{name}': has the shape {shapes}; give one of that shape")
        check_values(name, _flat(made), _flat(there))
        config = with_raw_value(config, name, made)
    return config


def _flat(value: Tensor) -> NDArray[np.float64]:
    """Return the entries of a tensor, which `torch.func` may have wrapped, as numbers [n]."""
    return np.asarray(value.detach().tolist(), np.float64).reshape(-1)


def switched_on(config: RunConfig, name: str) -> RunConfig:
    """Return a run in which a parameter has an effect where a switch kept it out.

    Raises:
        InputError: for cell lengths or angles of a run that has none.
    """
    crystal = config.crystal
    if name.startswith("cell_") and not crystal.has_cell:
        raise InputError(f"parameter '{name}': the run has no value of it; {REMEDIES[name]}")
    if name == "misset_rad":
        crystal = replace(crystal, has_misset=True)
    if name == "cells" and any(size > 0.0 for size in crystal.size_m):
        counts = orient(crystal, config.beam.wavelength_m, config.quirks).cells
        crystal = replace(crystal, cells=counts, size_m=(0.0, 0.0, 0.0))
    return config if crystal is config.crystal else replace(config, crystal=crystal)


def number_of(name: str, value: object) -> Tensor:
    """Return a value of a parameter as a float64 tensor on the CPU, with its graph.

    Raises:
        InputError: for what is no number or list of numbers, and for tensors that have no image.
    """
    if isinstance(value, Tensor):
        require_one_value(name, value)
        if value.is_complex():
            raise InputError(f"parameter '{name}': complex numbers; give real ones")
        return value.to("cpu", torch.float64)
    try:
        return torch.as_tensor(value, dtype=torch.float64, device="cpu")
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"parameter '{name}': {value!r} is not a number or a list of numbers") from error


@untraced
def with_numbers(config: RunConfig, values: Mapping[str, object]) -> RunConfig:
    """Return a configuration with other values of some parameters as plain numbers, without graphs.

    Args:
        config: the run.
        values: as `with_values` takes them.

    Raises:
        InputError: as `with_values` does.
    """
    config = with_values(config, values)
    for name, value in values.items():
        plain = _numbers(number_of(name, value).detach())
        config = with_raw_value(config, name, plain)
    return config


def _numbers(value: Tensor) -> Any:
    """Return a number, a tuple of numbers, a tuple of tuples, or an array of three axes."""
    if value.dim() > 2:
        return value.numpy().copy()
    return tuple(_numbers(row) for row in value) if value.dim() else float(value)


def _plain(value: Any) -> Any:
    """Return a number, a tensor, or three numbers as a tensor."""
    return scalar(value) if isinstance(value, tuple) else value
