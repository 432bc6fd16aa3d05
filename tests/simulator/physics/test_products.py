"""Products of several factors have the slopes of their factors."""

from __future__ import annotations

import torch

from simulator.physics.products import product


def test_product_has_the_slopes_of_its_factors() -> None:
    generator = torch.Generator().manual_seed(1)
    factors = [torch.randn(4, dtype=torch.float64, generator=generator).requires_grad_() for _ in range(3)]
    assert torch.autograd.gradcheck(lambda *given: product(given), factors)
    assert torch.autograd.gradcheck(lambda *given: product(given, power=2), factors[:2])
    before = [factor.detach().clone() for factor in factors]
    with torch.no_grad():
        a, b, c = factors
        assert torch.equal(product(factors, 2), a * a * b * b * c * c)
    assert all(torch.equal(factor, old) for factor, old in zip(factors, before, strict=True))
