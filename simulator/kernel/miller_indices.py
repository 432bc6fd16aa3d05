"""Miller indices h = a.q, k = b.q, l = c.q of each evaluation, and their derivatives (spec 06 section 9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from simulator.physics.arithmetic import arithmetic
from simulator.physics.vectors import Vec, apply
from simulator.scene.orientations import CellVectors


def miller_indices(cell: CellVectors, q_per_m: Vec) -> Vec:
    """Return h = a.q, k = b.q, l = c.q.

    Args:
        cell: components [1, 1, P, M] in metres.
        q_per_m: components [K, N, 1, 1].

    Returns:
        Three tensors [K, N, P, M], pixels fastest in memory.

    Source: spec 06 section 9.
    """
    parts = (*cell[0], *cell[1], *cell[2], *q_per_m)
    if torch.is_grad_enabled() and any(part.requires_grad for part in parts):
        indices: Vec = Products.apply(*parts)  # type: ignore[no-untyped-call]
        return indices
    return _products(cell, q_per_m)


def changes_with_cells(along_hkl: Sequence[Tensor | None], cells: Tensor, q_per_m: Vec) -> Tensor:
    """Return how sums over evaluations change with the cell: sum of s_h (da.q) + s_k (db.q) + s_l (dc.q).

    Args:
        along_hkl: the derivatives s of each evaluation to its indices [K, P, M, N], None for 0.
        cells: changes of the cell as of `packed`, in metres [V, 1, 1, P, M, 9].
        q_per_m: components [K, N, 1, 1].

    Returns:
        For each change [V, K, N].

    Source: spec 06 section 9.
    """
    q = torch.stack([part[..., 0, 0] for part in q_per_m], 1)  # [K, 3, N]
    changes = cells.movedim(-1, 1).flatten(2)  # [V, 9, P M]
    found = q.new_zeros((len(cells), len(q), q.shape[-1]))  # [V, K, N]
    for n, slope in enumerate(along_hkl):
        if slope is not None:
            vectors = changes[:, 3 * n : 3 * n + 3].flatten(0, 1)  # [3 V, P M]
            sums = vectors @ slope.flatten(1, 2).to(vectors.dtype)  # [K, 3 V, N]
            found += (sums.reshape(len(q), len(cells), 3, -1) * q[:, None]).sum(2).movedim(1, 0)
    return found


def _pixels_last(v: Vec) -> Vec:
    """Return components [K, N, 1, 1] as [K, 1, 1, N], for products with pixels fastest in memory."""
    return apply(lambda part: part.movedim(1, -1), v)


def _products(cell: CellVectors, q_per_m: Vec) -> Vec:
    """Return the products of three vectors [1, 1, P, M] with vectors [K, N, 1, 1]."""
    qx, qy, qz = _pixels_last(q_per_m)  # [K, 1, 1, N]
    a, b, c = (_pixels_last(v) for v in cell)  # [1, P, M, 1]
    h, k, l = ((v[0] * qx).add_(v[1] * qy).add_(v[2] * qz).movedim(-1, 1) for v in (a, b, c))
    return h, k, l


class Products(torch.autograd.Function):
    """h = a.q, k = b.q, l = c.q of all pixels and orientations, as products of matrices, with their slopes.

    A sum may differ in its last bit from the one that spec 02 section 1 fixes, which the image has; slopes do
    not depend on it. Compiled, the sums are written out, and a compiler makes one loop of them.
    """

    @staticmethod
    def forward(ctx: Any, *parts: Tensor) -> Vec:
        """Return the products.

        Args:
            parts: components of a, b, c [1, 1, P, M] and of q [K, N, 1, 1].
        """
        ctx.save_for_backward(*parts)
        P, M = parts[0].shape[2:]
        q = _scattering_vectors(parts)
        h, k, l = ((v.T @ q).view(q.shape[0], P, M, -1).movedim(-1, 1) for v in _cell_vectors(parts))
        return h, k, l

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Return the sums over pixels for the cell, and over orientations for q."""
        parts, needed = ctx.saved_tensors, ctx.needs_input_grad
        if arithmetic().loops:
            return tuple(_written_out(parts, grads, needed))
        P, M = parts[0].shape[2:]
        rows = [grad.movedim(1, -1).flatten(1, 2) for grad in grads]  # [K, P M, N]
        found: list[Tensor | None] = [None] * len(parts)
        if any(needed[:9]):
            q = _scattering_vectors(parts)
            for n, row in enumerate(rows):
                sums = (q @ row.transpose(1, 2)).sum(0)  # [3, P M]
                found[3 * n : 3 * n + 3] = sums.reshape(3, 1, 1, P, M).unbind(0)
        if any(needed[9:]):
            a, b, c = (vector @ row for vector, row in zip(_cell_vectors(parts), rows, strict=True))
            found[9:12] = (a + b + c)[..., None, None].unbind(1)  # of [K, 3, N]
        return tuple(found)


def _scattering_vectors(parts: Sequence[Tensor]) -> Tensor:
    """Return q [K, 3, N]."""
    return torch.stack([part[:, :, 0, 0] for part in parts[9:12]], 1)


def _cell_vectors(parts: Sequence[Tensor]) -> list[Tensor]:
    """Return a, b, c [3, P M]."""
    return [torch.stack([part.flatten() for part in parts[3 * n : 3 * n + 3]]) for n in range(3)]


def _written_out(
    parts: Sequence[Tensor], grads: Sequence[Tensor], needed: Sequence[bool]
) -> Iterator[Tensor | None]:
    """Yield the sums of `Products.backward` without products of matrices."""
    for n in range(9):
        yield (parts[9 + n % 3] * grads[n // 3]).sum((0, 1), keepdim=True) if needed[n] else None
    for n in range(3):
        h, k, l = (parts[3 * axis + n] * grad for axis, grad in enumerate(grads))
        yield (h + k + l).sum((2, 3), keepdim=True) if needed[9 + n] else None
