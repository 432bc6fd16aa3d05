"""Values of the continuous inputs of a run, read and replaced by name.

The names stand in `parameter_table.PARAMETERS`. Each value may be a float64 tensor in place of the number,
also one that requires a gradient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from simulator.config import RunConfig
from simulator.errors import InputError
from simulator.parameter_table import PARAMETERS, SOURCE_ROWS, parameter, raw_value
from simulator.vectors import column, scalar

__all__ = ["PARAMETERS", "value_of", "with_numbers", "with_values"]


def value_of(config: RunConfig, name: str) -> Tensor:
    """Return a parameter of a configuration, float64, detached, a copy.

    Raises: InputError for an unknown name.
    """
    value = raw_value(config, name)
    found = column([_plain(part) for part in value]) if isinstance(value, (tuple, list)) else value
    return torch.as_tensor(found, dtype=torch.float64).detach().clone()


def with_values(config: RunConfig, values: Mapping[str, Tensor]) -> RunConfig:
    """Return a configuration with other values of some parameters; their graphs are kept.

    Raises: InputError for an unknown name or a value of another shape.
    """
    for name, value in values.items():
        there = value_of(config, name)
        if there.shape != value.shape:
            shapes = f"{list(value.shape)}, the run has {list(there.shape)}"
            raise InputError(f"parameter '{name}': has the shape {shapes}; give one of that shape")
        config = _replaced(config, parameter(name).place.split("."), value)
    return config


def with_numbers(config: RunConfig, values: Mapping[str, Tensor]) -> RunConfig:
    """Return a configuration with other values of some parameters as plain numbers, without graphs.

    Raises: InputError for an unknown name or a value of another shape.
    """
    config = with_values(config, values)
    for name, value in values.items():
        config = _replaced(config, parameter(name).place.split("."), _numbers(value.detach()))
    return config


def _numbers(value: Tensor) -> Any:
    """Return a number, a tuple of numbers, a tuple of tuples, or an array of three axes."""
    if value.dim() > 2:
        return value.numpy().copy()
    return tuple(_numbers(row) for row in value) if value.dim() else float(value)


def _replaced(owner: Any, place: list[str], value: Any) -> Any:
    """Return a dataclass with one field of it, or of its parts, replaced."""
    field, *rest = place
    part = getattr(owner, field)
    if rest and field == SOURCE_ROWS:
        made: Any = tuple(_replaced(row, rest, entry) for row, entry in zip(part, value, strict=True))
    else:
        made = _replaced(part, rest, value) if rest else value
    return replace(owner, **{field: made})


def _plain(value: Any) -> Any:
    """Return a number, a tensor, or three numbers as a tensor."""
    return scalar(value) if isinstance(value, tuple) else value
