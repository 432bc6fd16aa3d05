"""The gates: both programs on a small case, a seeded fault, replay, tables, and what CI reads."""

import json
import shutil
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from golden_suite_generator.cases import authoritative_args
from harness.commands import nb_gates as gates
from harness.commands.nb_report import main as nb_report
from harness.evidence.bundle_tables import metrics_frame
from harness.evidence.verify import verify_bundle
from harness.gates import brought
from harness.gates.figures import relative
from harness.gates.run import run_gates
from harness.gates.table import BY_ID, GATES
from harness.probing.match import Match
from harness.programs.build import build_reference, reference_sources
from harness.programs.programs import Program, first_program, program_at, simulator_program
from harness.store.ci import junit
from harness.store.find import find_bundles, is_complete
from harness.suite.crystal_data import write_built_in
from simulator.quirks import SWITCHABLE
from system_io.verdict_words import Word
from tests.harness.small_case import small_plan

GRATING = "sin(x * cells) / sin(x)"


@pytest.fixture(scope="module")
def green(tmp_path_factory, c_binary):
    """The reports of all gates on the small case, with the statement."""
    reports = tmp_path_factory.mktemp("green") / "reports"
    plan = small_plan(program_at(str(c_binary), "--c-bin"), simulator_program())
    _, statement = run_gates(plan, GATES, reports)
    return reports, statement


@pytest.fixture(scope="module")
def red(tmp_path_factory):
    """The same with a fault in the grating function of the C reference: relative 1e-7."""
    folder = tmp_path_factory.mktemp("red")
    sources = shutil.copytree(reference_sources(), folder / "sources")
    square = sources / "shape_square.c"
    text = square.read_text(encoding="utf-8")
    assert text.count(GRATING) == 1
    square.write_text(text.replace(GRATING, f"(1.0 + 1e-7) * {GRATING}"), encoding="utf-8")
    faulty = build_reference(sources=sources).path
    plan = small_plan(program_at(str(faulty), "--c-bin"), simulator_program())
    _, statement = run_gates(plan, GATES[:2], folder / "reports")
    return statement


def test_all_gates_are_green_at_the_strict_bounds(green):
    _, statement = green
    assert (statement["verdict"], statement["first_divergence"]) == ("PASS", None)
    assert [row["settings"]["gate"] for row in statement["gates"]] == [f"VG-{n}" for n in range(1, 6)]
    assert {figure["state"] for row in statement["gates"] for figure in row["figures"]} == {"held"}


def test_every_bundle_of_a_run_verifies(green):
    reports, _ = green
    found = list(find_bundles(reports))
    assert len(found) == 6
    assert all(is_complete(path) and verify_bundle(path).word is Word.PASS for path in found)


def test_traces_and_images_of_both_modes_are_in_the_bundle(green):
    reports, statement = green
    bundle = reports / statement["gates"][1]["bundle"]
    for mode in ("c-parity", "spec"):
        assert {"c_trace.log", "py_trace.log", "c.png", "py.png", "diff.png"} <= {
            path.name for path in (bundle / mode).iterdir()
        }
        summary = json.loads((bundle / mode / "summary.json").read_text(encoding="utf-8"))
        assert (summary["traces"]["verdict"], summary["traces"]["first_divergence"]) == ("PASS", None)


def test_seeded_fault_names_first_red_gate_and_causal_tap(red):
    assert (red["verdict"], red["first_red_gate"]) == ("FAIL", "VG-2")
    assert red["first_divergence"] == "F_latt_a"
    assert red["causal_taps"] == ["F_latt_a", "F_latt_b", "F_latt_c"]


def test_strict_bound_decides_where_the_published_one_holds(red):
    rows = {(row["part"], row["name"]): row for row in red["gates"][1]["figures"]}
    row = rows["spec", "relative difference of F_latt"]
    assert (row["state"], row["published_held"]) == ("failed", True)
    assert 2.9e-7 < row["measured"] < 3.1e-7  # three axes of 1e-7 each


def test_external_program_makes_no_gate_pass_without_traces(fake, tmp_path):
    good = program_at(fake("good:nanobragg-reference"), "--c-bin")
    _, statement = run_gates(small_plan(good, good), GATES[:1], tmp_path)
    assert (statement["verdict"], statement["exit_status"]) == ("NOT COMPARABLE", 2)


def test_crashing_program_is_an_error_of_the_gate(fake, tmp_path):
    good = program_at(fake("good:nanobragg-reference"), "--c-bin")
    crash = program_at(fake("crash:simulator"), "--py-bin")
    _, statement = run_gates(small_plan(good, crash), GATES[4:], tmp_path)
    assert (statement["verdict"], statement["exit_status"]) == ("ERROR", 3)
    assert "SIGSEGV" in statement["gates"][0]["reasons"][0]


def test_number_type_reaches_the_simulator_and_the_bundle(tmp_path, c_binary):
    plan = small_plan(program_at(str(c_binary), "--c-bin"), simulator_program())
    _, statement = run_gates(replace(plan, dtype="float32", device="cpu"), GATES[4:], tmp_path)
    (gate,) = statement["gates"]
    bundle = tmp_path / gate["bundle"]
    summary = json.loads((bundle / "spec" / "summary.json").read_text(encoding="utf-8"))
    assert (summary["settings"]["dtype"], summary["settings"]["device"]) == ("float32", "cpu")
    assert "-dtype float32 -device cpu" in " ".join(summary["runs"]["py"]["command"])
    assert gate["notes"][0] == "dtype: float64 and float32"
    assert [note.partition(" ")[0] for note in gate["notes"][1:]] == ["the", "the"]
    assert "not those of the acceptance plan" in gate["notes"][1]
    words = "nb-compare --parity-mode spec --dtype float32 --device cpu -- "
    assert words in (bundle / "commands.txt").read_text(encoding="utf-8")


