"""trace-harness: both programs with taps on, the observer check, and what is written."""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.commands.nb_compare import main as nb_compare
from harness.commands.nb_report import main as nb_report
from harness.commands.trace_harness import main
from harness.programs.build import build_reference
from harness.tracing import fitting
from harness.tracing.choice import read_compared, worst_pixels
from harness.tracing.job import same_bits
from harness.tracing.rot_stars import STARS, reciprocal, with_rot_stars
from tests.trace_tools.debugger.conftest import require_gdb
from trace_tools.debugger.tap_map import map_path
from trace_tools.reading.trace_file import read_trace

LINE = (
    "-cell 60 70 80 90 95 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 8 -pixel 0.4 -N 5"
    " -default_F 100 -oversample 1 -osc 2 -phisteps 3 -phi 0 -mosaic 1 -mosaic_domains 2"
)
ARGS = LINE.split()
FILES = {"c_trace.log", "py_trace.log", "traces.json", "diff.md", "commands.txt", "env.json", "sha256.txt"}


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory, c_binary: Path) -> Path:
    """The result folder of one run: two pixels, the first of the run and a later one, with derived taps."""
    target = tmp_path_factory.mktemp("traced") / "out"
    words = ["--pixel", "3", "4", "--pixel", "0", "0", "--emit-rot-stars", "--c-bin", str(c_binary)]
    assert main([*words, "--outdir", str(target), "--", *ARGS]) == 0
    return target


def metrics_of(folder: Path) -> dict:
    return json.loads((folder / "traces.json").read_text(encoding="utf-8"))


def test_two_programs_that_agree_pass_with_no_divergence(traced: Path) -> None:
    metrics = metrics_of(traced)
    assert metrics["verdict"] == "PASS"
    assert metrics["first_divergence"] is None
    assert metrics["counts"]["compared"] > 200
    assert metrics["counts"]["only_a"] == metrics["counts"]["only_b"] == 0


def test_everything_is_written(traced: Path) -> None:
    assert {path.name for path in traced.iterdir()} >= FILES
    assert "-trace_only" in (traced / "commands.txt").read_text(encoding="utf-8")


def test_observer_check_is_made_on_both_sides(traced: Path) -> None:
    for text in metrics_of(traced)["observer_check"].values():
        assert text == "2 traced pixels equal an untraced run bit for bit"


def test_carryover_shows_from_the_second_executed_pixel_on(traced: Path) -> None:
    """The first pixel of the run sees the unrotated cell at phi 0, the other one that of the last step."""
    trace = read_trace(traced / "py_trace.log")
    rotated = {
        (turns["s"], turns["phi"]): record.values
        for record in trace.records()
        if record.tap == "rot_b_angstroms" and (turns := dict(record.context))
    }
    cell = next(record.values for record in trace.records() if record.tap == "b_angstroms")
    assert rotated[0, 0] == pytest.approx(cell, rel=1e-14)  # two roundings
    assert rotated[3, 0] == rotated[3, 2] != rotated[0, 0]


def test_derived_vectors_are_reciprocal_to_the_direct_ones(traced: Path) -> None:
    graph = json.loads((traced / "graph.json").read_text(encoding="utf-8"))
    assert [tap["name"] for tap in graph["taps"]] == list(STARS)
    found = {record.tap: np.array(record.values) for record in read_trace(traced / "c_trace.log").records()}
    table = [[np.dot(found[star], found[f"rot_{axis}_angstroms"]) for axis in "abc"] for star in STARS]
    assert np.allclose(table, np.eye(3), atol=1e-13)  # a few roundings of vectors of 80 Angstrom


def test_cubic_cell_has_inverse_lengths() -> None:
    a, b, c = reciprocal(*(20.0 * np.eye(3)))
    assert np.array_equal([a, b, c], np.eye(3) / 20.0)


def test_line_that_broke_off_gets_no_derived_vector() -> None:
    log = b"TRACE_C: rot_a_angstroms 1 0 0 | phi=0\nTRACE_C: rot_c_angstroms 0 0 1"
    assert with_rot_stars(log) == log


def liar(folder: Path, binary: Path) -> str:
    """A program whose pixels change when somebody looks."""
    path = folder / "liar"
    path.write_text(
        '#!/bin/sh\ncase "$*" in *-trace_pixel*) extra="-fluence 1e20";; esac\n'
        f'exec "{binary}" "$@" $extra\n',
        encoding="utf-8",
    )
    path.chmod(0o755)
    return str(path)


