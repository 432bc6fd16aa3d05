"""Data sets: the same files whatever made them, and however often that was interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from shots.making.data_set import MANIFEST, DataSetFolder, opened_data_set
from shots.making.run_shots import run_shots, written_shot
from shots.making.verify_data_set import verified_data_set
from shots.plan.read_plan import read_plan
from shots.plan.shot_plan import ShotPlan
from system_io.errors import UserError
from system_io.tasks.cluster import DaskCluster
from system_io.tasks.engine import OneProcess
from system_io.tasks.processes import Processes
from tests.fixtures.waiting import wait_until

ROOT = Path(__file__).parents[3]
SHOTS = 5
PLAN = f"""
schema = 1
shots = {SHOTS}
seed = 11
command = "-hkl a.hkl -cell 30 30 40 90 90 90 -N 4 -pixel 1 -detpixels 16 -oversample 1 -fluence 1e26"
[vary]
orientation = "uniform"
lattices = {{choice = [1, 2]}}
distance = {{normal = [40, 1]}}
[recording]
readout_noise = 2.0
adc = 10
[output]
formats = ["npy", "npy-photons"]
"""
KINDS = (("cbf", "cbf"), ("nxmx", "h5"), ("truth", "json"))
Hashes = Mapping[str, str]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> ShotPlan:
    folder = tmp_path_factory.mktemp("plan")
    span = range(-3, 4)
    rows = (f"{h} {k} {l} {100 + h + 2 * k + 3 * l}" for h in span for k in span for l in span)
    (folder / "a.hkl").write_text("\n".join(rows), encoding="ascii")
    (folder / "PLAN.toml").write_text(PLAN, encoding="utf-8")
    return read_plan(folder / "PLAN.toml")


def hashes_of(path: Path) -> Hashes:
    facts = json.loads((path / MANIFEST).read_bytes())
    return {name: row["data_hash"] for name, row in facts["files"].items()}


@pytest.fixture(scope="module")
def expected(plan: ShotPlan, tmp_path_factory: pytest.TempPathFactory) -> Hashes:
    path = tmp_path_factory.mktemp("whole") / "set"
    assert run_shots(plan, path, OneProcess()).complete
    found = hashes_of(path)
    assert len(set(found.values())) == 2 * SHOTS
    return found


@pytest.mark.parametrize("count", [2, 7])
def test_shards_give_the_files_of_one_run(
    plan: ShotPlan, expected: Hashes, tmp_path: Path, count: int
) -> None:
    places = range(count, 0, -1)
    done = [run_shots(plan, tmp_path, OneProcess(), (place, count)) for place in places]
    assert [each.complete for each in done] == [place == 1 for place in places]
    assert hashes_of(tmp_path) == expected


def test_two_processes_give_the_files_of_one(plan: ShotPlan, expected: Hashes, tmp_path: Path) -> None:
    assert run_shots(plan, tmp_path, Processes(2)).complete
    assert hashes_of(tmp_path) == expected


def test_a_longer_plan_has_the_same_first_shots(plan: ShotPlan, expected: Hashes, tmp_path: Path) -> None:
    longer = plan.path.with_name("LONGER.toml")
    longer.write_text(PLAN.replace(f"shots = {SHOTS}", "shots = 500"), encoding="utf-8")
    folder = opened_data_set(read_plan(longer), tmp_path)
    written_shot(read_plan(longer), folder, 3)
    facts = folder.finished(3)
    assert facts is not None
    assert all(expected[name] == row["data_hash"] for name, row in facts["files"].items())


def test_a_shot_without_record_or_file_is_made_again(
    plan: ShotPlan, expected: Hashes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(DataSetFolder, "write_record", dead)
        with pytest.raises(KeyboardInterrupt):
            run_shots(plan, tmp_path, OneProcess())
    assert not list((tmp_path / "records").glob("*.json"))
    assert run_shots(plan, tmp_path, OneProcess()).made == SHOTS
    (tmp_path / "records" / "shot_000001.json").unlink()
    (tmp_path / "npy" / "shot_000003.npy").write_bytes(b"half")
    with pytest.raises(UserError, match="--resume"):
        run_shots(plan, tmp_path, OneProcess())
    assert run_shots(plan, tmp_path, OneProcess(), resume=True).made == 2
    assert hashes_of(tmp_path) == expected


def test_a_run_that_is_killed_goes_on_to_the_same_files(
    plan: ShotPlan, expected: Hashes, tmp_path: Path
) -> None:
    words = [sys.executable, "-m", "nbp", "shots", "run", str(plan.path), "--workers", "1"]
    words += ["--outdir", str(tmp_path / "set")]
    process = subprocess.Popen(words, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        assert wait_until(lambda: any((tmp_path / "set").glob("records/*.json")))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run_shots(plan, tmp_path / "set", OneProcess(), resume=True).complete
    assert hashes_of(tmp_path / "set") == expected
    assert not list((tmp_path / "set").rglob(".*.part.*"))


def killing_its_worker(plan: ShotPlan, folder: DataSetFolder, number: int) -> int:
    """Make a shot; the worker that makes shot 2 the first time is killed before its record is there."""
    mark = folder.path / ".killed"
    if number == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return written_shot(plan, folder, number)


@pytest.mark.filterwarnings("ignore")  # of a library whose worker is killed
def test_a_cluster_of_which_a_worker_is_killed_gives_the_same_files(
    plan: ShotPlan, expected: Hashes, tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed")
    folder = opened_data_set(plan, tmp_path)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=60
    ) as cluster:
        engine = DaskCluster(cluster.scheduler_address)
        numbers = list(range(SHOTS))
        done = dict(engine.results(partial(killing_its_worker, plan, folder), numbers))
    assert sorted(done) == numbers
    assert (tmp_path / ".killed").exists()
    assert run_shots(plan, tmp_path, OneProcess(), resume=True).made == 0
    assert hashes_of(tmp_path) == expected


def test_files_are_named_and_packed_as_the_plan_says(plan: ShotPlan, tmp_path: Path) -> None:
    other = plan.path.with_name("NAMES.toml")
    output = (
        'formats = ["cbf", "nxmx"]\nnames = "run7_###"\nfirst_number = 1\n[output.compression]\ncbf = "none"'
    )
    text = PLAN.replace('formats = ["npy", "npy-photons"]', output).replace(f"shots = {SHOTS}", "shots = 2")
    other.write_text(f"{text}\n[truth]\nspots = true\n", encoding="utf-8")
    assert run_shots(read_plan(other), tmp_path, OneProcess()).complete
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("run7_*")}
    files = [f"{kind}/run7_00{number}.{end}" for kind, end in KINDS for number in (1, 2)]
    assert names == set(files)
    assert not verified_data_set(tmp_path).faults
    other.write_text(f"{text.replace('none', 'byte-offset')}\n[truth]\nspots = true\n", encoding="utf-8")
    with pytest.raises(UserError, match="another names of files or compression"):
        run_shots(read_plan(other), tmp_path, OneProcess(), resume=True)


def test_another_plan_or_foreign_files_are_refused(plan: ShotPlan, expected: Hashes, tmp_path: Path) -> None:
    assert expected
    other = plan.path.with_name("OTHER.toml")
    other.write_text(PLAN.replace("seed = 11", "seed = 12"), encoding="utf-8")
    opened_data_set(plan, tmp_path / "set")
    with pytest.raises(UserError, match="another plan: seed changed; name another folder"):
        run_shots(read_plan(other), tmp_path / "set", OneProcess())
    factors = plan.path.with_name("a.hkl").read_bytes()
    try:
        plan.path.with_name("a.hkl").write_bytes(factors + b"\n9 9 9 1\n")
        with pytest.raises(UserError, match=r"another plan: file a\.hkl changed"):
            run_shots(read_plan(plan.path), tmp_path / "set", OneProcess(), resume=True)
    finally:
        plan.path.with_name("a.hkl").write_bytes(factors)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(UserError, match="no data set"):
        run_shots(plan, tmp_path / "mine", OneProcess())
    with pytest.raises(UserError, match="not a directory"):
        run_shots(plan, tmp_path / "mine" / "thesis.tex" / "set", OneProcess())


def test_changed_and_missing_files_are_found(plan: ShotPlan, expected: Hashes, tmp_path: Path) -> None:
    assert expected
    assert run_shots(plan, tmp_path, OneProcess()).complete
    assert not verified_data_set(tmp_path).faults
    image = tmp_path / "npy" / "shot_000001.npy"
    data = bytearray(image.read_bytes())
    data[-1] ^= 1
    image.write_bytes(data)
    (tmp_path / "npy-photons" / "shot_000002_photons.npy").unlink()
    faults = verified_data_set(tmp_path).faults
    assert any("shot_000001.npy: its data" in fault for fault in faults)
    assert any("shot_000002_photons.npy: is not there" in fault for fault in faults)


def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(
    plan: ShotPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    folder = opened_data_set(plan, tmp_path)
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match="no space left on device"):
        written_shot(plan, folder, 0)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "data_set.json"]