def test_relative_difference_has_the_larger_magnitude_below():
    assert relative(-2.0, -1.0) == relative(1.0, 2.0) == 0.5
    assert relative(0.0, 0.0) == 0.0


def test_bundle_can_be_replayed(green, capsys, monkeypatch):
    monkeypatch.delenv("NB_C_BIN", raising=False)
    reports, statement = green
    bundle = reports / statement["gates"][0]["bundle"]
    assert nb_report(["replay", str(bundle), "--json"]) == 0
    parts = json.loads(capsys.readouterr().out)["parts"]
    assert [part["part"] for part in parts] == ["c-parity", "spec"]
    assert all(f"{side}: bitwise the recorded image" in p["lines"] for p in parts for side in ("c", "py"))


def test_replay_with_another_program_says_what_differs(green, fake, capsys):
    reports, statement = green
    bundle = reports / statement["gates"][0]["bundle"]
    assert nb_report(["replay", str(bundle), "--c-bin", fake("good:nanobragg-reference")]) >= 1
    assert "shapes differ" in capsys.readouterr().out


def test_list_diff_and_history_tabulate_bundles(green, capsys, tmp_path):
    reports, statement = green
    assert nb_report(["list", "--reports", str(reports), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["bundles"]
    assert [row["verdict"] for row in rows] == ["PASS"] * 6
    first, second = (str(reports / statement["gates"][n]["bundle"]) for n in (2, 4))
    assert nb_report(["diff", first, second]) == 1
    assert "title: A 'VG-3" in capsys.readouterr().out
    assert nb_report(["diff", first, first]) == 0
    picture = tmp_path / "h.png"
    words = ["history", "--reports", str(reports), "1 - correlation", "-o", str(picture)]
    assert (nb_report(words), picture.read_bytes()[:4]) == (0, b"\x89PNG")
    assert nb_report(words) == 3
    assert "never overwritten" in capsys.readouterr().err


def test_metrics_of_many_bundles_are_one_frame(green):
    reports, _ = green
    frame, left_out = metrics_frame(reports, find_bundles(reports))
    assert left_out == []
    assert set(frame["part"]) == {"c-parity", "spec"}
    # in two modes, and once more in the closing bundle
    assert len(frame) == 2 * 2 * sum(len(gate.checks) for gate in GATES)
    assert (frame["state"] == "held").all()


def test_ci_gets_junit_markdown_and_step_summary(red, green, tmp_path, monkeypatch, capsys):
    reports, statement = green
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step.md"))
    bundle = reports / statement["gates"][1]["bundle"]
    words = ["--junit", str(tmp_path / "j.xml"), "--markdown", str(tmp_path / "s.md")]
    assert nb_report(["summary", str(bundle), *words]) == 0
    suite = ElementTree.parse(tmp_path / "j.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("8", "0", "0")
    assert (tmp_path / "step.md").read_text(encoding="utf-8") == (tmp_path / "s.md").read_text(
        encoding="utf-8"
    )
    assert "**PASS** VG-2" in capsys.readouterr().out
    failures = ElementTree.fromstring(junit(red["gates"])).findall(".//failure")
    assert (
        len(failures)
        == len([f for row in red["gates"] for f in row["figures"] if f["state"] == "failed"])
        > 0
    )


@pytest.mark.parametrize(
    "words",
    [["run", "--only", "VG-9"], ["run", "--data", "nowhere"], ["run", "--timeout", "0"], ["walk"]],
)
def test_wrong_usage_is_one_line_and_status_3(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert gates.main(words) == 3
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert list(tmp_path.iterdir()) == []


def test_built_in_crystal_is_made_by_the_generators_command(tmp_path):
    folder = write_built_in(tmp_path)
    words = authoritative_args(folder)
    assert str(folder / "A.mat") in words
    assert (folder / "scaled.hkl").stat().st_size > 100_000
    assert words.count("-phisteps") == 1


def test_the_command_line_knows_the_gates():
    assert list(BY_ID) == list(gates.GATE_IDS)


def test_a_program_with_other_quirks_than_the_modes_is_not_comparable(tmp_path, c_binary, capsys):
    program = tmp_path / "mine"
    program.write_text(f'#!/bin/sh\nexec "{c_binary}" "$@" -quirk Q-PHI-CARRYOVER=off\n', encoding="utf-8")
    program.chmod(0o755)
    reports = tmp_path / "reports"
    assert gates.main(["--c-bin", str(program), "--only", "VG-5", "--outdir", str(reports)]) == 2
    error = capsys.readouterr().err
    assert "other quirks than c-parity mode, as tiny runs tell: Q-PHI-CARRYOVER=off" in error
    assert error.count("\n") == 1
    assert not reports.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "knows no spec mode"),
        ({"faults": ("two runs differ",)}, "two runs differ"),
        ({"quirks": tuple(f"{quirk}=off" for quirk in sorted(SWITCHABLE)[1:])}, "all but Q-"),
    ],
)
def test_a_program_that_gates_cannot_judge_is_told_apart(monkeypatch, changes, said):
    found = replace(Match("c", "py", (), (), (), (), "", ""), **changes)
    monkeypatch.setattr(brought, "matched", lambda *_: found)
    programs = {"c": Program("external", ("./mine",), {}), "py": simulator_program()}
    with pytest.raises(brought.OtherQuirksError, match=said):
        brought.require_modes(programs, (), 60.0, {})


def test_a_program_of_this_installation_is_not_probed(monkeypatch):
    monkeypatch.setattr(brought, "matched", None)
    programs = {"c": first_program(None, {}), "py": simulator_program()}
    assert brought.require_modes(programs, (), 60.0, {}) is None
