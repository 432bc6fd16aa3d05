"""Which of torch's ways to differentiate reach an image, and a refusal by name for the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from simulator.config import RunConfig
from simulator.errors import InputError
from simulator.limits.parameter_table import PARAMETERS, raw_value

REMEDY = (
    "an image has gradients in reverse mode only; call backward() or torch.autograd.grad, once for each"
    " vector, or Experiment.jacobian() for the slopes of single pixels"
)


def require_reverse_mode(name: str, value: Tensor) -> None:
    """Raise InputError for a tensor of a function transform (`torch.func`, vmap) or with a forward slope."""
    wrapped = _transform_of(value)
    if wrapped:
        raise InputError(f"{wrapped} of '{name}': {REMEDY}")


def require_plain_tensors(config: RunConfig) -> None:
    """Raise InputError where an input of a run is a tensor of a transform (see `require_reverse_mode`)."""
    for name in PARAMETERS:
        for part in _tensors(raw_value(config, name)):
            require_reverse_mode(name, part)


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
    return "forward mode (a dual tensor)" if _has_forward_slope(value) else ""


def _has_forward_slope(value: Tensor) -> bool:
    return forward_ad.unpack_dual(value).tangent is not None  # type: ignore[no-untyped-call]
