"""A run of nb-fuzz: cases, findings, resumption after a kill, shards, and what a fault leaves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.commands.search.nb_fuzz import main
from harness.fuzz.bench import FuzzBench, open_bench
from harness.fuzz.case import FuzzCase
from harness.fuzz.journal import CASES, FuzzSettings, coverage_of, new_folder, read_record
from harness.fuzz.outcome import FINDINGS, Came, outcome_of
from harness.fuzz.session import FuzzLimits, fuzz, run_changes
from harness.fuzz.told import fuzz_summary
from harness.programs.programs import program_at, second_program

ROOT = Path(__file__).parents[3]
SETTINGS = FuzzSettings(11, "both", (1, 1), None, None, None, ())


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / CASES).read_text().splitlines()]


@pytest.fixture(scope="module")
def small_run(fuzz_bench: FuzzBench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz") / "run"
    with new_folder(folder, SETTINGS) as opened:
        fuzz(fuzz_bench, opened, FuzzLimits(None, 20, 99), lambda line: None)
        opened.write_summary(fuzz_summary(opened))
    return folder


def test_twenty_cases_show_no_difference(small_run: Path) -> None:
    done = lines(small_run)
    assert [line["index"] for line in done] == list(range(20))
    assert not [line for line in done if line["came"] in {came.value for came in FINDINGS}]
    assert sum(line["came"] == Came.AGREED for line in done) >= 5
    summary = json.loads((small_run / "summary.json").read_text())
    assert summary["options"]["covered"] > 50
    assert summary["pairs"]["covered"] > 500


def test_a_broken_run_goes_on_where_it_was(
    small_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line is half written, and the cases that follow are those of the unbroken run."""
    folder = tmp_path / "broken"
    shutil.copytree(small_run, folder)
    text = (folder / CASES).read_text()
    whole = text.splitlines(keepends=True)
    (folder / CASES).write_text("".join(whole[:18]) + whole[18][:50])
    settings = json.loads((folder / "settings.json").read_text())
    assert main(["--resume", str(folder), "--cases", "20"]) == 3  # other programs than it began with
    assert "start anew" in capsys.readouterr().err
    from harness.programs.programs import first_program, program_hashes

    hashes = program_hashes((first_program(None, {}), second_program(None)))
    (folder / "settings.json").write_text(json.dumps({**settings, "programs": hashes}))
    assert main(["--resume", str(folder), "--cases", "20", "-q"]) == 0
    assert [line["words"] for line in lines(folder)] == [line["words"] for line in lines(small_run)]


