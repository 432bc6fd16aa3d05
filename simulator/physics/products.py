"""Products of several factors that keep little memory, with their derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def product(factors: Sequence[Tensor], power: int = 1, dtype: torch.dtype | None = None) -> Tensor:
    """Return the product of factors, each taken so many times in a row, from left to right.

    Args:
        factors: two or more, or one with a power above 1, of one shape, in any units.
        dtype: in which the product is taken, None for that of the factors; their slopes stay in their own.

    Returns:
        A new tensor of that shape.

    Source: spec 06 sections 10 (F_latt) and 12 (F_cell^2 F_latt^2).
    """
    if torch.is_grad_enabled() and any(factor.requires_grad for factor in factors):
        recorded: Tensor = _Product.apply(power, dtype, *factors)  # type: ignore[no-untyped-call]
        return recorded
    taken = factors if dtype is None else [factor.to(dtype) for factor in factors]
    return _multiplied([factor for factor in taken for _ in range(power)])


def _multiplied(factors: Sequence[Tensor]) -> Tensor:
    """Return the product from left to right, in the memory of the first one."""
    first, second, *others = factors
    value = first * second
    for factor in others:
        value = value.mul_(factor) if value.dtype == factor.dtype else value * factor
    return value


class _Product(torch.autograd.Function):
    """`product`, of which only the factors are kept."""

    @staticmethod
    def forward(ctx: Any, power: int, dtype: torch.dtype | None, *factors: Tensor) -> Tensor:
        """Return the product."""
        ctx.save_for_backward(*factors)
        ctx.power = power
        return product(factors, power, dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Return for each factor what comes back times the other factors."""
        factors, power = ctx.saved_tensors, ctx.power
        given = _without_copies(grads[0]) * power
        slopes: list[Tensor | None] = []
        for n, (own, needed) in enumerate(zip(factors, ctx.needs_input_grad[2:], strict=True)):
            counts = [power - (m == n) for m in range(len(factors))]
            others = [factor for factor, count in zip(factors, counts, strict=True) for _ in range(count)]
            slopes.append(_multiplied([given.to(own.dtype), *others]) if needed else None)
        return None, None, *slopes


def _without_copies(values: Tensor) -> Tensor:
    """Return values of which an axis has one entry where all its entries are the same one in memory."""
    for axis, stride in enumerate(values.stride()):
        values = values.narrow(axis, 0, 1) if stride == 0 and values.shape[axis] else values
    return values
