"""Kernels of a device: tried before they are used, made in another way where one fails, kept in a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from simulator import RunConfig
from simulator.engine import device_code
from simulator.engine.library_cache import BrokenLibraryError, CompileError, Making, StageFacts, put_library
from simulator.engine.rehearsal import Probe
from simulator.engine.stage import Call, StageProgram
from simulator.engine.tensor_tree import leaves
from simulator.kernel.kernel import photons
from simulator.kernel.small_blocks import rehearse
from simulator.kernel.stages import Stages
from simulator.scene.scene import prepare
from simulator.scene.setting_up import set_up

WORDS = (
    "-cell 40 45 50 85 95 100 -misset 10 20 30 -default_F 10 -lambda 1 -distance 100 -N 5 -nonoise"
    " -detpixels 16 -mosaic 1 -mosaic_domains 5 -hdivrange 2 -hdivsteps 2 -nointerpolate"
)
Way = Callable[[Making], StageProgram]


@pytest.fixture(scope="module")
def calls() -> dict[str, Call]:
    ins = set_up(prepare(RunConfig.from_args(WORDS.split())))
    probe = Probe()
    rehearse(ins, lambda few, block: photons(Stages(few, probe), block))
    return {call.stage.name: call for call, _ in probe.calls.values()}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(device_code, "_MADE", {})
    monkeypatch.setenv("NB_CACHE", str(tmp_path / "cache"))


def making_of(call: Call) -> Making:
    return Making(call, StageFacts.of(call.stage.name, call.form(), torch.device("cpu")))


def right(making: Making) -> StageProgram:
    return making.call.flat_result


def wrong(making: Making) -> StageProgram:
    return lambda tensors: [part * 1.01 for part in making.call.flat_result(tensors)]


def not_finite(making: Making) -> StageProgram:
    return lambda tensors: [part * float("nan") for part in making.call.flat_result(tensors)]


def failing(_making: Making) -> StageProgram:
    raise RuntimeError("no\nkernel")


def failing_when_run(_making: Making) -> StageProgram:
    def program(_tensors: list[Tensor]) -> Sequence[Tensor]:
        raise RuntimeError("illegal address")

    return program


def ways(*some: Way) -> dict[str, Way]:
    return {f"way {number}": way for number, way in enumerate(some, 1)}


@pytest.mark.parametrize("bad", [wrong, not_finite, failing, failing_when_run])
def test_kernels_that_fail_or_give_something_else_are_made_in_another_way(
    bad: Way, calls: dict[str, Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_code, "WAYS", ways(bad, right))
    making = making_of(calls["finish"])
    device_code.make_kernels([making])
    found = device_code.load_kernels(making.facts.path)(making.call.flat())
    assert torch.equal(found[0], next(leaves(making.call.result())))


def test_kernels_that_cannot_be_kept_are_named(
    calls: dict[str, Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept(making: Making) -> StageProgram:
        put_library(making.facts, b"kernels")
        return right(making)

    monkeypatch.setattr(device_code, "WAYS", ways(right))
    (note,) = device_code.make_kernels([making_of(calls["finish"]), making_of(calls["rays"])])
    assert note == "compiled for this process alone, since it cannot be kept: finish, rays"
    monkeypatch.setattr(device_code, "WAYS", ways(kept))
    assert device_code.make_kernels([making_of(calls["finish"])]) == ()


def test_every_failure_is_said(calls: dict[str, Call], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_code, "WAYS", ways(failing, wrong))
    with pytest.raises(CompileError, match=r"stage 'finish' .*way 1: no kernel; way 2: a result is off by"):
        device_code.make_kernels([making_of(calls["finish"])])


def test_entry_without_kernels_is_refused(calls: dict[str, Call]) -> None:
    facts = making_of(calls["finish"]).facts
    with pytest.raises(FileNotFoundError):
        device_code.load_kernels(facts.path)
    put_library(facts, b"no kernels")
    with pytest.raises(BrokenLibraryError, match="it cannot be loaded"):
        device_code.load_kernels(facts.path)


def test_call_of_another_size_repeats_entries(calls: dict[str, Call]) -> None:
    call = calls["add"]
    larger = call.resized({"N": 600, "M": 5, "K": 3})
    sizes = {place: tuple(part.shape) for place, part in larger.named()}
    assert sizes["given.0.q_per_m.0"] == (3, 600, 1, 1)
    assert sizes["given.0.cell"] == (1, 1, 1, 5, 9)
    (small, _), (large, _) = call.result(), larger.result()
    assert large.shape == (600,)
    assert torch.isfinite(large).all()
    assert small.shape != large.shape


@pytest.mark.slow
def test_compiled_stage_serves_other_sizes_and_other_processes(
    calls: dict[str, Call], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "compiler"))
    call, making = calls["finish"], making_of(calls["finish"])
    device_code.make_kernels([making])
    device_code._MADE.clear()  # as in another process
    program = device_code.load_kernels(making.facts.path)
    for size in (2, 521, 4000):
        other = call.resized({"N": size})
        found, expected = program(other.flat())[0], next(leaves(other.result()))
        assert found.shape == (size,)
        assert float((found - expected).abs().max()) <= 1e-12 * float(expected.abs().max())