@pytest.mark.slow
def test_a_killed_run_loses_nothing_that_was_done(tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    words = [
        sys.executable,
        "-m",
        "harness.commands.search.nb_fuzz",
        "--cases",
        "500",
        "--outdir",
        str(folder),
    ]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 120.0
    while time.monotonic() < end and (not (folder / CASES).exists() or len(lines_so_far(folder)) < 4):
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = lines_so_far(folder)
    assert len(done) >= 4
    assert main(["--resume", str(folder), "--cases", str(len(done) + 2), "-q"]) == 0
    assert [line["index"] for line in lines(folder)] == list(range(len(done) + 2))


def lines_so_far(folder: Path) -> list[str]:
    return [line for line in (folder / CASES).read_text().splitlines(keepends=True) if line.endswith("\n")]


@pytest.fixture(scope="module")
def shards(fuzz_bench: FuzzBench, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two of three parts of a run, with one made-up finding in the second."""
    root, folders = tmp_path_factory.mktemp("shards"), []
    for number in (1, 2):
        folders.append(root / str(number))
        with new_folder(folders[-1], replace(SETTINGS, shard=(number, 3))) as opened:
            fuzz(fuzz_bench, opened, FuzzLimits(None, 4, 99), lambda line: None)
            if number == 2:
                last = opened.lines[-1]
                opened.add(replace(last, index=last.index + 3, came=Came.IMAGE, finding="000013-image"))
    return folders


def test_shards_have_no_case_in_common(shards: list[Path]) -> None:
    found = [{(line["index"], tuple(line["words"])) for line in lines(folder)[:4]} for folder in shards]
    assert not {index for index, _ in found[0]} & {index for index, _ in found[1]}
    assert not {words for _, words in found[0]} & {words for _, words in found[1]}


def test_parts_of_a_run_add_up(shards: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """A line that is being written counts in neither."""
    with (shards[0] / CASES).open("a") as stream:
        stream.write('{"index": 12, "as')
    assert main(["--merge", *map(str, shards), "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    records = [read_record(folder) for folder in shards]
    alone = [coverage_of(record.lines) for record in records]
    together = alone[0].together | alone[1].together
    assert data["cases"] == 9
    assert data["options"]["covered"] == int(together.diagonal().sum())
    assert data["options"]["covered"] > max(len(one.options_covered()) for one in alone)
    assert data["pairs"]["covered"] == int(np.triu(together, 1).sum())
    assert set(data["quirks"]["shown"]) == alone[0].quirks | alone[1].quirks
    assert [found["folder"] for found in data["findings"]] == [f"{shards[1]}/findings/000013-image"]
    assert data["shards missing"] == ["seed 11: 3/3"]
    assert main(["--merge", *map(str, shards)]) == 1
    shown = capsys.readouterr().out
    assert "FAIL: 9 cases, 1 findings, in 2 folders" in shown
    assert "not among them: seed 11: 3/3" in shown


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["{0}", "{0}"], "is in "),
        (["{0}", "{none}"], "is no folder of nb-fuzz"),
        (["{0}", "{other}"], "compares other programs"),
        (["{0}", "--resume", "{0}"], "--resume is told"),
        (["{0}", "--time", "5s"], "--time is told"),
    ],
)
def test_what_does_not_add_up_is_refused(
    words: list[str], reason: str, shards: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    shutil.copytree(shards[1], other)
    settings = json.loads((other / "settings.json").read_text())
    (other / "settings.json").write_text(json.dumps({**settings, "programs": ["another"]}))
    named = [word.format(shards[0], none=tmp_path / "none", other=other) for word in words]
    assert main(["--merge", *named]) == 3
    assert reason in capsys.readouterr().err


def test_a_seeded_fault_is_found_with_its_cause(
    unpolarized: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "faulty"
    words = ["--c-bin", str(unpolarized), "--findings", "1", "--cases", "30", "--outdir", str(folder)]
    assert main(words) == 1
    assert "images differ" in capsys.readouterr().out
    (place,) = (folder / "findings").iterdir()
    finding = json.loads((place / "finding.json").read_text())
    assert finding["causes"] == ["polar"]
    assert {path.name for path in place.iterdir()} >= {"inputs", "c", "py", "pair", "command.txt"}
    from harness.commands.nb_report import main as report

    assert report(["verify", str(place / "pair")]) == 0


def test_a_refusal_of_one_program_is_a_disagreement(
    fuzz_bench: FuzzBench, tmp_path: Path, c_binary: Path
) -> None:
    strict = tmp_path / "strict"
    refusing = 'case "$*" in *-nopolar*) echo "no: not here" >&2; exit 9;; esac'
    strict.write_text(f'#!/bin/sh\n{refusing}\nexec "{c_binary}" "$@"\n')
    strict.chmod(0o755)
    case = FuzzCase(("-cell", "60", "-default_F", "9", "-detpixels", "4", "-nopolar", "-seed", "1"))
    with open_bench(program_at(str(strict), "--c-bin"), second_program(None)) as bench:
        shared = replace(bench, servers={**bench.servers, "py": fuzz_bench.servers["py"]})
        outcome = outcome_of(case, shared.pair(case))
    assert outcome.came is Came.REFUSAL
    assert "not here" in outcome.reasons[0]


def test_a_run_that_differs_from_a_fresh_one_is_seen(fuzz_bench: FuzzBench) -> None:
    case = FuzzCase(("-cell", "60", "-default_F", "9", "-detpixels", "4", "-N", "3", "-seed", "1"))
    served, fresh = fuzz_bench.run(case, "py"), fuzz_bench.run(case, "py", fresh=True)
    assert run_changes(served, fresh) == ""
    assert "floatimage.bin" in run_changes(served, replace(fresh, files={}))


def test_a_process_that_ends_is_told_and_replaced(fuzz_bench: FuzzBench, tmp_path: Path) -> None:
    server = fuzz_bench.planner
    assert server.serves()
    (tmp_path / "one").mkdir()
    assert server.run(["--version"], tmp_path / "one", 60.0).status == 0
    os.kill(server._process.pid, signal.SIGKILL)
    assert "signal 9" in str(server.run(["--version"], tmp_path / "one", 60.0).problem)
    assert server.run(["--version"], tmp_path / "one", 60.0).status == 0
