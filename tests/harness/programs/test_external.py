"""Programs that users bring: what they are told, what may pass, and what is said about them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from harness.commands.nb_compare import main
from harness.evidence.kinds import load_metrics
from harness.evidence.verify import verify_bundle
from harness.programs.arguments import prepare_arguments
from harness.programs.programs import Program
from harness.programs.quirk_options import RELEVANT
from harness.programs.side_words import side_words
from harness.verdict import PairFinding, Verdict, limited_verdict
from simulator.command_line.option_table import BY_SPELLING
from simulator.quirks import REGISTRY
from system_io.verdict_words import Word

LINE = "-cell 79 79 38 -default_F 9 -lambda 1 -distance 99 -detpixels 24 -pixel 0.4 -N 5 -oversample 1"
ARGS = LINE.split()
EXTERNAL, REFERENCE, SIMULATOR = (
    Program(kind, ("x",), {}) for kind in ("external", "reference", "simulator")
)


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def told(words: str, program: Program) -> tuple[list[str], list[str], str]:
    found = side_words(prepare_arguments(words.split(), Path("/")), {"c": program})["c"]
    return list(found.arguments.words), list(found.arguments.last), " ".join(found.notes)


@pytest.mark.parametrize("second", ["weak-missing", "weak-doubled", "weak-negative"])
def test_a_few_dim_pixels_decide_alone(nb_compare, second):
    status, summary, _ = nb_compare("weak", second)
    assert (status, summary["verdict"]) == (1, "FAIL")
    assert "pixels outside" in [row["name"] for row in summary["criteria"] if row["state"] == "failed"]
    assert summary["metrics"]["own"]["outside"] == 4
    assert summary["metrics"]["max_diff_of_max"] <= 1e-6  # other figures of pixels say nothing


def test_one_bright_pixel_carries_no_verdict(nb_compare):
    status, summary, _ = nb_compare("hot", "hot-changed")
    assert (status, summary["metrics"]["own"]["outside"]) == (1, 60 * 80 - 1)


@pytest.mark.parametrize(("second", "words"), [("stale", "gives the same image"), ("deaf", "did not run")])
@pytest.mark.parametrize("side", [0, 1])
def test_a_program_that_ignores_its_words_is_not_comparable(nb_compare, second, words, side):
    pair = (second, "good") if side else ("good", second)
    status, summary, _ = nb_compare(*pair)
    assert (status, summary["verdict"]) == (2, "NOT COMPARABLE")
    assert words in summary["reasons"][0]
    assert verify_bundle(Path("out")).word is Word.PASS


def test_other_photons_are_doubled_as_they_are_given(nb_compare):
    assert nb_compare("good", "good", args=("-fluence", "3e28"))[0] == 0


def test_one_program_twice_shows_determinism_only(fake, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(fake("good"))
    (tmp_path / "copy").write_bytes(Path(fake("good")).read_bytes())
    (tmp_path / "copy").chmod(0o755)
    for number, other in enumerate((fake("good"), "./link", "./copy")):
        words = ["--json", "--c-bin", fake("good"), "--py-bin", other]
        assert main([*words, "--outdir", f"a{number}", "--", "-lambda", "1"]) == 2
        assert "determinism" in json.loads(capsys.readouterr().out)["reasons"][0]
        assert main([*words, "--determinism", "--outdir", f"b{number}", "--", "-lambda", "1"]) == 0
        summary = json.loads(capsys.readouterr().out)
        assert any("determinism only" in note for note in summary["notes"])
        assert "determinism only" in load_metrics(tmp_path / f"b{number}")["title"]
        assert verify_bundle(tmp_path / f"b{number}").word is Word.PASS


def test_traces_that_were_asked_for_and_are_missing_are_an_error(nb_compare):
    status, summary, _ = nb_compare("good", "trace", args=("-trace_pixel", "1", "1"))
    assert (status, summary["verdict"]) == (3, "ERROR")
    assert "c_trace.log" in summary["reasons"][0]
    assert "/" not in summary["reasons"][0]
    assert verify_bundle(Path("out")).word is Word.PASS


def test_a_program_that_is_not_deterministic_is_named(nb_compare):
    status, summary, _ = nb_compare("flaky", "good")
    assert status == 1
    assert any("two runs of c differ" in reason and "Q-OMP" in reason for reason in summary["reasons"])
    assert not any("two runs of py" in reason for reason in summary["reasons"])


@pytest.mark.parametrize("threads", ["1", "3"])
def test_threads_of_an_external_program_are_pinned(nb_compare, monkeypatch, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    options = () if threads == "1" else ("--threads", threads)
    assert nb_compare("report", "report", *options)[0] == 0
    assert f"threads {threads} FALSE" in Path("out/c_stdout.txt").read_text(encoding="utf-8")


def test_the_time_limit_holds_for_questions_too(fake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = script(tmp_path / "asked", 'echo "$*" >> asked.log; exec sleep 600')
    start = time.monotonic()
    assert main(["--c-bin", asked, "--py-bin", fake("good"), "--timeout", "1", "--", "-lambda", "1"]) == 3
    assert time.monotonic() - start < 300.0  # a hang, not a speed


@pytest.mark.parametrize("option", ["--quirk Q-OSC-ZERO=on", "-quirk Q-OSC-ZERO=on", "--epsilon 1e-6"])
def test_an_option_of_one_side_goes_to_that_side(option):
    assert told(f"-N 5 {option} -osc 1", EXTERNAL)[0] == ["-N", "5", "-osc", "1"]
    assert option in told(f"-N 5 {option}", EXTERNAL)[2]
    assert told(f"-N 5 {option}", SIMULATOR) == (f"-N 5 {option}".split(), [], "")


def test_an_option_that_neither_side_knows_is_refused(nb_compare):
    status, _, errors = nb_compare("good", "good", args=("--epsilon", "1e-6"))
    assert status == 3
    assert "'--epsilon': neither program knows it" in errors


def test_the_seed_of_a_random_orientation_stands_last_for_the_original():
    words, last, note = told("-misset random -misset_seed 99 -N 5", EXTERNAL)
    assert (words, last) == (["-misset", "random", "-N", "5"], ["-misset_seed", "99"])
    assert "Q-CLI-MISSET-SEED" in note
    assert told("-misset random -misset_seed 99", REFERENCE)[1:] == ([], "")


@pytest.mark.parametrize(("given", "expected"), [
    ("-twotheta 5 -twotheta_axis 0 1 0 -N 5", "-twotheta_axis 0 1 0 -twotheta 5 -N 5"),
    ("-twotheta_axis 0 1 0 -N 5 -twotheta 5", "-twotheta_axis 0 1 0 -N 5 -twotheta 5"),
])  # fmt: skip
def test_a_swing_stands_behind_its_axis_for_the_original(given, expected):
    assert told(given, EXTERNAL)[0] == expected.split()


def test_an_axis_without_a_swing_is_named():
    assert "Q-CLI-TWOTHETA-AXIS" in told("-twotheta_axis 0 1 0", EXTERNAL)[2]


def test_quirks_and_options_that_may_explain_exist():
    assert RELEVANT.keys() <= REGISTRY.keys()
    assert frozenset().union(*RELEVANT.values()) <= BY_SPELLING.keys()


@pytest.fixture
def repaired(tmp_path, c_binary):
    """An external program with the carryover repaired."""
    text = f'case "$*" in *--version*) exit 9;; esac\nexec {c_binary} "$@" -quirk Q-PHI-CARRYOVER=off'
    return script(tmp_path / "repaired", text)


def compared(tmp_path, repaired, c_binary, *options, quirk=()):
    words = ["--c-bin", repaired, "--py-bin", str(c_binary), "--outdir", str(tmp_path / "out"), *options]
    status = main([*words, "--", *ARGS, "-osc", "2", "-phisteps", "4", *quirk])
    assert verify_bundle(tmp_path / "out").word is Word.PASS
    return status, json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))


def test_a_quirk_that_explains_a_failure_is_named(tmp_path, repaired, c_binary):
    status, summary = compared(tmp_path, repaired, c_binary, "--no-match-quirks")
    assert status == 1
    assert "Q-PHI-CARRYOVER explains it" in summary["reasons"][-1]
    assert "bit for bit" in summary["reasons"][-1]
    assert re.search(r"as it makes them, in \d+ of 576 pixels$", summary["reasons"][-1])


def test_a_quirk_is_told_to_the_side_that_has_it(tmp_path, repaired, c_binary):
    status, summary = compared(tmp_path, repaired, c_binary, quirk=("--quirk", "Q-PHI-CARRYOVER=off"))
    assert status == 0
    assert any("c was not told --quirk Q-PHI-CARRYOVER=off" in note for note in summary["notes"])


@pytest.mark.parametrize(("words", "found", "expected"), [
    (Word.PASS, Word.NOT_COMPARABLE, Word.NOT_COMPARABLE), (Word.FAIL, Word.NOT_COMPARABLE, Word.FAIL),
    (Word.LOOSENED, Word.ERROR, Word.ERROR), (Word.FAIL, Word.FAIL, Word.FAIL),
    (Word.LOOSENED, Word.PASS, Word.LOOSENED), (Word.ERROR, Word.NOT_COMPARABLE, Word.ERROR),
])  # fmt: skip
def test_a_finding_never_makes_a_verdict_better(words, found, expected):
    assert limited_verdict(Verdict(words), [PairFinding("probe", found, "why")]).word is expected


@pytest.mark.parametrize("roi", ["3 4 5 5", "3 4 5 8"])
@pytest.mark.parametrize("where", ["compared", "computed"])
def test_a_region_of_few_pixels_is_not_comparable(nb_compare, roi, where):
    options, args = (("--roi", *roi.split()), ()) if where == "compared" else ((), ("-roi", *roi.split()))
    status, summary, _ = nb_compare("good", "good", *options, args=("-lambda", "1", *args))
    assert (status, "fewer than 9" in summary["reasons"][0]) == (2, True)


def test_only_pixels_that_were_computed_count(nb_compare):
    status, summary, _ = nb_compare("good", "good", args=("-roi", "0", "9", "10", "29"))
    assert (status, summary["metrics"]["pixels"]) == (0, 200)
    covered = summary["coverage"]["images"]
    assert (covered["pixels"], covered["all_pixels"]) == (200, 4800)
    assert verify_bundle(Path("out")).word is Word.PASS


def images(folder: Path) -> tuple[Path, Path]:
    image = np.random.default_rng(5).gamma(0.5, 10.0, (30, 40)).astype(np.float32)
    other = image.copy()
    other[7, 9] *= np.float32(1.001)
    image.tofile(folder / "a.bin")
    other.tofile(folder / "b.bin")
    return folder / "a.bin", folder / "b.bin"


def smv(path: Path, image: np.ndarray, header: str = "TYPE=float;\n") -> Path:
    slow, fast = image.shape
    text = f"{{\nHEADER_BYTES=512;\nSIZE1={fast};\nSIZE2={slow};\nBYTE_ORDER=little_endian;\n{header}}}\f"
    path.write_bytes(text.ljust(512).encode("ascii") + image.tobytes())
    return path


def test_two_images_are_compared_without_programs(tmp_path, monkeypatch, capsys):
    from harness.commands.nb_report import main as nb_report

    monkeypatch.chdir(tmp_path)
    first, second = images(tmp_path)
    (tmp_path / "same.bin").symlink_to(first)
    (tmp_path / "equal.bin").write_bytes(first.read_bytes())
    image = np.fromfile(first, "<f4").reshape(30, 40)
    np.save("a.npy", image)
    smv(tmp_path / "a.img", image)
    assert main([str(first), str(second), "--shape", "30", "40", "--outdir", "o1"]) == 1
    assert main([str(first), "a.npy", "--shape", "30", "40", "--outdir", "o2"]) == 0
    assert main(["a.img", "a.npy", "--outdir", "o3"]) == 0
    assert main(["a.bin", "same.bin", "--shape", "30", "40", "--outdir", "o4"]) == 2
    assert main(["a.bin", "equal.bin", "--shape", "30", "40", "--outdir", "o5"]) == 0
    for folder, status in (("o1", 0), ("o2", 0), ("o3", 0)):
        assert nb_report(["verify", folder]) == 0
        assert nb_report(["replay", folder]) == status
    assert nb_report(["html", "o1", "--output", "o1.html"]) == 0 or capsys.readouterr()


@pytest.mark.parametrize(("words", "message"), [
    ("a.bin", "1 images"), ("a.bin b.bin", "give --shape"), ("a.bin b.bin --shape 40 31", "has 4800 bytes"),
    ("a.bin nowhere --shape 30 40", "cannot open second image"),
    ("a.bin b.bin --dtype mixed", "--dtype is for"),
    ("a.bin b.bin --shape 30 40 -- -lambda 1", "give one of them"),
    ("--shape 3 4 -- -lambda 1", "--shape is for"),
])  # fmt: skip
def test_wrong_images_are_one_line_and_status_3(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    images(tmp_path)
    assert main(words.split()) == 3
    error = capsys.readouterr().err
    assert (message in error, error.count("\n")) == (True, 1)


def test_results_that_end_in_one_second_are_all_kept(fake, tmp_path):
    words = ["--c-bin", fake("good"), "--py-bin", fake("good", "py"), "--", "-lambda", "1"]
    command = [sys.executable, "-m", "harness.commands.nb_compare", *words]
    root = str(Path(__file__).parents[3])
    environ = {"PYTHONPATH": root, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    running = [
        subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=subprocess.DEVNULL) for _ in range(2)
    ]
    assert [process.wait() for process in running] == [0, 0]
    assert len(list(tmp_path.glob("nb-compare-*/summary.json"))) == 2
