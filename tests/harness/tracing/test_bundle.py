"""The result folder of trace-harness as evidence, with the error budgets of its pixels."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

import trace_tools
from harness.commands import nb_report as report_cli
from harness.commands.trace_harness import main
from harness.evidence.kinds import load_metrics
from harness.evidence.verify import verify_bundle
from harness.faults.lines import PLAIN
from harness.faults.seed import make_faulty
from harness.faults.table import BY_ID
from harness.files import sha256_lines
from harness.store.bundle import files_below, sealed
from harness.store.names import HASHES, METRICS, TRACES
from system_io.verdict_words import Word

PACKAGED = Path(trace_tools.__file__).parent / "data" / "noise_floor.json"
FAULT = BY_ID["polarization-dropped"]
PIXEL = (6, 2)


@pytest.fixture(scope="module")
def original(tmp_path_factory, c_binary):
    """A traced pixel of the C reference with a seeded fault, with its budget and a floor file."""
    folder = tmp_path_factory.mktemp("trace")
    program = make_faulty(FAULT, "c", folder / "program").path
    floor = folder / "mine.json"
    shutil.copyfile(PACKAGED, floor)
    words = ["--pixel", *map(str, PIXEL), "--c-bin", str(program), "--budget", "--floor", str(floor)]
    assert main([*words, "--outdir", str(folder / "out"), "--", *PLAIN.split()]) == 1
    floor.unlink()
    return folder / "out"


@pytest.fixture
def bundle(original, tmp_path):
    return shutil.copytree(original, tmp_path / "bundle")


def edit(folder, change):
    """Do what a careful forger would: change the data and bring the hashes up to date."""
    path = folder / TRACES
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")
    (folder / HASHES).write_text(sealed(sha256_lines(folder, files_below(folder))), encoding="ascii")


def test_fresh_bundle_verifies_without_the_floor_file_it_was_judged_with(bundle):
    check = verify_bundle(bundle)
    assert (check.word, check.faults, check.checked) == (Word.PASS, (), 7)


def as_an_earlier_version(folder):
    """Give the files of a folder the names that earlier versions gave them, where they are named, too."""
    names = {"c_trace.log": "trace_c.log", "py_trace.log": "trace_py.log", TRACES: METRICS}
    for path in list(folder.iterdir()):
        text = path.read_bytes()
        for new, old in names.items():
            text = text.replace(new.encode(), old.encode())
        path.unlink()
        path.with_name(names.get(path.name, path.name)).write_bytes(text)
    (folder / HASHES).write_text(sealed(sha256_lines(folder, files_below(folder))), encoding="ascii")


def test_a_bundle_with_the_names_of_earlier_versions_verifies(bundle):
    as_an_earlier_version(bundle)
    check = verify_bundle(bundle)
    assert (check.word, check.faults, check.checked) == (Word.PASS, (), 7)
    assert load_metrics(bundle)["kind"] == "trace"


def test_a_bundle_with_old_and_new_names_is_no_bundle_of_ours(bundle):
    (bundle / METRICS).write_bytes((bundle / TRACES).read_bytes())
    edit(bundle, lambda data: None)
    assert verify_bundle(bundle).word is Word.FAIL


@pytest.mark.parametrize("name", ["c_trace.log", "py_trace.log", TRACES, "diff.md", "env.json", HASHES])
def test_one_flipped_byte_is_found_and_named(bundle, name):
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / name).write_bytes(content)
    check = verify_bundle(bundle)
    assert check.word is Word.FAIL
    assert any(name in str(fault) for fault in check.faults)


def no_cause(data):
    data["causal_by_tap"] = {}


def no_divergence(data):
    data.update(verdict="PASS", exit_status=0, first_divergence=None)


def other_share(data):
    data["budget"][0]["taps"][0]["share"] = 0.5


def other_residual(data):
    data["budget"][0]["residual"] += 0.1 * data["budget"][0]["difference"]


def other_pixel_value(data):
    data["budget"][0]["photons_py"] = 0.5 * data["budget"][0]["photons_py"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (no_cause, "causal_by_tap"), (no_divergence, "verdict: states 'PASS'"),
        (other_share, "budget[0].share"), (other_residual, "budget[0]: its parts make"),
        (other_pixel_value, "budget[0].photons_py"), (lambda data: data.pop("budget"), "'budget' is missing"),
    ],
)  # fmt: skip
def test_edited_figures_are_found_even_with_new_hashes(bundle, change, said):
    edit(bundle, change)
    assert any(said in str(fault) for fault in verify_bundle(bundle).faults)


def test_a_replay_gives_traces_verdict_and_budget_again(bundle, capsys):
    capsys.readouterr()
    assert report_cli.main(["replay", str(bundle), "--json", "--run-recorded"]) == 0
    (part,) = json.loads(capsys.readouterr().out)["parts"]
    assert part["lines"] == [
        "c: byte for byte the recorded trace",
        "py: byte for byte the recorded trace",
        "verdict: recorded FAIL, now FAIL",
    ]


def test_a_replay_with_the_sound_program_says_where_it_differs(bundle, capsys, c_binary):
    capsys.readouterr()
    assert report_cli.main(["replay", str(bundle), "--c-bin", str(c_binary)]) == 1
    said = capsys.readouterr().out
    assert "c: not byte for byte: differs at polar" in said
    assert "verdict: recorded FAIL, now PASS" in said


def test_an_edited_budget_is_named_by_a_replay(bundle, capsys):
    def slightly(data):
        for item in data["budget"][0]["taps"]:
            item["sensitivity"] *= 1.0 + 1e-6

    edit(bundle, slightly)
    assert verify_bundle(bundle).word is Word.PASS
    capsys.readouterr()
    assert report_cli.main(["replay", str(bundle), "--run-recorded"]) == 1
    assert "budget[0].taps[0].sensitivity: states" in capsys.readouterr().out


def test_summary_tells_divergence_and_unexplained_share(bundle):
    metrics = load_metrics(bundle)
    assert (metrics["kind"], metrics["first_divergence"], metrics["causal_taps"]) == (
        "trace",
        "polar",
        ["polar"],
    )
    outside, unexplained = metrics["figures"]
    assert (outside["state"], unexplained["state"]) == ("failed", "no bound")
    assert outside["measured"] >= 1
    assert abs(unexplained["measured"]) < 1e-6


def test_the_page_shows_the_budget_and_paints_the_cause(bundle, tmp_path):
    page = tmp_path / "x.html"
    assert report_cli.main(["html", str(bundle), "-o", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    slow, fast = PIXEL
    assert f"Error budget, pixel slow {slow} fast {fast}" in text
    assert '<tr class="residual"><td>residual</td>' in text
    assert re.search(r'<g class="tap causal" [^>]*data-tap="polar"', text)
