"""How the terms of a pixel are summed (spec 06 sections 12 and 15)."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

GainAndWeight = tuple[Tensor | None, Tensor]
"""Gain of each term and weight of the running sum, both [K, N, 1, 1]; no gain is 1."""
GainsOrNone = tuple[Tensor | None, Tensor | None]
"""The same, where no weight is 1 as well."""


def add_terms(I: Tensor, term: Tensor, gain: Tensor | None) -> Tensor:
    """Return I + sum over sources, phi steps and domains of gain * term.

    Args:
        I: [N].
        term: [K, N, P, M].
        gain: factors of each term [K, N, 1, 1], None for 1.

    Returns:
        [N].

    Source: spec 06 section 15.
    """
    part = term.sum((2, 3))  # [K, N]
    if gain is not None:
        part = part * gain[:, :, 0, 0].to(part.dtype)
    return I + part.sum(0)  # [N]


def multiply_running_sum(I: Tensor, term: Tensor, factors: GainAndWeight, executed: Tensor | None) -> Tensor:
    """Return the running sum after I <- (I + t_i) w for each executed iteration in loop order.

    I prod_m w_m + sum_i t_i prod_{m >= i} w_m, the products taken as suffix products.

    Args:
        I: [N].
        term: [K, N, P, M], 0 where not executed.
        factors: gain and weight.
        executed: None for all.

    Returns:
        [N].

    Source: spec 06 section 12 (Q-OVERSAMPLE-RUNNING-PRODUCT).
    """
    gain, weight = factors
    weight = weight.to(I.dtype)
    weights = weight if executed is None else torch.where(executed, weight, 1.0)
    suffix = _in_loop_order(weights.expand(term.shape)).flip(0).cumprod(0).flip(0)  # [K P M, N]
    gained = term if gain is None else term * gain.to(term.dtype)
    return I * suffix[0] + (_in_loop_order(gained) * suffix).sum(0)


def summed(I: Tensor, term: Tensor, factors: GainsOrNone, executed: Tensor | None) -> Tensor:
    """Return the running sum with the terms of one chunk: the only sum that an image is made of.

    Args:
        I: [N].
        term: [K, N, P, M], 0 where not executed.
        factors: gain of each term and weight of the running sum [K, N, 1, 1], None for 1.
        executed: None for all.

    Returns:
        [N].

    Source: spec 06 sections 12 and 15.
    """
    gain, weight = factors
    if weight is None:
        return add_terms(I, term, gain)
    return multiply_running_sum(I, term, (gain, weight), executed)


def running_sums(
    I: Tensor, term: Tensor, factors: GainsOrNone, executed: Tensor | None, total: Tensor
) -> Tensor:
    """Return the running sum after each iteration, for the tap `I_running`.

    Each is what `summed` makes of the terms up to there; the last is what it made of them all.

    Args:
        I: [N].
        term: [K, N, P, M], 0 where not executed.
        factors: gain of each term and weight of the running sum [K, N, 1, 1], None for 1.
        executed: None for all.
        total: what `summed` made of these [N].

    Returns:
        [K, N, P, M].

    Source: spec 06 section 12.
    """
    K, N, P, M = term.shape
    before = torch.zeros_like(term)  # [K, N, P, M], the terms so far, laid out as all of them are
    ran = torch.zeros(term.shape, dtype=torch.bool, device=term.device)
    done = torch.ones_like(ran) if executed is None else executed.expand(term.shape)
    sums = []
    for k, p, m in itertools.product(range(K), range(P), range(M)):
        before[k, :, p, m] = term[k, :, p, m]
        ran[k, :, p, m] = done[k, :, p, m]
        sums.append(summed(I, before, factors, ran))
    sums[-1] = total
    return torch.stack(sums).reshape(K, P, M, N).movedim(-1, 1)  # [K, N, P, M]


def _in_loop_order(values: Tensor) -> Tensor:
    """Return [K, N, P, M] as [K P M, N], iterations in loop order."""
    return values.movedim(1, -1).flatten(0, 2)
