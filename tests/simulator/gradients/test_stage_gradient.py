"""Slopes of stages, one by one or as machine code, are those of torch's graph of all operations."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from simulator.engine import compiled, library_cache
from simulator.engine.eager import Eager
from simulator.engine.rehearsal import Probe
from simulator.engine.stage import Call
from simulator.engine.tensor_tree import leaves
from simulator.errors import InputError
from simulator.fit.parameters import value_of, with_values
from simulator.gradients.image_gradient import block_slopes
from simulator.image import render
from simulator.kernel.blocks import Block
from simulator.kernel.taps import NEVER
from simulator.physics.arithmetic import in_loops
from simulator.physics.lattice.sines import cosine, sine
from simulator.scene.instrument import Instrument
from simulator.scene.scene import prepare
from simulator.scene.setting_up import set_up
from tests.simulator import gradient_cases as cases
from tests.simulator.compilers import explode, must_not_run, with_compiler
from tests.simulator.derivatives import drawn, slopes
from tests.simulator.gradient_cases import configured

CASES = {
    **{
        f"{shape}-{name}": f"-nointerpolate {cases.SHAPES[shape]} {cases.SAMPLINGS[name]}"
        for shape in cases.SHAPES
        for name in cases.SAMPLINGS
    },
    **{
        f"{shape}-{name}-interpolated": f"-interpolate {cases.SHAPES[shape]} {cases.SAMPLINGS[name]}"
        for shape in cases.SHAPES
        for name in cases.INTERPOLATED
    },
    **cases.PLACES,
    "dmin": f"-dmin 2 {cases.SAMPLINGS['sources']}",
}
RICH = "-osc 2 -phisteps 3 -mosaic 1 -mosaic_domains 3 -hdivrange 2 -hdivsteps 2 -nointerpolate"


class OneByOne(Probe):
    """Calls run operation by operation; the names of those that were made."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[tuple[str, bool]] = []

    def run(self, call: Call, pixels: int) -> Any:
        self.made.append((call.stage.name, call.stage.differentiates))
        return call.result()

    def derived(self) -> set[str]:
        """Return the names of stages that took derivatives."""
        return {name for name, differentiates in self.made if differentiates}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sloped")
    cases.write_inputs(made)
    return made


def block_of(ins: Instrument, side: int = 8) -> Block:
    index = torch.arange(side * side)
    return Block(slow=index // side, fast=index % side, interpolated=NEVER if ins.plan.interpolate else 0)


def distance(one: Tensor | None, other: Tensor | None) -> float:
    """Return the difference of two slopes over the size of the second, None for 0."""
    if one is None or other is None:
        return 0.0 if all(part is None or not part.any() for part in (one, other)) else float("inf")
    return float((one - other).norm()) / (float(other.norm()) or 1.0)


@pytest.mark.parametrize("mode", cases.MODES)
@pytest.mark.parametrize("case", CASES)
def test_slopes_of_stages_make_the_slopes_of_the_graph(case: str, mode: str, folder: Path) -> None:
    ins = set_up(prepare(configured(folder, mode, CASES[case])))
    if ins.policy.running:
        pytest.skip("a running sum in loop order has no stages of its own")
    block = block_of(ins)
    free = [part.is_floating_point() for part in leaves(ins)]
    inner = OneByOne()
    grad = drawn(block.slow.shape, 3)
    found = block_slopes(ins, free, block, inner, grad)
    expected = block_slopes(ins, free, block, None, grad)
    assert max(distance(*pair) for pair in zip(found, expected, strict=True)) < 1e-9
    assert sum(slope is not None and bool(slope.any()) for slope in expected) > 15
    assert inner.derived() >= {
        "rays",
        "derivatives",
        "finish",
    }


def test_only_slopes_that_are_asked_for_are_formed(folder: Path) -> None:
    ins = set_up(prepare(configured(folder, "spec", RICH)))
    block = block_of(ins)
    cell = {id(part) for part in leaves(ins.usual.final)}
    inner = OneByOne()
    found = block_slopes(ins, [id(part) in cell for part in leaves(ins)], block, inner)
    assert sum(slope is not None for slope in found) == len(cell)
    assert inner.derived() == {
        "finish",
        "derivatives",
        "weighed",
    }


def test_nothing_is_kept_after_the_slopes(folder: Path) -> None:
    ins = set_up(prepare(configured(folder, "spec", RICH)))
    block = block_of(ins)
    free = [part.is_floating_point() for part in leaves(ins)]
    inner = OneByOne()

    def there() -> int:
        return sum(issubclass(type(thing), Tensor) for thing in gc.get_objects())

    block_slopes(ins, free, block, inner)
    gc.collect()
    before = there()
    gc.disable()
    try:
        block_slopes(ins, free, block, inner)
        assert there() == before  # no cycle of references, which would wait for the collector
    finally:
        gc.enable()


@pytest.mark.parametrize("x", [0.0, 1e-30, 1e-4, 0.1, 0.25, 0.4999, 0.5])
def test_sine_and_cosine_of_half_turns(x: float) -> None:
    for sign in (-1.0, 1.0):
        turns = torch.tensor(sign * x, dtype=torch.float32)
        exact = float(turns) * torch.pi
        with in_loops():
            found = float(sine(turns)), float(cosine(turns))
        expected = torch.tensor(exact, dtype=torch.float64)
        assert found[0] == pytest.approx(float(expected.sin()), rel=3e-7)
        assert found[1] == pytest.approx(float(expected.cos()), abs=2e-7)


def test_slopes_are_not_compiled_unasked(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NB_CACHE", str(tmp_path))
    with_compiler(must_not_run, monkeypatch)
    config = configured(folder, "spec", "-phi 1")
    expected, found = slopes(config, "off"), slopes(config, "auto")
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_failure_to_compile_slopes_is_reported(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NB_CACHE", str(tmp_path))

    with_compiler(explode, monkeypatch)
    with pytest.raises(InputError, match="the compiler is not there"):
        slopes(configured(folder, "spec", "-phi 1"), "on")


def test_a_cache_that_lacks_a_program_is_asked_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NB_CACHE", str(tmp_path))
    library_cache.library_folder().mkdir(parents=True)
    config = configured(folder, "spec", "-phi 1")
    slopes(config, "auto")
    monkeypatch.setattr(compiled, "Needed", must_not_run)
    slopes(config, "auto")


def test_a_run_that_goes_on_without_compiled_slopes_says_so(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NB_CACHE", str(tmp_path))
    monkeypatch.setattr("simulator.engine.choose.WORTH_COMPILING", {"cpu": 1})
    monkeypatch.setattr("simulator.image.choose", lambda *_given: (Eager(1 << 16, 1 << 10), ()))
    with_compiler(explode, monkeypatch)
    config = configured(folder, "spec", "-phi 1")
    free = value_of(config, "distance_m").requires_grad_()
    (note,) = render(prepare(with_values(config, {"distance_m": free}))).notes
    assert "the run goes on without" in note
