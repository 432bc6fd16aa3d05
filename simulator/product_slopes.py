"""Derivatives of the Miller indices, h = a.q for each evaluation, as products of matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from simulator.vectors import Vec

Triple = tuple[Vec, Vec, Vec]


class Products(torch.autograd.Function):
    """h = a.q, k = b.q, l = c.q of all pixels and orientations, with slopes summed by matrix products."""

    @staticmethod
    def forward(ctx: Any, formula: Callable[[Triple, Vec], Vec], *parts: Tensor) -> Vec:
        """Return the products by a formula of (cell, q).

        Args: parts: components of a, b, c [1, 1, P, M] and of q [K, N, 1, 1].
        """
        ctx.save_for_backward(*parts)
        return formula((parts[0:3], parts[3:6], parts[6:9]), parts[9:12])  # type: ignore[arg-type]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Return the sums over pixels for the cell, and over orientations for q."""
        parts, needed = ctx.saved_tensors, ctx.needs_input_grad[1:]
        P, M = parts[0].shape[2:]
        rows = [grad.movedim(1, -1).flatten(1, 2) for grad in grads]  # [K, P M, N]
        found: list[Tensor | None] = [None] * len(parts)
        if any(needed[:9]):
            q = torch.stack([part[:, :, 0, 0] for part in parts[9:12]], 1)  # [K, 3, N]
            for n, row in enumerate(rows):
                sums = (q @ row.transpose(1, 2)).sum(0)  # [3, P M]
                found[3 * n : 3 * n + 3] = sums.reshape(3, 1, 1, P, M).unbind(0)
        if any(needed[9:]):
            vectors = [torch.stack([part.flatten() for part in parts[3 * n : 3 * n + 3]]) for n in range(3)]
            a, b, c = (vector @ row for vector, row in zip(vectors, rows, strict=True))  # [K, 3, N]
            found[9:12] = (a + b + c)[..., None, None].unbind(1)
        return None, *found
