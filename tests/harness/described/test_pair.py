"""Two programs of one's own through `nbp pair`: verdicts, vacuous passes, bundles."""

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.commands.nb_report import main as report
from harness.commands.own.pair import main as pair
from harness.files import sha256_lines
from harness.store.bundle import files_below, sealed

PROGRAM = """import sys
x = [1.0 + i for i in range(int(sys.argv[1]))]
{change}
with open("field.txt", "w") as file:
    print(*x, sep="\\n", file=file)
"""
HEAD = """schema = 1
[first]
run = "{python} -S -E {folder}/one.py {arguments}"
[second]
run = "{python} -S -E {folder}/two.py {arguments}"
"""
TAIL = """
[case.small]
arguments = "5"
[case.large]
arguments = "6"
[output.field]
file = "field.txt"
bound = { rel = 1e-12 }
"""


def made(folder, change="", first="", head=HEAD, tail=TAIL):
    """Write two programs, of which the second has a change, and their description."""
    (folder / "one.py").write_text(PROGRAM.replace("{change}", first))
    (folder / "two.py").write_text(PROGRAM.replace("{change}", change or "x = x + []"))
    (folder / "parity.toml").write_text(head + tail)
    return folder / "parity.toml"


def run(path, *words):
    """Run `nbp pair run`; returns the exit status and the metrics, None where there is no bundle."""
    reports = path.parent / "reports"
    status = pair(["run", "--file", str(path), "--reports", str(reports), "-q", *words])
    found = sorted(reports.rglob("metrics.json"))
    return status, (json.loads(found[-1].read_text()) if found else None)


def bundle(path):
    return sorted((path.parent / "reports").rglob("metrics.json"))[-1].parent


@pytest.fixture(scope="module")
def passed(tmp_path_factory):
    path = made(tmp_path_factory.mktemp("passed"))
    status, metrics = run(path)
    assert status == 0
    return path, metrics


def test_equal_programs_pass_and_say_what_was_compared(passed):
    _, metrics = passed
    assert metrics["verdict"] == "PASS"
    assert metrics["coverage"] == ["2 of 2 cases, 2 outputs and traces, 11 elements"]
    assert "no noise floor" in metrics["notes"][0]


