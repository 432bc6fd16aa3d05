"""Freed memory is kept unless something was said about it; tensors move together and stay what they are."""

from __future__ import annotations

import ctypes
import platform
from types import SimpleNamespace

import pytest
import torch

from simulator import RunConfig
from simulator.engine.tensor_tree import leaves
from simulator.limits import memory
from simulator.physics.products import product
from simulator.scene.scene import prepare
from simulator.scene.setting_up import _moved, set_up


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU C library is told")
@pytest.mark.parametrize("setting", ["", *memory.SETTINGS])
def test_freed_memory_is_kept_unless_the_environment_decides(
    setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []
    for name in memory.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    if setting:
        monkeypatch.setenv(setting, "1")
    library = SimpleNamespace(mallopt=lambda what, value: told.append((what, value)))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    memory.keep_freed.__wrapped__()
    assert [what for what, _ in told] == ([] if setting else [-3, -1])


def test_tensors_move_together_and_stay_what_they_are() -> None:
    words = "-cell 50 60 70 90 90 90 -default_F 10 -lambda 1 -distance 100 -detpixels 8 -mosaic 1"
    parts = list(leaves(set_up(prepare(RunConfig.from_args([*words.split(), "-mosaic_domains", "3"])))))
    moved = _moved(parts, torch.device("cpu"))
    assert [part.dtype for part in moved] == [part.dtype for part in parts]
    assert all(torch.equal(new, old) for new, old in zip(moved, parts, strict=True))


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
