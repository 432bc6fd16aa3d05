"""The command nb-compare, driven with programs that behave or misbehave as named."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.commands.nb_compare import main
from tests.fixtures.waiting import is_gone, wait_until

FILES = {
    "summary.json", "c.png", "py.png", "diff.png", "c_float.bin", "py_float.bin", "commands.txt", "env.json",
    "c_stdout.txt", "c_stderr.txt", "py_stdout.txt", "py_stderr.txt", "sha256.txt", "relative.png",
}  # fmt: skip


def test_equal_images_pass_with_status_0(nb_compare):
    status, summary, errors = nb_compare("good", "good")
    assert (status, summary["verdict"], errors) == (0, "PASS", "")
    assert summary["metrics"]["bitwise_equal_fraction"] == 1.0
    assert summary["peaks"]["matched"] == 4


@pytest.mark.parametrize("sabotage", ["shift", "scale", "gradient", "spotless", "zero", "constant"])
def test_sabotaged_image_fails_with_status_1(nb_compare, sabotage):
    status, summary, _ = nb_compare("good", sabotage)
    assert (status, summary["verdict"]) == (1, "FAIL")
    assert summary["reasons"]


@pytest.mark.parametrize("behaviour", ["nan", "infinite"])
def test_not_finite_on_one_side_fails(nb_compare, behaviour):
    assert nb_compare("good", behaviour)[:1] == (1,)
    assert nb_compare(behaviour, "good", "--outdir", "other")[:1] == (1,)


@pytest.mark.parametrize("behaviour", ["zero", "constant", "nan", "infinite"])
def test_nothing_to_compare_on_both_sides_gives_status_2(nb_compare, behaviour):
    status, summary, _ = nb_compare(behaviour, behaviour)
    assert (status, summary["verdict"], summary["exit_status"]) == (2, "NOT COMPARABLE", 2)


def test_other_shape_is_not_comparable(nb_compare):
    status, summary, _ = nb_compare("good", "transposed")
    assert (status, summary["verdict"]) == (2, "NOT COMPARABLE")
    assert "80 x 60 and 60 x 80" in summary["reasons"][0]


@pytest.mark.parametrize("roi", [(5, 4, 0, 9), (80, 90, 0, 9), (0, 9, -5, -1)])
def test_empty_region_is_not_comparable(nb_compare, roi):
    status, summary, _ = nb_compare("good", "good", "--roi", *map(str, roi))
    assert (status, summary["verdict"]) == (2, "NOT COMPARABLE")
    assert "empty region" in summary["reasons"][0]


def test_resampled_image_never_passes_plainly(nb_compare):
    status, summary, _ = nb_compare("transposed", "good", "--resample")
    assert (status, summary["resampled"]) == (1, True)
    assert "resampled" in summary["notes"][0]


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("crash", "signal SIGSEGV"),
        ("refuse", "exit status 9: fake: no such lattice"),
        ("silent", "wrote no float image"),
        ("short", "float image of 100 bytes, not 19200"),
        ("headless", "shape"),
    ],
)
@pytest.mark.parametrize("side", [0, 1])
def test_failing_program_is_an_error_with_status_3(nb_compare, behaviour, words, side):
    pair = (behaviour, "good") if side == 0 else ("good", behaviour)
    status, summary, _ = nb_compare(*pair)
    assert (status, summary["verdict"]) == (3, "ERROR")
    assert words in summary["reasons"][0]
    assert Path("out", ("c", "py")[side] + "_stderr.txt").is_file()


def child_of_a_stopped_run(nb_compare):
    """Let a program hang until it has started a child; a busy machine may need more than the first limit."""
    for limit_s in (1.5, 6.0, 30.0, 120.0):
        out = f"out-{limit_s}"
        status, summary, _ = nb_compare("hang", "good", "--timeout", str(limit_s), "--outdir", out)
        assert (status, summary["verdict"], summary["runs"]["c"]["timed_out"]) == (3, "ERROR", True)
        said = Path(out, "c_stdout.txt").read_text(encoding="ascii").split()
        if said:
            return int(said[1])
    raise AssertionError("the program never started")


def test_hanging_program_is_stopped_with_everything_it_started(nb_compare):
    child = child_of_a_stopped_run(nb_compare)
    assert wait_until(lambda: is_gone(child)), f"process {child} lives on"


@pytest.mark.parametrize("source", ["--c-bin", "--py-bin", "NB_C_BIN"])
def test_missing_binary_is_an_error_and_nothing_else_is_tried(fake, tmp_path, monkeypatch, capsys, source):
    monkeypatch.chdir(tmp_path)
    options = ["--c-bin", fake("good"), "--py-bin", fake("good")]
    if source == "NB_C_BIN":
        monkeypatch.setenv("NB_C_BIN", "nowhere/nanoBragg")
        options = options[2:]
    else:
        options[options.index(source) + 1] = "nowhere/nanoBragg"
    assert main([*options, "--", "-lambda", "1"]) == 3
    line = capsys.readouterr().err
    assert re.fullmatch(
        rf"nb-compare: error: program 'nowhere/nanoBragg' \({source}\): no such file; .*\n", line
    )


def test_not_executable_binary_is_an_error(fake, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = Path(fake("good"))
    path.chmod(0o644)
    assert main(["--c-bin", str(path), "--py-bin", str(path), "--", "-lambda", "1"]) == 3
    assert "not executable" in capsys.readouterr().err


def test_missing_compiler_is_an_error_that_names_what_to_install(fake, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NB_C_BIN", raising=False)
    monkeypatch.setenv("CC", "no-such-compiler")
    good = fake("good")
    monkeypatch.setenv("PATH", "")
    assert main(["--py-bin", good, "--", "-lambda", "1"]) == 3
    assert "install a C compiler (Debian: gcc) or set CC" in capsys.readouterr().err


def test_external_binary_does_not_know_spec_mode(nb_compare):
    status, summary, errors = nb_compare("good", "good", "--parity-mode", "spec")
    assert (status, summary) == (3, None)
    assert "knows only c-parity" in errors


def test_each_program_is_told_mode_and_dtype_in_its_own_words(nb_compare):
    pair = ("report:nanobragg-reference", "report:simulator")
    assert nb_compare(*pair, "--parity-mode", "spec", "--dtype", "mixed")[0] == 0
    texts = [Path(f"out/{side}_stdout.txt").read_text(encoding="utf-8") for side in ("c", "py")]
    assert "args ['-parity_mode', 'spec', '-lambda', '1'" in texts[0]
    assert "args ['--parity-mode', 'spec', '-dtype', 'mixed', '--reproducible', '-lambda', '1'" in texts[1]


def test_single_quirks_need_programs_that_know_them(nb_compare):
    status, _, errors = nb_compare("good", "good", args=("--quirk", "Q-PHI-CARRYOVER=on"))
    assert status == 3
    assert "knows no quirks" in errors


def test_stale_dump_neither_leaks_in_nor_from_one_program_to_the_other(nb_compare):
    Path("Fdump.bin").write_bytes(b"stale")
    status, summary, _ = nb_compare("dump", "dump")
    assert (status, summary["verdict"]) == (0, "PASS")
    assert Path("Fdump.bin").read_bytes() == b"stale"


def test_each_program_starts_in_an_empty_directory_with_absolute_inputs(nb_compare):
    Path("A.mat").write_text("1 0 0 0 1 0 0 0 1\n", encoding="ascii")
    status, summary, _ = nb_compare("report", "report", args=("-mat", "A.mat", "-floatfile", "mine.bin"))
    text = Path("out/py_stdout.txt").read_text(encoding="utf-8")
    assert status == 0
    assert "cwd []" in text
    assert f"'-mat', '{Path('A.mat').absolute()}', '-floatfile', 'floatimage.bin'" in text
    assert "-floatfile mine.bin was taken out" in summary["notes"][0]


def test_published_bounds_give_a_loosened_pass(nb_compare):
    assert nb_compare("good", "slight", "--outdir", "strict")[0] == 1
    status, summary, _ = nb_compare("good", "slight", "--published-bounds")
    assert (status, summary["verdict"]) == (0, "PASS (LOOSENED)")
    assert any("sum difference" in reason for reason in summary["reasons"])


def test_published_bounds_that_were_not_needed_give_a_plain_pass(nb_compare):
    status, summary, _ = nb_compare("good", "good", "--published-bounds")
    assert (status, summary["verdict"]) == (0, "PASS")


def test_threshold_moves_the_correlation_bound_only(nb_compare):
    status, summary, _ = nb_compare("good", "shift", "--threshold", "0.1")
    assert status == 1
    assert not any("correlation" in reason for reason in summary["reasons"])


def test_region_restricts_the_comparison(nb_compare):
    inside = ("--roi", "10", "69", "5", "40")
    assert nb_compare("good", "spotless", "--outdir", "whole")[0] == 1
    status, summary, _ = nb_compare("good", "spotless", *inside)
    assert (status, summary["metrics"]["pixels"]) == (0, 60 * 36)
    assert summary["metrics"]["max_first_at"] == [12, 20]


def test_all_files_are_there_and_hashed(nb_compare):
    nb_compare("good", "scale")
    assert {path.name for path in Path("out").iterdir()} == FILES
    rows = [line.split("  ") for line in Path("out/sha256.txt").read_text(encoding="ascii").splitlines()]
    assert {name for _, name in rows} == FILES - {"sha256.txt"}
    assert all(hashlib.sha256(Path("out", name).read_bytes()).hexdigest() == digest for digest, name in rows)
    assert np.fromfile("out/c_float.bin", dtype=np.float32).size == 60 * 80
    assert json.loads(Path("out/env.json").read_text(encoding="utf-8"))["programs"].keys() == {"c", "py"}


def test_results_are_never_overwritten(nb_compare):
    Path("out").mkdir()
    Path("out/precious").write_text("x", encoding="ascii")
    status, _, errors = nb_compare("good", "good")
    assert (status, [path.name for path in Path("out").iterdir()]) == (3, ["precious"])
    assert "not empty" in errors
    assert [path.name for path in Path.cwd().iterdir()] == ["out"]


def test_default_directory_is_fresh_each_time(fake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["--c-bin", fake("good"), "--py-bin", fake("good"), "--json"]
    words += ["--determinism", "--", "-lambda", "1"]
    assert [main(words), main(words)] == [0, 0]
    names = [path.name for path in tmp_path.glob("nb-compare-*")]
    assert len(names) == 2
    assert all(re.fullmatch(r"nb-compare-\d{8}T\d{6}Z(-\d+)?", name) for name in names)


def test_commands_can_be_repeated_by_hand(nb_compare, tmp_path):
    nb_compare("good", "good")
    lines = Path("out/commands.txt").read_text(encoding="utf-8").splitlines()
    again = tmp_path / "again"
    again.mkdir()
    subprocess.run(lines[3], shell=True, cwd=again, check=True)
    assert (again / "floatimage.bin").read_bytes() == Path("out/c_float.bin").read_bytes()


@pytest.mark.parametrize(
    "words",
    [
        "", "--", "-lambda 1", "--bogus -- -x", "--roi 1 2 3 -- -x",
        "--threshold nan -- -x", "--threshold 2 -- -x",
        "--timeout 0 -- -x", "--timeout soon -- -x", "--parity-mode free -- -x", "-- --parity-mode spec",
        "-- -dtype mixed", "-- --dtype mixed", "-- --compile on", "-- --reproducible",
    ],
)  # fmt: skip
def test_wrong_usage_is_one_line_and_status_3(fake, tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    assert main(["--c-bin", fake("good"), "--py-bin", fake("good"), *words.split()]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(r"nb-compare: error: .+\n", captured.err)


def test_five_decisions_and_a_verdict_are_shown_without_json(fake, tmp_path):
    command = [
        sys.executable,
        "-m",
        "harness.commands.nb_compare",
        "--c-bin",
        fake("good"),
        "--py-bin",
        fake("scale"),
    ]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "COLUMNS": "100"}
    done = subprocess.run(
        [*command, "--", "-lambda", "1"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "nb-compare: FAIL" in done.stdout
    assert "sum difference" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("nb-compare: FAIL: ")
    assert "bitwise equal" not in done.stdout
