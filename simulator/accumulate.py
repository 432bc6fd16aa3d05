"""How the terms of a pixel are summed (spec 06 sections 12 and 15)."""

from __future__ import annotations

import torch
from torch import Tensor


def add_terms(I: Tensor, term: Tensor, gain: Tensor | None) -> Tensor:
    """Return I + sum over sources, phi steps and domains of gain * term.

    Args: I, [N]; term, [K, N, P, M]; gain, factors of each term [K, N, 1, 1], None for 1.
    Returns: [N]. Source: spec 06 section 15.
    """
    part = term.sum((2, 3), dtype=I.dtype)  # [K, N]
    if gain is not None:
        part = part * gain[:, :, 0, 0]
    return I + part.sum(0)  # [N]


def multiply_running_sum(I: Tensor, term: Tensor, weight: Tensor, executed: Tensor) -> Tensor:
    """Return the running sum after I <- (I + t_i) w for each executed iteration in loop order.

    I prod_m w_m + sum_i t_i prod_{m >= i} w_m, the products taken as suffix products (Q-OVERSAMPLE-RUNNING-PRODUCT).

    Args: I, [N]; term, [K, N, P, M], 0 where not executed; weight, [K, N, 1, 1]; executed, bool like term.
    Returns: [N]. Source: spec 06 section 12.
    """
    factors = _in_loop_order(torch.where(executed, weight.to(I.dtype), 1.0))  # [K P M, N]
    suffix = factors.flip(0).cumprod(0).flip(0)
    return I * suffix[0] + (_in_loop_order(term.to(I.dtype)) * suffix).sum(0)


def running_sums(I: Tensor, term: Tensor, weight: Tensor | None, executed: Tensor) -> Tensor:
    """Return the running sum after each iteration, [K, N, P, M], for the tap `I_running`.

    Args: as above; term with its gain. Source: spec 06 section 12.
    """
    shape = executed.movedim(1, -1).shape
    terms, done = _in_loop_order(term), _in_loop_order(executed)
    factors = torch.ones_like(terms) if weight is None else _in_loop_order(weight.expand(executed.shape))
    sums = []
    for t, w, ran in zip(terms, factors, done, strict=True):
        I = torch.where(ran, (I + t) * w, I)
        sums.append(I)
    return torch.stack(sums).reshape(shape).movedim(-1, 1)  # [K, N, P, M]


def _in_loop_order(values: Tensor) -> Tensor:
    """Return [K, N, P, M] as [K P M, N], iterations in loop order."""
    return values.movedim(1, -1).flatten(0, 2)
