"""The benchmark: what it writes, what it refuses, and that nothing measured is never a success."""

import csv
import json
import re
import socket
import warnings
from dataclasses import replace

import numpy as np
import pytest

from harness.bench import measure as bench_measure
from harness.bench import plots as bench_plots
from harness.bench import report as bench_report
from harness.bench import worker as bench_worker
from harness.bench.cases import BY_ID, Size, chosen_cases
from harness.bench.figures import scaling_exponents, summary_of, unmeasured
from harness.bench.measure import BenchPlan, difference_of_max
from harness.bench.run import exit_status
from harness.bench.sides import WholeProcess, living_renderer, repeats_for
from harness.commands import bench
from harness.errors import HarnessError, ProgramError
from harness.programs.programs import program_at, simulator_program
from simulator.config import RunConfig

QUICK = ["--quick", "--rounds", "1", "--cases", "domains-10", "domains-100"]
SMALL_TEXT = "-cell 50 60 70 90 90 90 -default_F 9 -lambda 1 -distance 100 -detpixels 8 -N 5 -oversample 2"
SMALL = SMALL_TEXT.split()
LONG_S = 900.0
"""A limit that no machine reaches, however busy."""


RUN_WHOLE = bench_measure.run_whole
CASE_S, PIXEL_S = 1.0, 0.25


