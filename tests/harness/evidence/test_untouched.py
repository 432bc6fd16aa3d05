"""A bundle that nobody touched verifies, whatever became of its comparison."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.commands import nb_compare, trace_harness
from harness.evidence.verify import verify_bundle
from harness.files import sha256_of_file

PAIRS = (
    ("good", "good", []), ("good", "slight", ["--published-bounds"]), ("good", "crash", []),
    ("good", "gradient", ["--threshold", "0.5"]), ("crash", "good", []), ("good", "refuse", []),
    ("good", "silent", []), ("good", "short", []), ("headless", "good", []), ("good", "zero", []),
    ("zero", "zero", []), ("nan", "nan", []), ("good", "infinite", []), ("good", "transposed", []),
    ("good", "hang", ["--timeout", "1"]), ("good", "transposed", ["--resample"]),
    ("good", "shift", ["--roi", "30", "70", "20", "55"]),
    ("good", "spotless", ["--roi", "900", "901", "0", "1"]),
)  # fmt: skip
ARGUMENTS = (
    "-lambda 1",
    "-trace_pixel 6 6 -lambda 1",
    "-dump in.bin -mat A.mat -floatfile x",
    "-mat none -detpixels 60",
)


def left_as_made(folder):
    """Verify a bundle, with its pictures, where it is and after a move."""
    assert verify_bundle(folder, pictures=True).faults == ()
    moved = Path(shutil.move(folder, folder.with_name("moved\n[x]")))
    assert verify_bundle(moved).faults == ()


@pytest.mark.parametrize(("first", "second", "options"), PAIRS)
def test_a_pair_verifies_whatever_its_verdict(nb_compare, first, second, options):
    nb_compare(first, second, *options)
    left_as_made(Path("out"))


@pytest.mark.parametrize("args", ARGUMENTS)
@pytest.mark.parametrize("second", ["good", "refuse"])
def test_a_pair_verifies_whatever_its_command_line(nb_compare, args, second):
    Path("in.bin").write_bytes(b"dump")
    Path("A.mat").write_text("1 0 0 0 1 0 0 0 1", encoding="ascii")
    nb_compare("good", second, args=args.split())
    left_as_made(Path("out"))


def test_traces_that_failed_name_no_temporary_file(tmp_path, c_binary):
    words = (
        "-cell 79 79 38 90 90 90 -default_F 10 -N 3 -lambda 1 -distance 100 -detpixels 16 -trace_pixel 6 6"
    )
    call = ["--c-bin", str(c_binary), "--py-bin", shutil.which("false"), "--no-match-quirks"]
    call += ["--outdir", str(tmp_path / "out")]
    assert nb_compare.main([*call, "--json", "--", *words.split()]) == 3
    assert (
        str(tmp_path) not in (tmp_path / "out" / "summary.json").read_text("utf-8").partition('"traces"')[2]
    )
    left_as_made(tmp_path / "out")


TRACES = (
    ["--pixel", "5", "6"], ["--roi", "4", "5", "6", "7", "--rtol", "0.5"],
    ["--emit-rot-stars", "--pixel", "5", "6"],
    ["--pixel", "5", "6", "--no-observer-check", "--level", "pixel"],
    ["--pixel", "5", "6", "--phi-mode", "spec"],
    ["--pixel", "5", "6", "--dtype", "float32", "--budget"], ["--pixel", "5", "6", "--floor", "broken.json"],
)  # fmt: skip


@pytest.mark.parametrize("options", TRACES)
def test_traced_pixels_verify_whatever_was_asked(tmp_path, monkeypatch, c_binary, options):
    monkeypatch.chdir(tmp_path)
    Path("broken.json").write_text("{", encoding="ascii")
    words = (
        "-cell 100 100 100 90 90 90 -misset 10 20 30 -default_F 100 -lambda 1 -distance 100 -pixel 0.4 "
        "-detpixels 12 -N 3 -oversample 1"
    )
    trace_harness.main(["--c-bin", str(c_binary), "--outdir", "out", *options, "--", *words.split()])
    assert str(tmp_path / ".out") not in Path("out/traces.json").read_text("utf-8")
    left_as_made(tmp_path / "out")


def test_a_bundle_is_not_changed_by_its_verification(nb_compare):
    nb_compare("good", "scale")
    before = {path.name: sha256_of_file(path) for path in Path("out").iterdir()}
    verify_bundle(Path("out"), pictures=True)
    assert {path.name: sha256_of_file(path) for path in Path("out").iterdir()} == before
