"""Forged bundles of every kind: each is found or refused, though its hash lists fit."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from harness.commands import nb_compare, trace_harness
from harness.commands import nb_gradients as gradients
from harness.commands import nb_report as report_cli
from harness.errors import BundleError
from harness.evidence.verify import verify_bundle
from harness.gates.plan import GatePlan
from harness.gates.run import run_gates
from harness.gates.table import GATES
from harness.images.compare import Region
from harness.programs.programs import program_at
from harness.store.find import find_bundles
from harness.store.names import HASHES, MARK
from system_io.verdict_words import Word
from tests.harness.forging import both, copied, data, raw, removed, reseal

ROOT = Path(__file__).resolve().parents[3]
FAKE = ROOT / "tests" / "fixtures" / "fake_program.py"
EXAMPLE = ROOT / "reports" / "example"
SMALL = (
    "-cell 100 100 100 90 90 90 -misset 10 20 30 -default_F 100 -lambda 1 -distance 100 -pixel 0.4 "
    "-detpixels 12 -N 3 -oversample 1"
)


def fake(folder, behaviour, *more):
    path = folder / behaviour.partition(":")[0]
    path.write_text(
        f'#!/bin/sh\n{"".join(more)}exec "{sys.executable}" "{FAKE}" {behaviour} "$@"\n', encoding="utf-8"
    )
    path.chmod(0o755)
    return str(path)


@pytest.fixture(scope="session")
def honest(tmp_path_factory, c_binary):
    """Pairs that FAIL, failed and were traced; a gate and its closing bundle; traced pixels; gradients."""
    folder = tmp_path_factory.mktemp("honest")
    programs = [fake(folder, "good:nanobragg-reference"), fake(folder, "scale:simulator")]
    crash = fake(folder, "refuse:simulator")
    words = ["--c-bin", programs[0], "--json", "--outdir"]
    line = ["--", "-lambda", "1"]
    assert nb_compare.main([*words, str(folder / "fail"), "--py-bin", programs[1], *line]) == 1
    assert nb_compare.main([*words, str(folder / "error"), "--py-bin", crash, *line]) == 3
    plan = GatePlan(
        *(program_at(path, "--c-bin") for path in programs), ("-lambda", "1"), ("nb-gates", "run"), "fakes",
        Region(5, 70, 5, 50), (), 60.0,
    )  # fmt: skip
    run_gates(plan, GATES[4:], folder / "reports")
    trace = ["--pixel", "5", "6", "--c-bin", str(c_binary), "--outdir", str(folder / "trace"), "--budget"]
    assert trace_harness.main([*trace, "--", *SMALL.split()]) == 0
    asked = ["--params", "default_F,polar", "--pixels", "4", "--c-bin", str(c_binary)]
    assert gradients.main([*asked, "--outdir", str(folder / "gradients"), "--", *SMALL.split()]) == 0
    found = {name: folder / name for name in ("fail", "error", "trace", "gradients")}
    found["traced"] = next(find_bundles(EXAMPLE))
    found["gate"] = next(find_bundles(folder / "reports" / "gates" / "VG-5"))
    found["closing"] = next(find_bundles(folder / "reports" / "gates" / "summary"))
    return found


def passing(content):
    content.update(verdict="PASS", exit_status=0, reasons=[])
    for row in content["criteria"]:
        row.update(measured=0.0, state="held", strict_held=True)


def side(name, **changes):
    return lambda content: content["runs"][name].update(changes)


def wide_bounds(content):
    passing(content)
    content["bounds"].update(max_diff_of_max=1.0, sum_ratio_max=2.0)


def narrow(content):
    content["asked_region"] = content["region"] = {"x_min": 0, "x_max": 1, "y_min": 0, "y_max": 1}


def lost_side(content):
    passing(content)
    content["runs"] = {}


def blank_failure(content):
    passing(content)
    content["runs"]["py"]["failure"] = ""


def failed_side(content):
    content.update(verdict="ERROR", exit_status=3, reasons=["x"], criteria=[], metrics=None, peaks=None)
    content["runs"]["py"].update(failure="x", image_sha256=None, shape_slow_fast=None, exit_status=9)


def equal_images(folder):
    shutil.copyfile(folder / "c_float.bin", folder / "py_float.bin")
    content = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    content["runs"]["py"]["image_sha256"] = content["runs"]["c"]["image_sha256"]
    passing(content)
    (folder / "summary.json").write_text(json.dumps(content), encoding="utf-8")


def without_rows(tap):
    return lambda text: b"\n".join(line for line in text.split(b"\n") if f" {tap} ".encode() not in line)


def wide_floor(folder):
    taps = {"F_cell": {"scaled": 1e9, "ulp": 1.0, "records": 1}}
    floor = {"format": "trace-tools-noise-floor", "version": 1, "k": 8.0, "provenance": {}, "taps": taps}
    (folder / "floor.json").write_text(json.dumps(floor), encoding="utf-8")


def linked(name, target):
    def edit(folder):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return edit


def moved_out(folder):
    outside = folder.with_name("outside.bin")
    (folder / "c_float.bin").rename(outside)
    (folder / "c_float.bin").symlink_to(outside)


def piped(folder):
    (folder / "c_stderr.txt").unlink()
    os.mkfifo(folder / "c_stderr.txt")


def row(number, **changes):
    return data("gradients.json", lambda content: content["parameters"][number].update(changes))


def doubled_row(content):
    content["parameters"].append(content["parameters"][0])
    content["agree"] += 1


def fewer_runs(content):
    del content["parameters"][0]["ends"][6:]


def swapped_shapes(content):
    for run in content["runs"].values():
        run["shape_slow_fast"].reverse()


def loud_noise(content):
    for end in content["parameters"][0]["ends"]:
        end[3] = end[5] = 1e3


def other_gate(content):
    content["settings"]["gate"] = "VG-3"


def held(content):
    content.update(verdict="PASS", exit_status=0, reasons=[])
    for figure in content["figures"]:
        figure.update(measured=0.0, state="held", published_held=True, note="")


def held_statement(content):
    held(content["gates"][0])
    content.update(verdict="PASS", exit_status=0, first_red_gate=None)


def loose_statement(content):
    for figure in content["gates"][0]["figures"]:
        figure["strict"] = 10.0


S, M, G, T = "summary.json", "metrics.json", "gradients.json", "traces.json"
FORGERIES = {
    # a pair that says FAIL
    "fail: passing": data(S, passing),
    "fail: runs emptied": data(S, lost_side),
    "fail: one side failed with a blank": data(S, blank_failure),
    "fail: one side failed, image kept": data(S, failed_side),
    "fail: one side failed, image removed": both(data(S, failed_side), removed("py_float.bin", "py.png")),
    "fail: second image made equal": equal_images,
    "fail: bounds widened under their name": data(S, wide_bounds),
    "fail: bounds of another name": data(S, lambda d: d["bounds"].update(name="mine")),
    "fail: strict bounds loosened": data(S, lambda d: d["strict_bounds"].update(max_diff_of_max=1.0)),
    "fail: published bounds, not asked for": data(S, lambda d: d["bounds"].update(
        name="published", correlation_min=0.9995, sum_ratio_min=0.99, sum_ratio_max=1.01,
        max_diff_of_max=None, mean_peak_distance_px=1.0)),
    "fail: region narrowed": data(S, narrow),
    "fail: exit status of the comparison": data(S, lambda d: d.update(exit_status=0)),
    "fail: exit status of a program": data(S, side("py", exit_status=1)),
    "fail: timed out": data(S, side("py", timed_out=True)),
    "fail: signal": data(S, side("py", signal="SIGKILL")),
    "fail: shape swapped": data(S, swapped_shapes),
    "fail: shape of no pixel": data(S, side("c", shape_slow_fast=[0, 4800])),
    "fail: shape too large for memory": data(S, side("c", shape_slow_fast=[1 << 40, 1 << 20])),
    "fail: negative shape": data(S, side("c", shape_slow_fast=[-60, -80])),
    "fail: shape of three": data(S, side("c", shape_slow_fast=[60, 80, 1])),
    "fail: resampled": data(S, lambda d: d.update(resampled=True)),
    "fail: parity mode": data(S, lambda d: d.update(parity_mode="spec")),
    "fail: unknown parity mode": data(S, lambda d: d.update(parity_mode="mine")),
    "fail: number type": data(S, lambda d: d["settings"].update(dtype="float32")),
    "fail: command line": data(S, lambda d: d.update(arguments=["-lambda", "2"])),
    "fail: command of a program": data(S, lambda d: d["runs"]["c"]["command"].append("-nopgm")),
    "fail: title of a program": data(S, side("c", title="another program")),
    "fail: kind of a program": data(S, lambda d: d["runs"]["c"]["provenance"].update(kind="external")),
    "fail: hash of a program": data(S, lambda d: d["runs"]["c"]["provenance"].update(binary_sha256="0" * 64)),
    "fail: inputs added": data(
        S, lambda d: d.update(inputs=[{"path": "/x", "sha256": "0" * 64, "bytes": 1}])),
    "fail: notes": data(S, lambda d: d.update(notes=["checked by hand"])),
    "fail: a third side": data(S, lambda d: d["runs"].update(third=d["runs"]["c"])),
    "fail: commands": raw("commands.txt", lambda text: text.replace(b"-lambda 1", b"-lambda 2", 1)),
    "fail: a command added": raw("commands.txt", lambda text: text + b"rm -rf x\n"),
    "fail: environment of other programs": data("env.json", lambda d: d.update(programs={})),
    "fail: date": data("env.json", lambda d: d.update(created="yesterday")),
    "fail: standard output removed": removed("py_stdout.txt"),
    "fail: commands removed": removed("commands.txt"),
    "fail: environment removed": removed("env.json"),
    "fail: picture removed": removed("diff.png"),
    "fail: picture of no difference": copied("c.png", "diff.png"),
    "fail: trace added": copied("c_stderr.txt", "c_trace.log"),
    "fail: link out of the bundle": moved_out,
    "fail: link to a device": linked("c_stderr.txt", "/dev/zero"),
    "fail: pipe": piped,
    "fail: folder added": lambda folder: shutil.copytree(folder, folder / "inner"),
    "fail: hidden file": copied("c.png", ".hidden"),
    # texts that are no strict JSON
    "fail: key twice": raw(S, lambda text: text.replace(b'"verdict"', b'"verdict": "PASS", "verdict"', 1)),
    "fail: NaN": raw(S, lambda text: text.replace(b'"wall_s": ', b'"wall_s": NaN, "x": ', 1)),
    "fail: endless number": raw(S, lambda text: text.replace(b'"wall_s": ', b'"wall_s": 1e999, "x": ', 1)),
    "fail: huge whole number": raw(
        S, lambda text: text.replace(b'"schema": 2', b'"schema": ' + b"9" * 5000, 1)),
    "fail: deep nesting": raw(S, lambda _: b"[" * 200_000),
    "fail: deep nesting, closed": raw(S, lambda _: b"[" * 500 + b"]" * 500),
    "fail: not UTF-8": raw(S, lambda text: text.replace(b"c-parity", b"c-\xffparity", 1)),
    "fail: no object": raw(S, lambda _: b"[]"),
    "fail: lone surrogate": raw(S, lambda text: text.replace(b'"c-parity"', b'"\\ud800"', 1)),
    "fail: keys missing": data(S, lambda d: d.pop("runs")),
    "fail: wrong types": data(S, lambda d: d.update(inputs=7, runs=[])),
    "fail: truth for a number": data(S, lambda d: d.update(exit_status=True)),
    "fail: unknown verdict": data(S, lambda d: d.update(verdict="GREEN")),
    # a pair whose second program failed
    "error: passing": data(S, lambda d: d.update(verdict="PASS", exit_status=0, reasons=[])),
    "error: failure in other words": data(S, side("py", failure="nothing to worry about")),
    "error: program ended well": data(S, side("py", exit_status=0, failure=None)),
    "error: last words of the program": raw("py_stderr.txt", lambda _: b"all is well\n"),
    # a traced pair that says PASS
    "traced: traces removed": both(
        removed("c_trace.log", "py_trace.log"), data(S, lambda d: d.update(traces=None))),
    "traced: one trace removed": removed("py_trace.log"),
    "traced: traces made equal": copied("c_trace.log", "py_trace.log"),
    "traced: trace cut off": raw("py_trace.log", lambda text: text[: len(text) // 2]),
    "traced: first divergence": data(S, lambda d: d["traces"].update(first_divergence="F_cell")),
    "traced: counts of no numbers": data(S, lambda d: d["traces"].update(causal_by_tap=7)),
    "traced: hash of an input": data(S, lambda d: d["inputs"][0].update(path="/elsewhere/A.mat")),
    "traced: reads another matrix": data(S, lambda d: d["arguments"].__setitem__(1, "/elsewhere/A.mat")),
    # a gate that says FAIL
    "gate: passing": data(M, held),
    "gate: another gate": data(M, other_gate),
    "gate: no gate": data(M, lambda d: d.update(settings={})),
    "gate: part dropped": both(data(M, lambda d: d.update(parts=["c-parity"])), removed("spec")),
    "gate: all parts dropped": both(data(M, lambda d: d.update(parts=[])), removed("spec", "c-parity")),
    "gate: part twice": data(M, lambda d: d.update(parts=["c-parity", "c-parity"])),
    "gate: part in place of the other": lambda folder: [
        shutil.rmtree(folder / "spec"), shutil.copytree(folder / "c-parity", folder / "spec")],
    "gate: part outside": data(M, lambda d: d.update(parts=["../c-parity", "spec"])),
    "gate: part with a whole path": data(M, lambda d: d.update(parts=["/etc", "spec"])),
    "gate: part with NUL": data(M, lambda d: d.update(parts=["a\0b", "spec"])),
    "gate: another kind": data(M, lambda d: d.update(kind="mine", parts=[])),
    "gate: kind without figures": data(M, lambda d: d.update(kind="pair")),
    "gate: region": data(M, lambda d: d["settings"].update(roi=[5, 6, 5, 6])),
    "gate: brightest elsewhere": data(M, lambda d: d["settings"].update(bright=[0, 1, 0, 1])),
    "gate: notes": data(M, lambda d: d.update(notes=[])),
    "gate: bound": data(M, lambda d: d["figures"][1].update(strict=1.0)),
    "gate: date": data(M, lambda d: d.update(created="20200101T000000Z")),
    "gate: commit": data(M, lambda d: d.update(commit="0" * 40)),
    "gate: command": data(M, lambda d: d.update(command=["nb-gates", "run", "--data", "x"])),
    "gate: pair judged loosely": data(f"spec/{S}", lambda d: d["bounds"].update(name="published")),
    "gate: command lines differ": data(f"spec/{S}", lambda d: d.update(arguments=["-lambda", "3"])),
    # the closing statement of the gates
    "closing: passing": both(data("gates.json", held_statement), data(M, held)),
    "closing: bounds": data("gates.json", loose_statement),
    "closing: no gate": data("gates.json", lambda d: d.update(gates=[])),
    "closing: gate twice": data("gates.json", lambda d: d["gates"].append(d["gates"][0])),
    "closing: figures dropped": data("gates.json", lambda d: d["gates"][0].update(figures=[])),
    "closing: page": raw("gates.md", lambda text: text.replace(b"FAIL", b"PASS")),
    "closing: points elsewhere": data("gates.json", lambda d: d["gates"][0].update(bundle="../../x")),
    # traced pixels
    "trace: another tap for the cause": data(T, lambda d: d.update(causal_by_tap={"F_cell": 3})),
    "trace: failing": data(T, lambda d: d.update(verdict="FAIL", exit_status=1)),
    "trace: tolerance": data(T, lambda d: d["settings"].update(rtol=1.0)),
    "trace: floor widened": wide_floor,
    "trace: graph added": lambda folder: (folder / "graph.json").write_text('{"taps": []}', encoding="utf-8"),
    "trace: value in both logs": both(
        raw("c_trace.log", without_rows("F_cell")), raw("py_trace.log", without_rows("F_cell"))),
    "trace: traces made equal": copied("c_trace.log", "py_trace.log"),
    "trace: trace cut off": raw("py_trace.log", lambda text: text[: len(text) // 2]),
    "trace: trace removed": removed("py_trace.log"),
    "trace: other pixels": data(T, lambda d: d["settings"].update(pixels=[[1, 1]])),
    "trace: block of all pixels": data(T, lambda d: d["settings"].update(roi=[0, 1 << 30, 0, 1 << 30])),
    "trace: observer check left out": data(T, lambda d: d["settings"].update(observer_check=False)),
    "trace: observer check of more": data(T, lambda d: d["observer_check"].update(
        c="9 traced pixels equal an untraced run bit for bit")),
    "trace: page": raw("diff.md", lambda text: text.replace(b"PASS", b"FAIL")),
    "trace: commands": raw("commands.txt", lambda text: text.replace(b"5 6", b"6 5", 1)),
    "trace: run failed": data(T, side("c", failure="x")),
    "trace: budget": data(T, lambda d: d["budget"][0].update(remark="all explained")),
    "trace: isolated": data(T, lambda d: d["isolated"][0].update(bound=1.0)),
    "trace: other figures beside them": lambda folder: (folder / M).write_text("{}", encoding="utf-8"),
    "trace: figures added": data(T, lambda d: d.update(approved=True)),
    # gradients
    "gradients: passing": row(0, verdict="NOT COMPARABLE", reason="because"),
    "gradients: row dropped": data(G, lambda d: [d["parameters"].pop(), d.update(agree=1)]),
    "gradients: row twice": data(G, doubled_row),
    "gradients: runs dropped": data(G, fewer_runs),
    "gradients: runs elsewhere": data(G, lambda d: d["parameters"][0]["ends"][0].__setitem__(0, 500.0)),
    "gradients: rounding": data(G, loud_noise),
    "gradients: weights": data(G, lambda d: d["objective"].update(weights=[0.0] * 4)),
    "gradients: value": row(0, value=1.0),
    "gradients: asked for less": data(G, lambda d: d.update(asked=["polar"])),
    "gradients: command": data(G, lambda d: d["command"].append("-nopgm")),
    "gradients: command line": data(G, lambda d: d["arguments"].__setitem__(1, "90")),
    "gradients: region": data(G, lambda d: d["objective"].update(roi_fast_min_max_slow_min_max=[0, 1, 0, 1])),
    "gradients: other programs": data("env.json", lambda d: d.update(programs={})),
    "gradients: bent numbers": data(G, lambda d: d.update(objective_first=[1, 2, 3])),
}  # fmt: skip
PICTURES = {"fail: picture of no difference"}
HASHES_AS_THEY_WERE = {
    "list removed": removed(HASHES),
    "list emptied": raw(HASHES, lambda _: b""),
    "line twice": raw(HASHES, lambda text: text.split(b"\n")[0] + b"\n" + text),
    "line ends of another system": raw(HASHES, lambda text: text.replace(b"\n", b"\r\n")),
    "line left out": raw(HASHES, lambda text: text.split(b"\n", 1)[1]),
    "file outside": raw(HASHES, lambda text: text + b"0" * 64 + b"  ../x\n"),
    "not text": raw(HASHES, lambda _: b"\xff\xfe\0"),
    "seal removed": raw(HASHES, lambda text: text.rpartition(b"# ")[0] or text[:-1]),
    "list is a link": linked(HASHES, "/dev/null"),
    "file added": copied("env.json", "extra.json"),
    "marked": lambda folder: (folder / MARK).write_text("[" * 100_000, encoding="ascii"),
}


def found(folder, **how):
    """Tell whether a verification finds or refuses a bundle; whatever else it raises is a fault of ours."""
    try:
        check = verify_bundle(folder, **how)
    except BundleError:
        return True
    return check.word is not Word.PASS and bool(check.faults)


@pytest.mark.parametrize("kind", ["fail", "error", "traced", "gate", "closing", "trace", "gradients"])
def test_an_untouched_bundle_verifies_and_so_does_its_copy(honest, kind, tmp_path):
    for folder in (honest[kind], shutil.copytree(honest[kind], tmp_path / "copy")):
        check = verify_bundle(folder, pictures=kind in ("fail", "error"))
        assert (check.word, check.faults) == (Word.PASS, ())
    reseal(folder)
    assert verify_bundle(folder).word is Word.PASS


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_whose_hashes_fit_is_found(honest, name, tmp_path):
    folder = shutil.copytree(honest[name.partition(":")[0]], tmp_path / "forged")
    FORGERIES[name](folder)
    reseal(folder)
    assert found(folder, pictures=name in PICTURES)


@pytest.mark.parametrize("kind", ["fail", "gate", "trace"])
@pytest.mark.parametrize("name", HASHES_AS_THEY_WERE)
def test_a_hash_list_that_does_not_fit_is_found(honest, name, kind, tmp_path):
    folder = shutil.copytree(honest[kind], tmp_path / "forged")
    HASHES_AS_THEY_WERE[name](folder)
    assert found(folder)
    assert report_cli.main(["summary", str(folder)]) in (1, 2)
