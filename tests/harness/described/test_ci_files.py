"""What `nbp pair` writes for continuous integration: the same files as nb-report, of errors, too."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest

from harness.commands.nb_report import main as report
from harness.commands.own.nb_parity import main as parity
from harness.commands.own.pair import main as pair
from tests.harness.described.test_pair import bundle, made

KINDS = ("junit", "markdown", "sarif")


def options(folder):
    return [word for kind in KINDS for word in (f"--{kind}", str(folder / f"a.{kind}"))]


def run(path, *words, command=pair, action=("run",)):
    reports = path.parent / "reports"
    return command([*action, "--file", str(path), "--reports", str(reports), "-q", *words])


def outcome(folder):
    """Return what the three files say: kinds of JUnit cases, page, SARIF levels and success."""
    cases = ElementTree.parse(folder / "a.junit").iter("testcase")
    (log,) = json.loads((folder / "a.sarif").read_text())["runs"]
    return (
        [child.tag for case in cases for child in case], (folder / "a.markdown").read_text(),
        [one["level"] for one in log["results"]], log["invocations"][0]["executionSuccessful"],
    )  # fmt: skip


@pytest.mark.parametrize(("command", "action"), [(pair, ("run",)), (parity, ())])
def test_a_run_writes_what_nb_report_writes_of_its_bundle(command, action, tmp_path):
    path = made(tmp_path, "x[3] += 1e-3")
    assert run(path, *options(tmp_path), command=command, action=action) == 1
    later = tmp_path / "later"
    later.mkdir()
    assert report(["summary", str(bundle(path)), *options(later)]) == 1
    assert outcome(tmp_path)[0] == ["failure", "failure"]
    assert (tmp_path / "a.sarif").read_text() == (later / "a.sarif").read_text()
    shown = [line for line in (later / "a.markdown").read_text().splitlines() if "verification" not in line]
    assert (tmp_path / "a.markdown").read_text().splitlines() == shown


@pytest.mark.parametrize(
    "tail", ["[output", "[case.small]\n[output.field]\nfile = 'none.txt'", "[output.field]\nfiles = 'x.txt'"]
)
def test_an_error_is_in_the_files_too(tail, tmp_path):
    assert run(made(tmp_path, tail=tail), *options(tmp_path)) == 3
    cases, page, levels, well = outcome(tmp_path)
    assert (cases, levels, well) == (["error"], ["error"], False)
    assert "**ERROR**" in page


def test_a_missing_program_is_in_the_files_too(tmp_path):
    path = made(tmp_path, head='schema = 1\n[first]\nrun = "./none"\n[second]\nrun = "./none2"\n')
    assert run(path, *options(tmp_path)) == 3
    assert outcome(tmp_path)[2:] == (["error"], False)


def test_files_that_exist_are_refused_before_anything_runs(tmp_path, capsys):
    path = made(tmp_path)
    (tmp_path / "a.sarif").write_text("mine")
    assert run(path, *options(tmp_path)) == 3
    assert "a.sarif" in capsys.readouterr().err
    assert not (tmp_path / "reports").exists()
    assert (tmp_path / "a.sarif").read_text() == "mine"


@pytest.mark.parametrize(
    ("second", "status", "kinds", "levels"),
    [([1.0, 2.0], 0, [], []), ([1.0, 2.5], 1, ["failure"], ["error"]),
     ([1.0, np.nan], 1, ["failure"], ["error"])],
)  # fmt: skip
def test_two_files_have_them_too(second, status, kinds, levels, tmp_path):
    np.save(tmp_path / "a.npy", [1.0, 2.0])
    np.save(tmp_path / "b.npy", second)
    words = ["diff", str(tmp_path / "a.npy"), str(tmp_path / "b.npy"), "--rel", "1e-9"]
    assert pair([*words, *options(tmp_path)]) == status
    found = outcome(tmp_path)
    assert (found[0], found[2]) == (kinds, levels)
    assert "a.npy" in found[1]


def test_two_files_of_other_shapes_are_an_error_in_them(tmp_path):
    np.save(tmp_path / "a.npy", [1.0, 2.0])
    np.save(tmp_path / "b.npy", [1.0])
    assert pair(["diff", str(tmp_path / "a.npy"), str(tmp_path / "b.npy"), *options(tmp_path)]) == 3
    assert outcome(tmp_path)[0] == ["error"]
