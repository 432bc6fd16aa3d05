"""The dry run: what it calls wrong, and what it says where it cannot be made."""

import pytest

from harness.commands import gpu
from harness.device.dry import dry_statement, wrong_with
from harness.device.gradient_checks import RUNS as GRADIENT_RUNS
from harness.device.lowered import BUFFER, CRYSTAL, KERNEL, RUNS, SIZE
from harness.device.pieces import Done
from harness.device.stage_calls import calls_of, write_box
from simulator import RunConfig

STAGES = {"rays", "add", "finish"}
BUILT = {"registers": 32, "stack_bytes": 0, "shared_bytes": 0}
FUSED = {
    "kind": "lowered", "form": "a", "stage": "add", "run": "domains", "dtype": "mixed", "innermost": True,
    "why": "", "kernels": 1, "buffers": [], "kept_for_each_evaluation": [], "built": [BUILT],
}  # fmt: skip
KEEPING = {**FUSED, "form": "b", "kept_for_each_evaluation": ["float64[1, s20, 1, s96]"]}
SPILLING = {**FUSED, "form": "c", "built": [BUILT, {**BUILT, "stack_bytes": 16}]}
FAILED = {**FUSED, "form": "d", "why": "no kernel"}
CODE = """
buf0 = empty_strided_cuda((1, s20, 1, s96), (s20*s96, 1, s20*s96, s20), torch.float64)
red = async_compile.triton('red', '''
@triton.jit
''', device_str='cuda')
"""


@pytest.mark.parametrize(
    ("row", "words"),
    [(FUSED, ""), (KEEPING, "for each evaluation"), (SPILLING, "16 bytes"), (FAILED, "no k")],
)
def test_what_is_wrong_with_a_stage_is_said(row, words):
    assert words in wrong_with(row)
    assert bool(wrong_with(row)) == bool(words)


@pytest.mark.parametrize(
    ("rows", "failures", "status"),
    [
        ([FUSED], [], 0),
        ([FUSED, FUSED], [], 0),
        ([FUSED, KEEPING], [], 1),
        ([], [], 2),
        ([FUSED], [{"piece": "x", "why": "y"}], 3),
    ],
)
def test_worst_stage_decides_and_none_is_no_pass(rows, failures, status):
    found = dry_statement(Done(rows, failures))
    assert found["exit_status"] == status
    assert len(found["stages"]) == len({row["form"] for row in rows})


def test_kernels_and_buffers_are_found_in_the_program_that_the_compiler_writes():
    assert [name for name, _ in KERNEL.findall(CODE)] == ["red"]
    assert BUFFER.findall(CODE) == [("1, s20, 1, s96", "float64")]


def test_without_triton_nothing_is_checked(monkeypatch, capsys):
    monkeypatch.setattr("harness.device.dry.can_pretend", lambda: False)
    assert gpu.main(["--dry"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "pip install triton; nothing was checked" in captured.err


@pytest.fixture
def box(monkeypatch, tmp_path):
    write_box(tmp_path)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", RUNS)
def test_each_run_calls_the_stages_of_an_image(name, box):
    words = [*CRYSTAL.split(), *SIZE.split(), *RUNS[name].split()]
    calls = calls_of(RunConfig.from_args(words))
    assert {call.stage.name for call in calls.values()} == STAGES
    assert any("True" in form.split("Instrument")[0] for form in calls) == name.startswith("interpolated")


@pytest.mark.parametrize("words", GRADIENT_RUNS.values(), ids=list(GRADIENT_RUNS))
def test_each_run_of_the_gradient_checks_has_an_image(words, box):
    assert {call.stage.name for call in calls_of(RunConfig.from_args(words.split())).values()} == STAGES
