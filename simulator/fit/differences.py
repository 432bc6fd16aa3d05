"""Slopes of single pixels, by differences of images: few variables, many pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

STEP = 2.0**-14
"""Of a variable, whose unit is its natural step; a central difference is off by its square, some 1e-8."""


def jacobian(image: Callable[[], Tensor], numbers: Callable[[], Tensor], free: Sequence[Tensor]) -> Tensor:
    """Return how fast pixels change with variables [n, v].

    Central differences; where both signs of a variable lead to the same side, as at a bound, one-sided ones.

    Args:
        image: the pixels, and the value of each variable in its unit [v], as they are then.
        numbers: the pixels, and the value of each variable in its unit [v], as they are then.
        free: the variables, which are moved meanwhile.
    """
    columns: list[Tensor] = []
    with torch.no_grad():
        middle, here = image().reshape(-1).cpu(), numbers()
        for part in free:
            for n in range(part.numel()):
                ends = [_moved(part, n, side * STEP, image, numbers) for side in (1.0, -1.0)]
                (up, above), (down, below) = ends
                place = len(columns)
                rises, falls = bool(above[place] > here[place]), bool(below[place] < here[place])
                high, low = up if rises else middle, down if falls else middle
                columns.append((high - low) / (STEP * max(1, rises + falls)))
    return torch.stack(columns, dim=1)


def _moved(
    part: Tensor, n: int, step: float, image: Callable[[], Tensor], numbers: Callable[[], Tensor]
) -> tuple[Tensor, Tensor]:
    """Return pixels [n] and numbers [v] with one variable moved, and move it back."""
    kept = part[n].clone()
    part[n] += step
    try:
        return image().reshape(-1).cpu(), numbers()
    finally:
        part[n] = kept