def test_program_that_changes_under_observation_is_an_error(tmp_path: Path, c_binary: Path) -> None:
    program = liar(tmp_path, c_binary)
    words = ["--pixel", "3", "4", "--c-bin", program, "--py-bin", str(c_binary)]
    assert main([*words, "--outdir", str(tmp_path / "out"), "--", *ARGS]) == 3
    metrics = metrics_of(tmp_path / "out")
    assert metrics["observer_check"]["c"].startswith("CHANGED: slow 3 fast 4")
    assert metrics["observer_check"]["py"].startswith("1 traced pixels equal")


def test_image_that_is_written_wrongly_behind_the_last_tap_fails_and_is_said_so(
    tmp_path: Path, c_binary: Path
) -> None:
    """All taps agree; the file does not hold what they say."""
    spoiler = tmp_path / "spoil.py"
    spoiler.write_text(
        "import sys, numpy as np\n"
        "path = sys.argv[sys.argv.index('-floatfile') + 1]\n"
        "(np.fromfile(path, np.float32) * np.float32(1.01)).tofile(path)\n",
        encoding="utf-8",
    )
    program = tmp_path / "spoiled"
    program.write_text(
        f'#!/bin/sh\n"{c_binary}" "$@" || exit $?\n'
        f'case "$*" in *-floatfile*) exec "{sys.executable}" "{spoiler}" "$@";; esac\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    words = ["--pixel", "3", "4", "--c-bin", str(program), "--py-bin", str(c_binary)]
    assert main([*words, "--outdir", str(tmp_path / "out"), "--", *ARGS]) == 1
    metrics = metrics_of(tmp_path / "out")
    assert (metrics["verdict"], metrics["first_divergence"]) == ("FAIL", None)
    assert re.fullmatch(
        r"BEHIND THE LAST TAP: slow 3 fast 4: the image file holds \S+, the last tap says \S+: "
        "the fault is behind the last tap",
        metrics["observer_check"]["c"],
    )
    assert metrics["reasons"][0] == f"observer check, c: {metrics['observer_check']['c']}"
    assert nb_report(["verify", str(tmp_path / "out")]) == 0


def test_check_that_was_left_out_is_said_so(tmp_path: Path, c_binary: Path) -> None:
    program = liar(tmp_path, c_binary)
    words = ["--pixel", "3", "4", "--no-observer-check", "--c-bin", program, "--py-bin", str(c_binary)]
    assert main([*words, "--outdir", str(tmp_path / "out"), "--", *ARGS]) == 1
    metrics = metrics_of(tmp_path / "out")
    assert metrics["observer_check"] == dict.fromkeys(("c", "py"), "NOT DONE (--no-observer-check)")
    assert metrics["first_divergence"] == "fluence_photons_per_m2"


def test_phi_mode_alone_makes_the_first_step_unrotated(tmp_path: Path, c_binary: Path) -> None:
    words = ["--pixel", "3", "4", "--phi-mode", "spec", "--determinism"]
    words += ["--c-bin", str(c_binary), "--py-bin", str(c_binary)]
    assert main([*words, "--outdir", str(tmp_path / "out"), "--", *ARGS]) == 0
    found = [r for r in read_trace(tmp_path / "out" / "c_trace.log").records() if r.tap == "rot_b_angstroms"]
    assert found[0].values != found[2].values
    assert metrics_of(tmp_path / "out")["phi_mode"] == "spec"


@pytest.mark.parametrize(("words", "message"), [
    (["--", "-lambda", "1"], "no pixel to trace"),
    (["--pixel", "1", "1"], "no nanoBragg command line"),
    (["--worst", "3", "--", "-lambda", "1"], "--worst needs the comparison"),
    (["--worst", "1", "--from", "nowhere"], "is no result of nb-compare"),
    (["--pixel", "1", "1", "--", "-trace_pixel", "2", "2"], "give --pixel before the --"),
    (["--pixel", "99", "1", "--", *ARGS], "outside"),
])  # fmt: skip
def test_usage_errors_are_one_line_and_status_3(
    words: list[str], message: str, c_binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["--determinism", "--c-bin", str(c_binary), "--py-bin", str(c_binary), *words]) == 3
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def comparison_folder(folder: Path, first: np.ndarray, second: np.ndarray, **facts: object) -> Path:
    run = {
        "title": "", "command": [], "provenance": {}, "exit_status": 0, "signal": None, "timed_out": False,
        "wall_s": 0.0, "peak_bytes": None, "shape_slow_fast": list(first.shape), "shape_source": None,
        "image_sha256": None, "failure": None,
    }  # fmt: skip
    summary = {
        "schema": 2, "verdict": "FAIL", "exit_status": 1, "reasons": [], "notes": [], "parity_mode": "spec",
        "arguments": ["-lambda", "1"], "caller": str(folder), "inputs": [], "resampled": False,
        "settings": {"dtype": None, "device": None, "timeout_s": 60.0}, "asked_region": None, "region": None,
        "bounds": {}, "strict_bounds": {}, "criteria": [], "metrics": None, "peaks": None, "traces": None,
        "runs": {"c": run, "py": run}, **facts,
    }  # fmt: skip
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    for side, image in (("c", first), ("py", second)):
        image.astype(np.float32).tofile(folder / f"{side}_float.bin")
    return folder


def test_worst_pixels_are_the_largest_differences_in_the_region(tmp_path: Path) -> None:
    first, second = np.ones((4, 5)), np.ones((4, 5))
    second[3, 1], second[0, 0], second[2, 4], first[1, 1] = 5.0, 99.0, np.nan, 2.0
    region = {"x_min": 1, "x_max": 4, "y_min": 1, "y_max": 3}
    compared = read_compared(comparison_folder(tmp_path, first, second, region=region))
    assert worst_pixels(compared, 3) == ((2, 4), (3, 1), (1, 1))
    assert compared.mode == "spec"


def test_among_equal_pixels_the_brightest_comes_first(tmp_path: Path) -> None:
    image = np.arange(6.0).reshape(2, 3)
    compared = read_compared(comparison_folder(tmp_path, image, image))
    assert worst_pixels(compared, 2) == ((1, 2), (1, 1))
    whole = replace(compared, region=(slice(None), slice(0, 2)))
    assert worst_pixels(whole, 1) == ((1, 1),)


def test_worst_takes_command_line_and_mode_of_the_comparison(tmp_path: Path, c_binary: Path) -> None:
    image = np.zeros((8, 8))
    other = image.copy()
    other[5, 2] = 1.0
    folder = comparison_folder(tmp_path, image, other, arguments=ARGS)
    words = ["--worst", "1", "--from", str(folder), "--no-observer-check"]
    programs = ["--determinism", "--c-bin", str(c_binary), "--py-bin", str(c_binary)]
    assert main([*words, *programs, "--outdir", str(tmp_path / "out")]) == 0
    assert read_trace(tmp_path / "out" / "c_trace.log").pixels() == {(5, 2)}
    assert metrics_of(tmp_path / "out")["parity_mode"] == "spec"


def test_bits_tell_zeros_apart() -> None:
    assert not same_bits(np.float32(0.0), np.float32(-0.0))
    assert same_bits(np.float32(np.nan), np.float32(np.nan))


def test_python_is_the_one_that_runs_the_tests(traced: Path) -> None:
    assert metrics_of(traced)["runs"]["py"]["command"][0] == sys.executable


def test_taps_are_recomputed_from_each_sides_inputs(traced: Path) -> None:
    rows = {row["tap"]: row for row in metrics_of(traced)["isolated"]}
    assert {"hkl_frac", "F_latt", "polar", "mos_a_angstroms", "omega_pixel_sr"} <= rows.keys()
    assert all(row["outside"] == [] for row in rows.values())
    assert "## Isolated and accumulated" in (traced / "diff.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("dtype", ["mixed", "float32", "auto"])
def test_single_precision_is_no_fault_of_the_simulator(dtype: str, tmp_path: Path, c_binary: Path) -> None:
    """Rounding and signs that it leaves open are in the bounds, and in no share of the budget."""
    words = ["--pixel", "3", "4", "--dtype", dtype, "--budget", "--c-bin", str(c_binary)]
    out = tmp_path / "out"
    assert main([*words, "--outdir", str(out), "--", *ARGS]) == 0
    metrics = metrics_of(out)
    assert metrics["verdict"] == "PASS"
    assert metrics["bounds"]["arithmetic"] == ("float32" if dtype == "float32" else "mixed")
    assert any("compared as magnitudes" in note for note in metrics["bounds"]["notes"])
    assert all(row["outside"] == [] for row in metrics["isolated"])
    (budget,) = metrics["budget"]
    assert all(abs(tap["share"]) < 1e3 for tap in budget["taps"] if tap["share"] is not None)
    assert "trace-diff c_trace.log py_trace.log --arithmetic" in (out / "commands.txt").read_text()
    assert nb_report(["verify", str(out)]) == 0


def brought(path: Path, binary: Path, more: str = "") -> str:
    """A program of a user: the C reference with a few words more."""
    path.write_text(f'#!/bin/sh\nexec "{binary}" "$@" {more}\n', encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_programs_of_the_comparison_are_traced_or_refused_by_name(
    tmp_path: Path, c_binary: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NB_C_BIN", str(c_binary))
    program = brought(tmp_path / "brought", c_binary, "-phi 0.01")
    words = ["--c-bin", program, "--py-bin", str(c_binary), "--outdir", "pair", "--", *ARGS]
    assert nb_compare([*words, "-trace_pixel", "1", "1"]) == 1
    assert main(["--worst", "1", "--from", "pair", "--outdir", "first"]) == 1
    assert metrics_of(tmp_path / "first")["runs"]["c"]["provenance"]["path"] == program
    assert main(["--worst", "1", "--from", "pair", "--c-bin", str(c_binary), "--outdir", "other"]) == 3
    assert "--determinism" in capsys.readouterr().err
    brought(tmp_path / "brought", c_binary)
    assert main(["--worst", "1", "--from", "pair", "--outdir", "second"]) == 3
    assert f"'{program}' is not the one that made side c" in capsys.readouterr().err
    assert not (tmp_path / "second").exists()


def test_one_program_on_both_sides_is_refused_unless_asked_for(
    tmp_path: Path, c_binary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--pixel", "1", "1", "--c-bin", str(c_binary), "--py-bin", str(c_binary)]
    assert main([*words, "--outdir", str(tmp_path / "out"), "--", *ARGS]) == 3
    assert "both sides are one file" in capsys.readouterr().err


@pytest.fixture(scope="module")
def debugged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result folder of a program without taps, of which a debugger reads them."""
    require_gdb()
    target = tmp_path_factory.mktemp("debugged") / "out"
    binary = build_reference("untapped-Og").path
    words = ["--pixel", "3", "4", "--c-bin", str(binary)]
    assert main([*words, "--outdir", str(target), "--", *ARGS]) == 0
    return target


def test_debugger_traces_a_program_without_taps_by_the_map_that_fits_it(debugged: Path) -> None:
    metrics = metrics_of(debugged)
    assert metrics["settings"]["map_chosen"] is True
    assert metrics["verdict"] == "PASS"
    assert metrics["settings"]["tap_map"] == "reference"
    assert "traced pixels equal an untraced run" in metrics["observer_check"]["c"]
    assert {path.name for path in debugged.iterdir()} == FILES | {"tap_map.toml"}
    log = (debugged / "c_trace.log").read_text(encoding="utf-8")
    assert "# state of pixel slow 3 fast 4: 1 earlier pixel was run; the image has the bits" in log


def test_debugged_traces_are_verified_and_replayed(debugged: Path) -> None:
    assert nb_report(["verify", str(debugged)]) == 0
    program = build_reference("untapped-Og").path
    assert nb_report(["replay", str(debugged), "--c-bin", str(program)]) == 0


def test_a_program_that_no_map_fits_is_refused_with_the_way_to_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    require_gdb()
    binary = build_reference("untapped-Og").path
    text = map_path("reference").read_text(encoding="utf-8").replace("return v;", "return w;")
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
    (tmp_path / "broken.toml").write_text("schema = ", encoding="utf-8")
    monkeypatch.setenv("NB_TAP_MAPS", str(tmp_path))
    monkeypatch.setattr(fitting, "shipped_maps", dict)
    words = ["--pixel", "3", "4", "--c-bin", str(binary), "--outdir", str(tmp_path / "out")]
    assert main([*words, "--", *ARGS]) == 3
    said = capsys.readouterr().err
    assert f"nb-trace-map draft --binary {binary}" in said
    assert "places match" in said
    assert "is not TOML" in said
    assert main([*words, "--no-tap-map", "--", *ARGS]) == 3
    assert "no tap map fits" not in capsys.readouterr().err
    assert main([*words, "--no-tap-map", "--tap-map", "reference", "--", *ARGS]) == 3
    assert "leave one of them out" in capsys.readouterr().err


def test_a_map_of_the_user_comes_before_those_that_are_shipped(tmp_path: Path) -> None:
    require_gdb()
    shutil.copy(map_path("reference"), tmp_path / "mine.toml")
    binary = build_reference("untapped-Og").path
    found = fitting.map_that_fits(binary, {"NB_TAP_MAPS": str(tmp_path)})
    assert found.name == str(tmp_path / "mine.toml")
    assert "places match" in found.why


def test_map_that_does_not_fit_gives_no_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require_gdb()
    text = map_path("reference").read_text(encoding="utf-8").replace("return v;", "return w;")
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
    binary = build_reference("untapped-Og").path
    words = ["--pixel", "3", "4", "--c-bin", str(binary), "--tap-map", str(tmp_path / "wrong.toml")]
    assert main([*words, "--outdir", str(tmp_path / "out"), "--", *ARGS]) == 2
    assert "nothing matches text 'return w;'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