def clocked(*given):
    """Run a program, with wall times that do not depend on what else the machine does."""
    args = given[2]
    pixel = args[-5:] == ("-roi", "0", "0", "0", "0")
    return replace(RUN_WHOLE(*given), wall_s=PIXEL_S if pixel else CASE_S)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The folder of the reports of one quick run without external program, and its exit status."""
    reports = tmp_path_factory.mktemp("bench")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench_measure, "run_whole", clocked)
        status = bench.main(
            [*QUICK, "--profile", "--reports", str(reports), "--markdown", str(reports / "b.md")]
        )
    (folder,) = [path for path in (reports / "bench").iterdir() if path.is_dir()]
    return folder, status


def test_quick_run_measures_both_programs_and_compares_their_images(measured):
    folder, status = measured
    result = json.loads((folder / "bench.json").read_text(encoding="utf-8"))
    assert (status, result["complete"], result["failures"]) == (0, True, [])
    assert result["schema"] == "nb-bench 1"
    assert [row["id"] for row in result["cases"]] == ["domains-10", "domains-100"]
    for row, samples in zip(result["cases"], (192 * 192 * 10, 64 * 64 * 100), strict=True):
        assert (row["samples"], row["c_rows"]) == (samples, None)
        summary = row["summary"]
        assert summary["agrees"]
        assert summary["samples_per_s"] > 0.0
        assert summary["c"]["ratio"]["least"] <= summary["c"]["ratio"]["median"]
        assert 0 < summary["peak_above_import_bytes"] < summary["peak_bytes"]
        assert {"cold_s", "warm_s", "of_c"} <= set(summary["whole"])
    assert set(result["scaling"]) == {"simulator", "c"}


def test_profile_names_the_operators_and_the_rest(measured):
    folder, _ = measured
    result = json.loads((folder / "bench.json").read_text(encoding="utf-8"))
    for row in result["cases"]:
        own = [one["own_s"] for one in row["profile"]["operators"]]
        assert own == sorted(own, reverse=True)
        assert 0.0 < sum(own) <= row["profile"]["operators_own_s"]
    assert "compiled code, Python and the profiler" in (folder / "bench.md").read_text()


def test_results_name_processor_and_cores_but_neither_host_nor_folders(measured):
    folder, _ = measured
    text = (folder / "bench.json").read_text(encoding="utf-8")
    assert json.loads(text)["machine"].keys() == {"processor", "cpus_usable"}
    assert not re.search(r'"/|=/', text)
    assert f'"{socket.gethostname()}"' not in text


def test_tables_pictures_and_history_are_written(measured):
    folder, _ = measured
    rows = list(csv.DictReader((folder / "bench.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["case"] for row in rows] == ["domains-10", "domains-100"]
    assert all(float(row["c.ratio.median"]) > 0.0 for row in rows)
    assert (folder / "bench.md").read_text() == (folder.parents[1] / "b.md").read_text()
    assert "| domains-10 |" in (folder / "bench.md").read_text()
    for name in ("speed.png", "domains.png"):
        assert (folder / name).read_bytes()[:4] == b"\x89PNG"
    (line,) = (folder.parent / "history.jsonl").read_text().splitlines()
    assert set(json.loads(line)["cases"]) == {"domains-10", "domains-100"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--cases", "domains-7"], "unknown case 'domains-7'"),
        (["--rounds", "0"], "not a number of rounds"),
        (["--epsilon", "1"], "not a fraction"),
        (["--epsilon", "little"], "not a fraction"),
        (["--data", "nowhere"], "holds no A.mat"),
        (["--outdir", "full"], "not empty"),
        (["--markdown", "full/a"], "exists"),
    ],
)
def test_wrong_usage_is_one_line_and_status_3(words, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    assert bench.main(["--quick", *words]) == 3
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n"), says in captured.err) == ("", 1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_without_a_compiler_nothing_is_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CC", "no-such-compiler")
    assert bench.main([*QUICK, "--reports", str(tmp_path / "r")]) == 3
    assert "no C compiler" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_case_that_a_program_fails_on_is_no_success(tmp_path, fake, monkeypatch, capsys):
    monkeypatch.setenv("NB_C_BIN", fake("refuse"))
    words = ["--quick", "--rounds", "1", "--cases", "domains-10", "--no-whole", "--reports", str(tmp_path)]
    assert bench.main(words) == 3
    assert "not measured: external nanoBragg" in capsys.readouterr().out
    (folder,) = (tmp_path / "bench").iterdir()
    assert [path.name for path in folder.iterdir()] == ["bench.json"]


@pytest.mark.parametrize(
    ("agrees", "failures", "complete", "status"),
    [
        ([True, True], [], True, 0),
        ([True, False], [], True, 1),
        ([True], [{"case": "x", "why": "y"}], True, 3),
        ([True], [], False, 3),
        ([], [], True, 3),
    ],
)
def test_exit_status(agrees, failures, complete, status):
    cases = [{"summary": {"agrees": value}, "unmeasured": []} for value in agrees]
    assert exit_status({"cases": cases, "failures": failures, "complete": complete}) == status


@pytest.mark.parametrize(("case_s", "pixel_s"), [(1.0, 1.0), (1.0, 0.96), (0.2, 3.0)])
def test_rendering_that_is_lost_in_the_process_is_not_measured_with_a_reason(
    case_s, pixel_s, monkeypatch, fake
):
    walls = iter((case_s, pixel_s))

    def run(*_words):
        return WholeProcess(next(walls), None, np.ones((2, 2), np.float32))

    monkeypatch.setattr(bench_measure, "run_whole", run)
    program = program_at(fake("good"), "--c-bin")
    plan = BenchPlan(simulator_program(), {"c": program}, data=None)
    times, image = bench_measure._c_round(plan, program, (), Size((2, 2), 4, 4))
    assert (times["render_s"], image.shape) == (None, (2, 2))
    assert "cannot be told from the rest" in times["why"]


def round_of(render_s, why="lost"):
    ours = {"prepare_s": 0.5, "render_s": 0.5, "cpu_s": 2.0, "peak_bytes": 9, "device_bytes": None}
    c = {"process_s": 3.0, "one_pixel_s": 1.0, "peak_bytes": None, "render_s": render_s}
    return {"simulator": ours, "c": c if render_s else {**c, "why": why}}


def test_rounds_that_could_not_be_measured_do_not_count():
    rounds = [round_of(2.0), round_of(None), round_of(4.0)]
    row = {"rounds": rounds, "samples": 100, "c_samples": 100, "c_rows": None, "import_bytes": 1}
    found = summary_of(row, {"c": 0.0}, 1e-6, ["c"])
    assert found["c"]["ratio"] == {"median": 3.0, "least": 2.0, "most": 4.0}
    assert unmeasured(rounds, ["c"]) == []


def test_figure_that_no_round_could_measure_is_stated_and_is_no_success(measured, tmp_path):
    result = json.loads((measured[0] / "bench.json").read_text(encoding="utf-8"))
    for row in result["cases"]:
        rounds = [{**one, "c": {**one["c"], "render_s": None, "why": "lost"}} for one in row["rounds"]]
        row |= {"rounds": rounds, "unmeasured": unmeasured(rounds, ["c"])}
        row["summary"] = summary_of(row, {"c": 0.0}, 1e-6, ["c"])
    result["scaling"] = scaling_exponents(result["cases"], ["c"])
    assert exit_status(result) == 3
    assert result["scaling"]["c"] is None
    text = bench_report.bench_markdown(result)
    assert "domains-10: rendering of c not measured: lost" in text
    assert bench_report.screen_tables(result)
    assert bench_report.csv_text(result).count("\n") == 3
    assert json.loads(bench_report.history_line(result))["cases"]["domains-10"]["c"]["ratio"] is None
    bench_plots.draw_speed(tmp_path / "speed.png", result)
    assert bench_plots.draw_series(tmp_path / "domains.png", result)


def test_images_may_differ_by_what_may_be_left_out():
    plan = BenchPlan(simulator_program(), {}, data=None)
    assert plan.bound_of_max == 1e-6
    sparse = BenchPlan(simulator_program(), {}, data=None, extra=("--compile", "on", "--epsilon", "1e-4"))
    assert sparse.bound_of_max == pytest.approx(1.01e-4, rel=1e-12)


def test_differences_are_found_in_the_band_only():
    image = np.ones((6, 3), np.float32)
    other = image.copy()
    other[0, 0], other[4, 1] = 9.0, 1.5
    assert difference_of_max(image, other, (1, 3)) == 0.0
    assert difference_of_max(image, other, (4, 5)) == 0.5
    with pytest.raises(HarnessError, match="zero everywhere"):
        difference_of_max(0.0 * image, other, (4, 5))


def test_large_cases_are_cut_to_a_band_of_rows_for_c():
    assert Size((1024, 1024), 1 << 20, 10 << 20).band() is None
    whole = Size((1024, 1024), 1 << 20, 1000 << 20)
    first, last = whole.band()
    assert 1022 <= first + last <= 1023  # in the middle
    assert whole.band_samples() == (last - first + 1) * 1024 * 1000
    with pytest.raises(HarnessError, match="computes no pixel"):
        Size((4, 4), 0, 0)


def test_scaling_exponent_is_the_slope_over_the_series():
    def row(domains, speed):
        summary = {"samples_per_s": speed, "c": {"samples_per_s": 1e6}}
        return {"domains_in_series": domains, "samples": 50 * domains, "pixels": 50, "summary": summary}

    # C: time proportional to domains; simulator: twice as fast for each tenfold
    rows = [row(1, 1e6), row(10, 2e6), row(100, 4e6), {**row(3, 1.0), "domains_in_series": None}]
    found = scaling_exponents(rows, ["c"])
    assert found["c"] == pytest.approx(1.0)
    assert found["simulator"] == pytest.approx(1.0 - np.log10(2.0))
    assert scaling_exponents(rows[:1], ["c"]) == {"simulator": None, "c": None}


def test_refused_command_line_names_the_reason():
    with (
        pytest.raises(ProgramError, match=r"ended with status 9: .*nosuch"),
        living_renderer(simulator_program(), [*SMALL, "-mat", "nosuch.mat"], LONG_S),
    ):
        pass


def test_waits_for_the_device_are_counted_by_torchs_own_warning(monkeypatch):
    config = RunConfig.from_args(SMALL)
    assert bench_worker.host_waits(config) == {"host_waits": None}

    def render(_scene):
        for text in ("called a synchronizing CUDA operation", "something else"):
            for _ in range(3):
                warnings.warn(text, UserWarning, stacklevel=1)

    modes = []
    monkeypatch.setattr(bench_worker, "_uses_cuda", lambda: True)
    monkeypatch.setattr("torch.cuda.set_sync_debug_mode", modes.append)
    monkeypatch.setattr("simulator.image.render", render)
    assert bench_worker.host_waits(config) == {"host_waits": 3}
    assert modes == ["warn", "default"]


def test_program_that_does_not_know_the_mode_is_refused_at_once(tmp_path, fake, monkeypatch, capsys):
    monkeypatch.setenv("NB_C_BIN", fake("good"))
    assert bench.main(["--quick", "--parity-mode", "spec", "--reports", str(tmp_path / "r")]) == 3
    assert "knows only c-parity" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_worker_counts_samples_and_gives_the_image_it_timed(tmp_path):
    with living_renderer(simulator_program(), SMALL, LONG_S) as worker:
        assert worker.size.samples == 8 * 8 * 4
        times = worker.render(2)
        assert times["repeats"] == 2
        assert times["render_s"] > 0.0
        assert worker.image(tmp_path).max() > 0.0
        worker.timeout_s = 0.01
        with pytest.raises(ProgramError, match="was killed"):
            worker.render(10_000)


def test_short_runs_are_repeated_long_ones_not():
    assert (repeats_for(0.0), repeats_for(0.1), repeats_for(7.0)) == (20, 5, 1)


def test_cases_keep_the_order_of_the_table():
    assert [case.id for case in chosen_cases(["interpolation", "authoritative"])] == [
        "authoritative",
        "interpolation",
    ]
    assert chosen_cases([]) == list(BY_ID.values())
