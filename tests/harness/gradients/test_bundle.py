"""The result folder of nb-gradients as evidence: verified, made again, listed and shown."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.commands import nb_gradients as gradients
from harness.commands import nb_report as report_cli
from harness.evidence.kinds import load_metrics
from harness.evidence.verify import verify_bundle
from harness.gates.run import run_gates
from harness.gradients.rows import report_of
from harness.programs.programs import program_at, simulator_program
from harness.store.bundle import files_below
from harness.store.names import GRADIENTS, HASHES
from harness.store.schema import GRADIENTS_ABOUT
from system_io.verdict_words import Word
from tests.harness.chromium import Page, find_chromium
from tests.harness.small_case import WORDS, small_plan


@pytest.fixture(scope="module")
def original(tmp_path_factory, c_binary):
    """A whole comparison; phi is not compared, since the image jumps at phi 0 in c-parity mode."""
    folder = tmp_path_factory.mktemp("gradients") / "out"
    assert gradients.main(["--outdir", str(folder), "--c-bin", str(c_binary), "--", *WORDS.split()]) == 0
    return folder


@pytest.fixture
def bundle(original, tmp_path):
    return shutil.copytree(original, tmp_path / "bundle")


@pytest.fixture(scope="module")
def gate(tmp_path_factory, c_binary):
    """The bundle of the gradients as a gate, and the closing statement."""
    reports = tmp_path_factory.mktemp("gate") / "reports"
    plan = small_plan(program_at(str(c_binary), "--c-bin"), simulator_program())
    _, statement = run_gates(plan, [], reports, gradients=True)
    return reports, statement


def edit(folder, change):
    """Do what a careful forger would: change the data and bring the hashes up to date."""
    path = folder / GRADIENTS
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")
    lines = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in files_below(folder)]
    (folder / HASHES).write_text("".join(lines), encoding="ascii")


def row_of(data, name):
    return next(row for row in data["parameters"] if row["parameter"] == name)


def test_fresh_bundle_verifies(bundle):
    check = verify_bundle(bundle)
    assert (check.word, check.faults, check.checked) == (Word.PASS, (), 3)


@pytest.mark.parametrize("name", [GRADIENTS, "env.json", "commands.txt", HASHES])
def test_one_flipped_byte_is_found_and_named(bundle, name):
    path = bundle / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    check = verify_bundle(bundle)
    assert check.word is Word.FAIL
    assert any(name in str(fault) for fault in check.faults)


STATED = {
    "autograd": 1.0, "estimate": 1.0, "uncertainty": 1e-30, "relative_difference": 0.0, "relative_bound": 1.0,
    "verdict": "NOT COMPARABLE", "reason": "because", "chain_rule_error": 1.0, "unit": "m",
}  # fmt: skip


@pytest.mark.parametrize("key", STATED)
def test_an_edited_figure_is_found_even_with_new_hashes(bundle, key):
    edit(bundle, lambda data: row_of(data, "cell.a").update({key: STATED[key]}))
    assert re.fullmatch(rf".*parameters\[0\]\.{key}: states .*", str(verify_bundle(bundle).faults[0]))


@pytest.mark.parametrize(("key", "value"), [("verdict", "FAIL"), ("agree", 18), ("exit_status", 1)])
def test_an_edited_verdict_is_found_even_with_new_hashes(bundle, key, value):
    edit(bundle, lambda data: data.update({key: value}))
    assert f"{key}: states" in str(verify_bundle(bundle).faults[0])


def test_an_edited_run_is_found_even_with_new_hashes(bundle):
    def change(data):
        for end in row_of(data, "distance")["ends"]:
            end[2] *= 1.001

    edit(bundle, change)
    assert any(".estimate: states" in str(fault) for fault in verify_bundle(bundle).faults)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data["parameters"][0].update(parameter="colour"), "cannot be derived again"),
        (lambda data: data["parameters"][0].update(ends=[[1.0]]), "cannot be derived again"),
        (lambda data: data["parameters"][0].update(terms={"x": []}), "cannot be derived again"),
        (lambda data: data["parameters"][0].pop("reason"), "is missing"),
        (lambda data: data.update(schema="nb-gradients 1"), "this program reads"),
        (lambda data: data.update(objective_first=[]), "cannot be derived again"),
    ],
)
def test_damaged_data_is_a_fault_and_no_traceback(bundle, change, said):
    edit(bundle, change)
    (fault,) = verify_bundle(bundle).faults
    assert (fault.file, said in fault.what) == (GRADIENTS, True)


def replayed(capsys, *words):
    capsys.readouterr()
    status = report_cli.main(["replay", "--json", *map(str, words)])
    captured = capsys.readouterr()
    return status, json.loads(captured.out) if captured.out else captured.err


def test_a_replay_gives_every_figure_again(bundle, capsys):
    status, found = replayed(capsys, bundle)
    assert (status, found["verdict"]) == (0, "PASS")
    assert found["parts"][0]["lines"] == [
        "18 of 18 parameters: slopes and verdict bitwise as recorded",
        "verdict: recorded PASS, now PASS",
    ]


def test_a_forgery_that_is_consistent_is_found_by_a_replay(bundle, capsys):
    def change(data):
        row = row_of(data, "default_F")
        row["terms"] = {name: [2.0 * value, error] for name, (value, error) in row["terms"].items()}
        data.update(report_of(data, tuple(GRADIENTS_ABOUT)).facts())

    edit(bundle, change)
    assert verify_bundle(bundle).word is Word.PASS
    status, found = replayed(capsys, bundle)
    assert status == 1
    assert any(line.startswith("default_F: differs") for line in found["parts"][0]["lines"])


def test_a_replay_names_an_edited_run_that_changes_no_figure(bundle, capsys):
    def change(data):
        row_of(data, "distance")["ends"][0][3] *= 1.001

    edit(bundle, change)
    assert verify_bundle(bundle).word is Word.PASS
    status, found = replayed(capsys, bundle)
    assert status == 0
    assert "distance: not bitwise, within rounding: single runs" in found["parts"][0]["lines"]


def test_a_replay_with_another_simulator_is_refused(bundle, capsys):
    status, said = replayed(capsys, bundle, "--py-bin", "x")
    assert status == 3
    assert "leave --py-bin out" in said


def test_replay_finds_moved_inputs_by_content(tmp_path, capsys, c_binary, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cell = Path("A.mat")
    cell.write_text("0.01 0 0\n0 0.01 0\n0 0 0.01\n", encoding="ascii")
    words = WORDS.replace("-cell 100 100 100 90 90 90", "-mat A.mat").split()
    options = ["--params", "distance", "--outdir", "out", "--c-bin", str(c_binary)]
    assert gradients.main([*options, "--", *words]) == 0
    cell.rename("other.txt")
    assert "give --data DIR" in replayed(capsys, "out")[1]
    Path("data").mkdir()
    Path("other.txt").rename("data/B.mat")
    assert replayed(capsys, "out", "--data", "data")[0] == 0


def test_summary_list_and_diff_know_it(bundle, tmp_path, capsys):
    capsys.readouterr()
    assert report_cli.main(["list", "--json", "--reports", str(tmp_path)]) == 0
    (row,) = json.loads(capsys.readouterr().out)["bundles"]
    assert (row["kind"], row["verdict"]) == ("gradients", "PASS")
    assert re.fullmatch(r"\d{8}T\d{6}Z", row["created"])
    assert report_cli.main(["summary", str(bundle), "--junit", str(tmp_path / "x.xml")]) == 0
    assert "| misset.z |" in capsys.readouterr().out
    suite = ElementTree.parse(tmp_path / "x.xml").getroot()[0]
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["18", "0", "0", "1"]
    other = shutil.copytree(bundle, tmp_path / "other")
    assert report_cli.main(["diff", str(bundle), str(other)]) == 0
    edit(other, lambda data: row_of(data, "polar").update(autograd=0.0))
    assert report_cli.main(["diff", str(bundle), str(other)]) == 1
    assert "parameters.polar.autograd" in capsys.readouterr().out


def test_a_parameter_that_differs_is_a_failure_everywhere(tmp_path, capsys, c_binary, monkeypatch):
    from simulator.kernel import factors

    whole = factors.kahn_factor
    monkeypatch.setattr(factors, "kahn_factor", lambda *given: whole(*given).detach())
    folder = tmp_path / "out"
    options = ["--params", "polar,default_F", "--outdir", str(folder), "--c-bin", str(c_binary)]
    assert gradients.main([*options, "--", *WORDS.split()]) == 1
    assert verify_bundle(folder).word is Word.PASS
    assert load_metrics(folder)["reasons"] == ["differ: polar"]
    assert report_cli.main(["summary", str(folder)]) == 1
    assert report_cli.main(["html", str(folder), "-o", str(tmp_path / "x.html")]) == 0
    assert '<circle class="dot failed"' in (tmp_path / "x.html").read_text(encoding="utf-8")


def test_the_gate_holds_both_modes_and_verifies(gate):
    reports, statement = gate
    (row,) = statement["gates"]
    path = reports / row["bundle"]
    assert (row["verdict"], statement["first_red_gate"]) == ("PASS", None)
    assert {figure["part"] for figure in row["figures"]} == {"c-parity", "spec"}
    assert verify_bundle(path).word is Word.PASS
    assert verify_bundle(next((reports / "gates" / "summary").iterdir())).word is Word.PASS


def test_edited_metrics_of_the_gate_are_found(gate, tmp_path):
    reports, statement = gate
    path = shutil.copytree(reports / statement["gates"][0]["bundle"], tmp_path / "copy")
    metrics = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
    metrics["figures"][0]["measured"] = 0.0
    (path / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    assert any("figures[0].measured" in str(fault) for fault in verify_bundle(path).faults)


def test_a_program_that_fails_makes_the_gate_an_error(tmp_path, fake):
    plan = small_plan(program_at(fake("crash:nanobragg-reference"), "--c-bin"), simulator_program())
    _, statement = run_gates(plan, [], tmp_path, gradients=True)
    assert (statement["verdict"], statement["exit_status"]) == ("ERROR", 3)
    assert verify_bundle(tmp_path / statement["gates"][0]["bundle"]).word is Word.PASS


@pytest.fixture(scope="module")
def page(gate, tmp_path_factory):
    """The page of the gate's bundle, and its text."""
    reports, statement = gate
    path = tmp_path_factory.mktemp("page") / "page.html"
    assert report_cli.main(["html", str(reports / statement["gates"][0]["bundle"]), "-o", str(path)]) == 0
    return path


def test_the_page_shows_every_parameter_of_both_modes(page):
    text = page.read_text(encoding="utf-8")
    assert text.count("<td>cell.gamma</td>") == text.count('<svg class="gradients"') == 2
    assert text.count('<circle class="dot held"') == 35
    assert text.count('<circle class="dot not-compared"') == 1
    assert "default-src 'none'" in text


def test_the_page_fits_a_phone_and_says_nothing_on_the_console(page, tmp_path):
    binary = find_chromium()
    if binary is None:
        pytest.skip(
            "no chromium on this machine; install it (Debian: chromium) to test the page in a browser"
        )
    browser = Page(binary, tmp_path / "profile", page.as_uri())
    try:
        browser.wait_for("document.readyState === 'complete'")
        browser.call(
            "Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=True
        )
        assert browser.evaluate("document.documentElement.scrollWidth") <= 390
        assert browser.problems == []
    finally:
        browser.close()
