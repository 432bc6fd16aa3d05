"""nanoBragg's own pair as a description: run, judged, traced where it fails, verified and replayed."""

import json
import shutil

import pytest

from golden_suite_generator.cases import PARITY_FILE, authoritative_args
from harness.commands.nb_compare import main as compare
from harness.commands.nb_report import main as report
from harness.commands.own.nb_parity import main as parity
from harness.commands.own.pair import main as pair
from harness.described.read_description import read_description
from harness.evidence.sarif.tap_places import own_place
from harness.files import sha256_lines
from harness.store.bundle import files_below, sealed

WORDS = "-cell 70 80 90 90 90 90 -default_F 100 -N 5 -lambda 1 -distance 100 -detpixels 16"
PAIR = f"""schema = 1
arguments = "{WORDS}"
[first]
nanobragg = "FIRST"
[second]
nanobragg = "simulator"
[case.c]
parity_mode = "c-parity"
[case.s]
parity_mode = "spec"
[output.image]
metrics = "diffraction-image"
[trace.worst]
pixel = "worst"
"""


def described(folder, first="reference", text=PAIR):
    path = folder / "parity.toml"
    path.write_text(text.replace("FIRST", str(first)))
    return path


def faulty(folder, binary, *words):
    """Write a C program that shines brighter than it is told."""
    path = folder / "bright"
    path.write_text(f'#!/bin/sh\nexec {binary} "$@" {" ".join(words)}\n')
    path.chmod(0o755)
    return path


def run(path, *words, command=pair):
    """Return exit status and bundle of a run."""
    reports = path.parent / "reports"
    told = ["run"] if command is pair else []
    status = command([*told, "--file", str(path), "--reports", str(reports), "-q", *words])
    found = sorted(reports.rglob("metrics.json"))
    return status, found[-1].parent if found else None


@pytest.fixture(scope="module")
def passed(tmp_path_factory):
    """The bundle of nb-parity, which is `nbp pair run` by another name."""
    return run(described(tmp_path_factory.mktemp("passed")), "s", command=parity)


@pytest.fixture(scope="module")
def failed(tmp_path_factory, c_binary):
    folder = tmp_path_factory.mktemp("failed")
    first = faulty(folder, c_binary, "-fluence", "1.3e29")
    return run(described(folder, first), "s")


def metrics(bundle):
    return json.loads((bundle / "metrics.json").read_text())


def test_the_shipped_description_is_the_main_job(tmp_path):
    found = read_description(PARITY_FILE)
    assert [(case.name, case.parity_mode) for case in found.cases] == [
        ("c-parity", "c-parity"), ("spec", "spec"),
    ]  # fmt: skip
    words = [word.replace("{crystal}", str(tmp_path)) for word in found.cases[0].arguments]
    assert words == authoritative_args(tmp_path)
    assert {side: one.nanobragg for side, one in found.programs.items()} == {
        "first": "reference", "second": "simulator",
    }  # fmt: skip


def test_the_pair_passes_with_the_figures_of_nb_compare(passed, tmp_path):
    status, bundle = passed
    assert status == 0
    target = tmp_path / "alone"
    assert compare(["-q", "--parity-mode", "spec", "--outdir", str(target), "--", *WORDS.split()]) == 0
    alone, inside = (json.loads((one / "summary.json").read_text()) for one in (target, bundle / "s"))
    for key in ("verdict", "reasons", "criteria", "metrics", "reflections", "peaks", "coverage", "bounds"):
        assert inside[key] == alone[key], key
    assert [row["name"] for row in metrics(bundle)["figures"]] == [
        f"image: {row['name']}" for row in alone["criteria"]
    ]


def test_its_bundle_verifies_replays_and_shows_the_images(passed, tmp_path):
    bundle = str(passed[1])
    assert report(["verify", bundle]) == 0
    assert report(["replay", bundle]) == 0  # our own programs need no --run-recorded
    page = tmp_path / "page.html"
    assert report(["html", bundle, "--part", "s", "-o", str(page)]) == 0
    assert "pixels outside" in page.read_text()


def test_a_failing_image_is_traced_to_its_cause(failed):
    status, bundle = failed
    assert status == 1
    found = metrics(bundle)
    assert found["verdict"] == "FAIL"
    assert found["first_divergence"] is not None
    assert found["causal_taps"] == ["fluence_photons_per_m2"]
    assert (bundle / "s" / "first_trace_worst.log").read_bytes()
    assert report(["verify", str(bundle)]) == 0


