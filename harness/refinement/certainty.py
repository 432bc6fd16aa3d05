"""What an image says about variables: deviations, correlations, and directions that it cannot see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.refinement.data import FloatArray

UNSEEN = 2.0**-30
"""Eigenvalue of the scaled normal matrix from which on down a direction is not seen by the image; those of
variables that are told apart hardly are some 1e-6, the rounding of the slopes is some 1e-12."""
TAKES_PART = 0.1
"""Component of a variable in an unseen direction, of length 1, from which on it is named."""
MOVES = 2.0**-10
"""From which on it has no finite deviation."""


@dataclass(frozen=True, eq=False)
class Certainty:
    """How well variables are determined."""

    deviations: FloatArray
    """Standard deviation of each variable, infinite where the image does not determine it [v]."""
    correlations: FloatArray
    """Of each pair, NaN with such a one [v, v]."""
    unseen: Sequence[tuple[int, ...]]
    """The places of the variables that take part in each direction that the image cannot see."""


LARGEST_LEVERAGE = 0.99
"""Share of a residual that the fit takes up itself, beyond which what is left of it says nothing."""


def certainty_of(slopes: FloatArray, residuals: FloatArray, count: int) -> Certainty:
    """Return how well the first variables of a fit are determined, the others being fitted with them.

    The eigenvalues of J^T J, scaled to a diagonal of 1, are looked at. With N its inverse on the directions
    that are seen, the covariance is N J^T diag(r^2 / (1 - h)^2) J N, h being the diagonal of J N J^T: each
    pixel scatters as it does, so that thousands of dark ones without noise do not make the few bright ones
    exact.

    Args:
        slopes: of the residuals, J [n, all variables].
        residuals: at the end of the fit, r [n].
        count: of the variables to tell of.
    """
    sizes = np.linalg.norm(slopes, axis=0)
    scale = np.where(sizes > 0.0, sizes, 1.0)
    scaled = slopes / scale
    values, directions = np.linalg.eigh(scaled.T @ scaled)
    seen = values > UNSEEN
    inverse = (directions[:, seen] / values[seen]) @ directions[:, seen].T
    effects = scaled @ inverse
    leverages = np.minimum((effects * scaled).sum(axis=1), LARGEST_LEVERAGE)
    scatter = effects * (residuals / (1.0 - leverages))[:, None]
    covariance = scatter.T @ scatter / np.outer(scale, scale)
    deviations = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    blind = (np.abs(directions[:, ~seen]) > MOVES).any(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        correlations = covariance / np.outer(deviations, deviations)
    correlations[blind, :] = correlations[:, blind] = np.nan
    deviations[blind] = np.inf
    apart = _apart(directions[:, ~seen].T)
    groups = [tuple(int(n) for n in np.flatnonzero(np.abs(part[:count]) > TAKES_PART)) for part in apart]
    return Certainty(deviations[:count], correlations[:count, :count], [group for group in groups if group])


def _apart(rows: FloatArray) -> FloatArray:
    """Return directions that span the same as others and have few variables in common, by Gauss-Jordan."""
    made = np.array(rows)
    for n in range(len(made)):
        row = n + int(np.abs(made[n:]).max(axis=1).argmax())
        made[[n, row]] = made[[row, n]]
        pivot = int(np.abs(made[n]).argmax())
        others = np.arange(len(made)) != n
        made[others] -= np.outer(made[others, pivot] / made[n, pivot], made[n])
    return np.asarray(made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), np.finfo(float).tiny))


def told_apart(unseen: Sequence[tuple[int, ...]], names: Sequence[str]) -> list[str]:
    """Return a sentence for each direction that the image cannot see."""
    found = []
    for group in unseen:
        *others, last = (names[n] for n in group)
        found.append(
            f"{', '.join(others)} and {last} cannot be told apart by this image; leave one of them out"
            if others
            else f"{last} has no effect on this image; leave it out"
        )
    return found
