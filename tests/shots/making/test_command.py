"""The command `nbp shots`: words, errors of one line, statuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shots.making.command import main
from shots.plan.read_plan import read_plan
from system_io.shell import shell_words
from tests.fixtures.waiting import wait_until

ROOT = Path(__file__).parents[3]
PLAN = """
schema = 1
shots = 3
seed = 3
command = "-cell 30 30 40 90 90 90 -default_F 100 -N 4 -pixel 1 -detpixels 8 -oversample 1"
[vary]
orientation = "uniform"
distance = {normal = [40, 1]}
[output]
formats = ["npy"]
"""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "PLAN.toml").write_text(PLAN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return "PLAN.toml"


def test_a_plan_is_checked_listed_shown_run_and_verified(
    plan: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", plan, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["varies"] == ["distance", "orientation"]
    assert main(["list", plan, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["shots"]
    assert [row["number"] for row in rows] == [0, 1, 2]
    assert main(["show", plan, "1"]) == 0
    words = shell_words(capsys.readouterr().out)
    assert words[words.index("-distance") + 1] == repr(rows[1]["drawn"]["distance"][0])
    assert main(["run", plan, "--workers", "1", "--outdir", "set", "-q"]) == 0
    assert main(["verify", "set"]) == 0
    assert "PASS: 3 shots, 3 files, 0 faults" in capsys.readouterr().out
    Path("set/npy/shot_000001.npy").write_bytes(b"x" * 384)
    assert main(["verify", "set"]) == 1
    assert main(["list", plan, "--first", "1"]) == 0
    assert "and 2 more" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "none.toml"], "none.toml': no such file"),
        (["show", "PLAN.toml", "3"], "0 to 2"),
        (["show", "PLAN.toml", "-1"], "0 to 2"),
        (["run", "PLAN.toml", "--shard", "3/2"], "not a shard"),
        (["run", "PLAN.toml", "--workers", "0"], "number of processes"),
        (["run", "PLAN.toml", "--workers", "2", "--scheduler", "tcp://127.0.0.1:9"], "leave --workers out"),
        (["run", "PLAN.toml", "--outdir", "PLAN.toml/set"], "not a directory"),
        (["verify", "nowhere"], "holds no data set"),
        (["make", "PLAN.toml"], "invalid choice"),
    ],
)
def test_wrong_usage_is_one_line(
    plan: str, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert plan
    assert main(words) == 3
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_an_unwritable_folder_is_one_line(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("set").mkdir()
    Path("set").chmod(0o500)
    if os.access("set", os.W_OK):
        pytest.skip("this user may write anywhere")
    assert main(["run", plan, "--outdir", "set", "--workers", "1"]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_interrupted_processes_leave_nothing_half_written(plan: str, tmp_path: Path) -> None:
    longer = tmp_path / "LONGER.toml"
    longer.write_text(PLAN.replace("shots = 3", "shots = 500"), encoding="utf-8")
    assert read_plan(Path(plan)).digest == read_plan(longer).digest
    words = [
        sys.executable,
        "-m",
        "nbp",
        "shots",
        "run",
        str(longer),
        "--workers",
        "2",
        "--outdir",
        str(tmp_path / "set"),
    ]
    process = subprocess.Popen(
        words, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    try:
        assert wait_until(lambda: len(list((tmp_path / "set").glob("records/*.json"))) > 2)
        os.killpg(process.pid, signal.SIGINT)
        _, error = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert process.returncode == 130
    assert error.strip().splitlines()[-1] == "nbp shots: error: interrupted"
    assert not list((tmp_path / "set").rglob(".*.part.*"))
    done = {int(path.stem[-6:]) for path in (tmp_path / "set" / "records").glob("*.json")}
    assert all((tmp_path / "set" / "npy" / f"shot_{number:06d}.npy").is_file() for number in done)
