"""Which of torch's ways to differentiate reach an image, and a refusal by name for the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from simulator.config import RunConfig
from simulator.dual_tensors import plain_of, tangent_of
from simulator.errors import InputError
from simulator.limits.parameter_table import PARAMETERS, raw_value

REMEDY = (
    "an image has gradients in reverse mode by backward() or torch.autograd.grad, once for each vector, and"
    " in forward mode by torch.func.jvp or jacfwd of simulate, dual tensors, or Experiment.jacobian()"
)
SECOND = f"a derivative of a derivative: an image has no second derivatives; {REMEDY}"


def require_plain(name: str, value: Tensor) -> None:
    """Raise InputError for a tensor that `torch.func` or vmap has wrapped."""
    words = _transform_of(value)
    if words:
        raise InputError(f"{words} of '{name}': {REMEDY}")


def require_one_value(name: str, value: Tensor) -> None:
    """Raise InputError for a tensor that vmap has made of several values, or that has several tangents."""
    functorch = torch._C._functorch
    inner, tangent = value, tangent_of(value)
    while functorch.is_functorch_wrapped_tensor(inner):
        if functorch.is_batchedtensor(inner):
            require_plain(name, value)
        inner = functorch.get_unwrapped(inner)
    if not is_wrapped(value) and tangent is not None and is_wrapped(tangent):
        raise InputError(
            f"dual tensors with tangents of vmap of '{name}' (strategy='forward-mode'): {REMEDY}"
        )


def unwrapped(value: Tensor) -> Tensor:
    """Return the plain tensor in one that `torch.func` has wrapped, without its tangent."""
    functorch = torch._C._functorch
    while functorch.is_functorch_wrapped_tensor(value):
        value = functorch.get_unwrapped(value)
    return plain_of(value).detach()


def require_plain_tensors(config: RunConfig) -> None:
    """Raise InputError where an input of a run is a tensor that a transform has wrapped."""
    for name in PARAMETERS:
        for part in _tensors(raw_value(config, name)):
            require_plain(name, part)


def wrapped_inputs(config: RunConfig) -> dict[str, Tensor]:
    """Return the inputs of a run that `torch.func` has wrapped, by name."""
    values = {name: raw_value(config, name) for name in PARAMETERS}
    return {
        name: _as_one(value)
        for name, value in values.items()
        if any(_transform_of(part) for part in _tensors(value))
    }


def _as_one(value: Any) -> Tensor:
    """Return a tensor, or numbers and tensors row by row, as one tensor on the CPU."""
    if isinstance(value, (tuple, list)):
        return torch.stack([_as_one(part) for part in value])
    return torch.as_tensor(value, dtype=torch.float64, device="cpu")


def is_wrapped(value: Tensor) -> bool:
    """Return whether `torch.func` has wrapped a tensor."""
    return bool(_transform_of(value))


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _tensors(part)


def _transform_of(value: Tensor) -> str:
    """Return what a tensor belongs to, in words, empty for a plain one."""
    functorch = torch._C._functorch
    if functorch.is_legacy_batchedtensor(value) or functorch.is_batchedtensor(value):
        return "vmap (torch.func.vmap, jacrev, jacfwd, is_grads_batched or vectorize=True)"
    if functorch.is_functorch_wrapped_tensor(value):
        return "a transform of torch.func (grad, vjp, jvp, jacrev, jacfwd)"
    return ""
