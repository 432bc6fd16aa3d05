"""What a bundle names is not run, read or followed unasked, and what it says is shown, never obeyed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.commands import nb_compare
from harness.commands.nb_report import main
from harness.errors import BundleError
from harness.evidence.verify import verify_bundle
from harness.files import sha256_of_file
from harness.pairs.pair_traces import read_side
from harness.programs.run import smv_shape
from harness.store.ci import junit, results_markdown
from harness.store.find import find_bundles
from harness.store.names import trace_name
from harness.store.untrusted import read_json, strict_json
from system_io.shell import shell_text, shell_words
from system_io.verdict_words import Word
from tests.harness.forging import data, everywhere, reseal
from trace_tools.errors import TraceError

FAKE = Path(__file__).parents[2] / "fixtures" / "fake_program.py"
STRANGE = [
    "a\nb",
    "| x |",
    "<b>&",
    "\x1b[31m",
    "::error::x",
    "[red]x[/red]",
    "a'b",
    "$(x)",
    "\udcff",
    "\\",
    "",
    "é",
    "`x`",
]


@pytest.fixture
def marking(tmp_path):
    """A program that leaves a mark where it ran, and a bundle made with it."""
    program, mark = tmp_path / "program", tmp_path / "ran"
    call = f'exec "{sys.executable}" "{FAKE}" good:nanobragg-reference "$@"'
    program.write_text(f"#!/bin/sh\necho ran >> {mark}\n{call}\n", encoding="utf-8")
    program.chmod(0o755)
    words = ["--c-bin", str(program), "--py-bin", str(program), "--outdir", str(tmp_path / "out")]
    assert nb_compare.main([*words, "--json", "--determinism", "--", "-lambda", "1"]) == 0
    mark.unlink()
    return program, mark, tmp_path / "out"


def test_a_replay_runs_no_program_that_the_bundle_names_unasked(marking, capsys):
    _, mark, bundle = marking
    assert main(["replay", str(bundle)]) == 3
    assert "--run-recorded if you know it" in capsys.readouterr().err
    assert not mark.exists()


def test_a_recorded_program_runs_if_asked_for_and_is_named_with_its_hash(marking, capsys):
    program, mark, bundle = marking
    assert main(["replay", str(bundle), "--run-recorded"]) == 0
    assert f"running {program}, sha256 {sha256_of_file(program)}, as c" in capsys.readouterr().err
    assert mark.exists()


def test_a_recorded_program_that_changed_is_not_run(marking, capsys):
    program, mark, bundle = marking
    program.write_text(program.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert main(["replay", str(bundle), "--run-recorded"]) == 3
    assert "not the recorded one any more" in capsys.readouterr().err
    assert not mark.exists()


@pytest.mark.parametrize("by_link", [False, True])
def test_a_program_in_the_bundle_is_never_run(marking, capsys, by_link, tmp_path):
    program, mark, bundle = marking
    inside = tmp_path / "link" if by_link else bundle / "program"
    shutil.copyfile(program, bundle / "program")
    (bundle / "program").chmod(0o755)
    if by_link:
        inside.symlink_to(bundle / "program")
    everywhere(str(program), str(inside))(bundle)
    reseal(bundle)
    assert verify_bundle(bundle).word is Word.PASS
    assert main(["replay", str(bundle), "--run-recorded"]) == 3
    assert "lies in the bundle" in capsys.readouterr().err
    assert not mark.exists()


def test_a_bundle_that_does_not_verify_is_not_replayed(marking, capsys):
    _, mark, bundle = marking
    data("summary.json", lambda content: content.update(verdict="FAIL"))(bundle)
    reseal(bundle)
    assert main(["replay", str(bundle), "--run-recorded"]) == 1
    assert "verdict: states 'FAIL'" in capsys.readouterr().out
    assert not mark.exists()


@pytest.mark.parametrize("words", ["-mat /etc/hostname", "-frob 1", "-hkl x.hkl"])
def test_a_command_line_that_reads_what_the_bundle_does_not_know_is_not_run(
    tmp_path, words, capsys, c_binary
):
    bundle = tmp_path / "out"
    fake = tmp_path / "fake"
    fake.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" good "$@"\n', encoding="utf-8")
    fake.chmod(0o755)
    call = ["--c-bin", str(fake), "--py-bin", str(fake), "--outdir", str(bundle), "--json"]
    nb_compare.main([*call, "--", *words.replace("/etc/hostname", str(tmp_path / "none")).split()])
    assert verify_bundle(bundle).word is Word.PASS
    mark = [str(c_binary)] * 2
    assert main(["replay", str(bundle), "--c-bin", mark[0], "--py-bin", mark[1]]) == 3
    assert "not run" in capsys.readouterr().err


def test_a_replay_writes_none_of_the_files_that_a_command_line_names(tmp_path, monkeypatch, c_binary, capsys):
    monkeypatch.chdir(tmp_path)
    words = "-cell 100 100 100 90 90 90 -default_F 100 -lambda 1 -distance 100 -pixel 0.4 -detpixels 12 -N 3"
    outputs = ["-floatfile", "f.bin", "-noisefile", str(tmp_path / "n.img"), "-stolout", "s.txt"]
    call = ["--c-bin", str(c_binary), "--outdir", "out", "--json"]
    assert nb_compare.main([*call, "--", *words.split(), *outputs]) == 0
    before = sorted(path.name for path in tmp_path.iterdir())
    assert main(["replay", "out"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == before == ["out"]


def test_every_bundle_is_found_once_whatever_links_lie_about(marking, tmp_path, capsys):
    _, _, bundle = marking
    reports = tmp_path / "reports"
    (reports / "a").mkdir(parents=True)
    bundle.rename(reports / "a" / "one")
    for name, target in (("loop", reports), ("up", tmp_path), ("again", reports / "a"), ("self", "self")):
        (reports / "a" / name).symlink_to(target)
    assert list(find_bundles(reports)) == [reports / "a" / "one"]
    assert main(["list", "--reports", str(reports), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["bundles"]) == 1


def test_an_edited_bundle_is_told_as_such_everywhere(marking, tmp_path, capsys):
    _, _, bundle = marking
    data("summary.json", lambda content: content.update(verdict="FAIL", exit_status=1))(bundle)
    capsys.readouterr()
    written = ["--junit", str(tmp_path / "j.xml"), "--markdown", str(tmp_path / "m.md")]
    assert main(["summary", str(bundle), "--json", *written]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["figures"], told["verified"]["verdict"]) == ("FAIL", [], "FAIL")
    assert "NOT VERIFIED: summary.json" in (tmp_path / "m.md").read_text(encoding="utf-8")
    suite = ElementTree.parse(tmp_path / "j.xml").getroot()[0]
    assert (suite.get("failures"), suite.find(".//property").get("value")) == ("1", "FAIL")
    assert main(["list", "--reports", str(bundle), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["bundles"]
    assert (row["verdict"], row["verified"]) == ("NOT VERIFIED", "NO")
    assert main(["diff", str(bundle), str(bundle)]) == 1
    assert main(["history", "1 - correlation", "--reports", str(bundle), "--json"]) == 0
    captured = capsys.readouterr()
    assert ("left out, NOT VERIFIED" in captured.err, '"figures": []' in captured.out) == (True, True)


def test_no_output_is_written_into_a_bundle_or_over_another(marking, tmp_path, capsys):
    _, _, bundle = marking
    both = str(tmp_path / "x")
    for words in (["--junit", str(bundle / "j.xml")], ["--junit", both, "--markdown", both]):
        assert main(["summary", str(bundle), *words]) == 3
    assert main(["html", str(bundle), "-o", str(bundle / "x.html")]) == 3
    assert (Path(both).exists(), verify_bundle(bundle).word) == (False, Word.PASS)


@pytest.mark.parametrize("text", STRANGE)
def test_foreign_text_has_no_effect_in_markdown_junit_or_on_a_terminal(text):
    figure = {"name": text, "part": text, "measured": None, "published": None, "strict": None,
              "published_held": None, "state": "failed", "note": text}  # fmt: skip
    result = {"title": text, "verdict": "FAIL", "exit_status": 1, "reasons": [text], "figures": [figure],
              "first_divergence": text, "causal_taps": [text]}  # fmt: skip
    page = results_markdown([result], "x")
    assert page.isprintable() or all(line.isprintable() for line in page.split("\n"))
    assert not any(line.lstrip().startswith("::") for line in page.split("\n"))
    assert not any(mark in page for mark in ("<b>", "[red]", "$("))
    rows = [line for line in page.split("\n") if line.startswith("| ")]
    assert [line.replace("\\|", "").count("|") for line in rows] == [8, 8]
    case = ElementTree.fromstring(junit([result]))[0]
    assert "\x1b" not in (case.get("name") or "")


def test_a_shell_runs_the_shown_words_as_they_were():
    line = shell_text(STRANGE)
    assert (line.isprintable(), shell_words(line)) == (True, STRANGE)
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("no bash on this machine; install it")
    done = subprocess.run([shell, "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True)
    assert done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1] == STRANGE
    plain = ["nb-compare", "--", "-mat", "a b.mat", "-N", "5"]
    assert shell_text(plain) == shlex.join(plain)


def test_a_file_name_that_is_no_text_stays_in_every_file_of_a_bundle(tmp_path, monkeypatch, c_binary, capsys):
    monkeypatch.chdir(tmp_path)
    name = "bad\udcff\n.mat"
    Path(name).write_text("0.01 0 0\n0 0.01 0\n0 0 0.01\n", encoding="ascii")
    words = "-default_F 100 -lambda 1 -distance 100 -pixel 0.4 -detpixels 12 -N 3 -mat"
    call = ["--c-bin", str(c_binary), "--outdir", "out", "--json"]
    assert nb_compare.main([*call, "--", *words.split(), name]) == 0
    assert json.loads(capsys.readouterr().out)["arguments"][-1] == name
    assert read_json(Path("out/summary.json"))["arguments"][-1] == name
    assert verify_bundle(Path("out")).faults == ()
    (line,) = [
        one for one in Path("out/commands.txt").read_text("utf-8").split("\n") if one.startswith("nb-")
    ]
    assert shell_words(line)[-1] == name
    assert main(["replay", "out"]) == 0
    assert main(["summary", "out"]) == 0
    assert main(["html", "out", "-o", "page.html"]) == 0


@pytest.mark.parametrize(
    "text", ["", "{", "[1,]", '{"a": 1, "a": 2}', "[NaN]", "[Infinity]", "[1e400]", "[" * 40 + "]" * 40,
             "[" * 100_000, "[99999999999999999999]", '["\\ud800"]', "\ufeff[]", "nul", "[1] 2"],
)  # fmt: skip
def test_json_that_is_not_strict_is_one_clear_error(text):
    with pytest.raises(BundleError, match=r"is not strict JSON|is nested too deeply"):
        strict_json(text.encode(), "x.json")


def test_json_of_bytes_that_are_no_text_and_of_large_files_is_refused(tmp_path, monkeypatch):
    with pytest.raises(BundleError, match="is not strict JSON"):
        strict_json(b'["\xff"]', "x.json")
    path = tmp_path / "x.json"
    with path.open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(BundleError, match="more than"):
        read_json(path)
    (tmp_path / "link.json").symlink_to(path)
    with pytest.raises(BundleError, match="cannot read"):
        read_json(tmp_path / "link.json")


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_file_that_would_keep_us_waiting_is_refused(kind, tmp_path):
    path = tmp_path / trace_name("py")
    {"pipe": os.mkfifo, "device": lambda p: p.symlink_to("/dev/zero"), "folder": Path.mkdir}[kind](path)
    with pytest.raises(TraceError, match="not a file"):
        read_side(tmp_path, "py")
    path.rename(tmp_path / "intimage.img")
    assert smv_shape(tmp_path / "intimage.img") is None
