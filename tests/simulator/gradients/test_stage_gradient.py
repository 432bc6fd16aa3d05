"""Slopes of stages, one by one or as machine code, are those of torch's graph of all operations."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from simulator import RunConfig, simulate
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

ROD = "-Na 5 -Nb 1 -Nc 1"
"""A crystal that takes a third of the time to compile."""
SLOPED = ("cell_lengths_A", "Sclose_m")
"""With these a run has a call of each stage that gives slopes; more of them cost time to compile."""


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


def weights(shape: torch.Size | tuple[int, ...]) -> Tensor:
    return torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3)) - 0.3


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
    grad = weights(block.slow.shape)
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


def slopes(config: RunConfig, compile_: str) -> Mapping[str, Tensor]:
    """Return the slope of a loss to every parameter of a run, 0 where it has none."""
    config = replace(config, compute=replace(config.compute, compile=compile_))  # type: ignore[arg-type]
    values = {name: value_of(config, name).requires_grad_() for name in SLOPED}
    image = simulate(with_values(config, values))
    given = tuple(values.values())
    found = torch.autograd.grad(
        (image * weights(image.shape)).sum(), given, materialize_grads=True, allow_unused=True
    )
    return dict(zip(values, found, strict=True))


@pytest.mark.slow
def test_machine_code_gives_the_slopes_of_single_operations(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NB_CACHE", str(tmp_path))
    config = configured(folder, "spec", RICH, f"-dtype mixed {ROD}")
    expected, made = slopes(config, "off"), slopes(config, "on")
    assert max(distance(made[name], expected[name]) for name in expected) < 1e-5
    with_compiler(must_not_run, monkeypatch)
    other = configured(folder, "spec", RICH, f"-dtype mixed {ROD} -phisteps 5 -detpixels 11")
    expected, again = slopes(other, "off"), slopes(other, "auto")  # other sizes of all axes, the same code
    assert max(distance(again[name], expected[name]) for name in expected) < 1e-5
    assert any(bool((again[name] != expected[name]).any()) for name in expected)  # it did run


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