def test_code_scanning_shows_the_lines_of_the_first_tap(failed, tmp_path):
    target = tmp_path / "x.sarif"
    assert report(["summary", str(failed[1]), "--sarif", str(target)]) == 1
    results = json.loads(target.read_text())["runs"][0]["results"]
    places = {
        place["physicalLocation"]["artifactLocation"]["uri"]
        for result in results
        for place in result.get("locations", ())
    }
    assert own_place("fluence_photons_per_m2", "simulator").uri in places


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


FORGED = {
    "the verdict of the image": lambda folder: edit(
        folder / "s/case.json", '"word": "FAIL"', '"word": "PASS"'
    ),
    "the log of the worst pixel": lambda folder: (folder / "s/first_trace_worst.log").write_bytes(
        (folder / "s/second_trace_worst.log").read_bytes()
    ),
    "no log of the worst pixel": lambda folder: (folder / "s/first_trace_worst.log").unlink(),
    "a pixel": lambda folder: (folder / "s/c_float.bin").write_bytes(
        (folder / "s/py_float.bin").read_bytes()
    ),
}


@pytest.mark.parametrize("way", FORGED)
def test_a_forged_bundle_does_not_verify(way, failed, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(failed[1], folder)
    FORGED[way](folder)
    (folder / "sha256.txt").write_text(sealed(sha256_lines(folder, files_below(folder))))
    assert report(["verify", str(folder)]) == 1


def test_data_without_a_crystal_are_refused(tmp_path, capsys):
    assert run(described(tmp_path), "--data", str(tmp_path), command=parity)[0] == 3
    assert "A.mat" in capsys.readouterr().err
    assert run(described(tmp_path), "--set", "crystal=x")[0] == 3
    assert "has no value of this name" in capsys.readouterr().err


def test_one_program_on_both_sides_is_not_comparable(tmp_path, c_binary):
    text = PAIR.replace('nanobragg = "simulator"', f'nanobragg = "{c_binary}"')
    status, bundle = run(described(tmp_path, c_binary, text), "s")
    assert (status, metrics(bundle)["verdict"]) == (2, "NOT COMPARABLE")
    assert report(["verify", str(bundle)]) == 0


def test_a_program_that_fails_is_an_error_of_its_case(tmp_path, c_binary):
    status, bundle = run(described(tmp_path, faulty(tmp_path, c_binary, "-lambda", "-1")), "s")
    assert status == 3
    assert "exit status" in metrics(bundle)["reasons"][0]
    assert report(["verify", str(bundle)]) == 0


def test_options_of_nb_compare_judge_the_image(tmp_path, c_binary):
    first = faulty(tmp_path, c_binary, "-pixel", "0.1000001")
    text = PAIR.replace("metrics =", 'options = "--published-bounds"\nmetrics =')
    status, bundle = run(described(tmp_path, first, text), "s")
    assert (status, metrics(bundle)["verdict"]) == (0, "PASS (LOOSENED)")


def test_bounds_and_graph_are_not_measured_anew(tmp_path, capsys):
    for action in ("floor", "draft-graph"):
        assert pair([action, "--file", str(described(tmp_path))]) == 3
        assert "nbp floor" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('nanobragg = "simulator"', 'run = "true"', "give it for both"),
        ('nanobragg = "simulator"', 'nanobragg = "reference"', "exchange the sides"),
        ('nanobragg = "simulator"', 'nanobragg = "simulator"\nrun = "x"', "beside 'nanobragg'"),
        ('nanobragg = "simulator"', 'nanobragg = "./none"', "no such file"),
        ('parity_mode = "spec"', 'parity_mode = "specs"', "it is one of c-parity, spec"),
        ('parity_mode = "spec"', 'files = ["x"]', "where they are"),
        ('"diffraction-image"', '"elements"', "it is one of diffraction-image"),
        ('"diffraction-image"', '"diffraction-image"\nbound = { rel = 1 }', "bounds of its own"),
        ('"diffraction-image"', '"diffraction-image"\nfile = "x.img"', "is no key of this table"),
        ('"diffraction-image"', '"diffraction-image"\noptions = "--outdir x"', "--outdir cannot stand here"),
        ('"diffraction-image"', '"diffraction-image"\noptions = "--bogus"', "unrecognized"),
        ('pixel = "worst"', 'pixel = "best"', "it is 'worst'"),
        ('pixel = "worst"', 'pixel = "worst"\nfile = "x"', "is no key"),
        ("[output.image]", "[variant.a]\nvalues = { n = 1 }\n[output.image]", "programs with 'run'"),
        ("[output.image]", "[output.more]\n[output.image]", "needs one output"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(old, new, named, tmp_path, capsys):
    assert run(described(tmp_path, text=PAIR.replace(old, new)), "s")[0] == 3
    assert named in capsys.readouterr().err
    assert not (tmp_path / "reports").exists()
