"""Pixels of inputs that `torch.func` has wrapped: its forward mode reaches them (`jvp`, `jacfwd`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import torch
from torch import Tensor

from simulator.errors import InputError
from simulator.limits.transforms import REMEDY, SECOND, unwrapped


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels as a function of some inputs."""

    of: Callable[[Sequence[Tensor]], Tensor]
    """Returns the pixels, in photons, of plain values."""
    changes: Callable[[Sequence[Tensor], Sequence[Sequence[Tensor]]], Tensor]
    """Returns how they change along directions [V, ...], of plain values and their tangents along each."""


def pictured(picture: Picture, values: Sequence[Tensor]) -> Tensor:
    """Return the pixels for wrapped values, as `torch.func` goes on with them.

    Raises:
        InputError: for another transform than forward mode, and for second derivatives.
    """
    image: Tensor = _Image.apply(picture, *values)  # type: ignore[no-untyped-call]
    return image


class _Image(torch.autograd.Function):
    """Pixels as one function of the inputs."""

    @staticmethod
    def forward(picture: Picture, *values: Tensor) -> Tensor:
        with torch.no_grad():
            return picture.of([value.detach() for value in values]).clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.picture, *values = inputs
        ctx.save_for_forward(*values)

    @staticmethod
    def jvp(ctx: Any, _: None, *tangents: Tensor) -> Tensor:
        changes: Tensor = _Change.apply(ctx.picture, *ctx.saved_tensors, *tangents)  # type: ignore[no-untyped-call]
        return changes

    @staticmethod
    def vmap(info: Any, dims: tuple[Any, ...], picture: Picture, *values: Tensor) -> tuple[Tensor, None]:
        if any(dim is not None for dim in dims[1:]):
            raise InputError(f"vmap: {REMEDY}")
        return _Image.apply(picture, *values), None  # type: ignore[no-untyped-call]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> NoReturn:
        raise InputError(f"a reverse transform of torch.func (grad, vjp, jacrev): {REMEDY}")


class _Change(torch.autograd.Function):
    """How pixels change, as one function of values and tangents; `vmap` forms all changes in one pass."""

    @staticmethod
    def forward(picture: Picture, *flat: Tensor) -> Tensor:
        count = len(flat) // 2
        return picture.changes(list(map(unwrapped, flat[:count])), [flat[count:]])[0]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep nothing."""

    @staticmethod
    def vmap(info: Any, dims: tuple[Any, ...], picture: Picture, *flat: Tensor) -> tuple[Tensor, int]:
        count = len(flat) // 2
        if any(dim is not None for dim in dims[1 : 1 + count]):
            raise InputError(f"vmap: {REMEDY}")
        size = info.batch_size
        tangents = [
            part.expand(size, *part.shape) if dim is None else part.movedim(dim, 0)
            for part, dim in zip(flat[count:], dims[1 + count :], strict=True)
        ]
        values = list(map(unwrapped, flat[:count]))
        return picture.changes(values, [[part[n] for part in tangents] for n in range(size)]), 0

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> NoReturn:
        raise InputError(SECOND)

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor) -> NoReturn:
        raise InputError(SECOND)