def test_the_bundle_verifies_replays_and_makes_a_page(passed, capsys, tmp_path):
    folder = bundle(passed[0])
    assert report(["verify", str(folder)]) == 0
    assert report(["replay", str(folder)]) == 3
    assert "--run-recorded" in capsys.readouterr().err
    assert report(["replay", str(folder), "--run-recorded"]) == 0
    assert report(["html", str(folder), "-o", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text()
    assert "output field" in page
    assert "I_pixel_final" not in page.partition("<script>")[0]


FORGED = {
    "a number of an output": lambda folder: (folder / "small/second_output_field.txt").write_text(
        "1\n2\n3\n4\n6\n"
    ),
    "the figures of a case": lambda folder: edit(folder / "small/case.json", '"unequal": 0', '"unequal": 1'),
    "the word of a case": lambda folder: edit(folder / "small/case.json", '"word": "PASS"', '"word": "FAIL"'),
    "the verdict": lambda folder: edit(folder / "metrics.json", '"verdict": "PASS"', '"verdict": "FAIL"'),
    "the bound": lambda folder: edit(folder / "parity.toml", "rel = 1e-12", "rel = 1e-3"),
    "a case left out": lambda folder: edit(folder / "metrics.json", '"small",\n    "large"', '"small"'),
    "a run without an end": lambda folder: edit(
        folder / "small/case.json", '"exit_status": 0', '"exit_status": 3'
    ),
}


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_bundle_does_not_verify_even_with_new_hashes(forged, passed, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(bundle(passed[0]), folder)
    FORGED[forged](folder)
    (folder / "sha256.txt").write_text(sealed(sha256_lines(folder, files_below(folder))))
    assert report(["verify", str(folder)]) == 1


@pytest.mark.parametrize(
    ("change", "status", "named"),
    [
        ("x[-1] *= 1 + 3e-12", 1, "not within"), ("x[0] = float('nan')", 1, ""), ("x = x[:-1]", 2, "shape"),
        ("x[2] = 'three'", 2, "three"), ("raise SystemExit(4)", 3, "exit status 4"),
        ("raise SystemExit(0)", 3, "wrote no 'field.txt'"), ("x[1] *= 1 + 1e-13", 0, "unequal"),
        ("import os; os.symlink('/etc/passwd', 'field.txt'); sys.exit()", 3, "link"),
        ("open('field.txt', 'w').close(); sys.exit()", 2, "shape"),
        ("import os; os.kill(os.getpid(), 9)", 3, "SIGKILL"),
    ],
)  # fmt: skip
def test_a_difference_has_its_word(change, status, named, tmp_path):
    found, metrics = run(made(tmp_path, change), "small")
    assert found == status
    said = json.dumps(metrics)
    assert named in said or not named
    assert report(["verify", str(bundle(tmp_path / "parity.toml"))]) == 0


MASKED = TAIL.replace("[output.field]", "[output.field]\nmask = { file = 'mask.npy' }").replace(
    '[case.large]\narguments = "6"\n', ""
)
VACUOUS = {
    "NaN on both sides": (
        {"change": "x[0] = float('nan'); x = x + []", "first": "x[0] = float('nan')"}, "NaN on both sides",
    ),
    "zeros on both sides": ({"change": "x = [0.0] * 4", "first": "x = [0] * 4"}, "0 everywhere"),
    "empty on both sides": ({"change": "x = x[:0] + []", "first": "x = x[:0]"}, "empty"),
    "one program": ({"change": " ", "first": " "}, "both programs are one"),
    "arguments that are ignored": (
        {"change": "x = [1, 2] + []", "first": "x = [1, 2]"}, "the same in the cases",
    ),
    "all masked": ({"tail": MASKED}, "no element that is compared"),
}  # fmt: skip


@pytest.mark.parametrize("way", VACUOUS)
def test_what_says_nothing_is_not_comparable(way, tmp_path):
    words, named = VACUOUS[way]
    path = made(tmp_path, **words)
    np.save(tmp_path / "mask.npy", np.ones(5))
    status, metrics = run(path)
    assert (status, metrics["verdict"]) == (2, "NOT COMPARABLE")
    assert named in json.dumps(metrics["reasons"])
    assert report(["verify", str(bundle(path))]) == 0


def test_what_says_nothing_may_be_asked_for(tmp_path):
    zeros = TAIL.replace("[output.field]", '[output.field]\nzeros = "allowed"\nnan = "allowed"')
    path = made(tmp_path, "x = [float('nan'), 0.0, 0.0]", "x = [float('nan'), 0, 0]", tail=zeros)
    assert run(path, "small")[0] == 0
    path = made(tmp_path, " ", " ", head=HEAD.replace("schema = 1", "schema = 1\ndeterminism = true"))
    assert run(path)[0] == 0


def test_an_input_that_was_left_as_it_was_is_no_output(tmp_path):
    tail = TAIL.replace('arguments = "5"', 'arguments = "5"\nfiles = ["field.txt"]')
    path = made(tmp_path, "sys.exit(0)", "sys.exit()", tail=tail)
    (tmp_path / "field.txt").write_text("1\n")
    status, metrics = run(path, "small")
    assert status == 3
    assert "as the input file that it was" in metrics["reasons"][0]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("{folder}/two.py", "{folder}/none.py", "none.py"),
        ("{python}", "./none", "not there"),
        ("{folder}/two.py", "{fodler}/two.py", "stands for nothing"),
        ("[second]", '[second]\nbuild = "false"', "second.build"),
        ("[second]", '[second]\nbuild = "no-such-program"', "second.build"),
        ("[second]", '[second]\nversion = "false"', "second.version"),
        ("[second]", '[second]\nfolder = "none"', "folder"),
        ("[second]", "[second]\ntimeout_s = 0.001", "time-out"),
    ],
)  # fmt: skip
def test_a_program_that_cannot_be_run_is_an_error_that_names_it(old, new, named, tmp_path, capsys):
    status, metrics = run(made(tmp_path, head=HEAD.replace(old, new)), "small")
    assert status == 3
    assert named in json.dumps(metrics) + capsys.readouterr().err


def test_traces_are_compared_and_their_first_divergence_named(tmp_path):
    show = """
print("TRACE_PY: schema nanobragg-trace 1\\nTRACE_PY: program test 1", file=sys.stderr)
for s in range(2):
    print(f"TRACE_PY: step {float(x[s] + s * CHANGE)!r} | s={s} f=0", file=sys.stderr)
"""
    tail = TAIL + '[trace.steps]\nfile = "stderr"\n'
    path = made(tmp_path, show.replace("CHANGE", "1e-3"), show.replace("CHANGE", "0"), tail=tail)
    status, metrics = run(path, "small")
    assert status == 1
    assert metrics["first_divergence"].startswith("step s=1")
    assert report(["verify", str(bundle(path))]) == 0


@pytest.mark.parametrize(
    "tail", ['mask = { file = "none.npy" }\n', '[trace.t]\nfile = "stderr"\ngraph = "none"\n']
)
def test_what_is_not_there_is_said_before_anything_runs(tail, tmp_path, capsys):
    path = made(tmp_path, tail=TAIL + tail.replace('"none"', '"none.json"'))
    assert run(path) == (3, None)
    assert "none." in capsys.readouterr().err
    assert not (tmp_path / "reports").exists()


def test_what_is_printed_may_be_the_output(tmp_path):
    printed = "print(*x); sys.exit()"
    tail = TAIL.replace('"field.txt"', '"stdout"')
    assert run(made(tmp_path, printed + " ", printed, tail=tail))[0] == 0
    status, metrics = run(made(tmp_path, "x[1] += 1; " + printed, printed, tail=tail))
    assert status == 1
    assert "the first at [0, 1]" in metrics["reasons"][0]
    assert report(["verify", str(bundle(tmp_path / "parity.toml"))]) == 0


def test_check_and_unknown_cases(tmp_path, capsys):
    path = made(tmp_path)
    assert pair(["check", str(path)]) == 0
    assert "case small: outputs field (rel 1e-12)" in capsys.readouterr().out
    assert run(path, "medium")[0] == 3
    assert "small, large" in capsys.readouterr().err


def test_two_files_are_compared_without_running_anything(tmp_path, capsys):
    a, b = str(tmp_path / "a.npy"), str(tmp_path / "b.npy")
    np.save(a, np.arange(4.0))
    np.save(b, np.arange(4.0) * np.array([1, 1, 1, 1 + 1e-9]))
    assert pair(["diff", a, b, "--rel", "1e-8"]) == 0
    assert pair(["diff", a, b]) == 1
    assert "[3]" in capsys.readouterr().out
    assert pair(["diff", a, a]) == 2
    os.link(a, tmp_path / "c.npy")
    assert pair(["diff", a, str(tmp_path / "c.npy")]) == 2
    Path(tmp_path / "raw.bin").write_bytes(np.arange(4.0).tobytes())
    raw = ["--format", "raw", "--dtype", "float64", "--shape", "4"]
    assert pair(["diff", str(tmp_path / "raw.bin"), a, *raw]) == 3
    assert pair(["diff", str(tmp_path / "raw.bin"), a]) == 3
    assert "--format" in capsys.readouterr().err
    assert sys.version_info >= (3, 11)


EXAMPLE = Path(__file__).parents[3] / "examples" / "heat"


def test_the_example_passes_and_is_the_one_of_the_docs(tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "heat")
    page = (Path(__file__).parents[3] / "docs" / "own_programs.md").read_text()
    shown = page.partition("## The file\n\n```toml\n")[2].partition("```")[0]
    plain = "\n".join(line.partition("  #")[0].rstrip() for line in shown.splitlines()) + "\n"
    assert plain == (EXAMPLE / "parity.toml").read_text()
    status, metrics = run(tmp_path / "heat" / "parity.toml")
    assert status == 0
    assert [row["note"] for row in metrics["figures"]] == [
        "8 elements within 'equal', all equal", "64 elements within 'equal', all equal",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [("0.1 *", "0.1000000000001 *"), ("np.roll(now, 1)", "np.append(0, now[:-1])"), ("// 2", "// 2 - 1")],
)
def test_a_fault_in_the_example_is_found(old, new, tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "heat")
    edit(tmp_path / "heat" / "heat.py", old, new)
    assert run(tmp_path / "heat" / "parity.toml")[0] == 1
