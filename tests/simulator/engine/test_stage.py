"""A stage sees what it declares, whatever runs it, and says in its row which axes of its tensors grow."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch

from simulator.engine.eager import Eager
from simulator.engine.recorded import Recorded
from simulator.engine.rehearsal import Probe
from simulator.engine.stage import Engine, K, M, N, P, Stage
from simulator.gradients.evaluation_gradient import DERIVATIVES, TERMS, WEIGHED
from simulator.image import render
from simulator.kernel import stages
from simulator.kernel.evaluation import ADD
from simulator.kernel.finish import FINISH
from simulator.kernel.kernel import photons
from simulator.kernel.rays import RAYS
from simulator.kernel.small_blocks import rehearse
from simulator.kernel.stages import Stages
from simulator.scene.instrument import Instrument, Plan
from simulator.scene.scene import prepare
from simulator.scene.setting_up import set_up
from simulator.sparse.bounds import BOUND
from tests.simulator.small_run import run

ROWS = {stage.name: stage for stage in (RAYS, ADD, FINISH, TERMS, DERIVATIVES, WEIGHED, BOUND)}
READS: dict[str, Callable[[Instrument], object]] = {
    "Instrument.table": lambda ins: ins.table.values,
    "Plan.short_cut": lambda ins: ins.plan.short_cut,
    "Plan.sum_dtype": lambda ins: ins.plan.sum_dtype == torch.float64,
}
ENGINES: dict[str, Callable[[], Engine]] = {
    "eager": lambda: Eager(1 << 20, 100),
    "recorded": lambda: Recorded(1 << 20, 100),
    "probe": Probe,
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", READS)
def test_a_stage_that_reads_what_it_does_not_declare_fails_and_names_it(
    name: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ins = set_up(prepare(run()))
    READS[name](ins)
    monkeypatch.setattr(stages, "RAYS", replace(RAYS, function=lambda seen, given: READS[name](seen)))
    with pytest.raises(AttributeError, match=rf"'{name}' is read, but the stage does not declare it"):
        rehearse(ins, lambda few, block: photons(Stages(few, ENGINES[engine]()), block))


def test_a_whole_run_fails_with_a_stage_that_reads_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "ADD", replace(ADD, parts=("table",)))
    with pytest.raises(AttributeError, match=r"'Instrument.shape' is read"):
        render(prepare(run()))


@pytest.mark.parametrize("name", ROWS)
def test_rows_name_parts_and_decisions_that_exist(name: str) -> None:
    stage = ROWS[name]
    assert set(stage.parts) <= set(Instrument.__dataclass_fields__) - {"plan"}
    assert set(stage.decisions) <= set(Plan.__dataclass_fields__)


def test_tables_of_a_call_lie_where_the_row_says() -> None:
    ins = set_up(prepare(run()))
    probe = Probe()
    rehearse(ins, lambda few, block: photons(Stages(few, probe), block))
    (call,) = (call for call, _ in probe.calls.values() if call.stage is ADD)
    axes = {place: call.stage.axes_of(place, tensor) for place, tensor in call.named()}
    assert [axis.name for axis in axes["ins.table.values"] if axis] == ["T"]
    assert axes["given.0.q_per_m.0"] == (K, N, P, M)
    assert axes["given.1"] == (N,)
    assert axes["ins.shape.cells.0"] == ()


def test_fixed_axes_of_a_table_do_not_grow() -> None:
    stage = Stage("any", lambda ins, given: given, nullcontext, axes={"given.table": (None, N)})
    assert stage.axes_of("given.table", torch.zeros(3, 5)) == (None, N)
    assert stage.axes_of("given.tables", torch.zeros(3, 5)) == ()


def test_a_run_leaves_the_threads_of_torch_as_they_were() -> None:
    before = torch.get_num_threads()
    for options in ("", "-detpixels 300 -phisteps 6 -osc 1", "--epsilon 1e-3 -nointerpolate"):
        render(prepare(run(options)))
        assert torch.get_num_threads() == before
