"""Tangents of stages are the same in the two ways in which they are formed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from simulator.engine.rehearsal import Probe
from simulator.engine.stage import Call
from simulator.engine.tensor_tree import leaves
from simulator.gradients.stage_tangents import tangents_of
from simulator.kernel.kernel import photons
from simulator.kernel.small_blocks import rehearse
from simulator.kernel.stages import Stages
from simulator.physics.arithmetic import in_loops
from simulator.scene.instrument import Instrument
from simulator.scene.scene import prepare
from simulator.scene.setting_up import set_up
from tests.simulator import gradient_cases as cases
from tests.simulator.gradient_cases import configured

CASES = {**cases.SAMPLINGS, **cases.PLACES, "dmin": f"-dmin 2 {cases.SAMPLINGS['sources']}"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tangents")
    cases.write_inputs(made)
    return made


def direction(parts: list[Tensor], seed: int = 5) -> tuple[Tensor | None, ...]:
    """Return a change of every second tensor of numbers, of the size of its entries."""
    generator = torch.Generator().manual_seed(seed)
    return tuple(
        torch.rand(part.shape, dtype=part.dtype, generator=generator) * part
        if part.is_floating_point() and n % 2
        else None
        for n, part in enumerate(parts)
    )


def distance(one: Tensor, other: Tensor) -> float:
    """Return the largest difference over the size of the largest entry."""
    one, other = one.to(torch.float64), other.to(torch.float64)
    return float((one - other).abs().max()) / (float(other.abs().max()) or 1.0)


def calls_of(ins: Instrument) -> list[Call]:
    """Return a call of each form of the stages around the innermost one."""
    probe = Probe()
    rehearse(ins, lambda few, block: photons(Stages(few, probe), block))
    return [call for call, _ in probe.calls.values() if call.stage.name in ("rays", "finish")]


@pytest.mark.parametrize("mode", cases.MODES)
@pytest.mark.parametrize("case", CASES)
def test_a_compiler_is_given_the_tangents_of_forward_mode(case: str, mode: str, folder: Path) -> None:
    with torch.no_grad():
        for call in calls_of(set_up(prepare(configured(folder, mode, CASES[case])))):
            moved = tangents_of(call, direction(call.flat()))
            with in_loops():
                result, found = moved.result()
            expected_result, expected = moved.result()
            for one, other in zip(leaves(result), leaves(expected_result), strict=True):
                assert distance(one, other) <= 1e-12
            assert [part is None for part in found] == [part is None for part in expected]
            assert any(part is not None for part in found)
            for one, other in zip(found, expected, strict=True):
                if one is not None and other is not None:
                    assert distance(one, other) <= 1e-12
